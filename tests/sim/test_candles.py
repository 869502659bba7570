import pytest

from trimtab.sim import candles
from trimtab.sim.candles import Candles, Series

T = 1_704_067_200
ROSE_THEN_FELL = Candles(
    unit="USDT",
    length_s=300,
    series={"BTC": Series([T, T + 300], [100.0, 110.0], [112.0, 111.0], [97.0, 90.0], [110.0, 95.0])},
)


def at(second: int) -> float | None:
    return candles.price(ROSE_THEN_FELL, "BTC", T + second)


@pytest.mark.parametrize(("second", "price"), [(0, 100.0), (100, 97.0), (200, 112.0), (50, 98.5), (150, 104.5)])
def test_a_candle_that_rose_went_low_before_high(second: int, price: float) -> None:
    assert at(second) == pytest.approx(price)


@pytest.mark.parametrize(("second", "price"), [(300, 110.0), (400, 111.0), (500, 90.0), (450, 100.5)])
def test_a_candle_that_fell_went_high_before_low(second: int, price: float) -> None:
    assert at(second) == pytest.approx(price)


def test_a_candle_ends_just_before_the_next_one_at_its_close() -> None:
    assert at(299) == pytest.approx(110.0 + 2 / 100)


@pytest.mark.parametrize("second", [-1, 600])
def test_outside_of_the_candles_there_is_no_price(second: int) -> None:
    assert at(second) is None


def test_a_gap_between_candles_has_no_price() -> None:
    gap = Candles(
        unit="USDT", length_s=300, series={"BTC": Series([T, T + 900], [1.0] * 2, [1.0] * 2, [1.0] * 2, [1.0] * 2)}
    )
    assert [candles.price(gap, "BTC", T + s) for s in (299, 300, 899, 900)] == [1.0, None, None, 1.0]


def test_the_unit_is_worth_one_at_any_time() -> None:
    assert candles.price(ROSE_THEN_FELL, "USDT", 0) == 1.0


def test_the_span_runs_to_the_end_of_the_last_candle() -> None:
    assert candles.span(ROSE_THEN_FELL, "BTC") == (T, T + 600)
