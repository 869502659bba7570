"""Money in, out and within a venue: T5's timeline, what has matured, and whose key may move what."""

from decimal import Decimal

import pytest

from tests.sim.venue import T0, after, free, holds, order, outside, place, reloaded, settle, venue
from trimtab.model.holdings import Stage, Transfer
from trimtab.model.orders import OrderStatus, Side
from trimtab.sim import exchange, transfers
from trimtab.sim.refusals import Refusal
from trimtab.sim.state import Direction, Exchange

MILLION = Decimal(1_000_000)


def sent() -> tuple[Exchange, Exchange, Transfer]:
    """A million USDT on its way from `main` at one venue to `other` at another, fee 1."""
    source, target = venue(main={"USDT": "1000000"}), venue()
    transfer = transfers.withdraw(source, "main", "USDT", MILLION, network="chain", target="other", at=T0)
    transfers.announce(target, transfer, network="chain", seen_at=transfers.sent_at(source, transfer))
    return source, target, transfer


def stage(of: Exchange, account: str, minutes: float) -> Stage | None:
    settle(of, after(60 * minutes))
    found = transfers.listed(of, account, T0)
    return found[0].stage if found else None


@pytest.mark.parametrize(
    ("minutes", "at_source", "at_target"),
    [
        (0, Stage.REQUESTED, None),
        (3.99, Stage.REQUESTED, None),
        (4, Stage.SENT, Stage.SEEN),
        (9.99, Stage.SENT, Stage.SEEN),
        (10, Stage.SENT, Stage.TRADABLE),
        (29.99, Stage.SENT, Stage.TRADABLE),
        (30, Stage.SENT, Stage.WITHDRAWABLE),
    ],
)
def test_a_transfer_is_debited_at_12_00_on_chain_12_04_tradable_12_10_and_withdrawable_12_30(
    minutes: float, at_source: Stage, at_target: Stage | None
) -> None:
    source, target, _ = sent()
    assert (stage(source, "main", minutes), stage(target, "other", minutes)) == (at_source, at_target)


@pytest.mark.parametrize("minutes", [0, 3.99, 4, 5, 10, 29.99, 30, 600])
def test_both_venues_and_the_chain_together_are_short_of_exactly_the_fee_at_every_instant(minutes: float) -> None:
    source, target, transfer = sent()
    settle(source, after(60 * minutes))
    settle(target, after(60 * minutes))
    there = holds(source, "main")["USDT"] + holds(target, "other").get("USDT", Decimal(0))
    on_the_way = Decimal(0) if minutes >= 10 else transfer.amount - transfer.fee
    assert MILLION - there - on_the_way == 1


def test_both_ends_report_one_id_and_their_own_instants() -> None:
    source, target, transfer = sent()
    settle(source, after(1800))
    settle(target, after(1800))
    (out,), (came,) = transfers.listed(source, "main", T0), transfers.listed(target, "other", T0)
    assert out.id == came.id == transfer.id
    assert (out.debited_at, out.credited_at) == (T0, None)
    assert (came.debited_at, came.credited_at, came.withdrawable_at) == (T0, after(600), after(1800))


def test_a_deposit_that_is_tradable_can_be_traded_and_not_sent_on_before_it_has_matured() -> None:
    _, target, _ = sent()
    settle(target, after(1799))
    (balance,) = exchange.read(target, "other", after(1799)).balances
    assert (balance.free, balance.withdrawable) == (Decimal(999_999), Decimal(0))
    with pytest.raises(Refusal, match="999,999 USDT cannot leave other: 0 is withdrawable"):
        transfers.withdraw(target, "other", "USDT", Decimal(999_999), network="chain", target="x", at=after(1799))
    buy = order(Side.BUY, "1", account="other", valid_s=1800)
    assert place(target, buy, at=after(1799)).status is OrderStatus.FILLED
    settle(target, after(1800))
    left = free(target, "other", "USDT")
    assert transfers.withdraw(target, "other", "USDT", left, network="chain", target="x", at=after(1800)).amount == left


def test_what_an_order_locks_cannot_be_withdrawn() -> None:
    of = venue(main={"USDT": "60000"})
    place(of, order(Side.BUY, "0.5", "59000"), outside(asks=()))
    with pytest.raises(Refusal, match="30,500 is withdrawable"):
        transfers.withdraw(of, "main", "USDT", Decimal("30500.00000001"), network="chain", target="x", at=T0)
    transfers.withdraw(of, "main", "USDT", Decimal(30_500), network="chain", target="x", at=T0)
    assert free(of, "main", "USDT") == 0


@pytest.mark.parametrize(
    ("account", "amount", "network", "because"),
    [
        ("main", "9.99", "chain", "9.99 USDT by chain is below the least, 10"),
        ("main", "10", "carrier pigeon", "v carries no USDT by carrier pigeon"),
        ("sub", "10", "chain", "sub may not withdraw; its money leaves by main"),
        ("nobody", "10", "chain", "there is no account nobody at v"),
        ("main", "10.000000001", "chain", "10.000000001 has more than 8 decimals"),
    ],
)
def test_a_withdrawal_is_refused_with_the_reason_and_nothing_happens(
    account: str, amount: str, network: str, because: str
) -> None:
    of = venue(main={"USDT": "60"}, sub={"USDT": "60"})
    of.state.take_changes()
    with pytest.raises(Refusal, match=because):
        transfers.withdraw(of, account, "USDT", Decimal(amount), network=network, target="x", at=T0)
    changes = of.state.take_changes()
    assert (changes.balances, changes.movements, changes.next_transfer) == ((), (), 1)


