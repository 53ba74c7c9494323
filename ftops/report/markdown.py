"""A plan for a pull request: what happens, what it costs, what may go wrong, then the changes, then folds."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from msgspec import Struct

from ftops.model.value import replace
from ftops.report.alerts import violation_words
from ftops.report.change_table import ChangeTable, pending_words, total_line
from ftops.report.cutting import BUDGETS, Cuts, Place, Stage, fitted, kept
from ftops.report.escaping import inline, link, safe
from ftops.report.folds import (
    afterwards_fold,
    chains_fold,
    commands_fold,
    data_fold,
    fold,
    jobs_fold,
    settings_fold,
)
from ftops.report.grouping import GRAVE, Unit, as_they_are, grouped
from ftops.report.summary import MARKS, Alert, Bullet, Origin, Summary
from ftops.report.words import counted

_ALERTS = {"caution": "CAUTION", "warning": "WARNING", "note": "NOTE"}
_JOINS = re.compile(r"[.,;:]")
_COST_UNKNOWN = "Cost unknown: "
_NO_TEXT = "(no text)"
_HEADLINE = 200
_MOST_BULLETS = 10
_MOST_REMARKS = 20
_EVERY = 100
_FILES = 10
_DOT = " \u00b7 "
_SHORT_HASH = 7
_SHORT_DIGEST = 8
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Footer(Struct, frozen=True):
    """What only the caller knows: when it is made (Unix seconds), in which run, where a full report is."""

    at: float | None = None
    run: str | None = None
    report: str | None = None


NO_FOOTER = Footer()


def marker(project: str) -> str:
    """Return the first line of a project's comment: whole, it finds the comment again, and no other one."""
    name = re.sub(r"[^a-z0-9-]", lambda sign: f"%{ord(sign[0]):02x}", project)
    return f"<!-- ftops:plan project={name} -->"


def render_comment(
    summary: Summary, *, footer: Footer = NO_FOOTER, budget: int = BUDGETS[Place.GITHUB]
) -> str:
    """Draw the comment on a pull request, in at most `budget` bytes."""
    units, pending = grouped(summary.rows, summary), grouped(summary.pending, summary)
    document = _Document(summary, footer, units, pending, comment=True)
    return fitted(document.draw, budget, document.stages())


def render_job_summary(
    summary: Summary, *, footer: Footer = NO_FOOTER, budget: int = BUDGETS[Place.JOB_SUMMARY]
) -> str:
    """Draw the same for a page of its own: every row has its line, settings and data are open."""
    document = _Document(
        summary, footer, as_they_are(summary.rows), as_they_are(summary.pending), comment=False
    )
    return fitted(document.draw, budget, document.stages())


