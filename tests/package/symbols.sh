#!/usr/bin/env bash
# symbols.sh libsinter.so: checks that every symbol that the library exports is in namespace sinter.
set -euo pipefail
library=$1
exported=$(nm -D --defined-only -C "$library" | sed 's/^[0-9a-f]* *. //')
foreign=$(grep -vE '^((typeinfo|typeinfo name|vtable|VTT) for )?sinter::' <<<"$exported" || true)
if [ -n "$foreign" ]; then
  echo "$library exports symbols that are not sinter's:"
  echo "$foreign"
  exit 1
fi
count=$(wc -l <<<"$exported")
echo "$library exports $count symbols, all sinter's"
grep -q '^sinter::Engine::compile' <<<"$exported" || { echo "Engine::compile is not exported"; exit 1; }
