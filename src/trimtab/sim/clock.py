"""Market time of a simulated world: a straight line over wall time, or an instant that is stepped by hand.

    market = m0 + speed * (wall - w0)

The market outside moves once a second; its seconds are counted from 1970, as integers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Pace:
    """Market time was `market` when the wall's was `wall`, and runs `speed` times as fast. Speed 0 stands still."""

    market: datetime
    wall: datetime
    speed: Decimal


def now(pace: Pace, wall: datetime) -> datetime:
    """The market's instant at an instant of the wall. A wall that was set back does not take the market before `m0`."""
    passed = max(0, micros(wall) - micros(pace.wall))
    return pace.market + int(passed * pace.speed) * MICROSECOND


def wait_s(pace: Pace, wall: datetime, at: datetime) -> float:
    """Seconds of wall time until the market reaches `at`; 0 where it has. Raises ValueError for a stepped clock."""
    if not pace.speed:
        raise ValueError("speed 0: this clock is stepped by hand and reaches no instant by waiting")
    return max(0.0, (at - now(pace, wall)).total_seconds() / float(pace.speed))


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - EPOCH) // MICROSECOND


def second(at: datetime) -> int:
    """The last whole second of market time not after `at`: the market outside is what it was then."""
    return micros(at) // 1_000_000


def instant(seconds: int) -> datetime:
    """The instant at which a second begins."""
    return EPOCH + timedelta(seconds=seconds)
