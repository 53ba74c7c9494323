"""What `ftops data diff` prints: for a terminal, for a pull request, and as JSON."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import to_builtins

from ftops.errors import Problem
from ftops.model.data_difference import DataDiff, FileDifference, PartDifference, RowSample, SampleKind
from ftops.model.json_text import writable
from ftops.report.cutting import BUDGETS, Place
from ftops.report.data_words import what_changed
from ftops.report.escaping import safe
from ftops.report.layout import wrapped
from ftops.report.words import Styler, plain, printable
from ftops.review.plan_document import FORMAT_VERSION

_ROLES = {SampleKind.CHANGED: "replace", SampleKind.ADDED: "create", SampleKind.REMOVED: "cancel"}
_WITHHELD = "Rows are not shown: data.samples is false in ftops.yaml."
_USUAL_WIDTH = 100


def render_diff(found: DataDiff, *, width: int, style: Styler = plain) -> str:
    """Draw the difference of each file, with samples of its rows."""
    blocks = ["\n".join([*_head(one, width, style), *_samples(one, width, style)]) for one in found.files]
    if found.withheld and any(one.trains_again for one in found.files):
        blocks.append(_WITHHELD)
    return "\n\n".join(blocks) + "\n"


def _head(one: FileDifference, width: int, style: Styler) -> Iterator[str]:
    use = f" ({one.name}, {one.role})" if one.name else ""
    against = f" against {one.against}" if one.against else ""
    yield style(printable(f"{one.path}{use}{against}"), "bold")
    yield from wrapped(verdict(one), width, "  ", hang=2)


def verdict(one: FileDifference) -> str:
    """Say in one sentence what has changed, and whether that trains again."""
    if one.rows is None:
        problem = one.problem
        hint = f" ({problem.hint})" if problem and problem.hint else ""
        return f"{problem.message if problem else 'not known'}{hint}"
    if one.trains_again:
        again = "it trains again" if one.name else "it would train again"
        order = ": the order of rows is part of what is trained" if one.rows.only_moved else ""
        return f"{what_changed(one.rows)}; {again}{order}"
    if one.bytes_differ:
        return (
            "the rows are the same: only line ends, blank lines or white space around rows differ, "
            "which does not train again"
        )
    return (
        "no difference" if one.bytes_differ is not None else "the rows are the same: it does not train again"
    )


def _samples(one: FileDifference, width: int, style: Styler) -> Iterator[str]:
    for sample in one.samples:
        yield from _sample(sample, width, style)
    for kind, more in _more(one):
        yield f"  ... and {more} more {kind.value}"


def _more(one: FileDifference) -> Iterator[tuple[SampleKind, int]]:
    """Yield how many rows of each kind are not among the samples, where there are any."""
    if one.rows is None or not one.samples:
        return
    counts = {
        SampleKind.CHANGED: one.rows.changed,
        SampleKind.ADDED: one.rows.added,
        SampleKind.REMOVED: one.rows.removed,
    }
    for kind, count in counts.items():
        more = count - sum(1 for sample in one.samples if sample.kind is kind)
        if more:
            yield kind, more


def _sample(sample: RowSample, width: int, style: Styler) -> Iterator[str]:
    numbers = str(sample.before or sample.after)
    if sample.before and sample.after and sample.before != sample.after:
        numbers = f"{sample.before}, now {sample.after}"
    yield "  " + style(f"{sample.kind.value} row {numbers}", _ROLES[sample.kind])
    if sample.text is not None:
        yield from wrapped(sample.text, width, "      ")
    for part in sample.parts:
        yield f"    {printable(part.place)}"
        yield from _part(part, width, style)


def _part(part: PartDifference, width: int, style: Styler) -> Iterator[str]:
    for sign, text, role in (("-", part.before, "cancel"), ("+", part.after, "create")):
        if text is not None:
            yield from (style(line, role) for line in wrapped(f"{sign} {text}", width, "      ", hang=2))


def render_diff_markdown(found: DataDiff) -> str:
    """Draw it for a pull request: one line a file, samples folded away."""
    lines = ["## ftops data diff", ""]
    for one in found.files:
        use = f" ({safe(f'{one.name}, {one.role}')})" if one.name else ""
        against = f"against {one.against}" if one.against else "not compared"
        lines += [f"- **{safe(one.path)}**{use}, {safe(f'{against}: {verdict(one)}')}"]
    text = "\n".join(lines) + "\n"
    shown = [one for one in found.files if one.samples]
    drawn = "\n\n".join(
        "\n".join([printable(one.path), *_samples(one, _USUAL_WIDTH, plain)]) for one in shown
    )
    # Inside pre neither Markdown nor mentions mean anything; escaped text cannot close it.
    folded = html.escape(drawn, quote=False)
    details = f"\n<details><summary>Rows</summary>\n\n<pre>\n{folded}\n</pre>\n</details>\n"
    if found.withheld:
        return f"{text}\n{safe(_WITHHELD)}\n"
    if not shown:
        return text
    if len(text.encode()) + len(details.encode()) > BUDGETS[Place.GITHUB]:
        return f"{text}\nThe rows are too long to show here: run `ftops data diff`.\n"
    return text + details


def diff_document(found: DataDiff, problems: Iterable[Problem] = ()) -> dict[str, Any]:
    """Write everything as a JSON document (`schemas/data-diff.v1.json`)."""
    unknown = [one.problem for one in found.files if one.problem is not None]
    document: dict[str, Any] = writable(
        {
            "format_version": FORMAT_VERSION,
            "files": [_file(one) for one in found.files],
            "samples_withheld": found.withheld,
            "errors": [to_builtins(problem) for problem in (*problems, *unknown)],
        }
    )
    return document


def _file(one: FileDifference) -> dict[str, Any]:
    rows = None
    if one.rows is not None:
        rows = {key: value for key, value in to_builtins(one.rows).items() if key != "path"}
    return {
        "path": one.path,
        "fine_tune": one.name,
        "role": one.role,
        "against": one.against or None,
        "rows_sha256_before": one.before,
        "rows_sha256": one.after,
        "rows": rows,
        "only_order": one.rows is not None and one.rows.only_moved,
        "only_line_ends": not one.trains_again and bool(one.bytes_differ),
        "trains_again": one.trains_again,
        "samples": [to_builtins(sample) for sample in one.samples],
    }
