"""OpenAI's server: `/fine_tuning/jobs`, the founding `/fine-tunes`, and the files and models of both."""

from collections.abc import Mapping
from decimal import Decimal

from ftops.emulator.context import Emulator
from ftops.emulator.wires.files import FileRoutes
from ftops.emulator.wires.models import ModelRoutes
from ftops.emulator.wires.openai.routes import OpenAIRoutes
from ftops.emulator.wires.openai_legacy.routes import LegacyRoutes
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.billing import Billed, billed
from ftops.emulator.world.job import Family
from ftops.emulator.world.job_table import PageRequest
from ftops.emulator.world.settings import EmulatorSettings


def _headers(settings: EmulatorSettings) -> Mapping[str, str]:
    return {"openai-version": "2020-10-01", "openai-organization": settings.organization}


_DOLLARS = {
    "gpt-4.1": Decimal(25),
    "gpt-4.1-mini": Decimal(5),
    "gpt-4.1-nano": Decimal("1.50"),
    "gpt-4o": Decimal(25),
    "gpt-4o-mini": Decimal(3),
    "gpt-3.5-turbo": Decimal(8),
    "davinci-002": Decimal(6),
    "babbage-002": Decimal("0.40"),
}
"""For a million trained tokens, from OpenAI's price page; a snapshot costs what its model does."""


def _bill(emulator: Emulator) -> list[Billed]:
    jobs = emulator.jobs.page(PageRequest(Family.OPENAI))
    return billed([(job, rate) for job in jobs if (rate := _rate(job.model))], emulator.clock.now())


def _rate(model: str) -> Decimal | None:
    named = [name for name in _DOLLARS if model == name or model.startswith(f"{name}-20")]
    return _DOLLARS[max(named, key=len)] if named else None


WIRE = Wire((OpenAIRoutes, LegacyRoutes, FileRoutes, ModelRoutes), reply_headers=_headers, bill=_bill)
