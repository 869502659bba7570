"""What the fund is worth, and what that figure cannot be trusted for."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.small import T0, D, balance, later, marks, policy, prices, read, snapshot, target
from trimtab.model.holdings import Balance, Snapshot, Stage, Transit, Unknown
from trimtab.model.policy import Policy
from trimtab.model.prices import Unpriced
from trimtab.model.valuation import Doubt, Kind, Valuation
from trimtab.value.valuation import shares, value


def valued(found: Snapshot, law: Policy | None = None, *unpriced: Unpriced) -> Valuation:
    return value(found, replace(marks(), unpriced=unpriced), law or policy())


def weights(found: Valuation) -> dict[str, str]:
    return {h.asset: str(h.weight) for h in found.holdings}


def doubts(found: Valuation) -> list[tuple[Kind, str, bool]]:
    return [(d.kind, d.subject, d.blocks) for d in found.doubts]


def only(found: Valuation) -> Doubt:
    (doubt,) = found.doubts
    return doubt


def transit(amount: str = "10000", **more: Any) -> Transit:
    usual = Transit(id="w1", asset="USDT", amount=D(amount), source="a", target="b", stage=Stage.SENT, since=T0)
    return replace(usual, **more)


def test_weights_are_shares_of_what_all_accounts_hold() -> None:
    found = valued(snapshot(read("a", BTC="1"), read("b", BTC="1", ETH="20", USDT="60000")))
    assert (found.nav, weights(found)) == (D(240000), {"BTC": "0.5", "ETH": "0.25", "USDT": "0.25"})


def test_money_in_transit_is_held_and_is_the_receivers_value() -> None:
    found = valued(snapshot(read("a", USDT="10000"), read("b", USDT="10000"), transits=(transit(),)))
    assert found.nav == D(30000)
    assert [(a.account, a.value) for a in found.accounts] == [("a", D(10000)), ("b", D(20000)), ("c", D(0))]


def test_the_rest_of_rounding_goes_to_the_largest_holding() -> None:
    assert shares({"x": D(1), "y": D(1), "z": D(1)}) == {
        "x": D("0.333333333334"),
        "y": D("0.333333333333"),
        "z": D("0.333333333333"),
    }


def test_a_fund_that_holds_nothing_has_no_weights_and_no_doubts() -> None:
    found = valued(snapshot(read("a", USDT="0")))
    assert (found.nav, found.holdings, found.doubts) == (D(0), (), ())


@given(st.lists(st.decimals("0.00000001", "1000000", places=8), min_size=1, max_size=12))
def test_weights_sum_to_one_exactly(amounts: list[Decimal]) -> None:
    worth = {f"A{n}": amount for n, amount in enumerate(amounts)}
    assert sum(shares(worth).values()) == 1


@given(
    amounts=st.lists(st.decimals("0", "1000", places=8), min_size=6, max_size=6),
    order=st.permutations(range(6)),
)
def test_valuing_does_not_depend_on_the_order_of_balances(amounts: list[Decimal], order: list[int]) -> None:
    places = [(account, asset) for account in ("a", "b") for asset in ("BTC", "ETH", "USDT")]
    found = [balance(a, x, f"{n.normalize():f}") for (a, x), n in zip(places, amounts, strict=True)]
    turned = tuple(found[n] for n in order)
    assert valued(Snapshot(at=T0, balances=turned)) == valued(Snapshot(at=T0, balances=tuple(found)))


def test_an_account_that_could_not_be_read_blocks_and_has_no_value() -> None:
    found = valued(snapshot(read("a", BTC="1"), unknown=(Unknown(account="b", because="no answer"),)))
    assert (only(found).because, only(found).blocks) == ("no answer", True)
    assert [a.account for a in found.accounts] == ["a", "c"]


def test_balances_at_the_age_limit_are_fresh_and_older_ones_block() -> None:
    assert valued(snapshot(read("a", later(-60), BTC="1"))).doubts == ()
    stale = only(valued(snapshot(read("a", later(-60.5), BTC="1"), read("b", BTC="1"))))
    assert (stale.kind, stale.subject, stale.blocks) == (Kind.STALE, "a", True)
    assert stale.because == "its balances are 60.5 s old, at most 60 s are allowed"


def test_balances_from_a_clock_far_ahead_are_as_doubtful() -> None:
    assert "ahead of our clock" in only(valued(snapshot(read("a", later(61), BTC="1")))).because


def test_the_oldest_read_of_an_asset_dates_its_holding() -> None:
    found = valued(snapshot(read("a", later(-5), BTC="1"), read("b", later(-9), BTC="1")))
    assert found.holdings[0].oldest == later(-9)


@pytest.mark.parametrize("amounts", [("5", "-0.1"), ("-1", "0")])
def test_a_negative_balance_blocks_and_freezes_its_account(amounts: tuple[str, str]) -> None:
    short: Balance = balance("a", "USDT", amounts[0], free=amounts[1], leaves="0")
    found = only(valued(Snapshot(at=T0, balances=(balance("a", "BTC", "1"), short))))
    assert (found.kind, found.subject, found.blocks) == (Kind.NEGATIVE, "a", True)
    assert "this account is frozen" in found.because


def test_a_fund_worth_less_than_nothing_blocks() -> None:
    found = valued(Snapshot(at=T0, balances=(balance("a", "USDT", "-7", leaves="0"),)))
    assert (Kind.NEGATIVE, "net asset value", True) in doubts(found)


def test_an_unpriced_holding_is_not_in_nav_and_leaves_the_others_summing_to_one() -> None:
    found = valued(snapshot(read("a", BTC="1", XYZ="5")))
    assert (found.nav, weights(found)) == (D(60000), {"BTC": "1", "XYZ": "None"})
    assert (only(found).because, only(found).blocks) == ("no venue of this fund trades it", True)


def test_an_unpriced_holding_blocks_only_past_its_share_at_the_last_price_seen() -> None:
    law = policy(prices=prices(max_unpriced_weight=D("0.25")))
    held = snapshot(read("a", USDT="300", XYZ="100"))
    at_the_limit = valued(held, law, Unpriced(asset="XYZ", because="too wide", last=D(1)))
    assert doubts(at_the_limit) == [(Kind.UNPRICED, "XYZ", False)]
    past_it = valued(held, law, Unpriced(asset="XYZ", because="too wide", last=D("1.01")))
    assert doubts(past_it) == [(Kind.UNPRICED, "XYZ", True)]


def test_an_unpriced_holding_whose_price_was_never_seen_has_no_bound() -> None:
    law = policy(prices=prices(max_unpriced_weight=D("0.25")))
    wide = Unpriced(asset="XYZ", because="too wide")
    assert doubts(valued(snapshot(read("a", USDT="300", XYZ="1")), law, wide)) == [(Kind.UNPRICED, "XYZ", True)]


def test_an_asset_that_no_file_and_no_venue_knows_is_unlisted() -> None:
    assert doubts(valued(snapshot(read("a", USDT="300", XYZ="1")))) == [(Kind.UNLISTED, "XYZ", True)]


def test_a_holding_that_no_venue_lists_is_told_apart_from_one_without_a_price_just_now() -> None:
    gone = Unpriced(asset="XYZ", because="no venue lists it", last=None, listed=False)
    assert doubts(valued(snapshot(read("a", USDT="300", XYZ="1")), None, gone)) == [(Kind.UNLISTED, "XYZ", True)]


def test_an_unpriced_holding_with_a_target_always_blocks() -> None:
    law = policy(prices=prices(max_unpriced_weight=D("0.25")), target=target(BTC="0.9", XYZ="0.1"))
    dust = Unpriced(asset="XYZ", because="too wide", last=D("0.0001"))
    assert doubts(valued(snapshot(read("a", USDT="300", XYZ="1")), law, dust)) == [(Kind.UNPRICED, "XYZ", True)]
