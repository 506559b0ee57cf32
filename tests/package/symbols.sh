#!/usr/bin/env bash
# symbols.sh build-directory: checks that every symbol that libsinter.so and its module export is in
# namespace sinter, but for the module's entry, and that only the module needs LLVM.
set -euo pipefail
build=$1

# check library function: the library exports sinter's symbols alone, among them the function.
check() {
  local exported foreign
  exported=$(nm -D --defined-only -C "$build/$1" | sed 's/^[0-9a-f]* *. //')
  foreign=$(grep -vE '^(((typeinfo|typeinfo name|vtable|VTT) for )?sinter::|sinter_llvm_compiler$)' \
    <<<"$exported" || true)
  if [ -n "$foreign" ]; then
    echo "$1 exports symbols that are not sinter's:"
    echo "$foreign"
    exit 1
  fi
  echo "$1 exports $(wc -l <<<"$exported") symbols, all sinter's"
  grep -q "^$2" <<<"$exported" || { echo "$1 does not export $2"; exit 1; }
}
check libsinter.so sinter::Engine::compile
check libsinter-llvm.so sinter::emit_llvm
check libsinter-llvm.so sinter_llvm_compiler
if objdump -p "$build/libsinter.so" | grep NEEDED | grep LLVM; then
  echo "libsinter.so needs LLVM; only its module may"
  exit 1
fi
