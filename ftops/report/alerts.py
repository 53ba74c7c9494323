"""The one alert of a summary, and its facts: what a reader must not miss, and at most four things more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from ftops.errors import Problem
from ftops.model.change import Action, Change
from ftops.model.finetune import Source
from ftops.model.plan import Plan
from ftops.model.review import CostEstimate, Violation
from ftops.report.money import about_range, money, money_range
from ftops.report.next_steps import NEXT_BY_REASON
from ftops.report.summary import IDLE, Alert, Bullet, Data, Sum, Verdict
from ftops.report.summary_rows import idle_words, word_of
from ftops.report.verdicts import Told
from ftops.report.words import counted
from ftops.review.rule_changes import RULES_CHANGED, WEAKENED

_MOST_FACTS = 4
_MOST_FILES = 3
_NO_KEYS = (
    "A run without keys, such as one for a fork, compares files. Whether a job runs now, and would be "
    "stopped, is not known here."
)


def alert(told: Told) -> Alert | None:
    """Return the worst that is to be said, if there is anything."""
    verdict = told.verdict
    if verdict is Verdict.NOT_LOADED:
        return Alert("caution", "There is no plan.", bullets=tuple(map(_problem, told.problems)))
    if verdict is Verdict.NOT_PLANNED:
        lists = tuple(Bullet(name, why) for name, why in told.plan.incomplete.items())
        return Alert("caution", "Nothing could be planned.", "Nothing is created or cancelled.", lists)
    if verdict is Verdict.REFUSED:
        rules = tuple(map(violation_words, told.review.violations))
        return Alert("caution", "Apply will refuse this plan.", bullets=rules)
    if told.plan.offline:
        return Alert("note", "No provider was asked.", _NO_KEYS)
    if told.stopped_at_all:
        return _stopping(told.stopped_at_all)
    if told.held:
        return _holding(told.held)
    if told.total.unknown:
        causes = "; ".join(told.review.cost_unknown_because)
        many = "trainings" if told.total.unknown > 1 else "training"
        return Alert("warning", f"The cost of {told.total.unknown} {many} is unknown.", causes)
    changed = [one.message for one in told.review.warnings if one.rule in (RULES_CHANGED, WEAKENED)]
    if changed:
        bullets = tuple(Bullet("", message) for message in changed[1:])
        return Alert("warning", "The rules change.", f"{changed[0][0].upper()}{changed[0][1:]}.", bullets)
    return None


def _problem(problem: Problem) -> Bullet:
    source = Source(problem.file, problem.line or 0) if problem.file else None
    hint = f" ({problem.hint})" if problem.hint else ""
    return Bullet(problem.path or "", f"{problem.message}{hint}", source)


def violation_words(one: Violation) -> Bullet:
    """Say which rule, about what, and what to do."""
    named = not one.name or one.message.startswith(f"{one.name}: ")
    about = "" if named else f"{one.name}: "
    hint = f". {one.hint[0].upper()}{one.hint[1:]}" if one.hint else ""
    return Bullet(one.rule, f"{about}{one.message}{hint}", one.source)


def _stopping(stopped: Sequence[Change]) -> Alert:
    if len(stopped) == 1:
        by = ", by what was pending already" if stopped[0].brought is False else ""
        return Alert("warning", f"{stopped[0].name} is running and would be stopped{by}.", _loss(stopped[0]))
    bullets = tuple(Bullet(one.name, _loss(one)) for one in stopped)
    return Alert("warning", f"{len(stopped)} running jobs would be stopped.", bullets=bullets)


def _loss(change: Change) -> str:
    """Say how much of a job is lost, and what stays."""
    stays = "its last model stays" if change.serves is not UNSET else "it has made no model yet"
    if change.stopped is UNSET:
        return f"How much of it is lost is not known; {stays}."
    progress, spent = change.stopped.progress, change.stopped.spent
    at = "" if progress is None else f"It is at {progress:.0%}. ".replace("%", " %")
    lost = (
        "What is spent on it is unknown, and lost" if spent is None else f"{_begun(spent)} is spent and lost"
    )
    return f"{at}{lost}; {stays}."


def _begun(cost: CostEstimate) -> str:
    words = about_range(cost)
    return words[0].upper() + words[1:]


def _holding(held: Sequence[Change]) -> Alert:
    if len(held) == 1:
        one = held[0]
        return Alert("warning", f"{one.name} is held and needs a person.", _held_why(one))
    bullets = tuple(Bullet(one.name, _held_why(one)) for one in held)
    return Alert("warning", f"{len(held)} fine-tunes are held and need a person.", bullets=bullets)


def _held_why(change: Change) -> str:
    text = NEXT_BY_REASON.get(change.reason)
    return f"{change.message}. Next: {text.format(name=change.name)}" if text else f"{change.message}."


def facts(told: Told, raised: Alert | None) -> tuple[Bullet, ...]:
    """Return at most four facts, the most important first; what the alert says is not said again."""
    if told.problems or told.dark:
        return ()
    found = [*_cost_fact(told), *_stop_fact(told, raised), *_data_fact(told), *_pending_fact(told)]
    if any(change.action.effective or change.then for change in told.now):
        found += _kept_fact(told)
    return tuple(found[:_MOST_FACTS])


def _cost_fact(told: Told) -> Iterator[Bullet]:
    total, limit = told.total, told.review.max_cost
    if not total.trainings:
        return
    bound = f". Limit of one apply: {money(limit)}" if limit is not None else ""
    if total.known is None:
        yield Bullet("Cost", f"unknown for {counted(total.unknown, 'training')}{bound}")
        return
    least = "at least " if total.unknown else ""
    whole = f"{least}{money(total.known.low) if total.unknown else about_range(total.known)}"
    dark = f"; {total.unknown} of {total.trainings} unknown" if total.unknown else ""
    yield Bullet("Cost", f"{whole}{_when(told.plan, total)}{dark}{bound}")


def _when(plan: Plan, total: Sum) -> str:
    if plan.offline:
        return ", if all of them are trained"
    if not total.later:
        return ", at once"
    if not total.now:
        return f", for {total.later} that {'starts' if total.later == 1 else 'start'} later"
    now, later = (_part(known, total) for known in (total.known_now, total.known_later))
    starts = "starts" if total.later == 1 else "start"
    return f": {now} at once, {later} for {total.later} that {starts} later, when the base is ready"


def _part(known: CostEstimate | None, total: Sum) -> str:
    """Write a part of the sum as the sum itself is written: of one that is "at least", the least."""
    if known is None:
        return "an unknown part"
    return money(known.low) if total.unknown else money_range(known)


def _stop_fact(told: Told, raised: Alert | None) -> Iterator[Bullet]:
    if told.plan.offline:
        yield Bullet("Stops", "not known without keys")
    elif told.stopped_at_all and raised is not None and raised.severity == "caution":
        names = ", ".join(f"{one.name}{_short_loss(one)}" for one in told.stopped_at_all)
        yield Bullet("Stops", f"{counted(len(told.stopped_at_all), 'running job')}: {names}")
    elif told.held and told.stopped_at_all:
        yield Bullet("Held", f"{', '.join(one.name for one in told.held)}: a person is needed")


def _short_loss(change: Change) -> str:
    if change.stopped is UNSET or change.stopped.progress is None:
        return ""
    return f", at {change.stopped.progress:.0%}".replace("%", " %")


def _data_fact(told: Told) -> Iterator[Bullet]:
    if not told.data:
        return
    if len(told.data) <= _MOST_FILES:
        yield Bullet("Data", "; ".join(map(rows_in, told.data)))
        return
    touched = sum(one.rows.changed + one.rows.added for one in told.data)
    whole = sum(one.rows.after for one in told.data)
    yield Bullet("Data", f"{touched:,} of {whole:,} rows in {len(told.data)} files")


def rows_in(data: Data) -> str:
    """Say how much of a file differs: `5 of 480 rows in data/refunds.jsonl`."""
    rows = data.rows
    if rows.only_moved:
        return f"the order of {rows.after:,} rows in {rows.path}"
    touched = rows.changed + rows.added
    gone = f", {rows.removed:,} removed" if rows.removed else ""
    return f"{touched:,} of {rows.after:,} rows{gone} in {rows.path}"


def _pending_fact(told: Told) -> Iterator[Bullet]:
    total = told.pending_total
    if not told.pending or told.plan.base is None:
        return
    due = []
    if total.trainings:
        cost = about_range(total.known) if total.known is not None else "an unknown amount"
        least = "at least " if total.unknown and total.known is not None else ""
        due.append(f"{counted(total.trainings, 'training')} for {least}{cost}")
    if stopped := sum(1 for change in told.pending if change.stops is not None):
        due.append(f"stops {counted(stopped, 'running job')}")
    words = [word_of(change, offline=told.plan.offline) for change in told.pending]
    due += idle_words(words)
    done = "; the same apply does it" if any(word not in IDLE for word in words) else ""
    ref = told.plan.base.ref
    yield Bullet("Pending", f"{', '.join(due) or 'records only'}, due on {ref} before this branch{done}")


def _kept_fact(told: Told) -> Iterator[Bullet]:
    changes = told.plan.changes
    kept = sum(1 for change in changes if change.action is Action.KEEP)
    as_is = f"; {kept} of {len(changes)} fine-tunes as they are" if kept else ""
    yield Bullet("Kept", f"every finished model{as_is}")
