"""Worth its cost, or not."""

from tests.small import D, leg, plan, policy
from trimtab.decide.worth import judge
from trimtab.model.decision import Hold, HoldKind, Worth
from trimtab.model.plans import Costs, Plan


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
