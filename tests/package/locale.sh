#!/usr/bin/env bash
# locale.sh libsinter_ir.a ...: checks that these libraries use no function that reads or sets the
# locale of the process. Text that they print and parse must be the same in every locale.
set -euo pipefail
forbidden='strto(d|f|ld)|atof|v?s?scanf|localeconv|setlocale|newlocale|uselocale'
for library in "$@"; do
  # NVRTC before 12.7 changes the locale of the process, and nvrtc.cpp restores it.
  found=$(nm -u -A "$library" | grep -E " U (__isoc[0-9]+_)?($forbidden)(_l)?$" |
    grep -v ':nvrtc.cpp.o: *U setlocale$' || true)
  if [ -n "$found" ]; then
    echo "these depend on the locale; use std::from_chars, std::to_chars or fmt::format:"
    echo "$found"
    exit 1
  fi
  count=$(nm -u "$library" | grep -c ' U ' || true)
  [ "$count" -gt 0 ] || { echo "$library has no undefined symbols to check"; exit 1; }
  echo "$library: none of $count undefined symbols depends on the locale"
done
