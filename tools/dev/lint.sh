# shellcheck shell=bash
# Formatting and static analysis.

# c_files: every C file of ours, committed or about to be.
c_files()
{
  git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | while read -r file; do
    [[ -f $file ]] && printf '%s\n' "$file"
  done
}

cmd_format()
{
  need_packages clang-format
  c_files | xargs -r clang-format -i
}

cmd_lint()
{
  need_build_packages
  need_packages clang clang-format clang-tidy shellcheck git
  c_files | xargs -r clang-format --dry-run -Werror
  git ls-files '*.sh' | xargs -r shellcheck -x dev .ci/run
  build_clang
  meson test -C build-clang --no-rebuild --print-errorlogs 'headers in C' 'headers in C++' \
    'exported symbols'
  tidy
  printf 'lint: nothing to complain about\n'
}

# tidy: clang-tidy over what the compilation database of build-clang knows. An example whose library
# is missing here is not in it.
tidy()
{
  local file
  c_files | grep -E '^(src|cli|examples)/.*\.c$' | grep -v volk_unit | while read -r file; do
    if grep -q "/$file\"" build-clang/compile_commands.json; then printf '%s\n' "$file"; fi
  done |
    xargs -r -P "$(nproc)" -n 4 clang-tidy -p build-clang --quiet --warnings-as-errors='*' 2>/dev/null
}
