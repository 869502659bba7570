"""Market time: the wall's, for funds whose venues live in real time, or a simulated world's."""

import asyncio
from datetime import UTC, datetime

from trimtab.sim.clockwork import SimClock


class WallClock:
    """Market time is wall time."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime) -> None:
        """Sleep until the wall has reached `at`."""
        await asyncio.sleep(max(0.0, (at - self.now()).total_seconds()))


class SimulatedClock:
    """Market time is the simulated world's; a stepped clock is moved to where one would sleep until."""

    def __init__(self, world: SimClock) -> None:
        self._world = world

    def now(self) -> datetime:
        """The present instant of the simulated market."""
        return self._world.now()

    async def sleep_until(self, at: datetime) -> None:
        """Sleep until the market has reached `at`."""
        while (left := self._world.wait_s(at)) > 0:  # noqa: ASYNC110  # a clock has no event
            await asyncio.sleep(left)
