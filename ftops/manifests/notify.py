"""The targets of `notify` in ftops.yaml, and what the schema cannot say about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ftops.manifests.document import Steps
from ftops.manifests.schema import Finding
from ftops.model.project import Setting, Target
from ftops.model.transition import TransitionKind

_WAYS = ("webhook", "slack", "command")


def targets_of(written: Sequence[Mapping[str, Any]], setting: Callable[[Any], Setting]) -> tuple[Target, ...]:
    """Return the targets that the schema and `notify_findings` have let pass."""
    made = []
    for index, one in enumerate(written):
        secret, slack = (_reference(one.get(name), setting) for name in ("secret", "slack"))
        made.append(
            Target(
                index=index,
                on=frozenset(map(TransitionKind, one["on"])),
                labels=one.get("labels", {}),
                webhook=setting(one["webhook"]) if "webhook" in one else None,
                secret=secret,
                slack=slack,
                command=tuple(one.get("command", ())),
            )
        )
    return tuple(made)


def _reference(value: Any, setting: Callable[[Any], Setting]) -> Any:
    return None if value is None else setting(value)


def notify_findings(written: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Check that each target is one, that only a webhook is signed, and that no address holds a password."""
    for index, one in enumerate(written):
        path: Steps = ("spec", "notify", index)
        ways = [way for way in _WAYS if way in one]
        if len(ways) != 1:
            found = f"has {' and '.join(ways)}" if ways else "has none of webhook, slack and command"
            yield Finding(path, f"{found}; a target has exactly one", "write another target for each")
        if "secret" in one and "webhook" not in one:
            yield Finding((*path, "secret"), "signs a webhook, and there is none", "remove it", key=True)
        webhook = one.get("webhook")
        if isinstance(webhook, str) and _holds_password(webhook):
            message = "contains a password, which must never be in a file"
            yield Finding((*path, "webhook"), message, "write the whole address as {env: NAME}")
        if isinstance(webhook, str) and "hooks.slack.com" in webhook:
            message = "is an address of Slack's, which is a secret of its own"
            yield Finding((*path, "webhook"), message, "write slack: {env: NAME}")


def _holds_password(url: str) -> bool:
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return True
