"""What happens within a round is heard twice: by whoever is told of it, and as a sign of life."""

from __future__ import annotations

from ftops.api.surroundings import Surroundings
from ftops.cli.metrics_options import measured
from ftops.controller.instruments import Instruments
from ftops.model.event import Event, EventKind


def test_an_upload_that_goes_on_is_told_and_shows_that_the_controller_lives() -> None:
    told: list[Event] = []
    now = [0.0]
    instruments = Instruments(None, 60.0, warn=lambda _: None, clock=lambda: now[0])
    within = measured(Surroundings({}, emit=told.append), instruments)
    event = Event(EventKind.UPLOADING, 0.0, "half of it")
    for _ in range(5):
        now[0] += 600.0
        within.emit(event)
        assert instruments.health.stuck is None
    assert told == [event] * 5
    now[0] += 6_000.0
    assert instruments.health.stuck == "nothing has moved for 6000 s"


def test_without_instruments_nothing_is_changed() -> None:
    within = Surroundings({})
    assert measured(within, None) is within
