"""The wall's clock, for funds whose venues live in real time."""

import asyncio
from datetime import UTC, datetime


class WallClock:
    """Market time is wall time."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime) -> None:
        """Sleep until the wall has reached `at`."""
        await asyncio.sleep(max(0.0, (at - self.now()).total_seconds()))
