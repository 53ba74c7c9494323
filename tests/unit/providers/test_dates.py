"""When models end, as a provider's own API tells it; and whose service a provider is."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft7Validator

from ftops.manifests.schema import schema_text
from ftops.model.model_dates import ModelDates
from ftops.model.project import EnvReference, ProviderSettings
from ftops.providers.provider import Dated
from ftops.providers.registry import facts_of, open_provider
from ftops.providers.retirements import TABLE, known_retirements
from ftops.reconciler.observing import model_dates
from tests.conftest import Emulator
from tests.unit.providers.dripping import dripping
from tests.unit.providers.scripted import Said, scripted

SETTINGS = ProviderSettings("p", "openai")
THE_DAY = datetime(2027, 1, 14, tzinfo=UTC).timestamp()


def test_dates_are_read_and_what_says_nothing_is_left_out() -> None:
    models = [
        {"id": "gpt-4o", "shutdown_date": "2027-01-14"},
        {"id": "gpt-6", "shutdown_date": None},
        {"id": "odd", "shutdown_date": "2026-09-31"},
        {"id": "older"},
        {"shutdown_date": "2027-01-14"},
        "nonsense",
    ]
    with scripted(Said({"object": "list", "data": models})) as server:
        provider = open_provider(SETTINGS, {}, base_url=server.base_url)
        assert model_dates(provider) == {"gpt-4o": ModelDates(THE_DAY, THE_DAY)}
        assert server.asked == ["GET /v1/models"]
        provider.close()


@pytest.mark.parametrize("said", [Said({"error": {"message": "no"}}, 403), Said([1]), Said(b"<html>")])
def test_a_read_that_fails_is_silence(said: Said) -> None:
    with scripted(said) as server:
        provider = open_provider(SETTINGS, {}, base_url=server.base_url)
        assert model_dates(provider) == {}
        provider.close()


def test_a_server_that_never_comes_to_an_end_is_not_waited_for() -> None:
    """With the provider's own patience a plan would stand still for minutes, and an apply under the lock."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    with dripping(itertools.chain([head], itertools.repeat(b" "))) as base_url:
        provider = open_provider(SETTINGS, {}, base_url=base_url)
        assert model_dates(provider, seconds=0.2) == {}
        provider.close()


def test_the_emulator_and_a_format_without_dates_tell_none(emulator: Emulator) -> None:
    for dialect in ("openai", "openai_legacy"):
        provider = open_provider(ProviderSettings("p", dialect), {}, base_url=emulator.base_url)
        assert isinstance(provider, Dated)
        assert provider.model_dates() == {}
        provider.close()


@pytest.mark.parametrize(
    ("url", "service"),
    [
        (None, "openai"),
        ("https://api.openai.com/v1", "openai"),
        ("https://US.api.openai.com/v1", "openai"),
        ("https://api.openai.com.evil.example/v1", None),
        ("https://gateway.example/v1", None),
        ("emulator:x.db", None),
        (EnvReference("URL"), None),
    ],
)
def test_only_the_services_own_hosts_are_the_service(
    url: str | EnvReference | None, service: str | None
) -> None:
    assert facts_of(ProviderSettings("p", "openai", base_url=url)).service == service


def test_an_address_from_the_environment_is_known_once_it_is_opened() -> None:
    settings = ProviderSettings("p", "openai", base_url=EnvReference("URL"), api_key=EnvReference("KEY"))
    for url, service in (("https://api.openai.com/v1", "openai"), ("https://llm.example/v1", None)):
        provider = open_provider(settings, {"URL": url, "KEY": "sk-x"})
        assert provider.facts.service == service
        provider.close()


def test_the_table_has_every_row_with_a_source_and_its_day() -> None:
    known = known_retirements()
    assert len(known.retirements) == 66
    for row in known.retirements:
        assert (row.date is None) != (row.when is None)
        assert row.source.startswith("https://")


def test_the_table_is_valid_by_its_schema() -> None:
    Draft7Validator(json.loads(schema_text("retirements"))).validate(json.loads(TABLE.read_bytes()))
