"""However much is wrong, it is told in a few short sentences, and costs no more than reading it."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.manifests.document import Document
from ftops.manifests.loader import parse_yaml
from ftops.manifests.schema import MOST_FINDINGS, document_rules
from ftops.manifests.wording import MOST_UNKNOWN, suggestion
from ftops.model.nearest import did_you_mean

SOUND = {
    "apiVersion": "ftops/v1",
    "kind": "FineTune",
    "metadata": {"name": "a"},
    "spec": {"model": "m", "training_file": "file-abc"},
}


def with_spec(**fields: Any) -> dict[str, Any]:
    return {**SOUND, "spec": {"model": "m", "training_file": "file-abc", **fields}}


def test_unknown_keys_are_told_up_to_a_number_and_then_counted() -> None:
    found = list(document_rules("finetune").findings(with_spec(**{f"k{n}": 1 for n in range(100_000)})))
    assert len(found) == MOST_UNKNOWN + 1
    assert [one.message for one in found if "more" in one.message] == ["99,980 more unknown fields"]


def test_wrong_values_are_told_up_to_a_number() -> None:
    labels = {"name": "a", "labels": {f"k{n}": 1 for n in range(100_000)}}
    found = list(document_rules("finetune").findings({**SOUND, "metadata": labels}))
    assert len(found) == MOST_FINDINGS + 1
    assert found[-1].message == "has more than 200 problems"


def test_a_long_word_is_cut_and_compared_with_nothing() -> None:
    long = "model" * 200_000
    (found,) = document_rules("finetune").findings(with_spec(**{long: 1}))
    assert len(found.message) < 100
    assert did_you_mean(long, ["model", "models"]) is None
    assert did_you_mean("modle", ["model", long]) == "did you mean 'model'?"
    (document,) = parse_yaml(f"? {long}\n: 1\n".encode(), "a.yaml").documents
    problem = document.problem(found.message, found.path[1:], key=True)
    assert problem.line == 1
    assert len(str(problem)) < 250


def test_among_very_many_known_words_none_is_looked_for() -> None:
    known = [f"word-{n}" for n in range(10_000)]
    assert did_you_mean("word-", known) is None
    assert len(suggestion("word-", known)) < 1_000


@pytest.mark.parametrize("text", ["npm_TOKEN\n", "- npm_TOKEN\n", "machine a login b password npm_TOKEN\n"])
def test_a_document_that_is_no_map_is_not_shown(text: str) -> None:
    """It may be any file that a link leads to."""
    (document,) = parse_yaml(text.encode(), "a.yaml").documents
    for found in document_rules("finetune").findings(document.value, _never_at_the_root(document)):
        assert "TOKEN" not in found.message


def _never_at_the_root(document: Document) -> Any:
    from ftops.manifests.origin import Origin

    return Origin(document, document).show


def test_each_place_in_a_large_map_is_found_without_looking_through_it_again() -> None:
    (document,) = parse_yaml("".join(f"k{n}: {n}\n" for n in range(20_000)).encode(), "a.yaml").documents
    assert all(document.line((f"k{n}",)) == n + 1 for n in range(20_000))


def test_a_key_that_stands_twice_is_placed_at_the_first_and_merged_ones_after_own() -> None:
    text = "base: &b {a: 1, c: 3}\nown: {<<: *b, a: 2, a: 3}\n"
    (document,) = parse_yaml(text.encode(), "a.yaml").documents
    assert document.written(("own", "a")) == "2"
    assert document.written(("own", "c")) == "3"
    assert document.written(("own", "<<")) is None
