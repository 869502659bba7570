"""The planner by itself, on problems small enough to be worked by hand."""

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.plan.problems import D, book, c, change, document, ends, held, legs, link, market, problem, solved, wants
from trimtab import checker
from trimtab.model.answers import Answer
from trimtab.model.canonical import encode
from trimtab.model.plans import Status
from trimtab.model.problems import Desired, Holder, PricedAsset, Problem, Rule, Tracking
from trimtab.plan import law
from trimtab.plan.solve import solve

BTC = "north:BTC/USDT"
ETH = "north:ETH/USDT"
CROSS = "north:ETH/BTC"
LADDER = (("100000", "1.5"), ("400000", "4"))
TRACE = D("1E-7")
"""What lots may move a weight by, in these problems."""


def near(found: Any, wanted: str, by: str = "1E-6") -> bool:
    return abs(D(found) - D(wanted)) <= D(by)


def reaches(answer: Answer, **weights: str) -> bool:
    """Whether a plan of the least cost ends at these weights, but for lots."""
    met = all(abs(answer.weights.get(asset, D(0)) - D(weight)) <= TRACE for asset, weight in weights.items())
    return answer.status is Status.OPTIMAL and not answer.unmet and met


def clause(kind: str, limit: str, *, assets: Iterable[str] = (), accounts: Iterable[str] = ()) -> Rule:
    return Rule(kind=kind, limit=c(limit), assets=tuple(assets), accounts=tuple(accounts))


# Books, and what they cost


def test_two_accounts_of_a_venue_share_its_book() -> None:
    selling = problem(
        {"a": {"BTC": "2"}, "b": {"BTC": "2"}}, wants(USDT="1"), book(BTC, *LADDER), market("a", BTC), market("b", BTC)
    )

    answer = solved(selling)

    assert (answer.cost, answer.costs.spread, answer.costs.impact) == (D(55), D(30), D(25))
    assert answer.bound == answer.cost


def test_opposite_wishes_of_two_own_accounts_need_no_order() -> None:
    asked = problem(
        {"a": {"BTC": "2"}, "b": {"USDT": "100000"}},
        wants(BTC="0.5", USDT="0.5"),
        book(BTC, *LADDER),
        market("a", BTC),
        market("b", BTC),
    )

    answer = solved(asked)

    assert (answer.legs, answer.cost, answer.status) == ((), D(0), Status.OPTIMAL)


def test_own_accounts_never_trade_against_each_other() -> None:
    asked = problem(
        {"a": {"BTC": "2"}, "b": {"USDT": "100000"}},
        wants(BTC="0.5", ETH="0.5"),
        book(BTC),
        book(CROSS),
        market("a", BTC),
        market("b", BTC),
        market("b", CROSS),
        tracking=Tracking.NEAREST,
    )

    answer = solved(asked)

    assert len({leg.side for leg in answer.legs if "BTC/USDT" in leg.market}) <= 1


def test_the_problem_of_the_manual_sells_what_is_too_much_and_pays_its_fee_in_what_it_receives() -> None:
    asked = problem(
        [held("binance", "BTC", "1.5")],
        wants(BTC="0.4", USDT="0.6"),
        book("binance:BTC/USDT", *LADDER, step="0.00001", min_notional="10"),
        market("binance", "binance:BTC/USDT", "10"),
        link("USDT", "binance", "kraken", "1", minimum="10", latency_s=600),
        clause("max_weight", "0.5", assets=["BTC"]),
        prices={"BTC": "60000"},
        ceilings={"binance": "5000000"},
        gap=D("0.0001"),
        time_limit_s=D(5),
    )

    answer = solved(asked)

    # 54,000 is to be sold, and 0.4 of what that costs besides: 0.4 x (8.1 + 54) / (1 - 0.4 x 11.5 bps) = 24.9 more.
    (leg,) = answer.legs
    assert near(leg.amount, "0.90042", "0.00002")
    assert near(answer.cost, "62.13", "0.01")
    assert all(abs(answer.weights[a] - D(w)) < D("1E-5") for a, w in (("BTC", "0.4"), ("USDT", "0.6")))


def test_a_deeper_slice_is_used_only_when_the_better_one_is_gone() -> None:
    asked = problem({"a": {"BTC": "3"}}, wants(USDT="1"), book(BTC, *LADDER), market("a", BTC))

    (leg,) = solved(asked).legs

    assert [(part.move.split()[-2], part.amount) for part in leg.takes] == [("1", D(2)), ("2", D(1))]


def test_each_side_of_a_book_has_its_own_slices() -> None:
    two_sided = book(BTC, ("50000", "1", "buy"), ("50000", "9", "sell"), ("1e6", "5", "buy"))
    asked = problem({"a": {"USDT": "100000"}}, wants(BTC="0.9", USDT="0.1"), two_sided, market("a", BTC))

    answer = solved(asked)

    assert near(answer.cost, "24.98876", "0.0001")  # 1 bp of the first 50,000, 5 bps of the 39,977.5 that follow


def test_two_hops_are_taken_where_the_direct_pair_is_dearer() -> None:
    asked = problem(
        {"a": {"ETH": "40"}},
        wants(BTC="1"),
        book(CROSS, ("1e9", "50")),
        book(ETH),
        book(BTC),
        *(market("a", name) for name in (CROSS, ETH, BTC)),
    )

    answer = solved(asked)

    assert [leg.market for leg in answer.legs] == ["a ETH/USDT", "a BTC/USDT"]
    assert (answer.legs[0].needs, answer.legs[1].needs) == ((), (answer.legs[0].id,))
    assert near(answer.cost, "39.992", "0.001")


