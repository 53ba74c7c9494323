"""The straight line: load, observe, plan, review, apply. Each run does what can be done now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ftops.applier.applier import Applied, apply
from ftops.applier.context import Clock, Context, HeldLock
from ftops.cost.estimate import Costing, tokens_wanted, with_costs
from ftops.datasets.tokens import count_tokens
from ftops.errors import InvalidInput, NeedsPerson, Problem
from ftops.manifests.commits import commit_of, is_before, left_alone
from ftops.manifests.discovery import FileStamp, file_stamp, manifest_files
from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.change import Change
from ftops.model.commit import AppliedCommit, Commit
from ftops.model.data_check import DataVerdict
from ftops.model.dataset import Dataset
from ftops.model.event import Event
from ftops.model.finetune import FineTune
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Plan
from ftops.model.project import Project
from ftops.model.review import Review
from ftops.model.state import State
from ftops.planner.freshness import Declared, declares
from ftops.planner.inputs import Doubts, Inputs, Planning
from ftops.planner.planner import plan
from ftops.planner.selection import Selection, selected_names, unmatched
from ftops.policy.check import review
from ftops.policy.rules import Allowed
from ftops.providers.provider import Provider
from ftops.providers.registry import dialects
from ftops.reconciler.checking import check
from ftops.state.manager import StateManager

Look = Callable[[Mapping[str, Observation], Doubts], Mapping[str, Observation]]
MOST_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """A project and everything it declares, checked. `datasets` by project-relative path.

    `stamps` tell whether the manifests are still those that were read; `commit`, where they are from a
    repository, is what it was at before they were read. `verdicts` say by fine-tune what its data comes to,
    `unseen` where manifests may be that were not seen. `data_problems` say by fine-tune why it may not be
    created: a file of it that cannot be read is not in `datasets`.
    """

    root: Path
    project: Project
    facts: Mapping[str, ProviderFacts]
    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    stamps: Mapping[str, FileStamp | None] = field(default_factory=dict)
    commit: Commit | None = None
    verdicts: Mapping[str, DataVerdict] = field(default_factory=dict)
    unseen: tuple[Problem, ...] = ()
    data_problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    def require_seen(self) -> None:
        """Raise InvalidInput where manifests may be that were not seen: what is not seen is not removed."""
        if self.unseen:
            raise InvalidInput(self.unseen)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan with its review, what applying it starts from, and what it is about."""

    planning: Planning
    review: Review
    observations: Mapping[str, Observation]
    stored: State
    selection: Selection

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.planning.plan


@dataclass(frozen=True, slots=True)
class Hands:
    """What an apply works with beside values: ports, the held lock, clocks, randomness, a wish to stop."""

    providers: Mapping[str, Provider]
    manager: StateManager
    lock: HeldLock
    clock: Clock
    new_nonce: Callable[[], str]
    stopping: Callable[[], bool]
    emit: Callable[[Event], None]
    parallelism: int = 8


def load(root: Path) -> Loaded:
    """Read project, manifests and data. Raises InvalidInput with every problem where manifests do not load.

    What is wrong with data alone holds its own fine-tunes: see `data_problems`. Where manifests may be that
    were not seen, it is for `require_seen` to raise.
    Raises StateError for a state that no store of ours could keep.
    """
    checked = check(root)
    if checked.misdeclared:
        raise InvalidInput((*checked.problems, *checked.unseen))
    return Loaded(
        root,
        checked.project,
        checked.facts,
        checked.fine_tunes,
        checked.data.datasets,
        checked.stamps,
        checked.commit,
        checked.data.verdicts,
        checked.unseen,
        checked.data_problems,
    )


def loaded_again(loaded: Loaded) -> Loaded:
    """Give what is declared now: the same, unless a file was edited, added or removed since it was read.

    For whoever waited for the lock: what came meanwhile would look as if it were removed. A data file that
    was edited is noticed when it is sent. Raises InvalidInput, and NeedsPerson for another ftops.yaml.
    """
    commit = commit_of(loaded.root)
    project, document = load_project(loaded.root, dialects())
    if project != loaded.project:
        raise NeedsPerson(
            f"{PROJECT_FILE} was changed while this run waited for the lock", hint="run ftops again"
        )
    found = manifest_files(loaded.root, project.manifests, document)
    stamps = {file: file_stamp(f"{loaded.root}/{file}") for file in found.files}
    if stamps == loaded.stamps and not found.problems:
        return replace(loaded, commit=commit, unseen=found.unseen)
    return load(loaded.root)


