"""Cases that stand beside policies, and whether the rules say what each expects. Offline."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from ftops.errors import FtopsError, InvalidInput, Problem
from ftops.files.confinement import confine
from ftops.manifests.discovery import manifest_files
from ftops.manifests.document import Document
from ftops.manifests.loader import read_documents
from ftops.manifests.policy_documents import PolicyDocuments, is_policy_document, rules_of
from ftops.manifests.project import load_project
from ftops.manifests.wording import suggestion
from ftops.model.json_value import JSONObject
from ftops.model.policy import PolicyRule, Severity
from ftops.providers.registry import dialects
from ftops.review.expressions import Expressions
from ftops.review.own_rules import Judge, broken_by

_KEPT = "pass"
PLAIN: Mapping[str, Any] = {
    "name": "example",
    "labels": {},
    "annotations": {},
    "provider": "local",
    "model": "gpt-4o-mini",
    "method": "supervised",
    "hyperparameters": {},
    "suffix": None,
    "data": {"examples": 100, "bytes": 20_000, "tokens": None},
    "cost": None,
    "action": "create",
    "generation": 1,
}
"""What a case leaves out of its change is so."""


class Tested(Struct, frozen=True):
    """Cases that were run, and what of them does not come out as it expects, each with its place."""

    cases: int = 0
    failures: tuple[Problem, ...] = ()


def run_cases(root: Path, files: Sequence[str] = ()) -> Tested:
    """Run the cases of the named files, or of all of the project. Raises InvalidInput, FtopsError."""
    policies = list(_policies(root, files or _project_files(root)))
    judge = Expressions()
    cases, failures = 0, list[Problem]()
    for document in policies:
        rules = {rule.name: rule for rule in rules_of(document)}
        for number, case in enumerate(document.value["spec"].get("tests", ())):
            cases += 1
            wrong = _run(case, rules, judge)
            if wrong is not None:
                failures.append(document.problem(wrong, ("spec", "tests", number)))
    return Tested(cases, tuple(failures))


def _project_files(root: Path) -> tuple[str, ...]:
    project, document = load_project(root, dialects())
    found = manifest_files(root, project.manifests, document)
    if found.problems:
        raise InvalidInput(found.problems)
    return found.files


def _policies(root: Path, files: Iterable[str]) -> Iterator[Document]:
    """Yield the sound Policies of files; raise InvalidInput once for everything that is wrong."""
    known, sound, problems = PolicyDocuments(), list[Document](), list[Problem]()
    for file in files:
        confine(root, root / file, file, os.environ)
        if not (root / file).is_file():
            raise FtopsError(f"{file} is not a file")
        for found in read_documents(root / file, file):
            if isinstance(found, Problem):
                problems.append(found)
            elif is_policy_document(found.value):
                problems += known.add(found)
                sound += [found] if found.value["kind"] == "Policy" else []
    if problems:
        raise InvalidInput(tuple(problems))
    yield from sound


def _run(case: Mapping[str, Any], rules: Mapping[str, PolicyRule], judge: Judge) -> str | None:
    """Return how a case comes out otherwise than it expects; None where it does not."""
    asked = case.get("rule")
    if asked is not None and asked not in rules:
        return f"{case['name']}: this document has no rule {asked} ({suggestion(asked, rules)})"
    document = _document(case["change"])
    chosen = [rule for name, rule in rules.items() if asked in (None, name)]
    said = [(rule, text) for rule in chosen if (text := broken_by(rule, document, judge)) is not None]
    severities = {rule.severity for rule, _ in said}
    found = next((one.value for one in (Severity.DENY, Severity.WARN) if one in severities), _KEPT)
    if found == case["expect"]:
        return None
    why = "; ".join(f"{rule.name} says: {text}" for rule, text in said) or "no rule is broken"
    return f"{case['name']}: expected {case['expect']}, found {found}: {why}"


def _document(change: Mapping[str, Any]) -> JSONObject:
    data = {**PLAIN["data"], **change.get("data", {})}
    return {**PLAIN, **change, "data": data}
