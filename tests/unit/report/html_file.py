"""An HTML file as a browser reads it: its elements, and the text in them."""

from __future__ import annotations

from html.parser import HTMLParser

from msgspec import Struct

VOID = {"meta", "br", "link", "img", "hr", "input", "base"}
ALONE = {"path", "rect"}
"""Those of SVG that end in themselves."""


class Element(Struct):
    tag: str
    attributes: dict[str, str]
    text: str = ""


class HTMLFile(HTMLParser):
    """All elements in order; each has all text that is inside of it. An end without its start is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), attrs
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALONE
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def every(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def one(self, tag: str) -> Element:
        (element,) = self.every(tag)
        return element
