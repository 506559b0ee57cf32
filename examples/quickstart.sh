#!/usr/bin/env bash
# From a fresh clone on a bare Debian 12 to fused kernels and a trained network, on real data. Repeatable; works
# offline once the packages are there. Needs root or sudo only to install packages.
#
#   bash examples/quickstart.sh [--no-setup]
#
#   --no-setup   do not look for packages: what scripts/setup.sh lists is there in other ways
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

# quietly what command...: one line, and the end of the output only when the command fails.
quietly() {
  echo "$1"
  shift
  "$@" >"$build/quickstart.log" 2>&1 || {
    tail -n 40 "$build/quickstart.log" >&2
    echo "quickstart.sh: '$*' failed; all of its output is in $build/quickstart.log" >&2
    exit 1
  }
}

[ "$setup" = no ] || bash scripts/setup.sh build
quietly "configure: Release, in $build" \
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSINTER_TESTS=OFF -DSINTER_BENCHMARKS=OFF
quietly "build: libsinter and the examples (a few minutes the first time)" \
  cmake --build "$build" --target digits_sweep train_digits
echo "run: $build/examples/digits_sweep --code $build/kernel.ll"
"$build/examples/digits_sweep" --code "$build/kernel.ll"
echo
echo "run: $build/examples/train_digits --report $build/training.html"
"$build/examples/train_digits" --report "$build/training.html"
