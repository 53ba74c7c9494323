"""What a gateway or a clone makes of the format: each a world that a history can play in."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ftops.model.job import Job, JobFile
from ftops.model.json_value import JSON
from ftops.model.value import replace


@dataclass(frozen=True)
class Bends:
    """`marks`: kept; dropped from every create, from every other one, or after the third; hidden from reads.

    `thin`: a list shows less than a retrieve. `echo`: values come back in other words. `tags`: a mark is a
    tag, which says whose job it is only to a state that knows it; "listed": a retrieve does not show it.
    `engine`: ids are ours, and the memory of all jobs may be lost.
    """

    marks: str = "kept"
    thin: bool = False
    echo: bool = False
    tags: str = "none"
    engine: bool = False

    def stores_mark(self, number: int) -> bool:
        """Return whether the mark of the create with this number arrives."""
        return {"dropped": False, "sometimes": number % 2 == 0, "later": number <= MARKED_AT_FIRST}.get(
            self.marks, True
        )


MARKED_AT_FIRST = 4
"""Jobs and files that come before a gateway begins to drop marks."""

WORLDS: Mapping[str, Bends] = {
    "plain": Bends(),
    "marks dropped": Bends(marks="dropped"),
    "marks sometimes dropped": Bends(marks="sometimes"),
    "marks dropped from some day on": Bends(marks="later"),
    "marks hidden from reads": Bends(marks="hidden"),
    "thin lists": Bends(thin=True),
    "thin lists, marks dropped": Bends(marks="dropped", thin=True),
    "odd echoes": Bends(echo=True),
    "odd echoes, marks dropped": Bends(marks="dropped", echo=True),
    "tags": Bends(tags="shown"),
    "tags in lists alone": Bends(tags="listed"),
    "tags dropped": Bends(marks="dropped", tags="shown"),
    "tags sometimes dropped": Bends(marks="sometimes", tags="shown"),
}
ENGINES: Mapping[str, Bends] = {"engine": Bends(engine=True)}
"""Not drawn like the others: what an engine forgets is a step of its own."""


def echoed(job: Job) -> Job:
    """Say the same in other words: numbers as strings or from 32 bits, a version, a file name of its own."""
    return replace(
        job,
        model=f"{job.model}:2020-05-03" if job.model else None,
        settings={path: _echo(value) for path, value in job.settings.items()},
        training_files=tuple(JobFile(file.id, "upload-1.jsonl") for file in job.training_files),
    )


def thinned(job: Job) -> Job:
    """Show what a list of few fields shows."""
    return replace(job, stamp=None, tag=None, settings={}, training_files=(), validation_files=())


def _echo(value: JSON) -> JSON:
    if isinstance(value, float):
        return float(struct.unpack("f", struct.pack("f", value))[0])
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
