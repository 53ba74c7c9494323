"""Documents of `kind: Policy` and `kind: Waiver`: rules of a project's own, and who may break which.

They may stand in any manifest, and in `policies/` beside `ftops.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from ftops.errors import FtopsError, Problem
from ftops.manifests.document import Document, Steps
from ftops.manifests.schema import Finding, document_rules
from ftops.manifests.wording import shown, shown_kind, suggestion
from ftops.model.finetune import Source
from ftops.model.policy import PolicyRule, Scope, Severity, Waiver
from ftops.review.everyday import EVERYDAY
from ftops.review.expressions import check
from ftops.review.own_rules import FIELDS
from ftops.review.retirement import HORIZON, RETIREMENT
from ftops.review.rules import NOT_WAIVABLE
from ftops.review.waiving import WAIVER

KINDS = {"Policy": "policy", "Waiver": "waiver"}
"""The kinds of documents that are no fine-tunes -> the schema of each."""

WAIVABLE = (*(rule.name for rule in EVERYDAY), HORIZON)
"""The rules that a waiver may lift, beside those of Policies."""

_RESERVED = (*WAIVABLE, *NOT_WAIVABLE, RETIREMENT, WAIVER)

MOST_RULES = 100
"""Of a project."""


class PolicyDocuments:
    """Takes in one document after the other; what is wrong between them is asked for last."""

    def __init__(self) -> None:
        self.rules: dict[str, PolicyRule] = {}
        self.waivers: list[Waiver] = []
        self._twice: list[Problem] = []

    def add(self, document: Document) -> list[Problem]:
        """Take in a document of one of the `KINDS`; return what is wrong with it."""
        kind = KINDS[document.value["kind"]]
        rules = document_rules(kind)
        if document.problems or not rules.valid(document.value):
            found = rules.findings(document.value, lambda path, value: _shown(document, path, value))
            return [*document.problems, *(_problem(document, one) for one in found)]
        if kind == "policy":
            return list(self._policy(document))
        return list(self._waiver(document))

    def take(self, rules: Iterable[PolicyRule], waivers: Iterable[Waiver]) -> None:
        """Take over what is known of a file that is unchanged: it was sound."""
        for rule in rules:
            self._claim(rule)
        self.waivers += waivers

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between documents: names that are taken, waivers of what cannot be waived."""
        yield from self._twice
        if len(self.rules) > MOST_RULES:
            last = list(self.rules.values())[MOST_RULES].source
            yield Problem(f"a project has at most {MOST_RULES} rules of its own", last.file, last.line)
        known = (*WAIVABLE, *self.rules)
        for waiver in self.waivers:
            if waiver.rule not in known:
                message, hint = f"there is no rule {waiver.rule}", suggestion(waiver.rule, known)
                if waiver.rule in NOT_WAIVABLE:
                    message = f"{waiver.rule} is a limit or a guard, which no waiver lifts"
                    hint = "a person lifts it for one command: see what the refused plan says"
                yield Problem(message, waiver.source.file, waiver.source.line, path="spec.rule", hint=hint)

    def _policy(self, document: Document) -> Iterator[Problem]:
        for number, written in enumerate(document.value["spec"]["rules"]):
            path: Steps = ("spec", "rules", number)
            rule = _rule(document, path, written)
            try:
                fault = check(rule.expression, FIELDS)
            except FtopsError as error:
                yield document.problem(error.message, path, error.hint)
                return
            if fault is not None:
                at = (*path, "expression")
                message = f"the expression {fault.message}"
                yield document.problem_inside(message, at, (fault.line, fault.column), fault.hint)
            self._claim(rule)

    def _claim(self, rule: PolicyRule) -> None:
        first = self.rules.setdefault(rule.name, rule)
        taken = f"a rule at {first.source.file}:{first.source.line}" if first is not rule else None
        if rule.name in _RESERVED:
            taken = "a rule of ftops"
        if taken is not None:
            message = f"the name {rule.name} belongs to {taken}"
            self._twice.append(
                Problem(message, rule.source.file, rule.source.line, hint="choose another name")
            )

    def _waiver(self, document: Document) -> Iterator[Problem]:
        spec = document.value["spec"]
        try:
            date.fromisoformat(spec["until"])
        except ValueError:
            yield document.problem(f"there is no day {spec['until']}", ("spec", "until"))
            return
        source = Source(document.file, document.line(("spec", "rule")))
        self.waivers.append(Waiver(spec["rule"], spec["name"], spec["reason"], spec["until"], source))


def is_policy_document(value: Any) -> bool:
    """Return whether a document is one of the `KINDS`."""
    return isinstance(value, Mapping) and isinstance(value.get("kind"), str) and value["kind"] in KINDS


def rules_of(document: Document) -> tuple[PolicyRule, ...]:
    """Return the rules of a sound Policy."""
    written = document.value["spec"]["rules"]
    return tuple(_rule(document, ("spec", "rules", number), one) for number, one in enumerate(written))


def _rule(document: Document, path: Steps, written: Mapping[str, Any]) -> PolicyRule:
    scope = written.get("applies_to", {})
    return PolicyRule(
        written["name"],
        written["expression"],
        written["message"],
        Severity(written.get("severity", Severity.DENY)),
        Scope(tuple(scope.get("names", ())), tuple(scope.get("providers", ())), scope.get("labels", {})),
        Source(document.file, document.line((*path, "name"))),
    )


def _problem(document: Document, finding: Finding) -> Problem:
    return document.problem(finding.message, finding.path, finding.hint, key=finding.key)


def _shown(document: Document, path: Steps, value: Any) -> Any:
    return shown(value, document.written(path)) if path else shown_kind(value)
