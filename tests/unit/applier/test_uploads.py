"""Files before a create: waited for, sent anew when they failed, not sent again when they were refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ftops.applier.uploads import LONGEST_WAIT_SECONDS
from ftops.errors import Failure, ProviderError, Rejected
from ftops.model.event import Outcome
from ftops.model.finetune import DataFile
from ftops.model.job import FileState, Job, UploadedFile
from ftops.model.request import JobRequest
from ftops.model.value import replace
from tests.simulated import SimulatedProvider, World, fine_tune

Fate = Callable[[float], FileState]


def processed_after(seconds: float, meanwhile: FileState = FileState.PROCESSING) -> Fate:
    return lambda age: FileState.READY if age >= seconds else meanwhile


def always(state: FileState) -> Fate:
    return lambda _: state


class Processing(SimulatedProvider):
    """A provider that processes each upload after its fate, `fates` in order; and believes nobody."""

    def __init__(self, world: World, *fates: Fate) -> None:
        super().__init__(world.clock)
        self.fates = list(fates)
        self.fate_of: dict[str, Fate] = {}
        self.sent = 0
        self.creates = 0
        self.reads = 0
        self.refuses: ProviderError | None = None
        self.takes = frozenset({FileState.READY})
        self.clock = world.clock
        world.provider = self

    def upload_file(self, path: Path, filename: str, sha256: str) -> UploadedFile:
        self.sent += 1
        if self.refuses is not None:
            raise self.refuses
        file = super().upload_file(path, filename, sha256)
        self.fate_of[file.id] = self.fates.pop(0) if len(self.fates) > 1 else self.fates[0]
        self.files[file.id] = replace(file, created_at=self.clock.now())
        return self.retrieve_file(file.id)

    def retrieve_file(self, file_id: str) -> UploadedFile:
        self.reads += 1
        file = self.files[file_id]
        state = self.fate_of[file_id](self.clock.now() - (file.created_at or 0))
        return replace(file, state=state, status=state.value)

    def list_files(self) -> tuple[UploadedFile, ...]:
        return tuple(self.retrieve_file(file_id) for file_id in self.files)

    def create_fine_tune(self, request: JobRequest) -> Job:
        self.creates += 1
        state = self.retrieve_file(request.training_files[0].id).state
        if state not in self.takes:
            failure = Failure("p", "create", 400, message="invalid file")
            raise Rejected("invalid file", failure=failure)
        return super().create_fine_tune(request)


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
    listed = provider.list_files
    provider.takes = frozenset({FileState.READY})
    # The list calls it ready too soon; its description does not.
    provider.list_files = lambda: tuple(  # type: ignore[method-assign]  # a provider that lies
        replace(file, state=FileState.READY) for file in listed()
    )
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


@pytest.mark.parametrize(("status", "held"), [(413, True), (400, True)])
def test_a_refused_upload_is_held_and_not_sent_by_every_run(status: int, *, held: bool) -> None:
    world, provider = world_with(always(FileState.READY))
    world.declared["b"] = fine_tune("b")
    provider.refuses = Rejected("p: too large", failure=Failure("p", "upload", status, message="too large"))
    assert {result.outcome for result in world.apply()} == {Outcome.FAILED}
    assert world.actions() == {"a": "hold rejected", "b": "hold rejected"}
    sent = provider.sent
    provider.refuses = None
    world.apply()
    assert (provider.sent == sent, provider.creates) == (held, 0)


def test_a_file_of_the_providers_own_is_waited_for_as_well() -> None:
    world, provider = world_with(processed_after(10))
    file = provider.upload_file(Path("theirs.jsonl"), "theirs.jsonl", "x")
    world.declared["a"] = replace(fine_tune("a"), training_files=(DataFile(file_id=file.id),))
    assert world.apply()[0].outcome is Outcome.DONE
    assert (provider.sent, provider.creates) == (1, 1)


def test_a_file_of_the_providers_own_that_failed_is_not_ours_to_mend() -> None:
    world, provider = world_with(always(FileState.FAILED))
    file = provider.upload_file(Path("theirs.jsonl"), "theirs.jsonl", "x")
    world.declared["a"] = replace(fine_tune("a"), training_files=(DataFile(file_id=file.id),))
    assert world.apply()[0].outcome is Outcome.FAILED
    assert world.actions() == {"a": "hold rejected"}
