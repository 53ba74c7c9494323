"""Together's server: jobs, files, models, and the store that files are put into."""

from ftops.emulator.wires.together.files import FileRoutes
from ftops.emulator.wires.together.models import ModelRoutes
from ftops.emulator.wires.together.multipart import MultipartRoutes
from ftops.emulator.wires.together.routes import TogetherRoutes
from ftops.emulator.wires.together.store import BLUEPRINT, StoreRoutes
from ftops.emulator.wires.wire import Wire

WIRE = Wire(
    routes=(TogetherRoutes, FileRoutes, MultipartRoutes, StoreRoutes, ModelRoutes),
    without_key=frozenset({BLUEPRINT}),
)
