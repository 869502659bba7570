"""What two venues tell of one movement."""

from datetime import timedelta

from msgspec.structs import replace

from tests.small import T0, D, later, transfer
from trimtab.model.holdings import Stage, Transfer
from trimtab.value.ends import joined

OURS = ("a", "b", "c")
SENT = transfer(Stage.SENT, target="0xb")
ARRIVED = transfer(Stage.TRADABLE, source="", amount=D(999999), fee=D(0), debited_at=later(240), credited_at=later(600))


def test_a_deposit_meets_the_withdrawal_of_its_transaction() -> None:
    (met,) = joined([SENT, ARRIVED], OURS)

    assert (met.source, met.target, met.amount, met.fee) == ("a", "b", D(1000000), D(1))
    assert (met.stage, met.debited_at, met.credited_at) == (Stage.TRADABLE, T0, later(600))


def test_the_order_in_which_venues_tell_changes_nothing() -> None:
    assert joined([SENT, ARRIVED], OURS) == joined([ARRIVED, SENT], OURS)


def test_what_arrived_decides_what_the_way_cost() -> None:
    (met,) = joined([SENT, replace(ARRIVED, amount=D(999998))], OURS)

    assert (met.amount, met.fee) == (D(1000000), D(2))


def test_a_withdrawal_that_names_its_account_meets_it_too() -> None:
    (met,) = joined([transfer(Stage.SENT), ARRIVED], OURS)

    assert (met.source, met.target, met.credited_at) == ("a", "b", later(600))


def test_a_deposit_of_another_transaction_or_asset_is_another_movement() -> None:
    assert len(joined([SENT, replace(ARRIVED, id="w2")], OURS)) == 2
    assert len(joined([SENT, replace(ARRIVED, asset="BTC")], OURS)) == 2


def test_a_withdrawal_to_another_account_of_ours_is_not_met() -> None:
    assert len(joined([transfer(Stage.SENT, target="c"), ARRIVED], OURS)) == 2


def test_one_transaction_that_pays_two_accounts_meets_each_by_its_amount() -> None:
    small = replace(SENT, amount=D(11), target="0xc")
    there = replace(ARRIVED, amount=D(10), target="c")
    found = joined([SENT, small, there, ARRIVED], OURS)

    assert [(t.source, t.target, t.amount, t.fee) for t in found] == [
        ("a", "b", D(1000000), D(1)),
        ("a", "c", D(11), D(1)),
    ]


def test_money_from_outside_stays_from_outside() -> None:
    assert joined([ARRIVED], OURS) == [ARRIVED]


def test_two_whole_reports_are_one_transfer_and_the_later_is_right() -> None:
    known: Transfer = transfer(Stage.WITHDRAWABLE, credited_at=later(600), debited_at=T0 + timedelta(seconds=9))

    assert joined([known, transfer(Stage.SENT)], OURS) == [replace(known, debited_at=T0)]
