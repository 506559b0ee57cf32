"""tanh and gelu on f32: 16 intervals each, a polynomial in the distance from a centre."""

from dataclasses import dataclass
from decimal import Decimal

from minimax import Function, Problem, rounded
from mpmath import mp, mpf

FILE = "interval_polynomials.cpp"
INTERVALS = 16


@dataclass(frozen=True)
class Intervals:
    """The position slope a + 1, in [1, 16), tells the interval of an argument a in [0, bound]."""

    function: str
    centres: str
    coefficients: str
    rows: int
    target: Function
    slope: str
    bound: str

    def interval(self, index: int) -> tuple[mpf, mpf]:
        """A quarter of an octave of the position; the index is the low bits of its exponent, and
        the first two of its fraction."""
        octave, quarter = divmod((index + 4) % INTERVALS, 4)
        ends = [mpf(2) ** octave * (1 + mpf(quarter + i) / 4) for i in (0, 1)]
        low, high = [(end - 1) / mpf(self.slope) for end in ends]
        return low, min(high, mpf(self.bound))

    def problem(self, index: int, centre: float) -> Problem:
        """The error over the function; 0 at 0, where both are."""

        def target(d: mpf) -> mpf:
            return self.target(mpf(centre) + d)

        def weight(d: mpf) -> mpf:
            return 1 / target(d) if mpf(centre) + d else mpf(0)

        low, high = self.interval(index)
        return Problem(target, weight, low - mpf(centre), high - mpf(centre), self.rows)

    def first_row(self, centres: list[float]) -> list[float]:
        """The function at the centres."""
        return [rounded(self.target(mpf(c)), 24) if c else 0.0 for c in centres]

    def off_float(self, centres: list[float]) -> list[float]:
        """How far the function is from a float at each centre, in units of its last place."""
        found = []
        for centre, first in zip(centres, self.first_row(centres)):
            place = mpf(2) ** (mp.frexp(mpf(first))[1] - 24)
            found.append(float(abs(self.target(mpf(centre)) - mpf(first)) / place))
        return found

    def generated(self, centres: list[float]) -> list[list[float]]:
        """Rows by the generator's own fit, around the given centres."""
        columns = []
        for index, first in enumerate(self.first_row(centres)):
            problem = self.problem(index, centres[index])
            columns.append(
                problem.table(24, [first], lambda done, p=problem: p.minimax(done)[0])
            )
        return [list(row) for row in zip(*columns)]

    def largest_error(self, centres: list[float], values: list[float]) -> Decimal:
        """Of all intervals, over the function."""
        columns = [values[index::INTERVALS] for index in range(INTERVALS)]
        return max(
            self.problem(index, centres[index]).largest_error(column)
            for index, column in enumerate(columns)
        )


def gelu_h(a: mpf) -> mpf:
    return a * mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2


TABLES = [
    Intervals("tanh", "kTanhCentres", "kTanhCoefficients", 6, mp.tanh, "1.625", "9.02"),
    Intervals("gelu", "kGeluCentres", "kGeluCoefficients", 7, gelu_h, "1", "14.85"),
]
