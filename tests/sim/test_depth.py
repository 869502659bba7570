from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.canonical import CANONICAL
from trimtab.sim import depth
from trimtab.sim.depth import DEPTH, Rungs, Shape, Taken
from trimtab.units import is_multiple

D = Decimal
SECOND = 1_000_000


def shape(tick: str = "0.01", step: str = "0.00001", half_spread_bps: str = "1", of_depth: str = "1") -> Shape:
    return Shape(D(tick), D(step), D(half_spread_bps), D(of_depth))


def test_the_best_prices_are_half_a_spread_from_the_middle() -> None:
    book = depth.around(60000.0, 60000.0, shape())
    assert (book.bids[0].price, book.asks[0].price) == (D(59994), D(60006))


def test_levels_hold_the_money_that_was_measured() -> None:
    book = depth.around(60000.0, 60000.0, shape())
    worth = [rung.amount * 60000 for rung in book.asks]
    assert worth == [pytest.approx(D(value), abs=1) for _, value in DEPTH]


def test_depth_is_a_multiple_of_the_measured_book() -> None:
    whole, half = (depth.around(100.0, 100.0, shape(of_depth=m)) for m in ("1", "0.5"))
    assert half.bids[0].amount == whole.bids[0].amount / 2


def test_levels_of_a_pair_quoted_in_another_asset_hold_the_same_money() -> None:
    book = depth.around(0.05, 3000.0, shape(tick="0.00001", step="0.001"))
    assert book.asks[0].amount * 3000 == pytest.approx(D(DEPTH[0][1]), abs=3)


@given(
    mid=st.floats(0.00001, 200_000),
    spread=st.sampled_from(["0", "0.003", "1", "50"]),
    tick=st.sampled_from(["0.00000001", "0.0005", "0.01", "0.5", "1"]),
    step=st.sampled_from(["0.00001", "0.1", "1", "1000"]),
)
def test_a_book_is_never_crossed_and_always_on_its_ticks_and_steps(
    mid: float, spread: str, tick: str, step: str
) -> None:
    form = shape(tick=tick, step=step, half_spread_bps=spread)
    book = depth.around(mid, mid, form)
    bids, asks = [r.price for r in book.bids], [r.price for r in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert not bids or not asks or bids[0] < asks[0]
    assert all(is_multiple(r.price, form.tick) and r.price > 0 for r in (*book.bids, *book.asks))
    assert all(is_multiple(r.amount, form.step) and r.amount > 0 for r in (*book.bids, *book.asks))
    assert all(CANONICAL(str(number)) for r in (*book.bids, *book.asks) for number in r[1:])


def test_recorded_levels_on_a_coarser_tick_are_merged_away_from_the_middle() -> None:
    book = depth.recorded(
        ((D("9.99"), D(1)), (D("9.96"), D(2)), (D("9.89"), D(4))), ((D("10.01"), D(1)),), shape(tick="0.1", step="1")
    )
    assert [(r.price, r.amount) for r in book.bids] == [(D("9.9"), D(3)), (D("9.8"), D(4))]
    assert [(r.price, r.amount) for r in book.asks] == [(D("10.1"), D(1))]


def test_half_of_what_was_taken_is_back_after_a_half_life() -> None:
    taken = Taken(D(8), at=0)
    assert [round(depth.missing(taken, n * 60 * SECOND, D(60)), 9) for n in range(4)] == [8, 4, 2, 1]


def test_all_of_it_is_back_in_the_end() -> None:
    assert depth.missing(Taken(D(10) ** 9, at=0), 65 * 60 * SECOND, D(60)) == 0


def test_taking_again_adds_to_what_is_still_missing() -> None:
    once = depth.take(None, D(8), 0, D(60))
    twice = depth.take(once, D(1), 60 * SECOND, D(60))
    assert (round(twice.amount, 9), twice.at) == (D(5), 60 * SECOND)


def test_levels_of_a_ladder_are_made_once() -> None:
    book: Rungs = depth.around(100.0, 100.0, shape())
    assert book.levels is book.levels
