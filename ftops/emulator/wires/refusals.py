"""Errors in the provider's own shape, `{"error": {message, type, param, code}}`, and in its own words.

Marked *recorded* where a public recording has the words; the others are the best guess.
"""

import http
from typing import Any

METHOD_NOT_ALLOWED = 405


class Refusal(Exception):
    """A request is answered with an error."""

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
        self.message = message
        self.param = param
        self.code = code
        self.kind = kind

    def body(self) -> dict[str, Any]:
        """All four members are always there (both OpenAPI files require them)."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


def missing(param: str) -> Refusal:
    """Return the refusal of a request that lacks a parameter."""
    return Refusal(
        400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
    )


def wrong_type(param: str, expected: str, value: object) -> Refusal:
    """Return the refusal of a parameter of another type."""
    return Refusal(
        400,
        f"Invalid type for '{param}': expected {expected}, but got {_described(value)} instead.",
        param=param,
        code="invalid_type",
    )


def bad_value(param: str, why: str, code: str = "invalid_value") -> Refusal:
    """Return the refusal of a parameter whose type is right and whose value is not."""
    return Refusal(400, f"Invalid '{param}': {why}", param=param, code=code)


def unknown_fine_tune(job_id: str) -> Refusal:
    """Return the 404 of both formats (recorded)."""
    return Refusal(
        404, f"Could not find fine tune: {job_id}", param="fine_tune_id", code="fine_tune_not_found"
    )


def already_terminal(verb: str, job_id: str, status: str) -> Refusal:
    """Return the 400 for a job that is over (recorded for a legacy cancel)."""
    return Refusal(400, f'Cannot {verb} a job {job_id} that already has status "{status}".')


def unknown_file(file_id: str) -> Refusal:
    """Return the 404 of the files API (recorded)."""
    return Refusal(404, f"No such File object: {file_id}", param="id")


def unknown_model(model: str) -> Refusal:
    """Return the 404 of the models API (recorded)."""
    return Refusal(404, f"The model '{model}' does not exist", param="model", code="model_not_found")


def too_many_active(most: int, running: int, pending: int, model: str) -> Refusal:
    """Return the 429 of a create when the organization is busy (recorded; it has no Retry-After)."""
    return Refusal(
        429,
        "This fine-tune request has been rate-limited. Your organization has reached the maximum of "
        f"{most} active requests ({running} running, {pending} pending) for the model '{model}'.",
        code="rate_limit_exceeded",
    )


WORDED: dict[str, tuple[int, str, str | None]] = {
    "billing": (400, "Billing hard limit has been reached", "billing_hard_limit_reached"),
    "quota": (
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
    ),
    "forbidden": (403, "Project `proj_1` does not have access to model `{model}`", "model_not_found"),
    "scope": (
        403,
        "You have insufficient permissions for this operation. Missing scopes: api.fine_tuning.jobs.write.",
        None,
    ),
    "fresh_model": (404, "The model `{model}` does not exist", "model_not_found"),
}
"""How a create that cannot be carried out is refused; the words of public issue threads."""


def worded(how: str, model: str) -> Refusal:
    """Return one of the refusals of a create."""
    status, text, code = WORDED[how]
    return Refusal(status, text.format(model=model), code=code)


def file_not_ready(file_id: str, state: str) -> Refusal:
    """Return the 400 for a create from a file that is not processed (the words of issue threads)."""
    if state in ("failed", "error"):
        return Refusal(400, f"The specified training file is in state {state}.", code="invalidPayload")
    return Refusal(
        400,
        f"File '{file_id}' is still being processed and is not ready to be used for fine-tuning. "
        "Please try again later.",
        param="training_file",
    )


def no_key() -> Refusal:
    """Return the 401 for a request without credentials."""
    return Refusal(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using "
        "Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )


def wrong_key(key: str) -> Refusal:
    """Return the 401 for an unknown key, which it masks as the real one does (recorded)."""
    masked = f"{key[:4]}{'*' * 8}{key[-4:]}" if len(key) > 8 else "*" * len(key)  # noqa: PLR2004
    return Refusal(
        401,
        f"Incorrect API key provided: {masked}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def not_json() -> Refusal:
    """Return the 400 for a body that cannot be parsed."""
    return Refusal(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not JSON.)",
    )


def invalid_url(method: str, path: str) -> Refusal:
    """Return the 404 for a path that does not exist (recorded)."""
    return Refusal(404, f"Invalid URL ({method} {path})")


def method_not_allowed(method: str, path: str) -> Refusal:
    """Return the 405."""
    return Refusal(
        405,
        f"Not allowed to {method} on {path} (HINT: Perhaps you meant to use a different HTTP method?)",
        code="method_not_supported",
    )


def too_large(limit: int) -> Refusal:
    """Return the 413 for a body over the limit."""
    return Refusal(413, f"Maximum content size limit ({limit}) exceeded.", code="content_too_large")


def server_error(status: int = 500, message: str | None = None, code: str | None = None) -> Refusal:
    """Return a failure of the provider itself, or of something in front of it."""
    default = "The server had an error while processing your request. Sorry about that!"
    if message is None:
        phrase = {each.value: each.phrase for each in http.HTTPStatus}.get(status, "Error")
        message = default if status == http.HTTPStatus.INTERNAL_SERVER_ERROR else phrase
    kind = "server_error" if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    return Refusal(status, message, code=code, kind=kind)


def _described(value: object) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        int: "an integer",
        float: "a decimal number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "something else")
