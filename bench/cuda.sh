#!/usr/bin/env bash
# Builds sinter_cuda_bench, and where nvcc is installed what it is held against, in build/release, and
# runs it. Arguments go to it: --quick.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release -DSINTER_TESTS=OFF -DSINTER_EXAMPLES=OFF -DSINTER_BENCHMARKS=ON >/dev/null
cmake --build build/release --target sinter_cuda_bench >&2
# Its figures are not run where this fails: an nvcc without a host compiler or a GPU library.
cmake --build build/release --target sinter_cuda_peers >&2 || true
exec build/release/bench/sinter_cuda_bench "$@"
