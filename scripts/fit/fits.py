"""The fitted tables: what each approximates, where, and in which sense."""

from collections.abc import Callable
from dataclasses import dataclass

from closed import ACT, ERROR, EXP, LOG, POWERS, TRIG
from minimax import Function, Problem
from mpmath import mp, mpf


@dataclass(frozen=True)
class Lawson:
    """How a table that is generated exactly was fitted, before each rounding."""

    points: int
    iterations: int


@dataclass(frozen=True)
class Fit:
    """Coefficients of p, ascending, for target(x) near p(x) where low <= x <= high.

    The error of interest is weight(x) (target(x) - p(x)): weight is what makes of p the error of
    the function that the table belongs to.
    """

    function: str  # the group that --print asks for
    file: str
    name: str
    bits: int  # 24 for f32, 53 for f64
    count: int
    target: Function
    weight: Function
    low: Callable[[], mpf]
    high: Callable[[], mpf]
    exact: Lawson | None = (
        None  # the method that gives the table bit by bit; else records.py
    )
    fixed: tuple[float, ...] = ()  # leading coefficients that were not fitted

    def problem(self) -> Problem:
        return Problem(self.target, self.weight, self.low(), self.high(), self.count)

    def generated(self) -> list[float]:
        """The table that the method gives: the committed one if `exact`."""
        problem = self.problem()
        if self.exact is None:
            return problem.table(
                self.bits, list(self.fixed), lambda done: problem.minimax(done)[0]
            )
        points, iterations = self.exact.points, self.exact.iterations
        return problem.table(
            self.bits,
            list(self.fixed),
            lambda done: problem.lawson(done, points, iterations),
        )


def taylor(whole: Function, terms: Callable[[int], mpf], radius: str) -> Function:
    """`whole`, and near 0, where that cancels, the sum of terms(k) x^k."""

    def function(x: mpf) -> mpf:
        if abs(x) > mpf(radius):
            return whole(x)
        return sum(terms(k) * x**k for k in range(8))

    return function


def even(function: Function, at_0: mpf | int) -> Function:
    """A function of z = x^2 from one of x."""
    return lambda z: function(mp.sqrt(z)) if z else mpf(at_0)


def half_ln2() -> mpf:
    return mp.log(2) / 2


def minus_half_ln2() -> mpf:
    return -mp.log(2) / 2


def number(x: str | float) -> Callable[[], mpf]:
    return lambda: mpf(x)


# e^r = 1 + r + r^2 q(r).
exp_q = taylor(
    lambda r: (mp.exp(r) - 1 - r) / r**2, lambda k: 1 / mp.factorial(k + 2), "1e-6"
)


def exp_weight(r: mpf) -> mpf:
    return r * r / mp.exp(r)


# 2^f = 1 + f p(f).
exp2_p = taylor(
    lambda f: mp.expm1(f * mp.log(2)) / f,
    lambda k: mp.log(2) ** (k + 1) / mp.factorial(k + 1),
    "1e-6",
)


def exp2_weight(f: mpf) -> mpf:
    return abs(f) / mpf(2) ** f


# log(1 + f) = f + f^2 (-1/2 + f p(f)).
log_p = taylor(
    lambda f: (mp.log1p(f) - f + f * f / 2) / f**3,
    lambda k: mpf(-1) ** k / (k + 3),
    "1e-5",
)


def log_weight(f: mpf) -> mpf:
    return abs(f**3 / mp.log1p(f)) if f else mpf(0)


# 2 atanh(s) / s - 2 = z p(z), and atanh(s) = s + s^3 (1/3 + z q(z)), with z = s^2.
log_r = even(lambda s: (2 * mp.atanh(s) / s - 2) / s**2, mpf(2) / 3)
log2_q = even(lambda s: (mp.atanh(s) / s - 1 - s**2 / 3) / s**4, mpf(1) / 5)


def root_interval(factor: str) -> Callable[[], mpf]:
    """z for arguments of a logarithm from sqrt(1/2) to sqrt(2)."""
    return lambda: ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf(factor)


# erf(x) = x + x p(x^2); erfc(a) = e^(-a - a p(a)).
erf_p = even(lambda x: mp.erf(x) / x - 1, 2 / mp.sqrt(mp.pi) - 1)
erf_weight = even(lambda x: x / mp.erf(x), mp.sqrt(mp.pi) / 2)


def erf_far_p(a: mpf) -> mpf:
    return -mp.log(mp.erfc(a)) / a - 1


def erf_far_weight(a: mpf) -> mpf:
    return a * mp.erfc(a)


@dataclass(frozen=True)
class Tail:
    """e^(s a^2) erfc(a sqrt s) = (1 + g(u)) / (1 + slope a), with u = 1 - scale / (a + shift)."""

    square: mpf
    slope: str
    shift: str
    scale: str

    def u(self, a: str) -> Callable[[], mpf]:
        return lambda: 1 - mpf(self.scale) / (mpf(a) + mpf(self.shift))

    def g(self, u: mpf) -> mpf:
        a = mpf(self.scale) / (1 - u) - mpf(self.shift)
        scaled = mp.exp(self.square * a * a) * mp.erfc(a * mp.sqrt(self.square))
        return scaled * (1 + mpf(self.slope) * a) - 1


