"""Whose account a provider showed: a key of another one sees none of our jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ftops.model.observation import Observation


def wrong_accounts(observations: Iterable[Observation]) -> Iterator[str]:
    """Say of each provider whose jobs belong to another organization than the project expects."""
    for seen in observations:
        expected = seen.provider.organization
        others = {job.organization for job in seen.jobs if job.organization} - {expected}
        if expected is not None and others:
            shown = ", ".join(sorted(map(str, others)))
            wanted = seen.provider.organization_shown or expected
            yield f"jobs of provider {seen.provider.name} belong to {shown}, expected is {wanted}"
