# shellcheck shell=bash
# The GPU tests under the synchronisation validation of Debian 13, which sees hazards between
# submissions that older ones miss. It runs in a chroot under build/sync, made once with debootstrap
# from the mirror that this machine uses. Everything inside runs in mount and process namespaces of
# its own: whatever ends the run, ends all that it started and takes its mounts away.

# shellcheck disable=SC2154 # dev sets root
sync_dir=$root/build/sync
sync_release=trixie
# What the chroot needs beside the packages that build tandem.
sync_packages=(mesa-vulkan-drivers vulkan-validationlayers)
[[ $(uname -m) != x86_64 ]] || sync_packages+=(libisal-dev)
# Left out: those compare many images made by the same commands as others, or vary what happens
# below validation, or run without it. docs/testing.md names them.
sync_without='^gpu_(hardware_agreement|identity_views|raster_coverage|raster_mesh|seeds|soak)(_|$)'

test_sync()
{
  local reason
  reason=$(sync_obstacle)
  if [[ -n $reason ]]; then
    printf '[  SKIPPED ] sync: %s\n0 passed, 0 failed, 1 skipped\n' "$reason"
    exit 0
  fi
  mkdir -p "$sync_dir"
  exec {sync_lock}>"$sync_dir/lock"
  flock -n "$sync_lock" || die "another ./dev test sync is running"
  [[ $(sync_recipe) == "$(cat "$sync_dir/root/recipe" 2>/dev/null)" ]] || sync_make
  sync_run
}

# sync_obstacle: why a chroot cannot be made here, or nothing.
sync_obstacle()
{
  if ! have_apt || [[ $(sync_os ID) != debian ]]; then
    echo "the chroot is made from a Debian mirror, and this machine has none"
  elif ! is_root; then
    echo "making a chroot takes root"
  elif [[ -z $(sync_mirror) ]]; then
    echo "no package source for $(sync_os VERSION_CODENAME) is found under /etc/apt"
  elif ! (need_packages debootstrap debian-archive-keyring) 2>/dev/null; then
    echo "debootstrap cannot be installed"
  elif ! sync_contained sync_probe 2>/dev/null; then
    echo "namespaces, mounts, devices or chroot are not permitted here"
  fi
}

sync_os()
{
  # shellcheck source=/dev/null
  (. /etc/os-release && echo "${!1:-}")
}

# sync_source FIELD: of the machine's own entry for its release.
sync_source()
{
  python3 tools/dev/backports_source.py "$(sync_os VERSION_CODENAME)" 2>/dev/null |
    sed -n "s/^$1: //p"
}

sync_mirror()
{
  sync_source URIs
}

# sync_recipe: what a chroot was made from; one that was made from something else is made anew.
sync_recipe()
{
  printf '%s\n' "$sync_release" "${build_packages[@]}" "${sync_packages[@]}"
}

# sync_contained FUNCTION ARGUMENT...: a function of this file in namespaces of its own.
sync_contained()
{
  local status=0
  # shellcheck disable=SC2016 # the inner shell expands these
  setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child \
    --mount-proc bash -euo pipefail -c 'root=$PWD
      source tools/dev/packages.sh
      source tools/dev/sync.sh
      "$@"' sync "$@" </dev/null &
  # Waiting in the background lets a signal through at once; the rest follows from this one's end.
  wait $! || status=$?
  return "$status"
}

sync_probe()
{
  local node=build/sync_probe
  mkdir -p build
  rm -f "$node"
  mknod "$node" c 1 3
  : >"$node"
  rm -f "$node"
  chroot / true
}

# sync_make: under another name until it is whole, so that a half-made one is never used.
sync_make()
{
  printf 'dev: making a chroot of Debian 13 under build/sync\n' >&2
  rm -rf --one-file-system "$sync_dir/root" "$sync_dir/new"
  sync_contained sync_bootstrap >"$sync_dir/make.log" 2>&1 || {
    tail -n 20 "$sync_dir/make.log" >&2
    die "the chroot could not be made; all that was said is in build/sync/make.log"
  }
  sync_recipe >"$sync_dir/new/recipe"
  mv "$sync_dir/new" "$sync_dir/root"
}

sync_bootstrap()
{
  local new=$sync_dir/new key options=()
  key=$(sync_source Signed-By)
  [[ -f $key ]] && options+=(--keyring "$key")
  sync_proxies
  debootstrap --variant=minbase --force-check-gpg --include=ca-certificates "${options[@]}" \
    "$sync_release" "$new" "$(sync_mirror)"
  [[ -f $key ]] && cp "$key" "$new/etc/apt/trusted.gpg.d/"
  # How this machine reaches its mirror.
  apt-config dump | grep -E '^Acquire::(http|https|Check)' >"$new/etc/apt/apt.conf.d/99machine" || true
  cp /etc/resolv.conf /etc/hosts "$new/etc/"
  sync_enter "$new" apt-get update -q
  sync_enter "$new" apt-get install -y -q --no-install-recommends "${build_packages[@]}" \
    "${sync_packages[@]}"
  sync_enter "$new" apt-get clean
}

# sync_proxies: apt's proxies, for debootstrap, which asks the environment for them.
sync_proxies()
{
  local http='' https=''
  eval "$(apt-config shell http Acquire::http::Proxy https Acquire::https::Proxy)"
  if [[ -n $http ]]; then export http_proxy=$http; fi
  if [[ -n $https ]]; then export https_proxy=$https; fi
}

# sync_enter FOLDER COMMAND...: with nothing of this machine's environment but the proxies.
sync_enter()
{
  local folder=$1 name kept=()
  shift
  for name in http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || kept+=("$name=${!name}")
  done
  mountpoint -q "$folder/proc" || mount -t proc proc "$folder/proc"
  chroot "$folder" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${kept[@]}" "$@"
}

sync_run()
{
  local log=build/sync/root/build/meson-logs/testlog.json
  rm -f "$log"
  # shellcheck disable=SC2034 # finish_tests reads it
  sync_contained sync_inside || test_status=1
  [[ -f $log ]] || die "the tests did not run in the chroot"
  test_logs+=("$log")
}

# sync_inside: the settings come by file as well as from the tests themselves, which turn
# validate_sync on; the canaries tell whether they are in force.
sync_inside()
{
  local inside=$sync_dir/root
  mkdir -p "$inside/tandem"
  mount --bind "$root" "$inside/tandem"
  mount -o remount,bind,ro "$inside/tandem"
  cat >"$inside/etc/vk_layer_settings.txt" <<'END'
khronos_validation.validate_sync = true
khronos_validation.syncval_submit_time_validation = true
khronos_validation.syncval_shader_accesses_heuristic = true
END
  # shellcheck disable=SC2016 # the shell inside expands these
  sync_enter "$inside" /usr/bin/env SYNC_WITHOUT="$sync_without" bash -euo pipefail -c '
    export VK_LAYER_SETTINGS_PATH=/etc/vk_layer_settings.txt TANDEM_REQUIRE_DEVICE=1
    VK_DRIVER_FILES=$(echo /usr/share/vulkan/icd.d/lvp_icd*.json)
    export VK_DRIVER_FILES
    dpkg-query -W -f="\${Package} \${Version}\n" vulkan-validationlayers mesa-vulkan-drivers
    [[ -f /build/build.ninja ]] || meson setup /build /tandem
    meson compile -C /build
    picked=$(python3 /tandem/tools/dev/find_tests.py /build gpu | grep -vE "$SYNC_WITHOUT")
    mapfile -t picked <<<"$picked"
    meson test -C /build --no-rebuild --print-errorlogs --timeout-multiplier 4 "${picked[@]}"'
}
