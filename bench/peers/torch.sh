#!/usr/bin/env bash
# Compares sinter with PyTorch eager, of the version in requirements.txt, on one thread each: a
# training step of examples/train_digits, the bytes that it keeps for the backward pass, and softmax
# over rows. Builds what it needs in build/release and build/peers. The first time, pip downloads
# about 3 GB: PyPI's torch for Linux includes CUDA, which is not used here.
#
#   bash bench/peers/torch.sh [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=build/peers/venv
[ -x $venv/bin/python ] || python3 -m venv $venv
$venv/bin/python -c 'import torch' 2>/dev/null ||
  $venv/bin/pip install --quiet -r bench/peers/requirements.txt >&2 ||
  { echo "torch.sh: pip cannot fetch torch: see bench/peers/requirements.txt" >&2; exit 1; }

cmake --preset release -DSINTER_TESTS=OFF -DSINTER_EXAMPLES=ON -DSINTER_BENCHMARKS=ON >/dev/null
cmake --build build/release --target train_digits sinter_peer >&2

{
  grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs
  echo "$(nproc) CPU(s), load $(cut -d' ' -f1 /proc/loadavg), $(git describe --always --dirty 2>/dev/null || true)"
} >&2
exec $venv/bin/python bench/peers/torch_peer.py --train build/release/examples/train_digits \
  --peer build/release/bench/sinter_peer --digits examples/data/digits.csv "$@"
