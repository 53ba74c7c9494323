"""Observation: one provider's jobs as one run saw them, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.capabilities import Capabilities
from ftops.model.job import Job, JobEvent, UploadedFile
from ftops.model.json_value import JSON, JSONObject
from ftops.model.model_dates import ModelDates
from ftops.model.queue import Queue
from ftops.model.spending import Amount


class ProviderFacts(Struct, frozen=True):
    """What the planner must know of a provider: its wire format and its patience (seconds).

    `organization` is the account that the project expects, None where it does not say; `organization_shown`
    is what messages call it where it comes from a reference, and so is a secret. `extras` are what is sent
    for a gateway in addition to the format's own fields, as the project file writes it: for a reviewer to
    see. `renamed_from` is the name that the provider had before.

    `service` names the known service behind the address, whose dates of retirement concern it; None for a
    server that somebody runs themselves. `allow_closed`: creates are sent even where the service says that
    it takes no more. `billing` names the service whose format is spoken there, and so whose way of billing;
    `region` is where the address is, as far as it tells. `emulated`: it is the embedded emulator.

    `models` are names that ftops.yaml gives to models, each with what the provider knows it by; `decisive` is
    what else of its settings decides the result of a training: both are part of a fingerprint.
    `package_limit` is how many bytes a data file may have that is sent to an engine, None for who is none;
    `data_place` is where its nodes read larger ones.
    """

    name: str
    dialect: str
    capabilities: Capabilities
    settle: float = 900.0
    send_window: float = 60.0
    queue: Queue = Queue()
    organization: str | None = None
    extras: Mapping[str, JSON] = field(default_factory=dict)
    organization_shown: str | None = None
    renamed_from: str | None = None
    service: str | None = None
    allow_closed: bool = False
    billing: str | None = None
    region: str | None = None
    emulated: bool = False
    models: Mapping[str, str] = field(default_factory=dict)
    decisive: JSONObject = field(default_factory=dict)
    package_limit: int | None = None
    data_place: str | None = None

    @property
    def largest_upload(self) -> int | None:
        """Return how many bytes a data file may have, None where nothing of ours limits it."""
        return self.package_limit if self.data_place is None else None


class Observation(Struct, frozen=True):
    """What one provider showed.

    `listed_at` are the starts (Unix seconds) of the complete lists behind `jobs`, oldest first; empty
    when none was complete. `gone` are recorded ids that a complete list lacked and a retrieve answered
    with 404; `retrieved` are ids that were looked at one by one, and so show all that they can.
    `problem` says why the list is not whole, `hint` what to do where another try would not help; `reached`
    is False when not even its beginning came. `session` is that of the list, where it has one. `files` are
    the uploaded files, None where nobody asked. `model_dates` is when models end as the provider's API tells
    it, empty where nobody asked or it does not. `estimates` are what creates would cost as it tells, by name.
    `events` has each job whose events were asked for, with the newest of those that were not known.
    """

    provider: ProviderFacts
    jobs: tuple[Job, ...] = ()
    complete: bool = True
    problem: str | None = None
    listed_at: tuple[float, ...] = ()
    gone: frozenset[str] = frozenset()
    retrieved: frozenset[str] = frozenset()
    files: tuple[UploadedFile, ...] | None = None
    hint: str | None = None
    reached: bool = True
    session: str | None = None
    model_dates: Mapping[str, ModelDates] = field(default_factory=dict)
    estimates: Mapping[str, Amount] = field(default_factory=dict)
    events: Mapping[str, JobEvent | None] = field(default_factory=dict)
