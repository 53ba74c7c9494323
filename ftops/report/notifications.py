"""A transition as others are told of it: a JSON document, and a text for Slack. Pure."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from ftops.model.transition import Delivery, Transition
from ftops.report.words import printable

FORMAT_VERSION = 1
LONGEST_SLACK = 2_000

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u200b"})
"""Slack reads `<!channel>` and `<@U1>` only with bare angle brackets; some clients read a bare `@here`."""

_MARKUP = str.maketrans({sign: f"\u200b{sign}" for sign in "*_~`"})


def notification(project: str, delivery: Delivery) -> dict[str, Any]:
    """Return the document of one delivery: the same at each attempt (`schemas/notification.v1.json`)."""
    about = delivery.about
    if about is None:
        raise ValueError("a settled delivery has nothing to say any more")
    return {"format_version": FORMAT_VERSION, "id": delivery.id, "project": project, **transition(about)}


def transition(one: Transition) -> dict[str, Any]:
    """Return a transition as documents have it; what is not known is null."""
    return {
        "time": instant(one.at),
        "kind": one.kind.value,
        "name": one.name,
        "message": one.message,
        "reason": one.reason,
        "provider": one.provider,
        "job_id": one.job_id,
        "generation": one.generation,
        "commit": one.commit,
        "runner": one.by,
    }


def instant(seconds: float) -> str:
    """Write a moment in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def body(project: str, delivery: Delivery) -> bytes:
    """Return the bytes that are sent, and signed: equal at each attempt."""
    return msgspec.json.encode(notification(project, delivery), order="sorted")


def slack_body(project: str, delivery: Delivery) -> bytes:
    """Return what an incoming webhook of Slack takes. No word in it mentions anybody or becomes markup."""
    about = delivery.about
    if about is None:
        raise ValueError("a settled delivery has nothing to say any more")
    subject = f"{project}: {about.name}" if about.name else project
    kind = about.kind.value.replace("_", " ")
    message = printable(about.message)[:LONGEST_SLACK].translate(_MARKUP).translate(_ESCAPED)
    text = f"*{subject.translate(_ESCAPED)}* {kind}: {message}"
    told = {"text": text, "unfurl_links": False, "unfurl_media": False}
    return msgspec.json.encode(told, order="sorted")
