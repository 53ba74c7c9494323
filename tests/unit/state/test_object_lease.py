"""The lock of an object store, on clocks of our own: nobody is overtaken alive, nobody blocks for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ftops.errors import LeaseLost, LockHeld, StateError, StateUncertain
from ftops.state.backend import Holder
from ftops.state.backends.object_access import Found, Unmet
from ftops.state.backends.object_lease import LONGEST_LEASE, ObjectLease, understood
from ftops.state.backends.object_lock import LockObject
from ftops.state.clocks import Clocks
from ftops.transport.bucket_errors import Place

ME = Holder("me", "ann", "laptop", 1, "apply", 0.0)
OTHER = Holder("other", "bob", "runner", 2, "reconcile", 0.0, "https://ci.example/7")
LEASE = 60.0


@dataclass
class Machine:
    """The clocks of one machine; sleeping moves all of them, and then lets others act."""

    wall: float = 1_000_000.0
    mono: float = 50.0
    boot: float = 70.0
    slept: float = 0.0
    meanwhile: Callable[[], None] = lambda: None

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds
        self.boot += seconds

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.pass_time(seconds)
        self.meanwhile()

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.mono, lambda: self.boot, self.sleep, pause=1.0)


@dataclass
class Shelf:
    """A store in memory, with a clock of its own, whose next answers can be spoilt."""

    machine: Machine
    objects: dict[str, tuple[bytes, int, float]] = field(default_factory=dict)
    writes: int = 0
    bodies: list[bytes] = field(default_factory=list)
    before_lock: Callable[[], None] = lambda: None
    """Done just before the next write of the lock."""
    lost_replies: int = 0
    broken: bool = False
    conditional: bool = True
    honours_if_match: bool = True

    def now(self) -> float:
        return float(int(self.machine.mono)) + 5_000.0

    def get(self, key: str, doing: str = "") -> Found | None:
        self._work(doing)
        if key not in self.objects:
            return None
        data, version, modified = self.objects[key]
        return Found(data, json.dumps({"e_tag": str(version)}), modified)

    def put(self, key: str, data: bytes, over: str | None, doing: str = "") -> str:
        self._work(doing)
        if key == "k.lock":
            act, self.before_lock = self.before_lock, lambda: None
            act()
        there = self.get(key)
        met = (there.version if there else None) == over
        if self.conditional and not met and (over is None or self.honours_if_match):
            raise Unmet
        self.overwrite(key, data, doing)
        if self.lost_replies:
            self.lost_replies -= 1
            raise StateUncertain("the reply was lost")
        return json.dumps({"e_tag": str(self.writes)})

    def overwrite(self, key: str, data: bytes, doing: str) -> None:
        self.writes += 1
        self.bodies.append(data)
        self.objects[key] = (data, self.writes, self.now())

    def modified(self, key: str, doing: str) -> float:
        return self.objects[key][2]

    def lock_says(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(self.objects["k.lock"][0])
        return told

    def _work(self, doing: str) -> None:
        if self.broken:
            raise StateError(f"cannot {doing}")


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def shelf(machine: Machine) -> Shelf:
    return Shelf(machine)


def lock_of(shelf: Shelf, machine: Machine, lease: float = LEASE) -> LockObject:
    return LockObject(shelf, Place("s3", "bucket", "k"), lease, machine.clocks())


def take(shelf: Shelf, machine: Machine, holder: Holder = ME, timeout: float = 0) -> ObjectLease:
    lease = lock_of(shelf, machine).take(holder, timeout)
    # The beats of a test come when it says so.
    lease._heartbeat.stop()
    return lease


def test_a_lock_is_ours_for_one_lease_from_the_start_of_its_writing(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine)
    assert lease.expires_at == machine.wall + LEASE
    machine.pass_time(LEASE - 0.1)
    lease.check()
    machine.pass_time(0.1)
    with pytest.raises(LeaseLost, match=r"s3://bucket/k was not renewed in time"):
        lease.check()


@pytest.mark.parametrize("clock", ["wall", "mono", "boot"])
def test_any_one_clock_ends_a_lease_and_it_never_comes_back(
    shelf: Shelf, machine: Machine, clock: str
) -> None:
    lease = take(shelf, machine)
    setattr(machine, clock, getattr(machine, clock) + LEASE)
    with pytest.raises(LeaseLost):
        lease.check()
    setattr(machine, clock, getattr(machine, clock) - LEASE)
    with pytest.raises(LeaseLost):
        lease.check()
    assert not lease.beat()


def test_a_beat_extends_the_lease(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine)
    machine.pass_time(45)
    assert lease.beat()
    machine.pass_time(45)
    lease.check()
    assert shelf.lock_says()["beat"] == 1


def test_a_paused_holder_that_wakes_in_its_heartbeat_does_not_revive_its_lease(
    shelf: Shelf, machine: Machine
) -> None:
    lease = take(shelf, machine)
    machine.pass_time(LEASE + 1)
    assert not lease.beat()
    assert shelf.lock_says()["beat"] == 0
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_renewal_that_took_longer_than_the_lease_had_left_is_too_late(
    shelf: Shelf, machine: Machine
) -> None:
    lease = take(shelf, machine)
    slow = SlowShelf(machine, shelf.objects, shelf.writes)
    lease._objects = slow
    machine.pass_time(50)
    assert not lease.beat()
    with pytest.raises(LeaseLost):
        lease.check()


class SlowShelf(Shelf):
    def overwrite(self, key: str, data: bytes, doing: str) -> None:
        super().overwrite(key, data, doing)
        self.machine.pass_time(20)


def test_beats_that_fail_are_tried_again_until_the_lease_is_over(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine)
    shelf.broken = True
    for _ in range(3):
        machine.pass_time(15)
        assert lease.beat()
        lease.check()
    shelf.broken = False
    assert lease.beat()
    machine.pass_time(30)
    lease.check()


def test_a_beat_whose_reply_was_lost_counts_only_once_another_one_has_come_through(
    shelf: Shelf, machine: Machine
) -> None:
    lease = take(shelf, machine)
    began = machine.wall
    machine.pass_time(15)
    shelf.lost_replies = 1
    assert lease.beat()
    assert lease.expires_at == began + LEASE
    machine.pass_time(15)
    assert lease.beat()
    assert lease.expires_at == began + 30 + LEASE
    lease.check()
    # Equal bodies have equal etags in S3: whoever watches would see a lock that is not renewed.
    written = [body for body in shelf.bodies if body]
    assert len(set(written)) == len(written)


def test_a_lease_that_somebody_else_took_is_lost(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine)
    shelf.overwrite("k.lock", b"{}", "")
    assert not lease.beat()
    with pytest.raises(LeaseLost, match="taken away"):
        lease.check()


def test_a_second_run_is_refused_at_once_while_the_first_lives(shelf: Shelf, machine: Machine) -> None:
    take(shelf, machine, OTHER)
    machine.pass_time(20)
    with pytest.raises(LockHeld, match=r"bob@runner.*ci\.example/7") as refused:
        take(shelf, machine)
    assert machine.slept == 0
    assert "ftops state unlock other" in (refused.value.hint or "")
    assert "--lock-timeout" in (refused.value.hint or "")


def test_a_second_run_with_the_same_holder_is_another_run(shelf: Shelf, machine: Machine) -> None:
    take(shelf, machine)
    with pytest.raises(LockHeld):
        take(shelf, machine)


def test_a_released_lock_is_free_at_once_and_its_object_stays(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine, OTHER)
    lease.release()
    lease.release()
    assert shelf.lock_says()["free"] is True
    assert lock_of(shelf, machine).holder() is None
    assert take(shelf, machine).taken_from is None


def test_a_run_waits_for_a_living_holder_as_long_as_it_was_told(shelf: Shelf, machine: Machine) -> None:
    first = take(shelf, machine, OTHER)
    machine.meanwhile = lambda: _beaten(first)
    with pytest.raises(LockHeld):
        take(shelf, machine, timeout=300)
    assert 300 <= machine.slept < 302


def test_a_lock_is_taken_over_only_after_it_was_seen_unchanged_for_a_whole_lease(
    shelf: Shelf, machine: Machine
) -> None:
    take(shelf, machine, OTHER)
    machine.pass_time(30)
    lease = take(shelf, machine, timeout=200)
    assert LEASE + 3 <= machine.slept <= LEASE + 5
    assert lease.taken_from == OTHER


def test_a_run_without_a_timeout_gets_over_a_killed_one_by_watching_one_lease(
    shelf: Shelf, machine: Machine
) -> None:
    take(shelf, machine, OTHER)
    machine.pass_time(3600)
    lease = take(shelf, machine)
    assert LEASE <= machine.slept <= LEASE + 5
    assert lease.taken_from == OTHER


def test_a_lock_that_only_looks_dead_is_not_taken(shelf: Shelf, machine: Machine) -> None:
    first = take(shelf, machine, OTHER)
    data, version, _ = shelf.objects["k.lock"]
    shelf.objects["k.lock"] = (data, version, shelf.now() - 3600)
    machine.meanwhile = lambda: _beaten(first)
    with pytest.raises(LockHeld, match="bob"):
        take(shelf, machine)
    assert machine.slept <= 2
    first.check()


def test_the_lease_in_the_lock_counts_and_not_the_one_of_whoever_waits(
    shelf: Shelf, machine: Machine
) -> None:
    take(shelf, machine, OTHER)
    machine.pass_time(1000)
    lock_of(shelf, machine, lease=5).take(ME, 0).release()
    assert machine.slept >= LEASE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"free": "true", "token": "t", "lease": 1, "beat": 1}',
        b'{"free": false, "token": "t", "lease": NaN, "beat": 1}',
        b'{"free": false, "token": "t", "lease": 1e999, "beat": 1}',
    ],
)
def test_a_lock_that_cannot_be_understood_is_held_for_the_longest_lease(
    shelf: Shelf, machine: Machine, body: bytes
) -> None:
    assert understood(body).lease == LONGEST_LEASE
    shelf.overwrite("k.lock", body, "")
    assert lock_of(shelf, machine).holder() is None
    with pytest.raises(LockHeld, match="another run"):
        take(shelf, machine, timeout=LONGEST_LEASE - 1)
    take(shelf, machine, timeout=LONGEST_LEASE * 1.1).check()


def test_two_that_take_over_at_once_get_one_lock(shelf: Shelf, machine: Machine) -> None:
    take(shelf, machine, OTHER)
    machine.pass_time(3600)
    rival = Machine()
    taken: list[ObjectLease] = []

    def rival_is_faster() -> None:
        if machine.slept >= LEASE + 2 and not taken:
            taken.append(take(shelf, rival, Holder("rival", "eve", "x", 3, "apply", 0.0)))

    machine.meanwhile = rival_is_faster
    rival.pass_time(1)
    with pytest.raises(LockHeld, match="eve"):
        take(shelf, machine)
    taken[0].check()


@pytest.mark.parametrize("before", ["nothing", "free", "dead"])
def test_whoever_writes_the_lock_between_our_look_and_our_write_has_it(
    shelf: Shelf, machine: Machine, before: str
) -> None:
    if before != "nothing":
        old = take(shelf, machine, Holder("old", "joe", "x", 3, "apply", 0.0))
        if before == "free":
            old.release()
    taken: list[ObjectLease] = []
    shelf.before_lock = lambda: taken.append(take(shelf, Machine(), OTHER, timeout=200))
    with pytest.raises(LockHeld, match="bob"):
        take(shelf, machine, timeout=70 if before == "dead" else 0)
    taken[0].check()


@pytest.mark.parametrize(("asked", "held"), [(1e9, LONGEST_LEASE), (0.0, 1.0), (90.0, 90.0)])
def test_no_lease_is_longer_than_what_others_wait(
    shelf: Shelf, machine: Machine, asked: float, held: float
) -> None:
    lease = lock_of(shelf, machine, lease=asked).take(ME, 0)
    assert shelf.lock_says()["lease"] == held
    assert lease.expires_at == machine.wall + held
    lease.release()
    told = json.dumps({**shelf.lock_says(), "lease": asked}).encode()
    assert understood(told).lease == held


def test_a_release_after_a_takeover_leaves_the_successor_alone(shelf: Shelf, machine: Machine) -> None:
    first = take(shelf, machine, OTHER)
    second = take(shelf, machine, timeout=100)
    first.release()
    assert shelf.lock_says()["free"] is False
    assert second.beat()
    second.check()


def test_a_release_whose_last_beat_lost_its_reply_still_frees_the_lock(
    shelf: Shelf, machine: Machine
) -> None:
    lease = take(shelf, machine)
    shelf.lost_replies = 1
    assert lease.beat()
    lease.release()
    assert shelf.lock_says()["free"] is True


def test_a_release_that_cannot_be_said_raises_nothing(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine)
    shelf.broken = True
    lease.release()
    with pytest.raises(LeaseLost, match="was released"):
        lease.check()


def test_a_lock_whose_reply_was_lost_is_recognised_as_ours(shelf: Shelf, machine: Machine) -> None:
    take(shelf, machine, OTHER).release()
    lock = lock_of(shelf, machine)
    lock.prove()
    shelf.lost_replies = 1
    lease = take(shelf, machine)
    lease.check()
    assert lease.beat()


def test_unlock_frees_the_lock_of_that_holder_and_ends_its_lease(shelf: Shelf, machine: Machine) -> None:
    lease = take(shelf, machine, OTHER)
    lock_of(shelf, machine).break_of(OTHER)
    assert lock_of(shelf, machine).holder() is None
    assert not lease.beat()
    lease.release()
    take(shelf, machine).check()


def test_unlock_does_nothing_to_anybody_else(shelf: Shelf, machine: Machine) -> None:
    lock = lock_of(shelf, machine)
    with pytest.raises(StateError, match="no longer locked"):
        lock.break_of(OTHER)
    lease = take(shelf, machine)
    with pytest.raises(StateError, match="now held by another run: ann@laptop"):
        lock.break_of(OTHER)
    assert lease.beat()


def test_an_unlock_whose_reply_was_lost_is_recognised(shelf: Shelf, machine: Machine) -> None:
    take(shelf, machine, OTHER)
    shelf.lost_replies = 1
    lock_of(shelf, machine).break_of(OTHER)
    assert shelf.lock_says()["free"] is True


@pytest.mark.parametrize("kind", ["conditional", "honours_if_match"])
def test_a_store_that_ignores_conditions_is_refused_with_nothing_written_but_the_probe(
    shelf: Shelf, machine: Machine, kind: str
) -> None:
    setattr(shelf, kind, False)
    with pytest.raises(StateError, match="ignores conditions: two runs could both create jobs"):
        take(shelf, machine)
    assert set(shelf.objects) == {"k.probe"}


def test_a_lease_knows_how_far_this_clock_is_ahead_of_the_stores(shelf: Shelf, machine: Machine) -> None:
    ahead = take(shelf, machine).clock_ahead
    assert ahead == pytest.approx(machine.wall - shelf.now(), abs=1)


def _beaten(lease: ObjectLease) -> None:
    assert lease.beat()
