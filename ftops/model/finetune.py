"""FineTune: one fine-tune as a manifest wants it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from ftops.model.identifiers import Count, Name
from ftops.model.json_value import JSON, JSONObject
from ftops.model.remote import Remote


class Method(StrEnum):
    """How a model is trained; a dialect says which of these it carries."""

    SUPERVISED = "supervised"
    DPO = "dpo"
    REINFORCEMENT = "reinforcement"


class OnChange(StrEnum):
    """What happens to a running job whose declaration has changed."""

    REPLACE = "replace"
    DRAIN = "drain"


class OnRemove(StrEnum):
    """What happens to a running job whose declaration is gone."""

    CANCEL = "cancel"
    DETACH = "detach"


class RetryOn(StrEnum):
    """Ends of a job after which the same training may be tried again.

    Errors of the user and refusals by moderation are never among them: the same data fails again.
    """

    PROVIDER_ERROR = "provider_error"
    QUOTA = "quota"
    BILLING = "billing"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    VANISHED = "vanished"


class Source(Struct, frozen=True, gc=False):
    """Where a fine-tune is declared; for people only, never compared."""

    file: str
    line: int


class DataFile(Struct, frozen=True, gc=False):
    """A training or validation file: exactly one of `path` (project-relative) and `file_id` is set.

    Of one that is `remote`, `path` is where its copy is kept.
    """

    path: str | None = None
    file_id: str | None = None
    weight: float | None = None
    remote: Remote | None = None


class Upstream(Struct, frozen=True, gc=False):
    """A base model that another fine-tune of the project makes. `checkpoint` is `final` or `step:N`."""

    name: str
    checkpoint: str = "final"


class Retry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """How often one generation may be tried; `max_attempts` counts the first job too.

    `backoff` (seconds) is the pause before the first retry, doubled before each further one. `max_cost` is
    what all attempts of a generation may cost together, in USD.
    """

    max_attempts: Count = 1
    on: tuple[RetryOn, ...] = ()
    backoff: Annotated[float, Meta(ge=0)] = 0.0
    max_cost: Annotated[float, Meta(ge=0)] | None = None


class Lifecycle(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What ftops does with the job. Nothing here is sent, and only `rerun` can cause training.

    `deadline` is how long a job may take in all, `stall_after` how long a running one may show nothing new:
    spans as they are written, None for ever. A state of format 1 leaves out what has these defaults, so they
    mean the same for as long as it is read.
    """

    suspend: bool = False
    on_change: OnChange = OnChange.REPLACE
    on_remove: OnRemove = OnRemove.CANCEL
    protect: bool = False
    retry: Retry = Retry()
    priority: int = 0
    deadline: str | None = None
    stall_after: str | None = None
    rerun: str = ""
    renamed_from: Name | None = None


class FineTune(Struct, frozen=True, gc=False):
    """One declared fine-tuned model. `name` is its identity; the file it is in is not."""

    name: str
    provider: str
    model: str | Upstream
    training_files: tuple[DataFile, ...]
    validation_file: DataFile | None = None
    method: Method = Method.SUPERVISED
    hyperparameters: JSONObject = field(default_factory=dict)
    grader: JSONObject = field(default_factory=dict)
    suffix: str | None = None
    seed: int | None = None
    provider_options: JSONObject = field(default_factory=dict)
    integrations: tuple[JSON, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    source: Source = Source("", 0)

    @property
    def upstream(self) -> str | None:
        """Name the fine-tune whose model this one starts from, if there is one."""
        return self.model.name if isinstance(self.model, Upstream) else None

    @property
    def data_files(self) -> tuple[tuple[str, DataFile], ...]:
        """Pair each file with its role, `training` or `validation`, training first."""
        training = tuple(("training", file) for file in self.training_files)
        return (*training, ("validation", self.validation_file)) if self.validation_file else training


def root_model(fine_tune: FineTune, by_name: Mapping[str, FineTune]) -> str:
    """Name the model at the root of a chain; empty where it is not declared."""
    seen: set[str] = set()
    while isinstance(fine_tune.model, Upstream):
        upstream = by_name.get(fine_tune.model.name)
        if upstream is None or upstream.name in seen:
            return ""
        seen.add(upstream.name)
        fine_tune = upstream
    return fine_tune.model