def test_the_direct_pair_is_taken_where_it_is_cheaper_than_two_hops() -> None:
    asked = problem(
        {"a": {"ETH": "40"}},
        wants(BTC="1"),
        book(CROSS, ("1e9", "3")),
        book(ETH),
        book(BTC),
        *(market("a", name) for name in (CROSS, ETH, BTC)),
    )

    answer = solved(asked)

    assert [leg.market for leg in answer.legs] == ["a ETH/BTC"]
    assert near(answer.cost, "30", "0.001")


def test_the_direct_pair_gives_way_when_its_best_slice_is_gone() -> None:
    asked = problem(
        {"a": {"ETH": "40"}},
        wants(BTC="1"),
        book(CROSS, ("60000", "3"), ("1e9", "50")),
        book(ETH),
        book(BTC),
        *(market("a", name) for name in (CROSS, ETH, BTC)),
    )

    answer = solved(asked)

    amounts = {leg.market: leg.amount for leg in answer.legs}
    assert amounts["a ETH/BTC"] == D(24)
    assert amounts["a ETH/USDT"] == D(16)
    assert near(answer.cost, "34", "0.01")


def test_a_missing_direct_pair_is_gone_round() -> None:
    asked = problem({"a": {"ETH": "40"}}, wants(BTC="1"), book(ETH), book(BTC), market("a", ETH), market("a", BTC))

    assert reaches(solved(asked), BTC="1")


def test_a_market_that_only_sells_is_gone_round() -> None:
    asked = problem(
        {"a": {"USDT": "1000"}},
        wants(BTC="1"),
        book(BTC),
        book(ETH),
        book(CROSS),
        market("a", BTC, "0", "received", "sell"),
        market("a", ETH),
        market("a", CROSS),
    )

    answer = solved(asked)

    assert [(leg.market, leg.side) for leg in answer.legs] == [("a ETH/USDT", "buy"), ("a ETH/BTC", "sell")]


def test_a_market_that_only_sells_buys_nothing() -> None:
    asked = problem({"a": {"USDT": "1000"}}, wants(BTC="1"), book(BTC), market("a", BTC, "0", "received", "sell"))

    answer = solved(asked)

    assert (answer.status, answer.legs) == (Status.INFEASIBLE, ())
    assert {one.asset for one in answer.unmet} == {"BTC", "USDT"}


def test_beyond_the_last_slice_nothing_trades() -> None:
    asked = problem(
        {"a": {"BTC": "2"}}, wants(USDT="1"), book(BTC, ("30000", "1")), market("a", BTC), tracking=Tracking.NEAREST
    )

    answer = solved(asked)

    assert answer.status is Status.FEASIBLE
    assert legs(answer) == [("a BTC/USDT", "sell", "0.6")]
    assert [(one.asset, one.value) for one in answer.unmet] == [("BTC", D(70000)), ("USDT", D(70000))]


# Fees, and what they are taken from


def bought(fee_from: str, fee: str = "10", **more: str) -> Answer:
    """60,000 and what a third asset has, all that can be for BTC at 60,000 without spread."""
    there = {"USDT": "60000", **more}
    name = "north:BTC/USDT"
    asked = problem(
        {"a": there},
        wants(rest="BTC", USDT="0", **({"BNB": "0"} if more else {})),
        book(name, ("1e9", "0"), step="0.00000001"),
        market("a", name, fee, fee_from),
        prices={"BTC": "60000", "BNB": "600"},
        tracking=Tracking.NEAREST,
    )
    return solved(asked)


def test_a_fee_from_what_is_received_is_taken_from_the_coin_bought() -> None:
    (leg,) = bought("received").legs

    assert (change(leg, "BTC"), change(leg, "USDT")) == (D("0.999"), D(-60000))


def test_a_fee_from_the_quote_comes_on_top_so_that_less_is_bought() -> None:
    (leg,) = bought("quote").legs

    assert leg.amount == D("0.99900099")
    assert -60000 <= change(leg, "USDT") < D("-59999.99")
    assert change(leg, "BTC") == leg.amount


def test_spending_ten_thousand_with_a_fee_on_top_buys_for_less() -> None:
    asked = problem({"a": {"USDT": "10000"}}, wants(BTC="1"), book(BTC, ("1e9", "0")), market("a", BTC, "60", "quote"))

    (leg,) = solved(asked).legs

    assert near(leg.value, "9940.35", "0.01")
    assert leg.value <= D("9940.3579")
    assert change(leg, "USDT") >= -10000


def test_a_fee_from_a_third_asset_leaves_both_sides_whole() -> None:
    (leg,) = bought("BNB", "7.5", BNB="0.075").legs

    assert (change(leg, "BTC"), change(leg, "USDT"), change(leg, "BNB")) == (D(1), D(-60000), D("-0.075"))


def test_a_third_asset_that_runs_short_lets_the_rest_fall_back_to_what_is_received() -> None:
    (leg,) = bought("BNB", "7.5", BNB="0.03").legs

    assert change(leg, "BNB") == D("-0.03")
    assert near(change(leg, "BTC"), "0.99955", "0.0000001")  # 0.6 of the fee of 0.00075 is left to pay
    assert change(leg, "USDT") == D(-60000)


