from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.execute import trading
from tests.reconcile.books import FILLS, T0, T1, D, ended, fill, look, terms, transit
from trimtab.model.accounts import Managed
from trimtab.model.breaks import Break, BreakCause
from trimtab.model.holdings import Balance, OpenOrder, Snapshot
from trimtab.model.orders import Fill, Side
from trimtab.model.plans import Costs
from trimtab.model.runs import Residual, RunState
from trimtab.reconcile import breaks, postings
from trimtab.units import canon

BEFORE = look(T0, main_BTC="2", main_USDT="100000", side_BTC="1")


def found(
    after: Snapshot, *fills: Fill, before: Snapshot = BEFORE, managed: Managed = Managed.EXCLUSIVE
) -> list[Break]:
    result = breaks.reconcile(T1, before, after, ended(*fills), None, terms(managed))
    return list(result.breaks)


def told(item: Break) -> tuple[str, str, str, BreakCause]:
    return item.account, item.asset, item.raw, item.cause


def test_what_was_expected_is_no_break() -> None:
    assert found(look(T1, main_BTC="3", main_USDT="39940", side_BTC="1"), fill(fee="60")) == []


def test_one_satoshi_too_many_is_named() -> None:
    (item,) = found(look(T1, main_BTC="3.00000001", main_USDT="40000", side_BTC="1"), fill())
    assert told(item) == ("main", "BTC", "1", BreakCause.UNEXPLAINED)
    assert (item.expected, item.observed, item.since) == (D(3), D("3.00000001"), T1)


def test_a_balance_that_is_not_mentioned_is_zero() -> None:
    (item,) = found(look(T1, main_BTC="2", main_USDT="100000"))
    assert told(item) == ("side", "BTC", "-100000000", BreakCause.UNEXPLAINED)


def test_an_asset_from_nowhere_is_a_break_in_its_own_last_digit() -> None:
    (item,) = found(look(T1, main_BTC="2", main_USDT="100000", side_BTC="1", side_GIFT="0.25"))
    assert told(item) == ("side", "GIFT", "25", BreakCause.UNEXPLAINED)


def test_less_than_half_a_smallest_unit_is_no_break() -> None:
    assert found(look(T1, main_BTC="2.000000004", main_USDT="100000", side_BTC="1")) == []
    assert [b.raw for b in found(look(T1, main_BTC="2.000000006", main_USDT="100000", side_BTC="1"))] == ["1"]


def test_an_account_that_cannot_be_read_is_unread_and_not_zero() -> None:
    (item,) = found(look(T1, unread=("side",), main_BTC="2", main_USDT="100000"))
    assert told(item) == ("side", "BTC", "", BreakCause.UNREAD)
    assert (item.expected, item.observed) == (D(1), None)
    assert item.because == "side could not be read: no answer"


def test_an_account_that_could_not_be_read_before_has_nothing_to_be_compared_with() -> None:
    before = look(T0, unread=("side",), main_BTC="2", main_USDT="100000")
    assert found(look(T1, main_BTC="2", main_USDT="100000", side_BTC="5"), before=before) == []


def test_in_a_shared_account_a_difference_is_foreign() -> None:
    (item,) = found(look(T1, main_BTC="2", main_USDT="100000", side_BTC="0.5"), managed=Managed.SHARED)
    assert told(item) == ("side", "BTC", "-50000000", BreakCause.FOREIGN)


def test_a_transfer_that_set_out_explains_the_fee_that_it_does_not_tell() -> None:
    after = replace(look(T1, main_BTC="2", main_USDT="99989", side_BTC="1"), transits=(transit(),))
    (item,) = found(after)
    assert told(item) == ("main", "USDT", "-100000000", BreakCause.TRANSIT)


def test_a_transfer_that_arrived_is_expected() -> None:
    before = replace(BEFORE, transits=(transit(),))
    after = look(T1, main_BTC="2", main_USDT="100000", side_BTC="1", side_USDT="10")
    assert found(after, before=before) == []


