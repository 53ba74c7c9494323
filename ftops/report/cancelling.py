"""What a cancel by hand is about to do, and its outcome, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ftops.errors import Problem
from ftops.model.cancelling import Cancelled, Fate, Stop
from ftops.model.job import JobStatus
from ftops.records.stake import at_stake
from ftops.report.layout import NARROWEST, USUAL, wrapped
from ftops.report.words import Styler, counted, plain, printable

_ROLES: Mapping[Fate, tuple[str, str]] = {
    Fate.CANCELLED: ("-", "cancel"),
    Fate.CANCELLING: ("-", "cancel"),
    Fate.HELD: ("!", "hold"),
    Fate.NOTHING: ("=", "dim"),
    Fate.UNSURE: ("?", "error"),
    Fate.FAILED: ("?", "error"),
}
"""How a line begins, and its colour."""


def render_intended(
    stops: Sequence[Stop],
    rest: Sequence[Cancelled],
    now: float,
    progress: Mapping[str, float],
    *,
    width: int = USUAL,
    style: Styler = plain,
) -> str:
    """Draw what is about to be stopped and held, with what is at stake. `progress` are shares of 1 by job."""
    lines = []
    for stop in stops:
        lines.append(style(f"- {printable(stop.change.name)}", "cancel"))
        for text in _stake(stop, now, progress.get(stop.job.id)):
            lines += wrapped(text, max(width, NARROWEST), "    ")
    lines += [_line(one, style) for one in rest]
    return "\n".join(lines) + "\n"


def _stake(stop: Stop, now: float, share: float | None) -> Iterator[str]:
    job = stop.job
    status = "may run" if job.status is JobStatus.UNKNOWN else f"is {job.status.value}"
    far = "" if share is None else f", {share:.0%} done"
    yield f"job {job.id} at {job.provider} {status}{far}: {at_stake(job, now)}, which is paid and lost"
    if stop.protected:
        yield "it is protected (lifecycle.protect): a cancel by hand stops it anyway"


def question(stops: Sequence[Stop], rest: Iterable[Cancelled], *, freeze: bool) -> str:
    """Ask for what is about to happen, in numbers."""
    names = {one.change.name for one in stops}
    names |= {one.name for one in rest if one.fate is not Fate.NOTHING}
    parts = ["turn the kill switch on"] if freeze else []
    parts += [f"stop {counted(len(stops), 'job')}"] if stops else []
    parts += [f"hold {counted(len(names), 'fine-tune')}"] if names else []
    said = " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else parts[0]
    return f"{said[0].upper()}{said[1:]}?"


def render_cancelled(results: Sequence[Cancelled], style: Styler = plain) -> str:
    """Draw the outcome, a line for each job and each name without one."""
    return "".join(f"{_line(one, style)}\n" for one in results)


def way_back(results: Iterable[Cancelled], switch: str | None) -> tuple[str, ...]:
    """Say how to create again what was cancelled, as commands ready to type."""
    names = list(dict.fromkeys(one.name for one in results if one.fate is not Fate.NOTHING))
    lines = []
    if switch is not None:
        lines.append(f"The kill switch is on: {switch}. Nothing is created until you remove it:")
        lines.append(f"  rm {switch}")
        lines.append("It applies to this checkout; other runners need their own, or FTOPS_FREEZE=1.")
    if names:
        lines.append("What was cancelled stays cancelled until its declaration changes, or you run:")
        lines += [f"  ftops resolve {name} --retry" for name in names[:_MOST_NAMES]]
        if len(names) > _MOST_NAMES:
            lines.append(f"  ... and {len(names) - _MOST_NAMES} more")
    return tuple(lines)


_MOST_NAMES = 5


def cancel_document(
    results: Iterable[Cancelled], switch: str | None, errors: Iterable[Problem] = ()
) -> dict[str, Any]:
    """Write the outcome."""
    return {
        "fine_tunes": [
            {
                "name": one.name,
                "provider": one.provider or None,
                "job_id": one.job_id,
                "result": one.fate.value,
                "message": one.message,
            }
            for one in results
        ],
        "freeze": switch,
        "errors": [
            {"message": one.message, "file": one.file, "line": one.line, "path": one.path, "hint": one.hint}
            for one in errors
        ],
    }


def _line(one: Cancelled, style: Styler) -> str:
    sign, role = _ROLES[one.fate]
    nothing = "nothing to stop: " if one.fate is Fate.NOTHING else ""
    return style(f"{sign} {printable(one.name)}", role) + f": {nothing}{printable(one.message)}"
