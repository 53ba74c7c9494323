"""The part of an open project that makes jobs its own, or says that they are not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ftops.api.acknowledging import acknowledge, unacknowledge
from ftops.api.adoption import ImportedJob, import_job, resolve, the_answer
from ftops.api.converting import Conversion, Target, convert, write_conversion
from ftops.api.importing import Imported, import_all, look_at_all
from ftops.api.intake import Wanted
from ftops.api.session import Session
from ftops.api.state_access import state_of
from ftops.api.state_edit import StateEdit
from ftops.errors import UsageError


class TakesOver:
    """What a person decides about jobs, as methods of Project."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._open = True

    def import_job(self, name: str, job_id: str, *, provider: str | None = None) -> ImportedJob:
        """Take over a job that exists: write its manifest and record it, so that a plan shows no change.

        `provider` defaults to the project's own. Raises FtopsError for a name that is declared, a job that is
        recorded, and one that does not say what it trains.
        """
        self._require_open()
        return import_job(self._session, name, job_id, provider)

    def resolve(
        self,
        name: str,
        *,
        job: str | None = None,
        not_mine: str | None = None,
        never_arrived: bool = False,
        retry: bool = False,
    ) -> StateEdit:
        """Clear a hold that only a person can, by one answer.

        A `job` is this name's, or is somebody else's (`not_mine`); its create never arrived; or what was
        refused or cancelled by hand may be tried again.
        """
        self._require_open()
        told = {"theirs": job, "not_mine": not_mine, "never_arrived": never_arrived, "retry": retry}
        return resolve(self._session, name, *the_answer(told))

    def acknowledge(self, *names: str, seconds: float, reason: str) -> StateEdit:
        """Note that what is wrong with these fine-tunes now is known: reconcile raises no alarm for it.

        For so many `seconds`, at most 90 days, and only until it changes. Nothing else is done or lifted.
        Raises FtopsError where nothing of a name can be acknowledged; then none is.
        """
        self._require_open()
        return acknowledge(self._session, names, seconds, reason)

    def unacknowledge(self, *names: str) -> StateEdit:
        """Let these fine-tunes raise the alarm again. Raises FtopsError where nothing is acknowledged."""
        self._require_open()
        return unacknowledge(state_of(self._session), names)

    def import_all(
        self, *, provider: str | None = None, since: float | None = None, dry_run: bool = False
    ) -> Imported:
        """Take over every job that runs or has made a model and that nobody manages, of one provider or all.

        `since` (Unix seconds) leaves out older ones. Of equal trainings the newest model is taken. With
        `dry_run` it only says what it would do. Raises NeedsPerson where a provider cannot be listed to its
        end; no file that is there is written over.
        """
        self._require_open()
        wanted = Wanted(provider, since)
        return look_at_all(self._session, wanted)[0] if dry_run else import_all(self._session, wanted)

    def convert(
        self,
        name: str,
        *,
        to: str | None = None,
        dialect: str | None = None,
        model: str | None = None,
        options: Mapping[str, Any] | None = None,
        write: bool = False,
    ) -> Conversion:
        """Return a declared fine-tune as the manifest of another provider `to`, or of a `dialect`.

        `model` is the base there, where no table names one, `options` its provider options. With `write` it
        becomes a file beside the old manifest, which stays; an open project sees it once it is opened again.
        Raises NeedsPerson then for one that would not be valid, and FtopsError where a file is there already.
        """
        self._require_open()
        root = self._session.root
        made = convert(root, name, Target(to, dialect, model, options or {}), time.time())
        if write:
            write_conversion(root, made, self._session.surroundings)
        return made

    def _opened(self) -> Session:
        self._require_open()
        return self._session

    def _require_open(self) -> None:
        if not self._open:
            raise UsageError("the project is closed", hint="use it inside `with ftops.open_project(...)`")
