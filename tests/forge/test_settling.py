"""One comment, whatever is lost, limited, cut or posted by somebody else on the way; at both forges."""

from __future__ import annotations

import threading

import pytest

from ftops.errors import ForgeError
from ftops.forge.settling import Outcome, Settled, settle
from ftops.forge.sticky import Behavior
from tests.forge.stage import Stage
from tests.forge.world import PERSON, WORKFLOW, Account

MARKER = "<!-- ftops:plan project=a -->"


def post(stage: Stage, text: str = "trains 1 model", behavior: Behavior = Behavior.UPDATE) -> Settled:
    opened = stage.opened()
    try:
        return settle(opened.forge, 7, lambda _: f"{MARKER}\n{text}\n", behavior, stage.waits.clock())
    finally:
        opened.close()


def ours(stage: Stage) -> list[str]:
    return [one.body for one in stage.world.on(7) if one.body.partition("\n")[0] == MARKER]


@pytest.fixture(autouse=True)
def _nothing_to_complain_about(world: object, stage: Stage) -> object:
    yield
    assert stage.world.complaints == []


def test_twice_is_one_comment_updated(stage: Stage) -> None:
    first, second = post(stage, "trains 1 model"), post(stage, "trains 2 models")
    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.UPDATED)
    assert first.url == second.url != ""
    assert ours(stage) == [f"{MARKER}\ntrains 2 models\n"]


def test_the_same_text_again_writes_nothing(stage: Stage) -> None:
    post(stage)
    assert post(stage).outcome is Outcome.UNCHANGED
    assert stage.world.count(stage.update_method) == 0


@pytest.mark.parametrize("position", [0, 120, 299])
def test_among_300_comments_the_marker_is_found(stage: Stage, position: int) -> None:
    for index in range(300):
        body = f"{MARKER}\nold" if index == position else f"comment {index}"
        stage.world.post(stage.me if index == position else PERSON, body)
    assert post(stage).outcome is Outcome.UPDATED
    assert len(ours(stage)) == 1
    assert len(stage.world.on(7)) == 300


@pytest.mark.parametrize(
    ("author", "first_line"),
    [
        (PERSON, MARKER),
        (None, MARKER),
        ("me", "<!-- ftops:plan project=a-2 -->"),
        ("me", f"> {MARKER}"),
        ("me", f"{MARKER} and more"),
        ("me", f"A quote follows\n{MARKER}"),
    ],
)
def test_what_is_not_wholly_ours_is_not_touched(
    stage: Stage, author: Account | str | None, first_line: str
) -> None:
    who = stage.me if author == "me" else author
    assert not isinstance(who, str)
    other = stage.world.post(who, f"{first_line}\nelse")
    assert post(stage).outcome is Outcome.CREATED
    assert post(stage, "again").outcome is Outcome.UPDATED
    assert other in stage.world.on(7)
    assert other.body == f"{first_line}\nelse"
    assert len(stage.world.on(7)) == 2


def test_line_ends_of_a_web_form_hide_nothing(stage: Stage) -> None:
    stage.world.post(stage.me, f"{MARKER}\r\nold\r\n")
    assert post(stage).outcome is Outcome.UPDATED


def test_the_newest_wins_and_older_ones_go(stage: Stage) -> None:
    first = stage.world.post(stage.me, f"{MARKER}\none")
    strangers = stage.world.post(PERSON, f"{MARKER}\ntwo")
    newest = stage.world.post(stage.me, f"{MARKER}\nthree")
    settled = post(stage)
    assert (settled.outcome, settled.deleted) == (Outcome.UPDATED, 1)
    assert first not in stage.world.on(7)
    assert [strangers, newest] == stage.world.on(7)


def test_a_duplicate_that_cannot_be_deleted_is_only_said(stage: Stage) -> None:
    for text in "one", "two":
        stage.world.post(stage.me, f"{MARKER}\n{text}")
    stage.world.fail("archived", "DELETE")
    settled = post(stage)
    assert settled.outcome is Outcome.UPDATED
    assert "Repository was archived" in settled.left[0]


@pytest.mark.parametrize("kind", ["drop-after", "502-after", "cut-after"])
def test_a_create_whose_reply_is_lost_is_found_again(stage: Stage, kind: str) -> None:
    stage.world.fail(kind, "POST", "/7/")
    assert post(stage).outcome is Outcome.UNCHANGED
    assert stage.world.count("POST", "/7/") == 1
    assert len(ours(stage)) == 1