@pytest.mark.parametrize(
    ("btc", "usdt", "causes"),
    [
        ("2.3", "82000", {BreakCause.LATE_FILL}),
        ("2.30000001", "82000", {BreakCause.UNEXPLAINED, BreakCause.LATE_FILL}),
        ("1.9", "106000", {BreakCause.UNEXPLAINED}),
    ],
)
def test_an_order_that_was_open_explains_what_it_can_have_filled(btc: str, usdt: str, causes: set[BreakCause]) -> None:
    resting = OpenOrder(
        account="main", instrument="north:BTC/USDT", client_id="", side=Side.BUY, amount=D("0.5"), filled=D("0.2")
    )
    after = look(T1, main_BTC=btc, main_USDT=usdt, side_BTC="1")
    assert {b.cause for b in found(after, before=replace(BEFORE, orders=(resting,)))} == causes


def test_a_leg_that_waits_for_a_person_may_have_been_filled() -> None:
    plan = trading.cleared(trading.leg("l1", Side.SELL, "BTC", "1")).plan
    left = (Residual(leg="l1", amount=D(1), because="it is unknown whether it was accepted"),)
    after = look(T1, main_BTC="1", main_USDT="160000", side_BTC="1")
    stuck = breaks.reconcile(T1, BEFORE, after, ended(state=RunState.STUCK, residuals=left), plan, terms())
    over = breaks.reconcile(T1, BEFORE, after, ended(residuals=left), plan, terms())
    assert {b.cause for b in stuck.breaks} == {BreakCause.LATE_FILL}
    assert {b.cause for b in over.breaks} == {BreakCause.UNEXPLAINED}


def test_predicted_and_paid_cost_are_side_by_side() -> None:
    plan = replace(trading.cleared().plan, costs=Costs(fee=D(4), spread=D(1), impact=D("0.25")))
    result = breaks.reconcile(T1, BEFORE, BEFORE, ended(), plan, terms())
    assert (result.predicted_cost, result.paid_cost) == (D("5.25"), D("5.5"))


def test_without_a_run_nothing_was_paid() -> None:
    result = breaks.reconcile(T1, BEFORE, BEFORE, None, None, terms())
    assert (result.postings, result.breaks, result.predicted_cost, result.paid_cost) == ((), (), D(0), D(0))


def left_by(fills: list[Fill]) -> Snapshot:
    """What is there if nothing but these fills happened."""
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for balance in BEFORE.balances:
        amounts[balance.account, balance.asset] = balance.total
    for one in fills:
        sign = 1 if one.side is Side.BUY else -1
        amounts["main", "BTC"] += sign * one.amount
        amounts["main", "USDT"] -= sign * one.amount * one.price
        amounts["main", one.fee_asset] -= one.fee
    held = (
        Balance(account=a, asset=s, total=canon(n), free=canon(n), as_of=T1) for (a, s), n in sorted(amounts.items())
    )
    return Snapshot(at=T1, balances=tuple(held))


@given(fills=FILLS)
def test_after_any_fills_what_follows_from_them_is_no_break(fills: list[Fill]) -> None:
    assert found(left_by(fills), *fills) == []


@given(fills=FILLS, at=st.integers(0, 99), units=st.integers(-5, 5).filter(bool))
def test_any_change_of_single_units_is_found_and_named(fills: list[Fill], at: int, units: int) -> None:
    after = left_by(fills)
    place = at % len(after.balances)
    wrong = after.balances[place]
    moved = replace(wrong, total=canon(wrong.total + units * D("1E-8")))
    after = replace(after, balances=(*after.balances[:place], moved, *after.balances[place + 1 :]))
    (item,) = found(after, *fills)
    assert told(item) == (wrong.account, wrong.asset, str(units), BreakCause.UNEXPLAINED)


def test_postings_are_those_of_the_fills() -> None:
    result = breaks.reconcile(T1, BEFORE, BEFORE, ended(fill()), None, terms())
    assert result.postings == postings.of_fills([fill()], terms())
