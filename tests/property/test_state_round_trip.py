"""What is written is what is read back, and no manager loses what another one wrote."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ftops.errors import About, RefusalKind, StateConflict
from ftops.model import commit, identifiers
from ftops.model.ack import Ack
from ftops.model.change import FieldDifference
from ftops.model.commit import AppliedCommit, Commit
from ftops.model.finetune import Lifecycle, OnChange, OnRemove, Retry, RetryOn
from ftops.model.job import FailureClass, JobError, JobStatus
from ftops.model.provider_memory import ProviderMemory, RefusedUpload
from ftops.model.refusal import Refusal
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.state.backends.memory import MemoryBackend
from ftops.state.manager import StateManager
from ftops.state.sections import SectionWriter
from ftops.state.statefile import decode, encode

WHOLE = st.integers(0, 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TIME = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TIME | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=2)
NAMES = st.dictionaries(TEXT, TEXT, max_size=2)
NAME, WORD, FINGERPRINT, DIGEST, SHA256, ID = (
    st.from_regex(form, fullmatch=True)
    for form in (
        identifiers.NAME,
        identifiers.WORD,
        identifiers.FINGERPRINT,
        identifiers.DIGEST,
        identifiers.SHA256,
        identifiers.PROVIDERS_ID,
    )
)
IDS = st.lists(ID, max_size=2).map(tuple)
NONCES = st.lists(WORD, max_size=2).map(tuple)
FINGERPRINTS = st.lists(FINGERPRINT, max_size=2).map(tuple)
ERROR = st.builds(JobError, st.none() | TEXT, TEXT, st.sampled_from(FailureClass))
REQUEST = st.builds(SentRequest, WORD, OBJECT, IDS)
REQUESTS = st.lists(REQUEST, max_size=2).map(tuple)
JOB = st.builds(
    RecordedJob,
    *(ID, WORD, FINGERPRINT, WHOLE, WHOLE, st.none() | WORD, st.sampled_from(JobStatus)),
    created_at=st.none() | TIME,
    finished_at=st.none() | TIME,
    model=st.none() | TEXT,
    fine_tuned_model=st.none() | TEXT,
    trained_tokens=st.none() | WHOLE,
    error=st.none() | ERROR,
    missing_since=st.none() | TIME,
    cancel_requested=st.none() | TIME,
    cancel_accepted=st.none() | TIME,
    detached=st.booleans(),
    request=st.none() | REQUEST,
    altered=st.lists(st.builds(FieldDifference, TEXT, JSON, JSON), max_size=2).map(tuple),
    likeness=st.booleans(),
    accepted=st.booleans(),
)
REFUSAL = st.builds(
    Refusal,
    *(st.sampled_from(RefusalKind), TEXT, st.none() | TEXT, st.none() | st.sampled_from(About)),
    *(TEXT, TIME, TIME, st.none() | TIME),
)
INTENT = st.builds(
    Intent,
    *(WORD, WORD, FINGERPRINT, WHOLE, WHOLE, OBJECT, TIME, TIME, OBJECT, IDS),
    replied=st.none() | ID,
    absent_since=st.none() | TIME,
    lapsed=st.booleans(),
    withdrawn_at=st.none() | TIME,
    refusal=st.none() | REFUSAL,
)
LIFECYCLE = st.builds(
    Lifecycle,
    suspend=st.booleans(),
    on_change=st.sampled_from(OnChange),
    on_remove=st.sampled_from(OnRemove),
    protect=st.booleans(),
    retry=st.builds(Retry, WHOLE, st.lists(st.sampled_from(RetryOn), max_size=2).map(tuple)),
    priority=st.integers(-9, 9),
    rerun=TEXT,
    renamed_from=st.none() | NAME,
)
JOBS = st.lists(JOB, max_size=2).map(tuple)
RECORD = st.builds(
    Record,
    *(WORD, FINGERPRINT, WHOLE, WHOLE, OBJECT, st.just(Lifecycle()) | LIFECYCLE, NAMES, NAMES),
    integrations=st.lists(JSON, max_size=2).map(tuple),
    intent=st.none() | INTENT,
    job=st.none() | JOB,
    history=JOBS,
    spent_nonces=NONCES,
    requests=REQUESTS,
    cancelled_by_hand=FINGERPRINTS,
)
ARCHIVED = st.builds(ArchivedRecord, WHOLE, JOBS, NONCES, REQUESTS, FINGERPRINTS)
MEMORY = st.builds(
    ProviderMemory,
    st.none() | TIME,
    st.lists(WORD, max_size=2).map(tuple),
    st.dictionaries(SHA256, st.builds(RefusedUpload, TEXT, TIME, IDS), max_size=2),
)
HASH = st.from_regex(f"({commit.HASH})", fullmatch=True)
ACK = st.builds(
    Ack,
    st.lists(SHA256, max_size=2).map(tuple),
    TEXT.filter(bool),
    TEXT.filter(bool),
    st.floats(0, 253_402_300_799),
    st.floats(0, 253_402_300_799),
)
STATE = st.builds(
    State,
    *(NAME, WORD, WHOLE),
    fine_tunes=st.dictionaries(NAME, RECORD, max_size=2),
    archive=st.dictionaries(NAME, ARCHIVED, max_size=2),
    datasets=st.dictionaries(WORD, st.dictionaries(SHA256, ID, max_size=2), max_size=2),
    not_mine=st.dictionaries(WORD, IDS, max_size=2),
    providers=st.dictionaries(WORD, MEMORY, max_size=2),
    applied=st.none() | st.builds(AppliedCommit, st.builds(Commit, HASH, WHOLE), DIGEST),
    acks=st.dictionaries(NAME, ACK, max_size=2),
)


@given(STATE)
def test_a_state_is_read_back_as_it_was_written(state: State) -> None:
    data = encode(state)
    again = decode(data, "here")
    assert again == state
    assert encode(again) == data


@given(st.lists(STATE, min_size=1, max_size=3))
def test_a_writer_that_remembers_writes_what_one_that_does_not_would(states: list[State]) -> None:
    writer = SectionWriter()
    for state in states:
        for one in (state, replace(state, serial=state.serial + 1)):
            assert encode(one, writer) == encode(one)
            assert gzip.decompress(encode(one, writer, packed=True)) == encode(one)


class TwoManagers(RuleBasedStateMachine):
    """Two runs on one store, without a lock: each adds its own mark whenever it can."""

    def __init__(self) -> None:
        super().__init__()
        self.backend = MemoryBackend(lambda: 0.0)
        self.managers = [StateManager(self.backend, "p", new_lineage=lambda: "l") for _ in range(2)]
        self.seen: list[State] = [manager.read() for manager in self.managers]
        self.accepted: list[str] = []

    @rule(who=st.integers(0, 1))
    def read(self, who: int) -> None:
        self.seen[who] = self.managers[who].read()

    @rule(who=st.integers(0, 1))
    def write(self, who: int) -> None:
        mark = f"{who}-{len(self.accepted)}"
        marks = (*self.seen[who].not_mine.get("p", ()), mark)
        try:
            self.seen[who] = self.managers[who].write(replace(self.seen[who], not_mine={"p": marks}))
        except StateConflict:
            return
        self.accepted.append(mark)

    @invariant()
    def nothing_accepted_is_lost_and_each_write_has_its_own_serial(self) -> None:
        stored = self.backend.read()
        state = decode(stored.data, "here") if stored else State("p", "l")
        assert state.not_mine.get("p", ()) == tuple(self.accepted)
        assert state.serial == len(self.accepted)


TestTwoManagers = TwoManagers.TestCase
