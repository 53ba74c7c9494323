"""A driver without a client, for the runner's own tests: it lists jobs over HTTP, and reports as it is told.

How to behave it is told by the name that stands where an OpenAPI file would: `fine.yaml`, `failed-cell.yaml`,
`silent.yaml`, `crash.yaml`, `surprise.yaml`, `impolite.yaml`.
"""

import sys
from pathlib import Path

from tests.conformance.drivers.recording import Checks, World, report

checks = Checks()
behaviour = Path(sys.argv[4]).stem


@checks.of("jobs list", "GET /fine_tuning/jobs")
def jobs_list(world: World) -> None:
    assert world.control("GET", "/v1/fine_tuning/jobs")["data"] == []


@checks.of("jobs create", "nothing")
def jobs_create(world: World) -> None:
    assert behaviour != "failed-cell", "asked to fail"


if __name__ == "__main__":
    if behaviour == "crash":
        sys.exit("out of order")
    if behaviour == "surprise":
        report(operation="jobs dance", calls=[], why=None)
    if behaviour == "silent":
        del checks.entered()[1]
    checks.run("pip")
    if behaviour == "impolite":
        sys.exit("one last word")
