"""Replay a history by its seed, or a shrunk one by its steps."""

from __future__ import annotations

import argparse
import json
import sys

from msgspec.structs import asdict

from tests.simulator.history import History, generate
from tests.simulator.player import Player
from tests.simulator.shrinking import shrink, verdict


def main() -> int:
    """Replay, print what happened, and say whether a law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("seed", help="a seed, or a history as JSON (what --shrink prints)")
    parser.add_argument("--shrink", action="store_true", help="cut the history down first")
    parser.add_argument("--dialect", help="play it on this dialect instead of the seed's own")
    chosen = parser.parse_args()
    history = _history(chosen.seed, chosen.dialect)
    if chosen.shrink and verdict(history) is not None:
        history = shrink(history)
        print(json.dumps(asdict(history)))  # noqa: T201  # this is a command
    player = Player(history)
    try:
        player.play(history.steps)
    except Exception as error:  # noqa: BLE001  # whatever breaks is the verdict
        print(*player.world.findings.trace, f"{type(error).__name__}: {error}", sep="\n")  # noqa: T201  # as above
        return 1
    print(*player.world.findings.trace, "every law holds", sep="\n")  # noqa: T201  # as above
    return 0


def _history(text: str, dialect: str | None) -> History:
    if not text.startswith("{"):
        return generate(int(text), dialect)
    values = json.loads(text)
    return History(**{**values, "steps": tuple(tuple(step) for step in values["steps"])})


if __name__ == "__main__":
    sys.exit(main())
