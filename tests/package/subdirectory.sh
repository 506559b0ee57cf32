#!/usr/bin/env bash
# subdirectory.sh: builds the consumer with sinter as a subdirectory of the consumer's project.
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
work=build/subdirectory
options=(-DCONSUMER_SUBDIRECTORY="$source/../.." -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DSINTER_WERROR=ON)
if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi

rm -rf "$work"
cmake -S "$source" -B "$work" -G Ninja "${options[@]}"
cmake --build "$work" --target first_program
"$work/first_program"
if [ -e "$work/sinter/tests" ] || [ -e "$work/sinter/examples" ]; then
  echo "sinter as a subdirectory builds its tests or examples by default"
  exit 1
fi
