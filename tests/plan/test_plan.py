"""Plans: traps T1 and T2 with their figures, one way for each asset, the cheaper route, and what may be spent."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.plan.worlds import (
    T1_DEPTH,
    Case,
    after,
    case,
    cost,
    goals,
    ladder,
    listed,
    orders,
    proven,
    with_bnb,
)
from tests.small import ACCOUNTS, PRICES, D, balance, clause, keeping, marks, policy, read, snapshot
from trimtab.model.assets import Listing
from trimtab.model.decision import Rebalance
from trimtab.model.holdings import AccountRead, Snapshot, Unknown
from trimtab.model.ledger import Liquidity
from trimtab.model.mandate import Basis, Severity
from trimtab.model.orders import Side
from trimtab.model.plans import Costs, Status
from trimtab.model.prices import Ladder, Level, Marks

ALL_CASH = goals(BTC="0", USDT="1")
BTC_ONLY = listed("north:BTC/USDT")


def t1(*reads: AccountRead, decision: Rebalance = ALL_CASH) -> Case:
    """Trap T1: BTC at 50,000, 100k at 1.5 bps and 400k at 4 bps, one book for both accounts of its venue."""
    books = [ladder("north:BTC/USDT", T1_DEPTH, mid=D(50000))]
    return case(decision, *reads, books=books, at=marks(BTC="50000"))


def test_two_accounts_that_sell_on_one_book_pay_55_together_not_30() -> None:
    plan = proven(t1(read("a", BTC="2"), read("c", BTC="2")))
    assert orders(plan) == ["a sells 2 north:BTC/USDT", "c sells 2 north:BTC/USDT"]
    assert plan.costs == Costs(fee=D(0), spread=D(30), impact=D(25))
    assert plan.bound == 55
    assert [leg.costs.spread + leg.costs.impact for leg in plan.legs] == [D("27.5"), D("27.5")]


def test_one_account_alone_pays_for_the_first_level_only() -> None:
    assert cost(proven(t1(read("a", BTC="2")))) == 15


def test_what_one_account_would_sell_and_another_would_buy_is_no_order_at_all() -> None:
    plan = proven(t1(read("a", BTC="2"), read("c", USDT="100000"), decision=goals(BTC="0.5", USDT="0.5")))
    assert (plan.legs, cost(plan), plan.status) == ((), D(0), Status.OPTIMAL)


def test_weights_after_are_shares_of_what_is_left_after_costs() -> None:
    plan = proven(case(goals(BTC="0.5", USDT="0.5"), read("a", BTC="10"), fee_bps="10"))
    assert abs(after(plan)["BTC"] - D("0.5")) < D("1E-7")
    assert sum(after(plan).values()) == 1


def test_a_fee_on_top_of_the_quote_leaves_room_for_itself() -> None:
    """T2: 10,000 at 0.6 % buys for at most 9,940.35; here the guard, a percent away, is what must be payable."""
    every = case(goals(BTC="1", USDT="0"), read("a", USDT="10000"), fee_bps="60", taken_from="quote", pairs=BTC_ONLY)
    plan = proven(every)
    (leg,) = plan.legs
    assert leg.amount * leg.limit_price * D("1.006") <= 10000
    assert (leg.amount + D("0.00000001")) * leg.limit_price * D("1.006") > 10000
    assert {c.asset: c.amount for c in plan.changes}["BTC"] == leg.amount


def test_at_its_mark_10_000_buys_for_9_940_35_where_60_bps_come_on_top() -> None:
    tight = replace(policy(), execution=replace(policy().execution, price_tolerance_bps=D(0)))
    book = Ladder(instrument="north:BTC/USDT", bids=(), asks=(Level(price=D(60000), amount=D(5)),), as_of=snapshot().at)
    every = case(
        goals(BTC="1", USDT="0"), read("a", USDT="10000"), fee_bps="60", taken_from="quote", law=tight, books=[book]
    )
    (leg,) = proven(every).legs
    assert leg.value.quantize(D("0.01"), rounding="ROUND_FLOOR") == D("9940.35")


def test_a_fee_from_what_is_received_leaves_less_of_it() -> None:
    plan = proven(case(goals(BTC="0.5", USDT="0.5"), read("a", USDT="120000"), fee_bps="10", pairs=BTC_ONLY))
    (leg,) = plan.legs
    got = next(c.amount for c in plan.changes if c.asset == "BTC")
    assert got == leg.amount - (leg.amount * D("0.001")).quantize(D("0.00000001"), rounding="ROUND_CEILING")
    assert plan.costs.fee == (leg.amount - got) * 60000


def test_a_third_asset_pays_at_its_discount() -> None:
    """T2: 0.075 BNB for 1 BTC at 60,000 and 0.1 %, discount 25 %."""
    plain = case(goals(BNB="0..1", BTC="0", USDT="0..1"), read("a", BTC="1", BNB="1"), fee_bps="10", pairs=BTC_ONLY)
    book = Ladder(
        instrument="north:BTC/USDT", bids=(Level(price=D(60000), amount=D(5)),), asks=(), as_of=plain.marks.at
    )
    plan = proven(with_bnb(replace_books(plain, book)))
    assert [(c.asset, c.amount) for c in plan.changes] == [("BNB", D("-0.075")), ("BTC", D(-1)), ("USDT", D(60000))]
    assert plan.costs.fee == 45


def replace_books(problem: Case, *books: Ladder) -> Case:
    """The same problem on other books."""
    return Case(problem.decision, problem.snapshot, problem.marks, problem.terms, Liquidity(ladders=books))


def test_a_third_asset_that_runs_short_falls_back_on_what_is_received() -> None:
    wanted = goals(BNB="0..1", BTC="0", ETH="0", USDT="0..1")
    held = read("a", BTC="1", ETH="20", BNB="0.1")
    plain = case(wanted, held, fee_bps="10", pairs=listed("north:BTC/USDT", "north:ETH/USDT"))
    plan = proven(with_bnb(plain))
    assert sorted(leg.amount for leg in plan.legs) == [1, 20]
    paid = [(c.leg, c.amount) for c in plan.changes if c.asset == "BNB"]
    assert len(paid) == 1
    assert -D("0.1") <= paid[0][1] < -D("0.07")
    assert D(100) < plan.costs.fee < D(105)


def test_a_third_asset_that_is_nearly_used_up_throttles_nothing() -> None:
    wanted = goals(BNB="0..1", BTC="0", USDT="0..1")
    plain = case(wanted, read("a", BTC="100", BNB="0.00000001"), fee_bps="10", pairs=BTC_ONLY)
    plan = proven(with_bnb(plain))
    assert [leg.amount for leg in plan.legs] == [100]
    assert plan.unmet == ()


def test_a_crossed_book_is_no_profit_to_plan_on() -> None:
    crossed = Ladder(
        instrument="north:BTC/USDT",
        bids=(Level(price=D(60300), amount=D(5)),),
        asks=(Level(price=D(59700), amount=D(5)),),
        as_of=snapshot().at,
    )
    here = case(goals(BTC="0.5", USDT="0.5"), read("a", BTC="1", USDT="60000"), books=[crossed])
    assert proven(here).legs == ()
    tilted = proven(case(goals(BTC="0.25", USDT="0.75"), read("a", BTC="1", USDT="60000"), books=[crossed]))
    assert orders(tilted) == ["a sells 0.5 north:BTC/USDT"]
    assert cost(tilted) == 0


def test_marks_that_disagree_between_venues_are_no_reason_to_trade() -> None:
    books = [ladder("north:BTC/USDT", mid=D(60300)), ladder("south:BTC/USDT", mid=D(59700))]
    held = (read("a", BTC="1", USDT="60000"), read("b", BTC="1", USDT="60000"))
    assert proven(case(goals(BTC="0.5", USDT="0.5"), *held, books=books)).legs == ()


def test_a_rebate_is_not_planned_on() -> None:
    held = read("a", BTC="1", USDT="60000")
    still = proven(case(goals(BTC="0.5", USDT="0.5"), held, fee_bps="-2"))
    assert still.legs == ()
    moved = proven(case(goals(BTC="0.25", USDT="0.75"), held, fee_bps="-2"))
    assert moved.costs.fee == 0
    assert {leg.base for leg in moved.legs} == {"BTC"}


TRIANGLE = ("north:BTC/USDT", "north:ETH/BTC", "north:ETH/USDT")


def triangle(direct_bps: str, hop_bps: str, **wanted: str) -> Case:
    """One venue on which ETH is to become BTC, directly or over USDT, at these distances from the mark."""
    books = [ladder(name, [("50000000", direct_bps if name == "north:ETH/BTC" else hop_bps)]) for name in TRIANGLE]
    return case(goals(**wanted), read("a", ETH="100", USDT="10000" if "USDT" in wanted else "0"), books=books)


def test_a_direct_pair_is_used_where_it_is_cheaper_than_two_hops() -> None:
    plan = proven(triangle("3", "2", BTC="0.5", ETH="0.5"))
    assert {leg.instrument for leg in plan.legs} == {"north:ETH/BTC"}


def test_two_hops_are_used_where_they_are_cheaper_than_the_direct_pair() -> None:
    plan = proven(triangle("9", "2", BTC="0.5", ETH="0.467741935", USDT="0.032258065"))
    assert {leg.instrument for leg in plan.legs} == {"north:BTC/USDT", "north:ETH/USDT"}
    buy = next(leg for leg in plan.legs if leg.base == "BTC")
    sell = next(leg for leg in plan.legs if leg.base == "ETH")
    assert (sell.side, sell.wave, buy.side, buy.wave, buy.needs) == (Side.SELL, 1, Side.BUY, 2, (sell.id,))


def test_money_in_the_account_is_spent_before_anything_is_waited_for() -> None:
    held = read("a", ETH="20", USDT="100000")
    plan = proven(case(goals(BTC="0.5", ETH="0", USDT="0.5"), held, pairs=listed("north:BTC/USDT", "north:ETH/USDT")))
    assert [(leg.wave, leg.needs) for leg in plan.legs] == [(1, ()), (1, ())]


def test_money_in_another_account_buys_nothing() -> None:
    held = (read("a", BTC="0"), read("b", USDT="60000"))
    plan = proven(case(goals(BTC="1", USDT="0"), *held, pairs=BTC_ONLY))
    assert (plan.legs, plan.status) == ((), Status.INFEASIBLE)
    assert [item.asset for item in plan.unmet] == ["BTC", "USDT"]
    assert "no account has what it takes" in plan.unmet[0].because


def test_each_account_sells_its_own_inventory() -> None:
    held = (read("a", BTC="1"), read("b", BTC="2"))
    plan = proven(case(ALL_CASH, *held, pairs=listed("north:BTC/USDT", "south:BTC/USDT")))
    assert orders(plan) == ["a sells 1 north:BTC/USDT", "b sells 2 south:BTC/USDT"]


def test_the_cheaper_account_trades_where_both_could() -> None:
    problem = case(goals(BTC="0.6", USDT="0.4"), read("a", BTC="2"), read("c", BTC="2"), fee_bps="10", pairs=BTC_ONLY)
    dearer = tuple(replace(f, taker_bps=D(20)) if f.account == "a" else f for f in problem.terms.fees)
    cheap = Case(
        problem.decision, problem.snapshot, problem.marks, replace(problem.terms, fees=dearer), problem.liquidity
    )
    assert [leg.account for leg in proven(cheap).legs] == ["c"]


def test_what_an_account_keeps_is_not_sold() -> None:
    law = policy(accounts=keeping("a", "BTC", "0.4"))
    plan = proven(case(ALL_CASH, read("a", BTC="1"), law=law, pairs=BTC_ONLY))
    assert orders(plan) == ["a sells 0.6 north:BTC/USDT"]
    assert (plan.status, [u.asset for u in plan.unmet]) == (Status.FEASIBLE, ["BTC", "USDT"])
    assert "no more of it is free" in plan.unmet[0].because


def test_what_open_orders_lock_is_not_sold() -> None:
    problem = case(ALL_CASH, read("a", BTC="1"), pairs=BTC_ONLY)
    locked = Snapshot(at=problem.snapshot.at, balances=(balance("a", "BTC", "1", free="0.25"),))
    plan = proven(replace_snapshot(problem, locked))
    assert orders(plan) == ["a sells 0.25 north:BTC/USDT"]


def replace_snapshot(problem: Case, there: Snapshot) -> Case:
    """The same problem with other holdings."""
    return Case(problem.decision, there, problem.marks, problem.terms, problem.liquidity)


def test_an_account_that_could_not_be_read_trades_nothing() -> None:
    problem = case(ALL_CASH, read("a", BTC="1"), read("c", BTC="1"), pairs=BTC_ONLY)
    half = replace(problem.snapshot, unknown=(Unknown(account="a", because="no answer"),))
    assert [leg.account for leg in replace_snapshot(problem, half).plan().legs] == ["c"]


def test_amounts_are_whole_lots_never_above_what_is_wanted() -> None:
    pairs = listed("north:BTC/USDT", step="0.1")
    plan = proven(case(goals(BTC="0.5", USDT="0.5"), read("a", BTC="1.5"), pairs=pairs))
    assert orders(plan) == ["a sells 0.7 north:BTC/USDT"]
    assert (plan.unmet, plan.status) == ((), Status.OPTIMAL)


def test_less_than_the_venues_least_value_is_left_alone_and_said() -> None:
    pairs = listed("north:BTC/USDT", min_notional=D(5))
    held = read("a", BTC="0.0001", USDT="6")
    plan = proven(case(goals(BTC="0.8", USDT="0.2"), held, pairs=pairs))
    assert (plan.legs, plan.unmet, plan.status) == ((), (), Status.OPTIMAL)
    assert plan.because
    assert "less than the smallest order" in plan.because[0]


def test_at_the_least_value_it_trades() -> None:
    pairs = listed("north:BTC/USDT", min_notional=D("594"))
    plan = proven(case(ALL_CASH, read("a", BTC="0.01"), pairs=pairs))
    assert orders(plan) == ["a sells 0.01 north:BTC/USDT"]
    past = listed("north:BTC/USDT", min_notional=D("594.01"))
    assert proven(case(ALL_CASH, read("a", BTC="0.01"), pairs=past)).legs == ()


def test_the_mandates_least_trade_stops_smaller_legs_if_it_blocks() -> None:
    held = read("a", BTC="0.01")
    for severity, traded in ((Severity.BLOCK, 0), (Severity.WARN, 1)):
        law = policy(clause("min_trade", "600.01", basis=Basis.VALUE, severity=severity))
        assert len(case(ALL_CASH, held, law=law, pairs=BTC_ONLY).plan().legs) == traded
    law = policy(clause("min_trade", "600", basis=Basis.VALUE))
    assert len(proven(case(ALL_CASH, held, law=law, pairs=BTC_ONLY)).legs) == 1


def test_more_than_one_order_may_hold_is_one_leg_all_the_same() -> None:
    pairs = listed("north:BTC/USDT", max_amount=D("0.3"))
    assert orders(proven(case(ALL_CASH, read("a", BTC="1"), pairs=pairs))) == ["a sells 1 north:BTC/USDT"]


def test_dust_in_every_account_is_no_goal_out_of_reach_and_is_said() -> None:
    pairs = listed("north:ETH/USDT", min_notional=D(5))
    held = (read("a", ETH="0.001"), read("c", ETH="0.001", USDT="1000"))
    plan = proven(case(goals(ETH="0", USDT="1"), *held, pairs=pairs))
    assert (plan.legs, plan.unmet) == ((), ())
    assert plan.because == ("ETH stays 6.00 USDT from its goal, which is less than the smallest order",)


def test_only_what_the_book_takes_within_the_tolerance_is_planned() -> None:
    book = ladder("north:BTC/USDT", [("60000", "5"), ("60000", "100.01")])
    plan = proven(case(ALL_CASH, read("a", BTC="3"), books=[book]))
    assert orders(plan) == ["a sells 1 north:BTC/USDT"]
    assert "the books take no more within the price tolerance" in plan.unmet[0].because
    assert plan.status is Status.FEASIBLE


def test_a_level_at_the_edge_of_the_tolerance_counts() -> None:
    book = ladder("north:BTC/USDT", [("60000", "5"), ("60000", "100")])
    assert orders(proven(case(ALL_CASH, read("a", BTC="3"), books=[book]))) == ["a sells 2 north:BTC/USDT"]


@pytest.mark.parametrize("side", ["bids", "asks"])
def test_a_one_sided_book_serves_one_side(side: str) -> None:
    whole = ladder("north:BTC/USDT")
    gone: tuple[Level, ...] = ()
    book = replace(whole, bids=gone) if side == "bids" else replace(whole, asks=gone)
    sold = proven(case(ALL_CASH, read("a", BTC="1"), books=[book]))
    bought = proven(case(goals(BTC="1", USDT="0"), read("a", USDT="1000"), books=[book]))
    assert (len(sold.legs), len(bought.legs)) == ((0, 1) if side == "bids" else (1, 0))


def test_an_empty_book_leaves_everything_where_it_is() -> None:
    empty = Ladder(instrument="north:BTC/USDT", bids=(), asks=(), as_of=snapshot().at)
    plan = proven(case(ALL_CASH, read("a", BTC="1"), books=[empty]))
    assert (plan.legs, plan.bound, plan.status) == ((), D(0), Status.INFEASIBLE)
    assert plan.because


@pytest.mark.parametrize("state", [Listing.HALTED, Listing.VANISHED])
def test_a_listing_that_does_not_trade_is_not_used(state: Listing) -> None:
    closed = tuple(replace(one, listing=state) for one in BTC_ONLY)
    plan = proven(case(ALL_CASH, read("a", BTC="1"), pairs=closed))
    assert plan.status is Status.INFEASIBLE
    assert plan.unmet[0].because.endswith("none of its markets is trading (north:BTC/USDT)")


def test_a_closed_listing_is_gone_round() -> None:
    closed = tuple(
        replace(one, listing=Listing.HALTED) if one.id == "north:ETH/USDT" else one for one in listed(*TRIANGLE)
    )
    plan = proven(case(goals(ETH="0", USDT="1"), read("a", ETH="10"), pairs=closed))
    assert [leg.instrument for leg in plan.legs] == ["north:ETH/BTC", "north:BTC/USDT"]
    assert plan.legs[1].needs == (plan.legs[0].id,)


def test_an_asset_without_a_mark_cannot_be_traded() -> None:
    known = Marks(at=marks().at, base="USDT", marks=tuple(m for m in marks().marks if m.asset != "ETH"))
    problem = case(goals(BTC="0.5", ETH="0", USDT="0.5"), read("a", BTC="1", ETH="5"), at=known)
    plan = problem.plan()
    assert {leg.base for leg in plan.legs} == {"BTC"}
    assert [u.because for u in plan.unmet] == ["ETH has no price, so it cannot be traded"]
    assert plan.nav == 60000
    assert problem.faults(plan) == ()


def test_an_asset_that_nobody_lists_is_unmet_in_words() -> None:
    plan = proven(case(goals(BTC="0.5", ETH="0.5"), read("a", BTC="1"), pairs=BTC_ONLY))
    assert "no venue of this fund lists it" in next(u.because for u in plan.unmet if u.asset == "ETH")


def test_a_fund_without_value_has_no_plan() -> None:
    problem = case(ALL_CASH)
    plan = problem.plan()
    assert problem.faults(plan) == ()
    assert (plan.legs, plan.nav, plan.status) == ((), D(0), Status.INFEASIBLE)
    assert plan.unmet[0].because == "the fund is worth 0.00 USDT"


def test_a_fund_with_a_loan_larger_than_itself_is_planned_as_far_as_can_be() -> None:
    """D7: a negative balance is owed; the check is what stops such a plan."""
    problem = case(goals(BTC="0.2", USDT="0.8"), read("a", BTC="10"), read("b", USDT="-590000"))
    plan = problem.plan()
    assert problem.faults(plan) == ()
    assert {leg.side for leg in plan.legs} == {Side.SELL}


def test_a_price_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"marks\.BTC: price 0 is not above zero"):
        case(ALL_CASH, read("a", BTC="1"), at=marks(BTC="0")).plan()


def test_a_book_out_of_order_is_refused() -> None:
    wrong = replace(ladder("north:BTC/USDT"), bids=tuple(Level(price=D(p), amount=D(1)) for p in (59990, 59995)))
    with pytest.raises(ValueError, match="the best comes first"):
        case(ALL_CASH, read("a", BTC="1"), books=[wrong]).plan()


def test_an_account_without_fee_terms_is_refused() -> None:
    problem = case(ALL_CASH, read("a", BTC="1"))
    none = replace(problem.terms, fees=())
    with pytest.raises(ValueError, match="account a has no terms"):
        Case(problem.decision, problem.snapshot, problem.marks, none, problem.liquidity).plan()


def test_a_range_is_entered_only_as_far_as_its_edge() -> None:
    plan = proven(case(goals(BTC="0.4..0.6", USDT="0.4..0.6"), read("a", BTC="8", USDT="120000"), fee_bps="10"))
    assert abs(after(plan)["BTC"] - D("0.6")) < D("1E-6")


def test_an_asset_inside_its_range_is_not_touched() -> None:
    wanted = goals(BTC="0.4..0.6", ETH="0..0.1", USDT="0.3..0.6")
    plan = proven(case(wanted, read("a", BTC="5", ETH="50", USDT="150000"), fee_bps="10"))
    assert {leg.base for leg in plan.legs} == {"ETH"}


def test_an_asset_just_below_its_goal_is_sold_where_the_costs_of_others_lift_it_past_that() -> None:
    pairs = listed("north:BTC/USDT", "north:ETH/USDT")
    wanted, held = goals(BTC="0.2", ETH="0", USDT="0.8"), read("a", BTC="33.3333", ETH="2000", USDT="2000000")
    plan = proven(case(wanted, held, fee_bps="10", pairs=pairs))
    assert plan.unmet == ()
    assert [leg.side for leg in plan.legs if leg.base == "BTC"] == [Side.SELL]


def test_what_is_banned_is_not_bought_even_on_the_way() -> None:
    law = policy(clause("banned", "0", "BTC", basis=Basis.VALUE))
    closed = listed("north:BTC/USDT", "north:ETH/BTC")
    plan = case(goals(ETH="0", USDT="1"), read("a", ETH="10"), law=law, pairs=closed).plan()
    assert plan.legs == ()


def test_a_leg_says_its_mark_its_guard_and_its_worth() -> None:
    (leg,) = proven(case(ALL_CASH, read("a", BTC="1"), pairs=BTC_ONLY)).legs
    assert (leg.mark_price, leg.limit_price, leg.value) == (D(60000), D(59400), D(60000))
    assert (leg.id, leg.wave, leg.needs) == ("l1", 1, ())


def test_equal_books_are_not_shared_out_between_needlessly_many_legs() -> None:
    """D22: of plans that cost the same the programme takes one at a corner, which splits an order least."""
    held = [read(account, BTC="1") for account in sorted(ACCOUNTS)]
    plan = proven(case(goals(BTC="0.9", USDT="0.1"), *held, pairs=listed("north:BTC/USDT", "south:BTC/USDT")))
    assert len(plan.legs) == 1


def test_prices_are_in_the_fund_currency_whatever_a_pair_is_quoted_in() -> None:
    plan = proven(case(goals(BTC="1", ETH="0", USDT="0"), read("a", ETH="20"), pairs=listed("north:ETH/BTC")))
    (leg,) = plan.legs
    assert leg.value == 20 * D(PRICES["ETH"])
    assert abs(leg.costs.spread - D(6)) < D("1E-6")


def money_at_marks(problem: Case, there: dict[str, Decimal]) -> Decimal:
    """What amounts by asset are worth."""
    prices = {m.asset: m.price for m in problem.marks.marks}
    return sum((amount * prices[asset] for asset, amount in there.items()), D(0))


def test_value_is_conserved_up_to_costs() -> None:
    problem = case(
        goals(BTC="0.3", ETH="0.3", USDT="0.4"), read("a", BTC="5", ETH="7"), read("b", BTC="3"), fee_bps="7"
    )
    plan = proven(problem)
    moved: dict[str, Decimal] = {}
    for change in plan.changes:
        moved[change.asset] = moved.get(change.asset, D(0)) + change.amount
    assert abs(money_at_marks(problem, moved) + cost(plan)) < D("1E-8")
