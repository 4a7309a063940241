# shellcheck shell=bash
# Debian and Ubuntu packages, installed when missing.

build_packages=(
  gcc g++ libc6-dev meson ninja-build pkg-config python3 glslang-tools spirv-tools
  libvulkan-dev libvulkan-volk-dev libjansson-dev libspng-dev libturbojpeg0-dev libdeflate-dev
  zlib1g-dev libcglm-dev libxxhash-dev libmeshoptimizer-dev libcmocka-dev
)

# For the examples that are hosts to tandem or have an event loop; where one is missing, its example is left out.
guest_packages=(libsdl2-dev libplacebo-dev xvfb xauth libuv1-dev libglib2.0-dev)

# Where there is no apt: what each package stands for, as a program or a pkg-config module.
build_programs=(cc meson ninja pkg-config python3 glslangValidator)
build_modules=(vulkan jansson spng libturbojpeg libdeflate zlib cglm libxxhash cmocka)

have_apt()
{
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

is_root()
{
  [[ $(id -u) -eq 0 ]]
}

missing_packages()
{
  local package
  for package; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] ||
      printf '%s\n' "$package"
  done
}

has_candidate()
{
  apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

# quietly COMMAND...: as root, its talk into a file that is shown when it fails.
quietly()
{
  local sudo=()
  is_root || sudo=(sudo)
  mkdir -p build
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >build/packages.log 2>&1
}

install_packages()
{
  quietly apt-get install -y -q --no-install-recommends "$@"
}

# need_packages NAME...: installs those that are missing. Package lists are fetched only when they
# do not know a name, or are so old that what they name is gone.
need_packages()
{
  have_apt || return 0
  local missing package
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  is_root || command -v sudo >/dev/null ||
    die "there is neither root nor sudo here to install what is missing: ${missing[*]}"
  printf 'dev: installing %s\n' "${missing[*]}" >&2
  for package in "${missing[@]}"; do
    if ! has_candidate "$package"; then
      quietly apt-get update -q || true
      break
    fi
  done
  install_packages "${missing[@]}" && return 0
  quietly apt-get update -q || true
  install_packages "${missing[@]}" && return 0
  cat build/packages.log >&2
  die "these packages could not be installed: ${missing[*]}"
}

# want_packages NAME...: as need_packages, but what cannot be had is only named.
want_packages()
{
  local package
  for package; do
    (need_packages "$package") 2>/dev/null ||
      printf 'dev: %s cannot be installed here; what needs it is left out\n' "$package" >&2
  done
}

want_guest_packages()
{
  want_packages "${guest_packages[@]}"
}

need_build_packages()
{
  if have_apt; then
    local packages=("${build_packages[@]}")
    [[ $(dpkg --print-architecture) == amd64 ]] && packages+=(libisal-dev)
    need_packages "${packages[@]}"
  else
    name_missing
  fi
}

name_missing()
{
  local name missing=()
  for name in "${build_programs[@]}"; do
    command -v "$name" >/dev/null || missing+=("the program $name")
  done
  for name in "${build_modules[@]}"; do
    pkg-config --exists "$name" 2>/dev/null || missing+=("the library $name")
  done
  [[ ${#missing[@]} -eq 0 ]] && return 0
  printf 'dev: there is no apt here; please install\n' >&2
  printf '  %s\n' "${missing[@]}" "the libraries meshoptimizer and volk" >&2
  exit 1
}
