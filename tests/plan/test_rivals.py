"""What simpler planners would do with the same scene, beside the plan."""

from decimal import Decimal

from tests.plan.worlds import Case, case, cost, goals, ladder, listed
from tests.small import D, read
from trimtab.model.plans import Rival
from trimtab.plan import rivals

SHARED = ladder("north:BTC/USDT", (("100000", "1.5"), ("400000", "4")))
CASH_AND_BTC = goals(BTC="0.5", USDT="0.5")


def compared(problem: Case) -> dict[str, Rival]:
    """The ways by their names."""
    found = rivals.compare(
        problem.plan(), problem.decision, problem.snapshot, problem.marks, problem.terms, problem.liquidity
    )
    return {one.name: one for one in found}


def test_accounts_that_mend_themselves_trade_against_each_other_for_nothing() -> None:
    problem = case(CASH_AND_BTC, read("a", BTC="2"), read("c", USDT="120000"), books=[SHARED])
    found = compared(problem)

    assert (found[rivals.NAIVE].legs, round(found[rivals.NAIVE].cost, 2)) == (2, D(18))
    assert found[rivals.OURS].cost == found[rivals.GREEDY].cost == 0


def test_what_is_largest_is_sold_where_most_is_held_whatever_it_costs() -> None:
    cheap, dear = ladder("south:BTC/USDT", (("900000", "1"),)), ladder("north:BTC/USDT", (("900000", "20"),))
    problem = case(CASH_AND_BTC, read("a", BTC="3"), read("b", BTC="2"), books=[cheap, dear])
    found = compared(problem)

    assert found[rivals.GREEDY].cost > 4 * found[rivals.OURS].cost
    assert found[rivals.OURS].away < 1


def test_a_direct_pair_saves_the_way_through_the_base_currency() -> None:
    books = [ladder(name, (("900000", "5"),)) for name in ("north:BTC/USDT", "north:ETH/USDT", "north:ETH/BTC")]
    problem = case(goals(BTC="0.5", ETH="0.5"), read("a", BTC="4"), books=books)
    found = compared(problem)

    assert found[rivals.OURS].legs == 1
    assert found[rivals.NAIVE].legs == found[rivals.GREEDY].legs == 2
    assert found[rivals.GREEDY].cost > found[rivals.OURS].cost * Decimal("1.9")


def test_the_plan_itself_stands_last_as_it_is() -> None:
    problem = case(CASH_AND_BTC, read("a", BTC="2"), pairs=listed("north:BTC/USDT"), fee_bps="10")
    plan = problem.plan()
    (*_, ours) = compared(problem).values()

    assert (ours.name, ours.legs, ours.traded, ours.cost) == (rivals.OURS, len(plan.legs), plan.traded, cost(plan))
