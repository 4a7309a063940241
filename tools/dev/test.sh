# shellcheck shell=bash
# The tests. Every run ends with one line that counts single tests, not programs.

test_logs=()
test_summary=()
test_status=0

# run_suite DIR [MESON-TEST-ARGUMENT...]
run_suite()
{
  local dir=$1
  shift
  printf '== tests in %s\n' "$dir"
  meson test -C "$dir" --no-rebuild --print-errorlogs "$@" || test_status=1
  test_logs+=("$dir/meson-logs/testlog.json")
}

finish_tests()
{
  python3 tools/dev/count_tests.py "${test_summary[@]}" "${test_logs[@]}" || test_status=1
  exit "$test_status"
}

# What the thread sanitizer looks at unless told otherwise: units, and those GPU tests in which
# several threads of tandem or of the program are at work.
thread_tests='^gpu_(batch|readback|recorder|renderer_requests|residency|scheduler|texture_uploader|ticket)(_split)?$'

select_thread_tests()
{
  local names
  names=$(python3 tools/dev/find_tests.py "$1" unit)
  names+=$'\n'$(python3 tools/dev/find_tests.py "$1" gpu | grep -E "$thread_tests")
  mapfile -t picked <<<"$names"
}

# select_tests DIR [NAME]: the tests of a group, one test, or all of them, into $picked.
select_tests()
{
  local names
  names=$(python3 tools/dev/find_tests.py "$@")
  mapfile -t picked <<<"$names"
}

# make_locale: one with a decimal comma, for the tests that nothing written depends on the locale.
make_locale()
{
  [[ -d build/locale/de_DE.UTF-8 ]] || {
    mkdir -p build/locale
    localedef -i de_DE -f UTF-8 build/locale/de_DE.UTF-8
  }
  # shellcheck disable=SC2154 # dev sets root
  export LOCPATH=$root/build/locale
}

prepare_tests()
{
  need_build_packages
  need_packages vulkan-validationlayers locales
  want_guest_packages
  make_locale
  choose_software_driver
}

test_everything()
{
  build_plain
  build_sanitized build-asan address,undefined
  run_suite build --no-suite long --timeout-multiplier 2
  run_suite build-asan --no-suite long --timeout-multiplier 4
}

# test_long NAME: one test after the other; those that passed with these very sources are not run
# again, so that an interrupted run goes on where it was.
test_long()
{
  local dir=build name log done_dir picked
  export TANDEM_TEST_LONG=1
  build_plain
  select_tests "$dir" "$@"
  done_dir=$dir/long/$(find "$dir" -maxdepth 3 -type f -executable -exec sha1sum {} + | sort |
    sha1sum | cut -c1-16)
  mkdir -p "$done_dir"
  for name in "${picked[@]}"; do
    log=$done_dir/${name//[^A-Za-z0-9._-]/_}.json
    if [[ ! -f $log ]]; then
      meson test -C "$dir" --no-rebuild --print-errorlogs --timeout-multiplier 0 "$name" || {
        test_status=1
        test_logs+=("$dir/meson-logs/testlog.json")
        finish_tests
      }
      cp "$dir/meson-logs/testlog.json" "$log"
    fi
    test_logs+=("$log")
  done
  [[ $# -gt 0 ]] || test_summary=(--summary docs/testing.md)
}

cmd_test()
{
  local name='' sanitize='' long=0
  while [[ $# -gt 0 ]]; do
    case $1 in
      --sanitize)
        [[ $# -ge 2 ]] || die "--sanitize needs a list: address,undefined or thread"
        sanitize=$2
        shift
        ;;
      --long) long=1 ;;
      -*) die "test has no option '$1'" ;;
      *)
        [[ -z $name ]] || die "test takes one name, not '$name' and '$1'"
        name=$1
        ;;
    esac
    shift
  done
  if [[ $name == sync ]]; then
    [[ -z $sanitize && $long -eq 0 ]] || die "test sync takes no option"
    test_sync
    finish_tests
  fi
  prepare_tests
  if [[ $long -eq 1 ]]; then
    test_long ${name:+"$name"}
  elif [[ -n $sanitize ]]; then
    test_one "$(sanitized_folder "$sanitize")" "$sanitize" ${name:+"$name"}
  elif [[ -n $name ]]; then
    test_one build '' "$name"
  else
    test_everything
  fi
  finish_tests
}

# test_one DIR SANITIZERS [NAME]
test_one()
{
  local dir=$1 sanitizers=$2 picked
  shift 2
  if [[ -n $sanitizers ]]; then
    build_sanitized "$dir" "$sanitizers"
  else
    build_plain
  fi
  if [[ $sanitizers == thread && $# -eq 0 ]]; then
    select_thread_tests "$dir"
  else
    select_tests "$dir" "$@"
  fi
  run_suite "$dir" --timeout-multiplier 4 "${picked[@]}"
}
