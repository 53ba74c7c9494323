"""What `ftops data check` prints: figures, a chart of lengths, problems with their places, corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import to_builtins

from ftops.errors import Problem
from ftops.model.data_check import CheckedFile, DataCheck, Finding, FixedFile, Severity
from ftops.model.dataset import TokenCount
from ftops.model.json_text import writable
from ftops.model.lengths import Bar, Distribution, Lengths
from ftops.report.layout import wrapped
from ftops.report.validation import tokens_document
from ftops.report.words import Styler, counted, printable, size
from ftops.review.plan_document import FORMAT_VERSION

Corrections = Callable[[str], str | None]
"""What a corrected copy has in place of a kind."""

_LONGEST_BAR = 40
_SHORTEST_BAR = 10
_BLOCK, _ASCII_BLOCK = "█", "#"


def render_check(
    found: DataCheck, corrections: Corrections, *, width: int, style: Styler, blocks: bool = True
) -> str:
    """Draw every file, and what was corrected. Without `blocks` the chart is of ASCII."""
    block = _BLOCK if blocks else _ASCII_BLOCK
    fixed = {one.path: one for one in found.fixed}
    parts: list[str] = []
    for file in found.files:
        lines = [*_file(file, width, block), *_findings(file, style)]
        if file.check.path in fixed:
            lines += _fixed(fixed[file.check.path], corrections, style)
        parts.append("\n".join(lines))
    parts.append(_summary(found))
    return "\n\n".join(part for part in parts if part) + "\n"


def _file(file: CheckedFile, width: int, block: str) -> Iterator[str]:
    path = printable(file.check.path)
    yield f"{path}: {_figures(file)}"
    if file.judged_by:
        yield from wrapped(f"checked for {', '.join(file.judged_by)}", width, "  ", hang=2)
    measured = file.lengths
    if measured is None:
        return
    if not measured.tokens.exact:
        yield from wrapped(f"tokens are a range: {'; '.join(measured.tokens.because)}", width, "  ", hang=2)
    if measured.tokens_each is not None:
        yield from wrapped(_spread("tokens", measured.tokens_each), width, "  ", hang=2)
        yield from _chart(measured.tokens_each.bars, width, block)
    if measured.turns_each is not None:
        yield from wrapped(_spread("messages", measured.turns_each), width, "  ", hang=2)


def _figures(file: CheckedFile) -> str:
    found, dataset = file.check.statistics, file.dataset
    if dataset is None:
        return "not read to its end"
    text = [f"{dataset.examples:,} {'example' if dataset.examples == 1 else 'examples'}", size(dataset.bytes)]
    if file.lengths is not None:
        text.append(_token_words(file.lengths.tokens))
    if found.roles:
        text.append("messages: " + ", ".join(f"{count:,} {role}" for role, count in found.roles.items()))
    if found.rows_with_tools:
        text.append(f"{found.rows_with_tools:,} with tools")
    if found.images:
        text.append(counted(found.images, "image"))
    if found.duplicate_rows:
        text.append(counted(found.duplicate_rows, "repeated row"))
    return "; ".join(text)


def _token_words(tokens: TokenCount) -> str:
    if tokens.low == tokens.high:
        return f"{'' if tokens.exact else 'about '}{tokens.low:,} tokens"
    return f"about {tokens.low:,} to {tokens.high:,} tokens"


def _spread(what: str, spread: Distribution) -> str:
    if spread.least == spread.most:
        return f"{what} per example: {spread.most:,}"
    return (
        f"{what} per example: {spread.least:,} to {spread.most:,} (line {spread.most_line}), "
        f"median {spread.median:,}, 90% up to {spread.p90:,}, 99% up to {spread.p99:,}"
    )


def _chart(bars: tuple[Bar, ...], width: int, block: str) -> Iterator[str]:
    """Draw a bar for each range of lengths; one bar alone says nothing."""
    if len(bars) < 2:  # noqa: PLR2004 - one bar
        return
    labels = [_label(bar) for bar in bars]
    counts = [f"{bar.count:,}" for bar in bars]
    longest, widest = max(map(len, labels)), max(map(len, counts))
    room = min(_LONGEST_BAR, max(_SHORTEST_BAR, width - longest - widest - len("    ") - 3))
    most = max(bar.count for bar in bars)
    for bar, label, count in zip(bars, labels, counts, strict=True):
        drawn = block * (-(-bar.count * room // most))
        yield f"    {label:>{longest}}  {drawn} {count}" if drawn else f"    {label:>{longest}}  {count}"


def _label(bar: Bar) -> str:
    if bar.high is None:
        return f"{bar.low:,}+"
    return f"{bar.low:,}" if bar.low == bar.high else f"{bar.low:,}-{bar.high:,}"


def _findings(file: CheckedFile, style: Styler) -> Iterator[str]:
    for finding in file.findings:
        role = "error" if finding.severity is Severity.ERROR else "replace"
        problem = finding.problem
        place = ":".join(str(one) for one in (problem.file, problem.line, problem.column) if one is not None)
        hint = f" ({problem.hint})" if problem.hint else ""
        word = style(finding.severity.value, role)
        yield f"  {printable(place)}: {word}: {printable(problem.message + hint)}"


def _fixed(fixed: FixedFile, corrections: Corrections, style: Styler) -> Iterator[str]:
    if fixed.problem is not None:
        yield f"  {style('error', 'error')}: {printable(str(fixed.problem))}"
        return
    if not fixed.corrections or fixed.copy is None:
        yield "  Nothing in it can be corrected automatically."
        return
    yield f"  Corrected in {printable(fixed.copy.check.path)}:"
    for kind, count in fixed.corrections.items():
        yield f"    {kind}: {corrections(kind)}, on {counted(count, 'line')}"
    left = [*_findings(fixed.copy, style)]
    yield "  Left in the copy:" if left else "  Nothing is left to correct in the copy."
    yield from (f"  {line}" for line in left)


def _summary(found: DataCheck) -> str:
    files = counted(len(found.files), "data file")
    errors = len(found.errors)
    warnings = sum(1 for file in found.files for one in file.findings if one.severity is Severity.WARNING)
    if found.fixed:
        copies = sum(1 for one in found.fixed if one.copy is not None)
        return f"{files}, {counted(copies, 'corrected copy', 'corrected copies')}: {_kinds(errors)} left."
    said = f"with {counted(warnings, 'warning')}" if warnings else ""
    if not errors:
        return f"{files}: all valid{', ' + said if said else ''}."
    return f"{files}: {_kinds(errors)}{' and ' + counted(warnings, 'warning') if warnings else ''}."


def _kinds(errors: int) -> str:
    return counted(errors, "error") if errors else "no error"


def check_document(found: DataCheck) -> dict[str, Any]:
    """Write everything as a JSON document (`schemas/data-check.v1.json`)."""
    document: dict[str, Any] = writable(
        {
            "format_version": FORMAT_VERSION,
            "valid": not found.errors,
            "files": [_file_document(file) for file in found.files],
            "fixed": [_fixed_document(one) for one in found.fixed],
            "errors": [to_builtins(problem) for problem in found.errors],
        }
    )
    return document


def failed_check(problems: tuple[Problem, ...]) -> dict[str, Any]:
    """Write the document of a check that could not be made."""
    return check_document(DataCheck(problems=problems))


def _file_document(file: CheckedFile) -> dict[str, Any]:
    dataset = file.dataset
    return {
        "path": file.check.path,
        "checked_for": list(file.judged_by),
        "sha256": dataset.file_sha256 if dataset else None,
        "rows_sha256": dataset.sha256 if dataset else None,
        "bytes": dataset.bytes if dataset else None,
        "examples": dataset.examples if dataset else None,
        "statistics": to_builtins(file.check.statistics),
        "lengths": None if file.lengths is None else _lengths(file.lengths),
        "findings": [_finding(finding) for finding in file.findings],
    }


def _lengths(lengths: Lengths) -> Mapping[str, Any]:
    return {
        "tokens": tokens_document(lengths.tokens),
        "tokens_each": to_builtins(lengths.tokens_each),
        "messages_each": to_builtins(lengths.turns_each),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {key: value for key, value in to_builtins(finding).items() if key != "path"}


def _fixed_document(fixed: FixedFile) -> dict[str, Any]:
    return {
        "path": fixed.path,
        "corrections": dict(fixed.corrections),
        "copy": None if fixed.copy is None else _file_document(fixed.copy),
        "error": None if fixed.problem is None else to_builtins(fixed.problem),
    }
