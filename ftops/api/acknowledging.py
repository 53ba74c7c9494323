"""What somebody knows: an acknowledged failure raises no alarm until it changes, or its time is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ftops.api.session import Session
from ftops.api.state_access import StateAccess
from ftops.api.state_edit import Proposal, StateEdit, edit
from ftops.errors import FtopsError, UsageError
from ftops.model.ack import LONGEST_SECONDS, MOST_BY, MOST_REASON, Ack
from ftops.model.change import Action, Change, Reason
from ftops.model.duration import duration
from ftops.model.nearest import did_you_mean
from ftops.model.plan import Plan
from ftops.model.value import replace
from ftops.report.words import cut, printable
from ftops.review.alarms import can_be_acknowledged, failure_of, raises_alarm
from ftops.review.selection import Selection, unknown_name
from ftops.state.holder import acting


def acknowledge(session: Session, names: Sequence[str], seconds: float, reason: str) -> StateEdit:
    """Note that what is wrong with these fine-tunes now is known, for so long; all of them or none.

    It decides over alarms alone: nothing is created, cancelled, lifted or sent. Raises UsageError for a name
    that nobody knows, a time or a reason that cannot be; FtopsError where there is nothing to acknowledge.
    """
    _require(names, seconds, reason)

    def propose(_: bytes | None) -> Proposal:
        stored = session.manager.read()
        # As an unattended round plans: it is its alarm.
        reviewed = session.plan(Selection(patient=True, defers=True))
        at = session.clock.now()
        by = cut(printable(acting(session.surroundings.environ)), MOST_BY)
        present = session.present(stored)
        made = {
            name: Ack(_failures(reviewed.plan, name), reason.strip(), by, at, at + seconds) for name in names
        }
        words = f"{', '.join(made)}: acknowledged for {duration(seconds)}; nothing else is changed"
        return Proposal(words, replace(present, acks={**present.acks, **made}), stored)

    return _done(edit(session, "ack", propose, backup=False))


def unacknowledge(access: StateAccess, names: Sequence[str]) -> StateEdit:
    """Forget what was acknowledged of these fine-tunes, expired or not: they raise the alarm again.

    Raises FtopsError for a name of which nothing is acknowledged.
    """
    if not names:
        raise UsageError("name the fine-tunes that are to raise the alarm again")

    def propose(_: bytes | None) -> Proposal:
        state = access.existing()
        for name in names:
            if name not in state.acks:
                hint = did_you_mean(name, state.acks) or "see `ftops ack --list`"
                raise FtopsError(f"nothing of {name} is acknowledged", hint=hint)
        left = {name: ack for name, ack in state.acks.items() if name not in names}
        words = f"{', '.join(names)}: no longer acknowledged; nothing else is changed"
        return Proposal(words, replace(state, acks=left), state)

    return _done(edit(access, "ack", propose, backup=False))


def acknowledgements(access: StateAccess) -> Mapping[str, Ack]:
    """Return what is acknowledged, by name, expired or not. Asks no provider."""
    return dict(sorted(access.manager.read().acks.items()))


def _require(names: Sequence[str], seconds: float, reason: str) -> None:
    if isinstance(names, str) or not names:
        raise UsageError("name the fine-tunes whose failure is known")
    if not 0 < seconds <= LONGEST_SECONDS:
        longest = round(LONGEST_SECONDS / 86_400)
        raise UsageError(f"a failure is acknowledged for more than 0 and at most {longest} days")
    text = reason.strip()
    if not text:
        raise UsageError(
            "an acknowledgement needs a reason", hint="say what is known, or where it is discussed"
        )
    if not text.isprintable():
        raise UsageError("the reason must be one line, without control characters")
    if len(text) > MOST_REASON:
        raise UsageError(f"the reason has {len(text)} characters, more than {MOST_REASON}")


def _failures(plan: Plan, name: str) -> tuple[str, ...]:
    """Return what is wrong with a name. Raises where that is nothing, or not its own failure."""
    mine = [change for change in plan.changes if change.name == name]
    if not mine:
        raise unknown_name(name, (change.name for change in plan.changes))
    found = sorted({failure_of(change) for change in mine if can_be_acknowledged(change)})
    if not found:
        raise FtopsError(
            f"nothing of {name} can be acknowledged: {_why_not(mine)}", hint="nothing was changed"
        )
    return tuple(found)


def _why_not(changes: Iterable[Change]) -> str:
    for change in changes:
        if raises_alarm(change):
            return f"{change.message} (that is trouble of the provider, not of one fine-tune)"
        if change.reason is Reason.UPSTREAM:
            return f"{change.message}; acknowledge that one"
        if change.action is Action.HOLD:
            return f"it is held ({change.reason.value}), which raises no alarm"
    return "nothing is wrong with it"


def _done(edited: StateEdit | None) -> StateEdit:
    if edited is None:
        raise ValueError("an edit that always proposes something did not")
    return edited
