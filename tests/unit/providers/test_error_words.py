"""The words of an error, whatever shape they come in; and JSON as servers really write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from ftops.transport.error_words import LONGEST_WORDS, error_in, said
from ftops.transport.loose_json import read_json
from tests.unit.providers.test_decoding import JSON


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"error": {"message": "bad", "type": "t", "code": "c"}}, "c", "bad"),
        ({"error": {"message": "bad", "code": None}}, None, "bad"),
        ({"error": {"message": "bad", "code": 400}}, "400", "bad"),
        ({"error": "bad"}, None, "bad"),
        ({"error": {"error": {"message": "bad"}}}, None, "bad"),
        ({"error": True, "message": "bad"}, None, "bad"),
        ({"detail": "bad"}, None, "bad"),
        ({"detail": {"message": "bad", "code": "c"}}, "c", "bad"),
        ({"detail": {"error": "bad"}}, None, "bad"),
        (
            {"detail": [{"type": "x", "loc": ["body", "seed"], "msg": "no string"}, {"loc": [], "msg": "b"}]},
            None,
            "body.seed: no string; b",
        ),
        ({"detail": ["a", "b"]}, None, "a; b"),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, None, "a; b"),
        ({"code": "E1", "msg": "bad", "data": None}, "E1", "bad"),
        ({"error": "invalid_client", "error_description": "bad"}, None, "bad"),
        ({"title": "T", "detail": "bad", "status": 400}, None, "bad"),
        ({"title": "T"}, None, "T"),
        ({"statusCode": 400, "message": ["a", "b"], "error": "Bad Request"}, None, "a; b"),
        ("bad", None, "bad"),
        (["bad"], None, "bad"),
        ({"fault": 7}, None, '{"fault": 7}'),
        ({}, None, "no message"),
        (None, None, "no message"),
        ({"error": {"message": "half \ud83d"}}, None, "half \ufffd"),
    ],
)
def test_words_are_found_in_every_shape(body: Any, code: str | None, words: str) -> None:
    assert said(json.dumps(body).encode()) == (code, words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no message"),
        (b"Internal Server Error", "Internal Server Error"),
        (b"<html><title>502</title> <p>nginx &amp; co</p>", "502 nginx & co"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_text_and_pages_have_words_too(content: bytes, words: str) -> None:
    assert said(content) == (None, words)


@given(body=JSON)
def test_any_body_has_words_of_bounded_length(body: Any) -> None:
    code, words = said(json.dumps(body).encode())
    assert 0 < len(words) <= LONGEST_WORDS
    assert code is None or 0 < len(code) <= 100
    error_in(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "m", "code": "c"}}, "c: m"),
        ({"error": "m"}, "m"),
        ({"errors": ["m"]}, "m"),
        ({"error": None, "data": []}, None),
        ({"error": {}}, None),
        ({"message": "welcome"}, None),
        ([], None),
    ],
)
def test_an_error_in_a_success_is_known_by_its_name(body: Any, words: str | None) -> None:
    assert error_in(body) == words


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'["\\ud83d", "\\ude00\\ud83d", "\\ud83d\\ude00"]', ["\ufffd", "\ufffd\ufffd", "\U0001f600"]),
        (b'{"\\ud83d": 1}', {"\ufffd": 1}),
        (b'["\\\\ud83d"]', ["\\ud83d"]),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None, None, None, None]),
        (b'["\xff"]', ["\ufffd"]),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[123456789012345678901234567890]", [123456789012345678901234567890]),
    ],
)
def test_one_odd_thing_leaves_the_rest_readable(content: bytes, value: Any) -> None:
    found = read_json(content)
    assert found == value or (content.startswith(b"[1234") and found == [pytest.approx(value[0])])


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b"[" * 100_000, b"[1, ]", b"1" * 5000 + b"x"])
def test_what_is_no_json_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(content)