@pytest.mark.parametrize("kind", ["drop", "502", "500", "403-page", "200-page"])
def test_a_create_that_was_not_done_is_sent_again_after_a_look(stage: Stage, kind: str) -> None:
    stage.world.fail(kind, "POST", "/7/", times=2)
    assert post(stage).outcome is Outcome.CREATED
    assert len(ours(stage)) == 1
    methods = [method for method, path in stage.world.seen if "/7/" in path]
    assert methods == ["GET", "GET", "POST"] * 3


@pytest.mark.parametrize("kind", ["drop-after", "502-after"])
def test_the_last_try_is_looked_for_too(stage: Stage, kind: str) -> None:
    stage.world.fail("502", "POST", "/7/", times=2)
    stage.world.fail(kind, "POST", "/7/")
    assert post(stage).outcome is Outcome.UPDATED
    assert len(ours(stage)) == 1


def test_a_create_that_is_never_done_ends_in_an_error(stage: Stage) -> None:
    stage.world.fail("502", "POST", "/7/", times=9)
    with pytest.raises(ForgeError, match="answered 502: 502 Bad Gateway"):
        post(stage)
    assert stage.world.count("POST", "/7/") == 3


@pytest.mark.parametrize("kind", ["drop", "502", "drop-after", "502-after", "cut-after"])
def test_an_update_may_be_repeated(stage: Stage, kind: str) -> None:
    stage.world.post(stage.me, f"{MARKER}\nold")
    stage.world.fail(kind, stage.update_method)
    assert post(stage).outcome in (Outcome.UPDATED, Outcome.UNCHANGED)
    assert ours(stage) == [f"{MARKER}\ntrains 1 model\n"]


def test_a_comment_deleted_before_the_update_is_made_anew(stage: Stage) -> None:
    doomed = stage.world.post(stage.me, f"{MARKER}\nold")

    def delete(method: str, path: str) -> None:
        if method == stage.update_method and doomed in stage.world.on(7):
            stage.world.delete(doomed)

    stage.world.before = delete
    assert post(stage).outcome is Outcome.CREATED
    assert len(ours(stage)) == 1


@pytest.mark.parametrize("kind", ["drop", "502", "500", "200-page", "cut-after"])
def test_a_list_that_fails_is_asked_for_again(stage: Stage, kind: str) -> None:
    stage.world.post(stage.me, f"{MARKER}\nold")
    stage.world.fail(kind, "GET", "/7/", times=2)
    if kind in ("200-page", "cut-after"):
        with pytest.raises(ForgeError, match="with no JSON"):
            post(stage)
    else:
        assert post(stage).outcome is Outcome.UPDATED
    assert len(ours(stage)) == 1
    assert stage.world.count("POST", "/7/") == 0


@pytest.mark.parametrize(
    "value", ["{}", "null", '{"message": "ok"}', '[{"id": "x"}]', "[1]", '[{"id": 1.5}]']
)
def test_a_list_of_another_shape_is_not_an_empty_list(stage: Stage, value: str) -> None:
    stage.world.fail("json", "GET", "/7/", value=value)
    with pytest.raises(ForgeError, match="is not what its API documents"):
        post(stage)
    assert stage.world.count("POST", "/7/") == 0


def test_a_list_that_stays_away_posts_nothing(stage: Stage) -> None:
    stage.world.fail("502", "GET", "/7/", times=99)
    with pytest.raises(ForgeError, match="answered 502"):
        post(stage)
    assert stage.world.count("POST", "/7/") == 0


def test_a_page_that_shifts_hides_the_comment_only_once(stage: Stage) -> None:
    """Ours is the 101st; one before it is deleted between the pages, so that it slips to the first."""
    strangers = [stage.world.post(PERSON, f"comment {index}") for index in range(100)]
    stage.world.post(stage.me, f"{MARKER}\nold")

    def shift(method: str, path: str) -> None:
        lists = [
            one
            for one in stage.world.seen
            if one[0] == "GET" and ("/comments" in one[1] or "/notes" in one[1])
        ]
        if len(lists) == 2 and strangers[0] in stage.world.on(7):
            stage.world.delete(strangers[0])

    stage.world.before = shift
    assert post(stage).outcome is Outcome.UPDATED
    assert len(ours(stage)) == 1


