"""What a create would cost, as the provider's own API tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ftops.model.project import ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.model.spending import amount
from ftops.providers.registry import open_provider
from ftops.reconciler.observing import estimates
from tests.unit.providers.scripted import Said, scripted

SETTINGS = ProviderSettings("tg", "together")
REQUEST = JobRequest(
    "Qwen/Qwen3-8B",
    (RequestFile("file-1"),),
    hyperparameters={"n_epochs": 2, "learning_rate": 0.1},
    suffix="mine",
    seed=7,
)


def told(**reply: Any) -> Said:
    return Said({"estimation_available": True, "estimated_total_price": 3.25, **reply})


def test_only_what_decides_a_price_is_sent_once_for_each() -> None:
    with scripted(told(allowed_to_proceed=False, user_limit=1)) as server:
        provider = open_provider(SETTINGS, {}, base_url=server.base_url)
        assert estimates(provider, {"a": REQUEST, "b": REQUEST}) == {"a": amount(3.25), "b": amount(3.25)}
        assert server.asked == ["POST /v1/fine-tunes/estimate-price"] * 2
        assert json.loads(server.bodies[0]) == {
            "training_file": "file-1",
            "model": "Qwen/Qwen3-8B",
            "n_epochs": 2,
            "training_method": {"method": "sft", "train_on_inputs": "auto"},
        }
        provider.close()


def test_what_is_not_available_leaves_the_next_one_to_be_asked() -> None:
    said = Said({"estimation_available": False, "unavailable_reason": "train_file_not_validated"})
    with scripted(said, told(estimated_total_price=0), told()) as server:
        provider = open_provider(SETTINGS, {}, base_url=server.base_url)
        assert estimates(provider, dict.fromkeys("abc", REQUEST)) == {"c": amount(3.25)}
        provider.close()


@pytest.mark.parametrize(
    "said",
    [
        Said({"error": {"message": "no"}}, 500),
        Said(None, 307, {"Location": "/v1/fine-tunes"}),
        Said([1]),
        Said(b"<html>"),
        told(estimated_total_price=1e300),
    ],
)
def test_after_a_failure_nothing_more_is_asked(said: Said) -> None:
    with scripted(said) as server:
        provider = open_provider(SETTINGS, {}, base_url=server.base_url)
        assert estimates(provider, dict.fromkeys("ab", REQUEST)) == {}
        assert len(server.asked) == 1
        provider.close()


def test_a_format_without_estimates_is_not_asked() -> None:
    with scripted(told()) as server:
        provider = open_provider(ProviderSettings("p", "openai"), {}, base_url=server.base_url)
        assert estimates(provider, {"a": REQUEST}) == {}
        assert server.asked == []
        provider.close()
