"""A job's events, one by one: from the lines of a stream, or from the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from ftops.model.job import JobEvent
from ftops.providers.flow import Flow, Unreadable
from ftops.providers.paging import Page, Pages, walked
from ftops.transport.error_words import error_in
from ftops.transport.exchange import LARGEST
from ftops.transport.loose_json import read_json

_DONE = "[DONE]"


class EventForm(Struct, frozen=True):
    """How a wire format tells events, and in which order its lists do."""

    decode: Callable[[Any], JobEvent]
    decode_page: Callable[[Any], Page]
    newest_first: bool


class EndedEarly(Unreadable):
    """A stream that was closed in good order without `[DONE]`: its end only if the job has ended."""


def read_stream(lines: Iterator[str], form: EventForm) -> Iterator[JobEvent]:
    """Yield the events of a stream as they come, or those of the JSON list that came in its place.

    A line that cannot be read is an event that says so, once the stream goes on behind it: the last one may
    be torn, and then Unreadable is raised, as for an error in the stream. Raises EndedEarly.
    """
    odd: str | None = None
    for line in lines:
        if line.lstrip()[:1] in ("{", "["):
            yield from _events_of_list([line, *lines], form)
            return
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data in ("", "null"):
            continue
        if odd is not None:
            yield _unread(odd)
            odd = None
        if data == _DONE:
            return
        event = _read(data, form)
        if isinstance(event, JobEvent):
            yield event
        else:
            odd = event
    if odd is not None:
        raise Unreadable(odd)
    raise EndedEarly("the stream ended early")


def told(pages: Pages, form: EventForm, since: str | None) -> Flow[Iterator[JobEvent]]:
    """Ask for a job's events: as a stream, or page after page, oldest first.

    `since` is the id of the last event that is known: where the newest come first, no page behind it is read.
    """
    opened = yield pages.first
    if opened.reply.lines is not None:
        return read_stream(opened.reply.lines, form)
    found: dict[str | int, JobEvent] = {}

    def take(page: Page) -> bool:
        read = read_events(page.items, form)
        found.update({event.id or len(found) + number: event for number, event in enumerate(read)})
        return since is None or since not in found or not form.newest_first

    yield from walked(pages, take, given=opened)
    ordered = list(found.values())
    if form.newest_first:
        ordered.reverse()
    if since in found:
        ordered = ordered[[event.id for event in ordered].index(since) + 1 :]
    return iter(ordered)


def read_events(items: Iterable[Any], form: EventForm) -> list[JobEvent]:
    """Read the events of a page; one that cannot be read hides no other."""
    events = []
    for item in items:
        try:
            events.append(form.decode(item))
        except Unreadable as error:
            events.append(_unread(str(error)))
    return events


def _read(data: str, form: EventForm) -> JobEvent | str:
    """Read one event, or say why it is none. Raises Unreadable where the server says that it failed."""
    try:
        body = read_json(data)
    except ValueError:
        return "a line of the stream is not JSON"
    if error := error_in(body):
        raise Unreadable(f"the stream ended with {error}")
    try:
        return form.decode(body)
    except Unreadable as error:
        return str(error)


def _events_of_list(lines: Iterable[str], form: EventForm) -> Iterator[JobEvent]:
    text, size = [], 0
    for line in lines:
        text.append(line)
        size += len(line)
        if size > LARGEST:
            raise Unreadable(f"it is larger than {LARGEST // 2**20} MiB")
    try:
        body = read_json("\n".join(text))
    except ValueError as error:
        raise Unreadable("it is neither a stream nor JSON") from error
    events = read_events(form.decode_page(body).items, form)
    yield from reversed(events) if form.newest_first else events


def _unread(why: str) -> JobEvent:
    return JobEvent(None, "warn", f"an event that cannot be read: {why}")
