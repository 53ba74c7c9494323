"""What a run is about, as its options say it, and which names that comes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ftops.errors import UsageError
from ftops.model.finetune import FineTune
from ftops.model.state import State


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is about: all, or some names; and what it may do beyond the project's limits.

    `exactly` are the names of a saved plan, upstreams included; names that are gone by now are no error.
    """

    targets: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    allow_empty: bool = False
    lifted: Mapping[str, float] = field(default_factory=dict)
    exactly: frozenset[str] | None = None
    allow_older: bool = False

    @property
    def everything(self) -> bool:
        """Tell whether it is about the whole project."""
        return not self.targets and not self.labels and self.exactly is None


def selected_names(
    selection: Selection, fine_tunes: Iterable[FineTune], state: State
) -> frozenset[str] | None:
    """Resolve --target and --selector to names. Raises UsageError for a target that nobody knows."""
    if selection.everything or selection.exactly is not None:
        return selection.exactly
    labels = {name: record.labels for name, record in state.fine_tunes.items()}
    labels |= {fine_tune.name: fine_tune.labels for fine_tune in fine_tunes}
    for target in selection.targets:
        if target not in labels:
            raise UsageError(f"no fine-tune is named {target}", hint="see `ftops status`")
    wanted = selection.labels.items()
    matching = {name for name, has in labels.items() if selection.labels and wanted <= has.items()}
    return frozenset({*selection.targets, *matching})
