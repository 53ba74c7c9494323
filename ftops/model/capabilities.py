"""Capabilities: what one wire format can carry, as data. Docs, validation and tests are drawn from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from ftops.model.finetune import Method
from ftops.model.json_value import JSONObject


class StampPlace(StrEnum):
    """Where a job can carry our mark. `none` means that a job is recognised only by what it trains."""

    METADATA = "metadata"
    SUFFIX = "suffix"
    CLIENT_ID = "client_id"
    NONE = "none"


class DataFormat(StrEnum):
    """What one line of a data file holds."""

    CHAT = "chat"
    PROMPT_COMPLETION = "prompt-completion"
    PREFERENCE = "preference"
    REINFORCEMENT = "reinforcement"


class Capabilities(Struct, frozen=True):
    """What a dialect can do; absent means cannot.

    `methods` maps each method to the hyperparameters it takes, and those by name to a JSON Schema
    (draft-07) of the value; `options` does the same for `provider_options`. `data_formats` names the
    forms of training data each method takes. `echoes` names the manifest paths that a listed job shows
    (`model`, `training_file`, `hyperparameters.n_epochs`): the ground on which a job without a stamp is
    recognised.
    """

    stamp: StampPlace
    methods: Mapping[Method, JSONObject]
    data_formats: Mapping[Method, frozenset[DataFormat]]
    options: JSONObject
    echoes: frozenset[str]
    suffix_length: int
    seed: bool = False
    integrations: bool = False
    weighted_files: bool = False
    list_filter: bool = False
    pause: bool = False
    checkpoints: str | None = None
    file_upload: bool = True
    event_stream: bool = False
    price_estimate: bool = False

    @property
    def stamps(self) -> bool:
        """Return whether a job of this dialect can be recognised for sure."""
        return self.stamp is not StampPlace.NONE


NO_CAPABILITIES = Capabilities(
    stamp=StampPlace.NONE, methods={}, data_formats={}, options={}, echoes=frozenset(), suffix_length=0
)
"""For a provider that a record names and the project no longer has: nothing may be assumed of it."""
