"""The gateway that bends and counts, and the wire that breaks: what chaos is made of does what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.accounts import recorded_jobs, unseen
from tests.chaos.gateway import Gateway, served
from tests.chaos.worlds import World, bent_file, bent_job, worst
from tests.services.cutting_proxy import Cut, CuttingProxy, Side, cutting_proxy

ROWS = b"""{"prompt": "q", "completion": "a"}\n""" * 12
STAMP = {"ftops_name": "pears", "ftops_generation": "1.1", "ftops_nonce": "n"}
JOB = {
    "id": "ft-1",
    "model": "curie",
    "metadata": STAMP,
    "hyperparams": {"n_epochs": 3, "learning_rate_multiplier": 0.1, "batch_size": None},
    "training_files": [{"id": "file-abcdef", "filename": "pears-0123.jsonl"}],
}


def ordered(address: str, world: World, **more: Any) -> requests.Response:
    sent = {"file": ("train.jsonl", ROWS)}
    reply = requests.post(f"{address}/v1/files", data={"purpose": "fine-tune"}, files=sent, timeout=10)
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}
    settings: dict[str, Any] = {"model": "curie", "n_epochs": 2}
    if world.dialect == "openai":
        settings = {"model": "gpt-4o-mini", "method": method, "metadata": STAMP}
    body = {"training_file": reply.json()["id"], "suffix": "pears", **settings, **more}
    return requests.post(f"{address}{world.jobs}", json=body, timeout=10)


def test_a_straight_world_shows_a_job_as_it_is() -> None:
    assert bent_job(JOB, World("openai_legacy"), listed=True) == JOB


def test_the_worst_world_says_the_same_in_other_words() -> None:
    shown = bent_job(JOB, worst("openai_legacy"), listed=False)
    assert shown["model"] == "curie:2020-05-03"
    assert shown["hyperparams"] == {
        "n_epochs": "3",
        "learning_rate_multiplier": "0.10000000149011612",
        "batch_size": None,
    }
    assert shown["training_files"] == [{"id": "file-abcdef", "filename": "upload-abcdef.jsonl"}]
    assert shown["metadata"] == STAMP


def test_a_thin_list_shows_neither_marks_nor_settings() -> None:
    shown = bent_job(JOB, World("openai_legacy", thin_lists=True), listed=True)
    assert shown.keys() == {"id", "model", "training_files"}
    assert bent_file({"id": "file-1", "filename": "a"}, World("openai", thin_lists=True))["filename"] == "a"


@pytest.mark.parametrize("dialect", ["openai", "openai_legacy"])
def test_what_is_paid_twice_is_counted_though_its_mark_was_dropped(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, drops_marks=1.0)
    with served(world, tmp_path, 1) as (gateway, address):
        first = ordered(address, world)
        assert "metadata" not in first.json() or not first.json()["metadata"]
        assert gateway.twice() == []
        second = ordered(address, world).json()["id"]
        assert gateway.twice() == [f"pears with 2 epochs again as {second}"]
        assert sorted(gateway.active()) == sorted(order.job_id for order in gateway.paid)
        gateway.train()
        assert gateway.active() == []


def test_a_refused_create_is_not_paid(tmp_path: Path) -> None:
    world = World("openai")
    with served(world, tmp_path, 1) as (gateway, address):
        assert ordered(address, world, model="no-such-model").status_code == 400
        assert gateway.paid == []


@contextmanager
def wired(tmp_path: Path, cut: Callable[[str, str], Cut | None]) -> Iterator[tuple[Gateway, CuttingProxy]]:
    with served(World("openai"), tmp_path, 1) as (gateway, address), cutting_proxy(address, cut) as wire:
        yield gateway, wire


def creates_only(cut: Cut) -> Callable[[str, str], Cut | None]:
    return lambda method, path: cut if (method, path) == ("POST", World("openai").jobs) else None


@pytest.mark.parametrize("after", [0, 1, 30, 200])
def test_a_cut_reply_leaves_a_job_of_which_nobody_was_told(tmp_path: Path, after: int) -> None:
    with wired(tmp_path, creates_only(Cut(Side.REPLY, after))) as (gateway, wire):
        # Cut within its headers, it is a 200 without a body to this client.
        with pytest.raises(requests.RequestException):
            ordered(wire.address, gateway.world).json()
        assert len(gateway.paid) == 1
        assert wire.cuts == {"POST reply": 1}


@pytest.mark.parametrize("after", [0, 1, 30, 300])
def test_a_cut_request_has_no_effect(tmp_path: Path, after: int) -> None:
    with wired(tmp_path, creates_only(Cut(Side.REQUEST, after))) as (gateway, wire):
        with pytest.raises(requests.RequestException):
            ordered(wire.address, gateway.world)
        assert gateway.paid == []


def test_a_cut_beyond_the_end_of_a_message_cuts_nothing(tmp_path: Path) -> None:
    with wired(tmp_path, lambda method, path: Cut(Side.REPLY, 10**6)) as (gateway, wire):
        assert ordered(wire.address, gateway.world).status_code == 200
        assert not wire.cuts


def test_a_running_job_is_unseen_unless_it_is_recorded_or_named(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert recorded_jobs(state) == frozenset()
    state.write_text(
        '{"archive": {"a": {"jobs": [{"id": "old", "attempt": 1}]}}, "fine_tunes": {"b": {"intent":'
        ' {"attempt": 1, "lookalikes": ["maybe"]}, "job": {"id": "mine", "attempt": 1}}}}'
    )
    assert recorded_jobs(state) == {"old", "mine"}
    assert unseen(["old", "mine", "maybe", "named", "lost"], state, "see job named") == ["lost", "maybe"]