def test_a_third_asset_pays_while_there_is_some_whatever_is_wanted_of_it() -> None:
    asked = problem(
        {"a": {"USDT": "99500", "BNB": "1"}},
        wants(BTC="0.5", BNB="0.004", rest="USDT", band="0.001"),
        book(BTC),
        market("a", BTC, "10", "BNB"),
    )

    (leg,) = solved(asked).legs

    assert near(change(leg, "BNB"), "-0.1", "0.001")
    assert change(leg, "BTC") == leg.amount


def test_a_coin_may_pay_the_fee_of_its_own_purchase() -> None:
    asked = problem(
        {"a": {"USDT": "50000", "BNB": "1"}},
        wants(rest="USDT", BNB="0.5"),
        book("north:BNB/USDT"),
        market("a", "north:BNB/USDT", "10", "BNB"),
    )

    assert reaches(solved(asked), BNB="0.5")


def test_a_third_asset_is_topped_up_in_the_plan_that_consumes_it() -> None:
    asked = problem(
        {"a": {"BTC": "2", "BNB": "1"}},
        wants(rest="USDT", BTC="0.5", BNB="0.1"),
        book(BTC),
        book("north:BNB/USDT"),
        market("a", BTC, "10", "BNB"),
        market("a", "north:BNB/USDT", "10", "BNB"),
    )

    answer = solved(asked)

    assert reaches(answer, BTC="0.5", BNB="0.1")
    assert {(leg.market, leg.side) for leg in answer.legs} == {("a BTC/USDT", "sell"), ("a BNB/USDT", "buy")}


def test_a_rebate_and_a_crossed_mark_are_no_profit_to_plan_on() -> None:
    crossed = book(BTC, ("1e6", "-5"))
    still = problem({"a": {"BTC": "1", "USDT": "50000"}}, wants(BTC="0.5", USDT="0.5"), crossed, market("a", BTC, "-3"))
    moving = problem({"a": {"BTC": "2"}}, wants(BTC="0.5", USDT="0.5"), crossed, market("a", BTC, "-3"))

    assert solved(still).legs == ()
    assert (solved(moving).cost, legs(solved(moving))) == (D(0), [("a BTC/USDT", "sell", "1")])


def test_marks_that_cross_between_two_venues_start_no_machine() -> None:
    asked = problem(
        {"a": {"BTC": "1", "USDT": "50000"}, "b": {"BTC": "1", "USDT": "50000"}},
        wants(BTC="0.5", USDT="0.5"),
        book("north:BTC/USDT", ("1e6", "-50", "buy"), ("1e6", "5", "sell")),
        book("south:BTC/USDT", ("1e6", "-50", "sell"), ("1e6", "5", "buy")),
        market("a", "north:BTC/USDT", "-5"),
        market("b", "south:BTC/USDT", "-5"),
        link("BTC", "a", "b"),
        link("USDT", "b", "a"),
    )

    assert solved(asked).legs == ()


# Transfers


def test_money_on_the_wrong_venue_is_transferred_then_traded() -> None:
    asked = problem(
        {"wallet": {"USDT": "100000"}},
        wants(BTC="1"),
        book(BTC),
        market("a", BTC),
        link("USDT", "wallet", "a", "1", latency_s=60),
    )

    answer = solved(asked)

    assert [(leg.kind, leg.wave, leg.needs) for leg in answer.legs] == [("transfer", 1, ()), ("order", 2, ("l1",))]
    assert (answer.costs.fixed, answer.latency_s) == (D(1), 60)
    assert near(answer.cost, "20.9958", "0.0001")


def test_all_money_on_a_venue_that_nothing_leaves_cannot_be_moved() -> None:
    asked = problem({"wallet": {"USDT": "100000"}}, wants(BTC="1"), book(BTC), market("a", BTC))

    answer = solved(asked)

    assert (answer.status, answer.legs) == (Status.INFEASIBLE, ())
    assert [one.asset for one in answer.unmet] == ["BTC", "USDT"]


@pytest.mark.parametrize(("fee", "route"), [("5", "transfer"), ("60", "order")])
def test_a_transfer_is_made_where_it_is_cheaper_than_trading_there(fee: str, route: str) -> None:
    asked = problem(
        {"a": {"USDT": "50000"}, "b": {"BTC": "1"}},
        wants(BTC="0.6", USDT="0.4"),
        book("north:BTC/USDT", ("1e6", "50")),
        book("south:BTC/USDT", ("1e6", "1")),
        market("a", "north:BTC/USDT"),
        market("b", "south:BTC/USDT"),
        link("USDT", "a", "b", fee),
    )

    answer = solved(asked)

    assert answer.legs[0].kind == route
    assert near(answer.cost, "5.99964" if route == "transfer" else "49.85", "0.01")


def test_a_transfer_whose_minimum_exceeds_the_need_sends_its_minimum_where_that_is_the_way() -> None:
    asked = problem(
        {"a": {"USDT": "50000"}, "b": {"BTC": "1"}},
        wants(BTC="0.6", USDT="0.4"),
        book(BTC),
        market("b", BTC),
        link("USDT", "a", "b", minimum="30000"),
    )

    answer = solved(asked)

    sent, traded = answer.legs
    assert (traded.needs, sent.amount >= 30000, near(sent.amount, "30000", "0.001")) == ((sent.id,), True, True)
    assert reaches(answer, BTC="0.6", USDT="0.4")


