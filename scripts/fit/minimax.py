"""Polynomials of least largest weighted error, and of coefficients rounded to floats.

Everything is computed with DIGITS decimal digits; only the functions themselves come from mpmath.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal, getcontext, localcontext
from itertools import pairwise

import mpmath
from mpmath import mp, mpf

DIGITS = 50
mp.prec = 180
getcontext().prec = DIGITS

Function = Callable[[mpf], mpf]
Point = tuple[Decimal, Decimal]  # an argument and the error there


def decimal(x: mpf | float) -> Decimal:
    sign, mantissa, exponent, _ = mpf(x)._mpf_
    value = Decimal(int(mantissa)) * Decimal(2) ** exponent
    return -value if sign else value


def binary(x: Decimal) -> mpf:
    return mpf(str(x))


def rounded(x: mpf | Decimal, bits: int) -> float:
    """x to the nearest number of `bits` significant bits."""
    value = binary(x) if isinstance(x, Decimal) else mpf(x)
    mantissa, exponent = mpmath.frexp(value)
    return float(
        mpmath.ldexp(mpmath.nint(mpmath.ldexp(mantissa, bits)), exponent - bits)
    )


def solve(rows: list[list[Decimal]], right: list[Decimal]) -> list[Decimal]:
    """Gauss, with the largest pivot of each column."""
    size = len(rows)
    a = [[*row, value] for row, value in zip(rows, right)]
    for k in range(size):
        pivot = max(range(k, size), key=lambda i: abs(a[i][k]))
        a[k], a[pivot] = a[pivot], a[k]
        inverse = 1 / a[k][k]
        for i in range(k + 1, size):
            if factor := a[i][k] * inverse:
                a[i] = [x - factor * y for x, y in zip(a[i], a[k])]
    x = [Decimal(0)] * size
    for k in reversed(range(size)):
        x[k] = (a[k][size] - sum(a[k][j] * x[j] for j in range(k + 1, size))) / a[k][k]
    return x


class Problem:
    """The error weight(x) (target(x) - p(x)) on [low, high], for polynomials p.

    The weight may be 0 at single points; the target need not be defined there.
    """

    def __init__(
        self, target: Function, weight: Function, low: mpf, high: mpf, count: int
    ):
        self.target, self.weight, self.count = target, weight, count
        self.low, self.high = decimal(low), decimal(high)
        self.values: dict[Decimal, tuple[Decimal, Decimal]] = {}
        intervals = 10 * (count + 2)
        self.grid = [
            self._at(-mp.cos(mp.pi * i / intervals)) for i in range(intervals + 1)
        ]

    def _at(self, position: mpf) -> Decimal:
        """The argument at a position in [-1, 1]."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return middle + half * decimal(position)

    def value(self, x: Decimal) -> tuple[Decimal, Decimal]:
        if x not in self.values:
            at = binary(x)
            weight = self.weight(at)
            target = self.target(at) if weight else mpf(0)
            self.values[x] = decimal(target), decimal(weight)
        return self.values[x]

    def error(self, x: Decimal, coefficients: list[Decimal]) -> Decimal:
        target, weight = self.value(x)
        p = Decimal(0)
        for coefficient in reversed(coefficients):
            p = p * x + coefficient
        return weight * (target - p)

    def row(self, x: Decimal, free: list[int]) -> list[Decimal]:
        weight = self.value(x)[1]
        return [weight * x**k if k else weight for k in free]

    def peaks(self, coefficients: list[Decimal]) -> list[Point]:
        """The local extremes of the error."""
        grid = self.grid
        errors = [self.error(x, coefficients) for x in grid]
        found = []
        for i, error in enumerate(errors):
            sign = 1 if error > 0 else -1
            left = i == 0 or sign * errors[i - 1] <= abs(error)
            right = i == len(grid) - 1 or sign * errors[i + 1] <= abs(error)
            if not error or not left or not right:
                continue
            if 0 < i < len(grid) - 1:
                near = [(grid[j], errors[j]) for j in (i - 1, i, i + 1)]
                found.append(self._refined(near, sign, coefficients))
            else:
                found.append((grid[i], error))
        return found

    def _refined(
        self, near: list[Point], sign: int, coefficients: list[Decimal]
    ) -> Point:
        """The top of a peak among three points, by parabolas."""
        (x0, e0), (x1, e1), (x2, e2) = near
        for _ in range(5):
            slope = (e1 - e0) / (x1 - x0)
            bend = ((e2 - e1) / (x2 - x1) - slope) / (x2 - x0)
            if not bend:
                break
            x = (x0 + x1) / 2 - slope / (2 * bend)
            if not x0 < x < x2 or abs(x - x1) < Decimal("1e-7") * (x2 - x0):
                break
            e = self.error(x, coefficients)
            higher = sign * e >= sign * e1
            if x > x1:
                x0, e0, x1, e1, x2, e2 = (
                    (x1, e1, x, e, x2, e2) if higher else (x0, e0, x1, e1, x, e)
                )
            else:
                x0, e0, x1, e1, x2, e2 = (
                    (x0, e0, x, e, x1, e1) if higher else (x, e, x1, e1, x2, e2)
                )
        return x1, e1

    def largest_error(self, coefficients: Iterable[float]) -> Decimal:
        exact = [decimal(c) for c in coefficients]
        return max(abs(error) for _, error in self.peaks(exact))

    # --- Least largest error ---------------------------------------------------------------------

    def minimax(
        self, fixed: list[float], tolerance: str = "1e-7"
    ) -> tuple[list[Decimal], Decimal]:
        """The best coefficients that begin with `fixed`, and their largest error.

        Stiefel's exchange: as long as signs alternate all points of the reference at once (Remez),
        else the one with the largest error, by the ratio test of linear programming. With fixed
        coefficients and an interval around 0 signs need not alternate.
        """
        free = list(range(len(fixed), self.count))
        known = [decimal(c) for c in fixed] + [Decimal(0)] * len(free)
        size = len(free) + 1
        # Not quite the zeros of a Chebyshev polynomial: none of them is 0.
        positions = (
            -mp.cos(mp.pi * (2 * i + mpf("1.07")) / (2 * size)) for i in range(size)
        )
        reference = [self._at(position) for position in positions]
        last, together = Decimal(-1), True
        for _ in range(400):
            rows = [self.row(x, free) for x in reference]
            errors = [self.error(x, known) for x in reference]
            level, signs, weights, solution = self._levelled(rows, errors)
            coefficients = known[: len(fixed)] + solution
            # Where no coefficient changes anything, nothing can be asked of them.
            peaks = [
                peak
                for peak in self.peaks(coefficients)
                if any(self.row(peak[0], free))
            ]
            x, error = max(peaks, key=lambda peak: abs(peak[1]))
            if abs(error) - level <= Decimal(tolerance) * abs(error):
                break
            together = together and level > last
            last = level
            if together:
                alternating = self._alternating(peaks, size)
                order = sorted(range(size), key=lambda i: reference[i])
                together = len(alternating) == size and all(
                    signs[a] != signs[b] for a, b in pairwise(order)
                )
            if together:
                reference = alternating
            else:
                leaving = self._leaving(rows, signs, weights, self.row(x, free), error)
                reference[leaving] = x
        return coefficients, max(abs(error) for _, error in peaks)

    @staticmethod
    def _levelled(
        rows: list[list[Decimal]], errors: list[Decimal]
    ) -> tuple[Decimal, list[int], list[Decimal], list[Decimal]]:
        """The best approximation on one point more than there are coefficients."""
        size = len(rows)
        columns = range(size - 1)
        matrix = [[rows[i][j] for i in range(size - 1)] for j in columns]
        weights = [*solve(matrix, [-rows[-1][j] for j in columns]), Decimal(1)]
        total = sum(w * e for w, e in zip(weights, errors))
        if total < 0:
            weights = [-w for w in weights]
        level = abs(total) / sum(abs(w) for w in weights)
        signs = [1 if w >= 0 else -1 for w in weights]
        without = max(range(size), key=lambda i: abs(weights[i]))
        kept = [i for i in range(size) if i != without]
        right = [errors[i] - signs[i] * level for i in kept]
        return level, signs, weights, solve([rows[i] for i in kept], right)

    @staticmethod
    def _alternating(peaks: list[Point], size: int) -> list[Decimal]:
        chosen: list[Point] = []
        for peak in peaks:
            if chosen and (chosen[-1][1] > 0) == (peak[1] > 0):
                chosen[-1] = max(chosen[-1], peak, key=lambda p: abs(p[1]))
            else:
                chosen.append(peak)
        while len(chosen) > size:
            if len(chosen) == size + 1:
                del chosen[0 if abs(chosen[0][1]) < abs(chosen[-1][1]) else -1]
            else:
                pairs = range(len(chosen) - 1)
                i = min(
                    pairs, key=lambda i: max(abs(chosen[i][1]), abs(chosen[i + 1][1]))
                )
                del chosen[i : i + 2]
        return [x for x, _ in chosen]

    @staticmethod
    def _leaving(
        rows: list[list[Decimal]],
        signs: list[int],
        weights: list[Decimal],
        entering: list[Decimal],
        error: Decimal,
    ) -> int:
        size = len(rows)
        matrix = [[signs[i] * rows[i][j] for i in range(size)] for j in range(size - 1)]
        matrix.append([Decimal(1)] * size)
        sign = 1 if error > 0 else -1
        ratios = solve(matrix, [sign * value for value in entering] + [Decimal(1)])
        candidates = [i for i in range(size) if ratios[i] > 0]
        return min(candidates, key=lambda i: abs(weights[i]) / ratios[i])

    # --- Lawson's iteration ----------------------------------------------------------------------

    def lawson(self, fixed: list[float], points: int, iterations: int) -> list[Decimal]:
        """Coefficients that begin with `fixed`, by least squares that are weighted anew.

        The points are the zeros of a Chebyshev polynomial. Each iteration multiplies the weight of
        a point by the error there (C. Lawson, 1961).
        """
        free = list(range(len(fixed), self.count))
        known = [decimal(c) for c in fixed] + [Decimal(0)] * len(free)
        at = [
            self._at(-mp.cos(mp.pi * (2 * i + 1) / (2 * points))) for i in range(points)
        ]
        with localcontext() as context:
            context.prec = 2 * DIGITS
            rows = [self.row(x, free) for x in at]
            errors = [self.error(x, known) for x in at]
            weights = [Decimal(1)] * points
            for _ in range(iterations):
                normal = [[Decimal(0)] * len(free) for _ in free]
                right = [Decimal(0)] * len(free)
                for row, error, weight in zip(rows, errors, weights):
                    for i, value in enumerate(row):
                        scaled = weight * value
                        right[i] += scaled * error
                        for j in range(i, len(row)):
                            normal[i][j] += scaled * row[j]
                for i in range(len(free)):
                    for j in range(i):
                        normal[i][j] = normal[j][i]
                solution = solve(normal, right)
                coefficients = known[: len(fixed)] + solution
                weights = [
                    w * abs(self.error(x, coefficients)) for w, x in zip(weights, at)
                ]
                total = sum(weights)
                weights = [w / total for w in weights]
        return coefficients

    # --- Rounding --------------------------------------------------------------------------------

    def table(
        self, bits: int, fixed: list[float], fit: Callable[[list[float]], list[Decimal]]
    ) -> list[float]:
        """Coefficients rounded one by one from the first, the others fitted anew each time."""
        done = list(fixed)
        while len(done) < self.count:
            done.append(rounded(fit(done)[len(done)], bits))
        return done
