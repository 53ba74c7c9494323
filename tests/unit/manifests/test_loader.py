"""YAML as it is typed by people, and by people who mean harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.manifests.loader import MOST_BYTES, MOST_NODES, Parsed, dump, parse_yaml, read_yaml


def parse(text: str) -> Parsed:
    return parse_yaml(text.encode(), "f.yaml")


def value_of(text: str) -> Any:
    parsed = parse(text)
    assert parsed.problems == ()
    (document,) = parsed.documents
    assert document.problems == ()
    return document.value


def faults_of(text: str) -> list[str]:
    parsed = parse(text)
    return [str(problem) for document in parsed.documents for problem in document.problems] + [
        str(problem) for problem in parsed.problems
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("off", "off"),
        ("22:30", "22:30"),
        ("2026-11-23", "2026-11-23"),
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("0123456", 123456),
        ("123e45", 123e45),
        ("+12", 12),
        ("-1.5", -1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_words_have_the_types_of_yaml_1_2(written: str, read: object) -> None:
    value = value_of(f"x: {written}")["x"]
    assert value == read
    assert type(value) is type(read)


def test_a_yaml_1_1_directive_changes_no_type() -> None:
    assert value_of("%YAML 1.1\n---\nx: yes") == {"x": "yes"}


def test_merge_keys_merge_and_own_keys_win() -> None:
    assert value_of("b: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}")["c"] == {"x": 1, "y": 3}


def test_the_first_of_several_merged_maps_wins() -> None:
    assert value_of("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}")["c"] == {"x": 1, "y": 2}


def test_a_quoted_merge_key_is_a_word() -> None:
    assert value_of('{"<<": 1}') == {"<<": 1}


def test_the_places_of_merged_values_are_those_where_they_are_written() -> None:
    (document,) = parse("b: &b\n  x: 1\nc: {<<: *b}").documents
    assert document.problem("m", ("c", "x")).line == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: has the key 'a' twice"),
        ("x: {a: 1, 'a': 2}", "f.yaml:1:11: has the key 'a' twice"),
        ("b: &b {x: 1}\nc:\n  <<: *b\n  <<: *b", "f.yaml:4:3: has the key '<<' twice"),
        ("c: {<<: 3}", "f.yaml:1:9: a merge (<<) takes maps only"),
        ("x: !!python/object:os.system ls", "f.yaml:1:4: the tag python/object:os.system is not supported"),
        ("x: !secret [1]", "f.yaml:1:4: the tag !secret is not supported"),
        ("!x {}", "f.yaml:1:1: the tag !x is not supported"),
        ("!x y: 1", "f.yaml:1:1: the tag !x is not supported"),
        ("x: !!int y", "f.yaml:1:4: does not match its tag"),
        ("x: !!float 1_0", "f.yaml:1:4: does not match its tag"),
        ("x: .inf", "f.yaml:1:4: .inf is not a usable number; quote it if it is a string"),
        ("x: 1e999", "f.yaml:1:4: 1e999 is not a usable number; quote it if it is a string"),
        ("x: 99999999999999999999", "64 bits"),
        (f"x: {'9' * 5000}", "f.yaml:1:4: the number is too long; quote it if it is a string"),
        ("[a]: 1", "f.yaml:1:1: a key must be a plain word"),
        ("x: *y", "f.yaml:1:4: refers to an anchor (*) that is not defined above it"),
        ("x: [", "f.yaml:1:4: opens a [ that is not closed"),
        ("x: 'a", "f.yaml:1:4: opens a quote that is not closed"),
        ("a: b: c", "f.yaml:1:5: has two keys on one line"),
        ('x: "\\ud800"', "is not valid YAML"),
        ("x: 1\ny: \x00", "f.yaml:2: has a control character"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    (problem,) = faults_of(text)
    assert told in problem


def test_all_faults_of_a_document_are_told_at_once() -> None:
    assert len(faults_of("a: 1\na: 2\nb: !x y\nc: .nan")) == 3


def test_documents_before_a_mistake_in_syntax_are_still_read() -> None:
    parsed = parse("a: 1\n---\nb: 2\n---\nc: [")
    assert [document.value for document in parsed.documents] == [{"a": 1}, {"b": 2}]
    assert len(parsed.problems) == 1


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "{? "])
def test_deep_nesting_is_refused_before_it_fills_the_stack(opening: str) -> None:
    (problem,) = faults_of(opening * 100_000)
    assert "nested too deeply" in problem


def test_aliases_do_not_multiply_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (problem,) = faults_of("\n".join(lines))
    assert "too many values" in problem


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "&a {<<: *a}", "x: &a [{<<: [*a]}]"])
def test_an_alias_of_itself_is_refused(text: str) -> None:
    assert faults_of(text)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    (problem,) = read_yaml(path, "f.yaml").problems
    assert "larger than 16 MiB" in problem.message


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    assert read_yaml(tmp_path, "d").problems[0].message == "cannot be read: Is a directory"
    assert read_yaml(tmp_path / "n", "n").problems[0].message == "cannot be read: No such file or directory"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood(encoding: str) -> None:
    parsed = parse_yaml("a: ü\n".encode(encoding), "f.yaml")
    assert [document.value for document in parsed.documents] == [{"a": "ü"}]


def test_windows_line_ends_count_once() -> None:
    (problem,) = faults_of("a: 1\r\nb: 2\r\na: 3\r\n")
    assert problem.startswith("f.yaml:3:1")


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_no_bytes_raise(data: bytes) -> None:
    parse_yaml(data, "f.yaml")


PIECES = st.sampled_from(
    [
        "a",
        ": ",
        "\n",
        "  ",
        "- ",
        "&a ",
        "*a",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "'",
        '"',
        "!!int ",
        "!x ",
        "#",
        "? ",
        "| ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "1e9",
        "~",
        "\t",
        "é",
        "\\",
        "0o9",
        ".nan",
        "\x85",
        "\u2028",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=500)
def test_no_heap_of_yaml_signs_raises_and_each_problem_has_its_file(text: str) -> None:
    parsed = parse(text)
    faults = [problem for document in parsed.documents for problem in document.problems]
    for problem in (*parsed.problems, *faults):
        assert problem.file == "f.yaml"
        assert problem.message


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [
        "no",
        "1e-5",
        "123e45",
        "0777",
        "<<",
        "=",
        "~",
        "null",
        "",
        " ",
        "- a",
        "a: b",
        "#",
        "\r",
        "\ufeff",
        "\x85",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=15,
)


@given(VALUES)
@settings(max_examples=400)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert value_of(dump({"x": value})) == {"x": value}


def test_a_file_may_hold_thousands_of_documents() -> None:
    text = "".join(f"---\na: {number}\nb: [1, 2, 3]\n" for number in range(60_000))
    assert len(text) > 2**20
    parsed = parse_yaml(text.encode(), "many.yaml")
    assert parsed.problems == ()
    assert [document.value["a"] for document in parsed.documents] == list(range(60_000))


def test_a_document_of_too_many_values_ends_before_it_fills_the_memory() -> None:
    (problem,) = parse_yaml(b"[" + b"1," * MOST_NODES + b"]", "large.yaml").problems
    assert "has too many values" in str(problem)
