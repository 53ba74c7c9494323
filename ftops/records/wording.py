"""Messages that several rows of the table share: the commands that settle a doubt, ready to type."""

from __future__ import annotations

from collections.abc import Sequence

from ftops.errors import Problem


def ways_out(name: str, job_ids: Sequence[str], *others: str) -> str:
    """Return the commands that settle a doubt, ready to type."""
    options = (*(f"--job {job_id}" for job_id in job_ids), *others)
    return "settle it with " + " or ".join(f"`ftops resolve {name} {option}`" for option in options)


def known_by_likeness(name: str, job_id: str) -> str:
    """Say why a job that should go is not cancelled: only what it trains says that it is ours."""
    return (
        "it was recognised only by what it trains, on a file that others may use too, so ftops does not "
        f"cancel it by itself: {ways_out(name, (job_id,), f'--not-mine {job_id}')}"
    )


def without_marks(provider: str) -> str:
    """Say that jobs at a provider are recognised only by what they train, and what follows from it."""
    return (
        f"provider {provider} does not return the mark that a create carries (does a gateway drop it?): "
        "its jobs are recognised by what they train, and a second job for one create is only reported"
    )


def forgotten(provider: str, session: str, jobs: int, settle: float) -> str:
    """Say that an engine has lost its memory, with how many jobs, and what follows from it."""
    lost = {0: "no job was running", 1: "1 job that was running is lost"}.get(
        jobs, f"{jobs} jobs that were running are lost"
    )
    return (
        f"provider {provider} has lost its memory of {session} since the last run (its head was restarted, "
        f"or base_url names another cluster): {lost}, and nothing that may still run is trained again "
        f"before {settle:g} seconds are over"
    )


def invalid_data(problems: Sequence[Problem], runs: str | None) -> str:
    """Return why a fine-tune is held for its data, with the first problem; `runs` is a job that goes on."""
    stays = f"; job {runs} is left alone" if runs else ""
    if not problems:
        return f"its data cannot be read{stays}"
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems, the first of them"
    return f"its data has {count}: {problems[0]}{stays}"


def unread_upstream(name: str) -> str:
    """Return why a fine-tune without a fingerprint is held whose own data is not to blame."""
    return f"{name}, whose model it starts from, is held: what it trains on cannot be read"
