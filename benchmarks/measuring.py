"""Run whole processes in turn (A B A B) and note what each one cost."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class BadRun(Exception):
    """A measured program did not do what it was started for: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process with the children it waited for: seconds, KiB, and what its scenario counted.

    `peak_kib` is never below the peak of the process that measures, about 30 MiB: Linux counts what a process
    was before it became its program.
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
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            contender.command,
            cwd=contender.folder,
            env=contender.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != contender.code:
            said.seek(0)
            words = said.read()[-2_000:].decode(errors="replace")
            raise BadRun(f"{contender.name} ended with {process.returncode}: {words}")
    return Run(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss, contender.facts())
