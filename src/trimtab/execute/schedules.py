"""How a leg is spread over time: a table of schedules, each from a wanted amount to its slices.

Every schedule ends with a last attempt: a slice of nothing that takes over what the others could not do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from trimtab.model.policy import ExecutionPolicy, Schedule
from trimtab.model.runs import Slice
from trimtab.quant import schedule
from trimtab.units import ZERO, divide


@dataclass(frozen=True)
class Wanted:
    """What is to be spread: an amount on its step, from when, and the bounds of one order."""

    amount: Decimal
    since: datetime
    step: Decimal
    smallest: Decimal
    largest: Decimal | None
    execution: ExecutionPolicy


def immediate(wanted: Wanted) -> tuple[Slice, ...]:
    """All at once, in as few orders as the venue allows; the last attempt comes one rest later."""
    amounts = _parts(wanted, 1)
    dues = [wanted.since] * len(amounts)
    return _slices(wanted, dues, amounts, wanted.since + timedelta(seconds=wanted.execution.slice_rest_s))


def twap(wanted: Wanted) -> tuple[Slice, ...]:
    """Equal parts at equal intervals, the first at once; the last attempt comes at the end of the duration."""
    amounts = _parts(wanted, wanted.execution.slices)
    duration = timedelta(seconds=wanted.execution.duration_s)
    dues = [wanted.since + duration * n // len(amounts) for n in range(len(amounts))]
    return _slices(wanted, dues, amounts, wanted.since + duration)


SCHEDULES: Final[dict[Schedule, Callable[[Wanted], tuple[Slice, ...]]]] = {
    Schedule.IMMEDIATE: immediate,
    Schedule.TWAP: twap,
}


def slices(wanted: Wanted) -> tuple[Slice, ...]:
    """The slices of a leg by the fund's schedule, the last attempt included."""
    return SCHEDULES[wanted.execution.schedule](wanted)


def _parts(wanted: Wanted, least: int) -> tuple[Decimal, ...]:
    count = max(1, least)
    if wanted.largest:
        count = max(count, int(divide(wanted.amount, wanted.largest).to_integral_value(ROUND_CEILING)))
    return schedule.split(wanted.amount, count, step=wanted.step, smallest=wanted.smallest)


def _slices(wanted: Wanted, dues: list[datetime], amounts: tuple[Decimal, ...], last: datetime) -> tuple[Slice, ...]:
    """Slices with the last attempt early enough to rest before the deadline, and not before the slice before it."""
    rules = wanted.execution
    latest = wanted.since + timedelta(seconds=rules.deadline_s - rules.slice_rest_s)
    last = max(dues[-1], min(last, latest))
    timed = zip((*dues, last), (*amounts, ZERO), strict=True)
    return tuple(Slice(index=n, due=due, amount=amount) for n, (due, amount) in enumerate(timed))
