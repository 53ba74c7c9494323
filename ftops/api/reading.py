"""What a program can know of a project without opening it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from ftops.api.costs import read_cost_report
from ftops.api.outputs import served_models
from ftops.api.surroundings import Surroundings
from ftops.errors import InvalidInput
from ftops.reconciler.loading import load as load_checked
from ftops.reconciler.values import Loaded
from ftops.records.serving import Output
from ftops.review.costs import CostReport


def load(path: str | os.PathLike[str] = ".") -> Loaded:
    """Read and check a project directory, as `ftops validate` does. Needs no network and no key.

    Raises InvalidInput, whose `problems` hold everything that is wrong, each with its place.
    """
    loaded = load_checked(Path(path).resolve())
    loaded.require_seen()
    if loaded.data_problems:
        raise InvalidInput(tuple(dict.fromkeys(chain.from_iterable(loaded.data_problems.values()))))
    return loaded


def read_outputs(
    path: str | os.PathLike[str] = ".",
    *,
    current: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Mapping[str, Output]:
    """Return the models that serve, by the name of their fine-tune; with `current` only the declared ones.

    The state alone is needed: a provider is asked, for a moment, only about jobs that were active when last
    seen, and manifests that do not load leave `current` to what was applied last. Raises InvalidInput for
    a project file that cannot be read, and StateError.
    """
    variables = os.environ if environ is None else environ
    surroundings = Surroundings(variables, threading.Event(), lambda _: None)
    return served_models(Path(path), surroundings).chosen(None, current=current)


def read_costs(
    path: str | os.PathLike[str] = ".",
    *,
    month: str | None = None,
    by: str = "name",
    environ: Mapping[str, str] | None = None,
) -> CostReport:
    """Return what was spent in a month (`2026-11`, in UTC; the current one, or `all`), as `ftops cost` does.

    The state alone is needed. `by` groups by `name`, `provider`, `who`, `commit` or `label=KEY`. Raises
    UsageError, InvalidInput for a project file that cannot be read, and StateError.
    """
    variables = os.environ if environ is None else environ
    surroundings = Surroundings(variables, threading.Event(), lambda _: None)
    return read_cost_report(Path(path), surroundings, time.time(), when=month, by=by)
