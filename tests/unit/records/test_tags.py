"""What a tag means: the mark of the create that the state remembers, and nothing where it remembers none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.job import TAG_LENGTH, Stamp
from ftops.providers.identity import split_tag, tagged
from tests.simulator.bends import WORLDS
from tests.simulator.world import World, fine_tune

TAGGED = [name for name in WORLDS if name.startswith("tags") and "dropped" not in name]


def stamp(nonce: str) -> Stamp:
    return Stamp("project", "lineage", "name", f"f1:{'1' * 64}", 1, 1, nonce)


@given(
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,20}", fullmatch=True), st.text("abcdef0123456789", min_size=1)
)
def test_a_suffix_comes_back_without_its_tag(suffix: str, nonce: str) -> None:
    mark = stamp(nonce)
    assert re.fullmatch(r"f[b-df-hj-np-z0-9]{8}", mark.tag)
    assert len(mark.tag) == TAG_LENGTH
    assert split_tag(tagged(suffix, mark)) == (suffix, mark.tag)
    assert split_tag(tagged(None, mark)) == (None, mark.tag)
    assert tagged(suffix, None) == suffix


@pytest.mark.parametrize("shown", ["triage", "triage-f123", "my-finetuned", "fbcdfghjkl", "", None])
def test_what_does_not_end_in_a_tag_has_none(shown: str | None) -> None:
    assert split_tag(shown) == (shown or None, None)


@pytest.mark.parametrize("world", TAGGED)
def test_of_two_jobs_with_one_tag_the_second_is_cancelled(world: str) -> None:
    played = World(bends=WORLDS[world])
    played.declared["a"] = fine_tune("a")
    played.provider.faults["create"] = ["repeated"]
    played.apply()
    assert played.actions() == {"a": "cancel duplicate"}
    played.apply()
    assert sorted(job.status.value for job in played.provider.jobs.values()) == ["cancelled", "pending"]


@pytest.mark.parametrize("world", TAGGED)
def test_a_tag_that_a_retrieve_leaves_out_proves_nothing(world: str) -> None:
    played = World(bends=WORLDS[world])
    played.declared["a"] = fine_tune("a")
    played.apply()
    (job_id,) = played.provider.jobs
    played.provider.lag = 60  # The list lacks the job, so that it is retrieved.
    played.apply()
    assert played.provider.asked["retrieve"] == 1, job_id
    assert not played.state().unmarked("p")


def test_a_create_whose_tag_does_not_come_back_makes_its_provider_unmarked() -> None:
    played = World(bends=WORLDS["tags dropped"])
    played.declared["a"] = fine_tune("a")
    played.apply()
    assert played.state().unmarked("p")


def test_a_lost_state_does_not_read_tags_and_holds_what_could_be_its_own() -> None:
    played = World(bends=WORLDS["tags"])
    played.declared["a"] = fine_tune("a")
    played.apply()
    played.lose_state()
    assert played.actions() == {"a": "hold lookalike"}
