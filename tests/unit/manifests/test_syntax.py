"""Text that is no YAML is explained in plain words, at the place where it has to be corrected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.manifests.loader import parse_yaml
from ftops.manifests.syntax import Place, Stuck, explain

HEAD = "kind: FineTune\n"
NO_COLON = "has no colon followed by a space (write a colon and a space after the key: `key: value`)"
MISTAKES = {
    "a tab": ("metadata:\n\tname: a\n", "a.yaml:3:1: is indented with a tab (use spaces)"),
    "a tab further in": (
        "metadata:\n  name: a\n\tseed: 1\nspec: {}\n",
        "a.yaml:4:1: is indented with a tab (use spaces)",
    ),
    "indented too little": (
        "metadata:\n    name: a\n  labels: {}\n",
        "a.yaml:4:3: is indented by 2 spaces, unlike any line that it could belong to (align it)",
    ),
    "indented too much": (
        "metadata:\n  name: a\n    labels: {}\n",
        "a.yaml:4:5: is indented deeper than name on line 3, which already has a value (indent both alike)",
    ),
    "two keys in a line": (
        "metadata: name: a\n",
        "a.yaml:2:15: has two keys on one line (put the second key on its own line, or quote the value)",
    ),
    "no colon": (
        "metadata\n  name: a\n",
        f"a.yaml:2:1: {NO_COLON}",
    ),
    "no space behind a colon": (
        "metadata:\n  name:a\n  labels: {}\n",
        f"a.yaml:3:3: {NO_COLON}",
    ),
    "an open brace": ("metadata: {name: a\nspec:\n  model: m\n", "a.yaml:2:11: opens a { that is not closed"),
    "an open bracket": ("x: [a, b\nspec: {}\n", "a.yaml:2:4: opens a [ that is not closed"),
    "an open quote": ("x: 'a\nspec: {}\n", "a.yaml:2:4: opens a quote that is not closed (close it)"),
    "a brace too many": ("x: {a: b}}\n", "a.yaml:2:10: has a } without a {"),
    "no comma": (
        "x: {a: b c: d}\n",
        "a.yaml:2:11: has a missing comma or an extra character (it is inside a {)",
    ),
    "an anchor that is not there": (
        "x: *y\n",
        "a.yaml:2:4: refers to an anchor (*) that is not defined above it",
    ),
    "a value that begins with a sign": (
        "x: %y\n",
        "a.yaml:2:4: has a value that begins with % (quote it: '%...')",
    ),
    "a star": ("x: *\n", "a.yaml:2:4: has a value that begins with * (quote it: '*...')"),
    "an item among keys": (
        "x:\n  a: b\n  - c\n",
        "a.yaml:4:3: has a list item where a key is expected (indent it below the key it is for)",
    ),
    "an escape": (
        'x: "\\q"\n',
        "a.yaml:2:5: has an invalid \\ escape in double quotes (use single quotes)",
    ),
    "a second document": (
        "...\nx: y\n",
        "a.yaml:3:1: continues after the end of a document (begin the next one with ---)",
    ),
    "text behind a bar": (
        "x: |y\n  z\n",
        "a.yaml:2:5: has text after | or > (begin the text on the next line)",
    ),
    "a conflict": (
        "<<<<<<< HEAD\nx: y\n=======\nx: z\n>>>>>>> theirs\n",
        "a.yaml:2:1: has an unresolved merge conflict (see git status)",
    ),
    "a control character": ('x: "\x01"\n', "a.yaml:2: has a control character (remove it)"),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_explained_where_it_is(text: str, sentence: str) -> None:
    (problem,) = parse_yaml((HEAD + text).encode(), "a.yaml").problems
    assert str(problem) == sentence


def test_what_is_not_utf_8_is_said() -> None:
    (problem,) = parse_yaml((HEAD + "x: é\n").encode("latin-1"), "a.yaml").problems
    assert str(problem) == "a.yaml:2: is not UTF-8 (save it as UTF-8)"


def test_words_that_nobody_knows_are_the_parsers_own() -> None:
    found = explain(Stuck("found a wart", Place(1, 2), None, ["a", "b"]))
    assert found.message == "is not valid YAML: found a wart"


@given(st.text(alphabet=" \tab:-{}[]'\"#&*|>%@\n,", max_size=60))
def test_any_text_is_read_or_explained_at_a_place_in_it(text: str) -> None:
    for problem in parse_yaml(text.encode(), "a.yaml").problems:
        assert problem.line is None or 1 <= problem.line <= text.count("\n") + 2
        assert problem.column is None or problem.column >= 1
