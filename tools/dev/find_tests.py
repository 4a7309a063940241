"""find_tests.py BUILD_DIR [NAME]: the names of the tests of a group, of one test, or of all.

NAME is a group (unit, gpu, cli, ...) or else a test's own name. Exits 1, naming what there is, when
it is neither.
"""

import json
import os
import sys


def main():
    with open(os.path.join(sys.argv[1], "meson-info", "intro-tests.json"), encoding="utf-8") as file:
        tests = json.load(file)
    groups = {}
    for test in tests:
        for suite in test["suite"]:
            groups.setdefault(suite.split(":")[-1], []).append(test["name"])
    names = [test["name"] for test in tests]
    if len(sys.argv) > 2:
        wanted = sys.argv[2]
        names = groups.get(wanted) or [name for name in names if name == wanted]
        if not names:
            there = "; ".join(f"{group}: {', '.join(sorted(names))}" for group, names in groups.items())
            sys.exit(f"dev: no group and no test is called '{wanted}'. There are {there}")
    print("\n".join(names))


main()
