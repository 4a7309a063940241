"""Doxygen filter for include/tandem/result.h: writes the table of codes out, each with its text."""

import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    source = file.read()
table = re.findall(r'X\((\w+), (-?\d+),\s*"([^"]*)"\)', source)
values = "\n".join(f"    TD_{name} = {value}, /**< {text}. */" for name, value, text in table)
print(re.sub(r"#define TD_RESULT_ENUM.*?#undef TD_RESULT_ENUM", lambda _: values, source, flags=re.DOTALL))
