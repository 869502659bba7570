"""Worth its cost, or not."""

from msgspec.structs import replace

from tests.small import D, leg, plan, policy
from trimtab.decide.worth import judge
from trimtab.model.decision import Hold, HoldKind, Worth
from trimtab.model.plans import Costs, Plan, PlannedWeight
from trimtab.model.policy import BenefitPolicy, CostPolicy, Policy, Volatility


def costing(total: str) -> Plan:
    """A plan that trades 6,000 USDT."""
    costs = Costs(fee=D(total), spread=D(1), impact=D(2))
    return plan(leg("l1 a buys 0.1 north:BTC/USDT"), costs=costs)


def test_a_plan_at_the_limit_is_worth_its_cost() -> None:
    assert judge(costing("27"), policy()) == Worth(cost=D(30), traded=D(6000), cost_bps=D(50), max_cost_bps=D(50))


def test_a_plan_just_past_it_is_not_and_says_so_in_money_and_bps() -> None:
    found = judge(costing("27.06"), policy())
    assert isinstance(found, Hold)
    assert found.kind is HoldKind.NOT_WORTH
    assert found.because == (
        "it would cost 30.06 USDT, 50.10 bps of the 6,000.00 USDT it trades; at most 50.00 bps may be spent"
    )


def test_a_plan_without_legs_has_nothing_to_trade() -> None:
    found = judge(plan(), policy())
    assert isinstance(found, Hold)
    assert found.kind is HoldKind.NOTHING_TO_TRADE


def weighing(**more: str) -> Policy:
    """A fund that says what being nearer to its target is worth: BTC varies by 60 % a year, ETH by 80 %."""
    said = {"risk_aversion": "5", "horizon_days": "73", "correlation": "0.5", **more}
    varying = (Volatility(asset="BTC", yearly=D("0.6")), Volatility(asset="ETH", yearly=D("0.8")))
    terms = BenefitPolicy(volatility=varying, **{name: D(value) for name, value in said.items()})
    return policy(costs=CostPolicy(max_cost_bps=D(50), benefit=terms))


def nearer(cost: str) -> Plan:
    """A plan of a fund worth a million that brings BTC from 70 % to 60 % and ETH from 30 % to 40 %."""
    weights = tuple(
        PlannedWeight(asset=asset, before=D(before), low=D(after), high=D(after), after=D(after))
        for asset, before, after in (("BTC", "0.7", "0.6"), ("ETH", "0.3", "0.4"))
    )
    costs = Costs(fee=D(cost), spread=D(0), impact=D(0))
    legs = leg("l1 a buys 10 north:BTC/USDT")
    return plan(legs, costs=costs, weights=weights, nav=D(1_000_000), traded=D(10_000_000))


def test_a_plan_is_worth_half_the_risk_aversion_times_the_variance_that_goes() -> None:
    # Apart by +0.06 and -0.08 of risk: 0.5 * (0.0036 + 0.0064) + 0.5 * 0.0004 = 0.0052; a fifth of a year.
    found = judge(nearer("2600"), weighing())
    assert isinstance(found, Worth)
    assert found.benefit == D(2600)


def test_a_plan_that_costs_more_than_it_is_worth_is_held_and_says_what_that_saves() -> None:
    found = judge(nearer("2700"), weighing())
    assert isinstance(found, Hold)
    assert found.kind is HoldKind.NOT_WORTH
    assert found.because == (
        "it would cost 2,700.00 USDT and be worth 2,600.00 USDT: the tracking error would go from 7.21 % to 0.00 % "
        "a year, weighed over 73 days; holding saves 100.00 USDT"
    )


def test_a_longer_horizon_makes_the_same_plan_worth_more() -> None:
    assert isinstance(judge(nearer("2700"), weighing(horizon_days="146")), Worth)


def test_a_plan_that_leads_away_from_the_target_has_no_benefit() -> None:
    weights = (PlannedWeight(asset="BTC", before=D("0.6"), low=D("0.7"), high=D("0.7"), after=D("0.7")),)
    away = replace(nearer("1"), weights=weights)
    assert isinstance(judge(away, weighing()), Hold)
