#!/bin/sh
# Instructions a frame, counted by callgrind: the difference of a run of 3,000 frames and one of
# 1,000, by 2,000. $1: the program. Fails if passthrough adds more than 2,000 a frame.
set -eu

command -v valgrind >/dev/null || exit 77

count() {
  out=$(mktemp)
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" "$3" 2>"$out" >/dev/null
  sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$out"
  rm -f "$out"
}

plain=0
for way in plain passthrough plain-two-queues asynchronous; do
  few=$(count "$1" "$way" 1000)
  many=$(count "$1" "$way" 3000)
  frame=$(((many - few) / 2000))
  echo "$way: $frame instructions a frame"
  [ "$way" != plain ] || plain=$frame
  if [ "$way" = passthrough ] && [ $((frame - plain)) -gt 2000 ]; then
    echo "passthrough adds $((frame - plain)) instructions a frame, more than 2000" >&2
    exit 1
  fi
done
