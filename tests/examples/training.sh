#!/usr/bin/env bash
# Checks that the weights of examples/train_digits have the same bits for all numbers of threads and
# targets, and that docs/figures.md has their hashes.
#
#   training.sh TRAIN_DIGITS FIGURES
set -euo pipefail
train=$1
figures=$2

# Prints the activation, the accuracy and the hash of each row of the table.
rows() { sed -n 's/^\([a-z_]* *[0-9.]*\)  *\([0-9.]*\) %.* \([0-9a-f]\{16\}\)$/\1 \2 \3/p' | tr -s ' '; }

runs=("--threads 1" "--threads 2" "--threads 1 --target x86-64-v3")
grep -q avx512vl /proc/cpuinfo && runs+=("--threads 2 --target x86-64-v4")
expected=
for flags in "${runs[@]}"; do
  # shellcheck disable=SC2086
  got=$("$train" $flags 2>/dev/null | rows)
  [ "$(wc -l <<<"$got")" -eq 8 ] || { echo "train_digits $flags: not eight rows: $got" >&2; exit 1; }
  [ -n "$expected" ] || expected=$got
  if [ "$got" != "$expected" ]; then
    echo "train_digits $flags gives other bits than ${runs[0]}:" >&2
    diff <(echo "$expected") <(echo "$got") >&2
    exit 1
  fi
done

while read -r row; do
  accuracy=$(awk '{print $(NF - 1)}' <<<"$row")
  hash=${row##* }
  awk -v accuracy="$accuracy" 'BEGIN {exit !(accuracy >= 95)}' || { echo "below 95 %: $row" >&2; exit 1; }
  grep -q "$hash" "$figures" || { echo "$figures does not have the hash of: $row" >&2; exit 1; }
done <<<"$expected"
echo "the same bits in ${#runs[@]} runs"
