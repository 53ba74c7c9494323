"""The log of -v: each request that is sent, on stderr. Loaded only where somebody asks for it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ftops.cli.secrecy import current_vault
from ftops.report.words import cut, printable
from ftops.transport.secret import Vault

LONGEST_LINE = 2_000
"""Columns of one record: a stranger's text cannot bury the others."""


def set_up_logging(log_format: str) -> Callable[[], object]:
    """Log to stderr, and return what ends it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines("%(message)s"))
    logger = logging.getLogger("ftops")
    handler.addFilter(BlankingFilter(current_vault()))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return lambda: logger.removeHandler(handler)


class _JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **members(record),
        }
        return json.dumps(line)


def members(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record has in JSON beside its time, level and message."""
    found = {name: getattr(record, name, None) for name in ("seconds", "status")}
    return {"logger": record.name, **{name: value for name, value in found.items() if value is not None}}


class _TextLines(logging.Formatter):
    """One line per record; request ids and paths come from a server."""

    def format(self, record: logging.LogRecord) -> str:
        return cut(printable(super().format(record)), LONGEST_LINE)


class BlankingFilter(logging.Filter):
    """Takes secrets out of log records, arguments and tracebacks included."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self._vault = vault

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, blanked."""
        record.msg, record.args = self._vault.blank(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self._vault.blank(logging.Formatter().formatException(record.exc_info))
        return True
