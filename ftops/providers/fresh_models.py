"""A base model that a provider says it does not know: a wrong name, or one that it has only just made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ftops.errors import About, NotReady, Rejected
from ftops.model.request import JobRequest


@contextmanager
def refused_unless_fresh(request: JobRequest) -> Iterator[None]:
    """Around a create: raise Rejected for a model that is not there and that no job of ours has just made."""
    try:
        yield
    except NotReady as error:
        if error.failure.about is not About.MODEL or request.chained:
            raise
        raise Rejected(error.message, failure=error.failure) from error
