"""Where trainings run: in the environment that `make ray` makes, if it could get a torch for the CPU."""

from __future__ import annotations

import os

import pytest

from tests.ray.install import COMPLETE, ENVIRONMENT, NO_TRAINING


def required() -> str:
    """Return the Python of the environment; skip without it, or fail where `FTOPS_REQUIRE` names it.

    With `ray` in it the environment must be there, and with `train` it must be able to train.
    """
    told = set(os.environ.get("FTOPS_REQUIRE", "").split(","))
    if not COMPLETE.exists():
        _missing(
            "there is no environment to train in (`make ray` makes it)", must=bool(told & {"ray", "train"})
        )
    if NO_TRAINING.exists():
        _missing(NO_TRAINING.read_text().strip(), must="train" in told)
    return str(ENVIRONMENT / "bin" / "python")


def _missing(why: str, *, must: bool) -> None:
    if must:
        pytest.fail(f"training is required by FTOPS_REQUIRE, but {why}")
    pytest.skip(why)
