"""The state of an open project, to look into and to repair by hand."""

from __future__ import annotations

from collections.abc import Callable

from ftops.api.session import Session
from ftops.api.state_access import StateAccess, StateVersion, state_of
from ftops.api.state_edit import StateEdit
from ftops.api.state_migrate import migrate_state
from ftops.api.state_rebuild import rebuild_state
from ftops.api.state_surgery import break_lock, push_state, remove_record, rename_record, restore_state


class ProjectState:
    """What is recorded. Looks take no lock; whatever changes it does so as `ftops state` does.

    That is: under the lock, with a backup in `.ftops/backups/`, and without a question. All of it raises
    LockHeld, LeaseLost and StateError; then nothing is changed.
    """

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    @property
    def location(self) -> str:
        """Where it is stored; holds no credential."""
        return self._access().backend.location

    def pull(self, version: str | None = None) -> bytes:
        """Return the stored state as text, or an earlier one by its name, whether it can be read or not."""
        return self._access().pull(version)

    def history(self) -> tuple[StateVersion, ...]:
        """Return the versions that are still there, the stored one (`now`) first, then the newest."""
        return tuple(self._access().history())

    def mv(self, old: str, new: str) -> StateEdit:
        """Give the record of `old` the name `new`. In a manifest, `renamed_from` does this in review."""
        return rename_record(self._access(), old, new)

    def rm(self, name: str) -> StateEdit:
        """Forget a name: its job runs on, unwatched. Raises NeedsPerson while a create of it is in doubt."""
        return remove_record(self._access(), name)

    def push(self, data: bytes, *, force: bool = False) -> StateEdit:
        """Put a state, as `pull` returns it, in place of the stored one.

        Raises Refused for one of another lineage, or an older one, unless `force`.
        """
        return push_state(self._access(), (data, "the pushed state"), force=force)

    def restore(self, version: str) -> StateEdit:
        """Put an earlier version of the store in its place; jobs made since are found by their marks."""
        return restore_state(self._access(), version)

    def rebuild(self) -> tuple[str, ...]:
        """Record every job that carries this project's mark and that no record knows; a note of each name.

        Raises NeedsPerson where a provider cannot be listed to its end.
        """
        return rebuild_state(self._session())

    def migrate(self, url: str) -> StateEdit:
        """Copy the state to another store, compare, and leave a notice here: set `spec.state` to it next."""
        return migrate_state(self._access(), url)

    def unlock(self, lock_id: str | None = None) -> bool:
        """Break the lock of a run that is surely dead; False if nobody holds it.

        With `lock_id` that one alone. Raises NeedsPerson where another run has it, and where the lock comes
        free by itself when its holder ends.
        """
        return break_lock(self._access(), lock_id).broken

    def _access(self) -> StateAccess:
        return state_of(self._session())
