"""A state on a server that speaks Terraform's HTTP state protocol, such as GitLab-managed state.

The protocol has no conditional write: a state is compared and replaced under the lock. The account is
TF_HTTP_USERNAME with TF_HTTP_PASSWORD; in GitLab CI, without a password, it is `gitlab-ci-token` with
CI_JOB_TOKEN, which goes to the GitLab of the job (CI_API_V4_URL) alone.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson

from ftops.errors import StateConflict, StateError, StateUncertain
from ftops.state.backend import Holder, Opening, Stored, silent
from ftops.state.backends.http_address import account_for, bare, parts_of, refuse_open_wire
from ftops.state.backends.http_answers import Reply, StateServer
from ftops.state.backends.http_lease import BREAK, Grant, HttpLease, HttpLock, LockRoutes
from ftops.state.backends.http_lock_info import Refusal
from ftops.state.backends.waiting import Patience
from ftops.state.holder import current_holder, lock_held
from ftops.transport.digest import arrived_whole

LARGEST = 512 << 20
"""Bytes of a state that is read."""

WRITE_PATIENCE = 30.0
"""Seconds that a write without a lease of its own waits for the lock."""

LOOK_PATIENCE = 3.0
"""Seconds that a look of somebody else at the lock is waited for, by whoever would not wait at all."""

_GITLAB = re.compile(r"/api/v4/projects/[^/]+/terraform/state/[^/]+")
_LOCKED_OUT = frozenset({409, 423})
_BY_CONDITION = frozenset({412, 422})
"""GitLab: 422 for a serial that it has already."""


class TerraformHttpBackend:
    """One address for the state, one for its lock. `gitlab` knows GitLab's own answers."""

    def __init__(  # noqa: PLR0913 - the parts that open_store makes, and two clocks
        self,
        location: str,
        routes: tuple[str, str],
        lock: HttpLock,
        server: StateServer,
        *,
        gitlab: bool = False,
        us: Callable[[str], Holder],
        patience: Patience = Patience(pause=1.0),  # noqa: B008 - frozen
        tell: Callable[[str], None] = silent,
    ) -> None:
        self._location = location
        self._update_method, self._url = routes
        self._lock = lock
        self._server = server
        self._gitlab = gitlab
        self._us = us
        self._patience = patience
        self._tell = tell
        self._lease: HttpLease | None = None

    @property
    def location(self) -> str:
        """The address without account and query."""
        return self._location

    @property
    def recovery(self) -> str:
        """Point at GitLab's own history; the protocol has none."""
        if self._gitlab:
            return "GitLab keeps earlier versions: Operate > Terraform states of the project, or its API"
        return "ask who runs the server for an earlier version"

    def read(self) -> Stored | None:
        """Fetch the state. A 404 is "none yet", as for Terraform, unless GitLab says otherwise."""
        with _certain():
            reply = self._server.send("GET", self._url, doing="read", most=LARGEST)
        missing = reply.status == 404 and not (self._gitlab and _wrong_address(reply))  # noqa: PLR2004 - HTTP's
        if reply.status == 204 or missing or (reply.status == 200 and not reply.body):  # noqa: PLR2004 - HTTP's
            return None
        if reply.status != 200:  # noqa: PLR2004 - HTTP's
            with _certain():
                raise self._server.refused("read", reply)
        if not reply.body[:64].lstrip().startswith(b"{"):
            raise StateError(
                f"cannot read the state {self._location}: what is there is not JSON, perhaps a login page",
                hint="check the address, TF_HTTP_USERNAME and TF_HTTP_PASSWORD",
            )
        if not arrived_whole(reply.headers, reply.body):
            raise StateError(
                f"the state {self._location} did not arrive as it was sent: its Content-MD5 does not match",
                hint="run ftops again; if this persists, a proxy on the way is changing it",
            )
        return Stored(reply.body, _version(reply.body))

    def write(self, data: bytes, expected: str | None) -> str:
        """Compare and replace under the lock: the lease that is held, else one for this moment.

        Raises LockHeld if another run has it, and LeaseLost, with nothing written, if it was broken.
        """
        self._refuse_no_json(data)
        with self._locked() as lease:
            current = self.read()
            if (current.version if current else None) != expected:
                changed = f"the state {self._location} was changed by another run since it was read"
                return self._own(data, current, changed)
            separator = "&" if "?" in self._url else "?"
            url = f"{self._url}{separator}ID={lease.id}"
            reply = self._server.send(self._update_method, url, doing="write", body=data)
            return self._written(reply, data, lease)

    def lock(self, holder: Holder, timeout: float) -> HttpLease:
        """Take the lock, trying again each second until `timeout` is over."""
        self._lease = self._leased(holder, timeout, self._patience)
        return self._lease

    def holder(self) -> Holder | None:
        """Return who holds the lock. The only way to look is to lock: a free one is taken for a moment."""
        with _certain():
            other = self._lock.look()
        if other is None:
            return None
        return other.holder or Holder("", "somebody", "unknown host", 0, "unknown operation", 0.0)

    def unlock(self, holder: Holder) -> None:
        """Break the lock if it is this holder's."""
        with _certain():
            other = self._lock.look()
            if other is None:
                return
            if other.holder is None or other.holder.id != holder.id:
                raise StateError(
                    f"the lock of {self._location} is held by {other.holder or 'an unknown run'}, "
                    f"not by {holder}",
                    hint="check again who holds it",
                )
            if not self._lock.unlock(other.info):
                raise StateError(
                    f"{self._location} does not release its lock {other.id}",
                    hint="somebody else may have just taken it: check again",
                )

    def explain_lock(self) -> str:
        """Say that it takes a person."""
        return BREAK.format(id="ID")

    def _leased(self, holder: Holder, timeout: float, patience: Patience) -> HttpLease:
        refused: list[Refusal] = []

        def attempt() -> Grant | None:
            answer = self._lock.take(holder)
            if isinstance(answer, Grant):
                return answer
            refused.append(answer)
            return None

        with _certain():
            grant = patience.until(attempt, timeout)
            if grant is None and refused[-1].passing:
                grant = patience.until(attempt, LOOK_PATIENCE)
        if grant is not None:
            return HttpLease(self._location, self._lock, grant, self._tell)
        found = refused[-1].holder
        hint = BREAK.format(id=found.id) if found else "wait for that run to end, or ask who runs the server"
        raise lock_held(self._location, found, hint)

    @contextmanager
    def _locked(self) -> Iterator[HttpLease]:
        """Use the lease if the server still keeps it, even one that could not be proven in between."""
        lease = self._lease
        with _certain():
            kept = lease is not None and not lease.ended and lease.still_there()
        if lease is not None and kept:
            yield lease
            return
        # Nobody ends this wait: what is to be written may be a job that is paid.
        moment = self._leased(self._us("write"), WRITE_PATIENCE, self._patience)
        try:
            yield moment
        finally:
            moment.release()

    def _written(self, reply: Reply, data: bytes, lease: HttpLease) -> str:
        if reply.status in _LOCKED_OUT:
            raise lease.take_away("was broken or taken by another run")
        if reply.status in _BY_CONDITION:
            refusal = self._server.refused("write", reply)
            return self._own(data, self.read(), refusal.message)
        # GitLab says 204 of an empty body, having stored nothing: then ours was lost on the way.
        if not reply.good or (self._gitlab and reply.status == 204):  # noqa: PLR2004 - HTTP's
            raise self._server.refused("write", reply)
        return _version(data)

    def _own(self, data: bytes, current: Stored | None, why: str) -> str:
        """Recognise what we wrote ourselves when only the reply was lost."""
        if current is not None and current.data == data:
            return current.version
        raise StateConflict(why, hint="run ftops again")

    def _refuse_no_json(self, data: bytes) -> None:
        try:
            fine = isinstance(orjson.loads(data), dict)
        except orjson.JSONDecodeError:
            fine = False
        if not fine:
            raise StateError(
                f"cannot write the state {self._location}: this protocol takes only a JSON object",
                hint="use another kind of store",
            )


