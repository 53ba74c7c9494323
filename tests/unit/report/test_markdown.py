"""A plan as a comment: in order, within its size, and strangers' text shows as itself and does nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import Action, Reason
from ftops.model.review import CostEstimate, Violation
from ftops.model.value import replace
from ftops.report.cutting import BUDGETS, Place
from ftops.report.markdown import Footer, marker, render_comment, render_job_summary
from ftops.report.money import NOTHING_PAID
from ftops.report.summary import Alert, Bullet, Row, Summary, Verdict, Word
from tests.unit.report.cases import CASES, many, told
from tests.unit.report.examples import change
from tests.unit.report.rendered import Page, is_harmless

GOLDEN = Path(__file__).parents[2] / "golden" / "comment"
RUN, REPORT = "https://ci.example/runs/812", "https://ci.example/runs/812/plan.html"
FOOTER = Footer(1_795_742_160.0, RUN, REPORT)
SHOWN = tuple(case for case in CASES if case != "many")


@pytest.mark.parametrize("case", SHOWN)
def test_a_comment_is_as_it_was_agreed(case: str) -> None:
    """Write anew what changed on purpose: delete the file, run the test twice."""
    path = GOLDEN / f"{case}.md"
    comment = render_comment(CASES[case](), footer=FOOTER)
    if not path.exists():
        path.write_text(comment, encoding="utf-8")
        pytest.fail(f"wrote {path.name}: read it")
    assert comment == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_every_comment_is_whole_and_harmless(case: str) -> None:
    for text in (
        render_comment(CASES[case](), footer=FOOTER),
        render_job_summary(CASES[case](), footer=FOOTER),
    ):
        assert is_harmless(Page(text), (RUN, REPORT))


def test_the_first_line_is_the_projects_and_no_other_ones() -> None:
    lines = {name: marker(name) for name in ("a", "a-2", "a--", "b -->", "ü")}
    assert lines["a-2"] == "<!-- ftops:plan project=a-2 -->"
    assert len(set(lines.values())) == len(lines)
    for line in lines.values():
        assert Page(f"{line}\ntext").comments == [line[4:-3]]
    assert render_comment(CASES["nothing"]()).startswith(f"{marker('demo')}\n### ")
    assert "ftops:plan" not in render_job_summary(CASES["nothing"]())


def test_a_link_is_shown_only_where_it_is_https_and_cannot_leave_its_brackets() -> None:
    for address in ("http://ci.example", "javascript:alert(1)", "https://a)b", "https://a b", ""):
        page = Page(render_comment(CASES["nothing"](), footer=Footer(None, address, address)))
        assert page.links == []
        assert "UTC" not in page.text


def test_what_follows_stands_under_what_it_follows_from() -> None:
    rows = Page(render_comment(CASES["stops-a-job"]())).rows()
    assert rows[:5] == [
        ["± replace night-report", "$1.69", "learning_rate_multiplier: auto → 0.5"],
        ["+ create house-voice", "$0.94", "n_epochs: 3 → 4"],
        ["↳ · later guest-answers", "$1.09", "starts from the new house-voice"],
        ["↳ ↳ · later guest-answers-french", "$0.34", "starts from the new guest-answers"],
        ["↳ ↳ · later guest-answers-german", "$0.36", "starts from the new guest-answers"],
    ]
    assert rows[8] == ["6 trainings", "$4.79", "3 at once, 3 later"]


def test_an_unknown_cost_is_never_a_dash() -> None:
    rows = Page(render_comment(CASES["unknown-cost"]())).rows()
    assert rows[0][1:] == ["unknown", "n_epochs: 2 → 3"]
    assert ["7 trainings", "at least $3.10", "3 at once, 4 later; 2 of them unknown"] in rows


def test_what_an_adopt_stops_is_said_beside_it() -> None:
    revert = change("revert", Action.ADOPT, "trained before", cancel_first="job-3")
    (row,) = Page(render_comment(told(revert, base=None))).rows()[:1]
    assert row == ["← adopt revert", NOTHING_PAID, "trained before; stops 1 running job"]


def test_many_changes_of_one_cause_are_one_row_and_all_stand_in_a_fold() -> None:
    comment = render_comment(many(120), footer=FOOTER)
    table, folds = comment.split("<details>", 1)
    rows = Page(table).rows()
    assert [row[0] for row in rows[:6]] == [
        *(f"± replace region-{n}-concierge" for n in range(4)),
        "+ create 8 fine-tunes",
        "↳ · later 88 that start from these 8",
    ]
    assert rows[4][2].endswith("; base-4, base-16, base-28 and 5 more")
    assert rows[5][1] == "$132.00"
    assert len(rows) == 9
    every = Page(folds[folds.index("Every change") :]).rows()
    assert sum("fine-tunes" not in row[0] for row in every) >= 120


def test_those_with_an_unknown_cost_are_a_row_of_their_own() -> None:
    known = [change(f"a{n}", estimated_cost=CostEstimate(1, 1), spec={"model": "m"}) for n in range(10)]
    unknown = [change(f"b{n}", spec={"model": "m"}) for n in range(10)]
    rows = Page(render_comment(told(*known, *unknown, base=None))).rows()
    assert [(row[0], row[1]) for row in rows[:2]] == [
        ("+ create 10 fine-tunes", "$10.00"),
        ("+ create 10 fine-tunes", "unknown"),
    ]


def test_changes_that_have_nothing_in_common_are_grouped_by_what_is_done() -> None:
    changes = [change(f"a{n}", Action.UPDATE, f"its label {n}", reason=Reason.SETTINGS) for n in range(30)]
    rows = Page(render_comment(told(*changes, base=None))).rows()
    assert rows[0] == [
        "~ update 30 fine-tunes",
        NOTHING_PAID,
        "for 30 different reasons; a0, a1, a2 and 27 more",
    ]


def test_what_is_held_has_its_own_row_up_to_twenty() -> None:
    def rows(count: int) -> list[list[str]]:
        held = [change(f"a{n}", Action.HOLD, "altered", reason=Reason.ALTERED) for n in range(count)]
        return Page(render_comment(told(*held, base=None)).split("<details>", 1)[0]).rows()

    assert len(rows(19)) == 19
    assert rows(20) == [["! hold 20 fine-tunes", NOTHING_PAID, "altered; a0, a1, a2 and 17 more"]]


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("count", [500, 2000])
def test_a_large_plan_stays_within_the_limit_and_says_what_was_left_out(place: Place, count: int) -> None:
    comment = render_comment(many(count), footer=FOOTER, budget=BUDGETS[place])
    assert len(comment.encode()) <= BUDGETS[place]
    assert is_harmless(Page(comment), (RUN, REPORT))
    for kept in ("stops 4 running jobs", "region-3-concierge", "Plan `41c7e09b`"):
        assert kept in comment
    if place is Place.BITBUCKET:
        assert "Left out for its size: " in comment
        assert f"they are in the [full report]({REPORT})." in comment


def test_nothing_is_said_to_be_left_out_where_nothing_is() -> None:
    assert "Left out" not in render_comment(CASES["stops-a-job"](), footer=FOOTER)


def test_the_diagram_goes_first_and_the_rows_last() -> None:
    summary = CASES["stops-a-job"]()
    parts = ("flowchart LR", "same change", "stays |", "- n_epochs: 3", "forget **route", "create **refund")
    gone: dict[str, int] = {}
    comment = ""
    for budget in range(len(render_comment(summary).encode()), 1500, -50):
        comment = render_comment(summary, budget=budget)
        assert len(comment.encode()) <= budget
        assert "`±` replace **night-report**" in comment
        assert "6 trainings" in comment
        gone |= {part: budget for part in parts if part not in comment and part not in gone}
    assert tuple(gone) == parts
    assert "more changes | &#36;3.10" in comment


def test_what_was_pending_is_not_the_branchs() -> None:
    comment = render_comment(CASES["pending-too"]())
    brought, pending = comment.split("<details open><summary><b>Pending already</b>", 1)
    assert "replace **night-report**" not in brought
    assert "**night-report is running and would be stopped, by what was pending already.**" in brought
    assert "due on main before this branch" in pending
    assert "`±` replace **night-report**" in pending


def test_what_the_alert_does_not_say_of_a_violation_is_said_below_it() -> None:
    violation = Violation("cost", "too much")
    summary = replace(CASES["not-loaded"](), violations=(violation,))
    assert "- **Blocked by cost:** too much" in render_comment(summary)


def test_the_job_summary_has_every_row_and_is_open() -> None:
    drawn = render_job_summary(many(120))
    assert drawn.count("<details open>") == 2
    assert "Every change" not in drawn
    assert "every push updates it" not in drawn
    assert drawn.count("`·` later base-") == 88


SIGNS = st.text(st.sampled_from("ab1 @#|`*_[]()<>!~$\\&;:/.-+=\"'\n\x1b\u202e\U0001f600"), max_size=60)


@given(SIGNS)
def test_any_text_fills_its_cell_and_no_other(text: str) -> None:
    plan = told(
        change("a", Action.HOLD, text, reason=Reason.REJECTED), change("b", Action.UPDATE, "fine"), base=None
    )
    page = Page(render_comment(plan))
    assert is_harmless(page)
    (held, fine) = page.rows()[:2]
    assert held[2].split() == "".join(sign if sign.isprintable() else " " for sign in text).split()
    assert fine == ["~ update b", NOTHING_PAID, "fine"]


@pytest.mark.parametrize(
    "text",
    ["1. one", "- one", "+ one", "# one", "> one", "---", "===", "    code", "| a |", "a\\", "```", "$$x$$"],
)
def test_text_that_begins_like_a_block_is_text(text: str) -> None:
    summary = Summary("p", Verdict.NOTHING, text, opening=text, facts=(Bullet("", text), Bullet(text)))
    page = Page(render_comment(summary))
    assert is_harmless(page)
    assert (page.tags.count("li"), page.tags.count("blockquote"), page.tags.count("hr")) == (2, 0, 0)


@pytest.mark.parametrize("lead", [":0", ":+1", "a :smile", ":100"])
def test_a_lead_and_its_colon_make_no_emoji(lead: str) -> None:
    summary = Summary("p", Verdict.NOTHING, "h", facts=(Bullet(lead, "text"),))
    assert is_harmless(Page(render_comment(summary)))


ANY = st.text(max_size=3000) | SIGNS.map(lambda text: text * 40)
BULLETS = st.lists(st.builds(Bullet, ANY, ANY), max_size=30).map(tuple)
ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(Word),
        ANY,
        ANY,
        depth=st.integers(0, 3),
        pays=st.booleans(),
        stops=st.none() | st.just("job"),
    ),
    max_size=40,
).map(tuple)
SUMMARIES = st.builds(
    Summary,
    ANY,
    st.sampled_from(Verdict),
    ANY,
    ANY,
    alert=st.none() | st.builds(Alert, st.just("warning"), ANY, ANY, BULLETS),
    facts=BULLETS,
    rows=ROWS,
    pending=ROWS,
    notes=st.lists(ANY, max_size=40).map(tuple),
    commands=st.just(("ftops plan",)),
)


@given(SUMMARIES, st.sampled_from([20_000, *BUDGETS.values()]))
def test_any_text_anywhere_stays_within_the_limit_and_closes_what_it_opens(
    summary: Summary, budget: int
) -> None:
    comment = render_comment(summary, budget=budget)
    assert len(comment.encode()) <= budget
    assert is_harmless(Page(comment))
    fences = re.findall(r"^(`{3,})", comment, re.MULTILINE)
    assert fences[::2] == fences[1::2]
    assert comment.count("<details") == comment.count("</details>")
