"""What the doctor found: a value each, which reports show."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """How bad it is. Only `fail` makes the exit code 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(Struct, frozen=True):
    """One thing that was checked: `check` is a stable word, `subject` which one of several it is about."""

    check: str
    verdict: Verdict
    message: str
    next: str | None = None
    subject: str | None = None
