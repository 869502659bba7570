from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import waiting

D = Decimal
LAWS = sorted(waiting.COSTS)


def test_a_wait_of_six_hours_risks_half_a_day_of_volatility() -> None:
    assert waiting.COSTS["delay"](D(1_000_000), D("0.25"), D("0.04")) == D(20_000)


def test_funding_and_borrowing_are_paid_by_the_day() -> None:
    assert waiting.COSTS["funding"](D(1_000_000), D(2), D("0.0003")) == D(600)
    assert waiting.COSTS["borrow"](D(1_000_000), D(2), D("0.0003")) == D(600)


def test_funding_that_would_be_received_is_not_planned_on() -> None:
    assert waiting.COSTS["funding"](D(1_000_000), D(2), D("-0.0003")) == 0
    assert waiting.COSTS["funding"](D(-1_000_000), D(2), D("0.0003")) == 0


def test_a_short_position_risks_what_a_long_one_does() -> None:
    assert waiting.by_root_time(D(-100), D(4), D("0.1")) == D(20)


@pytest.mark.parametrize("law", LAWS)
def test_a_wait_into_the_past_is_refused(law: str) -> None:
    with pytest.raises(ValueError, match="days: -1 is below zero"):
        waiting.COSTS[law](D(1), D(-1), D(1))


def test_a_volatility_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="a volatility of -1 is below zero"):
        waiting.by_root_time(D(1), D(1), D(-1))


@given(st.sampled_from(LAWS), st.integers(0, 10**9), st.integers(0, 365), st.integers(0, 365))
def test_a_longer_wait_never_costs_less(law: str, value: int, days: int, more: int) -> None:
    charge = waiting.COSTS[law]
    assert charge(D(value), D(days), D("0.01")) <= charge(D(value), D(days + more), D("0.01"))
