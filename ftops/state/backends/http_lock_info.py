"""What is said of a lock in Terraform's HTTP state protocol, and what of that is to be believed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from ftops.state.backend import Holder
from ftops.state.backends.http_requests import Reply, one_line
from ftops.state.holder import holder_members, holder_of
from ftops.version import __version__

LOOK = "00000000-0000"
"""How the ID of a look begins: of an ordinary lock's it never does, and GitLab keeps nothing else of ours."""

LockInfo = Mapping[str, Any]
"""Terraform's words about a lock: ID, Operation, Info, Who, Version, Created, Path."""


class Refusal(Struct, frozen=True):
    """A lock that was not granted, since `holder` has it. `info` is what the server tells of it."""

    id: str
    holder: Holder | None
    info: LockInfo

    @property
    def passing(self) -> bool:
        """Return whether somebody only looks, and will be gone at once."""
        return self.id.startswith(LOOK)


def lock_info(holder: Holder, lock_id: str | None = None) -> LockInfo:
    """Describe a new lock of this holder as Terraform does; Info has all our words."""
    ours = lock_id or str(uuid.uuid4())
    created = datetime.fromtimestamp(holder.since, UTC).isoformat().replace("+00:00", "Z")
    return {
        "ID": ours,
        "Operation": holder.operation,
        "Info": json.dumps({"lock": ours, **holder_members(holder)}),
        "Who": f"{holder.who}@{holder.host}",
        "Version": f"ftops {__version__}",
        "Created": created,
        "Path": "",
    }


def known_as(refusal: Refusal) -> str:
    """Return the ID that others are told: our own where the server keeps our words."""
    return refusal.holder.id if refusal.holder else refusal.id


def refusal_of(reply: Reply, asked: LockInfo) -> Refusal:
    """Read who has the lock from a refusal to what was asked."""
    info = reply.members
    lock_id = info.get("ID")
    if not isinstance(lock_id, str) or not lock_id:
        return Refusal("", None, info)
    return Refusal(lock_id, _holder(info, lock_id, asked), info)


def _holder(info: LockInfo, lock_id: str, asked: LockInfo) -> Holder:
    """Understand a lock info. GitLab keeps ID, Who and Created; the rest is what the refused one said."""
    told = info.get("Info")
    echo = told == asked["Info"] and lock_id != asked["ID"]
    if not echo and isinstance(told, str) and f'"lock": "{lock_id}"' in told:
        ours = holder_of(told)
        if ours is not None:
            return ours
    who, _, host = one_line(str(info.get("Who") or "somebody")).rpartition("@")
    operation = "" if echo else one_line(str(info.get("Operation") or ""))
    return Holder(
        id=lock_id,
        who=who or host,
        host=host if who else "unknown host",
        pid=0,
        operation=operation or "unknown operation",
        since=_instant(info.get("Created")),
    )


def _instant(told: Any) -> float:
    try:
        return datetime.fromisoformat(told).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0.0
