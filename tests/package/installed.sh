#!/usr/bin/env bash
# installed.sh build-directory: installs the build to a new prefix, and builds the consumer against
# the installed package twice: with sinter::sinter alone, where LLVM and fmt are hidden, and with
# every component. Both link every function that a public header declares: see declared.py.
set -euo pipefail
build=$1
source=$(cd "$(dirname "$0")" && pwd)
work=build/package
rm -rf "$work"
mkdir -p "$work"
prefix=$(cd "$work" && pwd)/prefix

cmake --install "$build" --prefix "$prefix"
for room in ir codegen runtime bench; do
  mkdir -p "$work/declared"
  python3 "$source/declared.py" "$prefix/include" $room >"$work/declared/$room.cpp"
done
consume() {
  local name=$1
  shift
  cmake -S "$source" -B "$work/$name" -G Ninja -DCMAKE_CXX_COMPILER=g++ \
    -DCMAKE_PREFIX_PATH="$prefix" -DCONSUMER_DECLARED="$PWD/$work/declared" "$@"
  cmake --build "$work/$name"
  "$work/$name/first_program"
  for program in "$work/$name"/declared_*; do "$program"; done
}
consume plain -DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON
consume components -DCONSUMER_COMPONENTS=ON
"$work/components/rooms"
"$work/components/measure"

if command -v pkg-config >/dev/null; then
  echo "pkg-config"
  PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name sinter.pc)")
  export PKG_CONFIG_PATH
  read -ra flags <<<"$(pkg-config --cflags --libs sinter)"
  g++ "$source/../../examples/first_program.cpp" "${flags[@]}" -o "$work/with_pkg_config"
  LD_LIBRARY_PATH="$(pkg-config --variable=libdir sinter)" "$work/with_pkg_config"
fi