def test_a_transfer_whose_minimum_exceeds_what_is_there_is_not_made() -> None:
    asked = problem(
        {"a": {"USDT": "50000"}, "b": {"BTC": "1"}},
        wants(BTC="0.6", USDT="0.4"),
        book(BTC),
        market("b", BTC),
        link("USDT", "a", "b", minimum="60000"),
    )

    assert solved(asked).legs == ()


def test_what_arrives_is_what_left_less_both_fees() -> None:
    asked = problem(
        {"a": {"USDT": "10000"}},
        wants(rest="USDT", BTC="1"),
        book(BTC, ("1e9", "0")),
        market("b", BTC),
        link("USDT", "a", "b", "3", fee_bps="5"),
    )

    sent, traded = solved(asked).legs

    assert change(sent, "USDT", "b") == D(9992)
    assert (sent.costs.transfer, sent.costs.fixed) == (D(5), D(3))
    assert change(traded, "USDT") == D(-9992)


def test_no_more_is_transferred_than_may_be() -> None:
    asked = problem(
        {"a": {"BTC": "2"}},
        wants(USDT="1"),
        book(BTC),
        market("b", BTC),
        link("BTC", "a", "b", maximum="0.5"),
        tracking=Tracking.NEAREST,
    )

    assert [leg.amount for leg in solved(asked).legs] == [D("0.5"), D("0.5")]


def test_a_chain_of_transfers_takes_as_long_as_all_of_them() -> None:
    asked = problem(
        {"a": {"BTC": "1"}},
        wants(USDT="1"),
        book(BTC),
        market("c", BTC),
        link("BTC", "a", "b", latency_s=600),
        link("BTC", "b", "c", latency_s=1200),
    )

    answer = solved(asked)

    assert answer.latency_s == 1800
    assert [leg.wave for leg in answer.legs] == [1, 2, 3]


# Floors and ceilings


def test_what_is_kept_stays() -> None:
    asked = problem(
        [held("a", "BTC", "2", keep="1.5"), held("b", "BTC", "1")],
        wants(USDT="1"),
        book(BTC),
        market("a", BTC),
        market("b", BTC),
        tracking=Tracking.NEAREST,
    )

    answer = solved(asked)

    assert ends(asked, answer)["a", "BTC"] == D("1.5")
    assert [one.value for one in answer.unmet] == [D(75000), D(75000)]


def test_what_is_kept_beyond_what_is_there_gives_nothing_and_asks_nothing() -> None:
    asked = problem(
        [held("a", "BTC", "1", keep="5"), held("a", "USDT", "50000")],
        wants(BTC="0.6", USDT="0.4"),
        book(BTC),
        market("a", BTC),
    )

    assert reaches(solved(asked), BTC="0.6", USDT="0.4")


def test_locked_money_counts_but_does_not_move() -> None:
    asked = problem(
        [held("a", "BTC", "1", locked="1")], wants(BTC="0.5", USDT="0.5"), book(BTC, ("1e9", "0")), market("a", BTC)
    )

    answer = solved(asked)

    assert reaches(answer, BTC="0.5", USDT="0.5")
    assert legs(answer) == [("a BTC/USDT", "sell", "1")]


def test_a_ceiling_counts_money_on_its_way_in() -> None:
    asked = problem(
        {"a": {"USDT": "100000"}, "b": {"BTC": "1"}},
        wants(BTC="0.6", USDT="0.4"),
        book(BTC),
        market("b", BTC),
        link("USDT", "a", "b"),
        ceilings={"b": "60000"},
        tracking=Tracking.NEAREST,
    )

    answer = solved(asked)

    assert answer.legs[0].amount <= 10000
    assert answer.status is Status.FEASIBLE
    assert any("max_value of account b" in line for line in answer.because)


def test_a_transfer_waits_until_there_is_room_under_the_ceiling() -> None:
    asked = problem(
        {"a": {"USDT": "100000"}, "b": {"BTC": "1", "USDT": "20000"}},
        wants(BTC="0.7", USDT="0.3"),
        book(BTC),
        market("b", BTC),
        link("USDT", "a", "b"),
        link("BTC", "b", "a"),
        ceilings={"b": "90000"},
    )

    answer = solved(asked)

    by = {leg.market: leg for leg in answer.legs}
    assert reaches(answer, BTC="0.7", USDT="0.3")
    assert by["BTC b to a"].id in by["USDT a to b"].needs


def test_an_account_above_its_ceiling_is_brought_back_below_it() -> None:
    asked = problem(
        {"a": {"BTC": "2"}, "b": {"USDT": "100000"}},
        wants(BTC="0.5", USDT="0.5"),
        link("BTC", "a", "b"),
        ceilings={"a": "50000"},
    )

    assert legs(solved(asked)) == [("BTC a to b", "", "1")]


# Targets


def test_one_asset_takes_what_the_others_leave() -> None:
    asked = problem({"a": {"USDT": "100000"}}, wants(rest="USDT", BTC="0.25"), book(BTC), market("a", BTC))

    assert reaches(solved(asked), BTC="0.25", USDT="0.75")


def test_a_band_is_entered_at_its_edge_and_no_further() -> None:
    asked = problem(
        {"a": {"BTC": "1.2", "USDT": "40000"}}, wants("0.05", BTC="0.5", USDT="0.5"), book(BTC), market("a", BTC)
    )

    answer = solved(asked)

    assert near(answer.weights["BTC"], "0.55")
    assert answer.weights["BTC"] >= D("0.55") - TRACE


