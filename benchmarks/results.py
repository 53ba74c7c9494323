"""Raw figures, as they are kept: every run of every case, with where and when."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measuring import Run

FORMAT = 1


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """What was measured: a scenario's case, on how many fine-tunes, in which layout (where that matters)."""

    name: str
    size: int = 1
    layout: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """Where and with what was measured, and the runs of each case."""

    about: Mapping[str, Any]
    runs: Mapping[Case, tuple[Run, ...]] = field(default_factory=dict)

    def with_runs(self, new: Mapping[Case, Iterable[Run]], about: Mapping[str, Any]) -> Results:
        """Return these with new runs in place of older ones of the same cases."""
        return Results(about, {**self.runs, **{case: tuple(runs) for case, runs in new.items()}})

    def median(self, case: Case, measure: str) -> float | None:
        """Return the median of `cpu`, `wall` (seconds), `peak` (MiB) or of a fact; None if not measured."""
        values = [value for run in self.runs.get(case, ()) if (value := _measured(run, measure)) is not None]
        return statistics.median(values) if values else None


def _measured(run: Run, measure: str) -> float | None:
    if measure == "cpu":
        return run.user + run.system
    if measure == "wall":
        return run.wall
    if measure == "peak":
        return run.peak_kib / 1024
    return run.facts.get(measure)


def load(path: Path) -> Results:
    """Read figures. Raises ValueError for another format."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["format"] != FORMAT:
        raise ValueError(f"{path} has format {document['format']}, this reads {FORMAT}")
    runs = {
        Case(each["name"], each["size"], each["layout"]): tuple(Run(**run) for run in each["runs"])
        for each in document["cases"]
    }
    return Results(document["about"], runs)


def save(results: Results, path: Path) -> None:
    """Write figures, one run a line."""
    cases = []
    for case, runs in sorted(results.runs.items()):
        lines = ",\n".join(f"      {json.dumps(_rounded(asdict(run)))}" for run in runs)
        cases.append(f'    {json.dumps(asdict(case))[:-1]}, "runs": [\n{lines}\n    ]}}')
    about = json.dumps(results.about, indent=2).replace("\n", "\n  ")
    text = (
        f'{{\n  "format": {FORMAT},\n  "about": {about},\n  "cases": [\n' + ",\n".join(cases) + "\n  ]\n}\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def machine() -> dict[str, str]:
    """Describe this machine."""
    model, memory = platform.processor() or platform.machine(), ""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            memory = f", {int(line.split()[1]) / 1024**2:.0f} GiB"
    kernel = ".".join(platform.release().split(".")[:2])
    return {"cpu": f"{os.cpu_count()} cores of {model}{memory}", "system": f"{platform.system()} {kernel}"}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _rounded(run: dict[str, Any]) -> dict[str, Any]:
    figures = {key: round(value, 4) for key, value in run.items() if isinstance(value, float)}
    facts = {key: round(value, 4) for key, value in run["facts"].items()}
    return {**run, **figures, "facts": facts}
