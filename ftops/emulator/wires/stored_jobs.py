"""Jobs by their id, as a wire format reaches them: what a fault has made vanish is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from ftops.emulator.context import Emulator
from ftops.emulator.wires.interference import current_strike
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.world.job import Job
from ftops.emulator.world.job_table import JobLoan


def find_job(emulator: Emulator, job_id: str, family: str, unknown: Refusal) -> Job:
    """Return a job. Raises `unknown` where there is none."""
    job = emulator.jobs.find(job_id, family)
    if job is None or job_id in current_strike().forgotten:
        raise unknown
    return job


@contextmanager
def job_to_change(emulator: Emulator, job_id: str, family: str, unknown: Refusal) -> Iterator[JobLoan]:
    """Lend a job in one transaction: what is assigned to the loan is stored. Raises `unknown`."""
    if job_id in current_strike().forgotten:
        raise unknown
    with emulator.jobs.change(job_id, family) as loan:
        if loan is None:
            raise unknown
        yield loan
