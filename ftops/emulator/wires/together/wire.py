"""Together's server: jobs, files, models, and the store that files are put into."""

from ftops.emulator.context import Emulator
from ftops.emulator.wires.together.catalog import BASES, rate
from ftops.emulator.wires.together.files import FileRoutes
from ftops.emulator.wires.together.models import ModelRoutes
from ftops.emulator.wires.together.multipart import MultipartRoutes
from ftops.emulator.wires.together.routes import TogetherRoutes
from ftops.emulator.wires.together.shapes import is_full
from ftops.emulator.wires.together.store import BLUEPRINT, StoreRoutes
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.billing import Billed, billed
from ftops.emulator.world.job import Family
from ftops.emulator.world.job_table import PageRequest


def _bill(emulator: Emulator) -> list[Billed]:
    jobs = emulator.jobs.page(PageRequest(Family.TOGETHER))
    priced = [(job, BASES[job.model]) for job in jobs if job.model in BASES]
    return billed([(job, rate(base, full=is_full(job))) for job, base in priced], emulator.clock.now())


WIRE = Wire(
    routes=(TogetherRoutes, FileRoutes, MultipartRoutes, StoreRoutes, ModelRoutes),
    without_key=frozenset({BLUEPRINT}),
    bill=_bill,
)
