"""Every job that nobody manages, taken over at once: manifests first, then one write of the state.

A run that is killed in between leaves manifests of jobs that are not recorded. They hold (lookalike) and pay
nothing; the next import records their jobs under those names.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from ftops.api.adoption import ImportedJob
from ftops.api.intake import Arrival, Intake, Wanted, intake
from ftops.api.session import Session
from ftops.api.state_edit import Consent, Proposal, agreed, edit
from ftops.errors import FtopsError, NeedsPerson, StateUncertain
from ftops.files.confinement import confine
from ftops.files.fresh import write_new
from ftops.reconciler.loading import loaded_again


class PassedOver(Struct, frozen=True):
    """A job that was not taken over, and why."""

    job_id: str
    provider: str
    why: str


class Imported(Struct, frozen=True):
    """The jobs that were taken over, or would be, and those that were not."""

    jobs: tuple[ImportedJob, ...]
    passed_over: tuple[PassedOver, ...]


def look_at_all(session: Session, wanted: Wanted) -> tuple[Imported, str]:
    """Say what `import_all` would do now, as values and in words. Takes no lock and writes nothing."""
    found = intake(session, session.present(session.manager.read()), wanted)
    return _imported(session.root, found), found.words


def import_all(
    session: Session, wanted: Wanted, consent: Consent = agreed, nothing: Consent = agreed
) -> Imported:
    """Write a manifest for each unmanaged job and record it, so that the plan shows no change.

    `consent` is told what will be done, `nothing` why there is nothing to do. Raises NeedsPerson where a
    provider cannot be listed to its end, and Refused for what looks like another account; no file that is
    there is written over.
    """
    writing = _Writing(session)

    def propose(data: bytes | None) -> Proposal | None:
        session.refuse_frozen()
        stored = session.manager.read()
        writing.found = found = intake(session, session.present(stored), wanted)
        if data is None and found.marked:
            raise NeedsPerson(
                "there is no state, and jobs carry this project's mark",
                hint="run `ftops state rebuild` first: the import would begin another state",
            )
        return Proposal(found.words, found.state, stored) if found.arrivals else None

    def agree(words: str) -> None:
        consent(words)
        session.refuse_frozen()
        writing.write()

    session.refuse_frozen()
    try:
        edited = edit(session, "import", propose, agree)
    except StateUncertain:
        # The state may have the jobs: without their manifests, the next apply would cancel them.
        raise
    except FtopsError:
        writing.take_back()
        raise
    if edited is None:
        nothing(writing.found.words)
    return _imported(session.root, writing.found)


class _Writing:
    """The files of one import, under the lock."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._written: list[Path] = []
        self.found = Intake()

    def write(self) -> None:
        """Write every manifest, and make sure that the project sees what is to be recorded."""
        root, environ = self._session.root, self._session.surroundings.environ
        new = [one for one in self.found.arrivals if one.text is not None]
        for folder in {str(PurePosixPath(one.file).parent) for one in new}:
            confine(root, root / folder, f"the folder {folder}", environ)
        for one in new:
            self._write(root / one.file, one.text or "")
        self._session.loaded = loaded_again(self._session.loaded)
        seen = self._session.loaded.fingerprints
        unseen = [one for one in self.found.arrivals if seen.get(one.fine_tune.name) != one.fingerprint]
        if unseen:
            raise FtopsError(
                f"{unseen[0].file} would not be among the manifests of the project",
                hint="name its folder in spec.manifests of ftops.yaml; nothing was imported",
            )

    def _write(self, path: Path, text: str) -> None:
        try:
            write_new(path, text.encode())
        except OSError as error:
            message = f"cannot write {path}: {error.strerror or error}"
            raise FtopsError(message, hint="nothing was imported") from error
        self._written.append(path)

    def take_back(self) -> None:
        """Remove what was written, where nothing of it was recorded."""
        for path in self._written:
            path.unlink(missing_ok=True)


def _imported(root: Path, found: Intake) -> Imported:
    return Imported(
        tuple(_taken(root, found.arrivals)),
        tuple(PassedOver(job.id, job.provider, why) for job, why in found.passed_over),
    )


def _taken(root: Path, arrivals: Iterable[Arrival]) -> Iterable[ImportedJob]:
    return (ImportedJob(root / one.file, one.job.id, one.left_out) for one in arrivals)
