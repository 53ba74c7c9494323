"""The simulator is worth what it catches: appliers that break the protocol, each caught by a seed."""

from __future__ import annotations

import sys

import pytest

from tests.simulator.broken import BROKEN, Broken
from tests.simulator.history import History, generate
from tests.simulator.old_rules import OLD_RULES
from tests.simulator.shrinking import verdict

MOST_SEEDS = 600


def caught_by(broken: Broken) -> tuple[int, str]:
    """Return the first seed whose history shows the fault, and the law that it breaks."""

    def history(seed: int) -> History:
        return generate(seed, broken.dialect, broken.focus, broken.world, days=False)

    with pytest.MonkeyPatch.context() as patch:
        broken.breaks(patch)
        for seed in range(MOST_SEEDS):
            found = verdict(history(seed))
            if found is not None:
                break
        else:
            pytest.fail(f"no seed below {MOST_SEEDS} catches an applier with: {broken.how}")
    assert verdict(history(seed)) is None, "a sound applier is caught too"
    return seed, found


@pytest.mark.slow
@pytest.mark.parametrize("broken", [*BROKEN, *OLD_RULES], ids=lambda one: one.how)
def test_a_broken_applier_is_caught(broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    seed, law = caught_by(broken)
    assert law.startswith("LawBroken")
    with capsys.disabled():
        where = f" ({broken.world})" if broken.world else ""
        sys.stdout.write(f"\n  {broken.how}{where}: caught by seed {seed}: {law[:120]}\n")
