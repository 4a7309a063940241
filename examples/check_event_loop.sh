#!/usr/bin/env bash
# check_event_loop.sh LOOP PROGRAM REFERENCE: the program gets all its views while its timer ticks,
# and they are the same that the reference gets with another loop.
set -euo pipefail
[[ $2 != missing:* ]] || { echo "skipped, $2"; exit 77; }

# run PROGRAM: what it says.
run() {
    local status=0 said
    said=$("$1" 2>&1) || status=$?
    if ((status)) && [[ $said == device:* && -z ${TANDEM_REQUIRE_DEVICE:-} ]]; then
        echo "skipped: no Vulkan device" >&2
        exit 77
    fi
    echo "$said"
    return "$status"
}

said=$(run "$2")
echo "$said"
[[ $said =~ ^$1:\ 24\ views\ in\ ([0-9]+)\ ticks,\ sum\ ([0-9a-f]{16})$ ]]
sum=${BASH_REMATCH[2]}
((BASH_REMATCH[1] >= 24))
[[ $sum != 0000000000000000 ]]
[[ $(run "$3") == *"sum $sum" ]]
