"""Sending what is due to those whom ftops.yaml names, and recording each outcome at once."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.api.session import Session
from ftops.applier.context import HeldLock
from ftops.errors import FtopsError
from ftops.model.event import Event, EventKind
from ftops.model.project import Setting, Target
from ftops.model.state import State
from ftops.model.transition import Delivery
from ftops.records.delivering import delivered, due, failed, without_target
from ftops.report.notifications import body, slack_body
from ftops.transport.notice import DELIVERY, SLACK, NotDelivered, Post, post, run
from ftops.transport.references import References, Unresolved
from ftops.transport.secret import Secret

LONGEST_SECONDS = 60.0
"""How long one round goes on sending: what is left goes out with the next one."""


def send_due(session: Session, state: State, lock: HeldLock) -> None:
    """Send what is due by the state as it is stored; whatever fails is a warning."""
    try:
        _Sending(session, lock).all(state)
    except FtopsError as error:
        _warn(session, f"notifications could not be recorded: {error.message}")


class _Sending:
    def __init__(self, session: Session, lock: HeldLock) -> None:
        self._session = session
        self._lock = lock
        surroundings = session.surroundings
        self._environ, self._vault = surroundings.environ, surroundings.vault
        self._references = References(self._environ, session.root, self._vault)
        self._targets: Mapping[str, Target] = {one.key: one for one in session.loaded.project.notify}
        self._until = session.clock.monotonic() + LONGEST_SECONDS

    def all(self, state: State) -> None:
        """Send in the order of what happened; a target that fails is left alone for this round."""
        now, resting = self._session.clock.now(), set[str]()
        settled = without_target(state, self._targets.keys(), now)
        for one in due(settled, now):
            target = self._targets.get(one.target)
            if target is None or one.target in resting:
                continue
            if self._session.stop.is_set() or self._session.clock.monotonic() > self._until:
                break
            why = self._attempt(target, one)
            if why is None:
                settled = delivered(settled, one, self._session.clock.now())
            else:
                resting.add(one.target)
                settled = failed(settled, one, why, self._session.clock.now())
                _warn(self._session, f"{target.place}: not delivered, tried again later: {why}")
            settled = state = self._written(settled)
        if settled != state:
            self._written(settled)

    def _written(self, state: State) -> State:
        self._lock.check()
        return self._session.manager.write(state)

    def _attempt(self, target: Target, delivery: Delivery) -> str | None:
        """Send once; return why it was not delivered, None where it was."""
        try:
            self._send(target, delivery)
        except (NotDelivered, Unresolved) as error:
            return self._vault.blank(str(error))
        except FtopsError as error:
            hint = f" ({error.hint})" if error.hint else ""
            return self._vault.blank(f"{error.message}{hint}")
        return None

    def _send(self, target: Target, delivery: Delivery) -> None:
        project, root = self._session.loaded.project.name, self._session.root
        told = body(project, delivery)
        if target.command:
            run(target.command, told, root, self._environ)
            return
        setting = target.webhook if target.webhook is not None else target.slack
        url = self._value(setting, target.place)
        secret = None
        if target.secret is not None:
            secret = Secret(self._value(target.secret, f"spec.notify[{target.index}].secret"), target.place)
        message = Post(
            url,
            target.place,
            told if target.slack is None else slack_body(project, delivery),
            {DELIVERY: delivery.id},
            reference=None if isinstance(setting, str) else str(setting),
            secret=secret,
            own=(SLACK,) if target.slack is not None else (),
        )
        post(message, self._environ)

    def _value(self, setting: Setting | None, field: str) -> str:
        """Return what a setting says. Whatever a reference leads to is a secret from now on."""
        if setting is None or isinstance(setting, str):
            return setting or ""
        value = self._references.resolve(setting)
        self._vault.add(Secret(value, field))
        return value


def _warn(session: Session, words: str) -> None:
    session.surroundings.emit(Event(EventKind.NOT_DELIVERED, session.clock.now(), f"Warning: {words}"))
