"""A base model that a provider says it does not know, in each dialect that asks nothing more then."""

from __future__ import annotations

import pytest

from ftops.errors import About, Failure, NotReady, ProviderError, Rejected
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.registry import dialects

UNKNOWN = Failure("p", "create", 404, about=About.MODEL)
SAYING = ("openai", "openai_legacy", "azure_openai", "mistral", "fireworks", "alibaba", "nebius")


def raised(dialect: str, error: NotReady, *, chained: bool) -> ProviderError:
    """Return what a create makes of a refusal."""
    options = {"trainingType": "Standard"} if dialect == "azure_openai" else {}
    request = JobRequest("m", (RequestFile("file-1"),), provider_options=options, chained=chained)
    flow = dialects()[dialect].bound({"account": "acme"}).create(request, "p")
    next(flow)
    with pytest.raises(ProviderError) as caught:
        flow.throw(error)
    return caught.value


@pytest.mark.parametrize("dialect", SAYING)
def test_a_wrong_name_is_a_refusal_and_a_fresh_model_is_waited_for(dialect: str) -> None:
    error = NotReady("no such model", failure=UNKNOWN)
    assert isinstance(raised(dialect, error, chained=False), Rejected)
    assert raised(dialect, error, chained=True) is error


@pytest.mark.parametrize("dialect", SAYING)
def test_an_error_that_stays_is_not_its_own_cause(dialect: str) -> None:
    error = NotReady("no such model", failure=UNKNOWN)
    assert raised(dialect, error, chained=True).__cause__ is None
