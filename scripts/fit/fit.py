#!/usr/bin/env python3
"""Makes and verifies the coefficients of the mathematical functions, see README.md.

fit.py --check            compares the C++ sources with the generator; exits with 1 if they differ
fit.py --check --quick    the same without measuring errors: bits only
fit.py --print FUNCTION   the tables of a function as C++; those that are verified only, as the
                          generator would make them
fit.py --measure          the lines of records.py for the tables as they stand

--sources FOLDER          where the C++ is; ir/ of this tree by default
"""

import argparse
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import closed
import fits
import intervals
from mpmath import mpf
from records import RECORDS, Record
from sources import SourceError, Sources

IR = Path(__file__).resolve().parent.parent.parent / "ir"


def digest(values: list[float]) -> str:
    return sha256(" ".join(value.hex() for value in values).encode()).hexdigest()[:16]


def literal(value: float) -> str:
    """Integers as such, other numbers as the shortest hexadecimal text."""
    if value == 0:
        return "0x0p+0"
    if value.is_integer() and value > 2**20:
        return str(int(value)) if value < 2**27 else hex(int(value))
    mantissa, exponent = value.hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{int(exponent)}"


def differences(
    file: str, name: str, committed: list[float], made: list[float]
) -> list[str]:
    if len(committed) != len(made):
        return [
            f"{file}: {name} has {len(committed)} numbers, the generator makes {len(made)}"
        ]
    return [
        f"{file}: {name}[{i}] is {literal(a)}, the generator makes {literal(b)}"
        for i, (a, b) in enumerate(zip(committed, made))
        if a.hex() != b.hex()
    ]


# --- Checks: each yields what is wrong -----------------------------------------------------------


def check_closed(sources: Sources, constant: closed.Closed) -> Iterator[str]:
    made = constant.numbers()
    if not constant.in_body:
        committed = sources.constant(constant.file, constant.name)
        yield from differences(constant.file, constant.name, committed, made)
        return
    there = {value.hex() for value in sources.body(constant.file, constant.name)}
    for value in made:
        if value.hex() not in there:
            yield f"{constant.file}: {literal(value)} does not stand in {constant.name}()"


def check_record(
    file: str, name: str, values: list[float], error: mpf | None, least: mpf | None
) -> Iterator[str]:
    """That a verified table is the one on record, and as good as that says."""
    record = RECORDS.get((file, name))
    if record is None:
        yield f"{file}: {name} has no record"
        return
    if digest(values) != record.digest:
        yield f"{file}: {name} is not the table on record: digest {digest(values)}"
    if error is not None and error > record.error:
        yield f"{file}: {name} has the error {float(error):.5e}, on record is {record.error}"
    if error is not None and least and error / least > record.factor:
        factor = float(error / least)
        yield f"{file}: {name} has {factor:.5f} times the least error, on record {record.factor}"


def errors_of(fit: fits.Fit, values: list[float]) -> tuple[mpf, mpf]:
    """The largest error of a table, and the least of polynomials that begin as it does."""
    problem = fit.problem()
    return mpf(str(problem.largest_error(values))), mpf(
        str(problem.minimax(values[:1])[1])
    )


def check_fit(sources: Sources, fit: fits.Fit, quick: bool) -> Iterator[str]:
    committed = sources.constant(fit.file, fit.name)
    if fit.exact is not None:
        yield from differences(fit.file, fit.name, committed, fit.generated())
    elif len(committed) != fit.count:
        yield f"{fit.file}: {fit.name} has {len(committed)} numbers, not {fit.count}"
    else:
        error, least = (None, None) if quick else errors_of(fit, committed)
        yield from check_record(fit.file, fit.name, committed, error, least)


