"""Histories in which ftops dies, meets itself, or hears nothing: on a real head, each job is trained once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.conftest import ProjectDirectory
from tests.ray.cluster import Cluster
from tests.ray.test_with_ftops import STEPS, Farm
from tests.services.cutting_proxy import Cut, Side, cutting_proxy

pytestmark = pytest.mark.slow

SECONDS = 240.0
"""A generous bound of one run of ftops."""
CUTS = [Cut(Side.REPLY), Cut(Side.REPLY, 30), Cut(Side.REQUEST, 60), Cut(Side.REQUEST, 900)]


@dataclass
class Wire:
    """What befalls the requests of a history: one POST is cut, or a process is killed as one begins.

    A `look` is a GET after a POST.
    """

    cut: Cut | None = None
    doomed: tuple[str, int] | None = None
    victim: subprocess.Popen[bytes] | None = None
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, method: str, path: str) -> Cut | None:
        self.asked[method] += 1
        stage = "look" if method == "GET" and self.asked["POST"] else method
        if stage == "look":
            self.asked[stage] += 1
        if self.victim is not None and self.doomed == (stage, self.asked[stage]):
            self.victim.kill()
        if self.cut is not None and method == "POST":
            cut, self.cut = self.cut, None
            return cut
        return None


@dataclass
class Place:
    farm: Farm
    wire: Wire

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ftops", "apply", "--yes", "--wait"]
        return subprocess.Popen(
            command, cwd=self.farm.project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def settles(self) -> None:
        """What is left after a history: one more apply ends it, and its one training is whole."""
        self.farm.ftops("apply", "--yes", "--wait", "--timeout", "5m")
        counted = self.farm.counted()
        assert sorted(row["step"] for row in counted) == list(range(1, STEPS + 1))
        assert len({(row["id"], row["start"]) for row in counted}) == 1
        assert len(list(self.farm.output.glob("*/result.json"))) == 1
        assert self.farm.project.plan() == {"a": "keep succeeded"}


@pytest.fixture
def place(project: ProjectDirectory, real: Cluster) -> Iterator[Place]:
    wire = Wire()
    with cutting_proxy(real.url, wire) as proxy:
        farm = Farm(project, Cluster(proxy.address))
        yield Place(farm, wire)


@pytest.mark.parametrize("moment", [("GET", 2), ("PUT", 1), ("POST", 1), ("look", 1), ("look", 3)])
def test_ftops_is_killed(place: Place, moment: tuple[str, int]) -> None:
    place.wire.doomed = moment
    process = place.wire.victim = place.start()
    assert process.wait(SECONDS) == -9
    place.settles()


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_a_create_is_cut(place: Place, cut: Cut) -> None:
    place.wire.cut = cut
    place.start().wait(SECONDS)
    assert place.wire.cut is None
    place.settles()


def test_two_apply_at_once(place: Place) -> None:
    processes = [place.start(), place.start()]
    assert 0 in [process.wait(SECONDS) for process in processes]
    place.settles()
