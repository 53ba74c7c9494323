"""What every dialect promises, over HTTP against the emulator; a new dialect joins by one row.

The promises are those of `ftops.testing`, which a third party's dialect keeps too. Here stands what only the
emulator can be asked to do: it refuses in each format's own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from ftops.errors import Forbidden, NotReady, RateLimited, Rejected, Unauthorized, Unpaid
from ftops.model.request import JobRequest
from ftops.providers.http_provider import HttpProvider
from ftops.providers.provider import Provider
from ftops.providers.registry import OURS
from ftops.testing import DialectCase, ProviderContract, Server
from ftops.testing.contract import fails_once
from tests.conftest import Emulator
from tests.contracts.dialects import CASES, dialect_of, in_turn

TIME_HEALS = {("azure_openai", "billing"), ("azure_openai", "quota"), ("alibaba", "quota")}
"""What is a matter of money at OpenAI ("exceeded your current quota") and has a word for quotas here."""


def test_every_dialect_has_a_case() -> None:
    assert {dialect_of(name) for name in CASES} == set(OURS)


class TestOurDialects(ProviderContract):
    """Every promise of every dialect; what cannot be asked of one is skipped, and its case says why."""

    @pytest.fixture(params=in_turn(CASES))
    def variant(self, request: pytest.FixtureRequest) -> str:
        name: str = request.param
        return name

    @pytest.fixture
    def dialect(self, variant: str) -> str:
        return dialect_of(variant)

    @pytest.fixture
    def case(self, variant: str) -> DialectCase:
        return CASES[variant]

    @pytest.fixture
    def server(self, dialect: str, tmp_path: Path) -> Iterator[Server]:
        """The dialect's own server, as it was before it closed where it has."""
        settings = EmulatorSettings(tmp_path / "emulator" / "e.db", dialect=dialect, open=True)
        with EmulatorServer(settings) as server:
            yield Emulator(server)

    @pytest.mark.parametrize(
        "refused",
        [
            ("status", {"status": 403, "message": "Missing scopes: x.write"}, Unauthorized),
            ("refuse", {"as": "billing"}, Unpaid),
            ("refuse", {"as": "quota"}, Unpaid),
            ("refuse", {"as": "forbidden"}, Forbidden),
            ("refuse", {"as": "scope"}, Unauthorized),
            ("refuse", {"as": "fresh_model"}, Rejected),
            ("file_status", {"as": "processing"}, NotReady),
            ("quota", {}, RateLimited),
        ],
    )
    def test_a_refusal_in_the_formats_own_words_means_what_its_table_says(
        self,
        provider: Provider,
        request_: JobRequest,
        server: Server,
        dialect: str,
        refused: tuple[str, dict[str, object], type[Exception]],
    ) -> None:
        kind, options, error = refused
        if (dialect, options.get("as")) in TIME_HEALS:
            error = RateLimited
        server.fault(kind, "create", **options)
        fails_once(provider, request_, server, error)

    def test_a_reply_names_its_request(self, provider: Provider, request_: JobRequest) -> None:
        assert provider.create_fine_tune_with_http_info(request_)[2]["x-request-id"]

    def test_no_failure_of_any_kind_makes_the_transport_send_a_post_again(self, provider: Provider) -> None:
        assert isinstance(provider, HttpProvider)
        adapter = provider._transport._wire._session().get_adapter("https://x")
        assert isinstance(adapter, HTTPAdapter)
        retries = adapter.max_retries
        for failure in (SSLError("the line broke"), ProtocolError("reset")):
            with pytest.raises((MaxRetryError, ProtocolError)):
                retries.increment("POST", "/fine_tuning/jobs", error=failure)
