"""Capabilities: what one wire format can carry, as data. Docs, validation and tests are generated from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from ftops.model.finetune import Method
from ftops.model.job import TAG_LENGTH
from ftops.model.json_value import JSONObject


class StampPlace(StrEnum):
    """Where a job can carry our mark: whole in `metadata`, as a tag behind its suffix or in an id of ours.

    `none` means that a job is recognised only by what it trains.
    """

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
    recognised. `unvalidated` are the methods that take no validation file. `integration_form` is the JSON
    Schema of all integrations, where not every one can be passed on. `required_options` are provider options
    that no create goes without, `required_hyperparameters` the same of those, where `auto` is none. Where the
    mark is not `mark_retrieved`, a list shows it and a retrieve does not, so absence there proves nothing.
    `suffix_letters` are those that a suffix may have, as in a regular expression's class; None: any. Where
    the outcome of a job is not `outcome_listed`, a retrieve tells why it failed, and what it made. Without
    `chains` a model that was trained cannot be trained on. `sizes` are the options that say how much of a
    machine a job gets: they decide nothing of its result, so they are no reason to train again. Where a
    create `repeats`, its id is ours: sent again in the same session it makes no second job, so sending it
    again is how it is looked up.
    """

    stamp: StampPlace
    methods: Mapping[Method, JSONObject]
    data_formats: Mapping[Method, frozenset[DataFormat]]
    options: JSONObject
    echoes: frozenset[str]
    suffix_length: int
    seed: bool = False
    integrations: bool = False
    integration_form: JSONObject = field(default_factory=dict)
    weighted_files: bool = False
    list_filter: bool = False
    pause: bool = False
    checkpoints: str | None = None
    file_upload: bool = True
    event_stream: bool = False
    price_estimate: bool = False
    unvalidated: frozenset[Method] = frozenset()
    required_options: frozenset[str] = frozenset()
    required_hyperparameters: frozenset[str] = frozenset()
    mark_retrieved: bool = True
    suffix_letters: str | None = None
    outcome_listed: bool = True
    chains: bool = True
    sizes: frozenset[str] = frozenset()
    repeats: bool = False

    @property
    def stamps(self) -> bool:
        """Return whether a job of this dialect can be recognised for sure."""
        return self.stamp is not StampPlace.NONE

    @property
    def tags(self) -> bool:
        """Return whether the mark is a tag, which only a state can read."""
        return self.stamp in (StampPlace.SUFFIX, StampPlace.CLIENT_ID)

    @property
    def longest_suffix(self) -> int:
        """Return the characters that a manifest's suffix may have: a tag and its hyphen take some."""
        return self.suffix_length - (TAG_LENGTH + 1 if self.stamp is StampPlace.SUFFIX else 0)


NO_CAPABILITIES = Capabilities(
    stamp=StampPlace.NONE, methods={}, data_formats={}, options={}, echoes=frozenset(), suffix_length=0
)
"""For a provider that a record names and the project no longer has: nothing may be assumed of it."""
