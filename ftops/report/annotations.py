"""A plan as GitHub shows it at the lines of a change: annotations, and a step's outputs.

GitHub shows ten annotations of a kind for a step and drops the rest without a word: the gravest come first,
and the tenth says how many more there are.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from ftops.model.finetune import Source
from ftops.report.alerts import violation_words
from ftops.report.conditions import met
from ftops.report.summary import VERDICT_WORDS, Bullet, Row, Summary, Word
from ftops.report.words import cut, printable

MOST_OF_A_KIND = 10

_LONGEST = 600
_OTHER_RUNNERS = re.compile(r"(##[A-Za-z]{0,20})(?=\[)")
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


class Annotation(Struct, frozen=True):
    """One sentence at a place; `kind` is GitHub's word for how grave it is."""

    kind: str
    title: str
    message: str
    source: Source | None = None

    def line(self, prefix: str) -> str:
        """Write it as a workflow command. `prefix` is the project's folder in its repository."""
        told = {"title": _escaped(self.title, _PROPERTY)}
        if self.source:
            place = {"file": _escaped(posixpath.join(prefix, self.source.file), _PROPERTY)}
            told = {**place, "line": str(max(1, self.source.line)), **told}
        properties = ",".join(f"{name}={value}" for name, value in told.items())
        return f"::{self.kind} {properties}::{_escaped(self.message, _DATA)}"


def annotation_lines(summary: Summary, prefix: str = "") -> tuple[str, ...]:
    """Return the workflow commands of a plan, the gravest first."""
    kinds = (list(_errors(summary)), list(_warnings(summary)), list(_notices(summary)))
    return tuple(one.line(prefix) for kind in kinds for one in _most(kind))


def step_outputs(summary: Summary) -> Mapping[str, str]:
    """Return the outputs of a step: words and a number of ours, never a text that somebody else wrote.

    `cost` is in USD, at its high end, and empty where a part of it is unknown.
    """
    total = summary.total
    known = 0.0 if not total.trainings else total.known.high if total.known and not total.unknown else None
    return {
        "has-changes": "true" if met("changes", summary) else "false",
        "cost": "" if known is None else f"{known:.6g}",
        "verdict": summary.verdict.value,
    }


def _errors(summary: Summary) -> Iterator[Annotation]:
    for error in summary.errors:
        yield Annotation("error", "ftops: not planned", _said(error), error.source)
    for one in summary.violations:
        said = violation_words(one)
        yield Annotation("error", f"ftops: {said.lead}", said.text, said.source)


def _warnings(summary: Summary) -> Iterator[Annotation]:
    rows = (*summary.rows, *summary.pending)
    yield from (_stopping(row) for row in rows if row.stops)
    for row in rows:
        if row.word is Word.HOLD:
            yield Annotation("warning", f"ftops: {row.name} is held", row.message or row.why, row.source)
    for each in summary.warnings:
        yield Annotation("warning", f"ftops: {each.rule}", each.message, each.source)


def _stopping(row: Row) -> Annotation:
    progress = row.stopped.progress if row.stopped else None
    far = "" if progress is None else f", which is at {100 * progress:.0f} %"
    return Annotation(
        "warning", "ftops: stops a running job", f"{row.word} {row.name}: stops its job{far}", row.source
    )


def _notices(summary: Summary) -> Iterator[Annotation]:
    yield Annotation("notice", f"ftops: {VERDICT_WORDS[summary.verdict]}", summary.headline)
    for one in summary.waived:
        text = f"{one.message}; waived for {one.name} until {one.until}: {one.reason}"
        yield Annotation("notice", f"ftops: {one.rule} is waived", text, one.source)


def _said(bullet: Bullet) -> str:
    return f"{bullet.lead}: {bullet.text}" if bullet.lead else bullet.text


def _most(found: Sequence[Annotation]) -> Sequence[Annotation]:
    if len(found) <= MOST_OF_A_KIND:
        return found
    shown, rest = found[: MOST_OF_A_KIND - 1], found[MOST_OF_A_KIND - 1 :]
    titles = ", ".join(dict.fromkeys(one.title.removeprefix("ftops: ") for one in rest))
    return (*shown, Annotation(found[0].kind, f"ftops: and {len(rest)} more", titles))


def _escaped(text: str, signs: Mapping[str, str]) -> str:
    """Write a stranger's text so that it ends neither the line nor the command, nor begins another."""
    shown = _OTHER_RUNNERS.sub(r"\1 ", cut(printable(text).strip(), _LONGEST))
    return "".join(signs.get(sign, sign) for sign in shown)
