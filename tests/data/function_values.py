#!/usr/bin/env python3
"""Writes function_values.csv: values of mathematical functions where they are special or hard.

Needs mpmath. A row is function, dtype, x, y, rest, and `=` where y is the only right result: 0, inf,
NaN, or a float that the exact value is, or is next to as no other. Elsewhere the exact value is
y + rest.
"""
import math
import random
import struct
import sys

import mpmath as mp

mp.mp.prec = 2400  # 2^1024 beside a fraction of 2^-1074
INF, NAN = math.inf, math.nan
FORMATS = {"f32": (24, -149, 128, "<f", "<I"), "f64": (53, -1074, 1024, "<d", "<Q")}


def from_bits(dtype, bits):
    return struct.unpack(FORMATS[dtype][3], struct.pack(FORMATS[dtype][4], bits))[0]


def to_bits(dtype, x):
    return struct.unpack(FORMATS[dtype][4], struct.pack(FORMATS[dtype][3], x))[0]


def rounded(dtype, v):
    """The float nearest to the mpf v, and v less that float."""
    digits, lowest, highest, *_ = FORMATS[dtype]
    if v == 0:
        return 0.0, mp.mpf(0)
    exponent = max(mp.frexp(v)[1] - digits, lowest)
    whole = int(mp.nint(mp.ldexp(v, -exponent)))
    if abs(whole) * mp.mpf(2) ** exponent >= mp.mpf(2) ** highest:
        return math.copysign(INF, v), mp.mpf(0)
    y = math.ldexp(whole, exponent)
    return y, v - mp.ldexp(whole, exponent)


def logistic(x):
    return 1 / (1 + mp.exp(-x))


ALPHA, SCALE = mp.mpf("1.6732632423543772848170429916717"), mp.mpf("1.0507009873554804934193349852946")
ROOT = mp.sqrt(2 / mp.pi)
FUNCTIONS = {
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x, 2),
    "log1p": mp.log1p,
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "sin": mp.sin,
    "cos": mp.cos,
    "sigmoid": logistic,
    "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "tanh": mp.tanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "gelu": lambda x: x / 2 * mp.erfc(-x / mp.sqrt(2)),
    "gelu_tanh": lambda x: x * logistic(2 * ROOT * (x + mp.mpf("0.044715") * x**3)),
    "silu": lambda x: x * logistic(x),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "celu": lambda x: x if x > 0 else mp.expm1(x),
    "selu": lambda x: SCALE * x if x > 0 else SCALE * ALPHA * mp.expm1(x),
}
GATED = ("gelu", "gelu_tanh", "silu", "mish")
# At -inf, -0, +0 and inf.
SPECIAL = {
    "exp": (0.0, 1.0, 1.0, INF), "exp2": (0.0, 1.0, 1.0, INF), "expm1": (-1.0, -0.0, 0.0, INF),
    "log": (NAN, -INF, -INF, INF), "log2": (NAN, -INF, -INF, INF), "log1p": (NAN, -0.0, 0.0, INF),
    "rsqrt": (NAN, -INF, INF, 0.0), "sin": (NAN, -0.0, 0.0, NAN), "cos": (NAN, 1.0, 1.0, NAN),
    "sigmoid": (0.0, 0.5, 0.5, 1.0), "logsigmoid": (-INF, None, None, -0.0),
    "tanh": (-1.0, -0.0, 0.0, 1.0), "erf": (-1.0, -0.0, 0.0, 1.0), "erfc": (2.0, 1.0, 1.0, 0.0),
    "softplus": (0.0, None, None, INF), "elu": (-1.0, -0.0, 0.0, INF), "celu": (-1.0, -0.0, 0.0, INF),
    "selu": (None, -0.0, 0.0, INF), **{name: (-0.0, -0.0, 0.0, INF) for name in GATED},
}


def value(name, x):
    """The exact value at a finite x, or None where there is none."""
    v = mp.mpf(x)
    if name in ("log", "log2", "rsqrt") and v <= 0 or name == "log1p" and v <= -1:
        return None
    extreme = 40000
    if v < -extreme and name in ("exp", "exp2", "sigmoid", "softplus", *GATED) or v > extreme and name == "erfc":
        return mp.mpf(0)
    if abs(v) > extreme and name in ("tanh", "erf"):
        return mp.sign(v)
    if v > extreme and name in ("exp", "exp2", "expm1"):
        return mp.mpf(2) ** 5000
    if v > extreme and name in ("softplus", *GATED):
        return v
    if v > extreme and name == "sigmoid":
        return mp.mpf(1)
    if v > extreme and name == "logsigmoid":
        return -mp.mpf(2) ** -5000
    if v < -extreme and name in ("expm1", "elu", "celu", "selu"):
        return -SCALE * ALPHA if name == "selu" else mp.mpf(-1)
    if v < -extreme and name in ("logsigmoid", "erfc"):
        return v if name == "logsigmoid" else mp.mpf(2)
    return FUNCTIONS[name](v)


