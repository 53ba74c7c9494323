"""URL -> StateBackend: one explicit table, then the entry points `ftops.state_backends`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ftops.errors import StateError
from ftops.state.backend import StateBackend
from ftops.state.backends.local import LocalBackend


def _local(url: str, root: Path) -> StateBackend:
    return LocalBackend(root / url.removeprefix("file://"))


BACKENDS: Mapping[str, Callable[[str, Path], StateBackend]] = {"file": _local}
"""Scheme -> how to open it; a plain path counts as `file`."""


def open_backend(url: str, root: Path) -> StateBackend:
    """Open the store that `spec.state` names; a relative path is taken from the project's root."""
    scheme = url.split("://", 1)[0] if "://" in url else "file"
    if scheme in BACKENDS:
        return BACKENDS[scheme](url, root)
    from importlib.metadata import entry_points

    for found in entry_points(group="ftops.state_backends", name=scheme):
        opened: StateBackend = found.load()(url, root)
        return opened
    raise StateError(
        f"no state backend knows the URL scheme {scheme}://", hint="this version keeps state in a local file"
    )
