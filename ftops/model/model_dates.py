"""When models end, as a provider's own API tells it."""

from __future__ import annotations

from msgspec import Struct


class ModelDates(Struct, frozen=True):
    """Unix seconds from which a base model is not trained and its fine-tuned models do not answer any more.

    None is unknown, never "for ever".
    """

    training: float | None = None
    inference: float | None = None