def row(name, dtype, x):
    v = value(name, x)
    if v is None:
        pole = x == 0 or name == "log1p" and x == -1
        return f"{name},{dtype},{x.hex()},{'-inf' if pole else 'nan'},0x0p+0,="
    y, rest = rounded(dtype, v)
    if y == 0 and (v < 0 or name == "logsigmoid" or name in GATED and x < 0):
        y = -0.0
    bits = to_bits(dtype, abs(y))
    unit = mp.ldexp(1, FORMATS[dtype][1]) if y == 0 or math.isinf(y) else from_bits(dtype, bits | 1) - from_bits(dtype, bits & ~1)
    only = abs(rest) < unit / 2**20 and (name != "rsqrt" or rest == 0)  # that is rounded twice
    if math.isinf(y):
        only = abs(v) > mp.mpf(2) ** FORMATS[dtype][2]
    return f"{name},{dtype},{x.hex()},{y.hex()},{float(rest).hex()},{'=' if only else '~'}"


def crossings(name, dtype):
    """Neighbouring floats between which the value leaves the range of normal or of all floats."""
    digits, lowest, highest, *_ = FORMATS[dtype]
    for level in (mp.mpf(2) ** (lowest - 1), mp.mpf(2) ** (lowest + digits - 1), mp.mpf(2) ** highest):
        for sign in (1, -1):
            inside = lambda bits: abs(value(name, sign * from_bits(dtype, bits))) >= level
            low, high = to_bits(dtype, 2.0), to_bits(dtype, 30000.0)
            if value(name, -1.0) is None or inside(low) == inside(high):
                continue
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if inside(middle) == inside(low) else (low, middle)
            for bits in range(low - 1, high + 2):
                yield sign * from_bits(dtype, bits)


def near_quarter_turns():
    """f64 that are nearest to multiples of pi / 2: for every exponent, by continued fractions."""
    mp.mp.prec = 2400
    for exponent in range(0, 971, 61):
        alpha = mp.ldexp(2 / mp.pi, exponent)
        alpha -= mp.floor(alpha)
        h, k = (0, 1), (1, 0)
        rest = alpha
        while k[0] < 2**52 or k[0] == 0:
            digit = int(mp.floor(1 / rest)) if k[0] else 0
            if k[0]:
                rest = 1 / rest - digit
            previous = k
            k = (digit * k[0] + k[1], k[0]) if k[0] else (1, 0)
            if k[0] >= 2**53:
                k = previous
                break
        yield math.ldexp(k[0], exponent)
    yield math.ldexp(6381956970095103, 797)


def points(name, dtype):
    digits, lowest, highest, *_ = FORMATS[dtype]
    tiny, least = math.ldexp(1, lowest), math.ldexp(1, lowest + digits - 1)
    most = math.ldexp(2 - math.ldexp(1, 1 - digits), highest - 1)
    step = math.ldexp(1, -digits)
    for magnitude in (tiny, 3 * tiny, least - tiny, least, math.ldexp(1, -digits), 1 - step, 1.0, 1 + 2 * step, most):
        yield magnitude
        yield -magnitude
    yield from crossings(name, dtype)
    if name in ("sin", "cos") and dtype == "f64":
        yield from near_quarter_turns()
    rng = random.Random(name + dtype)
    for _ in range(20 if dtype == "f64" else 0):
        x = math.ldexp(rng.uniform(1, 2), rng.randint(-8, 5)) * rng.choice((1, -1))
        yield x


def main():
    print("# Made by function_values.py; do not edit.")
    print("function,dtype,x,y,rest,only")
    for name, special in SPECIAL.items():
        for dtype in FORMATS:
            for x, y in zip((-INF, -0.0, 0.0, INF), special):
                if y is not None:
                    print(f"{name},{dtype},{float(x).hex()},{float(y).hex()},0x0p+0,=")
            print(f"{name},{dtype},nan,nan,0x0p+0,=")
            seen = set()
            for x in points(name, dtype):
                if x not in seen:
                    seen.add(x)
                    print(row(name, dtype, x))


main()
