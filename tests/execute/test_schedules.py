from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.execute.trading import EXECUTION, T0, D, after
from trimtab.execute import schedules
from trimtab.model.policy import ExecutionPolicy, Schedule
from trimtab.model.runs import Slice


def spread(amount: str, execution: ExecutionPolicy = EXECUTION, largest: str | None = None) -> tuple[Slice, ...]:
    most = None if largest is None else D(largest)
    return schedules.slices(schedules.Wanted(D(amount), T0, D("0.0001"), D("0.01"), most, execution))


def timed(slices: tuple[Slice, ...]) -> list[tuple[float, Decimal]]:
    return [((piece.due - T0).total_seconds(), piece.amount) for piece in slices]


def test_a_twap_is_equal_parts_at_equal_intervals_and_a_last_attempt() -> None:
    assert timed(spread("0.3")) == [(0, D("0.1")), (20, D("0.1")), (40, D("0.1")), (60, D(0))]


def test_a_twap_of_what_allows_fewer_slices_keeps_its_duration() -> None:
    assert timed(spread("0.025")) == [(0, D("0.0125")), (30, D("0.0125")), (60, D(0))]


def test_an_immediate_leg_is_one_order_and_a_last_attempt_a_rest_later() -> None:
    now = replace(EXECUTION, schedule=Schedule.IMMEDIATE)
    assert timed(spread("0.3", now)) == [(0, D("0.3")), (10, D(0))]


def test_an_order_too_large_for_the_venue_is_several() -> None:
    now = replace(EXECUTION, schedule=Schedule.IMMEDIATE)
    assert timed(spread("0.3", now, "0.15")) == [(0, D("0.15")), (0, D("0.15")), (10, D(0))]
    assert len(spread("0.3", now, "0.1499")) == 4


def test_the_last_attempt_leaves_time_to_rest_before_the_deadline() -> None:
    short = replace(EXECUTION, deadline_s=65)
    assert spread("0.3", short)[-1].due == after(55)


@pytest.mark.parametrize("schedule", list(Schedule))
def test_every_schedule_sums_to_what_was_wanted(schedule: Schedule) -> None:
    made = spread("1.2345", replace(EXECUTION, schedule=schedule, slices=7))
    assert sum(piece.amount for piece in made) == D("1.2345")


def test_every_schedule_of_the_policy_is_in_the_table() -> None:
    assert set(schedules.SCHEDULES) == set(Schedule)
