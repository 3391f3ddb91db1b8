# Sourced by demo.sh and test.sh: installs what the build needs, configures and builds.
# The output of every command goes to build/setup.log; its end is shown when a command fails.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log=$root/build/setup.log

# To build and run EdgeLLM.
core_packages=(
  ccache
  clang-22
  cmake
  libbenchmark-dev
  libgtest-dev
  libmlir-22-dev
  libpcre2-dev
  libsentencepiece-dev
  libutf8proc-dev
  libxrt-dev
  libxrt1
  libxxhash-dev
  libzstd-dev
  lld-22
  llvm-22-dev
  mlir-22-tools
  ninja-build
  nlohmann-json3-dev
  pybind11-dev
  python3
  python3-dev
  uuid-dev
  zlib1g-dev
)

# Only to test it.
test_packages=(
  libclang-rt-22-dev
  libopenblas0-pthread
  python3-numpy
  python3-pytest
  python3-regex
  python3-sentencepiece
  verilator
  yosys
)

say() {
  printf '%s\n' "$*"
}

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# failed WHAT: shows the end of the log and leaves.
failed() {
  tail -n 20 "$log" >&2
  fail "$1 failed; the end of $log is above"
}

# logged WHAT COMMAND...: runs a command into the log.
logged() {
  local what=$1
  shift
  printf '\n$ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 || failed "$what"
}

# The packages among the arguments that are not installed, one a line.
missing_packages() {
  local known
  # It fails when it has never heard of one of them.
  known=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  local package
  for package in "$@"; do
    grep -qFx "$package installed" <<<"$known" || printf '%s\n' "$package"
  done
}

# install_packages NAME...: does not call apt-get when everything is there.
install_packages() {
  command -v dpkg-query >/dev/null || fail "this needs Debian 12: dpkg-query was not found"
  local missing as_root=()
  missing=($(missing_packages "$@"))
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]} ..."
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  logged "apt-get update" "${apt[@]}" update
  logged "apt-get install" "${apt[@]}" install --no-install-recommends "${missing[@]}"
}

configure() {
  [ ! -f "$root/build/build.ninja" ] || return 0
  say "configuring ..."
  (cd "$root" && logged "cmake" cmake --preset default)
}

# Ninja's lines on standard input; prints one at each fifth of the way.
show_progress() {
  awk -F '[][/]' '
    /^\[[0-9]+\/[0-9]+\]/ && $3 > 20 && int(5 * $2 / $3) > shown {
      shown = int(5 * $2 / $3)
      printf "building ... %d of %d steps\n", $2, $3
      fflush()
    }'
}

# build [TARGET...]: without targets, everything.
build() {
  say "building ..."
  local command=(cmake --build "$root/build")
  [ $# -eq 0 ] || command+=(--target "$@")
  "${command[@]}" 2>&1 | tee -a "$log" | show_progress || failed "the build"
}

mkdir -p "$root/build"
: >"$log"
