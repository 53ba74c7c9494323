"""What `ftops validate` prints: each data file with its figures and warnings, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field, to_builtins

from ftops.errors import Problem
from ftops.model.data_check import DataVerdict, FileCheck, Finding, Severity, Statistics
from ftops.model.dataset import Dataset, TokenCount
from ftops.model.finetune import FineTune
from ftops.model.json_text import writable
from ftops.model.review import Violation, Warned
from ftops.report.words import Styler, counted, printable, size
from ftops.review.plan_document import FORMAT_VERSION


class Validation(Struct, frozen=True):
    """A project as it was checked. `uncounted` says by path why a file's tokens are unknown.

    `unread` are addresses of data that was not read: there is no copy here, and no network is used.
    `violations` are the policies that what is declared breaks, whether or not it is trained already;
    `notices` what policies and waivers have to say besides.
    """

    project: str | None
    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    files: tuple[FileCheck, ...]
    verdicts: Mapping[str, DataVerdict]
    problems: tuple[Problem, ...]
    uncounted: Mapping[str, str]
    absent: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    notices: tuple[Warned, ...] = ()


def render_validation(validation: Validation, style: Styler) -> str:
    """Write figures and warnings file by file, and one line for everything if nothing is wrong."""
    sources = _sources(validation)
    lines = [line for file in validation.files for line in _file_lines(file, validation, sources, style)]
    lines += [style(reason, "dim") for reason in dict.fromkeys(_reasons(validation))]
    lines += [f"{printable(url)}: not read: validate uses no network" for url in validation.unread]
    lines += [line for one in validation.violations for line in _violation_lines(one, style)]
    lines += [f"{style('warning', 'replace')}: {_located(one)}" for one in validation.notices]
    if not validation.problems and not validation.violations:
        fine_tunes = counted(len(validation.fine_tunes), "fine-tune")
        files = counted(len(validation.datasets), "data file")
        warnings = sum(len(list(_warnings(file))) for file in validation.files)
        extra = f", with {counted(warnings, 'warning')}" if warnings else ""
        unread = f"; {counted(len(validation.unread), 'file')} not read" if validation.unread else ""
        lines.append(f"{fine_tunes} and {files}: all valid{extra}{unread}.")
    return "".join(f"{line}\n" for line in lines)


def validation_document(validation: Validation) -> dict[str, Any]:
    """Write everything as a JSON document (`schemas/validate.v1.json`)."""
    document: dict[str, Any] = writable(
        {
            "format_version": FORMAT_VERSION,
            "project": validation.project,
            "valid": not validation.problems,
            "fine_tunes": [_fine_tune(one, validation) for one in validation.fine_tunes],
            "files": [_file(file, validation.datasets.get(file.path)) for file in validation.files],
            "errors": [to_builtins(problem) for problem in validation.problems],
            "unread": list(validation.unread),
            "violations": [_violation(one) for one in validation.violations],
            "warnings": [_notice(one) for one in validation.notices],
        }
    )
    return document


def failed_document(problems: Iterable[Problem]) -> dict[str, Any]:
    """Write the document of a project whose file could not even be read."""
    return validation_document(Validation(None, (), {}, (), {}, tuple(problems), {}))


def _file_lines(
    file: FileCheck, validation: Validation, sources: Mapping[str, str], style: Styler
) -> Iterator[str]:
    dataset = validation.datasets.get(file.path)
    if dataset is not None:
        source = sources.get(file.path)
        of = f" (from {printable(source)})" if source else ""
        yield f"{printable(file.path)}{of}: {_figures(dataset, file.statistics)}"
    for finding in _warnings(file):
        yield f"  {style('warning', 'replace')}: {printable(_without_file(finding))}"


def _violation_lines(violation: Violation, style: Styler) -> Iterator[str]:
    yield f"{style('refused', 'hold')}: {_located(violation)}"
    if violation.hint:
        yield f"  {printable(violation.hint)}"


def _located(found: Violation | Warned) -> str:
    place = f"{found.source.file}:{found.source.line}: " if found.source else ""
    about = f"{found.name}: " if isinstance(found, Violation) and found.name else ""
    return printable(f"{place}{found.rule}: {about}{found.message}")


def _notice(warned: Warned) -> dict[str, Any]:
    return {
        "rule": warned.rule,
        "message": warned.message,
        "names": list(warned.names),
        "source": to_builtins(warned.source),
    }


def _violation(violation: Violation) -> dict[str, Any]:
    written: dict[str, Any] = to_builtins(violation)
    del written["exit_code"]
    return written


def _sources(validation: Validation) -> dict[str, str]:
    """Return where the copies among the files come from, by path."""
    files = (file for one in validation.fine_tunes for _, file in one.data_files)
    return {file.path or "": file.remote.url for file in files if file.remote is not None}


def _warnings(file: FileCheck) -> Iterator[Finding]:
    return (finding for finding, _ in file.findings if finding.severity is Severity.WARNING)


def _without_file(finding: Finding) -> str:
    problem = finding.problem
    column = f", column {problem.column}" if problem.column is not None else ""
    place = f"line {problem.line}{column}: " if problem.line is not None else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{place}{problem.message}{hint}"


def _figures(dataset: Dataset, found: Statistics) -> str:
    text = [counted(dataset.examples, "example"), size(dataset.bytes)]
    if dataset.tokens is not None:
        text.append(token_words(dataset.tokens))
    if found.roles:
        roles = ", ".join(f"{count:,} {role}" for role, count in found.roles.items())
        text.append(f"messages: {roles}")
    if found.rows_with_tools:
        text.append(f"{found.rows_with_tools:,} with tools")
    if found.images:
        text.append(counted(found.images, "image"))
    return "; ".join(text)


def token_words(tokens: TokenCount) -> str:
    """Write a count of tokens: `1,234 tokens`, or a range that says why it is one."""
    if tokens.exact:
        return f"{tokens.low:,} tokens"
    amount = f"{tokens.low:,}" if tokens.low == tokens.high else f"{tokens.low:,} to {tokens.high:,}"
    return f"about {amount} tokens ({'; '.join(tokens.because)})"


def tokens_document(tokens: TokenCount) -> dict[str, Any]:
    """Write a count of tokens."""
    return {"low": tokens.low, "high": tokens.high, "exact": tokens.exact, "because": list(tokens.because)}


def _reasons(validation: Validation) -> Iterator[str]:
    for path, reason in validation.uncounted.items():
        # Said once for all files, not once for each.
        yield reason.replace(f"the tokens of {path} are", "tokens are", 1)


def _fine_tune(fine_tune: FineTune, validation: Validation) -> dict[str, Any]:
    verdict = validation.verdicts.get(fine_tune.name, DataVerdict())
    return {
        "name": fine_tune.name,
        "provider": fine_tune.provider,
        "method": fine_tune.method.value,
        "data": [
            {
                "role": role,
                "path": file.path,
                "file_id": file.file_id,
                "url": file.remote.url if file.remote else None,
            }
            for role, file in fine_tune.data_files
        ],
        "data_errors": len(verdict.problems) + len(validation.absent.get(fine_tune.name, ())),
        "data_warnings": len(verdict.warnings),
    }


def _file(file: FileCheck, dataset: Dataset | None) -> dict[str, Any]:
    return {
        "path": file.path,
        "sha256": dataset.file_sha256 if dataset else None,
        "rows_sha256": dataset.sha256 if dataset else None,
        "bytes": dataset.bytes if dataset else None,
        "examples": dataset.examples if dataset else None,
        "tokens": tokens_document(dataset.tokens) if dataset and dataset.tokens else None,
        "statistics": to_builtins(file.statistics),
        "findings": [_finding(finding, names) for finding, names in file.findings],
    }


def _finding(finding: Finding, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "count": finding.count,
        "lines": list(finding.lines),
        "column": finding.column,
        "fine_tunes": list(names),
    }
