"""The catalog: everything that `dialect:` takes in ftops.yaml, for the matrix, the pages and messages."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ftops.errors import FtopsError
from ftops.model.capabilities import NO_CAPABILITIES, Capabilities
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
    return tuple(map(_offer_or_why_not, dialects() if names is None else names))


def _offer_or_why_not(name: str) -> Offer:
    """A package of a third party that does not load is said to be that, and stops nobody."""
    try:
        return offer(name)
    except FtopsError as error:
        title = f"{name}, which does not load: {error.message}"
        return Offer(name, NO_CAPABILITIES, Description(title, "", "nothing", ""), GENERAL)


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
