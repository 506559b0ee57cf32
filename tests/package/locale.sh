#!/usr/bin/env bash
# locale.sh libsinter_ir.a ...: nothing in these rooms asks the locale of the process how a number is
# read or written. What it prints and parses must be the same everywhere.
set -euo pipefail
forbidden='strto(d|f|ld)|atof|v?s?scanf|localeconv|setlocale|newlocale|uselocale'
for library in "$@"; do
  # NVRTC before 12.7 changes the locale of the process, and nvrtc.cpp sets it back.
  found=$(nm -u -A "$library" | grep -E " U (__isoc[0-9]+_)?($forbidden)(_l)?$" |
    grep -v ':nvrtc.cpp.o: *U setlocale$' || true)
  if [ -n "$found" ]; then
    echo "these ask the locale; use std::from_chars, std::to_chars or fmt::format:"
    echo "$found"
    exit 1
  fi
  count=$(nm -u "$library" | grep -c ' U ' || true)
  [ "$count" -gt 0 ] || { echo "$library has no symbols to look at"; exit 1; }
  echo "$library: none of $count symbols from outside asks the locale"
done
