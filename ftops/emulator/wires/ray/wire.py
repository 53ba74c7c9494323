"""The head of a Ray cluster, written from replies of Ray 2.60; and the trainer, simulated."""

from ftops.emulator.wires.ray.control import add_control, job_counts
from ftops.emulator.wires.ray.routes import FAMILY, RayRoutes
from ftops.emulator.wires.ray.words import refusal_body
from ftops.emulator.wires.wire import Wire

WIRE = Wire(
    routes=(RayRoutes,),
    base_path="",
    without_key=frozenset({FAMILY}),
    refusal_body=refusal_body,
    control=add_control,
    job_counts=job_counts,
)
"""Its routes look at the token themselves: a wrong one is a 403, and headers of two names may hold it."""
