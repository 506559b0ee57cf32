#!/usr/bin/env bash
# attributes.sh: checks that only code that serves all ops reads their generic lists of attributes.
set -euo pipefail
cd "$(dirname "$0")/../.."
generic='^(ir/graph/(attributes|graph|infer|structure|tables|verify)\.cpp|ir/text/(parse|print)\.cpp'
generic+='|fuzz/arbitrary_graph\.cpp)$'
others=$(grep -rlE --include='*.cpp' --include='*.h' '(\.|->)lists\b' bench codegen examples fuzz ir \
  runtime | grep -vE "$generic" || true)
if [ -n "$others" ]; then
  echo "these files use the generic lists; use the types in ir/include/sinter/ir/attributes.h:"
  echo "$others"
  exit 1
fi
echo "only code for all ops uses the generic lists"