def test_within_its_band_nothing_is_done() -> None:
    asked = problem(
        {"a": {"BTC": "1.1", "USDT": "45000"}}, wants("0.05", BTC="0.5", USDT="0.5"), book(BTC), market("a", BTC)
    )

    assert solved(asked).legs == ()


def test_a_band_is_crossed_where_another_target_pays_for_it_cheaper() -> None:
    asked = problem(
        {"a": {"BTC": "1", "ETH": "19.99"}},
        [*wants("0.1", BTC="0.5", ETH="0.4"), Desired(asset="USDT", weight=D("0.1"))],
        book(BTC, ("1e9", "1")),
        book(ETH, ("1e9", "30")),
        market("a", BTC),
        market("a", ETH),
    )

    answer = solved(asked)

    assert [leg.market for leg in answer.legs] == ["a BTC/USDT"]
    assert near(answer.weights["BTC"], "0.40012", "0.00001")


def test_an_asset_that_is_held_and_not_named_is_sold() -> None:
    asked = problem({"a": {"ETH": "4", "USDT": "1000"}}, wants(USDT="1"), book(ETH), market("a", ETH))

    assert reaches(solved(asked), USDT="1", ETH="0")


def test_an_asset_that_nobody_holds_is_bought() -> None:
    asked = problem({"a": {"USDT": "1000"}}, wants(ETH="1"), book(ETH), market("a", ETH))

    answer = solved(asked)

    assert reaches(answer, ETH="1")
    assert legs(answer) == [("a ETH/USDT", "buy", "0.399920015600880624")] or near(answer.cost, "0.19996", "0.0001")


def test_a_target_of_nothing_sells_all_of_it() -> None:
    asked = problem(
        {"a": {"ETH": "4.123456789012345678", "USDT": "1000"}}, wants(USDT="1", ETH="0"), book(ETH), market("a", ETH)
    )

    assert ends(asked, solved(asked))["a", "ETH"] == 0


def test_the_end_of_a_plan_needs_no_plan() -> None:
    asked = problem(
        {"a": {"BTC": "2", "ETH": "10"}},
        wants(BTC="0.3", ETH="0.3", USDT="0.4"),
        book(BTC),
        book(ETH),
        market("a", BTC, "10"),
        market("a", ETH, "10"),
    )

    after = ends(asked, solved(asked))
    there = tuple(held(account, asset, str(amount)) for (account, asset), amount in after.items())

    assert near(solved(replace(asked, balances=there)).cost, "0", "0.001")


# Clauses


def test_a_clause_comes_before_a_target() -> None:
    there = {"a": {"BTC": "1", "USDT": "50000"}}
    most = clause("max_weight", "0.8", assets=["BTC"])

    refused = solved(problem(there, wants(BTC="0.9", USDT="0.1"), book(BTC), market("a", BTC), most))
    nearest = solved(
        problem(there, wants(BTC="0.9", USDT="0.1"), book(BTC), market("a", BTC), most, tracking=Tracking.NEAREST)
    )

    assert (refused.status, refused.legs) == (Status.INFEASIBLE, ())
    assert nearest.status is Status.FEASIBLE
    assert near(nearest.weights["BTC"], "0.8")
    assert nearest.weights["BTC"] <= D("0.8")
    assert any("clause max_weight BTC 0.8" in line for line in nearest.because)


@pytest.mark.parametrize("step", ["0", "0.00001", "0.001"])
def test_a_target_may_stand_exactly_at_the_limit_of_a_clause(step: str) -> None:
    asked = problem(
        {"a": {"USDT": "100000"}},
        wants(BTC="0.5", USDT="0.5"),
        book(BTC, step=step),
        market("a", BTC, "10"),
        clause("max_weight", "0.5", assets=["BTC"]),
    )

    answer = solved(asked)

    assert answer.status is not Status.INFEASIBLE
    assert D("0.5") - 3 * D(step) - TRACE <= answer.weights["BTC"] <= D("0.5")


def test_a_least_weight_is_kept() -> None:
    asked = problem(
        {"a": {"BTC": "1", "USDT": "50000"}},
        wants("0.2", BTC="0.8", USDT="0.2"),
        book(BTC),
        market("a", BTC),
        clause("min_weight", "0.7", assets=["BTC", "ETH"]),
        prices={"ETH": "2500"},
    )
    asked = replace(asked, assets=(*asked.assets, PricedAsset(id="ETH", price=D(2500))))

    answer = solved(asked)

    assert D("0.7") <= answer.weights["BTC"] < D("0.7") + TRACE


def test_an_account_stays_below_its_share() -> None:
    asked = problem(
        {"a": {"BTC": "2"}, "b": {"USDT": "100000"}},
        wants(BTC="0.5", USDT="0.5"),
        link("BTC", "a", "b"),
        clause("max_account_weight", "0.4", accounts=["a"]),
    )

    (leg,) = solved(asked).legs

    assert leg.amount == D("0.4") or near(leg.amount, "0.4")


def test_no_more_is_traded_than_the_turnover_allows() -> None:
    asked = problem(
        {"a": {"BTC": "1", "USDT": "50000"}},
        wants(BTC="0.9", USDT="0.1"),
        book(BTC),
        market("a", BTC),
        clause("max_turnover", "0.2"),
        tracking=Tracking.NEAREST,
    )

    (leg,) = solved(asked).legs

    assert near(leg.value, "20000", "0.01")
    assert leg.value <= 20000


