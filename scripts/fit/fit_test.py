#!/usr/bin/env python3
"""That the check finds every number that is changed by one unit in its last place."""

import math
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable
from pathlib import Path

import closed
import fit
import fits
import intervals
from sources import NUMBER, Place, Sources, number


def changed(place: Place, text: str) -> Sources:
    """The sources with the characters of a place replaced."""
    copy = Sources(fit.IR)
    whole = copy.text(place.path)
    copy.texts[place.path] = whole[: place.start] + text + whole[place.end :]
    return copy


def is_f32(value: float) -> bool:
    return struct.unpack("<f", struct.pack("<f", value))[0] == value


def changed_text(token: str) -> str:
    """The next number: of f32 if the number is one."""
    value = number(token)
    if "p" not in token and "." not in token:
        following = int(value) + max(1, int(math.ulp(value)))
        return hex(following) if "0x" in token else str(following)
    place = math.ulp(value) * (2.0**29 if is_f32(value) else 1)
    return fit.literal(value + place)


class FindsChanges(unittest.TestCase):
    def every_number(
        self,
        place: Place,
        check: Callable[[Sources], Iterable[str]],
        wanted: set[str] | None = None,
    ) -> None:
        original = Sources(fit.IR)
        self.assertEqual(list(check(original)), [])
        text = original.text(place.path)[place.start : place.end]
        tokens = [
            token
            for token in NUMBER.finditer(text)
            if wanted is None or number(token.group()).hex() in wanted
        ]
        self.assertNotEqual(tokens, [])
        for token in tokens:
            start, end = (place.start + offset for offset in token.span())
            copy = changed(Place(place.path, start, end), changed_text(token.group()))
            with self.subTest(path=place.path, number=token.group()):
                self.assertNotEqual(list(check(copy)), [])

    def test_closed(self) -> None:
        sources = Sources(fit.IR)
        for constant in closed.CLOSED:
            place_of = (
                sources.body_place if constant.in_body else sources.constant_place
            )
            self.every_number(
                place_of(constant.file, constant.name),
                lambda s, c=constant: fit.check_closed(s, c),
                {v.hex() for v in constant.numbers()} if constant.in_body else None,
            )

    def test_fits(self) -> None:
        for table in fits.FITS:
            self.every_number(
                Sources(fit.IR).constant_place(table.file, table.name),
                lambda s, t=table: fit.check_fit(s, t, quick=True),
            )

    def test_intervals(self) -> None:
        for table in intervals.TABLES:
            for name in (table.centres, table.coefficients):
                self.every_number(
                    Sources(fit.IR).constant_place(intervals.FILE, name),
                    lambda s, t=table: fit.check_intervals(s, t, quick=True),
                )

    def test_worse_table_exceeds_its_record(self) -> None:
        """Without the digest: 2^-24 of a coefficient is more than the record leaves."""
        table = next(t for t in fits.FITS if t.name == "kSin64")
        values = Sources(fit.IR).constant(table.file, table.name)
        values[2] *= 1 + 2.0**-24
        messages = list(
            fit.check_record(
                table.file, table.name, values, *fit.errors_of(table, values)
            )
        )
        self.assertTrue(
            any("has the error" in message for message in messages), messages
        )
        self.assertTrue(
            any("times the least error" in message for message in messages), messages
        )

    def test_command_on_a_copy_in_other_folders(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            deeper = Path(folder) / "deeper"
            shutil.copytree(fit.IR, deeper)
            command = [sys.executable, Path(fit.__file__), "--check", "--quick"]
            command += ["--sources", folder]
            result = subprocess.run(
                command, capture_output=True, text=True, check=False
            )
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            path = next(deeper.rglob("exponentials.cpp"))
            path.write_text(path.read_text().replace("0x1.55549p-3", "0x1.555492p-3"))
            result = subprocess.run(
                command, capture_output=True, text=True, check=False
            )
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("exponentials.cpp: kQ32", result.stdout)
            path.unlink()
            result = subprocess.run(
                command, capture_output=True, text=True, check=False
            )
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("kQ32 is defined 0 times in 0 files", result.stdout)


if __name__ == "__main__":
    unittest.main()
