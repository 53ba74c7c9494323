"""What a plan trains that will not last: warned of, and refused within a horizon or where nothing is taken.

A create is paid whether or not its model can still be used: better no job than one whose model ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct, field

from ftops.model.change import Change
from ftops.model.finetune import FineTune, Method, root_model
from ftops.model.observation import ProviderFacts
from ftops.model.plan import Plan
from ftops.model.retirement import ANY_MODEL, Ending, Precision, What
from ftops.model.review import Violation, Warned
from ftops.review.endings import Calendar, closed, telling

A_YEAR = timedelta(days=366)
"""What ends later than this is not worth a line in every plan."""
MOST_NAMES = 5

RETIREMENT = "retirement"
CLOSED = "closed"
HORIZON = "retirement_horizon"


class Ends(Struct, frozen=True):
    """What retirement is judged by: the calendar, the providers, what is declared, and the day.

    `horizon` is how long a model has to last at least, in days; None asks for nothing.
    """

    today: date
    calendar: Calendar = Calendar()
    providers: Mapping[str, ProviderFacts] = field(default_factory=dict)
    fine_tunes: Mapping[str, FineTune] = field(default_factory=dict)
    horizon: float | None = None


class Trained(Struct, frozen=True):
    """What changes of a plan train alike: one base model at one provider, and what of it ends.

    `now` says whether some of it is created now, and not only later.
    """

    provider: str
    model: str
    names: tuple[str, ...]
    endings: tuple[Ending, ...]
    now: bool
    allow_closed: bool

    def __str__(self) -> str:
        listed = ", ".join(self.names[:MOST_NAMES])
        more = len(self.names) - MOST_NAMES
        return f"{listed} and {more} more" if more > 0 else listed


def trains(change: Change) -> bool:
    """Return whether a job is paid for it, now or later."""
    return change.action.creates or change.then is not None


def trained(plan: Plan, ends: Ends) -> Iterator[Trained]:
    """Group what is trained at a known service, in order of provider and model."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in plan.changes:
        facts = ends.providers.get(change.provider)
        if not trains(change) or facts is None or facts.service is None:
            continue
        fine_tune = ends.fine_tunes.get(change.name)
        if fine_tune is not None and (model := root_model(fine_tune, ends.fine_tunes)):
            method = str(change.spec.get("method") or Method.SUPERVISED)
            groups.setdefault((change.provider, model, method), []).append(change)
    for provider, model, method in sorted(groups):
        changes = groups[provider, model, method]
        facts = ends.providers[provider]
        endings = ends.calendar.endings(facts.service or "", provider, model, method)
        if endings:
            names = tuple(sorted(change.name for change in changes))
            now = any(change.action.creates for change in changes)
            yield Trained(provider, model, names, endings, now, facts.allow_closed)


def closed_creates(plan: Plan, ends: Ends) -> Iterator[Violation]:
    """Refuse, before anything is sent, what the provider itself says it takes from nobody any more.

    What only follows later is refused when its turn comes: until then it must not stop the rest of a plan.
    """
    for group in trained(plan, ends):
        end = _refused(group, ends.today)
        if end is None or not group.now:
            continue
        message = f"{group}: {_refusal(group, end)}, says {_source(end)}"
        hint = (
            f"train at another provider, or set allow_closed: true under {group.provider} in ftops.yaml "
            "if it still takes your jobs"
        )
        yield Violation(CLOSED, message, hint)


def within_horizon(plan: Plan, ends: Ends) -> Iterator[Violation]:
    """Refuse to pay for a model that ends sooner than the project's policy asks."""
    if ends.horizon is None:
        return
    until = ends.today + timedelta(days=ends.horizon)
    for group in trained(plan, ends):
        end = next((one for one in group.endings if one.what is What.TUNED and one.date < until), None)
        if end is None or (end.date <= ends.today and _refused(group, ends.today) is not None):
            continue
        message = (
            f"{group}: fine-tuned models of {group.model} at {group.provider} end {_when(end, ends.today)}, "
            f"and the horizon is {ends.horizon:g} days, says {_source(end)}"
        )
        yield Violation(HORIZON, message, f"train another base model, or lower policies.{HORIZON}")


def warnings(plan: Plan, ends: Ends) -> Iterator[Warned]:
    """Say of everything that is trained what ends when, within a year."""
    for group in trained(plan, ends):
        near = tuple(one for one in group.endings if one.date <= ends.today + A_YEAR)
        clauses = "; ".join(_clauses(near, ends.today))
        if clauses:
            sources = ", ".join(dict.fromkeys(_source(one) for one in near))
            message = f"{group} ({group.model} at {group.provider}): {clauses}. Source: {sources}"
            yield Warned(RETIREMENT, message, group.names, group.provider, group.model, near)


def ending_words(ending: Ending) -> str:
    """Say what ends, and for whom where not for everyone."""
    match ending.what:
        case What.CREATES:
            of = "" if ending.model == ANY_MODEL else f" on {ending.model}"
            whom = "" if ending.for_everyone else f" for {ending.applies_to}"
            return f"no new jobs{of}{whom}"
        case What.BASE:
            return f"the base model {ending.model}"
        case What.TUNED:
            return f"fine-tuned models of {ending.model}"


def _clauses(endings: Sequence[Ending], today: date) -> Iterator[str]:
    for one in telling(endings):
        over = one.date <= today
        if one.what is What.CREATES:
            yield f"{ending_words(one)} {_when(one, today, 'since' if over else 'from')}"
        else:
            verb = "ended" if over else "end" if one.what is What.TUNED else "ends"
            yield f"{ending_words(one)} {verb} {_when(one, today)}"


def _refused(group: Trained, today: date) -> Ending | None:
    return None if group.allow_closed else closed(group.endings, today)


def _refusal(group: Trained, end: Ending) -> str:
    by = "since" if end.precision is Precision.EXACT else "since at the latest"
    if end.what is What.TUNED:
        return f"{group.model} and its fine-tuned models ended at {group.provider} on {end.date}"
    return f"{group.provider} has taken no new jobs {by} {end.date}"


def _when(end: Ending, today: date, preposition: str = "on") -> str:
    """Write a day as it is meant, with how far off it is."""
    words = {Precision.NO_EARLIER_THAN: "not before", Precision.ON_OR_BEFORE: "by"}
    return f"{words.get(end.precision, preposition)} {end.date} ({away(end.date, today)})"


def away(when: date, today: date) -> str:
    """Write how far off a day is."""
    days = (when - today).days
    near = {1: "tomorrow", 0: "today", -1: "yesterday"}
    return near.get(days) or (f"in {days} days" if days > 0 else f"{-days} days ago")


def _source(end: Ending) -> str:
    sure = "" if end.confidence == "official" else f", {end.confidence}"
    return f"{end.source} (read {end.read}{sure})" if end.read else end.source
