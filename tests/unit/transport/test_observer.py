"""Who else hears of an exchange hears all of it, and can do it no harm."""

from __future__ import annotations

import logging

import pytest

from ftops.model.project import ProviderSettings
from ftops.providers.registry import open_provider
from ftops.transport.observer import Exchange
from tests.conftest import Emulator


def test_each_exchange_is_logged_and_told(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Exchange] = []
    provider = open_provider(
        ProviderSettings("p", "openai"), {}, base_url=emulator.base_url, hears=heard.append
    )
    with caplog.at_level(logging.INFO, "ftops.http"):
        assert provider.list_fine_tunes().jobs == ()
    provider.close()
    assert [(one.method, one.status) for one in heard] == [("GET", 200)]
    assert len(caplog.records) == 1


def test_a_listener_that_fails_loses_no_reply(emulator: Emulator) -> None:
    def broken(_: Exchange) -> None:
        raise ZeroDivisionError

    provider = open_provider(ProviderSettings("p", "openai"), {}, base_url=emulator.base_url, hears=broken)
    assert provider.list_fine_tunes().complete
    provider.close()
