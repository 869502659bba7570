"""Every wave can be paid for at its worst prices, out of what is free and what has certainly come in."""

from msgspec.structs import replace

from tests.small import ACCOUNTS, D, balance, keeping, leg, marks, plan, policy, read, snapshot, terms
from trimtab.check.verdict import check
from trimtab.model.assets import Asset, FeeTerms, TakenFrom
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Terms
from trimtab.model.mandate import Finding
from trimtab.model.plans import OrderLeg
from trimtab.model.prices import Mark, Trust

SELL = leg("l1 a sells 0.1 north:BTC/USDT")
BUY = leg("l2 a buys 2 north:ETH/USDT", wave=2, needs=("l1",))


def drawn(*legs: OrderLeg, there: Snapshot, law: Terms | None = None) -> Finding:
    """The one finding about funds: the tightest, or the only breach."""
    found = check(plan(*legs), there, marks(), law or terms(policy())).findings
    (finding,) = [f for f in found if f.kind == "overdraft"]
    return finding


def test_spending_all_that_is_free_passes_and_a_unit_more_blocks() -> None:
    buy = leg("l1 a buys 0.1 north:BTC/USDT")
    assert drawn(buy, there=snapshot(read("a", USDT="6000"))).headroom == 0
    short = drawn(buy, there=snapshot(read("a", USDT="5999.99999999")))
    assert (short.breached, short.headroom) == (True, D("-0.00000001"))
    assert short.because == "up to wave 1 a gives 6,000 USDT at the worst, of 5,999.99999999 free"


def test_a_buy_is_counted_at_its_worst_price() -> None:
    buy = leg("l1 a buys 0.1 north:BTC/USDT", limit_price=D(60600))
    assert not drawn(buy, there=snapshot(read("a", USDT="6060"))).breached
    assert drawn(buy, there=snapshot(read("a", USDT="6059.99"))).breached


def test_a_fee_on_top_of_the_quote_must_be_there_too() -> None:
    law = terms(policy(), fee_bps="60", taken_from="quote")
    buy = leg("l1 a buys 0.1 north:BTC/USDT")
    assert not drawn(buy, there=snapshot(read("a", USDT="6036")), law=law).breached
    assert drawn(buy, there=snapshot(read("a", USDT="6035.99")), law=law).breached


def test_what_open_orders_lock_is_not_free() -> None:
    locked = Snapshot(at=snapshot().at, balances=(balance("a", "BTC", "1", free="0.09"),))
    assert drawn(SELL, there=locked).breached


def test_what_an_account_keeps_is_not_free() -> None:
    there = snapshot(read("a", BTC="0.11"))
    assert not drawn(SELL, there=there, law=terms(policy(accounts=keeping("a", "BTC", "0.01")))).breached
    assert drawn(SELL, there=there, law=terms(policy(accounts=keeping("a", "BTC", "0.0100001")))).breached


def test_another_accounts_money_does_not_pay() -> None:
    buy = leg("l1 a buys 2 north:ETH/USDT")
    assert drawn(buy, there=snapshot(read("b", USDT="100000"), read("c", USDT="100000"), read("a", BTC="1"))).breached


def test_proceeds_of_the_legs_it_needs_pay_for_a_leg() -> None:
    assert not drawn(SELL, BUY, there=snapshot(read("a", BTC="0.1"))).breached


def test_proceeds_are_counted_at_their_worst_price() -> None:
    cheap = replace(SELL, limit_price=D(59999))
    assert drawn(cheap, BUY, there=snapshot(read("a", BTC="0.1"))).breached


def test_proceeds_of_a_leg_that_it_does_not_wait_for_pay_for_nothing() -> None:
    hasty = replace(BUY, needs=())
    assert drawn(SELL, hasty, there=snapshot(read("a", BTC="0.1"))).breached


def test_what_a_needed_leg_itself_needed_has_ended_too() -> None:
    last = leg("l3 a sells 2 north:ETH/BTC", wave=3, needs=("l2",))
    assert not drawn(SELL, BUY, last, there=snapshot(read("a", BTC="0.1"))).breached


def test_two_legs_cannot_spend_the_same_money() -> None:
    both = (leg("l1 a buys 0.1 north:BTC/USDT"), leg("l2 a buys 2 north:ETH/USDT"))
    assert not drawn(*both, there=snapshot(read("a", USDT="12000"))).breached
    assert drawn(*both, there=snapshot(read("a", USDT="11999"))).breached


def test_a_fee_in_a_third_asset_uses_that_up_and_falls_back_when_it_is_short() -> None:
    law = policy(assets=(Asset(id="BNB", decimals=8), *policy().assets))
    third = tuple(
        FeeTerms(
            account=a,
            maker_bps=D(10),
            taker_bps=D(10),
            taken_from=TakenFrom.THIRD,
            third="BNB",
            discount=D("0.25"),
        )
        for a in sorted(ACCOUNTS)
    )
    paying = replace(terms(law), fees=third)
    at = replace(
        marks(),
        marks=(Mark(asset="BNB", price=D(600), as_of=marks().at, sources=(), trust=Trust.AGREED), *marks().marks),
    )
    both = (leg("l1 a sells 1 north:BTC/USDT"), leg("l2 a sells 20 north:ETH/USDT"))
    for bnb, paid in (("0.15", "0.15"), ("0.1", "0.075")):
        there = snapshot(read("a", BTC="2", ETH="40", BNB=bnb))
        found = [f for f in check(plan(*both), there, at, paying).findings if f.kind == "overdraft"]
        assert not found[0].breached
        assert f"a gives {paid} BNB" in found[0].because
