"""What a comment folds away: each fold's summary is an answer already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftops.model.data_difference import RowSample, SampleKind
from ftops.report.alerts import rows_in
from ftops.report.chains import drawable, mermaid_lines
from ftops.report.cutting import Cuts, kept
from ftops.report.escaping import MOST_OF_A_LINE, MOST_OF_A_TEXT, cell, code, fenced, inline
from ftops.report.grouping import names_words
from ftops.report.money import afterwards_words
from ftops.report.summary import Data, JobNote, Settings, Summary
from ftops.report.words import counted, cut, printable

_MOST_SAMPLES = 5
"""Rows of one file that are shown."""

_MOST_NAMES = 20
_NAMES_ALIKE = 5


def fold(title: str, answer: str, lines: Sequence[str], *, opened: bool = False) -> tuple[str, ...]:
    """Fold lines away. The empty lines are what makes Markdown of them."""
    says = f": {answer}" if answer else ""
    tag = "<details open>" if opened else "<details>"
    return (f"{tag}<summary><b>{title}</b>{says}</summary>", "", *lines, "", "</details>")


def settings_fold(summary: Summary, cuts: Cuts, *, opened: bool) -> tuple[str, ...]:
    """Show each setting before and after; what differs alike is one block."""
    if not summary.settings:
        return ()
    names = dict.fromkeys(name for one in summary.settings for name in one.names)
    ways = f", in {counted(len(summary.settings), 'way')}" if len(names) > len(summary.settings) else ""
    answer = f"{counted(len(names), 'fine-tune')} {'differs' if len(names) == 1 else 'differ'}{ways}"
    if cuts.settings == 0:
        lines: Sequence[str] = (inline(names_words(list(names), _MOST_NAMES), cuts.most),)
    else:
        lines = fenced("diff", (line for one in summary.settings for line in _settings(one)), MOST_OF_A_TEXT)
    return fold("Settings", answer, lines, opened=opened)


def _settings(one: Settings) -> Iterator[str]:
    if len(one.names) == 1:
        (name,) = one.names
        source = one.sources.get(name)
        yield f"@@ {name}  {source.file}:{source.line}" if source else f"@@ {name}"
    else:
        yield f"@@ {len(one.names)} fine-tunes: {names_words(one.names, _MOST_NAMES)}"
    for difference in one.differences:
        yield cut(printable(f"- {difference.path}: {difference.before}"), MOST_OF_A_LINE)
        yield cut(printable(f"+ {difference.path}: {difference.after}"), MOST_OF_A_LINE)


def data_fold(summary: Summary, cuts: Cuts, *, opened: bool) -> tuple[str, ...]:
    """Show some of the rows that differ, and count all of them."""
    if not summary.data:
        return ()
    first = summary.data[0]
    answer = inline(rows_in(first)) if len(summary.data) == 1 else f"{len(summary.data)} files differ"
    lines: list[str] = []
    shown = summary.data[: kept(summary.data, cuts.files)]
    for one in shown:
        lines += [*_file(one, cuts), ""]
    if more := len(summary.data) - len(shown):
        lines += [f"{counted(more, 'more file')}, not shown here.", ""]
    return fold("Data", answer, lines[:-1], opened=opened)


def _file(one: Data, cuts: Cuts) -> Iterator[str]:
    rows, drawn = one.rows, list(_samples(one))
    if drawn and cuts.samples != 0:
        yield from fenced("diff", drawn)
    counts = f"{rows.changed:,} changed, {rows.added:,} added, {rows.removed:,} removed"
    order = ", in another order" if rows.moved else ""
    names = names_words(one.names, _NAMES_ALIKE)
    yield (
        f"{inline(f'{rows.path}:', cuts.most)} {rows.before:,} rows before, {rows.after:,} after: "
        f"{counts}{order}. It trains {inline(names, cuts.most)}."
    )


def _samples(one: Data) -> Iterator[str]:
    """Yield the first rows; one that changes as an earlier one does is only named."""
    seen: dict[tuple[object, ...], list[str]] = {}
    samples = one.samples[: _MOST_SAMPLES * 4]
    for sample in samples:
        seen.setdefault(_alike(sample), []).append(str(sample.after or sample.before))
    for key, numbers in list(seen.items())[:_MOST_SAMPLES]:
        sample = next(each for each in samples if _alike(each) == key)
        yield from _sample(one.rows.path, sample)
        if len(numbers) > 1:
            many = "row" if len(numbers) == 2 else "rows"  # noqa: PLR2004 - the first one is shown
            yield f"@@ {many} {', '.join(numbers[1:])}: the same change"


def _alike(sample: RowSample) -> tuple[object, ...]:
    return (sample.kind, sample.text, *((part.before, part.after) for part in sample.parts))


def _sample(path: str, sample: RowSample) -> Iterator[str]:
    row = f"@@ {path}  row {sample.after or sample.before}"
    if not sample.parts:
        yield f"{row}, {sample.kind.value}"
        yield f"{'-' if sample.kind is SampleKind.REMOVED else '+'} {sample.text or ''}"
    for part in sample.parts:
        yield f"{row}, {printable(part.place)}"
        yield from (f"- {part.before}" for _ in (1,) if part.before is not None)
        yield from (f"+ {part.after}" for _ in (1,) if part.after is not None)


def chains_fold(summary: Summary, cuts: Cuts) -> tuple[str, ...]:
    """Draw what starts from what."""
    if cuts.chains == 0 or not drawable(summary.chains):
        return ()
    return fold("Chains", "what starts from what", fenced("mermaid", mermaid_lines(summary.chains), 400))


def jobs_fold(summary: Summary, cuts: Cuts) -> tuple[str, ...]:
    """Say what becomes of each job and model that is there."""
    if cuts.jobs == 0 or not summary.jobs:
        return ()
    cancelled = sum(1 for one in summary.jobs if one.cancelled)
    stay = sum(1 for one in summary.jobs if one.model)
    jobs = f"{counted(cancelled, 'job')} {'is' if cancelled == 1 else 'are'} cancelled"
    models = f"{counted(stay, 'model')} {'stays' if stay == 1 else 'stay'}"
    answer = ", ".join(words for words, count in ((jobs, cancelled), (models, stay)) if count)
    table = ["| fine-tune | generation | job or model that it has now |", "|:--|:--|:--|"]
    return fold("Jobs and models", answer or "no job is cancelled", [*table, *map(_job, summary.jobs)])


def _job(one: JobNote) -> str:
    told = []
    if one.job:
        told.append(f"job {code(one.job)}{' is cancelled' if one.cancelled else ''}")
    if one.model:
        told.append(f"model {code(one.model)} stays")
    return f"| {cell(one.name)} | {inline(one.generation)} | {'; '.join(told) or 'none'} |"


def afterwards_fold(summary: Summary, cuts: Cuts) -> tuple[str, ...]:
    """Say what the models cost once they are trained."""
    if cuts.jobs == 0 or not summary.afterwards:
        return ()
    lines = [
        f"- {inline(f'{afterwards_words(after)}:')} {inline(names_words(names, _NAMES_ALIKE))}"
        for after, names in summary.afterwards
    ]
    return fold("Afterwards", "what the models cost once they are trained", lines)


def commands_fold(summary: Summary) -> tuple[str, ...]:
    """Give each command in a fence of its own, to be copied."""
    if not summary.commands:
        return ()
    lines = [line for command in summary.commands for line in fenced("console", (command,), 400)]
    return fold("Read it yourself", "", lines)
