"""What `ftops validate` prints: each data file with its figures and warnings, and the whole as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field, to_builtins

from ftops.errors import Problem
from ftops.model.data_check import DataVerdict, FileCheck, Finding, Severity, Statistics
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.json_text import writable
from ftops.report.words import Styler, counted, printable, size
from ftops.review.plan_document import FORMAT_VERSION


class Validation(Struct, frozen=True):
    """A project as it was checked. `uncounted` says by path why a file's tokens are not known."""

    project: str | None
    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    files: tuple[FileCheck, ...]
    verdicts: Mapping[str, DataVerdict]
    problems: tuple[Problem, ...]
    uncounted: Mapping[str, str]
    absent: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)


def render_validation(validation: Validation, style: Styler) -> str:
    """Write figures and warnings file by file, and one line for the whole where nothing is wrong."""
    lines = [line for file in validation.files for line in _file_lines(file, validation, style)]
    lines += [style(reason, "dim") for reason in dict.fromkeys(_reasons(validation))]
    if not validation.problems:
        fine_tunes = counted(len(validation.fine_tunes), "fine-tune")
        files = counted(len(validation.datasets), "data file")
        warnings = sum(len(list(_warnings(file))) for file in validation.files)
        extra = f", with {counted(warnings, 'warning')}" if warnings else ""
        lines.append(f"{fine_tunes} and {files}: all valid{extra}.")
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
        }
    )
    return document


def failed_document(problems: Iterable[Problem]) -> dict[str, Any]:
    """Write the document of a project whose file could not even be read."""
    return validation_document(Validation(None, (), {}, (), {}, tuple(problems), {}))


def _file_lines(file: FileCheck, validation: Validation, style: Styler) -> Iterator[str]:
    dataset = validation.datasets.get(file.path)
    if dataset is not None:
        yield f"{printable(file.path)}: {_figures(dataset, file.statistics)}"
    for finding in _warnings(file):
        yield f"  {style('warning', 'replace')}: {printable(_without_file(finding))}"


def _warnings(file: FileCheck) -> Iterator[Finding]:
    return (finding for finding, _ in file.findings if finding.severity is Severity.WARNING)


def _without_file(finding: Finding) -> str:
    problem = finding.problem
    place = f"line {problem.line}: " if problem.line is not None else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{place}{problem.message}{hint}"


def _figures(dataset: Dataset, found: Statistics) -> str:
    words = [counted(dataset.examples, "example"), size(dataset.bytes)]
    if dataset.tokens is not None:
        words.append(f"{dataset.tokens:,} tokens")
    if found.roles:
        roles = ", ".join(f"{count:,} {role}" for role, count in found.roles.items())
        words.append(f"messages: {roles}")
    if found.rows_with_tools:
        words.append(f"{found.rows_with_tools:,} with tools")
    if found.images:
        words.append(counted(found.images, "image"))
    return "; ".join(words)


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
            {"role": role, "path": file.path, "file_id": file.file_id} for role, file in fine_tune.data_files
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
        "tokens": dataset.tokens if dataset else None,
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
