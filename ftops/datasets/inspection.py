"""File -> Dataset: digest, size and examples, read once, whoever uses it; constant memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from ftops.datasets.validation import line_problem
from ftops.errors import Problem
from ftops.model.capabilities import DataFormat
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.observation import ProviderFacts

MOST_PROBLEMS = 10
"""How many bad lines of one file are told; the rest are counted."""
LFS_MARK = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class InspectedDatasets:
    """Datasets by project-relative path, and everything that is wrong with them."""

    datasets: Mapping[str, Dataset]
    problems: tuple[Problem, ...]


def inspect_datasets(
    root: Path, fine_tunes: Iterable[FineTune], providers: Mapping[str, ProviderFacts]
) -> InspectedDatasets:
    """Read every data file that the fine-tunes name. An absent one has been told by its manifest."""
    datasets: dict[str, Dataset] = {}
    problems: list[Problem] = []
    for path, formats in sorted(_wanted(fine_tunes, providers).items()):
        if not (root / path).is_file():
            continue
        try:
            datasets[path], found = _inspected(root / path, path, formats)
        except OSError as error:
            found = [Problem(f"cannot be read: {error.strerror}", path)]
        problems += found
    return InspectedDatasets(datasets, tuple(problems))


def _wanted(
    fine_tunes: Iterable[FineTune], providers: Mapping[str, ProviderFacts]
) -> dict[str, frozenset[DataFormat]]:
    """Give each path the forms of data that every one of its users can take."""
    wanted: dict[str, frozenset[DataFormat]] = {}
    for fine_tune in fine_tunes:
        formats = providers[fine_tune.provider].capabilities.data_formats.get(fine_tune.method, frozenset())
        for _, file in fine_tune.data_files:
            if file.path is not None:
                wanted[file.path] = wanted.get(file.path, formats) & formats
    return wanted


def _inspected(file: Path, path: str, formats: frozenset[DataFormat]) -> tuple[Dataset, list[Problem]]:
    sha256, size, examples = hashlib.sha256(), 0, 0
    problems: list[Problem] = []
    unsaid = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            sha256.update(line)
            size += len(line)
            if number == 1 and line.startswith(LFS_MARK):
                problem = Problem("is a git-lfs pointer, not the data", path, 1, hint="run `git lfs pull`")
                return Dataset(path, "", 0, 0), [problem]
            if not line.strip():
                continue
            examples += 1
            message = _line_message(line, formats)
            if message is not None and len(problems) < MOST_PROBLEMS:
                problems.append(Problem(message, path, number))
            elif message is not None:
                unsaid += 1
    if examples == 0:
        problems.append(Problem("has no examples", path))
    if unsaid:
        problems.append(Problem(f"has {unsaid} more bad lines", path))
    return Dataset(path, sha256.hexdigest(), size, examples), problems


def _line_message(line: bytes, formats: frozenset[DataFormat]) -> str | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"is not valid JSON: {error.msg}"
    return line_problem(row, formats)
