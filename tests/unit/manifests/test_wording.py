"""What is said of a value that is too short or too long."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.manifests.schema import rules_of
from ftops.manifests.wording import shown_secret


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"minLength": 1}, "", "must not be empty"),
        ({"minItems": 1}, [], "must not be empty"),
        ({"minProperties": 1}, {}, "must not be empty"),
        ({"minLength": 3}, "ab", "must have at least 3 characters, not 2"),
        ({"maxLength": 1024}, "x" * 1025, "must have at most 1,024 characters, not 1,025"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 entry, not 2"),
        ({"maxProperties": 2}, {"a": 1, "b": 2, "c": 3}, "must have at most 2 entries, not 3"),
    ],
)
def test_a_size_is_said_in_words_and_figures(schema: dict[str, Any], value: Any, told: str) -> None:
    assert [found.message for found in rules_of(schema).findings(value)] == [told]


def test_how_long_a_secret_is_stays_unsaid() -> None:
    rules = rules_of({"maxLength": 3})
    (found,) = rules.findings("sk-12345", lambda _, value: shown_secret(value))
    assert found.message == "must have at most 3 characters"
