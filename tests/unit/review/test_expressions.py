"""Expressions of policies: what they may say, what they cost at most, and that no answer is never a yes."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.errors import FtopsError
from ftops.model.policy import PolicyRule
from ftops.review import expressions
from ftops.review.expression_text import MOST_BRACKETS, MOST_CHARACTERS, MOST_OPERATORS
from ftops.review.expressions import MOST_STEPS, Expressions, NoAnswer, check, reads
from ftops.review.own_rules import FIELDS, needs_plan

DOCUMENT: dict[str, Any] = {
    "name": "night-report",
    "labels": {"team": "support"},
    "annotations": {},
    "provider": "oa",
    "model": "gpt-4o-mini",
    "method": "supervised",
    "hyperparameters": {"n_epochs": 3, "rate": 0.5, "layers": [1, 2]},
    "suffix": None,
    "data": {"examples": 480, "bytes": 1000, "tokens": None},
    "cost": {"low": 1.0, "high": 4.5},
    "action": "create",
    "generation": 2,
}


def answer(text: str) -> bool | NoAnswer:
    assert check(text, FIELDS) is None, text
    return Expressions()(text, DOCUMENT)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('change.labels.team == "support"', True),
        ("has(change.labels.owner)", False),
        ('"team" in change.labels', True),
        ("change.cost.high < 5", True),
        ("change.cost.high < 4.5", False),
        ("change.cost != null && change.cost.high <= 4.5", True),
        ("change.suffix == null", True),
        ("change.hyperparameters.n_epochs <= 3.0", True),
        ("change.hyperparameters.n_epochs in [1, 2, 3]", True),
        ("change.hyperparameters.layers == [1, 2.0]", True),
        ("change.hyperparameters.layers.all(n, n < 3)", True),
        ("change.labels.exists(key, key.startsWith('t'))", True),
        ('change.model.matches("^gpt-4o(-mini)?$")', True),
        ("size(change.labels) == 1 ? true : false", True),
        ("true == 1", False),
        ('change.name == 1 || change.name != "x" // it is', True),
        ("change.labels.owner == 'x' || true", True),
    ],
)
def test_an_expression_says_what_it_means(text: str, holds: bool) -> None:
    assert answer(text) is holds


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (
            'change.labels.owner == "x"',
            "no such member in mapping: 'owner'; has(...) asks whether it is there",
        ),
        ("change.generation / 0 == 1", "it divides by zero"),
        ("change.suffix.x == 1", "it reads a field of null, or of something that has none"),
        ('change.cost.high > "a"', "the types do not fit"),
        ("change.name", "it gives something other than true or false"),
        ("change.generation", "it gives something other than true or false"),
        ("9223372036854775807 + 1 > 0", "it cannot be evaluated"),
        ('change.name.matches("[")', "it matches against something that is not a pattern"),
    ],
)
def test_what_goes_wrong_is_no_answer(text: str, because: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = answer(text)
    assert isinstance(found, NoAnswer)
    assert found.because == because
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("change.nme == 'x'", "names an unknown field of change: nme", (1, 8)),
        ("true &&\n  chnge.name == 'x'", "names an unknown name: chnge", (2, 3)),
        ("sizee(change.labels) > 0", "names an unknown function: sizee", (1, 1)),
        ("change.name.upper() == 'A'", "names an unknown function: upper", (1, 13)),
        ("timestamp('2026-01-01T00:00:00Z') > 0", "names an unknown function: timestamp", (1, 1)),
        ("size(change) > 0", "uses change as a whole", (1, 1)),
        ("change['name'] == 'x'", "uses change as a whole", (1, 1)),
        ("change.labels.all(change, true)", "uses change as the name of a variable", (1, 1)),
        ("{'a': 1}.a == 1", "has a form that policies do not use", (1, 1)),
        ("change.name ==", "is not valid CEL here", (1, 13)),
        ("change.name == #", "has '#', which means nothing here", (1, 16)),
        ("", "is not valid CEL here", (1, 1)),
        ("'\\d' == 'a'", "has the escape \\d in a string", (1, 1)),
    ],
)
def test_a_mistake_is_found_before_anything_is_judged(
    text: str, message: str, place: tuple[int, int]
) -> None:
    found = check(text, FIELDS)
    assert found is not None
    assert found.message == message
    if "variable" not in message:
        assert (found.line, found.column) == place
    assert isinstance(Expressions()(text, DOCUMENT), NoAnswer) or message.startswith(
        ("names", "uses", "has a f")
    )


TEN = "[1,2,3,4,5,6,7,8,9,0]"
HOSTILE = {
    "unclosed string": '"' + "\\n" * 900,
    "unclosed long string": '"""' + "\\n" * 900,
    "raw string": "r" + '"' + "\\n" * 900,
    "unclosed comment": '// "' + "\\n" * 900,
    "too long": "true" + " " * MOST_CHARACTERS,
    "too deep": "(" * 900 + "true" + ")" * 900,
    "too many operators": "!" * 1000 + "true",
    "a long chain": "1" + "+1" * 900,
    "loops in loops": f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, {TEN}.all(d, {TEN}.all(e, true)))))",
    "doubled strings": "['aaaaaaaaaaaaaaaa']" + ".map(x, x+x+x+x+x+x)" * 9 + " == []",
    "lists of one list": "[1]" + ".map(x, [x,x,x])" * 20 + " == []",
    "long lists": f"{TEN}.all(a, [a" + ",a" * 800 + "].all(b, true))",
    "digits": "1" * 1990 + " > 0",
    "a patient pattern": "change.name.matches('(a+)+(a+)+(a+)+$')",
    "errors of errors, by and": "&&".join(["1"] * MOST_OPERATORS),
    "errors of errors, by or": "||".join(["1"] * MOST_OPERATORS),
    "errors of a long list": f"{TEN}.map(x, x).all(x, x)",
    "a macro without a variable": "change.labels.exists_one(1, true)",
    "a long list of long strings": "['"
    + "a" * 500
    + "'].map(x, x+x+x+x+x+x+x+x+x+x).map(x, x+x+x+x+x+x+x+x+x+x).map(x, ["
    + "x," * 400
    + "x].a)",
    "a large pattern": "change.name.matches('((a{1000}){1000}){1000}')",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_expression_ends_soon_and_allows_nothing(text: str) -> None:
    judge = Expressions()
    assert judge(text, DOCUMENT) is not True
    assert MOST_STEPS * 2 > expressions.MOST_STEPS_OF_A_RUN - judge.left >= 0