def test_the_next_page_is_at_the_api_or_nowhere(stage: Stage) -> None:
    stage.world.fail("link", "GET", "/7/", value="http://169.254.169.254/repos?page=2")
    with pytest.raises(ForgeError, match=r"points to 169\.254\.169\.254; nothing was sent there"):
        post(stage)


def test_pages_that_lead_in_a_circle_end(stage: Stage) -> None:
    path = f"{stage.root}/api/v3/repos/almhof/tunes/issues/7/comments"
    if stage.kind == "gitlab":
        path = f"{stage.root}/api/v4/projects/9/merge_requests/7/notes"
    stage.world.fail("link", "GET", "/7/", times=9, value=path)
    with pytest.raises(ForgeError, match="pages of its list do not end"):
        post(stage)


def test_a_text_that_is_too_long_is_cut_once_more(stage: Stage) -> None:
    stage.world.longest = 40_000
    opened = stage.opened()
    asked: list[int] = []

    def draft(budget: int) -> str:
        asked.append(budget)
        return f"{MARKER}\n".ljust(min(budget, 50_000) if len(asked) == 1 else 30_000, "x")

    settled = settle(opened.forge, 7, draft, Behavior.UPDATE, stage.waits.clock())
    opened.close()
    assert settled.outcome is Outcome.CREATED
    assert asked == [opened.forge.budget, opened.forge.budget // 2]


def test_a_text_that_stays_too_long_is_an_error(stage: Stage) -> None:
    stage.world.longest = 10
    with pytest.raises(ForgeError, match=r"[Tt]oo long"):
        post(stage)
    assert stage.world.count("POST", "/7/") == 2


def test_a_new_comment_each_time_where_that_is_asked_for(stage: Stage) -> None:
    outcomes = [post(stage, text, Behavior.NEW).outcome for text in ("one", "two")]
    assert outcomes == [Outcome.CREATED] * 2
    stage.world.fail("drop-after", "POST", "/7/")
    assert post(stage, "three", Behavior.NEW).outcome is Outcome.UNCHANGED
    assert ours(stage) == [f"{MARKER}\n{text}\n" for text in ("one", "two", "three")]


def test_a_refresh_updates_and_never_makes_one(stage: Stage) -> None:
    assert post(stage, "one", Behavior.REFRESH).outcome is Outcome.NOTHING
    assert stage.world.on(7) == []
    post(stage, "one")
    assert post(stage, "two", Behavior.REFRESH).outcome is Outcome.UPDATED


def test_two_runs_at_once_leave_at_most_two_and_the_next_cleans_up(stage: Stage) -> None:
    together = threading.Barrier(2)

    def meet(method: str, path: str) -> None:
        if method == "POST" and "/7/" in path:
            together.wait(30)

    stage.world.before = meet
    runs = [threading.Thread(target=post, args=(stage, text)) for text in ("one", "two")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    stage.world.before = lambda method, path: None
    assert len(ours(stage)) == 2
    assert post(stage, "three").deleted == 1
    assert ours(stage) == [f"{MARKER}\nthree\n"]


def test_who_we_are_may_be_learnt_from_what_we_made(github: Stage, stage: Stage) -> None:
    """A token of an app of one's own that neither REST nor GraphQL tells about."""
    github.token = "ghs_app000000"
    for text in "one", "two", "three":
        assert post(github, text).outcome is Outcome.CREATED
    assert ours(github) == [f"{MARKER}\nthree\n"]


@pytest.mark.parametrize("token", ["ghs_workflow0", "ghs_unnamed00", "ghp_person000"])
def test_every_kind_of_token_knows_its_own(github: Stage, stage: Stage, token: str) -> None:
    github.token = token
    assert [post(github, text).outcome for text in ("one", "two")] == [Outcome.CREATED, Outcome.UPDATED]


def test_a_workflow_does_not_edit_what_a_person_wrote_with_its_marker(github: Stage, stage: Stage) -> None:
    github.world.post(PERSON, f"{MARKER}\nmine")
    assert post(github).outcome is Outcome.CREATED
    assert [one.author for one in github.world.on(7)] == [PERSON, WORKFLOW]
