"""What policies are judged by in one run: put together only where something is trained."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from ftops.datasets.tokens import counted_before
from ftops.errors import FtopsError
from ftops.manifests.placing import Places
from ftops.manifests.project import load_project
from ftops.model.data_check import DataVerdict
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune, Source
from ftops.model.plan import Plan
from ftops.model.policy import Rulebook
from ftops.model.review import Violation, Warned
from ftops.model.value import replace
from ftops.providers.prices import known_prices
from ftops.providers.registry import dialects
from ftops.reconciler.checking import Checked
from ftops.reconciler.retirement import horizon
from ftops.reconciler.values import Loaded, Reviewed
from ftops.review.endings import day
from ftops.review.everyday import Steps, Unknown
from ftops.review.expressions import Expressions
from ftops.review.horizon import judged_horizon
from ftops.review.policies import Basis, judged_plan
from ftops.review.prices import PriceBook
from ftops.review.retirement import trains
from ftops.review.rule_changes import WEAKENED
from ftops.review.waiving import Waivers

_OVERLAP = "same-as-validation"
"""The kind of finding that says which rows are in both files."""
_NOTHING = Rulebook()


def basis_of(loaded: Loaded, plan: Plan, prices: PriceBook | None, because: tuple[str, ...]) -> Basis | None:
    """Return what the policies judge a plan by; None where nothing is asked for, or nothing trained.

    `because` says why costs are unknown.
    """
    book = loaded.rulebook
    if book == _NOTHING or prices is None or not any(trains(change) for change in plan.changes):
        return None
    # Of what is known by a digest alone nobody has seen a row.
    datasets = {path: one for path, one in loaded.datasets.items() if path not in loaded.pointers}
    declared = _Declared(loaded.fine_tunes, datasets, loaded.verdicts)
    basis = _basis(loaded.root, declared, book, (prices, because))
    return replace(basis, tokens=partial(_tokens, loaded))


def weakened(loaded: Loaded, reviewed: Reviewed, base: Loaded, ref: str) -> tuple[Warned, ...]:
    """Warn of what the rules of a base refuse and those of here let pass: a branch may weaken them."""
    book = base.rulebook
    if book == loaded.rulebook:
        return ()
    found: list[Violation] = []
    because = reviewed.review.cost_unknown_because
    basis = basis_of(replace(loaded, rulebook=book), reviewed.plan, reviewed.prices, because)
    if basis is not None:
        found += judged_plan(reviewed.plan, basis).violations
    if reviewed.ends is not None:
        ends = replace(reviewed.ends, horizon=horizon(book.policies))
        found += judged_horizon(reviewed.plan, ends, Waivers(book.waivers, ends.today)).violations
    known = {(one.rule, one.name) for one in reviewed.review.violations}
    return tuple(
        Warned(
            WEAKENED,
            f"{f'{one.name}: ' if one.name else ''}{one.message}: the rule {one.rule} of {ref} refuses this, "
            "and what is planned here lets it pass",
            (one.name,) if one.name else (),
            source=one.source,
        )
        for one in found
        if (one.rule, one.name) not in known
    )


def basis_of_declarations(root: Path, checked: Checked, now: float) -> Basis:
    """Return what the policies judge everything by that is declared, where there is no plan."""
    declared = _Declared(checked.fine_tunes, checked.data.datasets, checked.data.verdicts)
    prices = PriceBook({}, checked.facts, day(now), known_prices())
    return _basis(root, declared, checked.rulebook, (prices, ()))


class _Declared(Struct, frozen=True):
    """What a policy sees of a project."""

    fine_tunes: tuple[FineTune, ...]
    datasets: Mapping[str, Dataset]
    verdicts: Mapping[str, DataVerdict]


def _basis(
    root: Path, declared: _Declared, book: Rulebook, costs: tuple[PriceBook, tuple[str, ...]]
) -> Basis:
    by_name = {one.name: one for one in declared.fine_tunes}
    return Basis(
        book,
        costs[0].today,
        by_name,
        declared.datasets,
        costs[0],
        partial(_overlap, declared.datasets, declared.verdicts),
        _Finder(root, by_name),
        Expressions(),
        costs[1],
    )


def _tokens(loaded: Loaded, fine_tune: FineTune, model: str) -> int | None:
    """Return how many tokens an epoch trains on at most, where they were counted for the price."""
    datasets = [loaded.datasets.get(file.path or "") for file in fine_tune.training_files]
    counts = [counted_before(loaded.counted, one, model) if one else None for one in datasets]
    known = [one.high for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _overlap(
    datasets: Mapping[str, Dataset], verdicts: Mapping[str, DataVerdict], fine_tune: FineTune
) -> str | Unknown:
    """Say which rows are in both files, as the check of the data has found it: no file is opened."""
    for _, file in fine_tune.data_files:
        if file.path is None:
            return Unknown(f"{file.file_id} is only at the provider, so its rows cannot be compared")
        if file.path not in datasets:
            return Unknown(f"{file.path} is not here, so its rows cannot be compared")
    verdict = verdicts.get(fine_tune.name, DataVerdict())
    found = (one for one in (*verdict.problems, *verdict.warnings) if one.kind == _OVERLAP)
    return "; ".join(f"{one.path} {one.message}" for one in found)


class _Finder:
    """Finds where a field is written. Manifests are read again for it, and only if a rule is broken."""

    def __init__(self, root: Path, fine_tunes: Mapping[str, FineTune]) -> None:
        self._root = root
        self._fine_tunes = fine_tunes
        self._places: Places | None = None

    def __call__(self, name: str, path: Steps) -> Source | None:
        fine_tune = self._fine_tunes[name]
        try:
            if self._places is None:
                self._places = Places(self._root, load_project(self._root, dialects())[1])
            return self._places.find(fine_tune, path)
        except FtopsError:
            return fine_tune.source