def check_intervals(
    sources: Sources, table: intervals.Intervals, quick: bool
) -> Iterator[str]:
    centres = sources.constant(intervals.FILE, table.centres)
    values = sources.constant(intervals.FILE, table.coefficients)
    if (
        len(centres) != intervals.INTERVALS
        or len(values) != table.rows * intervals.INTERVALS
    ):
        yield f"{intervals.FILE}: {table.coefficients} has {len(values)} numbers"
        return
    first = values[: intervals.INTERVALS]
    yield from differences(
        intervals.FILE, table.coefficients, first, table.first_row(centres)
    )
    off = None if quick else mpf(max(table.off_float(centres)))
    yield from check_record(intervals.FILE, table.centres, centres, off, None)
    error = None if quick else mpf(str(table.largest_error(centres, values)))
    yield from check_record(intervals.FILE, table.coefficients, values, error, None)


def check(sources: Sources, quick: bool) -> list[str]:
    wrong: list[str] = []
    jobs = [
        *(lambda c=c: check_closed(sources, c) for c in closed.CLOSED),
        *(lambda f=f: check_fit(sources, f, quick) for f in fits.FITS),
        *(lambda t=t: check_intervals(sources, t, quick) for t in intervals.TABLES),
    ]
    for job in jobs:
        try:
            wrong += job()
        except SourceError as error:
            wrong.append(str(error))
    return wrong


# --- Text ----------------------------------------------------------------------------------------


def table_text(name: str, values: list[float]) -> str:
    return f"{name} = {{{', '.join(literal(value) for value in values)}}};"


def print_function(sources: Sources, function: str) -> bool:
    found = False
    for constant in closed.CLOSED:
        if constant.function == function:
            place = f"in {constant.name}()" if constant.in_body else constant.name
            print(
                f"// {constant.file}, exactly\n{table_text(place, constant.numbers())}"
            )
            found = True
    for fit in fits.FITS:
        if fit.function == function:
            made, how = fit.generated(), "exactly"
            if fit.exact is None:
                error = float(fit.problem().largest_error(made))
                how = f"not the committed table: the generator's own fit, error {error:.5e}"
            print(f"// {fit.file}, {how}\n{table_text(fit.name, made)}")
            found = True
    for table in intervals.TABLES:
        if table.function == function:
            centres = sources.constant(intervals.FILE, table.centres)
            print(
                f"// {intervals.FILE}, the generator's own fit; the first row exactly"
            )
            for row, values in enumerate(table.generated(centres)):
                print(table_text(f"{table.coefficients}[{row}]", values))
            found = True
    return found


def above(x: mpf) -> float:
    """A little more than x, in four digits."""
    text = f"{float(x) * 1.0005:.3e}"
    return float(text)


def measure(sources: Sources) -> None:
    def line(file: str, name: str, record: Record) -> None:
        print(
            f'    ("{file}", "{name}"): '
            f'Record({record.error!r}, {record.factor!r}, "{record.digest}"),'
        )

    for fit in fits.FITS:
        if fit.exact is None:
            values = sources.constant(fit.file, fit.name)
            error, least = errors_of(fit, values)
            line(
                fit.file,
                fit.name,
                Record(above(error), above(error / least), digest(values)),
            )
    for table in intervals.TABLES:
        centres = sources.constant(intervals.FILE, table.centres)
        values = sources.constant(intervals.FILE, table.coefficients)
        off = mpf(max(table.off_float(centres)))
        line(intervals.FILE, table.centres, Record(above(off), 0, digest(centres)))
        error = mpf(str(table.largest_error(centres, values)))
        line(
            intervals.FILE, table.coefficients, Record(above(error), 0, digest(values))
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--print", metavar="FUNCTION", dest="function", help=argparse.SUPPRESS
    )
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sources", type=Path, default=IR, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sources = Sources(options.sources)
    if options.function:
        if not print_function(sources, options.function):
            print(f"fit.py: no table belongs to '{options.function}'", file=sys.stderr)
            return 2
    elif options.measure:
        measure(sources)
    elif options.check:
        wrong = check(sources, options.quick)
        for message in wrong:
            print(message)
        tables = len(closed.CLOSED) + len(fits.FITS) + len(intervals.TABLES)
        print(f"{tables} definitions checked, {len(wrong)} differences")
        return 1 if wrong else 0
    else:
        parser.print_usage(sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