def test_a_breach_that_cannot_be_mended_is_not_made_worse() -> None:
    asked = problem(
        {"a": {"BTC": "3", "USDT": "50000"}},
        wants(BTC="0.9", USDT="0.1"),
        book(BTC, ("1e9", "2", "buy")),
        market("a", BTC),
        clause("max_weight", "0.5", assets=["BTC"]),
        tracking=Tracking.NEAREST,
    )

    assert solved(asked).legs == ()


# Sizes, fixed costs, whole decisions


def test_amounts_are_whole_steps_and_never_more_than_was_asked() -> None:
    asked = problem(
        {"a": {"USDT": "100000"}}, wants(rest="USDT", BTC="0.33333"), book(BTC, step="0.01"), market("a", BTC)
    )

    (leg,) = solved(asked).legs

    assert leg.amount == D("0.66")
    assert leg.takes[0].amount == leg.amount


def test_dust_below_the_smallest_order_stays_and_is_told() -> None:
    asked = problem(
        {"a": {"BTC": "1", "ETH": "0.001"}}, wants(BTC="1"), book(CROSS, min_notional="0.001"), market("a", CROSS)
    )

    answer = solved(asked)

    assert (answer.legs, answer.status, answer.unmet) == ((), Status.OPTIMAL, ())
    assert any("ETH stays 2.50 USD from its target" in line for line in answer.because)


@pytest.mark.parametrize(("least", "sent"), [("4999", True), ("5000", True), ("5001", False)])
def test_an_order_of_exactly_the_smallest_notional_is_sent(least: str, sent: bool) -> None:
    asked = problem(
        {"a": {"BTC": "0.1", "USDT": "5000"}},
        wants(USDT="1"),
        book(BTC, ("1e9", "0"), min_notional=least),
        market("a", BTC),
    )

    assert bool(solved(asked).legs) is sent


def test_an_order_is_made_as_large_as_its_least_size_where_that_is_nearer_than_nothing() -> None:
    asked = problem(
        {"a": {"USDT": "7000", "BTC": "0.4"}},
        wants(USDT="0.5", BTC="0.5"),
        book(BTC, ("500000", "20"), min_notional="8000"),
        market("a", BTC, "10"),
    )

    (leg,) = solved(asked).legs

    assert 8000 <= leg.value < 8017


def test_a_fixed_fee_is_paid_once_rather_than_twice() -> None:
    asked = problem(
        {"a": {"USDT": "60000"}, "b": {"USDT": "60000"}},
        wants(rest="USDT", BTC="0.5"),
        book(BTC),
        market("hub", BTC),
        link("USDT", "a", "hub", "10"),
        link("USDT", "b", "hub", "10"),
    )

    answer = solved(asked)

    assert answer.costs.fixed == D(20)  # one account has not enough for half of the fund
    asked = replace(asked, targets=wants(rest="USDT", BTC="0.45"))
    assert solved(asked).costs.fixed == D(10)


def test_fewer_legs_are_worth_what_the_problem_says_they_are() -> None:
    def ask(leg: str) -> Answer:
        return solved(
            problem(
                {"a": {"BTC": "2"}, "b": {"BTC": "2"}},
                wants(USDT="0.4", BTC="0.6"),
                book("north:BTC/USDT", ("1e6", "2")),
                book("south:BTC/USDT", ("30000", "1"), ("1e6", "3")),
                market("a", "north:BTC/USDT"),
                market("b", "south:BTC/USDT"),
                leg=c(leg),
            )
        )

    assert [len(ask(leg).legs) for leg in ("0", "1", "5")] == [2, 2, 1]
    assert near(ask("5").cost, "16.0", "0.01")
    assert near(ask("0").cost, "13.0", "0.01")


def test_amounts_from_the_finest_to_the_largest_stand_in_one_problem() -> None:
    asked = problem(
        {"a": {"BTC": "20000000", "PEPE": "1000000000000", "W": "0.000000000000000005"}},
        wants(BTC="0.5", PEPE="0", W="0", rest="USDT"),
        *(book(f"north:{x}/USDT", ("1e15", "1")) for x in ("BTC", "PEPE", "W")),
        *(market("a", f"north:{x}/USDT") for x in ("BTC", "PEPE", "W")),
        prices={"PEPE": "0.000000000000000001", "W": "1000000000000"},
    )

    answer = solved(asked)

    assert near(answer.weights["BTC"], "0.5")
    assert sum(ends(asked, answer)[p] * asked_price(asked, p[1]) for p in ends(asked, answer)) + answer.cost == nav(
        asked
    )


def asked_price(asked: Problem, asset: str) -> Any:
    return next(a.price for a in asked.assets if a.id == asset)


def nav(asked: Problem) -> Any:
    return sum((s.free + s.locked) * asked_price(asked, s.asset) for s in asked.balances)


# Prices that are missing, and every other mistake


def test_an_asset_without_a_price_may_lie_where_it_is() -> None:
    asked = problem({"a": {"BTC": "1", "XXX": "5"}}, wants(USDT="1"), book(BTC), market("a", BTC))

    answer = solved(asked)

    assert reaches(answer, USDT="1")
    assert ends(asked, answer)["a", "XXX"] == D(5)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ((book("north:XXX/USDT"),), "is traded, transferred or pays fees"),
        ((link("XXX", "a", "b"),), "is traded, transferred or pays fees"),
        ((book(BTC), market("a", BTC, "10", "XXX")), "is traded, transferred or pays fees"),
    ],
)
def test_an_asset_that_could_be_traded_needs_a_price(more: tuple[Any, ...], why: str) -> None:
    with pytest.raises(ValueError, match="^assets.XXX.price: missing; XXX " + why):
        solve(problem({"a": {"USDT": "1000", "XXX": "5"}}, wants(USDT="1"), *more))


