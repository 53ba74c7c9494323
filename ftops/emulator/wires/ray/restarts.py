"""The head of the cluster restarts, with what it knew or without."""

from ftops.emulator.context import Emulator
from ftops.emulator.wires.ray.cluster import catch_up, restart
from ftops.emulator.wires.ray.packages import Packages
from ftops.emulator.wires.ray.records import RecordTable


def restart_head(
    emulator: Emulator, table: RecordTable, packages: Packages, orphan_seconds: float | None
) -> None:
    """Restart it now. `orphan_seconds` of None: with memory; else how long processes live on without it."""
    now = emulator.clock.now()
    with table.write() as records:
        catch_up(records, now)
        restart(records, now, orphan_seconds)
    if orphan_seconds is not None:
        packages.forget_all()
