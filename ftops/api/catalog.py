"""Which providers there are and how they stand today, with what a project uses of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.project import EMULATOR_SCHEME, ProviderSettings
from ftops.providers.catalog import Offer, offers
from ftops.providers.registry import dialects, facts_of
from ftops.providers.retirements import known_retirements
from ftops.report.providers import ANOTHER_SERVER, EMULATOR, OWN_SERVICE, ProviderRow, UsedBy
from ftops.review.endings import Calendar
from ftops.review.outlook import outlook


def provider_rows(root: Path, today: date) -> tuple[ProviderRow, ...]:
    """Return the matrix; a directory without a project file uses nothing.

    Raises InvalidInput for a project file that cannot be read.
    """
    used: tuple[ProviderSettings, ...] = ()
    if (root / PROJECT_FILE).exists():
        project, _ = load_project(root.resolve(), dialects())
        used = tuple(project.providers.values())
    calendar = Calendar(known_retirements().retirements)
    return tuple(_row(one, used, calendar, today) for one in offers())


def _row(one: Offer, used: Iterable[ProviderSettings], calendar: Calendar, today: date) -> ProviderRow:
    service = one.description.service
    methods = [str(method) for method in one.capabilities.methods]
    return ProviderRow(
        one.name,
        one.description.title,
        service,
        outlook(calendar, service, methods, today),
        one.capabilities,
        tuple(UsedBy(settings.name, _at(settings)) for settings in used if settings.dialect == one.name),
    )


def _at(settings: ProviderSettings) -> str:
    if str(settings.base_url).startswith(EMULATOR_SCHEME):
        return EMULATOR
    return OWN_SERVICE if facts_of(settings).service else ANOTHER_SERVER
