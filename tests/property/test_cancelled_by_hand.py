"""Random histories in which people cancel by hand, some of whose runs die: nothing is lost or made again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ftops.model.state import Record
from ftops.planner import planner
from ftops.planner.decision import stopped_by_hand
from ftops.planner.table import DECLARED, UNDECLARED, UNREAD, Row
from tests.simulator.history import History, Step, generate
from tests.simulator.player import Player
from tests.simulator.shrinking import verdict

HANDS: tuple[Step, ...] = (
    *[("hand",)] * 6,
    *[("run",), ("crash",), ("declare",), ("set",)] * 2,
    *[("remove",), ("rename",), ("quiet rename",), ("fault",), ("retry",), ("time",)],
)
QUICK = range(7000, 7120)
THOROUGH = range(8000, 10000)


def hands(seed: int) -> History:
    return generate(seed, focus=HANDS)


def no_law_is_broken(seeds: Iterable[int]) -> None:
    for seed in seeds:
        found = verdict(hands(seed))
        assert found is None, f"seed {seed}: {found}\n{hands(seed)}"


def test_no_history_of_hands_breaks_a_law() -> None:
    no_law_is_broken(QUICK)


@pytest.mark.slow
def test_thousands_of_histories_of_hands_break_no_law() -> None:
    no_law_is_broken(THOROUGH)


def test_a_day_that_is_used_up_keeps_nothing_running_that_a_person_has_cancelled() -> None:
    steps: tuple[Step, ...] = (
        ("declare", "a", 0),
        ("crash", 12),
        ("fault", "cancel", "error before"),
        ("hand", "a", 8),
        ("declare", "a", 1),
    )
    history = History("openai", None, None, steps, "thin lists", per_day=1)
    assert verdict(history) is None


def test_the_histories_do_cancel_by_hand() -> None:
    stopped = 0
    for seed in QUICK[:40]:
        player = Player(hands(seed))
        player.walk(hands(seed).steps)
        player.stop()
        state = player.world.state()
        kept: list[Record] = [one for one in state.fine_tunes.values() if one.cancelled_by_hand]
        stopped += bool(kept)
    assert stopped > 10


@pytest.mark.parametrize("rows", [DECLARED, UNREAD, UNDECLARED], ids=["declared", "unread", "undeclared"])
def test_the_row_that_stops_it_is_in_every_part_of_the_table(rows: tuple[Row, ...]) -> None:
    assert stopped_by_hand in [row.decide for row in rows]


def test_without_the_row_that_stops_it_a_law_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftops.planner.decision.stop_message", lambda s: None)
    assert any(verdict(hands(seed)) for seed in range(7000, 7400))


def test_without_the_gate_and_the_row_that_holds_it_a_law_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftops.planner.decision.hold_message", lambda s: None)
    monkeypatch.setattr(planner, "gate_on_hand", lambda situation, decision: decision)
    assert any(verdict(hands(seed)) for seed in range(7000, 7400))
