"""One row under one set of rules: its form, its schema, its conversation, its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ftops.datasets.breach import Breach, shown
from ftops.datasets.conversation import conversation_breaches
from ftops.datasets.forms import form_breaches, form_of, strange_form
from ftops.datasets.tables import Ruleset, special_tokens
from ftops.datasets.tokens import NotCountable, row_tokens
from ftops.model.capabilities import DataFormat


def row_breaches(row: Mapping[str, Any], line: bytes, rules: Ruleset) -> Iterator[Breach]:
    """Yield everything that is wrong with one parsed row. No `rules.forms`: any JSON object will do."""
    if not rules.forms:
        return
    form = form_of(row, rules.forms)
    if form is None:
        yield strange_form(row, rules.forms, rules.model)
        return
    if form is DataFormat.CHAT and not row.keys().isdisjoint(("prompt", "completion")):
        yield Breach("two-forms", shown={"value": "messages and prompt"})
    yield from form_breaches(row, form)
    yield from conversation_breaches(row, form, rules)
    if b"<|" in line and (token := special_tokens().search(line.decode())):
        yield Breach("special-token", shown={"value": shown(token.group())})
    yield from _length(row, line, rules)


def _length(row: Mapping[str, Any], line: bytes, rules: Ruleset) -> Iterator[Breach]:
    """A token has at least one byte, so only a line of more bytes than the context is worth counting."""
    context = rules.facts.context if rules.facts else None
    if context is None or len(line) <= context:
        return
    try:
        tokens = row_tokens(row, rules.model)
    except NotCountable:
        return
    if tokens > context:
        limit = f"{rules.model} takes {context:,} of one example"
        yield Breach("over-context", shown={"value": f"{tokens:,}", "limit": limit})
