"""The catalog: everything that `dialect:` takes in ftops.yaml, for the matrix, the pages and messages."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ftops.model.capabilities import Capabilities
from ftops.providers.description import Description, JudgesFailures, description_of
from ftops.providers.failure_classes import GENERAL, FailureClasses
from ftops.providers.registry import dialects


class Offer(Struct, frozen=True):
    """One word for `dialect:`, with its data; what a third party does not describe has its name alone."""

    name: str
    capabilities: Capabilities
    description: Description
    failure_classes: FailureClasses
    default_base_url: str | None = None


def offers(names: Iterable[str] | None = None) -> tuple[Offer, ...]:
    """Return what is known by these names, or everything, third parties' too; loads each dialect."""
    return tuple(offer(name) for name in (dialects() if names is None else names))


def offer(name: str) -> Offer:
    """Return what is known of one."""
    dialect = dialects()[name]
    undescribed = Description(title=name, summary="", mark=str(dialect.capabilities.stamp), at_most_one="")
    return Offer(
        name,
        dialect.capabilities,
        description_of(dialect) or undescribed,
        dialect.failure_classes if isinstance(dialect, JudgesFailures) else GENERAL,
        dialect.default_base_url,
    )
