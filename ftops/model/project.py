"""Project: what `ftops.yaml` says, with secrets still as references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from ftops.model.budget import Budgets
from ftops.model.freezing import FreezeWindow
from ftops.model.json_value import JSON, JSONObject
from ftops.model.policy import Policies
from ftops.model.queue import Queue
from ftops.model.trainer import TrainerSettings
from ftops.model.transition import Telling, TransitionKind

EMULATOR_SCHEME = "emulator:"
"""A base URL `emulator:PATH` asks for the embedded emulator with its database at PATH."""


class EnvReference(Struct, frozen=True):
    """A value in an environment variable; it is read when a provider is opened."""

    env: str

    def __str__(self) -> str:
        return f"{{env: {self.env}}}"


class FileReference(Struct, frozen=True):
    """A value in a file; a relative path starts at the project's root."""

    file: str

    def __str__(self) -> str:
        # Not the path: it may be a key that somebody wrote in the wrong place.
        return "{file: ...}"


class ExecReference(Struct, frozen=True):
    """A value that a command prints; the words go to the program as they are, no shell reads them."""

    exec: tuple[str, ...]

    def __str__(self) -> str:
        return "{exec: ...}"


Reference = EnvReference | FileReference | ExecReference
Setting = str | Reference
Extra = JSON | Reference
"""A value for a gateway, sent as it is written; a reference counts as a string."""


class ProviderSettings(Struct, frozen=True):
    """One provider of the project. Times are seconds.

    `settle` is how long a list may lag behind a create; `send_window` how long after its intent a
    create may still be sent. `query` and `body` are extras for a gateway: never a field of the dialect's own,
    and never a reason to train again. `renamed_from` is the name that the same account had before. `own` are
    the keys that only some dialects have (`account`, `api_version`, `upstream`), `trainer` is what an engine
    runs. `allow_closed`: creates are sent although the service is known to take no more.
    """

    name: str
    dialect: str
    base_url: Setting | None = None
    api_key: Setting | None = None
    organization: Setting | None = None
    project: Setting | None = None
    headers: Mapping[str, Setting] = field(default_factory=dict)
    query: Mapping[str, Extra] = field(default_factory=dict)
    body: Mapping[str, Extra] = field(default_factory=dict)
    timeout: float = 30.0
    send_window: float = 60.0
    settle: float = 900.0
    queue: Queue = Queue()
    emulator_speed: float = 1.0
    renamed_from: str | None = None
    allow_closed: bool = False
    own: Mapping[str, Setting] = field(default_factory=dict)
    trainer: TrainerSettings | None = None


ACCOUNT = r"^(accounts/)?[A-Za-z0-9][A-Za-z0-9_-]*$"
"""What an account may be called: it becomes part of an address, and must not lead to another one."""

ACCOUNT_SETTINGS = ("organization", "project")
"""Keys of a provider that choose an account, for the dialects that have something to choose."""

OWN_SETTINGS = ("account", "api_version", "upstream")
"""Keys of a provider that only some dialects have; each says which, and which of them must be there."""


class StateSettings(Struct, frozen=True):
    """Where the state is kept: a path in the project, or the URL of a store. `lease` is seconds.

    `history` is how many earlier states are kept, where the store leaves that to us.
    """

    url: Setting = ".ftops/state.json"
    lease: float = 60.0
    history: int = 10


class Encryption(Struct, frozen=True):
    """How state and saved plans are encrypted: by age, to the identity's own key and to `recipients`."""

    identity: Reference
    recipients: tuple[str, ...] = ()


class Limits(Struct, frozen=True):
    """What one apply may do without a person lifting a limit by name. `max_cost` is in USD."""

    max_creates: int = 25
    max_cancels: int = 5
    max_cancels_percent: float = 30
    max_cost: float | None = None


class DataSettings(Struct, frozen=True):
    """What may be shown of data: with `samples`, `ftops data diff` prints a few of the rows that differ."""

    samples: bool = True


class Target(Struct, frozen=True):
    """Who is told of transitions: by exactly one of `webhook`, `slack` and `command`.

    `index` is its place in the list. `labels` choose by those of the fine-tune: what concerns the whole
    project goes only to targets without. `secret` signs what goes to the webhook.
    """

    index: int
    on: frozenset[TransitionKind]
    labels: Mapping[str, str] = field(default_factory=dict)
    webhook: Setting | None = None
    secret: Reference | None = None
    slack: Reference | None = None
    command: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return what stands for it in the state: of where it leads, not of what it is told."""
        parts = msgspec.to_builtins([self.webhook, self.secret, self.slack, self.command])
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def place(self) -> str:
        """Return where its address is, for messages."""
        kind = "webhook" if self.webhook is not None else "slack" if self.slack is not None else "command"
        return f"spec.notify[{self.index}].{kind}"

    @property
    def telling(self) -> Telling:
        """Return what it is told of."""
        return Telling(self.key, self.on, self.labels)


class Project(Struct, frozen=True):
    """A directory with `ftops.yaml`. `defaults` go under every spec; no encryption where it is None.

    `price_table` is a file of prices, as the project writes its path.
    """

    name: str
    manifests: tuple[str, ...]
    state: StateSettings
    providers: Mapping[str, ProviderSettings]
    encryption: Encryption | None = None
    default_provider: str | None = None
    defaults: JSONObject = field(default_factory=dict)
    limits: Limits = Limits()
    policies: Policies = Policies()
    prices: Mapping[str, JSON] = field(default_factory=dict)
    budgets: Budgets = Budgets()
    freezes: tuple[FreezeWindow, ...] = ()
    data: DataSettings = DataSettings()
    price_table: str | None = None
    notify: tuple[Target, ...] = ()
