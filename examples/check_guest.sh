#!/usr/bin/env bash
# check_guest.sh PROGRAM MODE...: the program runs in each of the modes (auto, on, off) without a
# message of the validation layers that the environment names, and draws the same picture in each,
set -euo pipefail
program=$1
shift
[[ $program != missing:* ]] || { echo "skipped, $program"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
export VK_KHRONOS_VALIDATION_VALIDATE_SYNC=true

run() {
    local -a command=("$program" "$folder/$1.ppm" "$1")
    if [[ $program == *guest_sdl ]]; then
        command -v xvfb-run >/dev/null || { echo "skipped: xvfb-run is not installed"; exit 77; }
        command=(xvfb-run -a -s "-screen 0 800x600x24" "$program" 30 "$1")
    fi
    local status=0
    "${command[@]}" >"$folder/$1.log" 2>&1 || status=$?
    if ((status)) && grep -q "there is no device\|VkResult -9" "$folder/$1.log" &&
        [[ -z ${TANDEM_REQUIRE_DEVICE:-} ]]; then
        echo "skipped: no Vulkan device"
        exit 77
    fi
    cat "$folder/$1.log"
    ((status == 0)) || { echo "$program $1 ended with $status"; exit 1; }
    ! grep -E "VUID-|SYNC-|UNASSIGNED-|Validation (Error|Warning)|tandem_(split|hazards)" \
        "$folder/$1.log" || { echo "$program $1 has validation messages"; exit 1; }
    grep -q "frames, compute" "$folder/$1.log"
    [[ $1 != on ]] || grep -q "compute on its own queue" "$folder/$1.log"
    [[ $1 != off ]] || grep -q "compute among the graphics work" "$folder/$1.log"
}

for mode; do
    run "$mode"
    [[ $program == *guest_sdl ]] || cmp "$folder/$1.ppm" "$folder/$mode.ppm"
done
[[ $program == *guest_sdl ]] || python3 - "$folder/$1.ppm" <<'EOF'
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
