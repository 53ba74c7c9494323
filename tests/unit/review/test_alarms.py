"""An acknowledgement covers exactly its failure, for its time; everything else raises the alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.errors import Problem
from ftops.model.ack import LONGEST_SECONDS, Ack
from ftops.model.change import (
    INVALID_INPUT_REASONS,
    JOB_FAILED_REASONS,
    NEEDS_PERSON_REASONS,
    REFUSED_REASONS,
    RESTING_REASONS,
    Action,
    Change,
    Reason,
)
from ftops.model.event import ChangeResult, Outcome
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.review.alarms import (
    acknowledged,
    acknowledgements,
    alarms,
    can_be_acknowledged,
    failure_of,
    is_known,
    unknown,
    worth_keeping,
)

NOW = 1_800_000_000.0
DAY = 86_400.0
WORDS = "the job failed: invalid_data: row 3 is not a conversation"
ALARMING = NEEDS_PERSON_REASONS | JOB_FAILED_REASONS | INVALID_INPUT_REASONS | REFUSED_REASONS


def held(reason: Reason = Reason.FAILED, message: str = WORDS, name: str = "a", **fields: object) -> Change:
    known: dict[str, object] = {"fingerprint": "f1:" + "a" * 64, "job_id": "job-1", "spec": {"model": "m"}}
    return Change(name, Action.HOLD, reason, message, "p", **{**known, **fields})  # type: ignore[arg-type]


def plan(*changes: Change, incomplete: Mapping[str, str] | None = None) -> Plan:
    return Plan("p", "l", 1, changes, incomplete=incomplete or {})


def ack(*changes: Change, until: float = NOW + 7 * DAY) -> Ack:
    return Ack(tuple(map(failure_of, changes)), "ticket 7", "jo", NOW, until)


def test_an_acknowledged_failure_raises_no_alarm_and_is_said_until_when() -> None:
    one = held()
    acks = {"a": ack(one)}
    assert alarms(plan(one), {}, NOW) == (one,)
    assert alarms(plan(one), acks, NOW) == ()
    assert unknown(plan(one, held(name="b")), acks, NOW) == (held(name="b"),)
    assert list(acknowledgements(plan(one), acks, NOW)) == [
        "a: acknowledged until 2027-01-22 by jo: ticket 7"
    ]


@pytest.mark.parametrize(
    "other",
    [
        held(job_id="job-2"),
        held(fingerprint="f1:" + "b" * 64),
        held(message=WORDS.replace("3", "4")),
        held(Reason.VANISHED),
        held(Reason.INVALID_DATA, problems=(Problem("x"),), fingerprint=None),
    ],
)
def test_what_has_changed_raises_the_alarm_again(other: Change) -> None:
    acks = {"a": ack(held())}
    assert alarms(plan(other), acks, NOW) == (other,)
    assert not acknowledged(plan(other), acks)


CHANGES = st.builds(
    held,
    st.sampled_from(sorted(ALARMING)),
    st.sampled_from([WORDS, "x: y", "x: z", ""]),
    job_id=st.sampled_from([None, "job-1", "job-2"]),
    fingerprint=st.sampled_from([None, "f1:" + "a" * 64, "f1:" + "b" * 64]),
    problems=st.sampled_from([(), (Problem("one"),), (Problem("two"),)]),
)


@given(CHANGES, CHANGES)
def test_an_ack_of_one_failure_covers_another_only_if_it_is_the_same(one: Change, other: Change) -> None:
    known = is_known(other, {"a": ack(one)}, NOW)
    if one == other:
        assert known == (one.reason not in RESTING_REASONS)
    elif (one.reason, one.job_id, one.fingerprint) != (other.reason, other.job_id, other.fingerprint):
        assert not known


@given(st.floats(0, 4e9))
def test_it_covers_up_to_its_time_and_never_for_longer_than_anybody_may_ask(now: float) -> None:
    one = held()
    known = is_known(one, {"a": ack(one)}, now)
    until = NOW + 7 * DAY
    assert known == (now < until <= now + LONGEST_SECONDS + DAY)


def test_of_one_name_each_failure_needs_its_own_word() -> None:
    failed, second = held(), held(Reason.LOOKALIKE, "job job-9 looks like it", job_id="job-9", spec={})
    assert alarms(plan(failed, second), {"a": ack(failed)}, NOW) == (second,)
    assert not acknowledged(plan(failed, second), {"a": ack(failed)})
    assert alarms(plan(failed, second), {"a": ack(failed, second)}, NOW) == ()
    assert acknowledged(plan(failed, second), {"a": ack(failed, second)})


@pytest.mark.parametrize(
    ("reason", "before", "after", "fields"),
    [
        (
            Reason.STUCK,
            "p has refused it for 25 hours; it is tried again in 900 s, or with `ftops resolve`: quota: no",
            "tried again after a refusal: quota: no",
            {},
        ),
        (
            Reason.OVER_BUDGET,
            "it may cost at most $3.20, more than the budget of $2 for p on 2026-11-28",
            "it may cost at most $3.25, more than the budget of $2 for p on 2026-11-29",
            {},
        ),
        (
            Reason.LOOKALIKE,
            "job j carries no mark; running for 2 h; say which",
            "job j carries no mark; say which",
            {"spec": {}},
        ),
        (
            Reason.REJECTED,
            "p refused to create it: no; try again with `ftops resolve a --retry`",
            "p refused to create it: no; try again with `ftops resolve b --retry`",
            {"fingerprint": "f1:" + "c" * 64},
        ),
    ],
)
def test_times_sums_and_names_in_our_own_words_are_not_the_failure(
    reason: Reason, before: str, after: str, fields: Mapping[str, Any]
) -> None:
    assert failure_of(held(reason, before, **fields)) == failure_of(held(reason, after, "b", **fields))


def test_what_the_provider_says_counts_to_the_letter() -> None:
    three, four = (held(Reason.REJECTED, f"p refused to create it: at most {n} epochs") for n in (3, 4))
    assert failure_of(three) != failure_of(four)
    stuck = [held(Reason.STUCK, f"tried again after a refusal: {said}") for said in ("quota", "billing")]
    assert failure_of(stuck[0]) != failure_of(stuck[1])


@pytest.mark.parametrize("reason", sorted(Reason))
def test_what_can_be_acknowledged_is_what_raises_an_alarm_about_one_fine_tune(reason: Reason) -> None:
    one = held(reason)
    assert can_be_acknowledged(one) == (reason in ALARMING - RESTING_REASONS)
    assert alarms(plan(one), {"a": ack(one)}, NOW) == ((one,) if reason in RESTING_REASONS else ())


def test_what_is_held_because_of_its_upstream_raises_no_alarm_of_its_own() -> None:
    base, child = held(), held(Reason.UPSTREAM, "a, whose model it starts from, is held: failed", "b")
    assert alarms(plan(base, child), {}, NOW) == (base,)
    assert alarms(plan(base, child), {"a": ack(base)}, NOW) == ()


def test_a_stuck_create_that_was_made_just_now_raises_none() -> None:
    one = replace(held(Reason.STUCK), action=Action.CREATE)
    assert alarms(plan(one), {}, NOW, (ChangeResult(one, Outcome.DONE),)) == ()
    assert alarms(plan(one), {}, NOW) == (one,)


def test_an_expired_one_raises_the_alarm_and_is_said_and_dropped() -> None:
    one = held()
    acks = {"a": ack(one, until=NOW)}
    assert alarms(plan(one), acks, NOW) == (one,)
    (words,) = acknowledgements(plan(one), acks, NOW)
    assert words == "a: what jo acknowledged until 2027-01-15 raises the alarm again: ticket 7"
    assert worth_keeping(plan(one), acks, NOW, everything=False) == ({}, True)


def test_only_a_whole_plan_shows_that_a_failure_is_gone() -> None:
    gone = {"a": ack(held()), "z": ack(held(name="z"))}
    mended = replace(held(), action=Action.KEEP, reason=Reason.SUCCEEDED)
    assert worth_keeping(plan(mended), gone, NOW, everything=True) == ({}, False)
    assert worth_keeping(plan(mended), gone, NOW, everything=False) == (gone, False)
    rests = plan(mended, incomplete={"p": "down"})
    assert worth_keeping(rests, gone, NOW, everything=True) == (gone, False)
    kept = {"a": gone["a"]}
    assert worth_keeping(plan(held()), gone, NOW, everything=True) == (kept, False)
