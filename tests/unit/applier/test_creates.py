"""What one create sends, when it may still be sent, and what keeps it from being sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ftops.applier.context import Context, Hands
from ftops.applier.creates import Ready, Sent, base_model, prepare, send
from ftops.applier.refused import Blocked
from ftops.errors import FtopsError, LeaseLost, NeedsPerson
from ftops.model.finetune import DataFile, FineTune, Method, Upstream
from ftops.model.job import Job, JobFile, JobStatus
from ftops.model.observation import Observation
from ftops.model.request import RequestFile
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.records.ledger import Ledger
from ftops.records.matching import LiveJobs
from tests.simulator.world import World, dataset, fine_tune, nowhere

SENT = ("method", "hyperparameters", "grader", "suffix", "seed", "provider_options", "integrations")


class Lock:
    """A held lock that ends at a time, or is lost."""

    def __init__(self, expires_at: float | None = None, *, lost: bool = False) -> None:
        self.expires_at = expires_at
        self.lost = lost

    def check(self) -> None:
        if self.lost:
            raise LeaseLost("another run has the lock")


class Bench:
    """One fine-tune whose file is at the provider, ready to be created."""

    def __init__(self, one: FineTune, lock: Lock | None = None, *, stopping: bool = False) -> None:
        self.world = World("openai_legacy")
        self.world.declared[one.name] = one
        self.lock = lock or Lock()
        self.stopping = stopping
        (self.change,) = self.world.plan().changes
        self.ledger = Ledger(self.world.state())
        paths = [file.path for _, file in one.data_files if file.path]
        self.datasets = {path: dataset(path) for path in paths}
        self.files = {path: self.world.provider.store_file(path).id for path in paths}
        known = self.ledger.file_ids("p")
        known |= {self.datasets[path].sha256: file_id for path, file_id in self.files.items()}

    def context(self) -> Context:
        hands = Hands(
            providers={"p": self.world.port(nowhere)},
            manager=self.world.manager(),
            lock=self.lock,
            clock=self.world.clock,
            new_nonce=lambda: "n1",
            stopping=lambda: self.stopping,
            emit=lambda _: None,
        )
        return Context("sim", Path(), dict(self.world.declared), self.datasets, {}, hands)

    def prepare(self, *there: Job) -> Ready:
        state = self.ledger.snapshot()
        live = LiveJobs({"p": Observation(self.world.provider.facts, there)}, state)
        return prepare(self.change, self.context(), self.ledger, live)

    def send(self, ready: Ready, blocked: Blocked | None = None) -> Sent:
        with ThreadPoolExecutor(1) as threads:
            (sent,) = send([ready], self.context(), blocked or Blocked(), threads)
        return sent


def test_everything_that_is_declared_is_sent() -> None:
    one = FineTune(
        name="a",
        provider="p",
        model="gpt-4o-mini",
        training_files=(DataFile(path="a.jsonl", weight=2.0), DataFile(file_id="file-own")),
        validation_file=DataFile(path="b.jsonl"),
        method=Method.REINFORCEMENT,
        hyperparameters={"n_epochs": 2},
        grader={"type": "string_check"},
        suffix="s",
        seed=7,
        provider_options={"x": 1},
        integrations=({"type": "wandb"},),
    )
    bench = Bench(one)
    bench.world.provider.store_file("theirs.jsonl")
    ready = bench.prepare()
    request = ready.request
    sent: dict[str, Any] = {
        name: getattr(request, name)
        for name in (
            "method",
            "hyperparameters",
            "grader",
            "suffix",
            "seed",
            "provider_options",
            "integrations",
        )
    }
    assert sent == {name: getattr(one, name) for name in sent}
    assert request.model == "gpt-4o-mini"
    assert request.training_files == (RequestFile(bench.files["a.jsonl"], 2.0), RequestFile("file-own"))
    assert request.validation_file == RequestFile(bench.files["b.jsonl"])
    assert not request.chained
    assert request.stamp is not None
    stamp = request.stamp
    assert (stamp.project, stamp.lineage, stamp.name) == ("sim", bench.ledger.last_written.lineage, "a")
    assert (stamp.fingerprint, stamp.generation, stamp.attempt, stamp.nonce) == (
        bench.change.fingerprint,
        1,
        1,
        "n1",
    )


@pytest.mark.parametrize(("left", "window"), [(None, 60.0), (600.0, 60.0), (64.0, 59.0), (8.0, 6.0)])
def test_it_may_be_sent_for_a_minute_and_never_as_long_as_the_lock(left: float | None, window: float) -> None:
    bench = Bench(fine_tune("a"))
    now = bench.world.clock.now()
    bench.lock.expires_at = None if left is None else now + left
    ready = bench.prepare()
    assert ready.intent.not_after == now + window
    assert ready.deadline == bench.world.clock.monotonic() + window


@pytest.mark.parametrize(("seconds", "made"), [(59.0, True), (60.0, True), (60.5, False)])
def test_its_last_second_is_the_one_that_was_noted(seconds: float, *, made: bool) -> None:
    bench = Bench(fine_tune("a"))
    ready = bench.prepare()
    bench.world.clock.time += seconds
    sent = bench.send(ready)
    assert (sent.ready, sent.job is not None, len(bench.world.provider.jobs)) == (ready, made, int(made))
    assert made or "its send window had passed" in sent.why


def test_a_wall_clock_that_jumped_ahead_holds_it_back() -> None:
    bench = Bench(fine_tune("a"))
    ready = bench.prepare()
    bench.world.clock.ahead += 61
    assert bench.send(ready).held_back
    assert not bench.world.provider.jobs


def test_a_wall_clock_that_was_set_back_gives_it_no_more_time() -> None:
    bench = Bench(fine_tune("a"))
    ready = bench.prepare()
    bench.world.clock.time += 61
    bench.world.clock.ahead -= 61
    assert bench.send(ready).held_back
    assert not bench.world.provider.jobs


def test_without_the_lock_nothing_is_sent() -> None:
    bench = Bench(fine_tune("a"))
    ready = bench.prepare()
    bench.lock.lost = True
    sent = bench.send(ready)
    assert (sent.ready, isinstance(sent.error, LeaseLost)) == (ready, True)
    assert not bench.world.provider.jobs


def test_who_asks_to_stop_stops_it_before_it_is_sent() -> None:
    bench = Bench(fine_tune("a"), stopping=True)
    sent = bench.send(bench.prepare())
    assert (sent.job, sent.why) == (None, "stopped before it was sent")
    assert not bench.world.provider.jobs


def test_a_refused_key_keeps_the_next_create_from_being_sent() -> None:
    bench, blocked = Bench(fine_tune("a")), Blocked()
    bench.world.provider.faults["create"] = ["unauthorized"]
    ready = bench.prepare()
    assert bench.send(ready, blocked).error is not None
    assert "does not accept the key" in bench.send(ready, blocked).why
    assert bench.world.provider.asked["create"] == 1


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.SUCCEEDED])
def test_a_job_on_the_uploaded_file_that_runs_or_served_holds_it(status: JobStatus) -> None:
    bench = Bench(fine_tune("a"))
    there = Job("j1", "p", status, training_files=(JobFile(bench.files["a.jsonl"]),))
    with pytest.raises(NeedsPerson) as raised:
        bench.prepare(there)
    assert "(j1)" in raised.value.message
    assert "--not-mine j1" in raised.value.message
    assert "a" not in bench.ledger.records


def test_a_job_on_the_uploaded_file_that_failed_is_only_remembered() -> None:
    bench = Bench(fine_tune("a"))
    there = Job("j1", "p", JobStatus.FAILED, training_files=(JobFile(bench.files["a.jsonl"]),))
    ready = bench.prepare(there)
    assert ready.intent.seen == ("j1",)
    assert bench.ledger.records["a"].intent == ready.intent


def test_a_create_that_was_not_sent_keeps_its_nonce_and_another_declaration_gets_its_own() -> None:
    for fingerprint, nonce in ((None, "n0"), ("f1:other", "n1")):
        bench = Bench(fine_tune("a"))
        first = replace(bench.prepare().intent, nonce="n0", lapsed=True)
        first = replace(first, fingerprint=fingerprint or first.fingerprint)
        bench.ledger.records["a"] = replace(bench.ledger.records["a"], intent=first)
        assert bench.prepare().intent.nonce == nonce


def upstream(status: JobStatus, model: str | None) -> Ledger:
    job = RecordedJob("j1", "p", "f1:1", 1, 1, "n", status, fine_tuned_model=model)
    return Ledger(State("sim", "l", fine_tunes={"base": Record("p", "f1:1", 1, 1, {}, job=job)}))


CAN = World("openai").provider.facts.capabilities


@pytest.mark.parametrize(
    ("status", "model"),
    [(JobStatus.RUNNING, "ft:m"), (JobStatus.FAILED, "ft:m"), (JobStatus.SUCCEEDED, None)],
)
def test_a_chain_starts_from_a_model_that_was_made_and_from_no_other(
    status: JobStatus, model: str | None
) -> None:
    with pytest.raises(FtopsError, match="base, whose model it starts from, has no model yet"):
        base_model(fine_tune("b", upstream="base"), CAN, upstream(status, model))
    with pytest.raises(FtopsError):
        base_model(fine_tune("b", upstream="base"), CAN, Ledger(State("sim", "l")))


def test_a_chain_starts_from_the_last_model_or_from_the_checkpoint_that_is_named() -> None:
    made = upstream(JobStatus.SUCCEEDED, "ft:m")
    assert base_model(fine_tune("b", upstream="base"), CAN, made) == "ft:m"
    named = replace(fine_tune("b"), model=Upstream("base", "step:120"))
    assert base_model(named, CAN, made) == "ft:m:ckpt-step-120"
    with pytest.raises(FtopsError, match="has no checkpoints"):
        base_model(named, replace(CAN, checkpoints=None), made)
