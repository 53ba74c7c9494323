"""Which version of the API a request speaks: by its path, and by `api-version`."""

from dataclasses import dataclass

from flask import request

from ftops.emulator.wires.refusals import Refusal

ROOTS = ("/openai", "/openai/v1")
"""What the paths of the dated versions begin with, and those of v1."""
V1_VERSIONS = (None, "v1", "preview")
STABLE, PREVIEW = "2024-10-21", "2025-04-01-preview"
"""The dated versions whose documents are public and current."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version, by what sets it apart."""

    dated: bool
    methods: bool
    """It knows `method`, integrations and `trainingType`; jobs can be paused."""


def spoken() -> Version:
    """Return the version of the request that is answered; refuse one that does not exist."""
    asked = request.args.get("api-version")
    if is_v1():
        if asked not in V1_VERSIONS:
            raise Refusal(400, "API version not supported", code="BadRequest")
        return Version(dated=False, methods=True)
    if asked not in (STABLE, PREVIEW):
        raise no_such_resource()
    return Version(dated=True, methods=asked == PREVIEW)


def is_v1() -> bool:
    """Return whether the path is one of v1."""
    return request.path.startswith(f"{ROOTS[1]}/")


def no_such_resource() -> Refusal:
    """Return what the gateway says to a path or version that it does not know (quoted in public threads)."""
    return Refusal(404, "Resource not found", code="404")
