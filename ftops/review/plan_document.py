"""The document of a plan: `plan --format json`, a saved plan, and `apply --format json`. It reads back.

Names of files and messages of providers may hold what JSON cannot: a document is made writable first, and
only then is its digest taken, so that the digest is of what is written. `schemas/plan.v1.json` describes
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from ftops.errors import Problem
from ftops.model.change import Action, Change
from ftops.model.commit import Commit
from ftops.model.event import ChangeResult, Outcome
from ftops.model.fingerprint import digest
from ftops.model.json_text import writable
from ftops.model.json_value import JSONObject
from ftops.model.plan import Base, Plan, PlanFacts
from ftops.model.review import Review
from ftops.model.typed_json import converted

FORMAT_VERSION = 1


def plan_document(plan: Plan, review: Review, errors: Iterable[Problem] = ()) -> dict[str, Any]:
    """Write a plan with its review; `digest` covers everything else in it.

    `errors` are what went wrong after the plan was made: with any, it is not applicable.
    """
    document = undigested(plan, review, errors)
    return _digested({**document, "changes": [to_builtins(change) for change in plan.changes]})


def undigested(plan: Plan, review: Review, errors: Iterable[Problem] = ()) -> dict[str, Any]:
    """Return the document without its changes and its digest."""
    problems = [to_builtins(problem) for problem in errors]
    return {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "complete": plan.complete,
        "incomplete": plan.incomplete,
        "applicable": not review.violations and not problems and not plan.offline,
        "offline": plan.offline,
        "commit": to_builtins(plan.facts.commit),
        "base": to_builtins(plan.base),
        "state": {"lineage": plan.lineage, "serial": plan.serial},
        "summary": plan.summary,
        "changes": [],
        "review": _review(review),
        "errors": problems,
        "notes": plan.notes,
        "bindings": plan.bindings,
    }


def error_document(
    problems: Iterable[Problem], project: str | None = None, commit: Commit | None = None
) -> dict[str, Any]:
    """Write the document of a run that could not make a plan; it has the form of a plan without changes.

    With its commit, so that it is not shown once a newer one has a plan.
    """
    empty = Plan(project or "", "", 0, (), facts=PlanFacts(commit=commit))
    document = plan_document(empty, Review(), problems)
    changed = {"project": project, "complete": False, "applicable": False, "state": None}
    return _digested({**document, **changed})


def apply_document(
    plan: Plan, review: Review, results: Sequence[ChangeResult], errors: Iterable[Problem] = ()
) -> dict[str, Any]:
    """Write a plan with the outcome of each change; a change that does nothing has no result."""
    document = plan_document(plan, review, errors)
    outcomes = {(one.change.name, one.change.action, one.change.job_id): one for one in results}
    for change, written in zip(plan.changes, document["changes"], strict=True):
        found = outcomes.get((change.name, change.action, change.job_id))
        if found is not None:
            status = found.outcome.value
            written["result"] = {"status": status, "job_id": found.job_id, "error": _error(found)}
        elif change.action is Action.WAIT:
            written["result"] = {"status": "waiting", "job_id": change.job_id, "error": None}
    counts = {kind.value: sum(1 for one in results if one.outcome is kind) for kind in Outcome}
    return _digested({**document, "applied": counts})


def parse_plan(document: Any) -> tuple[Plan, Review]:
    """Read a plan document back. Raises Malformed.

    Of what the guards judged by only the commit is in it, and no exit codes: these belong to the run that
    made it.
    """
    read = converted(document, _Document)
    plan = Plan(
        project=read.project,
        lineage=read.state.lineage,
        serial=read.state.serial,
        changes=read.changes,
        incomplete=read.incomplete,
        notes=read.notes,
        unmanaged=read.summary.unmanaged,
        bindings=read.bindings,
        facts=PlanFacts(commit=read.commit),
        base=read.base,
        offline=read.offline,
    )
    return plan, read.review


class _StateRead(Struct, frozen=True):
    lineage: str
    serial: int


class _Summary(Struct, frozen=True):
    unmanaged: int


class _Document(Struct, frozen=True):
    """What is read of a plan document; the rest of it follows from this."""

    project: str
    state: _StateRead
    changes: tuple[Change, ...]
    review: Review
    incomplete: Mapping[str, str]
    notes: tuple[str, ...]
    summary: _Summary
    bindings: JSONObject
    offline: bool
    commit: Commit | None
    base: Base | None


def _review(review: Review) -> dict[str, Any]:
    written: dict[str, Any] = to_builtins(review)
    for violation in written["violations"]:
        del violation["exit_code"]
    return written


def _error(result: ChangeResult) -> dict[str, Any] | None:
    """Write why a change was not done: the first problem, and in its message all of them."""
    if not result.problems:
        return None
    first, *others = result.problems
    message = "; ".join((first.message, *map(str, others)))
    return {**to_builtins(first), "message": message, "code": result.code}


def _digested(document: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = writable({key: one for key, one in document.items() if key != "digest"})
    return {**written, "digest": digest(written)}
