from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import taxes
from trimtab.quant.taxes import Lot, Taxed

D = Decimal


def lot(name: str, *, cost: str, rate: str, amount: str = "1") -> Lot:
    """A lot at a cost by unit, taxed at a rate."""
    return Lot(id=name, amount=D(amount), cost=D(cost), rate=D(rate))


def test_the_lot_of_least_tax_goes_first_even_if_it_gained_more() -> None:
    held = [lot("short", cost="95", rate="0.4"), lot("long", cost="90", rate="0.2")]
    assert taxes.pieces(held, D(110)) == (Taxed("long", D(1), D(4)), Taxed("short", D(1), D(6)))


def test_a_loss_is_no_income() -> None:
    assert taxes.pieces([lot("old", cost="120", rate="0.3")], D(100)) == (Taxed("old", D(1), D(0)),)


def test_a_loss_that_is_harvested_by_name_counts() -> None:
    held = [lot("old", cost="120", rate="0.3"), lot("other", cost="110", rate="0.3")]
    assert taxes.pieces(held, D(100), harvest=("old",)) == (Taxed("old", D(1), D(-6)), Taxed("other", D(1), D(0)))


def test_the_largest_loss_goes_first_and_equal_lots_by_name() -> None:
    held = [lot("b", cost="110", rate="0.3"), lot("c", cost="110", rate="0.3"), lot("a", cost="120", rate="0.3")]
    assert [piece.lot for piece in taxes.pieces(held, D(100))] == ["a", "b", "c"]


def test_untaxed_lots_go_by_what_they_lost() -> None:
    held = [lot("a", cost="90", rate="0"), lot("b", cost="110", rate="0")]
    assert [piece.lot for piece in taxes.pieces(held, D(100))] == ["b", "a"]


@pytest.mark.parametrize("rate", ["-0.1", "1.1"])
def test_a_rate_beyond_all_or_nothing_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match=f"lot a: a rate of {rate} is not from 0 to 1"):
        taxes.pieces([lot("a", cost="1", rate=rate)], D(1))


def test_harvesting_a_lot_that_is_not_held_is_refused() -> None:
    with pytest.raises(ValueError, match="harvest: no lot z"):
        taxes.pieces([lot("a", cost="1", rate="0")], D(1), harvest=("z",))


@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 10)), min_size=1, max_size=8),
    st.integers(1, 200),
    st.sets(st.integers(0, 7)),
)
def test_tax_by_unit_only_rises_and_every_lot_is_there(
    given_: list[tuple[int, int]], price: int, names: set[int]
) -> None:
    held = [lot(str(n), cost=str(cost), rate=str(D(rate) / 10)) for n, (cost, rate) in enumerate(given_)]
    harvest = [str(n) for n in names if n < len(held)]
    found = taxes.pieces(held, D(price), harvest=harvest)
    assert [piece.tax for piece in found] == sorted(piece.tax for piece in found)
    assert sorted(piece.lot for piece in found) == sorted(one.id for one in held)
    assert all(piece.tax >= 0 or piece.lot in harvest for piece in found)
