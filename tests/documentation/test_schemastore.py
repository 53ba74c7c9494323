"""The entries for SchemaStore's catalogue, from which editors choose a schema by a file's name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft4Validator

from ftops.manifests.project import PROJECT_FILE
from ftops.manifests.schema import schema_url
from tests.conftest import REPOSITORY

ENTRIES: list[dict[str, Any]] = json.loads((REPOSITORY / "docs/reference/schemastore.json").read_text())
NAMES = [entry["name"] for entry in ENTRIES]

ADDRESS = {"type": "string", "format": "uri", "pattern": "^https://"}
CATALOGUED = {
    "type": "object",
    "required": ["name", "url", "description"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "fileMatch": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        "url": ADDRESS,
        "versions": {"type": "object", "additionalProperties": ADDRESS},
    },
}
"""One entry, as SchemaStore's own schema-catalog.json has it (read 2026-11-28)."""


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_an_entry_is_one_that_schemastore_takes(entry: dict[str, Any]) -> None:
    Draft4Validator(CATALOGUED).validate(entry)
    for words in (entry["name"], entry["description"]):
        # What its `cli.js check` refuses, in assertCatalogJsonHasNoBadFields.
        assert "schema" not in words.lower()
        assert re.search(r"[,. \t-]$", words) is None
        assert "\n" not in words
        assert words == words.strip()


def test_entries_stand_in_order_under_names_of_their_own() -> None:
    assert sorted(set(NAMES)) == NAMES


def test_only_a_file_that_ftops_alone_reads_is_matched() -> None:
    """A pattern would catch other people's files: a manifest, whose name is free, is known by its comment."""
    assert [pattern for entry in ENTRIES for pattern in entry.get("fileMatch", ())] == [PROJECT_FILE]
    assert re.fullmatch(r"[a-z]+\.yaml", PROJECT_FILE)


def test_an_entry_names_the_schema_that_is_published() -> None:
    assert [entry["url"] for entry in ENTRIES] == [schema_url("finetune"), schema_url("project")]
