import json
from decimal import Decimal
from itertools import pairwise
from math import isclose, sinh
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import trajectory
from trimtab.quant.trajectory import Frictions, Trajectory

D = Decimal
PAPER = Frictions(volatility=D("0.95"), epsilon=D("0.0625"), gamma=D("2.5E-7"), eta=D("2.5E-6"))


def vectors(shared: Path, kind: str) -> list[dict[str, Any]]:
    """The published and computed cases of one kind."""
    found = json.loads((shared / "vectors" / "05_execution_impact.json").read_text())["cases"]
    return [case for case in found if case["kind"] == kind]


def worked(case: dict[str, Any]) -> tuple[Trajectory, Frictions]:
    """The trajectory of a case, and the frictions that it has."""
    given_ = {name: D(repr(value)) if isinstance(value, float) else D(value) for name, value in case["inputs"].items()}
    frictions = Frictions(
        volatility=given_["sigma"],
        epsilon=given_["epsilon"],
        gamma=given_["gamma"],
        eta=given_["eta"],
        drift=given_.get("alpha", D(0)),
    )
    return trajectory.optimal(given_["X"], given_["T"], int(given_["N"]), frictions, given_["lam"]), frictions


def near(found: Decimal, expected: float, *, within: float = 0, share: float = 0) -> bool:
    """Whether a figure is the expected one."""
    return isclose(float(found), expected, rel_tol=share, abs_tol=within)


def test_trajectories_agree_with_a_linear_solve_of_the_first_order_conditions(shared: Path) -> None:
    cases = vectors(shared, "ac_trajectory")
    assert len(cases) >= 20
    for case in cases:
        (path, frictions), expected, tolerance = worked(case), case["expected"], case["tolerance"]
        pairs = [
            *zip(path.holdings, expected["holdings"], strict=True),
            *zip(path.trades, expected["trades"], strict=True),
        ]
        assert all(near(found, one, within=tolerance["abs_shares"]) for found, one in pairs), case["id"]
        assert near(trajectory.cost(path, frictions), expected["expected_cost"], share=tolerance["rel"]), case["id"]
        assert near(trajectory.variance(path, frictions), expected["variance"], share=tolerance["rel"]), case["id"]
        assert near(path.urgency, expected["kappa"], share=1e-7), case["id"]  # Theirs is the arccosh of a float near 1.
        tilde = 2 * sinh(float(path.urgency * path.period) / 2) / float(path.period)
        assert isclose(tilde, expected["kappa_tilde"], rel_tol=tolerance["rel"]), case["id"]
        assert (expected["half_life"] is None) is (path.urgency == 0), case["id"]


def test_the_frontier_is_the_one_that_was_printed(shared: Path) -> None:
    cases = vectors(shared, "ac_efficient_frontier_published")
    assert cases
    for case in cases:
        (path, frictions), expected, tolerance = worked(case), case["expected"], case["tolerance"]
        cost, variance = trajectory.cost(path, frictions), trajectory.variance(path, frictions)
        utility = cost + D(repr(case["inputs"]["lam"])) * variance
        assert near(cost, expected["expected_cost"], within=tolerance["expected_cost_abs"]), case["id"]
        assert near(variance, expected["variance"], within=tolerance["variance_abs"]), case["id"]
        assert near(utility, expected["utility"], within=tolerance["utility_abs"]), case["id"]
        assert near(1 / path.urgency, expected["half_life"], within=tolerance["half_life_abs"]), case["id"]


def test_a_drift_leaves_the_printed_holdings(shared: Path) -> None:
    cases = vectors(shared, "ac_trajectory_published")
    assert cases
    for case in cases:
        (path, frictions), expected, tolerance = worked(case), case["expected"], case["tolerance"]
        pairs = [
            *zip(path.holdings, expected["holdings"], strict=True),
            *zip(path.trades, expected["trades"], strict=True),
        ]
        assert all(near(found, one, within=tolerance["shares_abs"]) for found, one in pairs), case["id"]
        assert near(trajectory.cost(path, frictions), expected["expected_cost"], within=tolerance["cost_abs"]), case[
            "id"
        ]
        assert near(trajectory.variance(path, frictions), expected["variance"], within=tolerance["variance_abs"]), case[
            "id"
        ]
        long = trajectory.optimal(D(1000000), D(100), 100, frictions, D(repr(case["inputs"]["lam"])))
        assert near(long.holdings[50], expected["static_holding"], within=1), case["id"]


def test_the_limits_of_no_aversion_and_of_nothing_else(shared: Path) -> None:
    cases = vectors(shared, "ac_limit")
    assert cases
    for case in cases:
        (path, frictions), expected = worked(case), case["expected"]
        assert near(path.trades[0], expected["trades_first"], share=1e-9), case["id"]
        assert near(trajectory.cost(path, frictions), expected["expected_cost"], share=1e-9), case["id"]
        assert near(trajectory.variance(path, frictions), expected["variance"], share=1e-9), case["id"]


