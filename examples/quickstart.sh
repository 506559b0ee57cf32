#!/usr/bin/env bash
# Builds sinter on a bare Debian 12, then runs fused kernels and trains a network on real data.
# May be repeated. Works offline once the packages are installed; only that needs root or sudo.
#
#   bash examples/quickstart.sh [--no-setup]
#
#   --no-setup   install no packages: what scripts/setup.sh lists is installed in other ways
set -euo pipefail
cd "$(dirname "$0")/.."

setup=yes
for argument in "$@"; do
  case "$argument" in
    --no-setup) setup=no ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "quickstart.sh: unknown argument '$argument'; see --help" >&2; exit 2 ;;
  esac
done

build=build/quickstart
mkdir -p "$build"

# quietly TITLE COMMAND...: prints the title and runs the command; shows the end of its output if it
# fails.
quietly() {
  echo "$1"
  shift
  "$@" >"$build/quickstart.log" 2>&1 || {
    tail -n 40 "$build/quickstart.log" >&2
    echo "quickstart.sh: '$*' failed; its full output is in $build/quickstart.log" >&2
    exit 1
  }
}

[ "$setup" = no ] || bash scripts/setup.sh build
quietly "configure: Release, in $build" \
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DSINTER_TESTS=OFF -DSINTER_BENCHMARKS=OFF
quietly "build: libsinter and the examples (a few minutes the first time)" \
  cmake --build "$build" --target digits_sweep train_digits
echo "run: $build/examples/digits_sweep --code $build/kernel.ll"
"$build/examples/digits_sweep" --code "$build/kernel.ll"
echo
echo "run: $build/examples/train_digits --report $build/training.html"
"$build/examples/train_digits" --report "$build/training.html"
