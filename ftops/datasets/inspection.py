"""File -> Dataset: digest, size and examples, read once, whoever uses it; constant memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from ftops.datasets.validation import Formats, line_problem
from ftops.errors import Problem
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.observation import ProviderFacts

MOST_PROBLEMS = 10
"""How many bad lines of one file are told; the rest are counted."""
MOST_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is no example; reading it whole could fill the memory."""
LFS_MARK = b"version https://git-lfs.github.com/spec/"

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class InspectedDatasets:
    """Datasets by project-relative path, and everything that is wrong with them.

    A file that could not be read to its end has no dataset.
    """

    datasets: Mapping[str, Dataset]
    problems: tuple[Problem, ...]


def inspect_datasets(
    root: Path, fine_tunes: Iterable[FineTune], providers: Mapping[str, ProviderFacts]
) -> InspectedDatasets:
    """Read every data file that the fine-tunes name. Raises nothing for what is in them."""
    datasets: dict[str, Dataset] = {}
    problems: list[Problem] = []
    for path, formats in sorted(_wanted(fine_tunes, providers).items()):
        inspection = _Inspection(path, formats)
        try:
            with (root / path).open("rb") as file:
                dataset = inspection.read(file)
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror}", path))
            continue
        problems += inspection.problems()
        if dataset is not None:
            datasets[path] = dataset
    return InspectedDatasets(datasets, tuple(problems))


def _wanted(
    fine_tunes: Iterable[FineTune], providers: Mapping[str, ProviderFacts]
) -> dict[str, frozenset[Formats]]:
    """Give each path what its users can take: one set of forms for each provider and method."""
    wanted: dict[str, set[Formats]] = {}
    for fine_tune in fine_tunes:
        facts = providers.get(fine_tune.provider)
        formats = facts.capabilities.data_formats.get(fine_tune.method) if facts else None
        for _, file in fine_tune.data_files:
            if file.path is not None:
                # Where nothing is known of the method, its manifest has been told so.
                wanted.setdefault(file.path, set()).update([formats] if formats else [])
    return {path: frozenset(formats) for path, formats in wanted.items()}


class _Inspection:
    """One file being read."""

    def __init__(self, path: str, formats: frozenset[Formats]) -> None:
        self._path = path
        self._formats = sorted(formats, key=sorted)
        self._found: list[Problem] = []
        self._more = 0

    def read(self, file: BinaryIO) -> Dataset | None:
        """Read to the end; None for a file that is no data at all."""
        sha256, size, examples = hashlib.sha256(), 0, 0
        for number, line in enumerate(_lines(file), 1):
            sha256.update(line)
            size += len(line)
            if number == 1 and (hopeless := _hopeless(line, self._path)):
                self._found.append(hopeless)
                return None
            if len(line) > MOST_LINE_BYTES:
                self._tell(Problem(f"is longer than {MOST_LINE_BYTES:,} bytes", self._path, number))
                return None
            if not line.isspace():
                examples += 1
                self._check(line, number)
        if examples == 0:
            what = "has no examples, only blank lines" if size else "is empty: it has no examples"
            self._tell(Problem(what, self._path, hint="write one JSON object a line"))
        return Dataset(self._path, sha256.hexdigest(), size, examples)

    def problems(self) -> Iterator[Problem]:
        """Yield the first problems, and how many more there are."""
        yield from self._found
        if self._more:
            lines = "1 more bad line" if self._more == 1 else f"{self._more} more bad lines"
            yield Problem(f"and {lines}", self._path)

    def _check(self, line: bytes, number: int) -> None:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._tell(_unreadable(line, error, self._path, number))
            return
        for formats in self._formats or [frozenset()]:
            message = line_problem(row, formats)
            if message is not None:
                self._tell(Problem(message, self._path, number))
                return

    def _tell(self, problem: Problem) -> None:
        if len(self._found) < MOST_PROBLEMS:
            self._found.append(problem)
        else:
            self._more += 1


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MOST_LINE_BYTES + 1):
        yield line


def _hopeless(first: bytes, path: str) -> Problem | None:
    """Tell of a file that is something else from its first byte on."""
    if first.startswith(LFS_MARK):
        return Problem("is a git-lfs pointer, not the data", path, 1, hint="run `git lfs pull`")
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem("is not UTF-8 but UTF-16", path, 1, hint="save it as UTF-8")
    if first.startswith(_BOM):
        return Problem("begins with a byte order mark", path, 1, hint="save it as UTF-8 without BOM")
    if first.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PAR1")):
        return Problem("is a compressed or binary file, not JSONL", path, 1, hint="unpack it")
    return None


def _unreadable(line: bytes, error: orjson.JSONDecodeError, path: str, number: int) -> Problem:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return Problem("is not UTF-8", path, number, wrong.start + 1, hint="save the file as UTF-8")
    hint = None
    if number == 1 and line.strip() in (b"[", b"{"):
        hint = "this looks like JSON over several lines: write one object a line"
    return Problem(f"is not valid JSON: {error.msg}", path, number, error.colno, hint=hint)
