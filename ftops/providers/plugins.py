"""Dialects of third parties: found by their entry point, loaded when their name is asked for.

A package that does not load is in nobody's way who does not use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from ftops.errors import FtopsError
from ftops.providers.dialect import Dialect

if TYPE_CHECKING:
    # Imported when they are needed: they take longer than all the rest of a start.
    from importlib.metadata import EntryPoint

GROUP = "ftops.providers"
"""The group of entry points: each is the word that `dialect:` takes, and a class without arguments."""


@cache
def plugins() -> Mapping[str, tuple[EntryPoint, ...]]:
    """Return what the installed packages offer, by name; nothing of theirs is imported."""
    from importlib.metadata import entry_points

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for one in entry_points(group=GROUP):
        found[one.name] = (*found.get(one.name, ()), one)
    return found


@cache
def plugin(name: str) -> Dialect:
    """Load a dialect of a third party. Raises KeyError for a name that none offers.

    Raises FtopsError for one that does not load, is no dialect, or that two packages offer.
    """
    first, *others = plugins()[name]
    if others:
        packages = " and ".join(sorted(_package(one) for one in (first, *others)))
        raise FtopsError(f"the dialect {name} is offered by {packages}", hint="remove one of these packages")
    try:
        dialect = first.load()()
    except (Exception, SystemExit) as error:  # whatever a stranger raises when it is imported
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise FtopsError(
            f"the dialect {name} of the package {_package(first)} does not load: {why}",
            hint="update that package, or remove it",
        ) from error
    lacking = [part for part in _parts() if not hasattr(dialect, part)]
    if lacking or dialect.name != name:
        why = f"it has no {', '.join(lacking)}" if lacking else f"it calls itself {dialect.name}"
        raise FtopsError(
            f"{first.value}, the dialect {name} of the package {_package(first)}, is not it: {why}",
            hint="it may be made for another version of ftops: update one of the two",
        )
    loaded: Dialect = dialect
    return loaded


def _package(one: EntryPoint) -> str:
    return one.dist.name if one.dist is not None else one.value


def _parts() -> list[str]:
    """Return the names that a dialect must have."""
    return sorted(part for part in vars(Dialect) if not part.startswith("_"))
