"""The verdicts of the doctor, from values alone."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from ftops.doctor import marks, providers, stored
from ftops.errors import Ambiguous, Failure, FtopsError, InvalidInput, Problem, Rejected
from ftops.model.check import Check, Verdict
from ftops.model.job import Job, JobList, JobStatus, Stamp
from ftops.model.project import EnvReference, ProviderSettings
from ftops.model.state import Intent, Record, State
from ftops.model.value import replace
from ftops.report.doctor import render_checks

NOW = 1_800_000_000.0
SETTINGS = ProviderSettings("oa", "openai", api_key=EnvReference("OA_KEY"))


def intent(*, lapsed: bool = False) -> Intent:
    return Intent("oa", "nonce-1", "f", 1, 1, {}, NOW - 100, NOW - 40, lapsed=lapsed)


def state(held: Intent | None) -> State:
    return State("p", "lineage-1", 3, {"a": Record("oa", "f", 1, 1, {}, intent=held)})


def job(nonce: str = "n", lineage: str = "lineage-1") -> Job:
    return Job("job-1", "oa", JobStatus.RUNNING, stamp=Stamp("p", lineage, "a", "f", 1, 1, nonce))


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (0.0, "within 1 s"),
        (29.0, "within 29 s"),
        (100.0, "ours is 100 s behind"),
        (-100.0, "ours is 99 s ahead of"),
    ],
)
def test_clock_skew_is_what_no_rounding_and_no_travel_explains(offset: float, words: str) -> None:
    headers = {"dAtE": formatdate(NOW + offset, usegmt=True)}
    found = providers.clock_check("oa", headers, NOW, NOW)
    assert words in found.message
    assert found.verdict is (Verdict.OK if abs(offset) < 30 else Verdict.WARN)


def test_a_slow_reply_is_not_taken_for_skew() -> None:
    headers = {"Date": formatdate(NOW + 60, usegmt=True)}
    assert providers.clock_check("oa", headers, NOW, NOW + 120).verdict is Verdict.OK


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_a_date_that_says_nothing_is_a_warning(date: str | None) -> None:
    headers = {} if date is None else {"Date": date}
    assert providers.clock_check("oa", headers, NOW, NOW).verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("error", "verdict", "words"),
    [
        (Ambiguous("x got 302", failure=Failure("oa", "list", 302)), Verdict.FAIL, "wrong URL"),
        (Ambiguous("x got HTML", failure=Failure("oa", "list", 200)), Verdict.FAIL, "wrong URL"),
        (Ambiguous("x got 503", failure=Failure("oa", "list", 503)), Verdict.FAIL, "no good answer"),
        (Ambiguous("no reply in time", failure=Failure("oa", "list")), Verdict.FAIL, "no good answer"),
        (Rejected("x", failure=Failure("oa", "list", 400, None, "bad page")), Verdict.FAIL, "bad page"),
        (FtopsError("in CI not sent", hint="set X"), Verdict.FAIL, "in CI not sent"),
        (InvalidInput((Problem("OA_KEY is not set"),)), Verdict.WARN, "not asked: OA_KEY is not set"),
    ],
)
def test_why_a_provider_does_not_answer_is_told_apart(
    error: FtopsError, verdict: Verdict, words: str
) -> None:
    found = providers.unreachable(SETTINGS, error)
    assert (found.verdict, found.subject) == (verdict, "oa")
    assert words in found.message


def test_a_create_in_doubt_is_told_with_its_times_and_the_command_that_settles_it() -> None:
    (found,) = stored.intent_checks(state(intent()), {"oa": 900.0}, {}, NOW)
    assert found.verdict is Verdict.WARN
    assert found.message == (
        "a create at oa is in doubt since 2027-01-15 07:58:20 UTC; "
        "its job may turn up until 2027-01-15 08:14:20 UTC"
    )
    assert found.next is not None
    assert found.next.startswith("wait: ")
    assert "`ftops resolve a --job ID`" in found.next
    assert "`ftops resolve a --never-arrived` once you have seen" in found.next
    (later,) = stored.intent_checks(state(intent()), {"oa": 900.0}, {}, NOW + 1000)
    assert later.next is not None
    assert later.next.startswith("`ftops plan` looks again")


@pytest.mark.parametrize("marked", ["whole", "by a tag"])
def test_a_create_whose_job_was_seen_is_told_with_the_jobs_id(marked: str) -> None:
    whole = job("nonce-1")
    assert whole.stamp is not None
    shown = whole if marked == "whole" else replace(whole, stamp=None, tag=whole.stamp.tag)
    (found,) = stored.intent_checks(state(intent()), {}, {"oa": (shown,)}, NOW)
    assert found.next is not None
    assert "`ftops resolve a --job job-1`" in found.next
    assert "never-arrived" not in found.next


@pytest.mark.parametrize("held", [None, intent(lapsed=True)])
def test_what_certainly_never_arrived_is_not_in_doubt(held: Intent | None) -> None:
    assert [one.verdict for one in stored.intent_checks(state(held), {}, {}, NOW)] == [Verdict.OK]


@pytest.mark.parametrize(
    ("lineage", "exists", "warnings"),
    [("lineage-1", True, 0), ("lineage-2", True, 1), ("lineage-1", False, 1)],
)
def test_jobs_of_this_project_from_another_state_are_a_warning(
    lineage: str, exists: bool, warnings: int
) -> None:
    found = list(marks.lineage_checks(state(None), {"oa": (job(lineage=lineage),)}, exists=exists))
    assert len(found) == warnings


@pytest.mark.parametrize(
    ("alive", "words"), [(True, "if it hangs"), (None, "if it hangs"), (False, "frees the lock")]
)
def test_a_held_lock_is_a_warning_and_a_dead_holder_is_said(alive: bool | None, words: str) -> None:
    found = stored.lock_check("me@here (pid 7, apply)", NOW - 7300, NOW, alive=alive)
    assert found.verdict is Verdict.WARN
    assert "held by me@here (pid 7, apply) since 2027-01-15 05:58:20 UTC, 2 hours ago" in found.message
    assert ("that process is dead" in found.message) is (alive is False)
    assert words in str(found.next)


def test_a_lock_of_an_impossible_time_is_still_told() -> None:
    assert "second 1e+300" in stored.lock_check("me", 1e300, NOW, alive=None).message


def test_each_check_is_one_line_without_control_signs() -> None:
    checks = [
        Check("provider", Verdict.FAIL, "says \x1b[31m\nfoo", "look", "oa"),
        Check("lock", Verdict.OK, "x"),
    ]
    assert render_checks(checks) == (
        "fail  provider oa: says  [31m foo  - look\nok    lock: x\n2 checks: 1 ok, 0 warn, 1 fail.\n"
    )


def test_a_page_that_contradicts_itself_is_a_warning() -> None:
    assert providers.reachable("oa", JobList((), True, "job x is in it twice")).verdict is Verdict.WARN
    assert providers.reachable("oa", JobList((job(),), False)).message == "answers; 1 job on the first page"