ERFC32 = Tail(mpf(1), "1.28125", "3.25", "4.75")
ERFC64 = Tail(mpf(1), "1.28125", "2.875", "5.03125")
GELU64 = Tail(mpf(1) / 2, "0.9375", "5.5", "9.625")

# sin r = r + r^3 s(r^2), cos r = 1 - r^2 / 2 + r^4 c(r^2), tanh r = r + r^3 p(r^2).
sin_s = even(lambda r: (mp.sin(r) - r) / r**3, mpf(-1) / 6)
cos_c = even(lambda r: (mp.cos(r) - 1 + r * r / 2) / r**4, mpf(1) / 24)
tanh_p = even(lambda r: (mp.tanh(r) - r) / r**3, mpf(-1) / 3)
tanh_weight = even(lambda r: r**3 / mp.tanh(r), 0)


def quarter_turn() -> mpf:
    """z for |r| <= pi / 4, or hardly more."""
    return (mp.pi / 4 * mpf("1.0005")) ** 2


def power(exponent: int) -> Function:
    return lambda x: abs(x) ** exponent


FITS = [
    Fit("exp", EXP, "kQ32", 24, 5, exp_q, exp_weight, minus_half_ln2, half_ln2),
    Fit("exp", EXP, "kQ64", 53, 11, exp_q, exp_weight, minus_half_ln2, half_ln2),
    # From c0 = 1/2 on; the error is that of s e^r, which is over s e^r.
    Fit(
        "expm1",
        EXP,
        "kExpm1Q32",
        24,
        6,
        exp_q,
        exp_weight,
        minus_half_ln2,
        half_ln2,
        fixed=(0.5,),
    ),
    Fit("exp2", EXP, "kExp2P32", 24, 6, exp2_p, exp2_weight, number(-0.5), number(0.5)),
    Fit(
        "exp2", EXP, "kExp2P64", 53, 12, exp2_p, exp2_weight, number(-0.5), number(0.5)
    ),
    Fit(
        "log",
        LOG,
        "kLogP32",
        24,
        8,
        log_p,
        log_weight,
        lambda: mpf(-1) / 3,
        lambda: mpf(1) / 3,
    ),
    Fit(
        "log1p", LOG, "kLog1pP32", 24, 8, log_p, log_weight, number(-0.25), number(0.5)
    ),
    Fit(
        "log",
        LOG,
        "kLogP64",
        53,
        7,
        log_r,
        power(1),
        number(0),
        root_interval("1.0001"),
    ),
    # The error of atanh itself, not over it.
    Fit(
        "pow",
        POWERS,
        "kQ32",
        24,
        4,
        log2_q,
        even(power(5), 0),
        number(0),
        root_interval("1.001"),
        exact=Lawson(60, 15),
    ),
    Fit(
        "pow",
        POWERS,
        "kQ64",
        53,
        9,
        log2_q,
        even(power(5), 0),
        number(0),
        root_interval("1.001"),
    ),
    Fit("erf", ERROR, "kNear32", 24, 7, erf_p, erf_weight, number(0), number(1)),
    Fit(
        "erf",
        ERROR,
        "kNear64",
        53,
        12,
        erf_p,
        even(power(1), 0),
        number(0),
        number(0.84375**2),
    ),
    # The error of erf itself, from a little below where the table begins to serve.
    Fit(
        "erf",
        ERROR,
        "kFar32",
        24,
        6,
        erf_far_p,
        erf_far_weight,
        number(0.875),
        number(4),
        exact=Lawson(150, 30),
    ),
    Fit(
        "erfc",
        ERROR,
        "kErfcG32",
        24,
        10,
        ERFC32.g,
        power(0),
        ERFC32.u("0"),
        ERFC32.u("10.5"),
    ),
    Fit(
        "erfc",
        ERROR,
        "kErfcG64",
        53,
        24,
        ERFC64.g,
        power(0),
        ERFC64.u("0"),
        ERFC64.u("27.4"),
    ),
    Fit(
        "gelu",
        ERROR,
        "kGeluG64",
        53,
        24,
        GELU64.g,
        power(0),
        GELU64.u("0"),
        GELU64.u("38.75"),
    ),
    # f32 computes in f64: coefficients of f64, and fewer of them. The error is over r.
    Fit("sin", TRIG, "kSin32", 53, 4, sin_s, power(1), number(0), quarter_turn),
    Fit("sin", TRIG, "kSin64", 53, 6, sin_s, power(1), number(0), quarter_turn),
    Fit("cos", TRIG, "kCos32", 53, 3, cos_c, power(2), number(0), quarter_turn),
    Fit("cos", TRIG, "kCos64", 53, 6, cos_c, power(2), number(0), quarter_turn),
    Fit(
        "tanh",
        ACT,
        "kTanhNear64",
        53,
        13,
        tanh_p,
        tanh_weight,
        number(0),
        number(0.6875**2),
    ),
]
