"""The table of a status: what it says at 80 and 120 columns, in what order, and how it fits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.calendar import Period, span
from ftops.model.change import Reason
from ftops.model.spending import Amount, Charge, ChargeSource, amount
from ftops.report.status import Group, StatusRow
from ftops.report.status_table import Screen, in_order, render_table
from ftops.report.status_text import render_status
from ftops.report.words import IN_ASCII, bar, display_width
from ftops.review.forecast import Forecast
from ftops.review.purse import Fund
from tests.conftest import REPOSITORY

NOW = 1_764_292_833.0
"""28 November 2025, 01:20:33 UTC."""
GOLDEN = REPOSITORY / "tests/golden/terminal"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def row(name: str, status: str = "succeeded", group: Group = Group.READY, **more: object) -> StatusRow:
    values: dict[str, object] = {
        "name": name,
        "provider": "oa",
        "job_id": f"job-{name}" if group in (Group.TRAINING, Group.READY) else None,
        "status": status,
        "generation": 1,
        "attempt": 1,
        "fine_tuned_model": f"ft:{name}" if group is Group.READY else None,
        "error": None,
        "reason": None,
        "group": group,
    }
    return StatusRow(**{**values, **more})  # type: ignore[arg-type]


def charged(dollars: str) -> Charge:
    return Charge(Amount(Decimal(dollars), Decimal(dollars)), ChargeSource.ESTIMATE)


CURVE = (2.0, 1.6, 1.2, 1.0, 0.8, 0.6, 0.5, 0.47)
ROWS = (
    row(
        "guest-answers",
        "waiting",
        Group.WAITING,
        reason=Reason.WAITING_FOR,
        expected=amount(1.09),
        depends_on=("house-voice",),
    ),
    row(
        "guest-answers-french",
        "waiting",
        Group.WAITING,
        reason=Reason.WAITING_FOR,
        expected=amount(0.34),
        depends_on=("guest-answers",),
    ),
    row("a-first-name", "waiting", Group.WAITING, reason=Reason.PROVIDER_LIMIT),
    row(
        "house-voice",
        "running",
        Group.TRAINING,
        progress=0.62,
        losses=CURVE,
        expected=amount(0.94),
        created_at=NOW - 37 * MINUTE,
        estimated_finish=NOW + 15.4 * MINUTE,
    ),
    row("night-report", "pending", Group.TRAINING, expected=amount(1.69), created_at=NOW - 40),
    row(
        "route-day",
        "held",
        Group.NEEDS_PERSON,
        reason=Reason.LOOKALIKE,
        message="two jobs at house look like its create; one may be a second payment",
        next="ftops resolve route-day --job ID, or ftops resolve route-day --not-mine ID",
    ),
    row("support-triage", cost=charged("1.12"), finished_at=NOW - 2 * DAY, result={"train_loss": 0.5}),
    row("x" * 50, finished_at=NOW - 2 * DAY),
)
FUND = Fund("the project", Decimal(50), span(Period.MONTH, NOW), spent=Decimal("31.2"))
SEEN = Forecast("2025-11", (amount(31.2),), (), amount(3.88), 2, (FUND,))


def drawn(width: int) -> str:
    return render_status("almhof-x7f2", ROWS, SEEN, NOW, Screen(width))


@pytest.mark.parametrize("width", [80, 120])
def test_a_status_is_drawn_as_it_is_kept(width: int) -> None:
    """What it says is a choice that people read: a change of it is seen, and read, in the file."""
    assert drawn(width) == (GOLDEN / f"status-{width}.txt").read_text(encoding="utf-8")


def test_what_does_not_fit_a_screen_is_counted_and_who_needs_a_person_stays() -> None:
    rows = (*ROWS, *(row(f"ready-{n}") for n in range(38)))
    whole = render_table(rows, NOW, Screen())
    assert render_table(rows, NOW, Screen(height=len(whole))) == whole
    low = render_table(rows, NOW, Screen(height=11))
    assert (len(low), low[-1]) == (11, "  and 40 ready")
    assert render_table(rows, NOW, Screen(height=7))[-3:] == (
        "  and 2 training",
        "  and 3 waiting",
        "  and 40 ready",
    )


def test_what_several_need_alike_is_said_once_under_the_last_of_them() -> None:
    alike = [
        row(name, "held", Group.NEEDS_PERSON, message="oa is silent", next="ftops doctor") for name in "ab"
    ]
    lines = render_table(alike, NOW, Screen())
    assert [line.split()[:2] for line in lines[1:3]] == [["!", "a"], ["!", "b"]]
    assert lines[3:] == ("    oa is silent", "    ftops doctor")


def test_ids_are_shown_where_they_are_asked_for() -> None:
    assert "job-house-voice" not in drawn(120)
    assert "    job job-support-triage, model ft:support-triage" in render_table(ROWS, NOW, Screen(ids=True))


def test_a_ring_of_fine_tunes_is_drawn_all_the_same() -> None:
    ring = [row("a", depends_on=("b",)), row("b", depends_on=("a",)), row("c", depends_on=("elsewhere",))]
    assert {one.name for one in in_order(ring)} == {"a", "b", "c"}


ANY_ROWS = st.lists(
    st.builds(
        row,
        st.text(min_size=1, max_size=63),
        st.sampled_from(["running", "pending", "succeeded", "failed", "held", "waiting", "absent", "odd"]),
        st.sampled_from(Group),
        message=st.text(max_size=300),
        progress=st.none() | st.floats(0, 1),
        expected=st.none() | st.just(amount(0.001, 12_345.6)),
        depends_on=st.lists(st.text(max_size=9), max_size=1).map(tuple),
    ),
    max_size=6,
    unique_by=lambda one: one.name,
)


@given(ANY_ROWS, st.integers(0, 140), st.none() | st.integers(0, 30))
def test_no_line_is_wider_than_its_screen_and_every_fine_tune_is_shown_or_counted(
    rows: list[StatusRow], width: int, height: int | None
) -> None:
    lines = render_table(rows, NOW, Screen(width, height))
    assert max(map(display_width, lines)) <= max(width, 40)
    if height is None:
        assert len(lines) > len(rows)
    elif height > 1 + len(Group):
        assert len(lines) <= height


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "░░░░░░░░░░   0 %"),
        (0.62, "██████░░░░  62 %"),
        (0.999, "█████████░  99 %"),
        (1, "██████████ 100 %"),
    ],
)
def test_a_bar_stands_beside_its_number_and_is_full_only_at_the_end(share: float, text: str) -> None:
    assert bar(share) == text


def test_every_sign_of_ours_has_one_of_ascii() -> None:
    text = drawn(120).translate(IN_ASCII)
    assert text.isascii()
    assert "> house-voice" in text
    assert "######----  62 %" in text


def test_what_an_apply_would_train_now_is_planned_however_its_last_job_has_ended() -> None:
    ended = row("a", "succeeded", Group.WAITING, next="ftops apply", expected=amount(1.05))
    (_, line) = render_table([ended], NOW, Screen())
    assert line.split() == ["·", "a", "planned", "for", "ftops", "apply", "-", "$1.05", "to", "come"]
