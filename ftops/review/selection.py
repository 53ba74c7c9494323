"""What a run is about, as its options say, and which names that covers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from ftops.errors import UsageError
from ftops.model.commit import Commit
from ftops.model.finetune import FineTune
from ftops.model.nearest import did_you_mean
from ftops.model.plan import Plan
from ftops.model.state import State
from ftops.model.steps import NOTHING_DONE, SoFar
from ftops.model.value import replace

ANY_COMMIT = "any"
"""What --allow-older accepts until a plan has shown which commit it is about."""

_MOST_LISTED = 10


class Selection(Struct, frozen=True):
    """What a run is about: all, or some names; and what its limits are judged by besides the project.

    `exactly` are the names of a saved plan, upstreams included; names that are gone by now are no error.
    `allow_older` is the commit that the run may be older than, or ANY_COMMIT before one was shown.
    `so_far` is what earlier rounds of the same command did. `patient` says that the run is one round of many,
    which tries what was refused for now after growing pauses. `defers` says that nobody is there: what no
    budget has room for waits for the next day or month, instead of being refused, and the places that a queue
    leaves free for people are not used.
    """

    targets: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    allow_empty: bool = False
    lifted: Mapping[str, float] = field(default_factory=dict)
    exactly: frozenset[str] | None = None
    allow_older: str | None = None
    so_far: SoFar = NOTHING_DONE
    patient: bool = False
    defers: bool = False

    @property
    def everything(self) -> bool:
        """Return whether it is about the whole project."""
        return not self.targets and not self.labels and self.exactly is None

    def accepts(self, newer: Commit | None) -> bool:
        """Return whether the run may be older than just this commit."""
        return newer is not None and self.allow_older in (ANY_COMMIT, newer.id)

    def as_shown(self, plan: Plan) -> Selection:
        """Bind what may be older to the commit that this plan showed: not to one that comes later."""
        if self.allow_older != ANY_COMMIT:
            return self
        shown = plan.facts.older_than
        return replace(self, allow_older=shown.id if shown else None)


def unknown_name(name: str, known: Iterable[str], *, see: str = "ftops status") -> UsageError:
    """Make the error for an unknown name on a command line; `see` lists the known ones."""
    return UsageError(f"no fine-tune is named {name}", hint=did_you_mean(name, known) or f"see `{see}`")


def unmatched(selection: Selection, fine_tunes: Iterable[FineTune], state: State) -> Iterator[str]:
    """Say so where labels choose nothing, with the labels that there are."""
    have = [record.labels for record in state.fine_tunes.values()]
    have += [fine_tune.labels for fine_tune in fine_tunes]
    wanted = selection.labels.items()
    if not wanted or any(wanted <= labels.items() for labels in have):
        return
    there = sorted(
        {f"{key}={value}" for labels in have for key, value in labels.items() if key in selection.labels}
    )
    keys = sorted({key for labels in have for key in labels})
    text = ", ".join(f"{key}={value}" for key, value in sorted(wanted))
    if there:
        known = f"known: {_listed(there)}"
    else:
        known = f"their labels are {_listed(keys)}" if keys else "none has a label"
    yield f"no fine-tune has {'the label' if len(wanted) == 1 else 'all of the labels'} {text}; {known}"


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MOST_LISTED} more" if len(words) > _MOST_LISTED else ""
    return ", ".join(words[:_MOST_LISTED]) + more


def selected_names(
    selection: Selection, fine_tunes: Iterable[FineTune], state: State
) -> frozenset[str] | None:
    """Resolve --target and --selector to names. Raises UsageError for an unknown target."""
    if selection.everything or selection.exactly is not None:
        return selection.exactly
    labels = {name: record.labels for name, record in state.fine_tunes.items()}
    labels |= {fine_tune.name: fine_tune.labels for fine_tune in fine_tunes}
    for target in selection.targets:
        if target not in labels:
            raise unknown_name(target, labels)
    wanted = selection.labels.items()
    matching = {name for name, has in labels.items() if selection.labels and wanted <= has.items()}
    return frozenset({*selection.targets, *matching})
