import json
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.prices import Level
from trimtab.quant import impact
from trimtab.quant.impact import IMPACTS, Activity, Impact, Measure, Parent

D = Decimal
BUSY = Activity(daily_volume=D(500_000_000), daily_volatility=D("0.04"), outstanding=D(10**10))
FIVE_MILLION = Parent(amount=D(5_000_000), price=D(1))
LINEAR = {"gamma": D("2.5E-7"), "eta": D("2.5E-6")}


def vectors(shared: Path, kind: str) -> list[dict[str, Any]]:
    """The published cases of one kind."""
    found = json.loads((shared / "vectors" / "05_execution_impact.json").read_text())["cases"]
    return [case for case in found if case["kind"] == kind]


def numbers(case: dict[str, Any]) -> dict[str, Decimal]:
    """A case's figures, as they are written."""
    return {name: D(str(value)) for name, value in case["inputs"].items() if not isinstance(value, str)}


def book(*levels: tuple[str, str]) -> Activity:
    """One side of a book: price and amount, best first."""
    return Activity(levels=tuple(Level(price=D(price), amount=D(amount)) for price, amount in levels))


def test_the_square_root_agrees_with_the_published_cases(shared: Path) -> None:
    cases = vectors(shared, "sqrt_impact")
    assert len(cases) > 10
    for case in cases:
        given_, expected = numbers(case), case["expected"]
        activity = Activity(daily_volume=given_["adv_notional"], daily_volatility=given_["daily_vol"])
        parent = Parent(amount=given_["order_notional"], price=D(1))
        found = impact.sqrt_final(parent, activity, coefficient=given_["coefficient"])
        paid = impact.cost(found, given_["order_notional"])
        assert isclose(float(found.bps), expected["impact_bps"], rel_tol=1e-12), case["id"]
        assert isclose(float(found.bps / 10000), expected["impact_fraction"], rel_tol=1e-12), case["id"]
        assert isclose(float(paid), expected["cost_notional_average_two_thirds"], rel_tol=1e-12), case["id"]


def test_the_measured_impact_of_shares_agrees_with_the_paper(shared: Path) -> None:
    cases = vectors(shared, "impact_athl2005")
    assert cases
    for case in cases:
        given_, expected, tolerance = numbers(case), case["expected"], case["tolerance"]
        activity = Activity(
            daily_volume=given_["daily_volume"],
            daily_volatility=given_["daily_vol"],
            outstanding=given_["shares_outstanding"],
        )
        parent = Parent(amount=given_["shares"], price=D(1), days=given_["duration_days"])
        found = impact.athl2005(parent, activity, **{name: given_[name] for name in ("gamma", "eta", "beta", "delta")})
        assert found == impact.athl2005(parent, activity), "the published coefficients are the usual ones"
        assert found.lasting_bps is not None
        temporary = found.average_bps - found.lasting_bps / 2
        exact = tolerance["recomputed_rel"]
        assert isclose(float(found.average_bps), expected["realized_bp"], rel_tol=exact), case["id"]
        assert isclose(float(found.average_bps), expected["realized_bp_printed"], abs_tol=tolerance["printed_abs"])
        assert isclose(float(found.lasting_bps), expected["permanent_bp"], rel_tol=exact), case["id"]
        assert isclose(float(temporary), expected["temporary_bp"], rel_tol=exact), case["id"]


def test_the_same_forty_bps_cost_more_as_an_average_than_as_a_final_move() -> None:
    average, final = impact.sqrt_average(FIVE_MILLION, BUSY), impact.sqrt_final(FIVE_MILLION, BUSY)
    assert average.bps == final.bps == 40
    assert (average.measure, final.measure) == (Measure.AVERAGE, Measure.FINAL)
    assert impact.cost(average, D(5_000_000)) == 20_000
    assert impact.cost(final, D(5_000_000)).quantize(D(1)) == 13_333


def test_an_impact_states_its_parameters() -> None:
    assert impact.sqrt_final(FIVE_MILLION, BUSY, coefficient=D("0.7")).parameters == (
        ("coefficient", D("0.7")),
        ("daily_volatility", D("0.04")),
        ("daily_volume", D(500_000_000)),
    )


def test_the_linear_schedule_costs_what_the_paper_says_without_its_spread() -> None:
    parent = Parent(amount=D(1_000_000), price=D(50), days=D(5))
    activity = Activity(daily_volatility=D("0.019"))
    found = impact.almgren_chriss(parent, activity, **LINEAR, aversion=D("Infinity"), periods=5)
    assert found.average_bps == D(2_500_000) / 5000
    assert found.lasting_bps == 50


def test_the_walk_is_the_mean_distance_from_the_touch() -> None:
    found = impact.walk(Parent(amount=D(4), price=D(100)), book(("101", "1"), ("102", "2"), ("104", "5")))
    assert (found.average_bps, found.measure) == (D(125), Measure.AVERAGE)
    assert found.parameters == (("levels", D(3)),)


def test_a_walk_within_the_touch_is_free() -> None:
    assert impact.walk(Parent(amount=D(1), price=D(100)), book(("101", "1"), ("102", "2"))).average_bps == 0


def test_a_walk_down_the_bids_is_a_cost_too() -> None:
    assert impact.walk(Parent(amount=D(2), price=D(100)), book(("99", "1"), ("97", "2"))).average_bps == 100


def test_a_book_too_thin_is_refused() -> None:
    with pytest.raises(ValueError, match="levels: they hold 3 of the 4 to be traded"):
        impact.walk(Parent(amount=D(4), price=D(100)), book(("101", "1"), ("102", "2")))


def test_a_market_that_nobody_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="daily_volume: 0 is not above zero"):
        impact.sqrt_final(FIVE_MILLION, Activity(daily_volatility=D("0.04")))
    with pytest.raises(ValueError, match="outstanding: 0 is not above zero"):
        impact.athl2005(FIVE_MILLION, Activity(daily_volume=D(1), daily_volatility=D("0.04")))


def any_of(name: str, amount: Decimal) -> Impact:
    """The impact of an amount by one of the models, on a market that has all that any asks for."""
    deep = tuple(Level(price=D(100 + n), amount=D(10**n)) for n in range(12))
    activity = Activity(BUSY.daily_volume, BUSY.daily_volatility, BUSY.outstanding, deep)
    given_ = LINEAR | {"periods": 4} if name == "almgren_chriss" else {}
    return IMPACTS[name](Parent(amount=amount, price=D(100)), activity, **given_)


@pytest.mark.parametrize("name", sorted(IMPACTS))
def test_every_model_says_its_own_name_and_charges_nothing_for_nothing(name: str) -> None:
    found = any_of(name, D(0))
    assert (found.model, found.bps, found.average_bps) == (name, D(0), D(0))
    assert impact.cost(found, D(0)) == 0


@given(name=st.sampled_from(sorted(IMPACTS)), amount=st.integers(1, 10**9), more=st.integers(1, 10**9))
def test_every_model_is_monotone_and_convex_in_money(name: str, amount: int, more: int) -> None:
    low, middle, high = (D(amount), D(amount) + D(more), D(amount) + 2 * D(more))
    paid = [impact.cost(any_of(name, one), one) for one in (low, middle, high)]
    assert paid[0] <= paid[1] <= paid[2]
    assert 2 * paid[1] <= paid[0] + paid[2] + D("0.01")
