"""Which holds raise the alarm of an unattended round, and which of them somebody has acknowledged. Pure.

An acknowledgement decides over alarms alone: no plan looks at it, so it creates, cancels and lifts nothing.
It is level-triggered: it names a failure, and where that is no longer there it simply covers nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence

from ftops.errors import ExitCode
from ftops.model.ack import Ack
from ftops.model.change import (
    INVALID_INPUT_REASONS,
    JOB_FAILED_REASONS,
    NEEDS_PERSON_REASONS,
    REFUSED_REASONS,
    RESTING_REASONS,
    TRIED_AGAIN_REASONS,
    Action,
    Change,
    Reason,
)
from ftops.model.event import ChangeResult, Outcome
from ftops.model.fingerprint import digest
from ftops.model.plan import Plan

_BY_CODE = (
    (ExitCode.ERROR, INVALID_INPUT_REASONS, True),
    (ExitCode.REFUSED, REFUSED_REASONS, False),
    (ExitCode.NEEDS_PERSON, NEEDS_PERSON_REASONS, True),
    (ExitCode.JOB_FAILED, JOB_FAILED_REASONS, False),
)
"""Exit code, reasons, and whether they count for whatever is done: else for a hold alone."""

_PROVIDERS_WORDS = frozenset({Reason.FAILED, Reason.REJECTED})
_COMMANDS = re.compile(r"`ftops [^`]*`")
_MEASURES = re.compile(
    r"(?<![\w.-])\$?\d+(?:[.,:-]\d+)*"
    r"(?: ?(?:%|(?:s|seconds|m|min|minutes|h|hours?|d|days?|w)\b)(?: ?\d+ ?(?:s|m|min|h)\b)*)?(?![\w-])"
)
"""Times, sums, counts and dates in sentences of ours: they go on while the failure is the same."""


def alarm_code(change: Change) -> ExitCode:
    """Return the exit code that it makes a round end with: 1, 3, 4 or 5; 0 where it raises no alarm."""
    held = change.action is Action.HOLD
    return next(
        (code for code, reasons, anyhow in _BY_CODE if change.reason in reasons and (held or anyhow)),
        ExitCode.NOTHING,
    )


def raises_alarm(change: Change) -> bool:
    """Return whether it makes the exit code of a round other than 0 and 2."""
    return alarm_code(change) is not ExitCode.NOTHING


def can_be_acknowledged(change: Change) -> bool:
    """Return whether it is a failure of one fine-tune.

    A provider that cannot be listed is none: it hides whatever else goes wrong there.
    """
    return raises_alarm(change) and change.reason not in RESTING_REASONS


def failure_of(change: Change) -> str:
    """Return the digest of what is wrong: reason, job, training, and the words for it without the name.

    What the provider says counts to the letter, what ftops says without times and sums. A job that runs
    beside the current one is its own failure, whatever is told of how far it is.
    """
    return digest([change.reason.value, change.job_id, change.fingerprint, *_words(change)]).removeprefix(
        "sha256:"
    )


def is_known(change: Change, acks: Mapping[str, Ack], now: float) -> bool:
    """Return whether somebody has acknowledged just this failure, and the time for it is not over."""
    ack = acks.get(change.name)
    return ack is not None and ack.in_force(now) and _covers(ack, change)


def alarms(
    plan: Plan, acks: Mapping[str, Ack], now: float, results: Sequence[ChangeResult] = ()
) -> tuple[Change, ...]:
    """Return what raises the alarm and nobody has acknowledged. `results` say what was settled just now."""
    made = {one.change.name for one in results if one.outcome is Outcome.DONE}
    return tuple(
        change
        for change in plan.changes
        if raises_alarm(change)
        and not (change.reason in TRIED_AGAIN_REASONS and change.name in made)
        and not is_known(change, acks, now)
    )


def unknown(plan: Plan, acks: Mapping[str, Ack], now: float) -> tuple[Change, ...]:
    """Return the changes of a plan without what somebody has acknowledged."""
    if not acks:
        return plan.changes
    return tuple(change for change in plan.changes if not is_known(change, acks, now))


def acknowledged(plan: Plan, acks: Mapping[str, Ack]) -> Mapping[str, Ack]:
    """Return by name what was acknowledged and is still wrong just so, also where the time is over.

    A name of which something else raises the alarm as well is not among them.
    """
    by_name: dict[str, list[Change]] = {}
    for change in plan.changes if acks else ():
        if change.name in acks and raises_alarm(change):
            by_name.setdefault(change.name, []).append(change)
    return {
        name: acks[name] for name, some in by_name.items() if all(_covers(acks[name], one) for one in some)
    }


def acknowledgements(plan: Plan, acks: Mapping[str, Ack], now: float) -> Iterator[str]:
    """Say of each acknowledged failure until when, by whom and why, one sentence each."""
    for name, ack in sorted(acknowledged(plan, acks).items()):
        words = acknowledged_words(ack.until, ack.by, ack.reason, expired=not ack.in_force(now))
        yield f"{name}: {words}"


def acknowledged_words(until: float, by: str, reason: str, *, expired: bool) -> str:
    """Say until when, by whom and why a failure is acknowledged, or that the time is over."""
    day = time.strftime("%Y-%m-%d", time.gmtime(until))
    if expired:
        return f"what {by} acknowledged until {day} raises the alarm again: {reason}"
    return f"acknowledged until {day} by {by}: {reason}"


def worth_keeping(
    plan: Plan, acks: Mapping[str, Ack], now: float, *, everything: bool
) -> tuple[Mapping[str, Ack], bool]:
    """Return the acknowledgements without those that are over, and whether the time of one of them is.

    `everything`: the plan is about the whole project. Only then, and with every provider listed, does it show
    that a failure is gone.
    """
    about = {change.name for change in plan.changes}
    in_time = {name: ack for name, ack in acks.items() if ack.in_force(now) or name not in about}
    expired = len(in_time) < len(acks)
    if not (everything and plan.complete):
        return in_time, expired
    still = {
        change.name for change in plan.changes if change.name in acks and _covers(acks[change.name], change)
    }
    return {name: ack for name, ack in in_time.items() if name in still}, expired


def _covers(ack: Ack, change: Change) -> bool:
    return can_be_acknowledged(change) and failure_of(change) in ack.what


def _words(change: Change) -> Iterator[str]:
    if change.problems:
        yield from map(str, change.problems)
    elif change.reason in TRIED_AGAIN_REASONS:
        # What is told before is when it is tried again.
        yield _MEASURES.sub("", change.message.partition(": ")[2])
    elif change.reason in _PROVIDERS_WORDS:
        yield _COMMANDS.sub("", change.message)
    elif change.spec:
        yield _MEASURES.sub("", _COMMANDS.sub("", change.message))
