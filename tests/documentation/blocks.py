"""Markdown pages as blocks of code, and the shell session that a reader would have with them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ftops.cli.main import run
from tests.conftest import REPOSITORY

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED_FILE = re.compile(r"`([\w./-]+\.(?:ya?ml|jsonl|py))`[^`]*:$")
_INSTALLS = ("make ", "python3.11 -m venv ", ".venv/bin/pip ", "source .venv/bin/activate")
"""What a reader does once, with a network: the tests run in what came of it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code; `file` where the sentence before it says to save it."""

    language: str
    text: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a console block with the output shown under it."""

    words: str
    exit_code: int
    shown: tuple[str, ...]


def pages() -> list[Path]:
    """Return every page that people read, but the decisions, which are history."""
    found = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("examples/**/*.md")]
    return sorted(path for path in found if "decisions" not in path.parts)


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    for match in _FENCE.finditer(text):
        sentence = text[: match.start()].rstrip().rsplit("\n\n", 1)[-1].replace("\n", " ")
        named = _NAMED_FILE.search(sentence) if match[1] in ("yaml", "json", "python") else None
        yield Block(match[1], match[2], named[1] if named else None)


def commands_of(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        first, *shown = part.rstrip("\n").split("\n")
        words, _, remark = first.partition("    #")
        code = re.search(r"exits with (\d+)", remark)
        yield Command(words, int(code[1]) if code else 0, tuple(shown))


class Session:
    """A reader's shell: a directory that `cd` changes, and what was printed last."""

    def __init__(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._directory = directory
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.chdir(directory)

    def save(self, name: str, text: str) -> None:
        path = self._directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def do(self, command: Command) -> None:
        """Run a command, and fail where it ends or prints otherwise than the page says."""
        if command.words.startswith(_INSTALLS):
            return
        code, printed = self._run(command.words)
        assert code == command.exit_code, f"$ {command.words}\n{printed}"
        _compare(command, printed.splitlines())
        self._speed_up()

    def _run(self, words: str) -> tuple[int, str]:
        parts = shlex.split(words)
        if parts[0] == "cd":
            self._directory /= parts[1]
            self._monkeypatch.chdir(self._directory)
            return 0, ""
        if parts[0] == "ftops" and ">" not in parts:
            # In this process: a page of twenty commands would else start Python twenty times.
            self._capsys.readouterr()
            code = run(parts[1:])
            captured = self._capsys.readouterr()
            return code, captured.err + captured.out
        done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr + done.stdout

    def _speed_up(self) -> None:
        """A reader waits some seconds for an emulated job, a test does not."""
        for path in self._directory.rglob("ftops.yaml"):
            path.write_text(path.read_text().replace("speed: 600}", "speed: 1000000}"))


def _compare(command: Command, printed: list[str]) -> None:
    """Find every shown line, in order; `...` stands for any lines, and `…` for any text of a line.

    Between two lines that are shown without a `...`, nothing else may stand. What goes to stderr comes first.
    """
    position, gap = 0, True
    for line in command.shown:
        if line == "...":
            gap = True
            continue
        pattern = r"\s+".join(".*".join(re.escape(part) for part in word.split("…")) for word in line.split())
        ahead = range(position, len(printed)) if gap else range(position, min(position + 1, len(printed)))
        found = next((at for at in ahead if re.fullmatch(rf"\s*{pattern}\s*", printed[at])), None)
        assert found is not None, f"$ {command.words}\nshows no line like: {line}\n" + "\n".join(printed)
        position, gap = found + 1, False
