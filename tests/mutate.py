#!/usr/bin/env python3
"""Plants faults in schedule, emitter and passes, one at a time, and shows which test finds each.

  python3 tests/mutate.py [name ...]

Works on a copy of the tracked files under build/mutants; the tree itself is not touched. Golden
files are left out of it: a fault must change a result. Exits with 1 when a fault is not found, or
when the text that it replaces is gone.
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build/mutants/tree"
BUILD = ROOT / "build/mutants/build"

# name, file, text, what replaces it
FAULTS = [
    ("max form at slope 2", "ir/expand.cpp", "slope > 0 && slope <= 1", "slope > 0"),
    ("max form at slope 0", "ir/expand.cpp", "slope > 0 && slope <= 1", "slope >= 0 && slope <= 1"),
    ("tail mask off by one", "codegen/llvm_emitter.cpp", "CreateICmpULT(detail::lane_numbers",
     "CreateICmpULE(detail::lane_numbers"),
    ("swapped operands of max", "ir/composites.cpp", "scaled.greater(x).select(scaled, x)",
     "scaled.greater(x).select(x, scaled)"),
    ("stale scalar", "runtime/lower.cpp", "values.push_back(program[parameter])",
     "values.push_back(program[0])"),
    ("wrong splat: every vector is the first", "codegen/llvm_emitter.cpp",
     "return binding.vectors[copy];", "return binding.vectors[0];"),
    ("row offset by the stride of another axis", "codegen/schedule_cpu.cpp",
     "stride(argument, axis++)", "stride(argument, axis)"),
    ("main loop runs one step too far", "codegen/schedule_cpu.cpp",
     "indices_.round_down(indices_.sub(to, from), step));\n}\n\n/// The same",
     "indices_.add(indices_.round_down(indices_.sub(to, from), step), "
     "indices_.constant(step)));\n}\n\n/// The same"),
    ("carry of row counters missed", "codegen/llvm_emitter.cpp",
     "CreateICmpEQ(next[i], frame_.index", "CreateICmpSGT(next[i], frame_.index"),
    ("max that drops NaN", "codegen/llvm_ops.cpp", "id::maximum", "id::maxnum"),
    ("not_equal that is ordered", "codegen/llvm_ops.cpp", "CreateFCmpUNE(x[0], x[1])",
     "CreateFCmpONE(x[0], x[1])"),
    ("round half away from zero", "codegen/llvm_ops.cpp", "id::roundeven", "id::round"),
    ("streaming without the alignment test", "codegen/schedule_cpu.cpp",
     "count = indices_.mul(count, indices_.aligned(argument, here, vector_bytes(i)));",
     "static_cast<void>(here);"),
    ("axes merged that do not join", "codegen/collapse.cpp",
     "std::ranges::equal(outer.strides, inner.strides,",
     "!outer.strides.empty() || std::ranges::equal(outer.strides, inner.strides,"),
]

# Where the fault may be found, in this order, and how far each is asked to look.
TESTS = [
    ("fuzz/sinter_fuzz", ["--seed", "1", "--graphs", "1500", "--no-shrink"]),
    ("tests/sinter_property_test", []),
    ("tests/sinter_codegen_test", ["--gtest_filter=-*Golden*:*Text*:*Prints*"]),
    ("tests/sinter_runtime_test", []),
    ("tests/sinter_ir_test", ["--gtest_filter=-*Golden*"]),
]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)


def copy_tree():
    COPY.mkdir(parents=True, exist_ok=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE).stdout
    for name in filter(None, files.split(b"\0")):
        source, target = ROOT / os.fsdecode(name), COPY / os.fsdecode(name)
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())


def configure():
    command = ["cmake", "-S", COPY, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
               "-DSINTER_BENCH=OFF", "-DSINTER_BENCHMARKS=OFF", "-DSINTER_EXAMPLES=OFF"]
    result = run(command)
    if result.returncode != 0:
        sys.exit(result.stdout)


def build():
    result = run(["ninja", "-C", BUILD, f"-j{os.cpu_count()}"] + [test for test, _ in TESTS])
    if result.returncode != 0:
        sys.exit(result.stdout[-4000:])


def find():
    """The first test that fails, or None."""
    environment = dict(os.environ, GTEST_FAIL_FAST="1")
    for program, arguments in TESTS:
        try:
            result = run([BUILD / program, *arguments], env=environment, timeout=600)
        except subprocess.TimeoutExpired:
            return f"{program}: does not end"
        if result.returncode == 0:
            continue
        if program.startswith("fuzz/"):
            graphs = [line for line in result.stdout.splitlines() if line.endswith(" graphs")]
            return f"sinter_fuzz, after {(graphs or ['0 graphs'])[-1]}"
        running = [line for line in result.stdout.splitlines() if line.startswith("[ RUN ")]
        failed = [line for line in result.stdout.splitlines() if line.startswith("[  FAILED  ]")]
        line = (failed or running or [""])[0 if failed else -1]
        crash = "" if failed else " (it crashes)"
        return f"{line.split(']')[-1].split('(')[0].strip()}{crash}"
    return None


def main():
    wanted = sys.argv[1:]
    copy_tree()
    configure()
    build()
    if found := find():
        sys.exit(f"{found} fails without any fault")
    lost = 0
    for name, file, text, fault in FAULTS:
        if wanted and name not in wanted:
            continue
        path = COPY / file
        original = path.read_text()
        if original.count(text) != 1:
            print(f"GONE    {name}: its text stands {original.count(text)} times in {file}")
            lost += 1
            continue
        path.write_text(original.replace(text, fault))
        try:
            build()
            found = find()
        finally:
            path.write_text(original)
        lost += found is None
        print(f"{'found ' if found else 'MISSED'}  {name}: {found or 'by no test'}", flush=True)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
