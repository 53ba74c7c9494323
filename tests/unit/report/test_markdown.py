"""A plan as a comment: strangers' text shows as itself and does nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ftops.model.plan import Plan
from ftops.model.review import Review, Violation
from ftops.report.markdown import MOST_CHARACTERS, render_plan_markdown
from tests.unit.report.examples import (
    CHAINED_REVIEW,
    HOSTILE,
    chained_plan,
    change,
    hostile_plan,
    plan_of,
)

OURS = {"h2", "p", "strong", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code"}
OURS |= {"details", "summary", "pre", "br"}


class Page(HTMLParser):
    """What a browser makes of it: the tags, and the text outside of pre and code."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self._open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "td" in self._open:
            self.cells[-1] += data
        if not {"pre", "code"} & set(self._open):
            self.text += data


def drawn(text: str) -> Page:
    plan = plan_of(change("a", message=text), change("b", message="fine"))
    return Page(render_plan_markdown(plan, Review((Violation("rule", text, text),))))


def is_harmless(page: Page) -> bool:
    mention = re.search(r"(?:^|[^\w`])@[a-z0-9]|#\d|\bGH-\d|!\d", page.text, re.IGNORECASE)
    address = re.search(r"https?://|\bwww\.\w|\w@\w+\.\w|mailto:", page.text, re.IGNORECASE)
    return set(page.tags) <= OURS and page.attributes == [] and not mention and not address


def test_hostile_text_everywhere_draws_nothing_but_itself() -> None:
    review = Review((Violation("r", HOSTILE, HOSTILE),), same_training=((HOSTILE, HOSTILE),))
    page = Page(render_plan_markdown(hostile_plan(), review))
    assert is_harmless(page)
    assert page.tags.count("td") == 8
    assert page.tags.count("pre") == 1
    assert page.tags[-2:] == ["summary", "pre"]


SIGNS = st.text(st.sampled_from("ab1 @#|`*_[]()<>!~$\\&;:/.-+=\"'\n\x1b\u202e"), max_size=30)


@given(SIGNS)
def test_any_text_fills_its_cell_and_no_other(text: str) -> None:
    page = drawn(text)
    assert is_harmless(page)
    assert page.tags.count("td") == 8
    shown = page.cells[3].replace("\u200b", "")
    assert shown.split() == "".join(sign if sign.isprintable() else " " for sign in text).split()
    assert page.cells[7] == "fine"


@pytest.mark.parametrize(
    "text",
    ["1. one", "- one", "+ one", "# one", "> one", "---", "===", "    code", "| a |", "a\\", "```", "$$x$$"],
)
def test_text_that_begins_like_a_block_is_text(text: str) -> None:
    page = drawn(text)
    assert is_harmless(page)
    assert (page.tags.count("li"), page.tags.count("blockquote"), page.tags.count("hr")) == (1, 1, 0)


def many(count: int, message: str = "new") -> Plan:
    return plan_of(*(change(f"a{number}", message=message) for number in range(count)))


def test_a_long_plan_stays_below_the_limit_and_says_what_is_missing() -> None:
    for plan in (many(5000), many(50, "@x|" * 5000)):
        text = render_plan_markdown(plan, Review(tuple(Violation("r", "@|" * 900) for _ in range(500))))
        assert len(text) <= MOST_CHARACTERS
        assert "more are not shown" in text
        assert "The details are too long to show here" in text
    assert "changes are not shown." in render_plan_markdown(many(5000), Review())


def test_a_plan_without_changes_says_so() -> None:
    assert "\nNo changes.\n" in render_plan_markdown(plan_of(), Review())


def test_the_table_says_what_follows_and_what_is_stopped() -> None:
    page = Page(render_plan_markdown(chained_plan(), CHAINED_REVIEW))
    below = (
        "waiting for base; then create (generation 2.1): its base model changes; "
        "data/b.jsonl (training, 60 examples, 2.0 KiB); $0.50 to $0.80"
    )
    rows = [[cell.replace("\u200b", "") for cell in page.cells[start + 1 : start + 4]] for start in (0, 4, 8)]
    assert rows == [
        ["base", "replace, stops a job", "changed"],
        ["below", "wait, then create", below],
        ["revert", "adopt, stops a job", "trained before"],
    ]
    assert "base, below and revert train the same thing" in page.text
    assert "Later: 1 to create. About $0.50 to $0.80 more." in page.text
    assert "br" in page.tags
