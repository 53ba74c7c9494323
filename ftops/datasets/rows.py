"""One row under one set of rules: its form, its schema, its conversation, its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.datasets.breach import Breach, shown
from ftops.datasets.conversation import Outline, conversation_breaches, end_breaches
from ftops.datasets.examples import NotCountable, outputs
from ftops.datasets.forms import form_breaches, form_of, strange_form
from ftops.datasets.tables import Ruleset, special_tokens
from ftops.datasets.yardstick import row_tokens
from ftops.model.capabilities import DataFormat


def row_breaches(
    row: Mapping[str, Any], line: bytes, found: Outline | None, rules: Ruleset
) -> Iterator[Breach]:
    """Yield everything that is wrong with one parsed row. No `rules.forms`: any JSON object will do."""
    if not rules.forms:
        return
    form = form_of(row, rules.forms, rules.dialect)
    if form is None:
        yield strange_form(row, rules.forms, rules.dialect, rules.model)
        return
    breaches = list(form_breaches(row, form, rules.dialect))
    if form is DataFormat.CHAT and not row.keys().isdisjoint(("prompt", "completion")):
        # Its fields are known, if not here.
        breaches = [one for one in breaches if one.kind != "row-key"]
        other = "prompt" if "prompt" in row else "completion"
        yield Breach("two-forms", shown={"value": "messages and prompt"}, steps=(other,), at_key=True)
    yield from breaches
    if found is not None and found.known:
        yield from end_breaches(found, form)
        yield from conversation_breaches(row, found, rules, {one.kind for one in breaches})
    yield from _pair(row, form)
    if b"<|" in line and (token := special_tokens().search(line.decode())):
        yield Breach("special-token", shown={"value": shown(token.group())}, column=token.start() + 1)
    context = rules.facts.context if rules.facts else None
    # A token has at least one byte: a line of fewer bytes than the context is not worth counting.
    if context is not None and len(line) > context:
        yield from _length(row, context, rules.model)


def _pair(row: Mapping[str, Any], form: DataFormat) -> Iterator[Breach]:
    if form is DataFormat.PREFERENCE:
        preferred, other = outputs(row)
        if preferred and preferred == other:
            later = "non_preferred_output" if "preferred_output" in row else "rejected"
            yield Breach("same-outputs", steps=(later,))
    elif form is DataFormat.PROMPT_COMPLETION and row.get("prompt") == "":
        yield Breach("blank-prompt", steps=("prompt",))


def _length(row: Mapping[str, Any], context: int, model: str) -> Iterator[Breach]:
    try:
        tokens = row_tokens(row, model)
    except NotCountable:
        return
    if tokens > context:
        limit = f"{model} takes {context:,} of one example"
        yield Breach("over-context", shown={"value": f"{tokens:,}", "limit": limit})
