"""Errors in the provider's own shape: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A reply that is not 2xx."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }


def no_such_job(job_id: str) -> ApiError:
    """Say in OpenAI's recorded words that a job is unknown."""
    return ApiError(
        404, f"Could not find fine tune: {job_id}", param="fine_tune_id", code="fine_tune_not_found"
    )


def bad_type(param: str, wanted: str) -> ApiError:
    """Say that a field has the wrong type."""
    return ApiError(400, f"Invalid type for '{param}': expected {wanted}.", param=param, code="invalid_type")
