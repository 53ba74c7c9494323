"""The emulated clock: `speed` times faster than the real one, across processes, never backwards."""

from collections.abc import Callable

from ftops.emulator.world.database import Database


class EmulatedClock:
    """Emulated time, anchored in the database when that was made.

    The anchor is read at every look: another process may have opened the database at another speed, or moved
    the time forward. Whoever opened it last decides the speed.
    """

    def __init__(self, database: Database, real: Callable[[], float], speed: float) -> None:
        self._database = database
        self.real = real
        with database.write() as connection:
            now = real()
            anchor = connection.execute("SELECT emulated, real, speed FROM clock").fetchone()
            emulated = now if anchor is None else _emulated(anchor, now)
            connection.execute("REPLACE INTO clock VALUES (1, ?, ?, ?)", (emulated, now, speed))

    def now(self) -> float:
        """Emulated seconds since the Unix epoch."""
        return _emulated(self._anchor(), self.real())

    @property
    def speed(self) -> float:
        """Emulated seconds per real second."""
        return self._anchor()[2]

    def advance(self, seconds: float) -> float:
        """Move the emulated time forward, for every process; return the new time."""
        with self._database.write() as connection:
            connection.execute("UPDATE clock SET emulated = emulated + ?", (seconds,))
        return self.now()

    def _anchor(self) -> tuple[float, float, float]:
        with self._database.read() as connection:
            emulated, real, speed = connection.execute("SELECT emulated, real, speed FROM clock").fetchone()
        return emulated, real, speed


def _emulated(anchor: tuple[float, float, float], real_now: float) -> float:
    emulated, real, speed = anchor
    return emulated + max(0.0, real_now - real) * speed
