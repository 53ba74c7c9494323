"""The simulator is worth what it catches: appliers that break the protocol, each caught by a seed."""

from __future__ import annotations

import sys

import pytest

from tests.simulator.broken import BROKEN, Broken
from tests.simulator.history import generate
from tests.simulator.shrinking import verdict

MOST_SEEDS = 600


def caught_by(broken: Broken) -> tuple[int, str]:
    """Give the first seed whose history shows the fault, and the law that it breaks."""
    with pytest.MonkeyPatch.context() as patch:
        broken.breaks(patch)
        for seed in range(MOST_SEEDS):
            found = verdict(generate(seed, broken.dialect, broken.focus))
            if found is not None:
                break
        else:
            pytest.fail(f"no seed below {MOST_SEEDS} catches an applier with: {broken.how}")
    assert verdict(generate(seed, broken.dialect, broken.focus)) is None, "a sound applier is caught too"
    return seed, found


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.how)
def test_a_broken_applier_is_caught(broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    seed, law = caught_by(broken)
    assert law.startswith("LawBroken")
    with capsys.disabled():
        sys.stdout.write(f"\n  {broken.how}: caught by seed {seed}: {law[:120]}\n")
