#!/usr/bin/env python3
"""Device time of leaky_relu on f16 by PyTorch, and by Triton if installed, relative to sinter's.

  python3 bench/peers/torch_cuda.py --sinter build/release/bench/sinter_cuda_bench [--quick]

bench/cuda.sh runs it. All contestants replay a CUDA graph of 32 calls between events, so that host
time does not count. A round runs sinter in a process of its own and then the others. Ratios are
taken within a round; the median over rounds is printed with the lowest and the highest. If
something is missing, the program says what, and exits with 0.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys

CALLS = 32  # calls captured in one graph, as in DeviceClock::captured
REPLAYS = 4  # replays of the graph in one sample
ROW = "leaky_relu f16, 2^{bits} / {peer}"


def skip(why):
    print(f"skipped PyTorch's rows: {why}")
    sys.exit(0)


def pinned():
    """Returns the line torch==... of requirements-cuda.txt."""
    return (pathlib.Path(__file__).parent / "requirements-cuda.txt").read_text().strip()


def load_torch():
    try:
        import torch
    except ImportError as error:
        skip(f"torch is not installed ({error}): pip install {pinned()}")
    if not torch.cuda.is_available():
        skip(f"torch {torch.__version__} finds no GPU")
    found = "torch==" + torch.__version__.split("+")[0]
    if found != pinned():
        print(f"{found} is installed; these rows are promised against {pinned()}")
    return torch


def load_triton(torch):
    """Returns leaky_relu as a Triton kernel, or None if triton is not installed."""
    try:
        import triton
        import triton.language as tl
    except ImportError as error:
        print(f"skipped Triton's rows: triton is not installed ({error})")
        return None

    @triton.jit
    def kernel(x, y, n, block: tl.constexpr):
        at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
        inside = at < n
        wide = tl.load(x + at, mask=inside).to(tl.float32)
        tl.store(y + at, tl.where(wide > 0, wide, wide * 0.01).to(tl.float16), mask=inside)

    block = 2048
    return lambda x, y: kernel[(triton.cdiv(x.numel(), block),)](x, y, x.numel(), block)


def nanoseconds(torch, call):
    """Returns nanoseconds of device time per call: the median of five samples after a warm-up."""
    call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(CALLS):
            call()
    samples = []
    for _ in range(6):
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(REPLAYS):
            graph.replay()
        end.record()
        end.synchronize()
        samples.append(begin.elapsed_time(end) * 1e6 / (REPLAYS * CALLS))
    return statistics.median(samples[1:])


def sinter_times(program):
    """Returns sinter's nanoseconds per call by log2(elements)."""
    lines = subprocess.run([program, "--leaky-f16"], capture_output=True, text=True, check=True).stdout.splitlines()
    if lines and lines[0].startswith("skipped"):
        skip("sinter_cuda_bench says: " + lines[0])
    return {int(bits): float(time) for bits, time in (line.split() for line in lines)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sinter", required=True, help="sinter_cuda_bench")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    torch = load_torch()
    peers = {"PyTorch": lambda x, y: torch.ops.aten.leaky_relu.out(x, 0.01, out=y)}
    triton = load_triton(torch)
    if triton is not None:
        peers["Triton"] = triton
    ratios = {}
    for _ in range(3 if options.quick else 11):
        for bits, ours in sinter_times(options.sinter).items():
            x = torch.zeros(1 << bits, dtype=torch.float16, device="cuda")
            y = torch.empty_like(x)
            for peer, call in peers.items():
                ratios.setdefault((bits, peer), []).append(nanoseconds(torch, lambda: call(x, y)) / ours)
    for (bits, peer), all_ratios in ratios.items():
        target = "" if peer != "PyTorch" else "1.1" if bits <= 24 else "1.0"
        reached = f"{statistics.median(all_ratios):.3g} ({min(all_ratios):.3g} .. {max(all_ratios):.3g})"
        print(f"| {ROW.format(bits=bits, peer=peer)} | {target} | {reached} |")


if __name__ == "__main__":
    main()
