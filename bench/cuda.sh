#!/usr/bin/env bash
# Builds sinter_cuda_bench, and where nvcc is installed what it is held against, in build/release, and
# runs it, then PyTorch's rows where torch is installed for python3, or in build/peers/venv. Arguments go to
# both: --quick.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release -DSINTER_TESTS=OFF -DSINTER_EXAMPLES=OFF -DSINTER_BENCHMARKS=ON >/dev/null
cmake --build build/release --target sinter_cuda_bench >&2
# Its figures are not run where this fails: an nvcc without a host compiler or a GPU library.
cmake --build build/release --target sinter_cuda_peers >&2 || true
build/release/bench/sinter_cuda_bench "$@"

python=build/peers/venv/bin/python
[ -x $python ] || python=python3
exec "$python" bench/peers/torch_cuda.py --sinter build/release/bench/sinter_cuda_bench "$@"
