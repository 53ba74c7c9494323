"""Sentences that several rows of the table say: what settles a doubt, as it is to be typed."""

from __future__ import annotations

from collections.abc import Sequence


def ways_out(name: str, job_ids: Sequence[str], *others: str) -> str:
    """Return the commands that settle a doubt, as they are to be typed."""
    options = (*(f"--job {job_id}" for job_id in job_ids), *others)
    return "settle it with " + " or ".join(f"`ftops resolve {name} {option}`" for option in options)


def known_by_likeness(name: str, job_id: str) -> str:
    """Say why a job that should go is not cancelled: nothing but its looks says that it is ours."""
    return (
        "it was recognised only by what it trains, on a file that others may use as well, so it is not "
        f"cancelled without a person: {ways_out(name, (job_id,), f'--not-mine {job_id}')}"
    )


def without_marks(provider: str) -> str:
    """Say of a provider that a job there is known by its looks alone, and what follows."""
    return (
        f"provider {provider} does not give back the mark that a create carries (does a gateway drop it?): "
        "its jobs are recognised by what they train, and a second job for one create is only reported"
    )
