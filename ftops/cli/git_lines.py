"""Lines that a project needs in `.gitignore` and `.gitattributes`, beside those that are there. Pure."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

_ANY_SIDE = ("text", "eol", "binary", "crlf")
"""Attributes that decide over line ends, as they stand, with `-` or `!` before them or `=` behind."""


class GitLine(Struct, frozen=True):
    """A line of a file that Git reads, and how to know that its owner decided the matter already."""

    file: str
    line: str
    decides: Callable[[str], bool]


def _about_our_folder(line: str) -> bool:
    # Spaces before a pattern are part of it.
    pattern = line.rstrip().removeprefix("!").removeprefix("**/").removeprefix("/")
    return pattern.removesuffix("*").removesuffix("/") == ".ftops"


def _about_rows(line: str) -> bool:
    pattern, *attributes = line.split() or [""]
    names = {attribute.lstrip("-!").partition("=")[0] for attribute in attributes}
    return pattern.removeprefix("**/") == "*.jsonl" and not names.isdisjoint(_ANY_SIDE)


GIT_LINES = (
    GitLine(".gitignore", ".ftops/", _about_our_folder),
    # Without this git may turn the line ends of data on Windows, and other bytes would be sent.
    GitLine(".gitattributes", "*.jsonl text eol=lf", _about_rows),
)


def with_line(content: bytes, wanted: GitLine) -> bytes:
    """Return the content with the line at its end, where it wins, unless the content decides already.

    What stands there stays as it is, byte by byte: whatever its encoding, and with its own line ends.
    """
    lines = content.decode("utf-8-sig", errors="replace").split("\n")
    if any(wanted.decides(line) for line in lines):
        return content
    end = b"\r\n" if b"\r\n" in content else b"\n"
    before = content if not content or content.endswith(b"\n") else content + end
    return before + wanted.line.encode() + end