def test_a_sub_account_without_the_right_gets_its_money_out_over_its_parent() -> None:
    of = venue(main={}, sub={"USDT": "60"})
    with pytest.raises(Refusal, match="the key of sub may not move money from sub"):
        transfers.move(of, "sub", "sub", "main", "USDT", Decimal(60), at=T0)
    moved = transfers.move(of, "main", "sub", "main", "USDT", Decimal(60), at=T0)
    assert (moved.stage, moved.fee, moved.debited_at, moved.credited_at) == (Stage.WITHDRAWABLE, Decimal(0), T0, T0)
    transfers.withdraw(of, "main", "USDT", Decimal(60), network="chain", target="x", at=T0)
    assert (holds(of, "main"), holds(of, "sub")) == ({"USDT": Decimal(0)}, {"USDT": Decimal(0)})


def test_a_sub_account_with_the_right_moves_only_what_is_its_own() -> None:
    of = venue(main={"USDT": "60"}, free={"USDT": "60"})
    transfers.move(of, "free", "free", "sub", "USDT", Decimal(60), at=T0)
    assert (holds(of, "free"), holds(of, "sub")) == ({"USDT": Decimal(0)}, {"USDT": Decimal(60)})
    for source in ("main", "sub"):
        with pytest.raises(Refusal, match=f"the key of free may not move money from {source}"):
            transfers.move(of, "free", source, "free", "USDT", Decimal(1), at=T0)


@pytest.mark.parametrize(("key", "source", "target"), [("main", "main", "other"), ("other", "main", "sub")])
def test_money_moves_within_one_family_only(key: str, source: str, target: str) -> None:
    of = venue(main={"USDT": "60"})
    with pytest.raises(Refusal, match="not accounts of one family"):
        transfers.move(of, key, source, target, "USDT", Decimal(1), at=T0)


def test_a_move_shows_at_both_accounts_and_is_finished_at_once() -> None:
    of = venue(main={"USDT": "60"})
    moved = transfers.move(of, "main", "main", "sub", "USDT", Decimal(60), at=T0)
    assert transfers.listed(of, "main", T0) == transfers.listed(of, "sub", T0) == (moved,)
    assert transfers.listed(of, "main", after(0.001)) == ()


def test_what_has_not_matured_does_not_move_within_the_family_either() -> None:
    source, target = venue(main={"USDT": "1000000"}), venue()
    transfer = transfers.withdraw(source, "main", "USDT", MILLION, network="chain", target="main", at=T0)
    transfers.announce(target, transfer, network="chain", seen_at=T0)
    settle(target, after(900))
    with pytest.raises(Refusal, match="1 USDT cannot leave main: 0 is withdrawable"):
        transfers.move(target, "main", "main", "sub", "USDT", Decimal(1), at=after(900))
    settle(target, after(1560))
    assert transfers.move(target, "main", "main", "sub", "USDT", Decimal(1), at=after(1560)).amount == 1


def test_a_held_deposit_is_not_credited_until_it_is_released() -> None:
    _, target, transfer = sent()
    settle(target, after(300))
    transfers.hold(target, transfer.id, "travel rule")
    assert stage(target, "other", 60) is Stage.HELD
    assert transfers.listed(target, "other", T0)[0].because == "travel rule"
    assert holds(target, "other") == {}
    transfers.release(target, transfer.id, after(3600))
    assert stage(target, "other", 60) is Stage.WITHDRAWABLE
    assert target.state.movements[transfer.id, Direction.IN].transfer.credited_at == after(3600)


def test_a_deposit_held_after_its_credit_can_be_traded_and_never_matures() -> None:
    _, target, transfer = sent()
    settle(target, after(900))
    transfers.hold(target, transfer.id, "review")
    settle(target, after(7200))
    (balance,) = exchange.read(target, "other", after(7200)).balances
    assert (balance.free, balance.withdrawable) == (Decimal(999_999), Decimal(0))


def test_only_what_was_seen_can_be_held_and_only_what_is_held_released() -> None:
    _, target, transfer = sent()
    with pytest.raises(Refusal, match="is requested; only what was seen"):
        transfers.hold(target, transfer.id, "review")
    with pytest.raises(Refusal, match="not held"):
        transfers.release(target, transfer.id, T0)


def test_a_deposit_is_announced_once() -> None:
    _, target, transfer = sent()
    with pytest.raises(Refusal, match="is known already"):
        transfers.announce(target, transfer, network="chain", seen_at=T0)


def test_a_transfer_goes_on_from_the_stored_rows() -> None:
    _, target, _ = sent()
    settle(target, after(300))
    assert stage(reloaded(target), "other", 30) is Stage.WITHDRAWABLE


def test_finished_movements_leave_the_list() -> None:
    source, target, _ = sent()
    settle(source, after(1800))
    settle(target, after(1800))
    assert len(transfers.listed(source, "main", after(240))) == 1
    assert transfers.listed(source, "main", after(240.001)) == ()
    assert len(transfers.listed(target, "other", after(1800))) == 1
    assert transfers.listed(target, "other", after(1800.001)) == ()