@pytest.mark.parametrize(
    "text", [HOSTILE["errors of errors, by and"], HOSTILE["a long list of long strings"]]
)
def test_an_evaluation_that_fails_takes_little_memory(text: str) -> None:
    judge = Expressions()
    judge("change.name == 1", DOCUMENT)
    tracemalloc.start()
    try:
        assert isinstance(judge(text, DOCUMENT), NoAnswer)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wrong", ["x - x", "x && x", "x.a", "int(x)", "x.startsWith(1)", "[1][x]"])
def test_a_failed_evaluation_leaves_nothing_to_be_collected(wrong: str) -> None:
    """A run that ends soon collects no garbage, and has an evaluation for each rule and fine-tune."""
    judge = Expressions()
    text = f"['{'a' * 500}'].map(x, x+x+x+x+x+x+x+x+x+x).map(x, x+x+x+x+x+x+x+x+x+x).map(x, {wrong})"
    judge(text, DOCUMENT)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(10):
            assert isinstance(judge(text, DOCUMENT), NoAnswer)
        assert tracemalloc.get_traced_memory()[0] < 2**18
    finally:
        tracemalloc.stop()
        gc.enable()


def test_errors_of_members_do_not_hide_the_one_that_decides() -> None:
    assert answer("[1, 'a', 2].exists(x, x == 2 && x > 1)") is True
    assert answer("[1, 'a', 2].all(x, x > 1)") is False
    assert answer("['a', 1].exists(x, x > 5)") == NoAnswer("the types do not fit")
    assert answer(f"'{'a' * 500}'.b") == NoAnswer("it reads a field of null, or of something that has none")


def test_what_is_just_within_the_limits_is_evaluated() -> None:
    assert answer("(" * MOST_BRACKETS + "true" + ")" * MOST_BRACKETS) is True
    assert answer("1" + "+1" * (MOST_OPERATORS - 1) + f" == {MOST_OPERATORS}") is True
    assert answer("!" * MOST_OPERATORS + "true") is True


def test_all_of_a_run_share_their_steps() -> None:
    judge = Expressions(200)
    given = [judge("change.labels.team == 'support'", DOCUMENT) for _ in range(20)]
    assert given[0] is True
    assert given[-1] == NoAnswer("it takes too many steps")


def test_an_expression_tells_which_fields_it_reads() -> None:
    text = "has(change.labels.a) && change.data.tokens < 5 || change.cost == null && change.cost.high > 1"
    assert reads(text) == {"labels.a", "data.tokens", "cost", "cost.high"}


@given(st.text(max_size=60), st.sampled_from(["", "change.name == ", "change.labels.", "'", "[1].map(x, "]))
def test_no_text_raises(text: str, before: str) -> None:
    check(before + text, FIELDS)
    Expressions()(before + text, DOCUMENT)


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    expressions._parsed.cache_clear()
    monkeypatch.setitem(sys.modules, "celpy.celparser", None)
    with pytest.raises(FtopsError, match="need the package cel-python") as raised:
        check("change.name == 'never seen before'", FIELDS)
    assert raised.value.hint == "pip install 'ftops[policy]'"


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("change.data.tokens < 5", True),
        ("change.data['tokens'] < 5", True),
        ("change.data.examples > 9", False),
        ("change.name != 'a'", False),
    ],
)
def test_a_rule_that_may_read_what_only_a_plan_counts_waits_for_a_plan(text: str, planned: bool) -> None:
    assert needs_plan(PolicyRule("a", text, "no")) is planned
