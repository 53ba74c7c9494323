"""The table of prices: its form, its sources, and what it must agree with."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft7Validator

from ftops.manifests.schema import schema_text
from ftops.model.prices import Billing, CutShort, Price, Rule, Status
from ftops.model.project import EnvReference, ProviderSettings
from ftops.providers.catalog import offers
from ftops.providers.prices import TABLE, known_prices
from ftops.providers.registry import OURS, facts_of
from ftops.providers.retirements import known_retirements
from ftops.review.endings import Calendar, closed
from ftops.review.price_rows import first_day

KNOWN = known_prices()
NOT_SPOKEN = {"vertex"}
"""Services that ftops has no format for."""


def test_the_table_is_valid_by_its_schema() -> None:
    Draft7Validator(json.loads(schema_text("prices"))).validate(json.loads(TABLE.read_bytes()))


def test_every_row_has_a_source_a_day_and_a_confidence() -> None:
    assert (len(KNOWN.prices), len(KNOWN.rules), len(KNOWN.not_found)) == (76, 37, 15)
    rows: list[Price | Billing | Rule] = [*KNOWN.prices, *KNOWN.billing, *KNOWN.rules]
    for row in rows:
        assert row.source
        assert first_day(row.as_of) <= KNOWN.collected
        assert row.confidence


def test_a_row_is_for_a_model_a_size_or_a_processor_and_has_one_price() -> None:
    for row in KNOWN.prices:
        assert sum(one is not None for one in (row.model, row.size, row.gpu)) == 1
        assert (row.amount is None) == (row.low is not None and row.high is not None)


def test_providers_are_the_words_of_the_dialects() -> None:
    words = {one.description.service for one in offers(OURS)} | NOT_SPOKEN
    assert {row.provider for row in KNOWN.prices} | {row.provider for row in KNOWN.billing} <= words


def test_fields_that_decide_a_bill_are_fields_of_the_format() -> None:
    by_service = {one.description.service: one.capabilities for one in offers(OURS)}
    for billing in KNOWN.billing:
        can = by_service[billing.provider]
        known = {f"hyperparameters.{name}" for method in can.methods.values() for name in method}
        known |= {f"provider_options.{name}" for name in can.options}
        for path in _paths(billing):
            assert ".".join(path.split(".")[:2]) in known, path


def test_what_a_job_that_ends_early_is_billed_for_is_said_by_a_source() -> None:
    said = {
        (one.provider, end)
        for one in KNOWN.billing
        for end, rule in (("fail", one.failed), ("cancel", one.cancelled))
        if rule is not CutShort.UNKNOWN
    }
    assert said == {("azure_openai", "fail"), ("azure_openai", "cancel"), ("together", "cancel")}
    assert said <= {(rule.provider, rule.about) for rule in KNOWN.rules if rule.confidence == "official"}


def _paths(billing: object) -> Iterator[str]:
    for name in ("epochs", "steps", "evaluations", "longest", "packing", "mixed_in"):
        if path := getattr(billing, name):
            yield path
    for name in ("training", "tier"):
        if choice := getattr(billing, name):
            yield choice.path


def test_what_a_price_calls_closed_is_refused_by_the_table_of_ends() -> None:
    ends = Calendar(known_retirements().retirements)
    for row in KNOWN.prices:
        if row.status is Status.CLOSED:
            listed = ends.endings(row.provider, row.provider, row.model or "any", row.methods[0])
            assert closed(listed, KNOWN.collected), row


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (None, "cn-beijing"),
        ("https://dashscope-intl.aliyuncs.com/api/v1", "ap-southeast-1"),
        ("https://w1.ap-southeast-1.maas.aliyuncs.com/api/v1", "ap-southeast-1"),
        ("https://gateway.example/api/v1", None),
        (EnvReference("URL"), None),
    ],
)
def test_an_address_may_tell_its_region(url: str | EnvReference | None, region: str | None) -> None:
    assert facts_of(ProviderSettings("p", "alibaba", base_url=url)).region == region


def test_the_embedded_emulator_is_known_as_one() -> None:
    facts = facts_of(ProviderSettings("p", "together", base_url="emulator:x.db"))
    assert (facts.emulated, facts.service, facts.billing) == (True, None, "together")
