#!/usr/bin/env bash
# headers.sh LANGUAGE STANDARD COMPILER...: every public header compiles alone, and twice.
set -euo pipefail
language=$1 standard=$2
shift 2
include=$TANDEM_TEST_SOURCES/../include
cd "$include"
count=0
for header in tandem/*.h; do
  printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
    "$@" -x "$language" -std="$standard" -I "$include" -Wall -Wextra -Wpedantic -Werror \
      -fsyntax-only -
  count=$((count + 1))
done
[[ $count -gt 0 ]]
printf '%d headers\n' "$count"
