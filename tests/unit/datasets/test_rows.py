"""Rows of any shape: nothing raises, and ftops and its emulator agree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.datasets.conversation import outline
from ftops.datasets.formats import PUBLISHED, format_file, format_schema
from ftops.datasets.forms import rule_at
from ftops.datasets.rows import row_breaches
from ftops.datasets.tables import Ruleset, document, ruleset
from ftops.emulator.world import datasets as emulated
from ftops.emulator.world.dataset_messages import BadDataset
from ftops.model.capabilities import DataFormat
from ftops.model.data_check import Severity
from ftops.model.finetune import Method
from tests.unit.datasets import samples

DATASETS = Path(__file__).resolve().parents[3] / "schemas/datasets"

RULES: Mapping[emulated.Format, Ruleset] = {
    form: ruleset("openai", method, model, frozenset({data_format}))
    for form, method, model, data_format in (
        (emulated.Format.CHAT, Method.SUPERVISED, "gpt-4o", DataFormat.CHAT),
        (emulated.Format.COMPLETION, Method.SUPERVISED, "babbage-002", DataFormat.PROMPT_COMPLETION),
        (emulated.Format.PREFERENCE, Method.DPO, "gpt-4o", DataFormat.PREFERENCE),
        (emulated.Format.REINFORCEMENT, Method.REINFORCEMENT, "o4-mini", DataFormat.REINFORCEMENT),
    )
}
GOOD: Mapping[emulated.Format, list[Any]] = {
    emulated.Format.CHAT: [samples.chat(), samples.answered(), samples.picture(), samples.drone()],
    emulated.Format.COMPLETION: [samples.completion()],
    emulated.Format.PREFERENCE: [samples.preference()],
    emulated.Format.REINFORCEMENT: [
        samples.question(),
        {**samples.drone(), "messages": [*samples.answered()["messages"], samples.USER]},
    ],
}
KEYS = [
    *(
        "messages",
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "weight",
        "tool_calls",
        "id",
        "name",
    ),
    *("function", "arguments", "tools", "parameters", "prompt", "completion", "input", "preferred_output"),
    *("tool_call_id", "refusal", "function_call", "strict", "detail", "conversations", "functions"),
]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.sampled_from(["", "user", "assistant", "tool", "function", "text", "image_url", "{}", "\\", "f(x)"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


def severities(row: Any, rules: Ruleset) -> set[Severity | None]:
    found = row_breaches(row, json.dumps(row).encode(), outline(row), rules)
    kinds = [(breach.kind, breach.message, breach.hint) for breach in found]
    return {rules.severity(kind) for kind, _, _ in kinds}


def refused(row: Any, form: emulated.Format) -> bool:
    try:
        emulated.CHECKS[form](row)
    except BadDataset:
        return True
    return False


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a value where something can be changed."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@pytest.mark.parametrize("form", GOOD)
def test_right_rows_are_right_on_both_sides(form: emulated.Format) -> None:
    for row in GOOD[form]:
        assert severities(row, RULES[form]) == set()
        assert not refused(row, form)


@given(st.data(), st.sampled_from(list(GOOD)))
@settings(max_examples=600, deadline=None)
def test_whatever_is_changed_in_a_right_row_both_judge_alike(
    data: st.DataObject, form: emulated.Format
) -> None:
    row = orjson.loads(orjson.dumps(data.draw(st.sampled_from(GOOD[form]))))
    for _ in range(data.draw(st.integers(1, 2))):
        holder, key = data.draw(st.sampled_from(list(places(row))))
        if isinstance(holder, dict) and data.draw(st.booleans()):
            del holder[key]
            holder[data.draw(st.sampled_from(KEYS))] = data.draw(ODD)
        else:
            holder[key] = data.draw(ODD)
        if not row:
            break
    assert (Severity.ERROR in severities(row, RULES[form])) == refused(row, form)


@given(st.dictionaries(st.sampled_from(KEYS), ODD), st.sampled_from(list(GOOD)))
@settings(max_examples=300, deadline=None)
def test_no_row_raises(row: dict[str, Any], form: emulated.Format) -> None:
    severities(row, RULES[form])


REFUSING = (
    "type",
    "enum",
    "const",
    "required",
    "minItems",
    "minLength",
    "pattern",
    "not",
    "additionalProperties",
)


def keywords(schema: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every keyword that can refuse a value; an `if` refuses none."""
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in REFUSING and value is not True:
            yield (*path, key)
        elif key in ("properties", "definitions"):
            for name, member in value.items():
                yield from keywords(member, (*path, key, name))
        elif key == "allOf":
            for index, member in enumerate(value):
                yield from keywords(member, (*path, key, index))
        elif key in ("items", "then", "else"):
            yield from keywords(value, (*path, key))


def schemas() -> Iterator[tuple[str, str]]:
    """Yield every form with every dialect that has a file of its own for it."""
    for name in PUBLISHED:
        yield name, ""
        for dialect in document("rules.v1.json")["dialects"]:
            if format_file(name, dialect) != format_file(name):
                yield name, dialect


def test_some_dialects_have_forms_of_their_own() -> None:
    own = {(name, dialect) for name, dialect in schemas() if dialect}
    assert own == {
        ("chat", "together"),
        ("preference", "together"),
        ("preference", "fireworks"),
        ("chat", "alibaba"),
        ("preference", "alibaba"),
    }


@pytest.mark.parametrize(("name", "dialect"), [*schemas()])
def test_whatever_a_form_can_refuse_has_a_rule(name: str, dialect: str) -> None:
    schema = dict(format_schema(name, dialect))
    assert jsonschema_rs.meta.is_valid(schema)
    found = {path: rule_at(path, schema) for path in keywords(schema)}
    assert set(found.values()) <= document("rules.v1.json")["rules"].keys()
    # That a row is an object is known before its form is.
    unnamed = [path for path, rule in found.items() if rule == "no-form"]
    assert unnamed in ([], [("type",)])
    validator = jsonschema_rs.Draft7Validator(schema)
    assert all(validator.is_valid(example) for example in schema.get("examples", ()))


@pytest.mark.parametrize(("name", "dialect"), [*schemas()])
def test_a_format_stands_alone_and_its_file_refers_to_files_that_are_there(name: str, dialect: str) -> None:
    schema = format_schema(name, dialect)
    assert all(one.startswith("#/definitions/") for one in references(schema))
    assert {one.rsplit("/", 1)[-1] for one in references(schema)} <= schema.get("definitions", {}).keys()
    file = DATASETS / format_file(name, dialect)
    whole = json.loads(file.read_text(encoding="utf-8"))
    assert whole["$id"].endswith(f"/schemas/datasets/{format_file(name, dialect)}")
    for one in references(whole):
        path, _, pointer = one.partition("#/definitions/")
        assert pointer in json.loads((file.parent / (path or file.name)).read_text())["definitions"]


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [one for item in node for one in references(item)]
    if not isinstance(node, dict):
        return []
    inner = [one for value in node.values() for one in references(value)]
    return [node["$ref"], *inner] if isinstance(node.get("$ref"), str) else inner


def test_every_rule_has_words() -> None:
    for kind, rule in document("rules.v1.json")["rules"].items():
        assert rule.keys() >= {"severity", "says", "source"}, kind
        rule["says"].format_map({"value": 1, "limit": 2, "field": 3})
