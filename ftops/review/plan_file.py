"""Bytes of a plan file <-> SavedPlan. What is read back was written by ftops and not changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import DecodeError, Struct
from msgspec import json as typed

from ftops.errors import FtopsError, NeedsPerson, Refused
from ftops.model.fingerprint import digest
from ftops.model.json_text import json_text
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.model.typed_json import Malformed
from ftops.review.plan_document import FORMAT_VERSION, parse_plan
from ftops.review.rules import OLDER_COMMIT

_AGAIN = "make it again with `ftops plan --out`"


class SavedPlan(Struct, frozen=True):
    """A plan that was written down. The digest guards against slips and bit rot: anybody can compute one.

    `plan` and `review` are for showing and comparing; what an apply does is planned anew.
    """

    plan: Plan
    review: Review
    applicable: bool
    document: Mapping[str, Any]

    def raise_unless_applicable(self, project: str) -> None:
        """Refuse a plan that was not to be applied when it was made, or is for another project."""
        if self.plan.project != project:
            raise FtopsError(
                f"the plan is for project {self.plan.project}, this is {project}",
                hint="apply it where it was made, or check -C",
            )
        if not self.applicable:
            rules = [found.rule for found in self.review.violations]
            why = (
                f"was refused when it was made ({', '.join(rules)})" if rules else "was to be looked at only"
            )
            refused = NeedsPerson if rules == [OLDER_COMMIT] else Refused
            raise refused(f"the plan {why} and cannot be applied", hint=_AGAIN)
        if not self.plan.bindings:
            raise FtopsError("the document is not bound to anything and cannot be applied", hint=_AGAIN)


def encode_plan_file(document: Mapping[str, Any]) -> bytes:
    """Write a plan document down."""
    return (json_text(document) + "\n").encode()


def decode_plan_file(data: bytes, location: str) -> SavedPlan:
    """Read a plan file back. Raises FtopsError, in one sentence, for anything that ftops did not write."""
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
    if document.get("errors"):
        raise FtopsError(f"{location} holds errors and no plan", hint=_AGAIN)
    try:
        plan, review = parse_plan(document)
    except Malformed as error:
        raise FtopsError(f"{location} is damaged or was edited: {error}", hint=_AGAIN) from error
    return SavedPlan(plan, review, document.get("applicable") is True, document)


def _check_digest(document: Mapping[str, Any], location: str) -> None:
    try:
        found = digest({key: value for key, value in document.items() if key != "digest"})
    except (RecursionError, ValueError) as error:
        raise FtopsError(f"{location} is not a plan file", hint=_AGAIN) from error
    if found != document.get("digest"):
        raise FtopsError(f"{location} was changed after it was written: its digest is wrong", hint=_AGAIN)
