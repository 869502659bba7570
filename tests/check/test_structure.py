"""What no plan may be, whatever the mandate."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.small import D, balance, instrument, later, leg, marks, plan, policy, prices, read, snapshot, terms
from trimtab.check.verdict import check
from trimtab.model.assets import Listing
from trimtab.model.holdings import Snapshot, Unknown
from trimtab.model.ledger import Terms
from trimtab.model.mandate import Finding, Outcome
from trimtab.model.orders import Side
from trimtab.model.plans import Costs, OrderLeg, Status
from trimtab.model.policy import TargetWeight
from trimtab.model.prices import Mark, Marks

RICH = snapshot(read("a", BTC="1", ETH="10", USDT="10000"), read("b", USDT="100000"))
SOUND = leg("l1 a sells 0.1 north:BTC/USDT")


def breaches(
    *legs: OrderLeg, there: Snapshot = RICH, at: Marks | None = None, law: Terms | None = None, **more: Any
) -> dict[str, Finding]:
    """Every breach by its kind; there must be exactly one of each."""
    verdict = check(plan(*legs, **more), there, at or marks(), law or terms(policy()))
    found = [f for f in verdict.findings if f.breached]
    assert (verdict.outcome is Outcome.BLOCK) is bool(found)
    assert len({f.kind for f in found}) == len(found)
    return {f.kind: f for f in found}


def test_a_sound_plan_passes() -> None:
    assert breaches(SOUND) == {}


@pytest.mark.parametrize(
    ("change", "kind", "because"),
    [
        ({"account": "z"}, "unknown_account", "leg l1: there is no account z"),
        ({"instrument": "north:BTC/EUR"}, "unknown_instrument", "leg l1: no venue lists north:BTC/EUR"),
        ({"base": "ETH"}, "wrong_pair", "leg l1: north:BTC/USDT trades BTC for USDT, not ETH for USDT"),
        ({"account": "b"}, "wrong_venue", "leg l1: b is at south, north:BTC/USDT is not"),
        ({"amount": D(0)}, "not_positive", "leg l1: its amount is 0"),
        ({"limit_price": D(-1)}, "not_positive", "leg l1: its limit price is -1"),
        ({"wave": 0}, "wrong_wave", "leg l1: its wave is 0, the first is 1"),
        ({"needs": ("l9",)}, "wrong_wave", "leg l1: it is in wave 1 and needs l9, which no earlier wave has"),
        ({"needs": ("l1",)}, "wrong_wave", "leg l1: it is in wave 1 and needs l1, which no earlier wave has"),
    ],
)
def test_a_leg_that_is_not_sound_blocks_and_says_why(change: dict[str, Any], kind: str, because: str) -> None:
    found = breaches(replace(SOUND, **change))
    assert found[kind].because == because


def test_a_leg_whose_spread_would_earn_money_blocks() -> None:
    assert "not_positive" in breaches(replace(SOUND, costs=Costs(fee=D(0), spread=D(-1), impact=D(0))))


@pytest.mark.parametrize("listing", [Listing.HALTED, Listing.VANISHED])
def test_a_listing_that_does_not_trade_blocks(listing: Listing) -> None:
    law = terms(policy(), instrument("north:BTC/USDT", listing=listing))
    assert breaches(SOUND, law=law)["not_trading"].because == f"leg l1: north:BTC/USDT is {listing}"


def test_an_asset_that_is_not_the_funds_blocks() -> None:
    law = terms(policy(assets=policy().assets[1:]))
    assert breaches(SOUND, law=law)["unknown_asset"].because == "leg l1: BTC is no asset of this fund"


def test_a_leg_whose_fee_nobody_said_blocks() -> None:
    law = terms(policy())
    assert "unknown_fee" in breaches(SOUND, law=replace(law, fees=law.fees[1:]))


def test_two_legs_of_one_id_block() -> None:
    assert "duplicate_leg" in breaches(SOUND, leg("l1 b buys 0.1 south:BTC/USDT"))


def test_two_legs_that_say_the_same_thing_block() -> None:
    found = breaches(SOUND, leg("l2 a sells 0.1 north:BTC/USDT"))
    assert found["duplicate_leg"].because == "legs l1 and l2 say the same thing"


def test_t1_own_trades_on_both_sides_of_a_book_block() -> None:
    there = snapshot(read("a", BTC="2"), read("c", USDT="100000"))
    found = breaches(leg("l1 a sells 1 north:BTC/USDT"), leg("l2 c buys 0.5 north:BTC/USDT"), there=there)
    assert found["self_trade"].because == "the plan buys and sells on the same book, north:BTC/USDT"


def test_the_same_pair_at_another_venue_is_another_book() -> None:
    assert breaches(SOUND, leg("l2 b buys 0.1 south:BTC/USDT")) == {}


def test_a_plan_in_another_currency_blocks() -> None:
    assert "base_currency" in breaches(SOUND, base="USD")


def test_an_infeasible_plan_blocks() -> None:
    assert "infeasible" in breaches(SOUND, status=Status.INFEASIBLE)


def test_an_unknown_account_blocks() -> None:
    there = replace(RICH, unknown=(Unknown(account="c", because="no answer"),))
    assert breaches(SOUND, there=there)["unknown_input"].because == "c is unknown: no answer"


def test_a_negative_balance_blocks() -> None:
    there = replace(RICH, balances=(*RICH.balances, balance("c", "USDT", "5", free="-1", leaves="0")))
    assert "negative_balance" in breaches(SOUND, there=there)


@pytest.mark.parametrize(("age", "stale"), [(60, False), (60.001, True), (-60.001, True)])
def test_balances_past_their_age_block(age: float, stale: bool) -> None:
    there = snapshot(read("a", later(-age), BTC="1"), read("b", USDT="5"))
    assert ("stale_input" in breaches(SOUND, there=there)) is stale


@pytest.mark.parametrize(("age", "stale"), [(60, False), (60.001, True)])
def test_marks_past_their_age_block(age: float, stale: bool) -> None:
    old = marks()
    old = replace(old, marks=(replace(old.marks[0], as_of=later(-age)), *old.marks[1:]))
    assert ("stale_input" in breaches(SOUND, at=old)) is stale


@pytest.mark.parametrize(("waited", "stale"), [(60, False), (61, True)])
def test_marks_grow_old_while_a_plan_is_made(waited: int, stale: bool) -> None:
    verdict = check(plan(SOUND, at=later(waited)), snapshot(read("a", BTC="1")), marks(), terms(policy()))
    assert any(f.kind == "stale_input" for f in verdict.findings) is stale


def unmarked(asset: str) -> Marks:
    found: tuple[Mark, ...] = marks().marks
    return replace(marks(), marks=tuple(m for m in found if m.asset != asset))


def test_a_leg_without_a_mark_blocks() -> None:
    assert "unpriced_input" in breaches(SOUND, at=unmarked("BTC"), there=snapshot(read("b", USDT="5")))


def test_a_targeted_holding_without_a_mark_blocks() -> None:
    law = terms(policy(prices=prices(max_unpriced_weight=D("0.5"))))
    assert breaches(SOUND, at=unmarked("ETH"), law=law)["unpriced_input"].because == "ETH is held and has no mark"


def test_a_holding_without_a_mark_blocks_unless_the_fund_allows_some() -> None:
    there = replace(RICH, balances=(*RICH.balances, balance("b", "XYZ", "1")))
    assert "unpriced_input" in breaches(SOUND, there=there)
    law = terms(policy(prices=prices(max_unpriced_weight=D("0.5"))))
    assert breaches(SOUND, there=there, law=law) == {}


def test_a_fund_worth_nothing_blocks() -> None:
    assert "no_value" in breaches(there=snapshot())


@pytest.mark.parametrize(
    ("side", "at_limit", "past"),
    [(Side.BUY, "60600", "60600.01"), (Side.SELL, "59400", "59399.99")],
)
def test_a_limit_price_at_the_tolerance_passes_and_past_it_blocks(side: Side, at_limit: str, past: str) -> None:
    made = leg(f"l1 a {side}s 0.1 north:BTC/USDT")
    assert breaches(replace(made, limit_price=D(at_limit))) == {}
    found = breaches(replace(made, limit_price=D(past)))["price_sanity"]
    assert f"may {side} BTC at" in found.because
    assert found.headroom < 0


def test_a_limit_price_that_is_better_than_the_mark_is_sane() -> None:
    assert breaches(replace(SOUND, limit_price=D(90000))) == {}


def test_a_leg_made_at_another_mark_blocks() -> None:
    assert "price_sanity" in breaches(replace(SOUND, mark_price=D(59399)))


def test_prices_are_judged_in_the_legs_own_quote() -> None:
    assert breaches(leg("l1 a sells 1 north:ETH/BTC")) == {}
    assert "price_sanity" in breaches(leg("l1 a sells 1 north:ETH/BTC", limit_price=D("0.049")))


def test_the_leg_that_comes_closest_to_the_tolerance_is_shown_where_all_are_sane() -> None:
    near = leg("l2 b buys 0.1 south:BTC/USDT", limit_price=D(60300))
    verdict = check(plan(SOUND, near), RICH, marks(), terms(policy()))
    (found,) = [f for f in verdict.findings if f.kind == "price_sanity"]
    assert (found.subject, found.value, found.limit, found.headroom) == ("l2", D("0.005"), D("0.01"), D("0.005"))


def test_a_faulty_leg_does_not_hide_what_is_wrong_with_the_others() -> None:
    found = breaches(replace(SOUND, account="z"), leg("l2 b buys 9 south:BTC/USDT"))
    assert {"unknown_account", "overdraft"} <= found.keys()


def test_an_asset_named_as_target_zero_is_targeted() -> None:
    law = policy(prices=prices(max_unpriced_weight=D("0.5")))
    named = replace(law.target, weights=(*law.target.weights, TargetWeight(asset="XYZ", weight=D(0))))
    there = replace(RICH, balances=(*RICH.balances, balance("b", "XYZ", "1")))
    assert "unpriced_input" in breaches(SOUND, there=there, law=terms(replace(law, target=named)))
