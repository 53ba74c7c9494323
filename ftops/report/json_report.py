"""The JSON documents: plan, apply, status, outputs. A plan document reads back as the same plan.

Names of files and messages of providers may hold what JSON cannot: every document is made writable first, and
only then is its digest taken, so that the digest is of what is written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ftops.errors import Problem
from ftops.model.change import Action, Change, DataUse, FieldDifference, Reason, Then
from ftops.model.event import ChangeResult, Outcome
from ftops.model.finetune import Source
from ftops.model.fingerprint import digest
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate, Review
from ftops.records.serving import Output
from ftops.report.status import StatusRow

FORMAT_VERSION = 1

_OBEYED = re.compile(
    "(##[A-Za-z]{0,20})\\[|[\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]"
)
"""The commands of CI runners that can stand inside a line, and signs that break, hide or turn text."""


def plan_document(plan: Plan, review: Review, errors: Iterable[Problem] = ()) -> dict[str, Any]:
    """Write a plan with its review; `digest` covers everything else in it.

    `errors` are what went wrong after the plan was made: with any, it is not applicable.
    """
    problems = [asdict(problem) for problem in errors]
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "complete": plan.complete,
        "incomplete": dict(plan.incomplete),
        "applicable": not review.violations and not problems,
        "state": {"lineage": plan.lineage, "serial": plan.serial},
        "summary": dict(plan.summary),
        "changes": [_change(change) for change in plan.changes],
        "review": {
            "violations": [
                {"rule": found.rule, "message": found.message, "hint": found.hint}
                for found in review.violations
            ],
            "estimated_cost": _cost(review.estimated_cost),
            "estimated_cost_later": _cost(review.estimated_cost_later),
            "same_training": [list(names) for names in review.same_training],
        },
        "errors": problems,
        "notes": list(plan.notes),
        "bindings": dict(plan.bindings),
    }
    return _digested(document)


def error_document(problems: Iterable[Problem], project: str | None = None) -> dict[str, Any]:
    """Write the document of a run that could not make a plan; it has the form of a plan without changes."""
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "project": project,
        "complete": False,
        "incomplete": {},
        "applicable": False,
        "state": None,
        "summary": dict(Plan(project or "", "", 0, ()).summary),
        "changes": [],
        "review": {
            "violations": [],
            "estimated_cost": None,
            "estimated_cost_later": None,
            "same_training": [],
        },
        "errors": [asdict(problem) for problem in problems],
        "notes": [],
        "bindings": {},
    }
    return _digested(document)


def apply_document(
    plan: Plan, review: Review, results: Sequence[ChangeResult], errors: Iterable[Problem] = ()
) -> dict[str, Any]:
    """Write a plan with the outcome of each change; a change that does nothing has no result."""
    document = plan_document(plan, review, errors)
    del document["digest"]
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


def _error(result: ChangeResult) -> dict[str, Any] | None:
    """Write why a change was not done: the first problem, and in its message all of them."""
    if not result.problems:
        return None
    first, *others = result.problems
    message = "; ".join((first.message, *map(str, others)))
    return {**asdict(first), "message": message, "code": result.code}


def json_text(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Write any of these documents out, whatever providers and file names have put into it."""
    return escaped(json.dumps(writable(document), indent=2, ensure_ascii=ascii_only, allow_nan=False))


def json_line(document: Mapping[str, Any]) -> str:
    """Write a document on one line."""
    return escaped(json.dumps(writable(document), ensure_ascii=False, allow_nan=False))


def escaped(text: str) -> str:
    """In JSON text, escape what a terminal or a CI runner would obey; it reads back as the same."""
    return _OBEYED.sub(lambda found: f"{found[1] or ''}\\u{ord(found[0][-1]):04x}", text)


