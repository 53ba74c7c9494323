"""The legacy event stream: data-only server-sent events, and the faults that strike inside it.

`data: {event}` for each event as it comes, `data: [DONE]` when the job is over, then the connection is
closed: clients read until then. The faults that can be armed here are described in `faults`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.interference import current_strike, hang_up
from ftops.emulator.world.faults import Fault
from ftops.emulator.world.job import Job
from ftops.emulator.world.lifecycle import TERMINAL, status_at

POLL_SECONDS = 0.02
DONE = b"data: [DONE]\n\n"

Show = Callable[[Job, float], list[dict[str, Any]]]
"""A wire format's way to show the events of a job by an emulated time, oldest first."""


class CutShort(Exception):
    """The stream ends here, in good order and without `[DONE]`."""


def stream_events(emulator: Emulator, job: Job, show: Show) -> Iterator[bytes]:
    """Send the events so far, then each new one, until the job is over or the emulator stops."""
    fault = current_strike().momentary
    sent = 0
    try:
        yield from _disturbance(fault, [], 0)
        while not emulator.stopping.is_set():
            current = emulator.jobs.find(job.id, job.family) or job
            now = emulator.clock.now()
            events = show(current, now)
            for event in events[sent:]:
                sent += 1
                yield from _broken_within(fault, event, sent)
                yield _line(event)
                yield from _disturbance(fault, events, sent)
            if status_at(current, now) in TERMINAL:
                yield DONE
                return
            emulator.stopping.wait(POLL_SECONDS)
    except CutShort:
        return


def _line(event: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


def _broken_within(fault: Fault | None, event: dict[str, Any], number: int) -> Iterator[bytes]:
    """Cut the connection in the middle of an event, if that is what was asked for."""
    if fault is None or fault.kind != "cut_stream" or not fault.parameters["within"]:
        return
    if number == fault.parameters["events"] + 1:
        line = _line(event)
        yield line[: len(line) // 2]
        _cut()


def _disturbance(fault: Fault | None, events: list[dict[str, Any]], sent: int) -> Iterator[bytes]:
    """Return what a fault sends after so many events, or end the stream."""
    if fault is None or fault.parameters.get("events") != sent:
        return
    if fault.kind == "garbage_stream":
        yield fault.parameters["text"].encode() + b"\n\n"
    elif fault.kind == "error_stream":
        message, code = fault.parameters["message"], fault.parameters["code"]
        yield _line(refusals.server_error(500, message, code).body())
    elif fault.kind == "repeat_stream":
        yield from map(_line, events[:sent])
    elif fault.kind == "end_stream":
        raise CutShort
    elif fault.kind == "cut_stream" and not fault.parameters["within"]:
        _cut()


def _cut() -> None:
    hang_up()
    raise ConnectionAbortedError("cut by a fault")
