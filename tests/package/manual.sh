#!/usr/bin/env bash
# manual.sh PROGRAM: the man page names every command and option that the program knows, and no
# option that it does not know.
set -euo pipefail
program=$1
page=$(sed 's/\\f.//g; s/\\//g' "$TANDEM_TEST_SOURCES/../man/tandem.1")
commands=$("$program" help | sed -nE 's/^  tandem ([a-z]+) .*/\1/p' | grep -vx help)
known=$(for command in $commands; do "$program" help "$command"; done |
  grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u)
named=$(grep -oE -- '--[a-z-]+' <<<"$page" | sort -u | grep -vx -- --version)
for command in $commands; do
  grep -q "^.B $command\$" <<<"$page" || { echo "the man page lacks the command $command"; exit 1; }
done
diff <(printf '%s\n' "$known") <(printf '%s\n' "$named") ||
  { echo 'lines with < are missing in the man page, lines with > are unknown to the program'; exit 1; }
printf '%d options\n' "$(wc -l <<<"$known")"
