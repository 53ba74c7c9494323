"""What the options and the screen of a command come to."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from ftops.cli.options import styler


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_what_is_bold_stays_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert styler()("a", "bold") == "\x1b[1ma\x1b[0m"
    assert styler()("a", "dim") == "\x1b[90ma\x1b[0m"
    assert styler()("a", "") == "a"
    monkeypatch.setenv("NO_COLOR", "1")
    assert styler()("a", "bold") == "a"