def test_an_asset_that_is_wanted_needs_a_price() -> None:
    with pytest.raises(ValueError, match=r"assets.XXX.price: missing; XXX is a target"):
        solve(problem({"a": {"USDT": "1000"}}, wants(XXX="1")))


def test_a_fund_without_value_has_nothing_to_plan() -> None:
    with pytest.raises(ValueError, match="balances: there is nothing of value"):
        solve(problem({"a": {"BTC": "0"}}, wants(BTC="1")))


SOUND = problem(
    {"a": {"BTC": "1", "USDT": "50000"}},
    wants(BTC="0.4", USDT="0.6"),
    book(BTC, *LADDER),
    market("a", BTC),
    link("USDT", "a", "b"),
    clause("max_weight", "0.9", assets=["BTC"]),
)
BOOK, WAY, LINK, RULE = SOUND.books[0], SOUND.markets[0], SOUND.transfers[0], SOUND.clauses[0]

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"version": 2}, "version: must be 1, got 2"),
    ({"assets": SOUND.assets * 2}, "assets: BTC is there twice; each may be there once"),
    ({"accounts": SOUND.accounts * 2}, "accounts: a is there twice; each may be there once"),
    ({"balances": SOUND.balances * 2}, "balances: a BTC is there twice; each may be there once"),
    ({"targets": (*SOUND.targets, *wants(BTC="0"))}, "targets: BTC is there twice; each may be there once"),
    ({"books": (BOOK, BOOK)}, "books: north:BTC/USDT is there twice; each may be there once"),
    ({"markets": (WAY, WAY)}, "legs: a BTC/USDT is there twice; each may be there once"),
    ({"transfers": (replace(LINK, id=WAY.id),)}, "legs: a BTC/USDT is there twice; each may be there once"),
    ({"balances": (held("z", "BTC", "1"),)}, "balances.z BTC.account: unknown z; known: a, b"),
    ({"balances": (held("a", "ZZZ", "1"),)}, "balances.a ZZZ.asset: unknown ZZZ; known: BTC, USDT"),
    ({"targets": wants(BTC="0.4", ZZZ="0.6")}, "targets.ZZZ.asset: unknown ZZZ; known: BTC, USDT"),
    ({"books": (replace(BOOK, base="ZZZ"),)}, "books.north:BTC/USDT.base: unknown ZZZ; known: BTC, USDT"),
    ({"books": (replace(BOOK, quote="ZZZ"),)}, "books.north:BTC/USDT.quote: unknown ZZZ; known: BTC, USDT"),
    ({"markets": (replace(WAY, account="z"),)}, "markets.a BTC/USDT.account: unknown z; known: a, b"),
    ({"markets": (replace(WAY, book="z"),)}, "markets.a BTC/USDT.book: unknown z; known: north:BTC/USDT"),
    (
        {"markets": (replace(WAY, fee_from="z"),)},
        "markets.a BTC/USDT.fee_from: unknown z; known: BTC, USDT, quote, rec",
    ),
    ({"transfers": (replace(LINK, asset="z"),)}, "transfers.USDT a to b.asset: unknown z; known: BTC, USDT"),
    ({"transfers": (replace(LINK, source="z"),)}, "transfers.USDT a to b.from: unknown z; known: a, b"),
    ({"transfers": (replace(LINK, target="z"),)}, "transfers.USDT a to b.to: unknown z; known: a, b"),
    ({"transfers": (replace(LINK, target="a"),)}, "transfers.USDT a to b.to: is where it comes from"),
    ({"clauses": (replace(RULE, assets=("z",)),)}, "clauses[1].assets: unknown z; known: BTC, USDT"),
    ({"clauses": (replace(RULE, kind="max_joy"),)}, "clauses[1].kind: unknown max_joy; known: max_weight"),
    ({"clauses": (replace(RULE, assets=()),)}, "clauses[1].assets: missing; max_weight binds an asset or several"),
    ({"clauses": (replace(RULE, kind="max_account_weight", assets=()),)}, "clauses[1].accounts: missing"),
    ({"clauses": (replace(RULE, limit=D(-1)),)}, "clauses[1].limit: must be at least 0, got -1"),
    ({"accounts": (Holder(id="a", max_value=D(-1)), Holder(id="b"))}, "accounts.a.max_value: must be at least 0"),
    ({"balances": (held("a", "BTC", "-1"),)}, "balances.a BTC.free: must be at least 0, got -1"),
    ({"balances": (held("a", "BTC", "1", keep="-1"),)}, "balances.a BTC.keep: must be at least 0, got -1"),
    ({"balances": (held("a", "BTC", "1", locked="-1"),)}, "balances.a BTC.locked: must be at least 0, got -1"),
    ({"targets": wants(BTC="0.4", USDT="0.5")}, "targets: the weights sum to 0.9; they must sum to 1"),
    ({"targets": wants(rest="USDT", BTC="1.1")}, "targets: the weights sum to 1.1; they must sum to at most 1"),
    ({"targets": wants(BTC="-0.4", USDT="1.4")}, "targets.BTC.weight: must be from 0 to 1, got -0.4"),
    ({"targets": wants("2", BTC="0.4", USDT="0.6")}, "targets.BTC.band: must be from 0 to 1, got 2"),
    ({"targets": (Desired(asset="BTC"), *wants(USDT="1"))}, "targets.BTC: needs a weight or remainder = true, one"),
    ({"targets": tuple(Desired(asset=x, remainder=True) for x in ("BTC", "USDT"))}, "are all the remainder; only one"),
    ({"books": (replace(BOOK, step=D(-1)),)}, "books.north:BTC/USDT.step: must be at least 0, got -1"),
    ({"books": (replace(BOOK, min_notional=D(-1)),)}, "books.north:BTC/USDT.min_notional: must be at least 0, got -1"),
    ({"books": (replace(BOOK, min_amount=D(-1)),)}, "books.north:BTC/USDT.min_amount: must be at least 0, got -1"),
    ({"books": (book(BTC, ("-5", "1")),)}, "books.north:BTC/USDT.depth[1].value: must be at least 0, got -5"),
    ({"books": (book(BTC, ("5", "4"), ("5", "3")),)}, "depth[2].bps: 3 comes after 4; the best slice comes first"),
    ({"books": (book(BTC, ("5", "10000")),)}, "depth[1].bps: must be below 10000 for a sale, got 10000"),
    ({"markets": (replace(WAY, fee_bps=D(10000)),)}, "markets.a BTC/USDT.fee_bps: must be below 10000, got 10000"),
    ({"transfers": (link("USDT", "a", "b", "-1"),)}, "transfers.USDT a to b.fee: must be at least 0, got -1"),
    ({"transfers": (link("USDT", "a", "b", minimum="-1"),)}, "transfers.USDT a to b.minimum: must be at least 0"),
    ({"transfers": (link("USDT", "a", "b", maximum="-1"),)}, "transfers.USDT a to b.maximum: must be at least 0"),
    ({"transfers": (link("USDT", "a", "b", fee_bps="10000"),)}, "transfers.USDT a to b.fee_bps: must be below 10000"),
    ({"assets": (PricedAsset(id="BTC", price=D(0)), SOUND.assets[1])}, "assets.BTC.price: must be above 0, got 0"),
    (
        {"assets": (PricedAsset(id="BTC", price=D(1), decimals=37), SOUND.assets[1])},
        "assets.BTC.decimals: must be from 0",
    ),
    ({"base": "BTC"}, "assets.BTC.price: must be 1, since BTC is the base currency; got 50000"),
    # Below: what no problem may say although each part of it has its form.
    ({"books": (replace(BOOK, quote="BTC"),)}, "books.north:BTC/USDT.quote: "),
    ({"transfers": (link("USDT", "a", "b", minimum="5", maximum="4"),)}, "transfers.USDT a to b.maximum: "),
    ({"transfers": (replace(LINK, latency_s=-1),)}, "transfers.USDT a to b.latency_s: must be at least 0, got -1"),
    ({"markets": (replace(WAY, sides=()),)}, "markets.a BTC/USDT.sides: "),
    ({"markets": (replace(WAY, sides=WAY.sides * 2),)}, "markets.a BTC/USDT.sides: "),
    ({"clauses": (RULE, RULE)}, "clauses: max_weight BTC 0.9 is there twice"),
]


