"""Check documents against `schemas/` (the only jsonschema import), and say what is wrong in one sentence.

jsonschema-rs recognises valid values, forty times as fast; only what it refuses is looked at again by
jsonschema, for the sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from msgspec import Struct

from ftops.errors import FtopsError
from ftops.manifests.document import Steps
from ftops.manifests.wording import (
    MOST_UNKNOWN,
    Shown,
    rule_sentence,
    short,
    shown,
    suggestion,
)

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

SCHEMA_KINDS: Mapping[str, str] = {
    "finetune": "finetune.v1.json",
    "project": "project.v1.json",
    "policy": "policy.v1.json",
    "waiver": "waiver.v1.json",
    "policy-change": "policy-change.v1.json",
    "plan": "plan.v1.json",
    "reconcile": "reconcile.v1.json",
    "history": "history.v1.json",
    "notification": "notification.v1.json",
    "state": "state.v1.json",
    "validate": "validate.v1.json",
    "data-check": "data-check.v1.json",
    "data-diff": "data-diff.v1.json",
    "retirements": "retirements.v1.json",
    "prices": "prices.v1.json",
    "job": "job.v1.json",
    "trainer-event": "trainer-event.v1.json",
}
"""Every published schema, by the word that `ftops schema` takes."""

SCHEMA_URL = "https://raw.githubusercontent.com/ftops/ftops/main/schemas/"
"""Where the schemas are published. File names have the format's version: an address keeps its meaning."""

MOST_FINDINGS = 200
"""Mistakes of one document that are looked for: more than these nobody reads."""


class Finding(Struct, frozen=True):
    """What is wrong at a path; `key` where the key rather than its value is meant.

    One `of_data` is about a data file that is not there: it holds its own fine-tune alone.
    """

    path: Steps
    message: str
    hint: str | None = None
    key: bool = False
    of_data: bool = False


class Rules(Struct, frozen=True):
    """A schema in both its uses: `valid` answers fast, `findings` says why not."""

    schema: Mapping[str, Any]
    valid: Callable[[Any], bool]

    def findings(self, value: Any, show: Callable[[Steps, Any], Shown] | None = None) -> Iterator[Finding]:
        """Yield what is wrong with a value, up to `MOST_FINDINGS`. `show` words a value for a message."""
        found = _validator_class()(dict(self.schema)).iter_errors(value)
        first = list(islice(found, MOST_FINDINGS))
        errors = sorted(first, key=lambda error: [str(step) for step in error.path])
        more = next(found, None) is not None
        for error in errors:
            path = tuple(error.absolute_path)
            yield from _worded(error, path, show(path, error.instance) if show else shown(error.instance))
        if more:
            yield Finding((), f"has more than {MOST_FINDINGS} problems", "fix those that are shown first")


@cache
def schema_text(kind: str) -> str:
    """Return a schema as it is published: inside an installed package, else next to it in a checkout."""
    name = SCHEMA_KINDS[kind]
    for folder in _folders():
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FtopsError(f"the schema {name} is not installed", hint="install ftops again")


def schema_url(kind: str) -> str:
    """Return the address of a published schema: its `$id`, and what editors are told."""
    return SCHEMA_URL + SCHEMA_KINDS[kind]


def schema_files() -> list[Path]:
    """Return every file of the schemas and of the tables beside them, in order."""
    folder = next((one for one in _folders() if one.is_dir()), None)
    return sorted(folder.rglob("*.json")) if folder else []


def _folders() -> tuple[Path, Path]:
    package = Path(__file__).resolve().parent.parent
    return package / "schemas", package.parent / "schemas"


@cache
def document_rules(kind: str) -> Rules:
    """Compile a published schema, once."""
    return rules_of(json.loads(schema_text(kind)))


def rules_of(schema: Mapping[str, Any]) -> Rules:
    """Compile a schema, or a fragment such as a hyperparameter's."""
    return Rules(schema, jsonschema_rs.Draft7Validator(dict(schema)).is_valid)


@lru_cache(maxsize=256)
def _ecma_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern as JSON Schema means it: Python's `$` would let a newline at the end slip by."""
    ends = pattern.endswith("$") and not pattern.endswith(r"\$")
    return re.compile(pattern[:-1] + r"\Z" if ends else pattern)


@cache
def _validator_class() -> type[Validator]:
    from jsonschema import Draft7Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_validator: Any, limit: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and _ecma_pattern(limit).search(value) is None:
            yield ValidationError(f"{value!r} does not match {limit!r}")

    extended: type[Validator] = extend(Draft7Validator, {"pattern": pattern})  # type: ignore[no-untyped-call] # stubs
    return extended


def _worded(error: ValidationError, path: Steps, found: Shown) -> Iterator[Finding]:
    rule = error.validator
    # The stubs allow for errors that belong to no rule; those of iter_errors always do.
    limit: Any = error.validator_value
    schema: Any = error.schema
    value: Any = error.instance
    if rule == "additionalProperties" and limit is False:
        yield from _unknown_fields(value, schema.get("properties", {}), path, found)
    elif rule == "required":
        # jsonschema reports each missing key on its own; its message alone says which.
        missing = next(key for key in limit if error.message.startswith(repr(key)))
        yield Finding(path, f"the field {missing!r} is missing", key=True)
    else:
        sentence, hint = rule_sentence(str(rule), limit, value, found, schema)
        yield Finding(path, sentence or error.message, hint)


def _unknown_fields(value: Any, known: Mapping[str, Any], path: Steps, found: Shown) -> Iterator[Finding]:
    unknown = sorted(value.keys() - known.keys())
    for key in unknown[:MOST_UNKNOWN]:
        if found.secret:
            yield Finding(path, "has an unknown field", f"known here: {', '.join(known)}")
        else:
            yield Finding((*path, key), f"unknown field {short(key)}", suggestion(key, known), key=True)
    if len(unknown) > MOST_UNKNOWN:
        yield Finding(path, f"{len(unknown) - MOST_UNKNOWN:,} more unknown fields", key=True)
