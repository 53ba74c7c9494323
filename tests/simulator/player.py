"""How a history is played, and the peace that follows it."""

from __future__ import annotations

from collections.abc import Sequence

from ftops.model.change import Action
from ftops.model.finetune import Upstream
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.queue import Queue
from ftops.model.value import replace
from tests.simulator import laws
from tests.simulator.bends import ENGINES, WORLDS
from tests.simulator.engine import Engine
from tests.simulator.history import SETTINGS, History, Step
from tests.simulator.money import never_stuck
from tests.simulator.person import ask_a_person, lift_refusals
from tests.simulator.runner import Runner
from tests.simulator.world import World, fine_tune, stranger

PEACE_SECONDS = 1000.0
"""Between two runs of the peace: more than the settle time."""
DAY_SECONDS = 86_400.0
"""Where a day has a budget or a limit, every other time: what is left of it is used before the next one."""
MOST_ROUNDS = 14


class Player:
    """Plays one history in a world of its own."""

    def __init__(self, history: History) -> None:
        self.world = World(
            history.dialect,
            lease_seconds=history.lease_seconds,
            queue=Queue(history.max_active, history.per_day),
            bends={**WORLDS, **ENGINES}[history.world],
            budget=history.budget,
        )
        self.stamps = self.world.provider.marks
        self.paused: dict[int, Runner] = {}
        self.strangers = 0
        # Without stamps a late second job cannot be told from a stranger's, so no run stalls there.
        self.avoids = frozenset() if self.stamps else frozenset({"before create"})

    def play(self, steps: Sequence[Step]) -> None:
        """Do every step, then make peace; raise LawBroken at the first broken law."""
        try:
            self.walk(steps)
            self.peace()
        finally:
            self.stop()

    def walk(self, steps: Sequence[Step]) -> None:
        """Do every step."""
        for step in steps:
            self.world.findings.trace.append(" ".join(map(str, step)))
            getattr(self, f"do_{step[0]}".replace(" ", "_"))(*step[1:])
            self.consistent()
            self.check()

    def stop(self) -> None:
        """Kill the runs that stand still."""
        while self.paused:
            self.paused.popitem()[1].kill()

    def check(self) -> None:
        findings = self.world.findings
        if broken := [*findings.broken, *findings.history.broken]:
            raise laws.LawBroken("; ".join(broken))

    def consistent(self) -> None:
        """Keep chains such that the loader would accept them: upstreams declared, no cycle."""
        declared = self.world.declared
        for name, one in declared.items():
            if one.upstream is not None and (one.upstream not in declared or one.upstream >= name):
                declared[name] = replace(one, model="gpt-4o-mini")

    def do_declare(self, name: str, version: int) -> None:
        before = self.world.declared.get(name)
        made = fine_tune(name, version, data="shared" if version > 1 else name)
        self.world.declared[name] = replace(made, lifecycle=before.lifecycle) if before else made

    def do_chain(self, name: str, upstream: str) -> None:
        if name in self.world.declared:
            self.world.declared[name] = replace(self.world.declared[name], model=Upstream(upstream))

    def do_set(self, name: str, setting: str) -> None:
        if name in self.world.declared:
            one = self.world.declared[name]
            self.world.declared[name] = replace(one, lifecycle=SETTINGS[setting](one.lifecycle))

    def do_quiet_rename(self, old: str, new: str) -> None:
        """Rename without saying so."""
        self.do_rename(old, new, said=False)

    def do_rename(self, old: str, new: str, *, said: bool = True) -> None:
        declared = self.world.declared
        if old not in declared or new in declared:
            return
        moved = declared.pop(old)
        before = old if said else None
        declared[new] = replace(moved, name=new, lifecycle=replace(moved.lifecycle, renamed_from=before))
        for name, one in declared.items():
            if one.upstream == old:
                declared[name] = replace(one, model=Upstream(new))

    def do_remove(self, name: str) -> None:
        self.world.declared.pop(name, None)

    def do_fault(self, operation: str, kind: str) -> None:
        self.world.provider.faults[operation].append(kind)

    def do_store(self, kind: str) -> None:
        self.world.store.faults.append(kind)

    def do_lag(self, seconds: int) -> None:
        self.world.provider.lag = seconds

    def do_time(self, seconds: int) -> None:
        self.world.clock.time += seconds
        self.world.provider.arrive()

    def do_finish(self, status: str, index: int) -> None:
        ours = [job_id for job_id in self.world.provider.jobs if not job_id.startswith("foreign")]
        for job_id in ours if index == 0 else ours[index - 1 : index]:
            self.world.provider.finish(JobStatus(status), job_id)

    def do_outside(self, index: int) -> None:
        for job_id in list(self.world.provider.truth)[index : index + 1]:
            self.world.provider.cancel_outside(job_id)

    def do_forget(self) -> None:
        """Let an engine lose its memory."""
        if isinstance(self.world.provider, Engine):
            self.world.provider.forget()

    def do_vanish(self, index: int, seconds: int) -> None:
        last = self.world.findings.history.last
        recorded = laws.owners(last) if last else {}
        for job_id in list(self.world.provider.truth)[index : index + 1]:
            # A job without a stamp that vanishes before it is recorded is a list that lies.
            if self.stamps or job_id in recorded:
                self.world.provider.hide(job_id, seconds)

    def do_run(self) -> None:
        self._go(self.world.start(), None)

    def do_crash(self, boundaries: int) -> None:
        self._go(self.world.start(), boundaries, dies=True)

    def do_hand(self, name: str, boundaries: int | None) -> None:
        """Let somebody cancel a name; their run may die on its way."""
        self._go(self.world.start_cancel(name), boundaries, dies=boundaries is not None)

    def do_start(self, slot: int, boundaries: int) -> None:
        if slot not in self.paused:
            self.paused[slot] = self.world.start()
            self.do_go(slot, boundaries)

    def do_go(self, slot: int, boundaries: int | None) -> None:
        if slot in self.paused:
            self._go(self.paused[slot], boundaries)
            if self.paused[slot].ended:
                del self.paused[slot]

    def do_kill(self, slot: int) -> None:
        if slot in self.paused:
            self.paused.pop(slot).kill()

    def do_steal(self) -> None:
        if self.world.store.leases_expire:
            self.world.store.backend.steal()

    def do_stranger(self, name: str, version: int) -> None:
        """Let somebody else start a job, on a file of their own."""
        self.strangers += 1
        job = stranger(self.strangers, fine_tune(name, version), self.world.provider)
        self.world.provider.jobs[job.id] = job

    def do_jump(self, seconds: int) -> None:
        """Let the wall clock jump ahead: no time has passed at the provider."""
        self.world.clock.ahead += seconds

    def do_restore(self, writes: int) -> None:
        """Let somebody bring an older state back, while no run is under way."""
        restored = None if self.paused else self.world.store.restore(writes)
        if restored is not None:
            self.world.provider.not_before.clear()
            forgotten = self.world.provider.paid_ids() - laws.owners(restored).keys()
            account, findings = self.world.provider, self.world.findings
            findings.forgotten |= {account.key(job_id) for job_id in forgotten}
            # Neither the state nor a list that lags knows of these: nothing can.
            newest = account.clock.time - laws.LONGEST_LAG_SECONDS
            young = [one for one in forgotten if (account.jobs[one].created_at or 0) > newest]
            findings.doubled |= {account.key(job_id) for job_id in young}
            findings.doubled |= {account.key_of(one.request) for one in account.on_the_way}
            account.cancelled_outside |= account.cancel_asked

    def do_retry(self, name: str) -> None:
        """Let somebody lift what was refused of a name, while no run is under way."""
        if not self.paused:
            lift_refusals(self.world, name)

    def do_lose(self) -> None:
        """Let somebody delete the state, while no run is under way: a run would notice."""
        if not self.paused:
            account, findings = self.world.provider, self.world.findings
            findings.forgotten |= {account.key(job_id) for job_id in account.paid_ids()}
            account.cancelled_outside |= account.cancel_asked
            account.not_before.clear()
            self.world.lose_state()

    def _go(self, runner: Runner, boundaries: int | None, *, dies: bool = False) -> None:
        runner.go(boundaries, dies=dies, avoids=self.avoids)
        trace = self.world.findings.trace
        if runner.surprise is not None:
            raise runner.surprise
        if runner.error is not None and runner.ended:
            trace.append(f"    {runner.name}: ends with {type(runner.error).__name__}: {runner.error}")
        elif not runner.ended:
            trace.append(f"    {runner.name}: pauses {runner.waits_at}")
        elif runner.dead:
            trace.append(f"    {runner.name}: dies")

    def peace(self) -> None:
        """Let every run end, take the faults away, and see that all comes to rest as it should."""
        world = self.world
        for slot in sorted(self.paused):
            self.do_go(slot, None)
        self.check()
        world.findings.trace.append("peace")
        world.provider.faults.clear()
        world.store.faults.clear()
        world.provider.lag = 0.0
        days = world.budget is not None or world.provider.facts.queue.per_day is not None
        for number in range(2 * MOST_ROUNDS if days else MOST_ROUNDS):
            new_day = days and number % 2
            self.do_time(int(DAY_SECONDS if new_day else PEACE_SECONDS))
            before, stopped = world.state().unmarked("p"), world.provider.asked["cancel"]
            self._go(world.start(), None)
            plan = world.plan()
            # A run may learn from a reply that marks get lost: the next one then knows a job in doubt.
            # And what a run has stopped may leave money that only the next one knows of.
            freed = world.budget is not None and world.provider.asked["cancel"] > stopped
            # What is forgotten meanwhile may be taken over by what waits: that costs nothing.
            free = world.budget is not None and all(
                one.action is Action.ADOPT for one in plan.effective_changes
            )
            if before == world.state().unmarked("p") and not (freed or free):
                for broken in laws.convergence(plan):
                    world.findings.law(broken)
            self.check()
            resting = all(change.action.value in ("keep", "hold") for change in plan.changes)
            ours = any(world.provider.jobs[job_id].status.active for job_id in world.provider.paid_ids())
            if resting and number > 2 and not ours:  # two runs after the person
                break
            if number == 1:
                self.last_laws(plan, early=True)
                ask_a_person(world)
                lift_refusals(world, *world.declared)
                continue
            if number > 1:
                world.provider.finish(JobStatus.SUCCEEDED)
            self.last_laws(plan, early=True)
        self.last_laws(world.plan(), early=False)

    def last_laws(self, plan: Plan, *, early: bool) -> None:
        """Judge what is left; `early`, while jobs still run, only what no end of a job can hide."""
        world = self.world
        state, account, findings = world.state(), world.provider, world.findings
        broken = [
            *laws.at_most_once(account, findings, plan, state),
            *laws.all_recorded(account, findings, plan, state),
            *laws.altered_shown(account, plan, state),
            *laws.obeyed(account, state),
            *laws.one_id(account, state),
            *laws.outcomes_known(account, state),
            *laws.no_stray(account, findings, plan, state, world.declared),
            *laws.honest_refusals(account, plan.changes),
            *(never_stuck(plan, state, world.budget, world.clock.now()) if world.budget is not None else ()),
            *(() if early else laws.lifted_holds(plan.changes)),
            *(() if early else laws.honest_holds(account, plan.changes)),
        ]
        for one in broken:
            findings.law(one)
        self.check()


def play(history: History) -> Player:
    """Play a history. Raises LawBroken, or whatever a bug in ftops raises."""
    player = Player(history)
    player.play(history.steps)
    return player
