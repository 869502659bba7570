from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trimtab.sim import clock
from trimtab.sim.clock import Pace

M0 = datetime(2026, 1, 1, tzinfo=UTC)
W0 = datetime(2030, 5, 5, 5, 5, 5, tzinfo=UTC)


def test_market_time_runs_as_many_times_as_fast_as_the_wall() -> None:
    assert clock.now(Pace(M0, W0, Decimal(60)), W0 + timedelta(seconds=2)) == M0 + timedelta(minutes=2)


def test_a_slow_market_is_exact_to_the_microsecond() -> None:
    assert clock.now(Pace(M0, W0, Decimal("0.5")), W0 + timedelta(microseconds=7)) == M0 + timedelta(microseconds=3)


def test_a_stepped_market_stands_still() -> None:
    assert clock.now(Pace(M0, W0, Decimal(0)), W0 + timedelta(days=9)) == M0


def test_a_wall_set_back_does_not_take_the_market_before_its_beginning() -> None:
    assert clock.now(Pace(M0, W0, Decimal(1)), W0 - timedelta(hours=1)) == M0


def test_waiting_is_divided_by_the_speed() -> None:
    assert clock.wait_s(Pace(M0, W0, Decimal(60)), W0, M0 + timedelta(minutes=5)) == 5.0


def test_nothing_is_waited_for_what_has_come() -> None:
    assert clock.wait_s(Pace(M0, W0, Decimal(1)), W0 + timedelta(seconds=9), M0 + timedelta(seconds=9)) == 0.0


def test_waiting_for_a_stepped_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="stepped by hand"):
        clock.wait_s(Pace(M0, W0, Decimal(0)), W0, M0 + timedelta(seconds=1))
