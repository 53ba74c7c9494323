"""Bytes of a plan file <-> SavedPlan. What is read back was written by ftops and not changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import DecodeError, Struct
from msgspec import json as typed

from ftops.errors import FtopsError, NeedsPerson, Problem, Refused
from ftops.model.commit import Commit
from ftops.model.fingerprint import digest
from ftops.model.json_text import json_text
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.model.typed_json import Malformed, converted
from ftops.review.plan_document import FORMAT_VERSION, parse_plan
from ftops.review.plan_signature import FIELD, raise_unless_signed, signed
from ftops.review.rules import OLDER_COMMIT

COMMITS = "commits"
"""The binding that names the commits which the plan is a review of."""

_LIFTING = (("allow_empty", "--allow-empty"), ("allow_older", "--allow-older"))

_AGAIN = "make a new one with `ftops plan --out`"


class SavedPlan(Struct, frozen=True):
    """A plan read from a file. The digest guards against mistakes and bit rot: anybody can compute one.

    `plan` and `review` are for showing and comparing; what an apply does is planned again. `signed`: its
    signature was looked at, and is right.
    """

    plan: Plan
    review: Review
    applicable: bool
    document: Mapping[str, Any]
    signed: bool = False

    def raise_unless_applicable(self, project: str) -> None:
        """Refuse a plan that was not to be applied when it was made, or is for another project."""
        if self.plan.project != project:
            raise FtopsError(
                f"the plan is for project {self.plan.project}, this is {project}",
                hint="apply it where it was made, or check -C",
            )
        if self.plan.offline:
            raise Refused(
                "the plan was made offline: no provider was asked, so that it can only be looked at",
                hint=_AGAIN,
            )
        if not self.applicable:
            rules = [found.rule for found in self.review.violations]
            why = (
                f"was refused when it was made ({', '.join(rules)})" if rules else "was made for viewing only"
            )
            refused = NeedsPerson if rules == [OLDER_COMMIT] else Refused
            raise refused(f"the plan {why} and cannot be applied", hint=_AGAIN)
        if not self.plan.bindings:
            raise FtopsError("the document is not bound to anything and cannot be applied", hint=_AGAIN)

    def raise_unless_of(self, commit: str) -> None:
        """Refuse a plan of another commit than this one, which was reviewed."""
        commits = self.plan.bindings.get(COMMITS)
        if isinstance(commits, list | tuple) and commit in commits:
            return
        made = self.plan.facts.commit
        raise NeedsPerson(
            f"the plan was made at {f'commit {made}' if made else 'no commit that is known'}, "
            f"and {commit[:12]} is what was reviewed",
            hint="make a new one with `ftops plan --out` and review it",
        )

    def raise_if_lifting(self) -> None:
        """Refuse a plan that lifts what the project forbids, where nothing proves who made it."""
        selection = self.plan.bindings.get("selection")
        chosen = selection if isinstance(selection, Mapping) else {}
        lifts = [*map(str, lifted)] if isinstance(lifted := chosen.get("lifted"), Mapping) else []
        lifts += [words for key, words in _LIFTING if chosen.get(key)]
        if lifts and not self.signed:
            raise Refused(
                f"in CI an unsigned plan lifts no limit, and this one does ({', '.join(lifts)})",
                hint="set FTOPS_PLAN_KEY where plans are made and where they are applied",
            )


class NotPlanned(FtopsError):
    """The document of a run that could not make a plan; it says why."""

    def __init__(self, message: str, document: Mapping[str, Any]) -> None:
        super().__init__(message, hint=_AGAIN)
        self.document = document

    def why(self) -> Failure:
        """Return what went wrong. Raises Malformed."""
        return converted(self.document, Failure)


class Failure(Struct, frozen=True):
    """What a run says that could not make a plan; of what is None not even that is known."""

    project: str | None
    errors: tuple[Problem, ...]
    commit: Commit | None = None


def encode_plan_file(document: Mapping[str, Any], key: bytes | None = None) -> bytes:
    """Encode a plan document; with a key, signed."""
    return (json_text(signed(document, key) if key else document) + "\n").encode()


def decode_plan_file(data: bytes, location: str, key: bytes | None = None) -> SavedPlan:
    """Read a plan file back. Raises FtopsError, in one sentence, for anything that ftops did not write.

    With a key, Refused for what was not signed with it. Without one a signature is not looked at.
    """
    try:
        document = typed.decode(data)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FtopsError(f"{location} is not a plan file: it is not valid JSON", hint=_AGAIN) from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or "changes" not in document:
        raise FtopsError(f"{location} is not a plan file", hint=_AGAIN)
    if version > FORMAT_VERSION:
        raise FtopsError(
            f"{location} was written by a newer ftops (format {version}, this one knows {FORMAT_VERSION})",
            hint="upgrade ftops",
        )
    _check_digest(document, location)
    if key is not None:
        raise_unless_signed(document, key, location)
    if document.get("errors"):
        raise NotPlanned(f"{location} holds errors, not a plan", document)
    try:
        plan, review = parse_plan(document)
    except Malformed as error:
        raise FtopsError(f"{location} is damaged or was edited: {error}", hint=_AGAIN) from error
    return SavedPlan(plan, review, document.get("applicable") is True, document, signed=key is not None)


def _check_digest(document: Mapping[str, Any], location: str) -> None:
    try:
        found = digest({key: value for key, value in document.items() if key not in ("digest", FIELD)})
    except (RecursionError, ValueError) as error:
        raise FtopsError(f"{location} is not a plan file", hint=_AGAIN) from error
    if found != document.get("digest"):
        raise FtopsError(f"{location} was changed after it was written: its digest is wrong", hint=_AGAIN)
