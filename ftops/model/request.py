"""JobRequest: everything that a create sends, in our words."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.finetune import Method
from ftops.model.job import Stamp
from ftops.model.json_value import JSON, JSONObject


class RequestFile(Struct, frozen=True):
    """A file at the provider, with its weight where the dialect weighs files."""

    id: str
    weight: float | None = None


class JobRequest(Struct, frozen=True):
    """One create. The base model and the files are resolved: ids the provider knows, no references.

    `stamp` marks the job as ours; a request without one is a job that ftops cannot find again. `chained`
    says that a job of this project made the base model: a provider may not know a fresh one for minutes.
    `session` is the only one in which it may be sent, where a format has sessions.
    """

    model: str
    training_files: tuple[RequestFile, ...]
    validation_file: RequestFile | None = None
    method: Method = Method.SUPERVISED
    hyperparameters: Mapping[str, JSON] = field(default_factory=dict)
    grader: JSONObject = field(default_factory=dict)
    suffix: str | None = None
    seed: int | None = None
    provider_options: JSONObject = field(default_factory=dict)
    integrations: tuple[JSON, ...] = ()
    stamp: Stamp | None = None
    chained: bool = False
    session: str | None = None
