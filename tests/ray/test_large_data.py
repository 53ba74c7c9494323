"""A data file of 100 MB on a real head: sent when the limit allows it, else read where the nodes find it."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ProjectDirectory
from tests.ray.cluster import Cluster
from tests.ray.test_with_ftops import STEPS, Farm

pytestmark = pytest.mark.slow

ROWS = 1000
BYTES = 100_000_000
LIMIT = 104_857_600 - 65_536
"""Below what a head takes, which counts the package around the data too."""


@pytest.mark.parametrize("limit", [LIMIT, None], ids=["sent", "read by the nodes"])
def test_100_megabytes(project: ProjectDirectory, real: Cluster, limit: int | None) -> None:
    more = {"package_limit": limit} if limit else {"data": str(project.root)}
    farm = Farm(project, real, **more)
    words = "word " * (BYTES // ROWS // 5)
    messages = [{"role": "user", "content": words}, {"role": "assistant", "content": "yes"}]
    row = json.dumps({"messages": messages}) + "\n"
    project.write("data/train.jsonl", row * ROWS)
    assert (project.root / "data/train.jsonl").stat().st_size > BYTES
    farm.ftops("apply", "--yes", "--wait", "--timeout", "5m")
    assert [counted["step"] for counted in farm.counted()] == list(range(1, STEPS + 1))
    job = farm.job()
    assert len(job["runtime_env"].get("py_modules", [])) == (1 if limit else 0)
