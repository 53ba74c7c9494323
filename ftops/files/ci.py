"""Whether this is CI, where files may come from a pull request."""

from __future__ import annotations

from collections.abc import Mapping


def in_ci(environ: Mapping[str, str]) -> bool:
    """Return whether files may come from a pull request; any value of CI counts, `false` too."""
    return bool(environ.get("CI"))
