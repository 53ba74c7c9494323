"""Every dialect describes itself, and the pages say of a field what its schema says."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from docs.generator.field_words import type_words
from docs.generator.providers import matrix_page, provider_page
from ftops.model.capabilities import NO_CAPABILITIES, StampPlace
from ftops.model.job import FailureClass, JobStatus
from ftops.model.value import replace
from ftops.providers.catalog import Offer, offer, offers
from ftops.providers.description import Description, description_of
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.providers.registry import OURS, dialects
from ftops.report.providers import MARKS


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_dialect_says_all_that_its_page_shows(name: str) -> None:
    told = description_of(dialects()[name])
    assert told is not None
    assert told.title
    assert told.summary
    assert told.mark
    assert told.at_most_one
    assert told.since
    assert told.documents
    assert told.tested
    assert {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED} <= set(told.statuses.values())
    assert all(document.url.startswith("https://") for document in told.documents)


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_is_known_by_its_own_hosts(name: str) -> None:
    found = offer(name)
    hosts = found.description.hosts
    assert bool(hosts) >= bool(found.description.service), "dates concern a provider by its host"
    assert all(host == host.lower() and "/" not in host for host in hosts)
    if found.description.service and found.default_base_url:
        assert found.description.at(found.default_base_url)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_field_is_a_schema_that_can_be_said_in_words(name: str) -> None:
    can = offer(name).capabilities
    for fields in (*can.methods.values(), can.options):
        for schema in fields.values():
            assert isinstance(schema, dict)
            Draft7Validator.check_schema(schema)
            assert type_words(schema)
    assert can.required_options <= can.options.keys()


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 20}, "integer from 1 to 20"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, "number above 0 below 0.5"),
        ({"enum": ["a", 1, True]}, "`a`, `1`, `true`"),
        ({"const": "max"}, "`max`"),
        ({"oneOf": [{"type": "integer"}, {"const": "max"}]}, "integer or `max`"),
        ({"type": ["string", "integer"]}, "string or integer"),
        ({"type": "array", "items": {"type": "number"}}, "list of number"),
        ({"type": "object"}, "map"),
        ({"type": "string", "maxLength": 40}, "string of at most 40 characters"),
        ({}, "any"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_words(schema) == words


def test_a_page_is_drawn_of_whatever_a_dialect_is() -> None:
    bare = Offer("bare", NO_CAPABILITIES, Description("Bare", "A server.", "nothing", "no"), FailureClasses())
    page = provider_page(bare)
    assert page.count("\n## ") == 1, "only what is said has a section"
    assert "none of its own: write `base_url`" in page
    options = {"kind": {"type": "string", "description": "What | how."}}
    fuller = replace(
        bare, capabilities=replace(NO_CAPABILITIES, options=options, required_options=frozenset({"kind"}))
    )
    assert "| **`kind`** | string | What \\| how. |" in provider_page(fuller)


def test_the_matrix_has_a_row_for_each_and_a_word_for_every_mark() -> None:
    page = matrix_page()
    for one in offers(OURS):
        assert page.count(f"[{one.description.title}]({one.name}.md)") == 2
    assert MARKS.keys() == set(StampPlace)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (None, "it broke", FailureClass.UNKNOWN),
        ("server_error", "it broke", FailureClass.PROVIDER_ERROR),
        ("Exceeded_Quota", "You exceeded your current quota", FailureClass.BILLING),
        ("invalid_training_file", "Example 3 is not JSON", FailureClass.USER_ERROR),
        (
            "invalid_training_file",
            "This training file was blocked by our moderation system because it contains too many examples",
            FailureClass.MODERATION,
        ),
        (
            "unsafe_file",
            "This training file was blocked because too many examples were flagged by our moderation",
            FailureClass.MODERATION,
        ),
        (None, "Error while running moderation eval refusals_v3", FailureClass.MODERATION),
        (None, "Billing hard limit has been reached", FailureClass.BILLING),
        ("rate_limit_exceeded", "slow down", FailureClass.QUOTA),
        (None, "no file called moderation.jsonl", FailureClass.UNKNOWN),
    ],
)
def test_openai_says_whose_fault_a_failure_is(code: str | None, message: str, kind: FailureClass) -> None:
    assert offer("openai").failure_classes.of(code, message) is kind


def test_phrases_come_before_codes_and_codes_before_their_parts() -> None:
    table = FailureClasses(
        codes={"bad_quota": FailureClass.USER_ERROR},
        parts=GENERAL.parts,
        phrases={r"\bnot paid\b": FailureClass.BILLING},
    )
    assert table.of("bad_quota", "NOT PAID") is FailureClass.BILLING
    assert table.of("bad_quota", None) is FailureClass.USER_ERROR
    assert table.of("my_quota", None) is FailureClass.QUOTA


@pytest.mark.parametrize("dialect", sorted(OURS))
def test_an_account_is_chosen_by_what_the_dialect_names_alone(dialect: str) -> None:
    found = dialects()[dialect]
    named = {name: "mine" if name in found.settings else None for name in ("organization", "project")}
    assert set(found.account_headers(named["organization"], named["project"]).values()) <= {"mine"}
    for name in ("organization", "project"):
        if name not in found.settings and dialect != "azure_openai":  # It refuses one, whoever asks.
            assert found.account_headers(**{"organization": None, "project": None, name: "mine"}) == {}
