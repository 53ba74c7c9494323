"""What every request works with."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ftops.emulator.world.clock import EmulatedClock
from ftops.emulator.world.database import Database
from ftops.emulator.world.faults import FaultTable
from ftops.emulator.world.file_table import FileTable
from ftops.emulator.world.job_table import JobTable
from ftops.emulator.world.settings import EmulatorSettings


@dataclass(frozen=True, slots=True)
class Emulator:
    """One provider's world: its store, its clock and its faults."""

    settings: EmulatorSettings
    database: Database
    clock: EmulatedClock
    jobs: JobTable
    files: FileTable
    faults: FaultTable
    stopping: threading.Event
    """Set when the server shuts down: streams and slow replies must end."""

    @classmethod
    def open(cls, settings: EmulatorSettings, clock: Callable[[], float]) -> "Emulator":
        """Open or make the database; raises OSError or sqlite3.Error."""
        database = Database(settings.database)
        try:
            return cls(
                settings=settings,
                database=database,
                clock=EmulatedClock(database, clock, settings.speed),
                jobs=JobTable(database),
                files=FileTable(database, settings.files),
                faults=FaultTable(database),
                stopping=threading.Event(),
            )
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Release the database; no request may come after this."""
        self.stopping.set()
        self.database.close()
