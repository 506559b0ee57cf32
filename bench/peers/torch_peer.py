#!/usr/bin/env python3
"""Times PyTorch eager and sinter alternately. torch.sh builds what this needs and runs it.

A round runs sinter and then PyTorch. Ratios are taken within a round; the median over rounds is
printed with the 10th and 90th percentile (of fewer than ten rounds, the lowest and the highest).
Training steps are timed one by one, without the time to gather their batch; the median step of a
round counts, on both sides.
"""
import argparse
import re
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F

BATCH, PIXELS, HIDDEN, DIGITS = 64, 64, 128, 10
TEST_EVERY = 5
EPOCHS = 3  # epochs of a round; enough for both sides to reach a steady step time

ACTIVATIONS = {
    "leaky_relu 0.01": lambda x, slope: F.leaky_relu(x, 0.01),
    "relu": lambda x, slope: F.relu(x),
    "elu": lambda x, slope: F.elu(x),
    "prelu": lambda x, slope: F.prelu(x, slope),
    "gelu": lambda x, slope: F.gelu(x),
}


def read_digits(path):
    rows = [[int(field) for field in line.split(",")] for line in open(path)]
    rows = [row for i, row in enumerate(rows) if i % TEST_EVERY != 0]
    pixels = torch.tensor([row[:PIXELS] for row in rows], dtype=torch.float32) / 16
    return pixels, torch.tensor([row[PIXELS] for row in rows])


class Network:
    """The network of examples/network.h: uniform weights, zero biases, a learned slope of 0.25."""

    def __init__(self, activation):
        def uniform(rows, columns):
            bound = (6 / rows) ** 0.5
            return ((torch.rand(rows, columns) * 2 - 1) * bound).requires_grad_()

        self.activation = ACTIVATIONS[activation]
        self.w1, self.b1 = uniform(PIXELS, HIDDEN), torch.zeros(HIDDEN, requires_grad=True)
        self.w2, self.b2 = uniform(HIDDEN, DIGITS), torch.zeros(DIGITS, requires_grad=True)
        self.slope = torch.tensor([0.25], requires_grad=activation == "prelu")
        self.weights = [w for w in (self.w1, self.b1, self.slope, self.w2, self.b2) if w.requires_grad]

    def loss(self, x, labels):
        hidden = self.activation(torch.addmm(self.b1, x, self.w1), self.slope)
        return F.cross_entropy(torch.addmm(self.b2, hidden, self.w2), labels)


def step_microseconds(activation, pixels, labels, fused):
    """Returns the median time of a step in microseconds."""
    network = Network(activation)
    adam = torch.optim.Adam(network.weights, lr=0.003, fused=fused)
    times = []
    for _ in range(EPOCHS):
        order = torch.randperm(len(labels))
        for first in range(0, len(labels) - BATCH + 1, BATCH):
            batch = order[first : first + BATCH]
            x, y = pixels[batch], labels[batch]
            start = time.perf_counter()
            adam.zero_grad(set_to_none=True)
            network.loss(x, y).backward()
            adam.step()
            times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def bytes_kept(activation, pixels, labels):
    """Returns the bytes that autograd saves for backward, without weights and the batch."""
    network = Network(activation)
    x, y = pixels[:BATCH].clone(), labels[:BATCH].clone()
    storage = lambda tensor: tensor.untyped_storage().data_ptr()
    held = {storage(tensor) for tensor in [x, y, network.slope, *network.weights]}
    kept = {}

    def pack(tensor):
        if storage(tensor) not in held:
            kept[storage(tensor)] = (tensor, tensor.untyped_storage().nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = network.loss(x, y)
    loss.backward()
    return sum(size for _, size in kept.values())


def sinter_rows(train):
    """Returns the step in microseconds and the bytes kept of each activation, by train_digits."""
    table = subprocess.run([train, "--threads", "1"], check=True, capture_output=True, text=True).stdout
    rows = {}
    for line in table.splitlines():
        found = re.match(r"(\S+(?: [\d.]+)?) +[\d.]+ % +\d+ +[\d.]+ % +(\d+) +\d+ +(\d+) ", line)
        if found:
            rows[found[1]] = (float(found[2]), int(found[3]))
    return rows


def softmax_nanoseconds(x):
    """Returns the median of five samples of a millisecond each, as sinter_peer does."""
    samples = []
    for _ in range(5):
        torch.softmax(x, -1)
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < 1e-3:
            torch.softmax(x, -1)
            count += 1
        samples.append(spent * 1e9 / count)
    return statistics.median(samples)


class SinterPeer:
    """A running sinter_peer, which times the workload of each line that it is sent."""

    def __init__(self, program):
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def nanoseconds(self, workload):
        self.child.stdin.write(workload + "\n")
        self.child.stdin.flush()
        return float(self.child.stdout.readline())


def spread(values):
    """Formats the median with the 10th and 90th percentile."""
    ordered = sorted(values)
    low, high = ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]
    return f"{statistics.median(ordered):.3g} ({low:.3g} .. {high:.3g})"


def print_softmax(peer, rounds):
    x = torch.rand(256, 1024) * 6 - 3
    ours, theirs, ratios = [], [], []
    for _ in range(rounds * 10):
        ours.append(peer.nanoseconds("softmax 256 1024"))
        theirs.append(softmax_nanoseconds(x))
        ratios.append(theirs[-1] / ours[-1])
    print(f"softmax of [256, 1024]: {statistics.median(ours) / 1000:.0f} us, torch "
          f"{statistics.median(theirs) / 1000:.0f} us: {spread(ratios)} times as fast (at least 2)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--digits", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    print(f"torch {torch.__version__}, one thread, {options.rounds} rounds")
    print_softmax(SinterPeer(options.peer), options.rounds)

    pixels, labels = read_digits(options.digits)
    kept = {name: bytes_kept(name, pixels, labels) for name in ACTIVATIONS}
    rounds = []
    for _ in range(options.rounds):
        ours = sinter_rows(options.train)
        theirs = {name: [step_microseconds(name, pixels, labels, fused) for fused in (False, True)]
                  for name in ACTIVATIONS}
        rounds.append((ours, theirs))
    print("a training step of 64-128-10, batches of 64, in us; torch's faster Adam counts (at least 4 times);\n"
          "bytes kept for backward, without weights and the batch (at most 0.5)")
    print(f"{'activation':<16} {'sinter':>8} {'torch':>8} {'fused Adam':>11}  {'times as fast':<22}"
          f" {'kept':>7} {'torch':>7} {'of it':>6}")
    for name in ACTIVATIONS:
        step = [ours[name][0] for ours, _ in rounds]
        plain, fused = ([theirs[name][i] for _, theirs in rounds] for i in (0, 1))
        ratios = [min(pair) / own for own, *pair in zip(step, plain, fused)]
        own_bytes = rounds[0][0][name][1]
        print(f"{name:<16} {statistics.median(step):>8.0f} {statistics.median(plain):>8.0f}"
              f" {statistics.median(fused):>11.0f}  {spread(ratios):<22} {own_bytes:>7} {kept[name]:>7}"
              f" {own_bytes / kept[name]:>6.2f}")


if __name__ == "__main__":
    main()
