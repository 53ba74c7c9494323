"""The three kinds of 403, both kinds of 429, redirects, permissions, and words of every shape."""

from __future__ import annotations

import pytest

from ftops.errors import ForgeError
from ftops.forge.calls import next_page
from ftops.forge.limits import Reply, github_limit, gitlab_limit
from ftops.forge.opening import open_github
from ftops.forge.port import Refusal
from ftops.forge.settling import Outcome
from ftops.forge.words import words_of
from ftops.transport.secret import Vault
from tests.forge.stage import Stage
from tests.forge.test_settling import post
from tests.forge.world import RENAMED, TOKENS

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (403, {"retry-after": "7", "x-ratelimit-remaining": "0"}, b"", 7.0),
        (429, {"retry-after": "7"}, b"", 7.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000030"}, b"", 31.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1799999000"}, b"", 60.0),
        (403, {"x-ratelimit-remaining": "0"}, b"", 60.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, b"", 60.0),
        (403, {"x-ratelimit-remaining": "9"}, b'{"message":"... a secondary rate limit ..."}', 60.0),
        (429, {}, b"", 60.0),
        (403, {"x-ratelimit-remaining": "9"}, b'{"message":"Resource not accessible"}', None),
        (401, {"retry-after": "7"}, b"", None),
        (200, {"x-ratelimit-remaining": "0"}, b"", None),
    ],
)
def test_a_403_of_github_is_three_things(
    status: int, headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    assert github_limit(Reply(status, headers, body), NOW, 0) == seconds


def test_a_limit_without_a_time_is_waited_for_longer_each_time() -> None:
    assert [github_limit(Reply(429, {}, b""), NOW, before) for before in range(3)] == [60, 120, 240]
    assert [gitlab_limit(Reply(429, {}, b""), NOW, before) for before in range(3)] == [60, 120, 240]


def test_gitlab_limits_by_429_alone() -> None:
    assert gitlab_limit(Reply(429, {"retry-after": "9"}, b"Retry later"), NOW, 0) == 9
    assert gitlab_limit(Reply(429, {"ratelimit-reset": "1800000010"}, b""), NOW, 0) == 11
    assert gitlab_limit(Reply(403, {"retry-after": "9"}, b""), NOW, 0) is None


LIMITS = [
    ("github", "retry-after", "17", 17),
    ("github", "secondary", "", 60),
    ("github", "plain", "23", 23),
    ("gitlab", "plain", "23", 23),
    ("gitlab", "busy", "", 60),
]


@pytest.mark.parametrize(("kind", "fault", "value", "waited"), LIMITS)
def test_a_limited_write_is_waited_for_and_sent_again(
    github: Stage, gitlab: Stage, kind: str, fault: str, value: str, waited: float
) -> None:
    stage = {"github": github, "gitlab": gitlab}[kind]
    stage.world.fail(fault, "POST", "/7/", value=value)
    assert post(stage).outcome is Outcome.CREATED
    assert stage.waits.slept == [1.0, waited]
    assert len(stage.world.on(7)) == 1


@pytest.mark.parametrize("value", ["0", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_limit_that_asks_for_no_wait_is_not_tried_without_end(stage: Stage, value: str) -> None:
    stage.world.fail(
        "plain" if stage.kind == "gitlab" else "retry-after", "POST", "/7/", times=10**6, value=value
    )
    with pytest.raises(ForgeError, match="limits requests and did so 9 times in a row") as caught:
        post(stage)
    assert caught.value.hint == "run it again later; nothing was done"
    assert sum(stage.waits.slept) <= 300 + 1
    assert stage.world.count("POST", "/7/") == 9
    assert stage.world.on(7) == []


def test_limits_are_not_waited_for_without_end(github: Stage) -> None:
    github.world.fail("secondary", "POST", "/7/", times=9)
    with pytest.raises(ForgeError, match=r"asks to wait 240 s: You have exceeded a secondary rate limit"):
        post(github)
    assert github.world.count("POST", "/7/") == 3
    assert github.waits.total < 300


def test_a_primary_limit_that_ends_in_an_hour_is_reported(github: Stage) -> None:
    github.world.fail("primary", "GET", "/7/", value="90000000")
    with pytest.raises(ForgeError, match="asks to wait") as caught:
        post(github)
    assert caught.value.hint == "run it again later; nothing was done"
    assert github.waits.slept == []


def test_a_missing_permission_is_quoted_and_never_tried_again(github: Stage) -> None:
    github.token = "ghs_readonly0"
    with pytest.raises(Refusal, match="Resource not accessible by integration") as caught:
        post(github)
    assert caught.value.hint is not None
    assert "the token needs one of these: issues=write; pull_requests=write" in caught.value.hint
    assert "workflow_run" in caught.value.hint
    assert github.world.count("POST", "/7/") == 1


def test_an_archived_repository_is_no_matter_of_permissions(github: Stage) -> None:
    github.world.fail("archived", "POST", "/7/")
    with pytest.raises(Refusal, match="archived") as caught:
        post(github)
    assert caught.value.hint is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("archived", "403: Repository was archived so is read-only."),
        ("gone", "410: This issue was deleted"),
        ("fields", "400: note: can't be blank, is odd"),
        ("scope", "403: The request requires higher privileges than provided by the access token."),
    ],
)
def test_a_refusal_is_said_in_the_forges_words(stage: Stage, fault: str, words: str) -> None:
    stage.world.fail(fault, "POST", "/7/", times=9)
    with pytest.raises(ForgeError) as caught:
        post(stage)
    assert words in caught.value.message


def test_a_wrong_token_is_a_clear_error_that_does_not_show_it(stage: Stage) -> None:
    stage.token = "gh-wrong-canary"
    with pytest.raises(Refusal, match="answered 401") as caught:
        post(stage)
    assert "TOKEN: it is wrong or has expired" in str(caught.value.hint)
    assert "canary" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize("how", ["plain", "url", "letters", "entities", "header"])
def test_a_reply_that_repeats_the_token_does_not_show_it(
    stage: Stage, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOKENS, "gh-repeated+canary/1", stage.me)
    stage.token = "gh-repeated+canary/1"
    stage.world.fail("echo", "POST", "/7/", times=9, value=how)
    with pytest.raises(ForgeError, match="No access") as caught:
        post(stage)
    said = f"{caught.value.message}{caught.value.hint}"
    assert "canary" not in said
    assert "***" in said or how == "header"


def test_a_renamed_repository_is_followed_also_to_write(github: Stage) -> None:
    for text in "one", "two":
        environ = github.environ(GITHUB_REPOSITORY=RENAMED)
        opened = open_github(environ, Vault(), 7, github.waits.clock())
        opened.forge.create(7, text)
        assert [one.body for one in opened.forge.comments(7)][-1] == text
        opened.close()
    assert len(github.world.on(7)) == 2


@pytest.mark.parametrize("where", ["http://127.0.0.2:1/x", "https://evil.example/", "//evil.example/x"])
def test_a_redirect_to_another_host_gets_nothing(stage: Stage, where: str) -> None:
    stage.world.fail("redirect", "POST", "/7/", value=where)
    with pytest.raises(ForgeError, match="nothing was sent there"):
        post(stage)


def test_redirects_end(stage: Stage) -> None:
    stage.world.fail("redirect", "POST", "/7/", times=9, value="/api/v3/repos/almhof/tunes/issues/7/comments")
    stage.world.fail(
        "redirect", "POST", "/repos", times=9, value="/api/v3/repos/almhof/tunes/issues/7/comments"
    )
    with pytest.raises(ForgeError, match="redirects again and again"):
        post(stage)


def test_nothing_that_listens_is_an_error_before_anything_is_sent(stage: Stage) -> None:
    variable = "GITHUB_API_URL" if stage.kind == "github" else "CI_API_V4_URL"
    opened = stage.opened(stage.environ(**{variable: "http://127.0.0.1:9/api"}))
    with pytest.raises(ForgeError, match=r"127\.0\.0\.1 cannot be reached"):
        opened.forge.comments(7)


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("", None),
        ('<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last"', "https://a/?page=2"),
        ('<https://a/?page=9>; rel="last", <https://a/?a=1,2&page=2>; rel="next"', "https://a/?a=1,2&page=2"),
        ("<https://a/?page=2>; rel=next", "https://a/?page=2"),
        ('<https://a/?page=2>; rel="last"', None),
        ('<https://a/?rel=next>; rel="last"', None),
    ],
)
def test_the_next_page_is_read_from_the_header(header: str, address: str | None) -> None:
    assert next_page(header) == address


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"401 Unauthorized"}', "401 Unauthorized"),
        (b'{"message":{"note":["is blank"],"x":"odd"}}', "note: is blank; x: odd"),
        (b'{"message":{"error":"too many"}}', "too many"),
        (b'{"error":"body is missing"}', "body is missing"),
        (b'{"error":"insufficient_scope","error_description":"More."}', "More."),
        (b'{"message":"Failed","errors":[{"message":"It is too long"}]}', "Failed: It is too long"),
        (b"<html><body>Bad <b>Gateway</b></body></html>", "Bad Gateway"),
        (b"", "no message"),
    ],
)
def test_words_of_every_shape(body: bytes, words: str) -> None:
    assert words_of(body) == words
