"""The one-file report: everything that a reader is told of a plan, in HTML that needs nothing else.

No script, nothing from elsewhere, and its own Content-Security-Policy says so. Text is a stranger's: jinja2
escapes all of it, nothing switches that off, and none of it comes to stand in an address, a style or an id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from ftops.report import html_page, html_tiles, palette
from ftops.report.data_words import what_changed
from ftops.report.html_graph import HEIGHT, WIDTH
from ftops.report.money import afterwards_words
from ftops.report.summary import SIGNS, VERDICT_WORDS, Summary
from ftops.report.words import cut, printable

MOST_OF_A_TEXT = 600
"""Columns of one text of a stranger."""


def render_html(summary: Summary, *, made: datetime | None = None, run: str | None = None) -> str:
    """Draw a summary. `made` is when the plan was, `run` the address of the CI run that made it.

    An address that is not plain https is left out: it comes from the environment.
    """
    template = _environment().get_template("report.html.j2")
    return template.render(
        page=html_page.page_of(summary),
        summary=summary,
        made=made.astimezone(UTC) if made else None,
        run=run if run and _is_https(run) else None,
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ftops.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        signs=SIGNS,
        verdict_words=VERDICT_WORDS,
        palette=palette,
        words=html_page,
        more_facts=html_tiles.more_facts,
        box_width=WIDTH,
        box_height=HEIGHT,
        what_changed=what_changed,
        afterwards_words=afterwards_words,
    )
    made.filters.update(cut=lambda text, width: cut(printable(text), width), tied=_tied)
    return made


def _shown(value: Any) -> Any:
    """Make text harmless before it is escaped: bidi and control signs could turn what a reader sees."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value  # No text, or what a macro has escaped already.
    return _tied(cut(printable(value), MOST_OF_A_TEXT))


def _tied(text: str) -> str:
    return text.replace(" %", "\u00a0%")


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set("\"'<>`\\ ")
    return plain and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
