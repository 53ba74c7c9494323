"""Read a request's JSON object or query, refusing in the provider's words and naming the parameter."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ftops.emulator.wires import refusals

MOST_METADATA_PAIRS = 16
LONGEST_METADATA_KEY = 64
LONGEST_METADATA_VALUE = 512
LARGEST_JSON_BODY = 64 * 1024 * 1024
"""Far above the real limit, so that benchmarks can seed 100,000 jobs in one request."""


class Fields:
    """One JSON object of a request. A null member counts as absent, as in every OpenAI API."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self.values = values
        self._path = path

    @classmethod
    def parse(cls, body: bytes) -> "Fields":
        """Refuse what is not a JSON object."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise refusals.not_json() from None
        if not isinstance(document, dict):
            raise refusals.Refusal(400, f"{body[:80].decode(errors='replace')} is not of type 'object'")
        return cls(document)

    def param(self, name: str) -> str:
        """Return the dotted path by which an error names a member."""
        return f"{self._path}{name}"

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Refuse members that the API does not have."""
        for name in self.values.keys() - set(known):
            param = self.param(name)
            raise refusals.Refusal(
                400, f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter"
            )

    def text(self, name: str, *, longest: int | None = None) -> str | None:
        """Return a non-empty string, or None."""
        value = self._typed(name, str, "a string")
        if value is None:
            return None
        if not value:
            raise refusals.bad_value(
                self.param(name),
                "empty string. Expected a string with minimum length 1, but got an empty string instead.",
                "empty_string",
            )
        if longest is not None and len(value) > longest:
            raise refusals.bad_value(
                self.param(name),
                f"string too long. Expected a string with maximum length {longest}, but got a string with "
                f"length {len(value)} instead.",
                "string_above_max_length",
            )
        return str(value)

    def required_text(self, name: str) -> str:
        """Return a non-empty string that must be there."""
        value = self.text(name)
        if value is None:
            raise refusals.missing(self.param(name))
        return value

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """Return one of a few words, or None."""
        value = self.text(name)
        choices = list(choices)
        if value is None or value in choices:
            return value
        supported = ", ".join(f"'{choice}'" for choice in choices)
        raise refusals.Refusal(
            400,
            f"Invalid value: '{value[:80]}'. Supported values are: {supported}.",
            param=self.param(name),
            code="invalid_value",
        )

    def integer(self, name: str, low: int, high: int, *, auto: bool = False) -> int | None:
        """Return an integer within bounds, or None; `"auto"` counts as None where it is allowed.

        JSON Schema calls 3.0 an integer, and so do the OpenAPI files.
        """
        value = self.number(name, float(low), float(high), auto=auto)
        if value is not None and not float(value).is_integer():
            raise refusals.wrong_type(self.param(name), "an integer", value)
        return None if value is None else int(value)

    def number(self, name: str, low: float, high: float, *, auto: bool = False) -> float | None:
        """Return a number within bounds, or None; `"auto"` counts as None where it is allowed."""
        value = self.values.get(name)
        if value is None or (auto and value == "auto"):
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refusals.wrong_type(self.param(name), "a number", value)
        if value < low:
            raise refusals.bad_value(
                self.param(name),
                f"number below minimum value. Expected a value >= {low:g}, but got {value} instead.",
                "number_below_min_value",
            )
        if value > high:
            raise refusals.bad_value(
                self.param(name),
                f"number above maximum value. Expected a value <= {high:g}, but got {value} instead.",
                "number_above_max_value",
            )
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean, false when absent."""
        return bool(self._typed(name, bool, "a boolean"))

    def child(self, name: str) -> "Fields | None":
        """Return an object inside this one."""
        value = self._typed(name, dict, "an object")
        return None if value is None else Fields(value, f"{self.param(name)}.")

    def children(self, name: str) -> "list[Fields]":
        """Return a list of objects, empty when absent."""
        values = self._typed(name, list, "an array") or []
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise refusals.wrong_type(f"{self.param(name)}[{index}]", "an object", value)
        return [Fields(value, f"{self.param(name)}[{index}].") for index, value in enumerate(values)]

    def numbers(self, name: str) -> list[float] | None:
        """Return a list of numbers, or None."""
        values: list[float] | None = self._typed(name, list, "an array")
        for value in values or []:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise refusals.wrong_type(self.param(name), "an array of numbers", value)
        return values

    def strings(self, name: str) -> list[str] | None:
        """Return a list of strings, or None."""
        values: list[str] | None = self._typed(name, list, "an array")
        for value in values or []:
            if not isinstance(value, str):
                raise refusals.wrong_type(self.param(name), "an array of strings", value)
        return values

    def metadata(self, name: str = "metadata") -> dict[str, str] | None:
        """At most 16 pairs, keys of 64 and values of 512 characters (documented in prose only)."""
        pairs = self._typed(name, dict, "an object")
        if pairs is None:
            return None
        if len(pairs) > MOST_METADATA_PAIRS:
            raise refusals.bad_value(
                self.param(name),
                f"too many properties. Expected an object with at most {MOST_METADATA_PAIRS} properties, but "
                f"got an object with {len(pairs)} properties instead.",
                "object_above_max_properties",
            )
        for key, value in pairs.items():
            self._check_pair(f"{self.param(name)}.{key[:LONGEST_METADATA_KEY]}", key, value)
        return dict(pairs)

    @staticmethod
    def _check_pair(param: str, key: str, value: object) -> None:
        if not isinstance(value, str):
            raise refusals.wrong_type(param, "a string", value)
        for what, text, longest in (
            ("property name", key, LONGEST_METADATA_KEY),
            ("string", value, LONGEST_METADATA_VALUE),
        ):
            if len(text) > longest:
                raise refusals.bad_value(
                    param,
                    f"{what} too long. Expected a string with maximum length {longest}, but got one of "
                    f"length {len(text)} instead.",
                    "string_above_max_length",
                )

    def _typed(self, name: str, kind: type, expected: str) -> Any:
        value = self.values.get(name)
        if value is not None and not isinstance(value, kind):
            raise refusals.wrong_type(self.param(name), expected, value)
        return value


def query_limit(query: Mapping[str, str], default: int, most: int) -> int:
    """Return the page size a query asks for."""
    text = query.get("limit")
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise refusals.wrong_type("limit", "an integer", text)
    if not 1 <= int(text[:9]) <= most:
        raise refusals.bad_value(
            "limit", f"Expected a value between 1 and {most}, but got {text[:9]} instead.", "invalid_limit"
        )
    return int(text)
