#!/usr/bin/env bash
# install.sh BUILD_DIR VERSION COMPILER...: what is installed can be found through pkg-config, built
# against, and run; the library's SONAME says 0.
set -euo pipefail
build=$1 version=$2
shift 2
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
DESTDIR=$stage meson install -C "$build" --no-rebuild --quiet

pc=$(find "$stage" -name tandem.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$stage
[[ $(pkg-config --modversion tandem) == "$version" ]]

cat >"$stage/user.c" <<'EOF'
#include <stdio.h>
#include <tandem/api.h>
int main(void)
{
    return puts(td_version()) < 0;
}
EOF
read -ra flags <<<"$(pkg-config --cflags --libs tandem)"
"$@" -o "$stage/user" "$stage/user.c" "${flags[@]}"
library=$(find "$stage" -name libtandem.so.0)
readelf -d "$library" | grep -q 'SONAME.*\[libtandem\.so\.0\]'
[[ $(LD_LIBRARY_PATH=${library%/*} "$stage/user") == "$version" ]]
find "$stage" -name tandem.1 | grep -q .
echo "installed, found, built against and run"
