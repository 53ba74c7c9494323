"""The one-file report: it says what the summary says, needs nothing else, and strangers' text stays text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ftops.report
from ftops.model.review import CostEstimate, Warned
from ftops.model.value import replace
from ftops.report.html import MOST_OF_A_TEXT, render_html
from ftops.report.html_page import MOST_CHANGES
from ftops.report.summarizing import summarized
from ftops.report.summary import VERDICT_WORDS, Alert, Bullet, JobNote, Sum, Summary
from ftops.report.words import cut, printable
from tests.unit.report import summaries
from tests.unit.report.examples import HOSTILE
from tests.unit.report.html_file import HTMLFile
from tests.unit.report.summary_cases import ALL, HOSTILE_SUMMARY, PENDING, REFUSED, TYPICAL, UNKNOWN, large

MADE = datetime(2026, 11, 27, 1, 16, tzinfo=UTC)
RUN = "https://ci.example/runs/812"
OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "time"),
    *("h1", "h2", "p", "b", "i", "a", "span", "div", "ul", "li", "dl", "dt", "dd", "br", "del", "ins"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "details", "summary", "pre", "code"),
    *("svg", "desc", "g", "rect", "path", "text"),
}
CLASSES = re.compile(r"[a-z0-9 -]{1,20}")

every_summary = pytest.mark.parametrize("summary", ALL.values(), ids=ALL.keys())


def read(summary: Summary) -> HTMLFile:
    return HTMLFile(render_html(summary, made=MADE, run=RUN))


@every_summary
def test_it_has_one_h1_and_headings_without_gaps(summary: Summary) -> None:
    file = read(summary)
    headings = [each.tag for each in file.every("h1", "h2", "h3", "h4", "h5", "h6")]
    assert headings[0] == "h1"
    assert set(headings[1:]) <= {"h2"}
    ids = [each.attributes["id"] for each in file.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))


@every_summary
def test_tables_and_regions_say_what_they_are(summary: Summary) -> None:
    file = read(summary)
    assert all(each.attributes["scope"] in ("row", "col") for each in file.every("th"))
    regions = [each.attributes for each in file.elements if each.attributes.get("role") == "region"]
    assert all(each["aria-label"] and each["tabindex"] == "0" for each in regions)
    assert all(each.attributes["aria-labelledby"] for each in file.every("svg"))
    # A card keeps its roles: CSS that makes blocks of rows takes the roles of a table from them.
    for tag, role in (("table", "table"), ("tr", "row"), ("td", "cell"), ("tbody", "rowgroup")):
        assert all(each.attributes.get("role") == role for each in file.every(tag))


@every_summary
def test_it_loads_nothing_and_links_only_to_the_run(summary: Summary) -> None:
    file = read(summary)
    assert {each.tag for each in file.elements} <= OURS
    assert [each.attributes["href"] for each in file.elements if "href" in each.attributes] == [RUN]
    assert not any({"src", "srcset", "action", "onclick"} & each.attributes.keys() for each in file.elements)
    policy = next(each for each in file.every("meta") if "http-equiv" in each.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "url(" not in file.one("style").text
    assert "@import" not in file.one("style").text


@every_summary
def test_what_a_style_a_class_and_an_id_hold_is_ours(summary: Summary) -> None:
    for each in read(summary).elements:
        assert CLASSES.fullmatch(each.attributes.get("class", "b")), each
        assert re.fullmatch(r"(width:\d{1,3}%)?", each.attributes.get("style", "")), each
        assert re.fullmatch(r"[a-z-]+", each.attributes.get("id", "x")), each


def test_hostile_text_is_shown_as_it_is_and_nothing_else() -> None:
    file = read(HOSTILE_SUMMARY)
    shown = cut(printable(HOSTILE), MOST_OF_A_TEXT)
    for tag in ("title", "h1", "header", "th", "summary", "del", "ins", "code", "li"):
        assert any(shown in each.text for each in file.every(tag)), tag
    labels = [each.attributes["aria-label"] for each in file.elements if "aria-label" in each.attributes]
    assert not any("octocat" in label for label in labels)


@given(st.text(max_size=60))
def test_no_text_makes_markup(text: str) -> None:
    summary = replace(
        TYPICAL,
        project=text,
        headline=text,
        alert=Alert("warning", text, text, (Bullet(text, text),)),
        rows=tuple(replace(row, name=text, why=text, message=text, trains=text) for row in TYPICAL.rows),
        commands=(text,),
    )
    usual = [
        each.tag for each in read(replace(TYPICAL, alert=Alert("warning", "a", "b", (Bullet("c"),)))).elements
    ]
    found = [each.tag for each in read(summary).elements]
    assert sorted(set(found)) == sorted(set(usual) | {"ul", "li"})
    assert found.count("b") <= usual.count("b")


@every_summary
def test_it_says_what_the_summary_says(summary: Summary) -> None:
    if summary is HOSTILE_SUMMARY:
        return
    file = read(summary)
    words = " ".join(file.one("body").text.replace("\u00a0", " ").split())
    assert file.one("h1").text.lower() == summary.headline.lower()
    assert VERDICT_WORDS[summary.verdict] in words
    assert not summary.alert or summary.alert.lead.rstrip(".") in words
    names = [each.text for each in file.every("th") if each.attributes["scope"] == "row"]
    for row in (*summary.rows, *summary.pending):
        assert any(row.name in name for name in names)
        assert row.why in words
    for one in (*summary.errors, *(summary.alert.bullets if summary.alert else ())):
        assert one.text in words
    for command in summary.commands:
        assert command in words
    assert "27 Nov 2026, 01:16 UTC" in words


def test_the_four_tiles_answer_what_it_costs_trains_stops_and_changes_in_data() -> None:
    file = read(TYPICAL)
    assert [each.text for each in file.every("dt")] == ["Cost", "Trains", "Stops", "Data"]
    cost, trains, stops, data = (each.text.replace("\u00a0", " ") for each in file.every("dd"))
    assert cost == "about $4.79$3.00 at once, $1.79 later19 % of the limit of $25.00"
    assert trains == "6 models3 at once, 3 when their base is ready"
    assert stops == "1 running jobnight-report, at 34 %"
    assert data == "5 of 480 rowsin data/refunds.jsonl"


def test_an_unknown_cost_is_never_left_out() -> None:
    file = read(UNKNOWN)
    assert file.every("dd")[0].text.startswith("at least $3.10$3.10 at once, unknown later; 2 of 3 unknown")
    costs = [each.text for each in file.every("td") if each.attributes.get("class") == "num"]
    assert costs == ["$3.10", "unknown", "unknown", "at least $3.10"]
    wholly = replace(UNKNOWN, total=Sum(1, 0, 1), max_cost=5.0)
    assert read(wholly).every("dd")[0].text == "unknown1 of 1 unknown"


@pytest.mark.parametrize(
    ("high", "words", "width"),
    [
        (1.0, "10 % of the limit of $10.00", 10),
        (8.0, "80 % of the limit of $10.00", 80),
        (10.0, "100 % of the limit of $10.00", 100),
        (10.01, "101 % of the limit of $10.00: over", 100),
        (25.0, "250 % of the limit of $10.00: over", 100),
    ],
)
def test_a_bar_is_never_without_its_words(high: float, words: str, width: int) -> None:
    known = CostEstimate(high, high)
    file = read(replace(TYPICAL, total=Sum(1, 0, 0, known, known), max_cost=10.0))
    (bar,) = (each for each in file.elements if each.attributes.get("class", "").startswith("bar"))
    assert bar.attributes["aria-label"].replace("\u00a0", " ") == words
    assert words in file.every("dd")[0].text.replace("\u00a0", " ")
    assert f"width:{width}%" in [each.attributes.get("style") for each in file.elements]


def test_amounts_that_no_training_has_are_drawn_too() -> None:
    known = CostEstimate(1e308, 1e308)
    file = read(replace(TYPICAL, total=Sum(1, 0, 0, known, known), max_cost=1e-300))
    assert "1,000,000 % of the limit" in file.every("dd")[0].text.replace("\u00a0", " ")


def test_a_range_is_compared_with_the_limit_by_its_high_end() -> None:
    known = CostEstimate(1.0, 5.0)
    file = read(replace(TYPICAL, total=Sum(1, 0, 0, known, known), max_cost=10.0))
    assert "50 % of the limit of $10.00, at the high end" in file.every("dd")[0].text.replace("\u00a0", " ")


def test_what_was_pending_stands_apart() -> None:
    file = read(PENDING)
    assert [
        each.attributes["aria-label"] for each in file.elements if each.attributes.get("class") == "scroll"
    ] == [
        "Changes",
        "Pending already",
    ]


def test_what_is_refused_waived_and_warned_of_is_said_with_its_place() -> None:
    text = " ".join(read(REFUSED).one("main").text.split())
    assert (
        "forbid_train_valid_overlap: 12 rows are in both files. Take them out of one jobs/voice.yaml:16"
        in text
    )
    assert "Waived: max_epochs for exam-week until 2026-12-31, because: agreed with finance" in text
    assert (
        "Warning: retirement: house-voice: gpt-4o-mini-2024-07-18 ends on 2027-02-01 jobs/voice.yaml:4"
        in text
    )
    for message in (
        "house-voice: no owner",
        "house-voice (m at oa): ends",
        "the waiver of x for house-voice ended",
    ):
        warned = Warned("owned", message, ("house-voice",))
        said = " ".join(read(replace(REFUSED, warnings=(warned,))).one("main").text.split())
        assert f"Warning: owned: {message}" in said, "its name stands once"
    many = tuple(Bullet(f"rule-{number}", "no") for number in range(9))
    crowded = read(replace(REFUSED, alert=Alert("caution", "Apply will refuse this plan.", "", many)))
    assert "and 4 more" in crowded.one("main").text
    assert "rule-8" in crowded.one("main").text


def test_an_option_is_never_broken_at_its_hyphens() -> None:
    alert = Alert(
        "caution", "No.", "", (Bullet("max_cost", "too much; --allow cost=9.84 or --allow-empty lifts it"),)
    )
    file = read(replace(REFUSED, alert=alert))
    assert [each.text for each in file.every("code")][:2] == ["--allow cost=9.84", "--allow-empty"]
    assert "max_cost: too much; --allow cost=9.84 or --allow-empty lifts it" in file.one("main").text


def test_a_plan_from_the_builder_is_drawn() -> None:
    file = read(summarized(summaries.PLAN, summaries.REVIEW, digest="sha256:41c7e09b3f"))
    assert file.one("h1").text == "Trains 6 models for about $4.79, stops 1 running job"
    assert "Plan 41c7e09b." in file.one("footer").text
    refused = read(summarized(summaries.PLAN, summaries.REFUSED))
    assert "Apply will refuse this plan" in refused.one("main").text
    broken = read(summarized(summaries.PLAN, summaries.REVIEW, problems=summaries.UNREADABLE))
    assert "n_epoch is no setting" in broken.one("main").text


def test_what_becomes_of_jobs_and_models_is_said_of_each() -> None:
    rows = [each.text for each in read(TYPICAL).every("tr")]
    assert "night-reporttrains generation 2.1 → 3.1job ftjob-uDpUWN3V3svYkqKqHNlIKPfU is cancelled" in rows
    assert "route-nightgeneration 1.1model curie:ft-emulator:night-2026-11-27-03-51-42 stays" in rows
    left = replace(TYPICAL, jobs=(JobNote("route-night", "1.1", "ftjob-1"),))
    assert "route-nightgeneration 1.1job ftjob-1 is left alone" in [
        each.text for each in read(left).every("tr")
    ]


@pytest.mark.parametrize("count", [12, 120, 1000])
def test_its_size_follows_from_the_plan(count: int) -> None:
    summary = large(count)
    assert len(summary.rows) == count
    size = len(render_html(summary, made=MADE, run=RUN).encode())
    assert size <= 10_000 + 1_500 * count + 500 * len(summary.chains.nodes)


def test_above_a_thousand_changes_records_are_counted_and_chains_left_out() -> None:
    file = read(large(MOST_CHANGES + 4))
    assert (
        "251 that only update or forget a record are not listed, and chains are not drawn"
        in file.one("main").text
    )
    assert file.every("svg") == []
    rows = [each.text for each in file.every("tr")]
    assert any(row.startswith("+create" + "fine-tune-1000") for row in rows)
    assert not any("forget" in row for row in rows)


@pytest.mark.parametrize(
    "url",
    [
        "http://ci.example/1",
        "javascript:alert(1)",
        "https://",
        "https://user:pw@ci.example/",
        'https://ci.example/"onclick="x',
        "https://ci.example/ x",
        "https://ci.example/\u202e",
        "https://[ci.example/",
        "",
    ],
)
def test_a_link_is_plain_https_or_is_left_out(url: str) -> None:
    file = HTMLFile(render_html(TYPICAL, run=url))
    assert file.every("a") == []


def test_without_a_time_none_is_said() -> None:
    assert HTMLFile(render_html(TYPICAL)).every("time") == []


def test_no_template_switches_escaping_off() -> None:
    folder = Path(ftops.report.__file__).parent / "templates"
    sources = [path.read_text() for path in folder.iterdir()]
    assert len(sources) == 6
    assert not [text for text in sources if re.search(r"\bsafe\b|autoescape|Markup", text)]
