"""What the modern format refuses in a create, in the provider's words."""

from __future__ import annotations

from typing import Any

from ftops.emulator.replies import ApiError, bad_type

METHODS = ("supervised", "dpo", "reinforcement")
MOST_METADATA = 16
LONGEST_KEY = 64
LONGEST_VALUE = 512


def method_of(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Give the training method and the hyperparameters of a create, from `method` or the older field."""
    method = body.get("method")
    if method is not None and not isinstance(method, dict):
        raise bad_type("method", "an object")
    kind = (method or {}).get("type", "supervised")
    if kind not in METHODS:
        raise ApiError(400, f"Invalid value for method.type: {kind!r}.", param="method.type")
    details = (method or {}).get(kind) or {}
    if not isinstance(details, dict):
        raise bad_type(f"method.{kind}", "an object")
    hyperparameters = details.get("hyperparameters") or body.get("hyperparameters") or {}
    if not isinstance(hyperparameters, dict):
        raise bad_type("hyperparameters", "an object")
    for name, value in hyperparameters.items():
        bad = not isinstance(value, int | float | str) or isinstance(value, bool)
        if bad or (isinstance(value, str) and value != "auto" and name != "reasoning_effort"):
            raise bad_type(f"hyperparameters.{name}", "a number or 'auto'")
    epochs = hyperparameters.get("n_epochs", "auto")
    if epochs != "auto" and not (isinstance(epochs, int) and 1 <= epochs <= 50):  # noqa: PLR2004 -- the document's bound
        raise ApiError(400, "n_epochs must be 'auto' or between 1 and 50.", param="hyperparameters.n_epochs")
    return kind, hyperparameters


def check_seed(seed: Any) -> None:
    """Check the document's bounds."""
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31):
        raise ApiError(400, "'seed' must be an integer between 0 and 2147483647.", param="seed")


def check_metadata(metadata: Any) -> None:
    """Check the limits that the document has in prose."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise bad_type("metadata", "a map of strings")
    if len(metadata) > MOST_METADATA:
        raise ApiError(400, "'metadata' can have at most 16 pairs.", param="metadata")
    if any(len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE for key, value in metadata.items()):
        raise ApiError(400, "'metadata' keys have at most 64 characters, values 512.", param="metadata")
