"""What a browser makes of Markdown: the tags, the texts, and whether a stranger's text does anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

OURS = {"h3", "p", "strong", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code"}
OURS |= {"details", "summary", "pre", "br", "b", "sub"}
_OUR_ATTRIBUTES = {("style", "text-align:left"), ("style", "text-align:right"), ("open", None)}


class Page(HTMLParser):
    """The tags with their attributes, but ours, and the text outside of pre and code."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.unbalanced = 0
        self._open: list[str] = []
        self.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
        self.close()
        self.unbalanced += len(self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        ours = _OUR_ATTRIBUTES | {("class", "language-diff"), ("class", "language-mermaid")}
        ours |= {("class", "language-console")}
        self.attributes += [each for each in attrs if each not in ours and each[0] != "href"]
        self._open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unbalanced += 1

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "td" in self._open:
            self.cells[-1] += data
        if not {"pre", "code"} & set(self._open):
            self.text += data

    def rows(self) -> list[list[str]]:
        """The cells of the tables of three columns, in rows, without breaks."""
        cells = [re.sub("\u200b", "", cell).replace("\u00a0", " ") for cell in self.cells]
        return [cells[start : start + 3] for start in range(0, len(cells), 3)]


def is_harmless(page: Page, links: tuple[str, ...] = ()) -> bool:
    """Return whether nothing but our own signs means anything, to a browser or to a forge."""
    mention = re.search(r"(?:^|[^\w`])@[a-z0-9]|#\d|\bGH-\d|!\d|~[a-z]|:\w+:", page.text, re.IGNORECASE)
    address = re.search(r"https?://|\bwww\.\w|\w@\w+\.\w|mailto:", page.text, re.IGNORECASE)
    plain = set(page.tags) - {"a"} <= OURS and page.attributes == [] and page.unbalanced == 0
    return plain and set(page.links) <= set(links) and not mention and not address