def writable(value: Any) -> Any:
    """Return the value as JSON can hold it: U+FFFD for half a surrogate pair, null for NaN and infinities."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(writable(str(key))): writable(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [writable(item) for item in value]
    return value


def status_document(rows: Iterable[StatusRow]) -> dict[str, Any]:
    """Write the status of every fine-tune."""
    return {"fine_tunes": [asdict(row) for row in rows]}


def outputs_document(outputs: Iterable[Output]) -> dict[str, Any]:
    """Write the models that serve, by name."""
    return {
        output.name: {key: value for key, value in asdict(output).items() if key != "name"}
        for output in outputs
    }


def parse_plan(document: Mapping[str, Any]) -> Plan:
    """Read a plan document back. Raises KeyError, TypeError or ValueError for anything else."""
    return Plan(
        project=document["project"],
        lineage=document["state"]["lineage"],
        serial=document["state"]["serial"],
        changes=tuple(_parsed(change) for change in document["changes"]),
        incomplete=document["incomplete"],
        notes=tuple(document["notes"]),
        unmanaged=document["summary"]["unmanaged"],
        bindings=document["bindings"],
    )


def parse_cost(value: Mapping[str, Any] | None) -> CostEstimate | None:
    """Read an estimate back. Raises TypeError for anything else."""
    return CostEstimate(**value) if value else None


def _digested(document: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = writable(document)
    return {**written, "digest": digest(written)}


def _change(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "action": change.action.value,
        "reason": change.reason.value,
        "message": change.message,
        "provider": change.provider,
        "generation": change.generation,
        "attempt": change.attempt,
        "fingerprint": change.fingerprint,
        "job_id": change.job_id,
        "cancel_first": change.cancel_first,
        "spec": dict(change.spec),
        "data": [asdict(use) for use in change.data],
        "differences": [asdict(difference) for difference in change.differences],
        "depends_on": list(change.depends_on),
        "estimated_cost": _cost(change.estimated_cost),
        "source": asdict(change.source) if change.source else None,
        "labels": dict(change.labels),
        "then": _then(change.then) if change.then else None,
        "extras": dict(change.extras),
        "problems": [asdict(problem) for problem in change.problems],
    }


def _then(then: Then) -> dict[str, Any]:
    return {
        "action": then.action.value,
        "reason": then.reason.value,
        "message": then.message,
        "generation": then.generation,
        "attempt": then.attempt,
        "data": [asdict(use) for use in then.data],
        "estimated_cost": _cost(then.estimated_cost),
    }


def _cost(cost: CostEstimate | None) -> dict[str, Any] | None:
    known = cost is not None and math.isfinite(cost.low) and math.isfinite(cost.high)
    return asdict(cost) if cost is not None and known else None


def _parsed(value: Mapping[str, Any]) -> Change:
    source = value["source"]
    kept = ("name", "message", "provider", "generation", "attempt", "fingerprint", "job_id", "cancel_first")
    return Change(
        action=Action(value["action"]),
        reason=Reason(value["reason"]),
        spec=value["spec"],
        data=_parsed_data(value["data"]),
        differences=tuple(FieldDifference(**difference) for difference in value["differences"]),
        depends_on=tuple(value["depends_on"]),
        estimated_cost=parse_cost(value["estimated_cost"]),
        source=Source(**source) if source else None,
        labels=value["labels"],
        then=_parsed_then(value["then"]) if value["then"] else None,
        extras=value["extras"],
        problems=tuple(Problem(**problem) for problem in value["problems"]),
        **{key: value[key] for key in kept},
    )


def _parsed_then(value: Mapping[str, Any]) -> Then:
    return Then(
        action=Action(value["action"]),
        reason=Reason(value["reason"]),
        data=_parsed_data(value["data"]),
        estimated_cost=parse_cost(value["estimated_cost"]),
        **{key: value[key] for key in ("message", "generation", "attempt")},
    )


def _parsed_data(value: Iterable[Mapping[str, Any]]) -> tuple[DataUse, ...]:
    return tuple(DataUse(**use) for use in value)
