"""What of a project ends when: the calendar's endings with the fine-tunes that they concern, by date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from ftops.model.retirement import Ending, What
from ftops.review.endings import Calendar, telling


class Why(StrEnum):
    """What a fine-tune stands to lose: the next training, a running job, a model that serves."""

    DECLARED = "declared"
    RUNNING = "running"
    SERVING = "serving"


class Concern(Struct, frozen=True):
    """One fine-tune at one provider of the project. `model` is a base model, or one that is made of it."""

    name: str
    provider: str
    model: str
    method: str
    why: Why


class Due(Struct, frozen=True):
    """One end at one provider, and the fine-tunes that it concerns, each with why."""

    provider: str
    ending: Ending
    names: Mapping[str, tuple[Why, ...]]


def agenda(
    concerns: Iterable[Concern], services: Mapping[str, str | None], calendar: Calendar
) -> tuple[Due, ...]:
    """Return every end that concerns something, by date; `services` are those of the providers, by name.

    Who only trains loses new jobs and base models; what runs or serves loses the model that is made.
    """
    found: dict[tuple[str, Ending], dict[str, dict[Why, None]]] = {}
    for concern in concerns:
        service = services.get(concern.provider)
        if service is None:
            continue
        ends = calendar.endings(service, concern.provider, concern.model, concern.method)
        for ending in telling(ends):
            if ending.what is What.TUNED or concern.why is Why.DECLARED:
                names = found.setdefault((concern.provider, ending), {})
                names.setdefault(concern.name, {})[concern.why] = None
    dues = (
        Due(provider, ending, {name: tuple(sorted(whys)) for name, whys in sorted(names.items())})
        for (provider, ending), names in found.items()
    )
    return tuple(sorted(dues, key=lambda due: (due.ending.date, due.provider, due.ending.what)))
