"""URL -> StateBackend: one explicit table, then the entry points `ftops.state_backends`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from ftops.errors import StateError
from ftops.state.backend import StateBackend
from ftops.state.backends.local import LocalBackend


def _local(url: str, root: Path) -> StateBackend:
    path = unquote(url.removeprefix("file://")) if url.startswith("file://") else url
    if not path:
        raise StateError("spec.state names no file", hint="the default is .ftops/state.json")
    return LocalBackend(root / path)


BACKENDS: Mapping[str, Callable[[str, Path], StateBackend]] = {"file": _local}
"""Scheme -> how to open it; a plain path counts as `file`."""


def open_backend(url: str, root: Path) -> StateBackend:
    """Open the store that `spec.state` names; a relative path is taken from the project's root."""
    scheme = url.split("://", 1)[0] if "://" in url else "file"
    if scheme in BACKENDS:
        return BACKENDS[scheme](url, root)
    from importlib.metadata import entry_points

    installed = entry_points(group="ftops.state_backends")
    for found in installed.select(name=scheme):
        try:
            opened: StateBackend = found.load()(url, root)
        except (ImportError, AttributeError) as error:
            raise StateError(
                f"the state backend {scheme} cannot be loaded: {error}", hint="install its package again"
            ) from error
        return opened
    known = ", ".join(sorted({*BACKENDS, *installed.names}))
    raise StateError(
        f"no state backend knows the URL scheme {scheme}://", hint=f"there are a plain path and: {known}"
    )