class _Document:
    """One document, drawn with more and more left out."""

    def __init__(
        self,
        summary: Summary,
        footer: Footer,
        units: Sequence[Unit],
        pending: Sequence[Unit],
        *,
        comment: bool,
    ) -> None:
        self._summary = summary
        self._footer = footer
        self._units = units
        self._pending = pending
        self._comment = comment
        self._table = ChangeTable(units)
        self._merged = sum(len(unit.lines) for unit in units) < len(summary.rows)

    def stages(self) -> tuple[Stage, ...]:
        """Return what may be left out of this one, the least important first."""
        one = self._summary
        samples = any(data.samples for data in one.data)
        return (
            ("chains", (0,) if chains_fold(one, Cuts()) else ()),
            ("samples", (0,) if samples else ()),
            ("jobs", (0,) if one.jobs or one.afterwards else ()),
            ("settings", (0,) if one.settings else ()),
            ("files", (_FILES,) if len(one.data) > _FILES else ()),
            ("every", (_EVERY, 0) if self._merged else ()),
            ("free", range(1, len(self._table.free) + 1)),
            ("paid", range(1, len(self._table.paid) + 1)),
            ("pending", (_FILES, 0) if self._pending else ()),
            ("remarks", (_MOST_REMARKS, 3)),
            ("bullets", (_MOST_BULLETS, 3)),
        )

    def draw(self, cuts: Cuts) -> str:
        """Draw it with this left out."""
        blocks = [
            (f"{marker(self._summary.project)}\n" if self._comment else "") + self._heading(cuts),
            *self._blocks(cuts),
            *self._folds(cuts),
            self._left_out(cuts),
            self._foot(),
        ]
        return "\n\n".join(block for block in blocks if block) + "\n"

    def _heading(self, cuts: Cuts) -> str:
        one = self._summary
        return f"### {MARKS[one.verdict]} ftops: {inline(one.headline, min(_HEADLINE, cuts.most))}"

    def _blocks(self, cuts: Cuts) -> Iterator[str]:
        one = self._summary
        yield safe(one.opening, cuts.most)
        if one.alert:
            yield "\n".join(_alert(one.alert, cuts))
        yield "\n".join(_bullet(fact, cuts) for fact in one.facts)
        yield "\n".join(_some(list(_unsaid(one, cuts)), cuts.bullets))
        if self._units:
            lines = [*self._table.lines(cuts), *total_line(one.total, offline=one.offline)]
            yield "\n".join(lines)
        yield "\n".join(_some(list(_remarks(one, cuts)), cuts.remarks))

    def _folds(self, cuts: Cuts) -> Iterator[str]:
        one, opened = self._summary, not self._comment
        folds = (
            self._pending_fold(cuts),
            settings_fold(one, cuts, opened=opened),
            data_fold(one, cuts, opened=opened),
            chains_fold(one, cuts),
            jobs_fold(one, cuts),
            afterwards_fold(one, cuts),
            self._every_fold(cuts),
            commands_fold(one),
        )
        yield "\n".join("\n".join(lines) for lines in folds if lines)

    def _pending_fold(self, cuts: Cuts) -> tuple[str, ...]:
        """Draw what the branch does not bring apart: open where it stops something or needs a person."""
        if not self._pending:
            return ()
        rows = self._summary.pending
        shown = self._pending[: kept(self._pending, cuts.pending)]
        hidden = len(rows) - sum(len(unit.rows) for unit in shown)
        lines = [*ChangeTable(shown).lines(Cuts(most=cuts.most))] if shown else []
        if hidden:
            lines += ["", f"{counted(hidden, 'more change')}, not shown here."]
        opened = any(row.stops or row.word in GRAVE for row in rows)
        return fold("Pending already", pending_words(rows, self._summary), lines, opened=opened)

    def _every_fold(self, cuts: Cuts) -> tuple[str, ...]:
        if not self._merged or cuts.every == 0:
            return ()
        rows = self._summary.rows
        shown = as_they_are(rows[: kept(rows, cuts.every)])
        lines = list(ChangeTable(shown).lines(Cuts(most=cuts.most)))
        if more := len(rows) - kept(rows, cuts.every):
            lines.append(f"| and {more} more | | |")
        return fold("Every change", f"all {len(rows)}, by chain", lines)

    def _left_out(self, cuts: Cuts) -> str:
        gone = list(_missing(cuts))
        if not gone:
            return ""
        report = link("full report", self._footer.report)
        where = f"they are in the {report}" if report else "`ftops plan` shows all of it"
        return f"<sub>Left out for its size: {_listed(gone)}; {where}.</sub>"

    def _foot(self) -> str:
        footer = self._footer
        parts = [
            _origin(self._summary.origin),
            _moment(footer.at),
            link("run", footer.run),
            link("full report", footer.report),
            "every push updates it" if self._comment else None,
        ]
        return f"<sub>{_DOT.join(part for part in parts if part)}</sub>" if any(parts) else ""


def _alert(alert: Alert, cuts: Cuts) -> Iterator[str]:
    yield f"> [!{_ALERTS.get(alert.severity, 'WARNING')}]"
    join = "" if _JOINS.match(alert.text) else " "
    lead, text = inline(alert.lead, cuts.most), inline(alert.text, cuts.most)
    yield f"> **{lead}**{join}{text}".rstrip() if lead else f"> {safe(alert.text, cuts.most)}"
    yield from (f"> {line}" for line in _some([_bullet(one, cuts) for one in alert.bullets], cuts.bullets))


