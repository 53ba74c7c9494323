"""What a trainer says: a line `FTOPS {json}` of its log for each event, and the same in the output folder."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PREFIX = "FTOPS "
LONGEST_LINE = 64 * 1024
"""Bytes of a line: what is longer is no event for who reads the log."""
LONGEST_MESSAGE = 4000
"""Characters of a sentence; a library's error can hold a whole model."""

_KEPT = ("step", "total_steps", "code", "hint")
"""What stays of data that is too long for a line."""


class EventLog:
    """Writes events to the log, and once it is `attached` to an output folder there too.

    Ids go on where an earlier start in the same folder has ended. Only who holds the folder's lock may
    attach: two writers would give the same id twice.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._file: int | None = None
        self._last = 0

    def attach(self, folder: Path) -> None:
        """Write to the folder's events.jsonl too."""
        if not self._silent:
            self._last = max(self._last, last_id(folder / "events.jsonl"))
            self._file = _opened(folder / "events.jsonl")

    def emit(self, type_: str, message: str, level: str = "info", /, **data: Any) -> None:
        """Say one thing. Never raises: a full disk must not hide why a training ended."""
        if self._silent:
            return
        self._last += 1
        event = {
            "object": "ftops.trainer.event",
            "id": self._last,
            "created_at": round(time.time(), 3),
            "level": level,
            "type": type_,
            "message": " ".join(message.split())[:LONGEST_MESSAGE] or type_,
            "data": data,
        }
        line = _line(event)
        if len(line) > LONGEST_LINE - len(PREFIX):
            line = _line({**event, "data": {key: data[key] for key in _KEPT if key in data}})
        if self._file is not None:
            self._append(self._file, line)
        print(PREFIX + line, flush=True)

    def _append(self, file: int, line: str) -> None:
        try:
            # One write: who reads meanwhile sees whole lines.
            os.write(file, line.encode() + b"\n")
            os.fsync(file)
        except OSError as error:
            print(f"events.jsonl: {error}", file=sys.stderr, flush=True)


def last_id(path: Path) -> int:
    """Return the id of the last event in a file, 0 where there is none."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        try:
            return int(json.loads(line)["id"])
        except (ValueError, KeyError, TypeError):
            # A start that was killed has left half a line.
            continue
    return 0


def _opened(path: Path) -> int | None:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            os.write(file, b"\n")
    except OSError as error:
        print(f"events.jsonl: {error}", file=sys.stderr, flush=True)
        return None
    return file


def _line(event: dict[str, Any]) -> str:
    # ASCII: no character of a message ends a line for some reader of logs. JSON has no NaN.
    return json.dumps(_finite(event), ensure_ascii=True, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 # NaN
        return None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value