@contextmanager
def _certain() -> Iterator[None]:
    """Keep a doubt about a lock or a read from looking like a doubt about a write."""
    try:
        yield
    except StateUncertain as error:
        raise StateError(error.message, hint=error.hint) from error


def _wrong_address(reply: Reply) -> bool:
    """Tell apart GitLab's 404 for a state and others: of a project, a path that is no API, a proxy."""
    told = reply.members.get("message")
    return not isinstance(told, str) or "project" in told.lower()


def _version(data: bytes) -> str:
    """Name a version by its content: the serial inside never repeats, so neither does this."""
    return hashlib.sha256(data).hexdigest()


def open_store(opening: Opening) -> TerraformHttpBackend:
    """Open an address. Raises StateError for an unfit one, Refused for one that CI may not turn to."""
    environ = opening.environ
    parts = parts_of(opening.url)
    location = opening.reference or f"{parts.scheme}://{bare(parts).netloc}{parts.path}"
    account = account_for(parts, opening, location)
    gitlab = _GITLAB.fullmatch(parts.path) is not None
    url = bare(parts).geturl()
    beside = bare(parts)._replace(path=f"{parts.path}/lock").geturl() if gitlab else url
    lock_url = environ.get("TF_HTTP_LOCK_ADDRESS") or beside
    unlock_url = environ.get("TF_HTTP_UNLOCK_ADDRESS") or environ.get("TF_HTTP_LOCK_ADDRESS") or beside
    for address in (url, lock_url, unlock_url):
        refuse_open_wire(parts_of(address), account)
    routes = LockRoutes(
        lock_method=environ.get("TF_HTTP_LOCK_METHOD") or ("POST" if gitlab else "LOCK"),
        lock_url=bare(parts_of(lock_url)).geturl(),
        unlock_method=environ.get("TF_HTTP_UNLOCK_METHOD") or ("DELETE" if gitlab else "UNLOCK"),
        unlock_url=bare(parts_of(unlock_url)).geturl(),
        by_query=gitlab,
    )

    def us(operation: str) -> Holder:
        return current_holder(operation, environ, time.time())

    hidden = f"the server of {opening.reference}" if opening.reference else None
    server = StateServer(location, account, environ, hidden=hidden)
    lock = HttpLock(location, server, routes, us)
    update = environ.get("TF_HTTP_UPDATE_METHOD") or "POST"
    return TerraformHttpBackend(
        location,
        (update, url),
        lock,
        server,
        gitlab=gitlab,
        us=us,
        patience=Patience(sleep=opening.sleep, pause=1.0),
        tell=opening.tell,
    )
