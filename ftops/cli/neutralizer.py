"""Text that a CI runner only shows and never obeys.

Runners read commands out of what a step prints: GitHub and Forgejo a line that begins with `::`, and `##[`
anywhere, Azure `##vso[`, TeamCity `##teamcity[`. File names, manifests and servers write much of what ftops
prints, and a runner does not know who wrote it.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\\x00-\\x08\\x0b-\\x1a\\x1c-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]"
    "|\\x1b(?!\\[[0-9;]{0,12}m)"
)
"""Whatever breaks a line for somebody, hides text or turns it around; not tab, newline and colours."""

_COMMAND = re.compile(r"(^[^\S\n]*:)(?=:)|(##[A-Za-z]{0,20})(?=\[)", re.MULTILINE)

_REMEMBERED = 24
"""Characters before a piece of text that can be the beginning of a command; the words above are shorter."""


class Neutralizer:
    """Looks at one stream, piece by piece: a command that comes in two pieces is still a command."""

    def __init__(self) -> None:
        self._before = ""

    def __call__(self, text: str) -> str:
        """Return the text with a space in every command, and one for every control character."""
        whole = _COMMAND.sub(r"\1\2 ", self._before + _CONTROL.sub(" ", text))
        new = whole[len(self._before) :]
        last = whole[whole.rfind("\n") + 1 :]
        begun = last.strip() not in ("", ":")
        # Of a line that has begun only its end matters, and that it has begun.
        self._before = f"-{last[-_REMEMBERED:]}" if begun else last[-1024:]
        return new
