"""What an import of every job would take over, and what it would leave, as lines of text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from ftops.model.job import Job
from ftops.report.words import counted, printable

_MOST_NAMED = 5


class ImportRow(Struct, frozen=True):
    """A job that is taken over, and the manifest that declares it; `written` ones are there already."""

    file: str
    job: Job
    left_out: tuple[str, ...] = ()
    written: bool = False


def import_words(rows: Sequence[ImportRow], passed_over: Iterable[tuple[Job, str]]) -> str:
    """Say which jobs get which manifests, what these cannot say, and why other jobs get none."""
    lines = [f"Taken over, with a manifest each: {counted(len(rows), 'job')}" + (":" if rows else ".")]
    columns = zip(*map(_cells, rows), strict=True)
    widths = [max(map(len, column)) for column in columns]
    for row in sorted(rows, key=lambda row: row.file):
        cells = (text.ljust(width) for text, width in zip(_cells(row), widths, strict=True))
        lines.append(f"  {'  '.join(cells)}".rstrip() + ("  (written before)" if row.written else ""))
        lines += [f"    left out, because a manifest may not ask for it: {one}" for one in row.left_out]
    return "\n".join(printable(line) for line in (*lines, *_passed_over(passed_over)))


def _cells(row: ImportRow) -> tuple[str, str, str, str]:
    return row.file, row.job.id, row.job.status.value, row.job.fine_tuned_model or ""


def _passed_over(jobs: Iterable[tuple[Job, str]]) -> Iterator[str]:
    """Count the others by what keeps them, and name the first of each."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for job, why in jobs:
        reasons[why].append(job.id)
    if reasons:
        yield f"Left as they are: {counted(sum(map(len, reasons.values())), 'job')}:"
    for why in sorted(reasons, key=lambda why: -len(reasons[why])):
        ids = reasons[why]
        more = ", ..." if len(ids) > _MOST_NAMED else ""
        yield f"  {len(ids)} {why}: {', '.join(ids[:_MOST_NAMED])}{more}"
