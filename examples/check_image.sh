#!/usr/bin/env bash
# check_image.sh PROGRAM: the program writes a picture of the size that it says, and something is on it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/image.ppm"
python3 - "$folder/image.ppm" <<'EOF'
import sys

with open(sys.argv[1], "rb") as file:
    assert file.readline() == b"P6\n"
    width, height = map(int, file.readline().split())
    assert file.readline() == b"255\n"
    pixels = file.read()
assert len(pixels) == width * height * 3, len(pixels)
colours = {pixels[i : i + 3] for i in range(0, len(pixels), 3)}
assert len(colours) > 100, f"only {len(colours)} colours"
EOF
