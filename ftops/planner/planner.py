"""Desired, live and recorded in, a Plan out: settle, decide, gate, in that order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ftops.model.capabilities import NO_CAPABILITIES
from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import FineTune
from ftops.model.fingerprint import FORMS, Form
from ftops.model.job import Job
from ftops.model.observation import ProviderFacts
from ftops.model.plan import Plan, PlanFacts
from ftops.model.planning import Doubts, Inputs, Planning
from ftops.model.state import Record
from ftops.model.value import replace
from ftops.planner.by_hand import stops_by_hand
from ftops.planner.composition import change_for
from ftops.planner.decision import Decision, stopped_by_hand
from ftops.planner.gates import (
    gate_on_claimed,
    gate_on_data,
    gate_on_deferral,
    gate_on_freeze,
    gate_on_hand,
    gate_on_lookalike,
    gate_on_upstream,
    ready_job,
)
from ftops.planner.heirs import gate_on_heir
from ftops.planner.incomplete import gate_on_list, incomplete, problem_of, used_providers, withheld
from ftops.planner.lateness import unheard
from ftops.planner.later import put_off, with_later
from ftops.planner.queueing import Queues
from ftops.planner.refusals import Refusals
from ftops.planner.second_payments import second_payments
from ftops.planner.situation import Situation
from ftops.planner.strays import strays
from ftops.planner.table import decide
from ftops.planner.unclaimed import lookalike_strays, orphans
from ftops.planner.undecided import doubtful
from ftops.planner.unknown_providers import gate_on_unknown_provider, out_of_sight
from ftops.planner.unmoved import Unmoved
from ftops.records.accounts import one_account, shared_accounts, wrong_accounts
from ftops.records.dependencies import with_upstreams
from ftops.records.desired import DesiredSet
from ftops.records.likeness import Appearance, Likeness, appearance
from ftops.records.matching import worth_keeping
from ftops.records.progress import heard
from ftops.records.provider_names import followed, in_present_form
from ftops.records.settling import settle
from ftops.records.wording import forgotten, without_marks


def plan(inputs: Inputs, forms: Mapping[int, Form] = FORMS) -> Planning:
    """Decide what is to be done. The order of the inputs never matters, and nothing is changed.

    `forms` are the canonical forms that a fingerprint may be of, by version.
    """
    return _Planner(inputs, forms).planning()


class _Planner:
    def __init__(self, inputs: Inputs, forms: Mapping[int, Form]) -> None:
        self.inputs = inputs
        self.providers = {name: seen.provider for name, seen in inputs.observations.items()}
        self.configured = inputs.configured or frozenset(self.providers)
        self.desired = DesiredSet(
            inputs.fine_tunes, inputs.datasets, self.providers, forms, inputs.fingerprints
        )
        state, self.observations = in_present_form(inputs.state, inputs.observations, self.desired)
        self.settled, self.live = settle(state, self.desired, self.observations, inputs.now)
        self.settled = replace(self.settled, at_former=followed(inputs.state, state))
        self.state = self.settled.state
        self.resting = incomplete(self.observations)
        self.awaited = {
            record.intent.nonce
            for record in self.state.fine_tunes.values()
            if record.intent is not None and not record.intent.lapsed
        }
        self.refusals = Refusals(self.state, self.providers, inputs.now, patient=inputs.patient)
        self.decisions: dict[str, tuple[Situation, Decision]] = {}
        self.kept: dict[str, Change] = {}

    def planning(self) -> Planning:
        selected = self._selected()
        self._decide(selected)
        found = list(self._strays())
        everything = self.inputs.selection is None
        stray_changes = [change for change in found if everything or change.name in selected]
        self._wait_for_room(stray_changes)
        decided = [change_for(*pair, self.settled, self.inputs.datasets) for pair in self.decisions.values()]
        quiet = unheard(self.decisions.values(), self.observations)
        rank = self.desired.depths
        ordered = sorted(
            (*stray_changes, *decided, *self.kept.values()),
            key=lambda c: (rank.get(c.name, 0), c.name, c.job_id or ""),
        )
        return Planning(
            plan=Plan(
                project=self.inputs.project,
                lineage=self.state.lineage,
                serial=self.state.serial,
                changes=tuple(ordered),
                incomplete=self._incomplete(selected),
                notes=tuple(self._notes()),
                unmanaged=self._unmanaged(found),
                facts=PlanFacts(
                    declared=len(self.desired.fine_tunes),
                    recorded=len(self.inputs.state.fine_tunes),
                    known_active=self.settled.known_active,
                    newly_missing=self.settled.newly_missing,
                    wrong_accounts=tuple(wrong_accounts(self.observations.values())),
                    second_payments=second_payments(ordered, self.state, self.live),
                    by_hand=frozenset(stops_by_hand(ordered)),
                    same_training=self.desired.same_training((*self.kept, *self._training())),
                ),
            ),
            state=self.state,
            doubts=Doubts(self.live.thin(), self.live.wants_files(), events=quiet),
        )

    def _training(self) -> Iterator[str]:
        """Return what else is declared and not suspended."""
        for name, (situation, decision) in self.decisions.items():
            if situation.fine_tune is not None and decision.reason is not Reason.SUSPENDED:
                yield name

    def _notes(self) -> Iterator[str]:
        yield from (one_account(*shared) for shared in shared_accounts(self.live.listed))
        yield from (without_marks(name) for name in sorted(self.providers) if self.state.unmarked(name))
        for name, (session, count) in self.settled.forgotten.items():
            yield forgotten(name, session, count, self.providers[name].settle)

    def _incomplete(self, selected: frozenset[str]) -> dict[str, str]:
        if not self.resting:
            return {}
        about = used_providers(self.inputs.fine_tunes, self.state, self.providers.values(), selected)
        return {name: problem_of(self.resting[name]) for name in sorted(self.resting.keys() & about)}

    def _selected(self) -> frozenset[str]:
        names = frozenset(self.desired.fine_tunes) | frozenset(self.state.fine_tunes)
        if self.inputs.selection is None:
            return names | frozenset(self.state.archive)
        wanted = with_upstreams(self.inputs.selection, self.desired.fine_tunes)
        return frozenset(name for name in names if name in wanted)

    def _unmanaged(self, found: Iterable[Change]) -> int:
        named = {change.job_id for change in found} | self._named()
        return sum(1 for job in self.live.unrecorded if job.id not in named)

    def _named(self) -> set[str | None]:
        """Return the ids of jobs that a decision is about."""
        named: set[str | None] = {change.job_id for change in self.kept.values()}
        for situation, decision in self.decisions.values():
            named |= {decision.job_id, decision.cancel_first}
            if decision.reason is Reason.LOOKALIKE:
                named.update(job.id for job, _ in self._lookalikes(situation))
            elif decision.reason is Reason.AMBIGUOUS_CREATE:
                named.update(self.settled.open_intents[situation.name][1])
        return named

    def _strays(self) -> Iterator[Change]:
        """Yield the non-current jobs that run, except those that a decision is already about."""
        adopted = {
            decision.job_id for _, decision in self.decisions.values() if decision.action is Action.ADOPT
        }
        named = self._named()
        yield from out_of_sight(self.state, self.desired.fine_tunes, self.configured)
        for change in strays(self.state, self.desired.fine_tunes, self.live, self.inputs.now):
            if change.job_id not in adopted:
                named.add(change.job_id)
                yield withheld(change, self.resting)
        for change in lookalike_strays(self.state, self.desired.fine_tunes, self.live, self.inputs.now):
            if change.job_id not in named:
                named.add(change.job_id)
                yield change
        yield from orphans(self.desired.fine_tunes, self.live, frozenset(one for one in named if one))

    def _decide(self, selected: frozenset[str]) -> None:
        undeclared = sorted(name for name in self.state.fine_tunes if name not in self.desired)
        unmoved = Unmoved(self.settled, self.desired, self.live, self.configured, self.inputs)
        for name in (one for one in (*self.desired.fine_tunes, *undeclared) if one in selected):
            if not self.resting and (kept := unmoved.kept(name)) is not None:
                self.kept[name] = kept
            else:
                self.decisions[name] = self._decided(name)

    def _decided(self, name: str) -> tuple[Situation, Decision]:
        situation = self._situation(name)
        return situation, self._gated(situation)

    def _above(self, situation: Situation) -> tuple[Situation, Decision] | None:
        """Return what was decided for what it starts from: in full, also where that was kept at a glance."""
        upstream = situation.fine_tune.upstream if situation.fine_tune else None
        if upstream is None:
            return None
        return self._decided(upstream) if upstream in self.kept else self.decisions.get(upstream)

    def _gated(self, situation: Situation) -> Decision:
        return with_later(situation, self._undecided(situation) or decide(situation), self._through_gates)

    def _through_gates(self, situation: Situation, wanted: Decision) -> Decision:
        if wanted.action is Action.KEEP and not self.resting:
            return wanted  # Gates only stop what creates or cancels, and what a provider that rests hides.
        # What is certain whatever a provider shows, and cancels nothing, comes first.
        decision = gate_on_hand(situation, gate_on_data(situation, wanted))
        decision = gate_on_heir(situation, decision, self.state, self.desired)
        decision = gate_on_list(situation, decision, self.live, self.resting)
        if decision.action.creates:
            decision = gate_on_claimed(situation.name, self._lookalikes(situation)) or decision
        decision = gate_on_deferral(decision, self.inputs.deferred.get(situation.name))
        decision = gate_on_upstream(situation, decision, self._above(situation))
        decision = self.refusals.gated(situation, decision, self._base_model(situation), self.inputs.datasets)
        if decision.action.creates and not self._marked(situation.provider):
            decision = gate_on_lookalike(situation, self._appearance(situation), self.state) or decision
        return gate_on_freeze(wanted, decision, self.inputs.freezes)

    def _marked(self, provider: ProviderFacts) -> bool:
        """Return whether a job of this provider can be known for sure by its mark."""
        return provider.capabilities.stamps and not self.state.unmarked(provider.name)

    def _lookalikes(self, situation: Situation) -> list[tuple[Job, Likeness]]:
        found = self.live.plausible(situation.provider.name, self._appearance(situation))
        return [(job, like) for job, like in found if worth_keeping(job)]

    def _undecided(self, situation: Situation) -> Decision | None:
        """Answer for a name whose intent is still open, or whose provider is no longer configured."""
        doubt = self.settled.open_intents.get(situation.name)
        intent = situation.record.intent if situation.record else None
        if doubt is not None and intent is not None and stopped_by_hand(situation) is None:
            found = self.live.answering(intent.request)
            return doubtful(
                situation, intent, doubt, [(job, like) for job, like in found if job.id in doubt[1]]
            )
        return gate_on_unknown_provider(situation, self.configured, self.live)

    def _situation(self, name: str) -> Situation:
        fine_tune = self.desired.fine_tunes.get(name)
        record = self.state.fine_tunes.get(name)
        readable = fine_tune is not None and name not in self.desired.unread
        fingerprint = self.desired.fingerprint(name) if readable else None
        situation = Situation(
            name=name,
            now=self.inputs.now,
            lineage=self.state.lineage,
            provider=self._provider(fine_tune, record),
            fine_tune=fine_tune,
            record=record,
            archived=self.state.archive.get(name),
            spec=self.desired.spec(name, record) if fine_tune is not None else None,
            fingerprint=fingerprint,
            twins=self.live.twins(record.job) if record and record.job else (),
            problems=self.inputs.data_problems.get(name, ()) if fine_tune is not None else (),
            cancelled_by_hand=self.state.cancelled_by_hand(name),
            events_seen=heard(record, self.observations),
        )
        # A create that never arrived leaves a record without a job: then there may still be a job.
        settled = situation.same and situation.job is not None
        if fine_tune is None or not readable or settled:
            return situation
        return self._with_candidates(situation, fine_tune)

    def _with_candidates(self, situation: Situation, fine_tune: FineTune) -> Situation:
        """Add the unrecorded jobs that could be this fine-tune; one whose job is known needs none."""
        provider, old = situation.provider.name, fine_tune.lifecycle.renamed_from
        stamped = self.live.stamped(provider, situation.name)
        if old is not None and old not in self.desired:
            stamped = [*stamped, *self.live.stamped(provider, old)]
        stamped = [job for job in stamped if job.stamp and job.stamp.nonce not in self.awaited]
        ours = situation.provider.capabilities.repeats
        numbered = self.live.numbered(provider, situation.name, self.state.lineage) if ours else 0
        return replace(situation, stamped=tuple(stamped), numbered=numbered)

    def _provider(self, fine_tune: FineTune | None, record: Record | None) -> ProviderFacts:
        name = fine_tune.provider if fine_tune else record.provider if record else ""
        known = self.providers.get(name)
        return known or ProviderFacts(name, "", NO_CAPABILITIES)

    def _appearance(self, situation: Situation) -> Appearance:
        model, provider = self._base_model(situation), situation.provider
        file_ids = self.state.datasets.get(provider.name, {})
        return appearance(situation.spec or {}, model, file_ids, provider.capabilities)

    def _base_model(self, situation: Situation) -> str | None:
        """Name the model to start from, None while an upstream has not made it."""
        fine_tune, above = situation.fine_tune, self._above(situation)
        if above is not None:
            ready = ready_job(*above)
            return ready.fine_tuned_model if ready else None
        return fine_tune.model if fine_tune and isinstance(fine_tune.model, str) else None

    def _wait_for_room(self, stray_changes: list[Change]) -> None:
        queues = Queues(
            self.live, self.state, self.inputs.now, self.refusals.stops, unattended=self.inputs.unattended
        )
        for name, decision in queues.gated(
            self.decisions.values(), stray_changes, self.desired.depths
        ).items():
            situation, wanted = self.decisions[name]
            self.decisions[name] = (situation, put_off(wanted, decision))
