#!/usr/bin/env bash
# Times of leaky_relu and of other activations, and how many zeros each leaves in a trained hidden
# layer. Builds sinter_costs and train_digits in build/release and runs both. Argument: --quick.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release -DSINTER_TESTS=OFF -DSINTER_EXAMPLES=ON -DSINTER_BENCHMARKS=ON >/dev/null
cmake --build build/release --target sinter_costs train_digits >&2

{
  grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs
  echo "$(nproc) CPU(s), load $(cut -d' ' -f1 /proc/loadavg), $(git describe --always --dirty 2>/dev/null || true)"
} >&2
build/release/bench/sinter_costs "$@"
echo
build/release/examples/train_digits 2>/dev/null
