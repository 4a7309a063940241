# shellcheck shell=bash
# Build folders: build/ is the one that people use, build-NAME/ the variants.

# configure DIR OPTION...: sets a build folder up, or brings an existing one to these options.
configure()
{
  local dir=$1
  shift
  if [[ ! -f $dir/build.ninja ]]; then
    meson setup "$dir" "$@"
  elif [[ $# -gt 0 ]]; then
    meson configure "$dir" "$@"
  fi
}

build_plain()
{
  configure build
  meson compile -C build
}

# build_clang: the same code under the other compiler; warnings are errors in both.
build_clang()
{
  need_packages clang
  CC=clang CXX=clang++ configure build-clang
  meson compile -C build-clang
}

# build_sanitized DIR LIST: by clang, so that both compilers see the code; warnings are errors in
# both. Shared modules find the sanitizers' functions in the program that loads them.
build_sanitized()
{
  need_packages clang
  CC=clang CXX=clang++ configure "$1" -Db_sanitize="$2" -Db_lundef=false
  meson compile -C "$1"
}

# sanitized_folder LIST: where the build with these sanitizers lives.
sanitized_folder()
{
  case $1 in
    address | address,undefined) echo build-asan ;;
    thread) echo build-tsan ;;
    *) echo "build-${1//,/-}" ;;
  esac
}