def make_plan(
    loaded: Loaded,
    observations: Mapping[str, Observation],
    state: State,
    selection: Selection,
    now: float,
    look: Look = lambda seen, _: seen,
) -> Reviewed:
    """Decide what is to be done, what it costs and whether it may be done.

    `look` takes a second look at what the plan could not tell from the lists. With prices, the files of what
    is created are read for tokens; where another commit was applied last, git is asked which is older. Else
    it is pure.
    """
    inputs = Inputs(
        project=loaded.project.name,
        fine_tunes=loaded.fine_tunes,
        datasets=loaded.datasets,
        observations=observations,
        state=state,
        now=now,
        selection=selected_names(selection, loaded.fine_tunes, state),
        configured=frozenset(loaded.facts),
        patient=selection.patient,
        data_problems=loaded.data_problems,
    )
    planning = plan(inputs)
    # Listed files may show more jobs to look at, and those are looked at once.
    for _ in range(MOST_LOOKS):
        if not planning.doubts:
            break
        inputs = replace(inputs, observations=look(inputs.observations, planning.doubts))
        planning = plan(inputs)
    facts = replace(planning.plan.facts, commit=loaded.commit, older_than=_older_than(loaded, state))
    notes = (*planning.plan.notes, *unmatched(selection, loaded.fine_tunes, state))
    priced, verdict = _judged(loaded, replace(planning.plan, facts=facts, notes=notes), selection)
    return Reviewed(Planning(priced, planning.state), verdict, inputs.observations, state, selection)


def _older_than(loaded: Loaded, state: State) -> Commit | None:
    """Give the commit that was applied last, if this one is from before it and declares something else."""
    commit, applied = loaded.commit, state.applied
    if commit is None or applied is None or not is_before(loaded.root, commit, applied.commit):
        return None
    same = declares(declared(loaded, everything=True)) == applied.declares
    return None if same else applied.commit


def applied_commit(loaded: Loaded, reviewed: Reviewed) -> AppliedCommit | None:
    """Give what the state is to say was applied last, once this plan is.

    It is the newer commit, and an older one only if all of the project goes back on purpose: a part that
    was applied says nothing of the rest. A commit that did not touch the project costs no write.
    """
    commit, applied = loaded.commit, reviewed.stored.applied
    newer, selection = reviewed.plan.facts.older_than, reviewed.selection
    if commit is None or not selection.everything:
        return applied
    if applied is None:
        news = True
    elif newer is not None:
        news = bool(reviewed.plan.effective_changes) and selection.accepts(newer)
    else:
        before = is_before(loaded.root, commit, applied.commit)
        news = not before and not left_alone(loaded.root, applied.commit, commit)
    return AppliedCommit(commit, declares(declared(loaded, everything=True))) if news else applied


def _priced(plan: Plan, loaded: Loaded) -> tuple[Plan, tuple[str, ...]]:
    """Give the plan with its costs, and why some are unknown. Only what is to be paid for is counted."""
    by_name = {fine_tune.name: fine_tune for fine_tune in loaded.fine_tunes}
    costing = Costing(by_name, loaded.project.prices)
    counted = count_tokens(loaded.root, loaded.datasets, tokens_wanted(plan, costing))
    return with_costs(plan, replace(costing, datasets=counted.datasets, uncounted=counted.uncounted))


def carry_out(loaded: Loaded, reviewed: Reviewed, changes: Iterable[Change], hands: Hands) -> Applied:
    """Apply changes of a plan that may be applied; the lock must be held since before it was made.

    Settings are taken over for what the plan is about; of an older commit, for what it changes alone.
    """
    wanted, settled = tuple(changes), reviewed.planning.state
    # Where there is no state yet, a run that does nothing must not begin one.
    if wanted or settled.serial:
        settled = replace(settled, applied=applied_commit(loaded, reviewed))
    about = wanted if reviewed.plan.facts.older_than else reviewed.plan.changes
    names = {change.name for change in about}
    context = Context(
        project=loaded.project.name,
        root=loaded.root,
        fine_tunes={one.name: one for one in loaded.fine_tunes if one.name in names},
        datasets=loaded.datasets,
        providers=hands.providers,
        observations=reviewed.observations,
        clock=hands.clock,
        new_nonce=hands.new_nonce,
        stopping=hands.stopping,
        emit=hands.emit,
        parallelism=hands.parallelism,
    )
    return apply(wanted, (reviewed.stored, settled), context, hands.manager, hands.lock)


def declared(loaded: Loaded, *, everything: bool) -> Declared:
    """Give the declarations that a saved plan is bound to."""
    return Declared(loaded.fine_tunes, loaded.datasets, loaded.project.providers, everything)


def narrowed(loaded: Loaded, reviewed: Reviewed, changes: Iterable[Change], selection: Selection) -> Reviewed:
    """Give the plan with these of its changes alone, and judge it again: limits are for what is done."""
    kept = tuple(changes)
    at = {change.provider for change in kept}
    resting = {name: why for name, why in reviewed.plan.incomplete.items() if name in at}
    part, verdict = _judged(loaded, replace(reviewed.plan, changes=kept, incomplete=resting), selection)
    if part.effective_changes != reviewed.plan.effective_changes:
        selection = replace(selection, exactly=frozenset(change.name for change in part.changes))
    planning = replace(reviewed.planning, plan=part)
    return replace(reviewed, planning=planning, review=verdict, selection=selection)


def _judged(loaded: Loaded, planned: Plan, selection: Selection) -> tuple[Plan, Review]:
    priced, unknown = _priced(planned, loaded)
    allowed = Allowed(
        loaded.project.limits,
        selection.lifted,
        selection.allow_empty,
        selection.accepts(planned.facts.older_than),
        unknown,
        selection.so_far,
    )
    return priced, review(priced, allowed)
