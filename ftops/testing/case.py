"""What the contract has to be told of a dialect: one create that it takes, and a server that speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from ftops.model.finetune import Method
from ftops.model.job import JobStatus
from ftops.model.project import OWN_SETTINGS, ProviderSettings
from ftops.model.trainer import TrainerSettings


def _three_epochs() -> Mapping[str, Any]:
    return {"n_epochs": 3}


class DialectCase(Struct, frozen=True):
    """One create that a dialect takes, and in what its server differs from OpenAI's.

    `row` is a line of training data, `settings` are the dialect's own keys of a provider. `lists` are the
    requests of one whole list. `absent` are promises that cannot be asked of it: names of tests without
    `test_`, each with the reason. `told_after` are the seconds after which a job has events.
    """

    model: str
    row: Mapping[str, Any]
    hyperparameters: Mapping[str, Any] = field(default_factory=_three_epochs)
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    created: int = 200
    cancelled: JobStatus = JobStatus.CANCELLED
    lists: int = 1
    told_after: float = 0.0
    method: str = Method.SUPERVISED
    grader: Mapping[str, Any] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def provider(self, name: str, dialect: str) -> ProviderSettings:
        """Return the settings of a provider as ftops.yaml would make them."""
        own = {key: value for key, value in self.settings.items() if key in OWN_SETTINGS}
        told = self.settings.get("trainer")
        return ProviderSettings(name, dialect, own=own, trainer=TrainerSettings(**told) if told else None)


class Server(Protocol):
    """A server that speaks the dialect, as the contract needs it. `Gateway` makes one of any address."""

    @property
    def base_url(self) -> str:
        """Where it is: what `base_url` of ftops.yaml would say."""

    def fault(self, kind: str, operation: str, **options: object) -> None:
        """Let the next request of an operation (`create`, `list`) fail in this way; `times` for more."""

    def requests(self, operation: str) -> int:
        """Count the requests of an operation that came, failed ones too."""

    def advance(self, seconds: float) -> None:
        """Let time pass for the jobs."""
