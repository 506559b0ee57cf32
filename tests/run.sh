#!/usr/bin/env bash
# Installs missing packages, builds with g++ and clang, and runs all tests and checks. Can be
# repeated, and works offline once the packages are installed. Logs are in build/logs/.
#
#   bash tests/run.sh [--quick | --long] [--no-setup]
#
#   --quick      g++ only, no sanitizers, no package tests: run this before a commit
#   --long       exhaustive: all 2^32 values instead of a sample, an hour of random graphs, and
#                clang's release build in addition to its sanitized builds
#   --no-setup   install no packages: those that scripts/setup.sh lists must already be there
# A step that fails does not end the run, so no -e.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

quick=no
long=
setup=yes
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes ;;
    --long) long=yes ;;
    --no-setup) setup=no ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown argument '$argument'; see --help" >&2; exit 2 ;;
  esac
done
if [ -n "$long" ]; then export SINTER_TEST_LONG=1; fi

logs=build/logs
mkdir -p "$logs"
rm -f "$logs"/*.log
passed=0
failed=0
failures=()
launcher=()

# step name command...: runs the command with its output in a log, prints one line, and shows the
# end of the log if the command fails. Counts each test of ctest, and any other step as one test.
step() {
  local name=$1 log start summary seconds result=ok
  shift
  log=$logs/${name//[^a-zA-Z0-9]/_}.log
  start=$SECONDS
  "$@" >"$log" 2>&1 || result=FAILED
  seconds=$((SECONDS - start))
  summary=$(sed -n 's/.*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$log")
  if [ -n "$summary" ]; then
    failed=$((failed + ${summary% *}))
    passed=$((passed + ${summary#* } - ${summary% *}))
    name="$name (${summary#* } tests)"
  elif [ $result = ok ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
  printf '%-6s %4d s  %s\n' "$result" "$seconds" "$name"
  [ $result = ok ] && return
  failures+=("$log")
  tail -n 60 "$log" | sed 's/^/       | /'
  return 1
}

configure() { cmake --preset "$1" "${launcher[@]}" "${@:2}"; }
build() { cmake --build --preset "$1" "${@:2}"; }

# compiled preset [target...]: configures and builds. Callers stop if it fails.
compiled() {
  step "$1: configure" configure "$1" && step "$1: build, warnings are errors" build "$@"
}

tests() { ctest --preset "$1" -j "$(nproc)" "${@:2}"; }

# Looks for NVRTC, or fetches it, and sets SINTER_NVRTC. Without NVRTC its tests are skipped and say
# why.
find_nvrtc() {
  local folder
  step "NVRTC is here, or fetched" bash tests/nvrtc.sh build/ci-gcc "$@" || return
  folder=$(tail -n 1 "$logs/NVRTC_is_here__or_fetched.log")
  if [ -d "$folder" ]; then export SINTER_NVRTC=$folder; fi
}

# Says whether the tests on a GPU will run, and if not, why.
say_device() {
  local reason
  reason=$(build/ci-gcc/tests/sinter_cuda_test --gtest_filter=OnDevice.RefusesHostMemory 2>&1 |
    sed -n '/Skipped$/{n;p;q}')
  if [ -z "$reason" ]; then
    echo "       the tests on a GPU run on this machine's GPU"
  else
    echo "       the tests on a GPU are skipped: $reason"
  fi
}

test_gcc() {
  compiled ci-gcc || return
  if [ "$setup" = yes ]; then find_nvrtc; else find_nvrtc --no-setup; fi
  step "ci-gcc: every public header compiles alone" \
    build ci-gcc --target all_verify_interface_header_sets
  say_device
  step "ci-gcc: tests" tests ci-gcc
}

# One fixed seed, whose failures are regressions, and one random seed.
test_random_graphs() {
  local program=build/ci-gcc/fuzz/sinter_fuzz seed=$((RANDOM * 32768 + RANDOM))000
  [ -x $program ] || return
  step "12,000 random graphs from seed 1" $program --seed 1 --graphs 12000
  if [ -n "$long" ]; then
    step "an hour of random graphs from seed $seed" $program --seed "$seed" --minutes 60
  else
    step "10,000 random graphs from seed $seed" $program --seed "$seed" --graphs 10000
  fi
}

test_clang() {
  compiled ci-clang || return
  step "ci-clang: tests" tests ci-clang
}

test_packages() {
  step "libsinter.so and its module export only sinter's API" bash tests/package/symbols.sh build/ci-gcc
  step "an installed package builds the first program" bash tests/package/installed.sh build/ci-gcc
  step "a subdirectory builds the first program" bash tests/package/subdirectory.sh
  step "a build without LLVM runs on a GPU's stand-in" bash tests/package/without_llvm.sh build/ci-gcc
}

# Finds different types with the same qualified name (ODR violations). Only the link sees all files.
test_names() {
  step "odr: configure" configure odr && step "odr: no two types have one name" build odr --target sinter
}

test_sanitizers() {
  unset SINTER_TEST_LONG  # code under a sanitizer runs several times slower
  compiled asan-ubsan && step "asan-ubsan: tests" tests asan-ubsan
  compiled tsan --target sinter_runtime_test && step "tsan: tests of the runtime" tests tsan
}

if [ "$setup" = yes ]; then
  bash scripts/setup.sh test || exit 1
fi
# The package builds use the same compiler commands as the first build, so ccache has their objects.
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
fi
step "every planted fault still applies" python3 tests/mutate.py --check
step "coefficients are those of their generator" python3 scripts/fit/fit.py --check
step "the generator finds every changed coefficient" python3 scripts/fit/fit_test.py
test_gcc
if [ "$quick" = no ]; then
  test_random_graphs
  test_packages
  test_names
  if [ -n "$long" ]; then test_clang; fi
  test_sanitizers
fi

echo
for log in ${failures[@]+"${failures[@]}"}; do echo "failed: $log"; done
echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
