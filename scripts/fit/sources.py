"""Reads numbers out of the C++ sources: of a named constant or table, or of a function's body."""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
NUMBER = re.compile(
    r"(?<![\w.])-?(?:0x[0-9a-f]+(?:\.[0-9a-f]*)?p[+-]?\d+|0x[0-9a-f]+|\d+\.\d+(?:e[+-]?\d+)?|\d+)"
    r"(?![\w.])"
)
TYPES = r"(?:double|LookupTable|ExponentialNumbers|TailNumbers|std::array<LookupTable, \d+>)"


class SourceError(Exception):
    """A definition that is not where the generator looks for it."""


@dataclass(frozen=True)
class Place:
    """Characters of a file, without its comments."""

    path: Path
    start: int
    end: int


def number(text: str) -> float:
    if "0x" not in text:
        return float(text)
    return float.fromhex(text) if "p" in text else float(int(text, 16))


class Sources:
    """The C++ files of a folder and of all folders in it.

    A file is named by the end of its path: "powers.cpp" is found in every folder. `*` stands for
    anything. Where several files match, the one that holds the definition is taken.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.paths = sorted(p for p in folder.rglob("*") if p.suffix in (".h", ".cpp"))
        self.texts: dict[Path, str] = {}

    def text(self, path: Path) -> str:
        if path not in self.texts:
            self.texts[path] = COMMENT.sub("", path.read_text(encoding="utf-8"))
        return self.texts[path]

    def constant_place(self, file: str, name: str) -> Place:
        """One definition, up to its semicolon."""
        pattern = rf"\b{TYPES}\s+{re.escape(name)}(?:\[\])?\s*[={{]([^;]*);"
        path, found = self._definition(file, name, pattern)
        return Place(path, *found.span(1))

    def body_place(self, file: str, function: str) -> Place:
        """The body of a function."""
        pattern = rf"\b{re.escape(function)}\([^;{{]*\)\s*\{{"
        path, found = self._definition(file, f"{function}()", pattern)
        text = self.text(path)
        depth, end = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        return Place(path, found.end(), end)

    def constant(self, file: str, name: str) -> list[float]:
        return self._numbers(self.constant_place(file, name))

    def body(self, file: str, function: str) -> list[float]:
        return self._numbers(self.body_place(file, function))

    def _definition(self, file: str, what: str, pattern: str) -> tuple[Path, re.Match]:
        files = [
            p
            for p in self.paths
            if fnmatch(f"/{p.relative_to(self.folder).as_posix()}", f"*/{file}")
        ]
        found = [(p, m) for p in files for m in re.finditer(pattern, self.text(p))]
        if len(found) != 1:
            raise SourceError(
                f"{file}: {what} is defined {len(found)} times in {len(files)} files"
            )
        return found[0]

    def _numbers(self, place: Place) -> list[float]:
        text = self.text(place.path)[place.start : place.end]
        return [number(token) for token in NUMBER.findall(text)]
