"""The running clock of a simulated world: market time as the world's file keeps it."""

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from trimtab.sim import clock, files, kept
from trimtab.sim.clock import Pace


class SimClock:
    """Market time of a simulated world: runs with the wall, or stands until it is stepped (speed 0)."""

    def __init__(self, connection: sqlite3.Connection, speed: Decimal) -> None:
        self._connection = connection
        self._speed = speed
        self._running: Pace | None = kept.pace(connection, speed) if speed else None

    @property
    def pace(self) -> Pace:
        """How market time runs; its instant is the present one where it is stepped by hand."""
        return self._running or kept.pace(self._connection, self._speed)

    def now(self) -> datetime:
        """The present instant of the simulated market."""
        return clock.now(self.pace, datetime.now(UTC))

    def wait_s(self, at: datetime) -> float:
        """Seconds of wall time until the market reaches `at`; a stepped clock is moved there and has none to wait."""
        if self._running is None:
            self.step(at)
            return 0.0
        return clock.wait_s(self._running, datetime.now(UTC), at)

    def step(self, at: datetime) -> None:
        """Move a stepped clock to `at`, for every process that lives in this world. It never goes back."""
        if self._speed:
            raise ValueError(f"speed is {self._speed}: only a clock of speed 0 is stepped by hand")
        kept.step(self._connection, at)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def open_clock(path: Path) -> SimClock:
    """The clock of the world whose file this is."""
    whole, connection = files.open_world(path)
    return SimClock(connection, whole.speed)
