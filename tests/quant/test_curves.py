from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import curves, impact
from trimtab.quant.curves import Piece
from trimtab.quant.impact import Activity, Parent
from trimtab.units import BPS

D = Decimal
BUSY = Activity(daily_volume=D(500_000_000), daily_volatility=D("0.04"), outstanding=D(10_000_000_000))


def model(name: str) -> Callable[[Decimal], Decimal]:
    """The cost of a value by a model, where a unit is worth one."""
    return lambda value: impact.cost(impact.IMPACTS[name](Parent(amount=value, price=D(1)), BUSY), value)


def cost_by(found: Sequence[Piece], value: Decimal) -> Decimal:
    """What the pieces cost on a value, the cheapest used first."""
    total, left = D(0), value
    for piece in found:
        taken = min(left, piece.width)
        total, left = total + taken * piece.rate_bps / BPS, left - taken
    return total


def test_a_straight_cost_is_one_piece() -> None:
    assert curves.pieces(lambda value: value / 1000, D(5000), tolerance=D("0.01")) == (Piece(D(5000), D(10)),)


def test_a_square_is_cut_evenly() -> None:
    found = curves.pieces(lambda value: value * value / 10000, D(8), tolerance=D("0.0007"))
    assert found == (Piece(D(2), D(2)), Piece(D(2), D(6)), Piece(D(2), D(10)), Piece(D(2), D(14)))


def test_a_three_halves_power_is_cut_finest_near_nothing() -> None:
    found = curves.pieces(model("sqrt_final"), D(1_000_000), tolerance=D(1))
    assert found[0].width < found[-1].width
    assert len(found) < 40


@given(
    name=st.sampled_from(["sqrt_final", "sqrt_average", "athl2005"]),
    most=st.integers(1, 10**7),
    share=st.fractions(0, 1, max_denominator=1000),
    tolerance=st.sampled_from([D(5), D(500)]),
)
def test_pieces_are_above_the_cost_by_the_tolerance_at_most(
    name: str, most: int, share: object, tolerance: Decimal
) -> None:
    found = curves.pieces(model(name), D(most), tolerance=tolerance)
    value = D(int(most * share))  # type: ignore[operator]
    off = cost_by(found, value) - model(name)(value)
    assert D("-0.000001") <= off <= tolerance + D("0.000001")
    assert sum(piece.width for piece in found) == most


@given(name=st.sampled_from(["sqrt_final", "athl2005"]), most=st.integers(1, 10**8))
def test_pieces_grow_dearer_and_stand_on_steps(name: str, most: int) -> None:
    found = curves.pieces(model(name), D(most), tolerance=D(50), step=D(100))
    rates = [piece.rate_bps for piece in found]
    assert rates == sorted(rates)
    assert all(piece.width % 100 == 0 for piece in found[:-1])


def test_nothing_to_trade_has_no_pieces() -> None:
    assert curves.pieces(model("sqrt_final"), D(0), tolerance=D(1)) == ()


def test_a_cost_that_gets_cheaper_is_refused() -> None:
    with pytest.raises(ValueError, match="cost: not convex"):
        curves.pieces(lambda value: min(value, D(4)) + max(D(0), value - 6) * 9, D(8), tolerance=D("0.001"))


def test_a_cost_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cost: 1 for nothing; a fixed cost is not part of a curve"):
        curves.pieces(lambda value: value + 1, D(8), tolerance=D(1))


@pytest.mark.parametrize(("tolerance", "step"), [("0", "1"), ("1", "0")])
def test_a_tolerance_or_step_of_nothing_is_refused(tolerance: str, step: str) -> None:
    with pytest.raises(ValueError, match="both must be above zero"):
        curves.pieces(model("sqrt_final"), D(8), tolerance=D(tolerance), step=D(step))


def test_a_tolerance_too_fine_for_any_programme_is_refused() -> None:
    with pytest.raises(ValueError, match="needs more than 4096 pieces"):
        curves.pieces(lambda value: value * value, D(10**6), tolerance=D("0.001"))
