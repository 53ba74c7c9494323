"""The one-file report in Chromium: on a phone and a desk, by day and by night, it can be read and used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ftops.report.html import render_html
from ftops.report.summarizing import summarized
from tests.services import started
from tests.services.chromium import Page, chromium
from tests.unit.report import summaries
from tests.unit.report.summary_cases import ALL

pytestmark = pytest.mark.slow

MADE = datetime(2026, 11, 27, 1, 16, tzinfo=UTC)
CASES = {**ALL, "built": summarized(summaries.PLAN, summaries.REVIEW, digest="41c7e09b")}
WIDTHS = (320, 390, 768, 1280)
MAY_SCROLL = {"Drawing of the chains"}
CUT = """
[...document.querySelectorAll('.num, .b, .stops, dd, dd b, h1, tbody th, summary, pre code')].filter(each => {
  const box = each.getBoundingClientRect();
  if (!box.width || each.closest('thead')) return false;
  for (let above = each; above; above = above.parentElement) {
    const room = above.getBoundingClientRect(), style = getComputedStyle(above);
    const outside = box.right > room.right + 1 || box.left < room.left - 1;
    if (outside && style.overflowX !== 'visible') return true;
  }
  return box.right > innerWidth || (each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0);
}).map(each => each.outerHTML.slice(0, 120))
"""
"""What holds money, a state, a name or a command, and cannot be seen whole without scrolling sideways."""
SCROLLING = """
[...document.querySelectorAll('[role=region]')].filter(each => each.scrollWidth > each.clientWidth)
  .map(each => each.getAttribute('aria-label'))
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    yield from started("chromium", chromium)


def written(tmp_path: Path, name: str) -> Path:
    path = tmp_path / "report.html"
    path.write_text(render_html(CASES[name], made=MADE, run="https://ci.example/1"), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", CASES)
def test_it_fits_is_whole_and_has_no_fault(page: Page, tmp_path: Path, name: str, scheme: str) -> None:
    path = written(tmp_path, name)
    # Only these have a command that is longer than any window.
    commands = {"Command 1"} if name in ("longest", "hostile") else set()
    for width in WIDTHS:
        page.show(path, width, scheme)
        assert page.value("document.documentElement.scrollWidth") <= width
        assert set(page.value(SCROLLING)) <= MAY_SCROLL | commands
        cut = [each for each in page.value(CUT) if not (commands and each.startswith("<code>"))]
        assert cut == [], width
        assert page.faults() == [], width
        assert page.said == []
        assert page.asked == [path.as_uri()]


def test_colours_follow_the_preference_and_print_stays_light(page: Page, tmp_path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    path = written(tmp_path, "typical")
    page.show(path, 1280, "light")
    assert page.value(ground) == "rgb(255, 255, 255)"
    page.show(path, 1280, "dark")
    assert page.value(ground) == "rgb(13, 17, 23)"
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value(ground) == "rgb(255, 255, 255)"
    page.call("Emulation.setEmulatedMedia", media="")


def test_a_phone_shows_cards_and_a_list_in_place_of_the_drawing(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, "typical")
    seen = "[...document.querySelectorAll('{}')].map(each => each.checkVisibility())"
    page.show(path, 390, "light")
    assert page.value(seen.format(".dag, .phone")) == [False, True]
    money, name = (
        f"document.querySelector('.cards tbody {each}').getBoundingClientRect().toJSON()"
        for each in (".num", "th")
    )
    assert page.value(money)["top"] < page.value(name)["top"]
    page.show(path, 1280, "light")
    assert page.value(seen.format(".dag, .phone")) == [True, False]


def test_hostile_text_runs_nothing(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, "hostile")
    page.show(path, 1280, "light")
    assert page.value("document.scripts.length + document.images.length") == 0
    assert page.value("[...document.links].map(each => each.href)") == ["https://ci.example/1"]
    # Without what stands in for signs of direction, what is after them could be read as before them.
    assert page.value("/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.textContent)") is False


def test_what_is_asked_of_a_page_can_fail(page: Page, tmp_path: Path) -> None:
    """A page with each fault: a check that cannot see is worth nothing."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<title>t</title><script>console.log('hello')</script><img src='https://127.0.0.1:9/x.png'>"
        "<div role='region' aria-label='wide' style='overflow:auto;width:200px'>"
        "<b class='num' style='display:block;width:900px'>$1.00</b></div>"
        "<p style='color:#ccc;background:#fff;width:1000px'>pale</p>"
    )
    page.show(path, 390, "light")
    assert page.value("document.documentElement.scrollWidth") > 390
    assert page.value(SCROLLING) == ["wide"]
    assert any("$1.00" in each for each in page.value(CUT))
    assert {fault.split(":")[0] for fault in page.faults()} >= {
        "color-contrast",
        "image-alt",
        "html-has-lang",
    }
    assert any("hello" in each for each in page.said)
    assert "https://127.0.0.1:9/x.png" in page.asked
