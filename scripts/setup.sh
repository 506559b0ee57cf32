#!/usr/bin/env bash
# Installs the Debian packages that sinter needs. Does nothing, also offline, if all are installed.
#
#   scripts/setup.sh build          to build libsinter and the examples
#   scripts/setup.sh test           also to build and run all tests and benchmarks
#   scripts/setup.sh bench          also to build the benchmark programs
#   scripts/setup.sh nvrtc          also to fetch NVRTC if it is missing, see tests/nvrtc.sh
set -euo pipefail

build=(g++ cmake ninja-build libfmt-dev llvm-19-dev)
bench=(libbenchmark-dev libdnnl-dev libopenblas0-serial)
test=(ccache clang-19 libclang-rt-19-dev libgtest-dev binutils libzstd-dev python3
  python3-mpmath gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)

nvrtc=(python3-pip)

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; }

wanted=("${build[@]}")
for group in "$@"; do
  case "$group" in
    build) ;;
    bench) wanted+=("${bench[@]}") ;;
    test) wanted+=("${bench[@]}" "${test[@]}") ;;
    nvrtc) wanted+=("${nvrtc[@]}") ;;
    -h | --help) usage; exit 0 ;;
    *) echo "setup.sh: no group '$group'; the groups are build, test, bench and nvrtc" >&2; exit 2 ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  {
    echo "setup.sh: this is not Debian or a system like it. Install what these Debian packages hold,"
    echo "then run again with --no-setup: ${wanted[*]}"
  } >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "packages: all ${#wanted[@]} are installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: neither root nor sudo. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "packages: installing ${missing[*]}"
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup.sh: apt-get could not install ${missing[*]}" >&2
  exit 1
fi
