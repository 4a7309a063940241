# shellcheck shell=bash
# A Vulkan driver. What is installed is used; where nothing usable is, Mesa 25 is unpacked under
# build/mesa, with package lists of its own, and found through VK_DRIVER_FILES. Nothing is installed
# for it and the machine's package sources stay as they are.

# shellcheck disable=SC2154 # dev sets root
mesa_dir=$root/build/mesa
# Older lavapipes lack features or are wrong in ways that the tests notice.
mesa_oldest=24

driver_given()
{
  [[ -n ${VK_DRIVER_FILES:-} || -n ${VK_ICD_FILENAMES:-} ]]
}

has_gpu()
{
  [[ -e /dev/nvidiactl ]] || compgen -G '/dev/dri/renderD*' >/dev/null
}

# choose_driver: for whatever wants the best device. A GPU that tandem can use needs no help.
choose_driver()
{
  driver_given && return 0
  has_gpu && build/tandem doctor >/dev/null 2>&1 && return 0
  choose_software_driver
}

# choose_software_driver: lavapipe, on every machine; what the tests run on.
choose_software_driver()
{
  driver_given && return 0
  have_apt || die "no apt here: install Mesa's lavapipe ($mesa_oldest or newer) and set VK_DRIVER_FILES to its manifest"
  if installed_lavapipe; then
    return 0
  elif package_is_new_enough "$(candidate_version mesa-vulkan-drivers)"; then
    need_packages mesa-vulkan-drivers
    installed_lavapipe || die "mesa-vulkan-drivers brought no lavapipe"
  else
    [[ -f $mesa_dir/env.sh ]] || fetch_mesa
    # shellcheck source=/dev/null
    source "$mesa_dir/env.sh"
  fi
}

package_is_new_enough()
{
  [[ -n $1 ]] && dpkg --compare-versions "$1" ge "$mesa_oldest"
}

candidate_version()
{
  apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: \([^(]*\)$/\1/p'
}

installed_lavapipe()
{
  local manifest version
  version=$(dpkg-query -W -f='${Version}' mesa-vulkan-drivers 2>/dev/null || true)
  package_is_new_enough "$version" || return 1
  for manifest in /usr/share/vulkan/icd.d/lvp_icd*.json; do
    [[ -f $manifest ]] || continue
    export VK_DRIVER_FILES=$manifest
    return 0
  done
  return 1
}

# private_apt COMMAND...: apt with sources, lists and cache under build/mesa. It takes what is
# installed from the machine, so it knows which libraries are missing, and locks nothing.
private_apt()
{
  apt-get -q -o Dir::Etc::SourceList="$mesa_dir/backports.sources" -o Dir::Etc::SourceParts=- \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State::Lists="$mesa_dir/lists" -o Dir::Cache="$mesa_dir/cache" \
    -o Debug::NoLocking=true -o APT::Sandbox::User="$(id -un)" "$@"
}

fetch_mesa()
{
  local codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [[ -n $codename ]] || die "/etc/os-release names no release; set VK_DRIVER_FILES to a Vulkan driver"
  printf 'dev: no usable Vulkan driver is installed; unpacking Mesa under build/mesa\n' >&2
  rm -rf "$mesa_dir"
  mkdir -p "$mesa_dir"/{lists,cache/archives}/partial "$mesa_dir/root"
  python3 tools/dev/backports_source.py "$codename" >"$mesa_dir/backports.sources"
  download_mesa "$codename-backports" >"$mesa_dir/fetch.log" 2>&1 || {
    cat "$mesa_dir/fetch.log" >&2
    die "Mesa could not be fetched; set VK_DRIVER_FILES to a Vulkan driver of your own"
  }
  unpack_mesa
  rm -rf "$mesa_dir"/{lists,cache}
}

download_mesa()
{
  private_apt update &&
    private_apt install -y --download-only --no-install-recommends -t "$1" mesa-vulkan-drivers
}

unpack_mesa()
{
  local package library libraries
  for package in "$mesa_dir"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$mesa_dir/root"
  done
  library=$(find "$mesa_dir/root" -name libvulkan_lvp.so)
  [[ -n $library ]] || die "the package mesa-vulkan-drivers holds no lavapipe"
  libraries=$(dirname "$library")
  sed "s|\"library_path\": *\"[^\"]*\"|\"library_path\": \"$library\"|" \
    "$mesa_dir"/root/usr/share/vulkan/icd.d/lvp_icd*.json >"$mesa_dir/lvp_icd.json"
  cat >"$mesa_dir/env.sh" <<EOF
export VK_DRIVER_FILES=$mesa_dir/lvp_icd.json
export LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
EOF
}
