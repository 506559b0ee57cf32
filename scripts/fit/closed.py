"""Constants with a closed form: parts of ln 2, pi and the like, and bits of bounds."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from minimax import rounded
from mpmath import mp, mpf


@dataclass(frozen=True)
class Closed:
    """The numbers of a definition, or numbers that stand in the body of a function."""

    function: str  # the group that --print asks for
    file: str
    name: str
    numbers: Callable[[], list[float]]
    in_body: bool = False


def parts(x: mpf, *bits: int) -> list[float]:
    """x as a sum of floats: x rounded, what that lacks rounded, and so on."""
    found = []
    for count in bits:
        found.append(rounded(x, count))
        x = x - mpf(found[-1])
    return found


def pairs(
    x: mpf, bits32: tuple[int, int], bits64: tuple[int, int]
) -> list[list[float]]:
    """The high parts in f32 and in f64, and the low parts."""
    return [list(part) for part in zip(parts(x, *bits32), parts(x, *bits64))]


def bits32(x: mpf) -> float:
    return float(struct.unpack("<I", struct.pack("<f", rounded(x, 24)))[0])


def ln2_numbers(bits: int, high: int) -> list[float]:
    """1 / ln 2, ln 2, and ln 2 in a part whose products with n are exact, and the rest."""
    ln2 = mp.log(2)
    return [rounded(1 / ln2, bits), rounded(ln2, bits), *parts(ln2, high, bits)]


def chunks_of_two_over_pi() -> list[float]:
    """48 times 26 bits of 2 / pi."""
    with mp.workprec(26 * 48 + 64):
        digits = int(mp.floor(2 / mp.pi * mpf(2) ** (26 * 48)))
    return [float(digits >> 26 * (47 - i) & 0x3FFFFFF) for i in range(48)]


def root_half_bits() -> list[float]:
    """The upper word of the bits of sqrt(1/2) in f64; the lower word is 0."""
    bits = struct.unpack("<Q", struct.pack("<d", rounded(mp.sqrt(mpf(1) / 2), 53)))[0]
    return [float(bits & ~0xFFFFFFFF)]


# As G. Klambauer and others publish them, to 32 digits: mean 0 and variance 1 are a fixed point.
SELU_SCALE = mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mpf("1.6732632423543772848170429916717")


def selu(constant: mpf, part: int) -> list[float]:
    return pairs(constant, (24, 24), (53, 53))[part]


def gelu_slope() -> mpf:
    return 2 * mp.sqrt(2 / mp.pi)


def inverse_log(part: int, factor: int = 1) -> list[float]:
    return pairs(factor / mp.log(2), (24, 24), (53, 53))[part]


EXP, LOG, POWERS = "exponentials.cpp", "logarithms.cpp", "powers.cpp"
ERROR, TRIG, ACT = "error_functions.cpp", "trigonometric.cpp", "activations.cpp"
GRADIENTS = "gradient*functions.cpp"  # of any folder
COEFFICIENT = mpf("0.044715")

CLOSED = [
    # In f32 21 bits of ln 2 are nearer than 24 need to be: the last three of 24 are 0.
    Closed("exp", EXP, "kF32", lambda: ln2_numbers(24, 24)),
    Closed("exp", EXP, "kF64", lambda: ln2_numbers(53, 42)),
    Closed("log", "logarithm.h", "kRootHalf64", root_half_bits),
    Closed("log", LOG, "log_parts", lambda: [bits32(mpf(2) / 3)], in_body=True),
    Closed("log1p", LOG, "log1p_inside", lambda: [bits32(mpf(3) / 4)], in_body=True),
    Closed("log2", LOG, "kLow32", lambda: inverse_log(1)[:1]),
    Closed("log2", LOG, "kLow64", lambda: inverse_log(1)[1:]),
    Closed("pow", POWERS, "third", lambda: pairs(mpf(1) / 3, (24, 24), (53, 53))[0]),
    Closed(
        "pow", POWERS, "third_low", lambda: pairs(mpf(1) / 3, (24, 24), (53, 53))[1]
    ),
    Closed(
        "pow",
        POWERS,
        "log2_pair",
        lambda: [*inverse_log(0, 2), *inverse_log(1, 2), bits32(mp.sqrt(mpf(1) / 2))],
        in_body=True,
    ),
    Closed("sin", TRIG, "kTwoOverPi", chunks_of_two_over_pi),
    Closed("sin", TRIG, "kHigh", lambda: parts(mp.pi / 2, 53, 53)[:1]),
    Closed("sin", TRIG, "kLow", lambda: parts(mp.pi / 2, 53, 53)[1:]),
    Closed(
        "gelu",
        ERROR,
        "gelu32",
        lambda: [-part for part in parts(mp.log(2), 17, 24)],
        in_body=True,
    ),
    Closed("gelu_tanh", ACT, "one", lambda: pairs(gelu_slope(), (17, 24), (39, 53))[0]),
    Closed(
        "gelu_tanh", ACT, "one_low", lambda: pairs(gelu_slope(), (17, 24), (39, 53))[1]
    ),
    Closed(
        "gelu_tanh",
        ACT,
        "cube",
        lambda: pairs(COEFFICIENT * gelu_slope(), (24, 24), (53, 53))[0],
    ),
    Closed(
        "gelu_tanh",
        ACT,
        "cube_low",
        lambda: pairs(COEFFICIENT * gelu_slope(), (24, 24), (53, 53))[1],
    ),
    Closed("selu", ACT, "scale", lambda: selu(SELU_SCALE, 0)),
    Closed("selu", ACT, "product", lambda: selu(SELU_SCALE * SELU_ALPHA, 0)),
    Closed("selu", ACT, "product_low", lambda: selu(SELU_SCALE * SELU_ALPHA, 1)),
    Closed(
        "selu",
        GRADIENTS,
        "selu",
        lambda: [float(mp.nstr(x, 17)) for x in (SELU_SCALE, SELU_ALPHA)],
        in_body=True,
    ),
]
