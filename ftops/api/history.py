"""What has happened to a project, from the state alone: no provider is asked, no manifest read."""

from __future__ import annotations

from pathlib import Path

from ftops.api.stored_state import open_stored_state
from ftops.api.surroundings import Surroundings
from ftops.errors import UsageError
from ftops.manifests.project import load_project
from ftops.model.nearest import did_you_mean
from ftops.model.transition import Transition
from ftops.providers.registry import dialects
from ftops.records.happened import happened


def history_of(
    root: Path, surroundings: Surroundings, name: str | None
) -> tuple[str, tuple[Transition, ...]]:
    """Return the project's name and what has happened, the oldest first; takes no lock.

    Raises UsageError for a name of which nothing is known, InvalidInput for a project file that cannot be
    read, and StateError.
    """
    root = root.resolve()
    project, _ = load_project(root, dialects())
    state = open_stored_state(project, root, surroundings).manager.read()
    found = happened(state, name)
    known = {*state.fine_tunes, *state.archive, *(one.name for one in found if one.name)}
    if name is not None and name not in known:
        hint = did_you_mean(name, sorted(known)) or "`ftops status` lists what is declared"
        raise UsageError(f"the state knows nothing of a fine-tune {name}", hint=hint)
    return project.name, found
