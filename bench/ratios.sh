#!/usr/bin/env bash
# Builds sinter_ratios in build/release, describes the machine, and runs it. Arguments go to
# sinter_ratios: --quick, --json, --strict, and groups of rows; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release -DSINTER_TESTS=OFF -DSINTER_EXAMPLES=OFF -DSINTER_BENCHMARKS=ON >/dev/null
cmake --build build/release --target sinter_ratios >&2

{
  grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs
  echo "$(nproc) CPU(s), load $(cut -d' ' -f1 /proc/loadavg), $(git describe --always --dirty 2>/dev/null || true)"
} >&2
exec build/release/bench/sinter_ratios "$@"
