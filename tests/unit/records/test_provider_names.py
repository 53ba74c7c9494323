"""All that is remembered of a provider follows its row to another name, and nothing else does."""

from __future__ import annotations

from ftops.model.job import JobStatus
from ftops.model.json_value import JSON
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.provider_memory import ProviderMemory, RefusedUpload
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.desired import DesiredSet
from ftops.records.provider_names import follow_providers, followed, in_present_form
from tests.simulator.world import dataset, fine_tune

NAMES = {"old": "new"}


def job(provider: str) -> RecordedJob:
    request = SentRequest(provider, {"model": "old"}, ())
    return RecordedJob("j1", provider, "f1:1", 1, 1, "n1", JobStatus.RUNNING, request=request)


def intent(provider: str) -> Intent:
    spec: dict[str, JSON] = {"provider": provider, "hyperparameters": {"provider": "old"}}
    return Intent(provider, "n2", "f1:1", 2, 1, spec, 1.0, 2.0, {"model": "old"}, ())


def record(provider: str) -> Record:
    spec = {"provider": provider, "model": "old"}
    request = SentRequest(provider, {}, ())
    return Record(
        provider, "f1:1", 2, 1, spec, intent=intent(provider), job=job(provider), requests=(request,)
    )


def state(provider: str) -> State:
    return State(
        "sim",
        "l",
        fine_tunes={"a": record(provider), "other": record("elsewhere")},
        archive={"b": ArchivedRecord(1, (job(provider),))},
        datasets={provider: {"sha": "file-1"}},
        not_mine={provider: ("j9",)},
    )


def test_everything_that_names_the_provider_names_it_anew() -> None:
    before = state("old")
    after = follow_providers(before, NAMES)
    memory = {"new": ProviderMemory(former_names=("old",))}
    expected = state("new")
    assert after.fine_tunes == expected.fine_tunes
    assert (after.archive, after.datasets) == (expected.archive, expected.datasets)
    assert (after.not_mine, after.providers) == (expected.not_mine, memory)
    assert followed(before, after) == {"a": "old"}


def test_one_mention_anywhere_is_enough() -> None:
    for mentioned in (
        State("sim", "l", fine_tunes={"a": Record("old", "f1:1", 1, 1, {})}),
        State("sim", "l", fine_tunes={"a": Record("x", "f1:1", 1, 1, {}, job=job("old"))}),
        State("sim", "l", fine_tunes={"a": Record("x", "f1:1", 1, 1, {}, intent=intent("old"))}),
        State("sim", "l", archive={"a": ArchivedRecord(1, (job("old"),))}),
        State("sim", "l", datasets={"old": {}}),
        State("sim", "l", not_mine={"old": ()}),
        State("sim", "l", providers={"old": ProviderMemory()}),
    ):
        assert follow_providers(mentioned, NAMES).providers["new"].former_names == ("old",)


def test_a_state_that_does_not_name_it_stays_as_it_is() -> None:
    untouched = state("elsewhere")
    assert follow_providers(untouched, NAMES) is untouched
    assert follow_providers(untouched, {}) is untouched


def test_what_both_rows_remember_is_joined() -> None:
    refused = RefusedUpload("too large", 5.0)
    both = State(
        "sim",
        "l",
        datasets={"old": {"sha1": "file-1", "sha2": "file-2"}, "new": {"sha2": "file-9"}},
        not_mine={"old": ("j1", "j2"), "new": ("j2", "j3")},
        providers={
            "old": ProviderMemory(10.0, ("oldest",), {"sha3": refused}),
            "new": ProviderMemory(20.0, ("odd",), {"sha4": refused}),
        },
    )
    after = follow_providers(both, NAMES)
    assert after.datasets == {"new": {"sha1": "file-1", "sha2": "file-9"}}
    assert after.not_mine == {"new": ("j1", "j2", "j3")}
    assert after.providers == {
        "new": ProviderMemory(10.0, ("old", "odd", "oldest"), {"sha3": refused, "sha4": refused})
    }


def test_a_provider_that_gives_marks_back_under_one_name_is_known_as_unmarked_by_the_other() -> None:
    for old, new in ((None, 20.0), (20.0, None)):
        both = State("sim", "l", providers={"old": ProviderMemory(old), "new": ProviderMemory(new)})
        assert follow_providers(both, NAMES).providers["new"].unmarked_since == 20.0
    neither = State("sim", "l", providers={"old": ProviderMemory(), "new": ProviderMemory()})
    assert follow_providers(neither, NAMES).providers["new"].unmarked_since is None


def test_a_fingerprint_of_the_old_name_becomes_the_present_one_wherever_it_stands() -> None:
    declared = replace(fine_tune("a"), provider="new")
    files = {"a.jsonl": dataset("a.jsonl")}
    facts = ProviderFacts("new", "openai", dialects()["openai"].capabilities, renamed_from="old")
    before = DesiredSet((replace(declared, provider="old"),), files, {"old": replace(facts, name="old")})
    after = DesiredSet((declared,), files, {"new": facts})
    was, now = before.fingerprint("a"), after.fingerprint("a")
    assert was != now
    seen = {"new": Observation(facts)}
    doubted = replace(intent("old"), fingerprint=was)
    for held in (Record("old", was, 1, 1, {}), Record("old", "f1:other", 1, 1, {}, intent=doubted)):
        state = State("sim", "l", fine_tunes={"a": held}, archive={"a": ArchivedRecord(1, (job("old"),))})
        moved, _ = in_present_form(state, seen, after)
        kept = moved.fine_tunes["a"]
        assert (kept.intent.fingerprint if kept.intent else kept.fingerprint) == now
        assert moved.archive["a"].jobs[0].provider == "new"
    archived = State("sim", "l", archive={"a": ArchivedRecord(1, (replace(job("old"), fingerprint=was),))})
    assert in_present_form(archived, seen, after)[0].archive["a"].jobs[0].fingerprint == now
