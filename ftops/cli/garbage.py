"""When garbage is collected: hardly ever in a run that ends soon, as usual in one that stays."""

from __future__ import annotations

import gc

_USUAL = gc.get_threshold()
"""As Python starts with; this module is loaded by nothing before `main` has begun."""

COLLECT_AFTER = 2_000_000
"""Values. A run makes many and few cycles, then ends: one of 10,000 fine-tunes never collects garbage."""


def collect_late() -> None:
    """Let a run that ends soon keep what it drops."""
    gc.set_threshold(COLLECT_AFTER, 50, 50)


def collect_as_usual() -> None:
    """Let a command that runs for hours give back what it drops."""
    gc.set_threshold(*_USUAL)
