"""The lock of Terraform's HTTP state protocol: who holds it is only told to whoever asks for it in vain.

So every look is an attempt to lock under an ID that is thrown away, undone at once should it be granted.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from msgspec import Struct

from ftops.errors import LeaseLost, StateError, StateUncertain
from ftops.model.value import replace
from ftops.state.backend import Holder, silent
from ftops.state.backends.http_lock_info import LOOK, LockInfo, Refusal, known_as, lock_info, refusal_of
from ftops.state.backends.http_requests import Reply, Requests
from ftops.state.backends.shared_check import SharedCheck

BREAK = "this protocol's lock never expires: if its run is dead, break it with `ftops state unlock {id}`"

_LATER = "if later runs find it locked by this one, break the lock with the ID in their message"

_HELD = frozenset({409, 423})
_NO_LOCKS = frozenset({400, 404, 405, 410, 501})


class LockRoutes(Struct, frozen=True):
    """Where the lock is taken and given back, and how. `by_query`: an unlock has its ID there too."""

    lock_method: str
    lock_url: str
    unlock_method: str
    unlock_url: str
    by_query: bool = False


class Grant(Struct, frozen=True):
    """A lock that was granted. `clock_ahead`: seconds of our clock before the server's.

    `known_as` is the ID that others are told, and type to break it: our own where the server keeps our words.
    """

    info: LockInfo
    clock_ahead: float | None
    known_as: str = ""


class HttpLock:
    """The lock of one state on its server.

    `us` describes this process, for whoever meets a look of ours; `wall` is Unix seconds.
    """

    def __init__(
        self,
        location: str,
        requests: Requests,
        routes: LockRoutes,
        us: Callable[[str], Holder],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._location = location
        self._requests = requests
        self._routes = routes
        self._us = us
        self._wall = wall

    def take(self, holder: Holder) -> Grant | Refusal:
        """Take the lock, and prove that the server keeps it. Raises StateError for one that does not.

        Each time under an ID of its own, so that no lease is ever taken for another one of its holder.
        """
        info = lock_info(holder)
        try:
            answer = self._attempt(info)
        except StateUncertain as doubt:
            return self._settled(info, doubt)
        if isinstance(answer, Refusal):
            return answer
        try:
            other = self.look()
        except StateError:
            self._undo(info)
            raise
        if other is None:
            self._undo(info)
            raise StateError(
                f"{self._location} grants its lock twice: two runs could both create jobs",
                hint="keep the state on a server whose LOCK refuses a second holder with 423 or 409",
            )
        if other.id != info["ID"]:
            if not other.id:
                self._undo(info)
            raise StateError(
                f"{self._location} does not tell truly who holds its lock: a run could never be sure of it",
                hint="keep the state on a server whose 423 or 409 has the holder's lock info as its body",
            )
        return replace(answer, known_as=known_as(other))

    def look(self) -> Refusal | None:
        """Return who holds the lock, None if nobody does. Raises StateError where that cannot be known.

        Asks twice if the first reply is lost; being refused because of the first one means it was free.
        """
        info = lock_info(self._us("look at the lock"), LOOK + str(uuid.uuid4())[len(LOOK) :])
        try:
            answer = self._attempt(info)
        except StateUncertain:
            answer = self._attempt(info)
        if isinstance(answer, Refusal) and answer.id != info["ID"]:
            return answer
        self.unlock(info)
        return None

    def unlock(self, info: LockInfo) -> bool:
        """Return a lock back, in up to two tries; False if the server says that it is not this one's.

        Raises StateError when it may still be there. Some servers free whatever is held: look before.
        """
        try:
            reply = self._unlock_once(info)
        except StateUncertain:
            # Refused at the second try, it was freed at the first.
            self._unlock_once(info)
            return True
        return reply.good

    def _unlock_once(self, info: LockInfo) -> Reply:
        routes, url = self._routes, self._routes.unlock_url
        if routes.by_query:
            # GitLab frees anybody's lock if no ID comes along, and a proxy may drop the body of a DELETE.
            url += ("&" if "?" in url else "?") + "ID=" + quote(str(info["ID"]), safe="")
        reply = self._requests.send(
            routes.unlock_method, url, doing="unlock", body=json.dumps(dict(info)).encode()
        )
        if reply.good or reply.status in _HELD:
            return reply
        raise self._requests.refused("unlock", reply)

    def _attempt(self, info: LockInfo) -> Grant | Refusal:
        routes = self._routes
        reply = self._requests.send(
            routes.lock_method, routes.lock_url, doing="lock", body=json.dumps(dict(info)).encode()
        )
        if reply.good:
            return Grant(info, self._clock_ahead(reply))
        if reply.status in _HELD:
            return refusal_of(reply, info)
        if reply.status in _NO_LOCKS:
            raise StateError(
                f"{self._location} does not lock (answer {reply.status}): two runs could both create jobs",
                hint="check the address; if the server locks in another way, set TF_HTTP_LOCK_ADDRESS, "
                "TF_HTTP_LOCK_METHOD and the same of UNLOCK, as for Terraform",
            )
        raise self._requests.refused("lock", reply)

    def _settled(self, info: LockInfo, doubt: StateUncertain) -> Grant | Refusal:
        """Find out what became of an attempt whose reply was lost: else the lock could be ours for ever."""
        hint = f"{doubt.hint}; {_LATER}"
        try:
            other = self.look()
        except StateError as error:
            raise StateError(doubt.message, hint=hint) from error
        if other is None:
            raise StateError(doubt.message, hint=hint) from doubt
        return Grant(info, None, known_as(other)) if other.id == info["ID"] else other

    def _undo(self, info: LockInfo) -> None:
        try:
            self.unlock(info)
        except StateError as error:
            raise StateError(error.message, hint=f"{error.hint}; {_LATER}") from error

    def _clock_ahead(self, reply: Reply) -> float | None:
        try:
            return self._wall() - parsedate_to_datetime(reply.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError, OverflowError):
            return None


class HttpLease:
    """A held lock, which only its release ends, or a person who breaks it.

    `tell` hears, after a release that failed, how the lock comes free.
    """

    def __init__(
        self, location: str, lock: HttpLock, grant: Grant, tell: Callable[[str], None] = silent
    ) -> None:
        self._location = location
        self._lock = lock
        self._grant = grant
        self._over: str | None = None
        self._taken_away = False
        self._released = False
        self._checked = SharedCheck(self._ask)
        self._tell = tell

    @property
    def id(self) -> str:
        """The ID under which the server knows the lock."""
        return str(self._grant.info["ID"])

    @property
    def ended(self) -> bool:
        """Return whether it was released, or is another's."""
        return self._released or self._taken_away

    @property
    def expires_at(self) -> float | None:
        """Never."""
        return None

    @property
    def clock_ahead(self) -> float | None:
        """Compare with the Date of the reply to LOCK, which has whole seconds."""
        return self._grant.clock_ahead

    def check(self) -> None:
        """Ask the server, in one round trip for all threads that ask at once."""
        if self._over is None:
            self._checked()
        if self._over is not None:
            raise self._lost()

    def still_there(self) -> bool:
        """Return whether the server keeps the lock for us, even if that could not be proven before.

        Raises StateError when it cannot be known.
        """
        holding = self._lock.look()
        if holding is not None and holding.id == self.id:
            return True
        self.take_away(f"is held by {holding.holder or 'another run'}" if holding else "was broken")
        return False

    def take_away(self, why: str) -> LeaseLost:
        """Note that the lock is not ours any more, and make the error for it."""
        self._taken_away = True
        self._over = self._over or f"the lock of {self._location} {why} while this run held it"
        return self._lost()

    def release(self) -> None:
        """Return it back, if it is still ours, in two tries."""
        if self.ended:
            self._released = True
            return
        self._released = True
        self._over = self._over or f"the lock of {self._location} was released"
        for again in (True, False):
            try:
                if self.still_there():
                    self._lock.unlock(self._grant.info)
            except StateError as error:
                if again:
                    continue
                self._tell(
                    f"the lock of {self._location} may be left behind: {error.message}; "
                    f"{BREAK.format(id=self._grant.known_as)}"
                )
            else:
                return

    def _ask(self) -> None:
        try:
            self.still_there()
        except StateError as error:
            self._over = self._over or f"the lock of {self._location} cannot be proven: {error.message}"

    def _lost(self) -> LeaseLost:
        return LeaseLost(self._over or "the lock is gone", hint="run ftops again")
