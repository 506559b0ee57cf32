#!/usr/bin/env bash
# Prints a folder with NVRTC for SINTER_NVRTC, or nothing if sinter finds NVRTC by itself. The
# folder is from the Python package nvidia-cuda-nvrtc, which is fetched into build/nvrtc once.
# Needs a built sinter_cuda_test.
#
#   bash tests/nvrtc.sh build/ci-gcc [--no-setup]
set -euo pipefail
cd "$(dirname "$0")/.."

test=$1/tests/sinter_cuda_test
folder=build/nvrtc

if "$test" --gtest_filter=NvrtcTest.ShowsTheLogAndWhereTheSourceIs | grep -q '  OK ]'; then
  exit 0
fi

find_library() { find "$folder" -name 'libnvrtc.so.1[23]' -print -quit 2>/dev/null || true; }

fetch() {
  if ! python3 -m pip --version >/dev/null 2>&1; then
    [ "$2" = --no-setup ] && return 1
    bash scripts/setup.sh nvrtc || return 1
  fi
  mkdir -p "$folder"
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$folder" \
    nvidia-cuda-nvrtc || return 1
  python3 -m zipfile -e "$folder"/*.whl "$folder"
}

if [ -z "$(find_library)" ] && ! fetch "$@" "" >&2; then
  echo "nvrtc.sh: NVRTC is not installed and cannot be fetched; its tests are skipped" >&2
  exit 0
fi
realpath "$(dirname "$(find_library)")"
