#!/usr/bin/env bash
# symbols.sh LIBRARY: the shared library exports what the headers declare with TD_API, under
# TANDEM_0.1, and nothing else.
set -euo pipefail
headers=$TANDEM_TEST_SOURCES/../include/tandem
declared=$(sed -E 's|/\*.*\*/||' "$headers"/*.h | tr '\n' ' ' | grep -oE 'TD_API [^(;]*\(' |
  grep -oE 'td_[a-z0-9_]+ ?\($' | tr -d ' (' | sort -u)
exported=$(nm -D --defined-only "$1" | sed -nE 's/.* [TDBR] (.*)/\1/p' | sort -u)
expected=$(printf '%s\n' "$declared" | sed 's/$/@@TANDEM_0.1/' && echo 'TANDEM_0.1')
# The version itself is an absolute symbol; nm lists it with letter A, which is left out above.
if ! diff <(printf '%s\n' "$expected" | grep @@ | sort) <(printf '%s\n' "$exported"); then
  echo 'lines with < are declared and not exported, lines with > are exported and not declared'
  exit 1
fi
printf '%d symbols\n' "$(wc -l <<<"$declared")"