def test_blocks_and_rate_against_a_resilient_book(shared: Path) -> None:
    cases = vectors(shared, "obizhaeva_wang")
    assert cases
    for case in cases:
        amount, duration, resilience = (D(str(case["inputs"][name])) for name in ("X", "T", "rho"))
        found, expected = trajectory.resilient(amount, duration, resilience), case["expected"]
        assert near(found.first, expected["first_block"], share=1e-12), case["id"]
        assert near(found.last, expected["last_block"], share=1e-12), case["id"]
        assert near(found.rate, expected["rate"], share=1e-12), case["id"]
        assert near(found.rate * duration, expected["continuous_total"], share=1e-12), case["id"]


def test_an_aversion_of_nothing_trades_evenly() -> None:
    path = trajectory.optimal(D(100), D(4), 4, PAPER)
    assert path.trades == (D(25),) * 4
    assert path.urgency == 0


def test_an_infinite_aversion_trades_at_once_and_risks_nothing() -> None:
    path = trajectory.optimal(D(100), D(4), 4, PAPER, D("Infinity"))
    assert path.trades == (D(100), D(0), D(0), D(0))
    assert trajectory.variance(path, PAPER) == 0


def test_a_drift_without_aversion_bends_the_holdings_into_a_parabola() -> None:
    rising = Frictions(volatility=D(0), gamma=D(0), eta=D(1), drift=D(2))
    path = trajectory.optimal(D(0), D(4), 4, rising)
    assert path.holdings == (D(0), D("1.5"), D(2), D("1.5"), D(0))
    assert trajectory.cost(path, rising) == D(-5)


def test_going_back_and_forth_pays_the_spread_both_ways() -> None:
    there_and_back = Trajectory((D(0), D(5), D(0)), D(1), D(0))
    assert trajectory.cost(there_and_back, Frictions(volatility=D(0), gamma=D(0), eta=D(1), epsilon=D(2))) == D(70)


def test_permanent_impact_that_outweighs_the_temporary_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"eta: 1 is not above half of gamma by period, 2"):
        trajectory.optimal(D(1), D(2), 1, Frictions(volatility=D(1), gamma=D(2), eta=D(1)))


@pytest.mark.parametrize(("duration", "periods"), [("0", 1), ("1", 0)])
def test_a_schedule_without_time_is_refused(duration: str, periods: int) -> None:
    with pytest.raises(ValueError, match="both must be above zero"):
        trajectory.optimal(D(1), D(duration), periods, PAPER)


@given(
    aversion=st.decimals(min_value=0, max_value=1, places=9),
    volatility=st.decimals(min_value=0, max_value=100, places=6),
    periods=st.integers(1, 40),
    tilt=st.lists(st.integers(-1000, 1000), min_size=41, max_size=41),
)
def test_no_other_trajectory_is_worth_more(
    aversion: Decimal, volatility: Decimal, periods: int, tilt: list[int]
) -> None:
    frictions = Frictions(volatility=volatility, gamma=D("0.001"), eta=D("0.5"), drift=D("0.01"))
    path = trajectory.optimal(D(1000), D(1), periods, frictions, aversion)
    moved = [held + D(off) / 100 for held, off in zip(path.holdings, tilt, strict=False)]
    other = Trajectory((D(1000), *moved[1:-1], D(0)), path.period, path.urgency)

    def charged(one: Trajectory) -> Decimal:
        return trajectory.cost(one, frictions) + aversion * trajectory.variance(one, frictions)

    assert charged(path) <= charged(other) + D("1E-20")


@given(st.decimals(min_value=0, max_value=10, places=20), st.integers(1, 30))
def test_the_trades_sum_to_the_whole_and_shrink(aversion: Decimal, periods: int) -> None:
    path = trajectory.optimal(D("0.000000000000000001"), D(1), periods, PAPER, aversion)
    assert (path.holdings[0], path.holdings[-1]) == (D("0.000000000000000001"), D(0))
    assert all(after - before <= D("1E-100") for before, after in pairwise(path.trades))


@given(st.decimals(min_value=0, max_value=10000, places=6))
def test_blocks_and_rate_add_up(resilience: Decimal) -> None:
    found = trajectory.resilient(D(100), D(3), resilience)
    assert near(found.first + found.rate * 3 + found.last, 100, share=1e-15)


def test_a_book_that_never_refills_is_taken_in_two_halves() -> None:
    assert trajectory.resilient(D(10), D(1), D(0)) == trajectory.Blocks(first=D(5), rate=D(0), last=D(5))


def test_a_book_that_empties_by_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="resilience -1"):
        trajectory.resilient(D(10), D(1), D(-1))