@pytest.mark.parametrize(("changed", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_a_mistake_is_told_with_its_path(changed: dict[str, Any], said: str) -> None:
    found = law.faults(replace(SOUND, **changed))

    assert any(said in line for line in found), found
    with pytest.raises(ValueError):
        solve(replace(SOUND, **changed))


def test_a_sound_problem_has_no_mistakes() -> None:
    assert law.faults(SOUND) == ()


# One answer


def test_the_same_problem_gives_the_same_bytes_however_its_lists_are_ordered() -> None:
    asked = problem(
        {"a": {"BTC": "2", "ETH": "10"}, "b": {"BTC": "2", "ETH": "10"}},
        wants(rest="USDT", BTC="0.3", ETH="0.2"),
        *(book(name) for name in (BTC, ETH, CROSS)),
        *(market(account, name, "10") for account in ("a", "b") for name in (BTC, ETH, CROSS)),
        link("BTC", "a", "b"),
        link("BTC", "b", "a"),
        clause("max_weight", "0.9", assets=["BTC"]),
        clause("min_weight", "0.1", assets=["USDT"]),
    )
    turned = {
        name: getattr(asked, name)[::-1] for name in asked.__struct_fields__ if isinstance(getattr(asked, name), tuple)
    }

    assert encode(solve(replace(asked, **turned))) == encode(solve(asked))


def test_an_infeasible_answer_says_what_contradicts_what() -> None:
    asked = problem([held("a", "BTC", "1", keep="0.5")], wants(USDT="1"), book(BTC, ("1e9", "0")), market("a", BTC))

    answer = solved(asked)

    assert answer.status is Status.INFEASIBLE
    assert answer.because[0].startswith("these cannot all hold: ")
    assert "0.5 BTC free in a" in answer.because[0]
    assert checker.check(document(answer)) == []


def test_a_lot_that_is_larger_than_the_need_is_not_sent_to_come_nearer() -> None:
    asked = problem(
        {"a": {"BTC": "0.95", "USDT": "405000"}},
        wants(BTC="0.1", USDT="0.9"),
        book(BTC, step="0.046"),
        market("a", BTC, "10"),
    )

    assert legs(solved(asked)) == []
