"""Run whole processes in turn (A B A B) and note what each one cost."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")


class BadRun(Exception):
    """A measured program did not do what it was started for: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process with the children it waited for: seconds, KiB, and what its scenario counted.

    `peak_kib` is never below that of a bare Python, its launcher.
    """

    user: float
    system: float
    wall: float
    peak_kib: int
    facts: Mapping[str, float] = field(default_factory=dict)


def _nothing() -> None:
    """Prepare nothing."""


def _no_facts() -> Mapping[str, float]:
    return {}


@dataclass(frozen=True, slots=True)
class Contender:
    """A program under one name; `code` is the exit code of a run that went well.

    `before` prepares each run, and `facts` are asked for after it; neither is timed.
    """

    name: str
    command: Sequence[str]
    folder: Path
    before: Callable[[], None] = _nothing
    facts: Callable[[], Mapping[str, float]] = _no_facts
    environ: Mapping[str, str] | None = None
    code: int = 0


def in_turn(contenders: Iterable[Contender], rounds: int) -> dict[str, list[Run]]:
    """Run each contender once a round, in turn: what the machine does meanwhile hits them alike."""
    racing = list(contenders)
    runs: dict[str, list[Run]] = {each.name: [] for each in racing}
    for _ in range(rounds):
        for each in racing:
            runs[each.name].append(measured(each))
    return runs


def measured(contender: Contender) -> Run:
    """Run a contender once. Raises BadRun where it ends otherwise than it should."""
    contender.before()
    with tempfile.TemporaryDirectory() as scratch:
        figures, said = Path(scratch) / "figures", Path(scratch) / "said"
        with said.open("wb") as stderr:
            subprocess.run(
                [sys.executable, "-I", "-S", str(_LAUNCHER), str(figures), *contender.command],
                cwd=contender.folder,
                env=contender.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                check=False,
            )
        words = said.read_bytes()[-2_000:].decode(errors="replace")
        if not figures.exists():
            raise BadRun(f"{contender.name} did not start: {words}")
        user, system, wall, peak, code = figures.read_text().split()
    if code != str(contender.code):
        raise BadRun(f"{contender.name} ended with {code}: {words}")
    return Run(float(user), float(system), float(wall), int(peak), contender.facts())
