"""What an editor shows of a field, and that its schemas are ones that every editor reads."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ftops.datasets.formats import PUBLISHED, format_schema
from ftops.manifests.schema import SCHEMA_KINDS, SCHEMA_URL, rules_of, schema_text, schema_url
from tests.conftest import REPOSITORY
from tests.unit.manifests.schema_fields import WORDS, fields_of, words_below, words_of

SCHEMAS = REPOSITORY / "schemas"
WRITTEN_BY_FTOPS = (
    "plan",
    "reconcile",
    "history",
    "notification",
    "state",
    "validate",
    "data-check",
    "data-diff",
)
"""Documents that nobody writes in an editor: their fields are described, for those who read them."""

OUR_KEYWORDS: Mapping[str, str] = {
    "defaultSnippets": "a whole document, which editors of VS Code's family offer in an empty one",
    "patternErrorMessage": "said in place of a pattern, by ftops and by YAML editors",
    "x-rule": "the rule of training data that a value breaks here",
    "x-rules": "the same, by keyword",
    "defaults": "what a trainer takes where a field is absent and its default depends on others",
    "methods": "the only methods that a hyperparameter is for",
}
"""Keywords that no draft has, and why they are there. Validators pass over them."""

FILES = {file: json.loads(file.read_text()) for file in SCHEMAS.rglob("*.json")}
DRAFTED = {file: value for file, value in FILES.items() if "$schema" in value}
TABLES = {"datasets/rules.v1.json", "datasets/foreign.v1.json"}
KNOWN_KEYWORDS = {*Draft7Validator.META_SCHEMA["properties"], *OUR_KEYWORDS}


def written_by_people() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in SCHEMA_KINDS:
        if kind not in WRITTEN_BY_FTOPS:
            yield kind, json.loads(schema_text(kind))
    for name in PUBLISHED:
        for dialect in ("", "alibaba", "fireworks", "together"):
            yield f"dataset-{name} {dialect}".rstrip(), dict(format_schema(name, dialect))


BY_PEOPLE = dict(written_by_people())


def standing_alone(field: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    return {**field, "definitions": whole.get("definitions", {})}


@pytest.mark.parametrize("kind", BY_PEOPLE)
def test_every_field_has_a_title_a_description_and_examples_that_fit(kind: str) -> None:
    whole = BY_PEOPLE[kind]
    assert {"title", "description"} <= whole.keys()
    told: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    unfit = []
    for path, field in fields_of(whole):
        words = words_of(field, whole)
        # What a field is may be said once and limited elsewhere.
        told[path] |= words
        rules = rules_of(standing_alone(field, whole))
        unfit += [f"{path}: {example}" for example in words.get("examples", ()) if not rules.valid(example)]
    missing = [f"{path}: {word}" for path, words in told.items() for word in WORDS if not words.get(word)]
    assert missing == []
    assert unfit == []


@pytest.mark.parametrize("kind", BY_PEOPLE)
def test_the_words_about_a_field_stand_in_one_place(kind: str) -> None:
    whole = BY_PEOPLE[kind]
    hidden = []
    for path, field in fields_of(whole):
        own, below = field.keys() & set(WORDS), words_below(field, whole).keys()
        hidden += [path] if own and below else []
    assert hidden == [], "an editor shows a definition's words and not the field's"


@pytest.mark.parametrize("kind", BY_PEOPLE)
def test_every_default_fits(kind: str) -> None:
    whole = BY_PEOPLE[kind]
    for path, field in fields_of(whole):
        if "default" in field:
            assert rules_of(standing_alone(field, whole)).valid(field["default"]), path
            assert field["default"] is not None, "yaml-language-server 1.25 offers nothing after such a field"


@pytest.mark.parametrize("kind", WRITTEN_BY_FTOPS)
def test_a_document_of_ftops_describes_each_field(kind: str) -> None:
    whole = json.loads(schema_text(kind))
    assert {"title", "description"} <= whole.keys()
    assert [path for path, field in fields_of(whole) if "description" not in words_of(field, whole)] == []


@pytest.mark.parametrize("kind", ["finetune", "project"])
def test_the_document_that_is_offered_whole_is_right(kind: str) -> None:
    whole = BY_PEOPLE[kind]
    (snippet,) = whole["defaultSnippets"]
    body = json.loads(re.sub(r"\$\{\d:([^}]*)\}", r"\1", json.dumps(snippet["body"])))
    assert rules_of(whole).valid(body)
    assert snippet["label"] == f"ftops {kind.replace('finetune', 'fine-tune')}"


def test_words_are_short_and_end_as_they_should() -> None:
    for file, whole in DRAFTED.items():
        for path, field in fields_of(whole):
            title, description = field.get("title", "T"), field.get("description", "D.")
            assert title[0].isupper(), (file, path, title)
            assert title[-1] not in ".:", (file, path, title)
            assert len(title) <= 40, (file, path, title)
            assert description.endswith((".", ")", "'")), (file, path, description)


def keywords(schema: Any) -> Iterator[str]:
    """Yield the keywords of a schema and of what it holds; names of fields are none."""
    if isinstance(schema, list):
        for one in schema:
            yield from keywords(one)
    elif isinstance(schema, Mapping):
        for key, value in schema.items():
            yield key
            if key in ("properties", "patternProperties", "definitions", "dependencies"):
                for one in value.values():
                    yield from keywords(one)
            elif key in ("examples", "default", "const", "enum", *OUR_KEYWORDS):
                continue
            else:
                yield from keywords(value)


@pytest.mark.parametrize("file", DRAFTED, ids=lambda file: str(file.relative_to(SCHEMAS)))
def test_a_schema_is_draft_07_with_no_keyword_of_another(file: Any) -> None:
    schema = DRAFTED[file]
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert {*keywords(schema)} - KNOWN_KEYWORDS == set()


def test_every_keyword_of_ours_is_used() -> None:
    used = {each for schema in DRAFTED.values() for each in keywords(schema)}
    assert OUR_KEYWORDS.keys() <= used


@pytest.mark.parametrize("file", DRAFTED, ids=lambda file: str(file.relative_to(SCHEMAS)))
def test_nothing_stands_beside_a_reference(file: Any) -> None:
    """Draft 7 passes over it there."""

    def refers(schema: Any) -> Iterator[Any]:
        if isinstance(schema, list):
            for one in schema:
                yield from refers(one)
        elif isinstance(schema, Mapping):
            if isinstance(schema.get("$ref"), str) and "$schema" not in schema:
                yield schema
            for one in schema.values():
                yield from refers(one)

    assert [each for each in refers(DRAFTED[file]) if len(each) > 1] == []


def test_an_id_is_the_address_where_the_file_is_published() -> None:
    """So it has the version that the file's name has, and is nobody else's."""
    for file, schema in DRAFTED.items():
        path = file.relative_to(SCHEMAS).as_posix()
        assert schema["$id"] == SCHEMA_URL + path
        assert path.endswith(".v1.json")
    assert {file.relative_to(SCHEMAS).as_posix() for file in FILES.keys() - DRAFTED.keys()} == TABLES
    ids = [json.loads(schema_text(kind))["$id"] for kind in SCHEMA_KINDS]
    assert ids == [schema_url(kind) for kind in SCHEMA_KINDS]
