"""A base model that a provider says it does not know: a wrong name, or one that it has only just made."""

from __future__ import annotations

from ftops.errors import About, NotReady, ProviderError, Rejected
from ftops.model.request import JobRequest


def unless_fresh(error: NotReady, request: JobRequest) -> ProviderError:
    """Return the error to raise: only a model that a job of ours has just made may be there later."""
    if error.failure.about is not About.MODEL or request.chained:
        return error
    return Rejected(error.message, failure=error.failure)