def _bullet(one: Bullet, cuts: Cuts) -> str:
    place = f" ({inline(f'{one.source.file}:{one.source.line}', cuts.most)})" if one.source else ""
    lead = inline(one.lead, cuts.most)
    if not lead:
        # A dash alone would make a heading of the line above it.
        return f"- {safe(one.text, cuts.most) or _NO_TEXT}{place}"
    return f"- **{inline(f'{one.lead}:', cuts.most)}** {inline(one.text, cuts.most)}{place}"


def _unsaid(one: Summary, cuts: Cuts) -> Iterator[str]:
    """Yield errors and violations that the alert does not name: another matter was graver."""
    said = set(one.alert.bullets) if one.alert else set()
    leads = {bullet.lead for bullet in said}
    yield from (_bullet(error, cuts) for error in one.errors if error not in said)
    for told in map(violation_words, one.violations):
        if told.lead not in leads:
            yield _bullet(replace(told, lead=f"Blocked by {told.lead}"), cuts)


def _remarks(one: Summary, cuts: Cuts) -> Iterator[str]:
    for waived in one.waived:
        text = f"{waived.message}; waived for {waived.name} until {waived.until}: {waived.reason}"
        yield _bullet(Bullet(f"Waived {waived.rule}", text, waived.source), cuts)
    yield from (_bullet(Bullet("Warning", each.message, each.source), cuts) for each in one.warnings)
    yield from (_bullet(Bullet("Note", note), cuts) for note in one.notes if not _said(note, one.alert))


def _said(note: str, alert: Alert | None) -> bool:
    """Return whether the alert says the same: why a cost is unknown, why a provider rests."""
    if alert is None:
        return False
    cause = note.removeprefix(_COST_UNKNOWN)
    return cause in alert.text or any(one.text and note.endswith(f": {one.text}") for one in alert.bullets)


def _some(lines: Sequence[str], most: int | None) -> Iterator[str]:
    shown = kept(lines, most)
    yield from lines[:shown]
    if shown < len(lines):
        yield f"- and {len(lines) - shown} more"


def _missing(cuts: Cuts) -> Iterator[str]:
    words = (
        (cuts.chains == 0, "the diagram of the chains"),
        (cuts.samples == 0, "the rows of the data"),
        (cuts.jobs == 0, "jobs and models"),
        (cuts.settings == 0, "the settings before and after"),
        (cuts.files is not None, "some files"),
        (cuts.every is not None, "most changes one by one" if cuts.every else "the changes one by one"),
        (cuts.free or cuts.paid or cuts.grave is not None, "some changes"),
        (cuts.pending is not None, "what was pending already"),
        (cuts.remarks is not None, "some warnings and notes"),
        (cuts.bullets is not None, "some rules and errors"),
        (cuts.most < Cuts().most, "the ends of long texts"),
    )
    yield from (word for gone, word in words if gone)


def _origin(origin: Origin) -> str:
    """Say which plan it is, of which commit, and against which one."""
    parts = []
    if origin.digest:
        digest = origin.digest.rpartition(":")[2][:_SHORT_DIGEST]
        parts.append(f"plan `{inline(digest)}`")
    if origin.commit:
        parts.append(f"commit {inline(origin.commit[:_SHORT_HASH])}")
    said = " of ".join(parts)
    if origin.base:
        said += f" against {inline(origin.ref or '', 80)} {inline(origin.base[:_SHORT_HASH])}"
    return f"{said[:1].upper()}{said[1:]}".strip()


def _listed(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _moment(at: float | None) -> str | None:
    """Write an instant of UTC without asking the locale."""
    if at is None:
        return None
    told = time.gmtime(at)
    day = f"{_DAYS[told.tm_wday]} {told.tm_mday} {_MONTHS[told.tm_mon - 1]} {told.tm_year}"
    return f"{day}, {told.tm_hour:02}:{told.tm_min:02} UTC"
