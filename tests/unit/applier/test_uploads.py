"""Files before a create: waited for, sent anew when they failed, not sent again when they were refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ftops.applier.uploads import LONGEST_WAIT_SECONDS, TELL_EVERY, _Sending
from ftops.errors import Failure, ProviderError, Rejected
from ftops.model.dataset import Dataset
from ftops.model.event import Outcome
from ftops.model.finetune import DataFile
from ftops.model.job import FileState, UploadedFile
from ftops.model.value import replace
from tests.simulator.account import Account
from tests.simulator.world import World, fine_tune

Fate = Callable[[float], FileState]


def processed_after(seconds: float, meanwhile: FileState = FileState.PROCESSING) -> Fate:
    return lambda age: FileState.READY if age >= seconds else meanwhile


def always(state: FileState) -> Fate:
    return lambda _: state


class Processing(Account):
    """A provider that processes each upload after its fate, `fates` in order; and believes nobody."""

    def __init__(self, world: World, *fates: Fate) -> None:
        super().__init__(world.clock)
        self.fates = list(fates)
        self.fate_of: dict[str, Fate] = {}
        self.refusal = 400
        self.takes = frozenset({FileState.READY})
        self.listed_as: FileState | None = None
        world.provider = self

    @property
    def sent(self) -> int:
        return self.asked["upload"]

    @property
    def creates(self) -> int:
        return self.asked["create"]

    def file_shown(self, file_id: str) -> UploadedFile:
        if file_id not in self.fate_of:
            self.fate_of[file_id] = self.fates.pop(0) if len(self.fates) > 1 else self.fates[0]
        file = self.files[file_id]
        state = self.fate_of[file_id](self.clock.now() - (file.created_at or 0))
        return replace(file, state=state, status=state.value)

    def files_listed(self) -> tuple[UploadedFile, ...]:
        files = super().files_listed()
        return tuple(replace(file, state=self.listed_as or file.state) for file in files)

    def trains_on(self, file_id: str) -> bool:
        return self.file_shown(file_id).state in self.takes

    def failed(self, kind: str, operation: str) -> ProviderError:
        failure = Failure("p", operation, self.refusal)
        if kind == "refused data":
            return Rejected("p: too large", failure=replace(failure, message="too large"))
        if kind == "not ready":
            return Rejected("invalid file", failure=replace(failure, message="invalid file"))
        return super().failed(kind, operation)


def world_with(*fates: Fate) -> tuple[World, Processing]:
    world = World()
    world.declared["a"] = fine_tune("a")
    return world, Processing(world, *fates)


def test_a_file_that_is_processed_within_the_wait_is_waited_for() -> None:
    world, provider = world_with(processed_after(20))
    (result,) = world.apply()
    assert (result.outcome, provider.creates) == (Outcome.DONE, 1)


def test_a_file_that_takes_longer_makes_the_create_wait_unsent_and_is_not_sent_again() -> None:
    world, provider = world_with(processed_after(100))
    began = world.clock.now()
    (result,) = world.apply()
    assert (result.outcome, provider.creates) == (Outcome.SKIPPED, 0)
    assert LONGEST_WAIT_SECONDS <= world.clock.now() - began < 2 * LONGEST_WAIT_SECONDS
    assert "still processing" in (result.error or "")
    world.clock.time += 100
    (result,) = world.apply()
    assert (result.outcome, provider.creates, provider.sent) == (Outcome.DONE, 1, 1)


def test_a_server_whose_files_stay_uploaded_is_believed_after_one_wait() -> None:
    world, provider = world_with(always(FileState.UPLOADED))
    provider.takes = frozenset({FileState.UPLOADED})
    assert world.apply()[0].outcome is Outcome.DONE
    began = world.clock.now()
    world.declared["a"] = fine_tune("a", 2)
    world.apply()
    assert world.clock.now() - began < 1


def test_a_create_that_was_refused_for_a_file_that_stays_uploaded_is_refused() -> None:
    world, provider = world_with(always(FileState.UPLOADED))
    assert world.apply()[0].outcome is Outcome.FAILED
    assert world.actions() == {"a": "hold rejected"}
    assert provider.creates == 1


def test_a_server_without_states_is_tried_and_believed() -> None:
    world, provider = world_with(always(FileState.UNKNOWN))
    assert world.apply()[0].outcome is Outcome.FAILED
    assert world.actions() == {"a": "hold rejected"}
    assert provider.creates == 1


def test_a_400_is_judged_by_the_state_of_the_file_after_it() -> None:
    world, provider = world_with(processed_after(100))
    # The list calls it ready too soon; its description does not.
    provider.listed_as = FileState.READY
    world.apply()
    (result,) = world.apply()
    assert (result.outcome, provider.creates) == (Outcome.SKIPPED, 1)
    assert world.actions() == {"a": "create new"}
    world.clock.time += 100
    assert world.apply()[0].outcome is Outcome.DONE


def test_a_failed_file_is_sent_anew_once_a_run_and_three_times_in_all() -> None:
    world, provider = world_with(always(FileState.FAILED))
    for sent, outcome in ((1, Outcome.SKIPPED), (2, Outcome.SKIPPED), (3, Outcome.FAILED)):
        (result,) = world.apply()
        assert (provider.sent, provider.creates, result.outcome) == (sent, 0, outcome)
    assert world.actions() == {"a": "hold rejected"}
    world.apply()
    assert provider.sent == 3


def test_a_failed_file_that_is_good_the_second_time_is_forgotten() -> None:
    world, provider = world_with(always(FileState.FAILED), always(FileState.READY))
    assert world.apply()[0].outcome is Outcome.SKIPPED
    assert world.apply()[0].outcome is Outcome.DONE
    assert (provider.sent, provider.creates) == (2, 1)
    assert world.state().providers["p"].refused_uploads == {}


@pytest.mark.parametrize("status", [413, 400])
def test_a_refused_upload_is_held_and_not_sent_by_every_run(status: int) -> None:
    world, provider = world_with(always(FileState.READY))
    world.declared["b"] = fine_tune("b")
    provider.refusal = status
    provider.faults["upload"] = ["refused data"] * 2
    assert {result.outcome for result in world.apply()} == {Outcome.FAILED}
    assert world.actions() == {"a": "hold rejected", "b": "hold rejected"}
    world.apply()
    assert (provider.sent, provider.creates) == (2, 0)


def test_a_file_of_the_providers_own_is_waited_for_as_well() -> None:
    world, provider = world_with(processed_after(10))
    file = provider.store_file("theirs.jsonl")
    world.declared["a"] = replace(fine_tune("a"), training_files=(DataFile(file_id=file.id),))
    assert world.apply()[0].outcome is Outcome.DONE
    assert (provider.sent, provider.creates) == (0, 1)


def test_a_file_of_the_providers_own_that_failed_is_not_ours_to_mend() -> None:
    world, provider = world_with(always(FileState.FAILED))
    file = provider.store_file("theirs.jsonl")
    world.declared["a"] = replace(fine_tune("a"), training_files=(DataFile(file_id=file.id),))
    assert world.apply()[0].outcome is Outcome.FAILED
    assert world.actions() == {"a": "hold rejected"}


def test_a_large_upload_says_how_far_it_is_once_for_each_large_piece() -> None:
    sending = _Sending(Dataset("data/a.jsonl", "0" * 64, 3 * TELL_EVERY, 1, "0" * 64))
    sending.count(TELL_EVERY - 1)
    assert sending.progress() is None
    sending.count(1)
    assert sending.progress() == "sent 67 MB of 201 MB of data/a.jsonl"
    assert sending.progress() is None
    sending.count(2 * TELL_EVERY)
    assert sending.progress() == "sent 201 MB of 201 MB of data/a.jsonl"
