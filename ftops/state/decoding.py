"""JSON of format version 1 -> values of the model, one function a value. `encoding` is its mirror.

Everything is checked: a slip of whoever edits a state by hand must not become a decision about money, and an
id must be one, so that nobody's sentences get into what is printed by way of it.
An unknown member is refused too, since the next write would lose it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from sys import intern
from typing import Any

from ftops.errors import About, RefusalKind
from ftops.model.change import FieldDifference
from ftops.model.commit import HASH, AppliedCommit, Commit
from ftops.model.finetune import Lifecycle, OnChange, OnRemove, Retry, RetryOn
from ftops.model.identifiers import is_digest, is_fingerprint, is_name, is_providers_id, is_sha256, is_word
from ftops.model.job import FailureClass, JobError, JobStatus
from ftops.model.refusal import Refusal
from ftops.model.state import (
    ArchivedRecord,
    Intent,
    ProviderMemory,
    Record,
    RecordedJob,
    RefusedUpload,
    SentRequest,
    State,
)
from ftops.state import members as take
from ftops.state.encoding import LIFECYCLE
from ftops.state.members import Form, Malformed, Members

__all__ = ["Malformed", "state"]

_STATE = frozenset(State.__struct_fields__)
_APPLIED = frozenset({*Commit.__struct_fields__, *AppliedCommit.__struct_fields__} - {"id"})
_RECORD = frozenset(Record.__struct_fields__)
_ARCHIVED = frozenset(ArchivedRecord.__struct_fields__)
_INTENT = frozenset(Intent.__struct_fields__)
_JOB = frozenset(RecordedJob.__struct_fields__)
_REQUEST = frozenset(SentRequest.__struct_fields__)
_DIFFERENCE = frozenset(FieldDifference.__struct_fields__)
_MEMORY = frozenset(ProviderMemory.__struct_fields__)
_ERROR = frozenset(JobError.__struct_fields__)
_REFUSAL = frozenset(Refusal.__struct_fields__)
_UPLOAD = frozenset(RefusedUpload.__struct_fields__)
_LIFECYCLE = frozenset(Lifecycle.__struct_fields__)
_RETRY = frozenset(Retry.__struct_fields__)


def state(document: Members) -> State:
    """Decode a document without its format version, and empty it. Raises Malformed.

    Each record's JSON is let go as soon as it is decoded, so that a large state is never held twice.
    """
    members = {"not_mine": {}, "providers": {}, **take.only(document, _STATE)}
    return State(
        project=take.formed(members, "project", _NAME),
        lineage=take.formed(members, "lineage", _WORD),
        serial=take.whole(members, "serial"),
        fine_tunes=take.emptied(members, "fine_tunes", _record, _NAME),
        archive=take.emptied(members, "archive", _archived, _NAME),
        datasets=take.emptied(members, "datasets", _file_ids, _WORD),
        not_mine=take.emptied(members, "not_mine", _job_ids, _WORD),
        providers=take.emptied(members, "providers", _memory, _WORD),
        applied=take.nested(members, "applied", _applied),
    )


def _applied(value: Any) -> AppliedCommit:
    members = take.only(value, _APPLIED)
    commit = take.text(members, "commit")
    if not re.fullmatch(HASH, commit):
        raise Malformed("commit", "must be a hash of git's")
    return AppliedCommit(
        Commit(commit, take.whole(members, "committed_at")),
        declares=take.formed(members, "declares", _DIGEST),
    )


def _record(value: Any) -> Record:
    members = take.only(value, _RECORD)
    return Record(
        provider=intern(take.formed(members, "provider", _WORD)),
        fingerprint=take.formed(members, "fingerprint", _FINGERPRINT),
        generation=take.whole(members, "generation"),
        attempt=take.whole(members, "attempt"),
        spec=take.mapping(members, "spec"),
        lifecycle=take.nested(members, "lifecycle", _lifecycle) or LIFECYCLE,
        labels=take.texts_by_name(members, "labels"),
        annotations=take.texts_by_name(members, "annotations"),
        integrations=tuple(take.array(members, "integrations")),
        intent=take.nested(members, "intent", _intent),
        job=take.nested(members, "job", _job),
        history=take.each(members, "history", _job),
        spent_nonces=take.each_formed(members, "spent_nonces", _WORD),
        requests=take.each(members, "requests", _request),
        cancelled_by_hand=take.each_formed(members, "cancelled_by_hand", _FINGERPRINT),
    )


def _archived(value: Any) -> ArchivedRecord:
    members = take.only(value, _ARCHIVED)
    return ArchivedRecord(
        generation=take.whole(members, "generation"),
        jobs=take.each(members, "jobs", _job),
        spent_nonces=take.each_formed(members, "spent_nonces", _WORD),
        requests=take.each(members, "requests", _request),
        cancelled_by_hand=take.each_formed(members, "cancelled_by_hand", _FINGERPRINT),
    )


def _intent(value: Any) -> Intent:
    members = take.only(value, _INTENT)
    return Intent(
        provider=intern(take.formed(members, "provider", _WORD)),
        nonce=take.formed(members, "nonce", _WORD),
        fingerprint=take.formed(members, "fingerprint", _FINGERPRINT),
        generation=take.whole(members, "generation"),
        attempt=take.whole(members, "attempt"),
        spec=take.mapping(members, "spec"),
        created_at=take.number(members, "created_at"),
        not_after=take.number(members, "not_after"),
        known=take.mapping(members, "known"),
        seen=take.each_formed(members, "seen", _PROVIDERS_ID),
        replied=take.optional_formed(members, "replied", _PROVIDERS_ID),
        absent_since=take.optional_number(members, "absent_since"),
        lapsed=take.flag(members, "lapsed"),
        withdrawn_at=take.optional_number(members, "withdrawn_at"),
        refusal=take.nested(members, "refusal", _refusal),
    )


def _refusal(value: Any) -> Refusal:
    members = take.only(value, _REFUSAL)
    return Refusal(
        kind=take.word(members, "kind", _REFUSALS),
        message=take.text(members, "message"),
        code=take.optional_text(members, "code"),
        about=take.word(members, "about", _ABOUT) if "about" in members else None,
        model=intern(take.text(members, "model")),
        first_at=take.number(members, "first_at"),
        last_at=take.number(members, "last_at"),
        retry_after=take.optional_number(members, "retry_after"),
    )


def _refused_upload(value: Any) -> RefusedUpload:
    members = take.only(value, _UPLOAD)
    return RefusedUpload(
        take.text(members, "message"), take.number(members, "at"), take.texts(members, "failed")
    )


def _job(value: Any) -> RecordedJob:
    members = take.only(value, _JOB)
    return RecordedJob(
        id=take.formed(members, "id", _PROVIDERS_ID),
        provider=intern(take.formed(members, "provider", _WORD)),
        fingerprint=take.formed(members, "fingerprint", _FINGERPRINT),
        generation=take.whole(members, "generation"),
        attempt=take.whole(members, "attempt"),
        nonce=take.optional_formed(members, "nonce", _WORD),
        status=take.word(members, "status", _STATUSES),
        created_at=take.optional_number(members, "created_at"),
        finished_at=take.optional_number(members, "finished_at"),
        model=take.optional_text(members, "model"),
        fine_tuned_model=take.optional_text(members, "fine_tuned_model"),
        trained_tokens=take.whole(members, "trained_tokens") if "trained_tokens" in members else None,
        error=take.nested(members, "error", _error),
        missing_since=take.optional_number(members, "missing_since"),
        cancel_requested=take.optional_number(members, "cancel_requested"),
        cancel_accepted=take.optional_number(members, "cancel_accepted"),
        detached=take.flag(members, "detached"),
        request=take.nested(members, "request", _request),
        altered=take.each(members, "altered", _difference),
        likeness=take.flag(members, "likeness"),
        accepted=take.flag(members, "accepted"),
    )


def _request(value: Any) -> SentRequest:
    members = take.only(value, _REQUEST)
    return SentRequest(
        provider=intern(take.formed(members, "provider", _WORD)),
        known=take.mapping(members, "known"),
        seen=take.each_formed(members, "seen", _PROVIDERS_ID),
    )


def _difference(value: Any) -> FieldDifference:
    members = take.only(value, _DIFFERENCE)
    return FieldDifference(take.text(members, "path"), members.get("before"), members.get("after"))


def _memory(value: Any) -> ProviderMemory:
    members = take.only(value, _MEMORY)
    uploads: Members = {"refused_uploads": take.mapping(members, "refused_uploads")}
    return ProviderMemory(
        unmarked_since=take.optional_number(members, "unmarked_since"),
        former_names=take.texts(members, "former_names"),
        refused_uploads=take.emptied(uploads, "refused_uploads", _refused_upload, _SHA256),
    )


def _error(value: Any) -> JobError:
    members = take.only(value, _ERROR)
    return JobError(
        code=take.optional_text(members, "code"),
        message=take.text(members, "message"),
        failure_class=take.word(members, "failure_class", _FAILURES),
    )


def _lifecycle(value: Any) -> Lifecycle:
    members = {**_ABSENT_IN_LIFECYCLE, **take.only(value, _LIFECYCLE)}
    return Lifecycle(
        suspend=take.flag(members, "suspend"),
        on_change=take.word(members, "on_change", _ON_CHANGE),
        on_remove=take.word(members, "on_remove", _ON_REMOVE),
        protect=take.flag(members, "protect"),
        retry=take.nested(members, "retry", _retry) or LIFECYCLE.retry,
        priority=take.integer(members, "priority"),
        rerun=take.text(members, "rerun"),
        renamed_from=take.optional_formed(members, "renamed_from", _NAME),
    )


def _retry(value: Any) -> Retry:
    members = {"max_attempts": LIFECYCLE.retry.max_attempts, **take.only(value, _RETRY)}
    causes = {f"on.{index}": cause for index, cause in enumerate(take.texts(members, "on"))}
    return Retry(
        max_attempts=take.whole(members, "max_attempts"),
        on=tuple(take.word(causes, place, _CAUSES) for place in causes),
    )


def _file_ids(value: Any) -> Mapping[str, str]:
    files = take.texts_by_name({"": value}, "")
    if not all(map(_SHA256.fits, files)):
        raise Malformed("", f"has a key that is not {_SHA256.title}")
    for sha256 in files:
        take.formed(value, sha256, _PROVIDERS_ID)
    return files


def _job_ids(value: Any) -> tuple[str, ...]:
    return take.each_formed({"": value}, "", _PROVIDERS_ID)


_NAME = Form("a name", is_name)
_WORD = Form("a word of letters, digits, dots and dashes", is_word)
_FINGERPRINT = Form("a fingerprint", is_fingerprint)
_DIGEST = Form("a digest", is_digest)
_SHA256 = Form("a SHA-256", is_sha256)
_PROVIDERS_ID = Form("an id without white space", is_providers_id)


_STATUSES = {word.value: word for word in JobStatus}
_FAILURES = {word.value: word for word in FailureClass}
_REFUSALS = {word.value: word for word in RefusalKind}
_ABOUT = {word.value: word for word in About}
_ON_CHANGE = {word.value: word for word in OnChange}
_ON_REMOVE = {word.value: word for word in OnRemove}
_CAUSES = {word.value: word for word in RetryOn}
_ABSENT_IN_LIFECYCLE: Members = {
    "on_change": LIFECYCLE.on_change.value,
    "on_remove": LIFECYCLE.on_remove.value,
    "priority": LIFECYCLE.priority,
    "rerun": LIFECYCLE.rerun,
}
