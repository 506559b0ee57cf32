#!/usr/bin/env bash
# without_llvm.sh build-directory: builds libsinter.so with SINTER_LLVM=OFF and LLVM hidden, checks
# its size, and runs a program with it: on the fake GPU of build-directory's tests, and on the CPU with
# the module of build-directory, because the library is the same with and without LLVM.
set -euo pipefail
fake=$(realpath "$1")/tests/libsinter_fake_cuda.so
module=$(realpath "$1/libsinter-llvm.so")
build=build/without-llvm
source=$(cd "$(dirname "$0")" && pwd)

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake -S . -B $build -G Ninja -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DSINTER_WERROR=ON -DSINTER_LLVM=OFF -DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON "${launcher[@]}"
cmake --build $build
cmake --install $build --prefix $build/prefix

library=$(find $build/prefix -name libsinter.so)
strip -o $build/stripped.so "$library"
bytes=$(stat -c %s $build/stripped.so)
echo "$bytes bytes"
[ "$bytes" -lt 4000000 ]

g++ -std=c++20 "$source/without_llvm.cpp" -I$build/prefix/include -o $build/without_llvm \
  "$library" -Wl,-rpath,"$(dirname "$(realpath "$library")")"
SINTER_LIBCUDA=$fake SINTER_NVRTC=$fake $build/without_llvm
SINTER_LLVM_MODULE=$module $build/without_llvm module

echo '#include <unistd.h>
__attribute__((constructor)) static void wait_a_second() { sleep(1); }' |
  g++ -x c++ -shared -fPIC -o $build/slow.so -
SINTER_LLVM_MODULE=$PWD/$build/slow.so $build/without_llvm fork
