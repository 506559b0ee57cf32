#!/usr/bin/env bash
# Builds sinter_cuda_bench in build/release, and its peers if nvcc is installed, and runs it. Then
# runs PyTorch's rows, if torch is installed in build/peers/venv or for python3. Arguments go to
# both: --quick.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release -DSINTER_TESTS=OFF -DSINTER_EXAMPLES=OFF -DSINTER_BENCHMARKS=ON >/dev/null
cmake --build build/release --target sinter_cuda_bench >&2
# This fails if nvcc has no host compiler or no CUB. Then the rows against these peers are not run.
cmake --build build/release --target sinter_cuda_peers >&2 || true
build/release/bench/sinter_cuda_bench "$@"

python=build/peers/venv/bin/python
[ -x $python ] || python=python3
exec "$python" bench/peers/torch_cuda.py --sinter build/release/bench/sinter_cuda_bench "$@"
