import math
import statistics
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.sim import generator
from trimtab.sim.generator import Generator, Motion

START = 1_767_225_600
DAY = 86_400
PINNED = 55526.01781323089
MOTIONS = {
    "BTC": Motion(Decimal(60000), Decimal("0.6")),
    "ETH": Motion(Decimal(3000), Decimal("0.8")),
    "USDT": Motion(Decimal(1), Decimal(0)),
}


def prices(seed: str = "7", **more: object) -> Generator:
    return Generator(seed=seed, start=START, end=START + 3650 * DAY, motions=MOTIONS, **more)  # type: ignore[arg-type]


def returns(asset: str, gap: int, count: int) -> list[float]:
    found = [generator.price(prices(), asset, START + n * gap) or 0.0 for n in range(count + 1)]
    return [math.log(after / before) for before, after in pairwise(found)]


def test_the_first_price_is_the_one_given() -> None:
    assert generator.price(prices(), "BTC", START) == 60000.0


@given(st.lists(st.integers(0, 3649 * DAY), min_size=2, max_size=8))
def test_a_price_does_not_depend_on_what_was_asked_before(seconds: list[int]) -> None:
    forward = {s: generator.price(prices(), "BTC", START + s) for s in sorted(seconds)}
    generator.walk.cache_clear()
    backward = {s: generator.price(prices(), "BTC", START + s) for s in sorted(seconds, reverse=True)}
    assert forward == backward


def test_the_same_seed_gives_the_same_bits_for_ever() -> None:
    assert generator.price(prices(), "BTC", START + 123_456_789) == PINNED


def test_another_seed_gives_another_market() -> None:
    assert generator.price(prices("8"), "BTC", START + DAY) != generator.price(prices("7"), "BTC", START + DAY)


@pytest.mark.parametrize(("asset", "yearly", "gap"), [("BTC", 0.6, 60), ("BTC", 0.6, 3600), ("ETH", 0.8, 3600)])
def test_returns_are_as_wide_as_the_volatility_says(asset: str, yearly: float, gap: int) -> None:
    wide = statistics.pstdev(returns(asset, gap, 2000)) * math.sqrt(generator.YEAR_S / gap)
    assert wide == pytest.approx(yearly, rel=0.05)


def test_assets_move_together_as_much_as_their_correlation_says() -> None:
    assert statistics.correlation(returns("BTC", 3600, 2000), returns("ETH", 3600, 2000)) == pytest.approx(
        0.6, abs=0.05
    )


def test_an_asset_without_volatility_keeps_its_price() -> None:
    assert generator.price(prices(), "USDT", START + 77_777) == 1.0


@pytest.mark.parametrize("second", [START - 1, START + 3650 * DAY])
def test_outside_of_the_tape_there_is_no_price(second: int) -> None:
    assert generator.price(prices(), "BTC", second) is None


@given(st.floats(-5, 5))
def test_the_exponential_is_that_of_the_library_to_twelve_digits(power: float) -> None:
    assert generator.exponential(power) == pytest.approx(math.exp(power), rel=1e-12)
