"""One stored job, in no provider's format: what was asked, how long it takes, what cut it short."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ftops.emulator.world.training import TrainingRun

NEVER = 1e15
"""An emulated time after every other; the end of a job that is paused."""


class Family(StrEnum):
    """Who may see a job: each wire format lists only jobs of its own family."""

    OPENAI = "openai"
    OPENAI_LEGACY = "openai_legacy"
    AZURE_OPENAI = "azure_openai"
    TOGETHER = "together"
    MISTRAL = "mistral"
    FIREWORKS = "fireworks"
    ALIBABA = "alibaba"
    NEBIUS = "nebius"
    BEDROCK = "bedrock"
    LITELLM = "litellm"
    LITELLM_PASSTHROUGH = "litellm_passthrough"
    PORTKEY = "portkey"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why and when a job fails, decided when it is created."""

    code: str
    message: str
    param: str | None
    after: float
    """Active emulated seconds before it shows."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch of emulated time in which a job stood still; no end while it lasts."""

    start: float
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job's life is computed from these; its status is stored nowhere."""

    number: int = 0
    """Order of arrival, given by the store."""
    id: str
    family: str
    created_at: float
    created_real: float
    model: str
    fine_tuned_model: str
    training_file: str
    validation_file: str | None = None
    suffix: str | None = None
    method: str = "supervised"
    request: dict[str, Any] = field(default_factory=dict)
    """What the client sent and only its wire format understands."""
    metadata: dict[str, str] | None = None
    run: TrainingRun
    failure: Failure | None = None
    pauses: tuple[Pause, ...] = ()
    cancelled_at: float | None = None
    ends_at: float = NEVER
    model_deleted: bool = False
