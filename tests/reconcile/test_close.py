from datetime import timedelta

from msgspec.structs import replace

from tests.reconcile.books import T0, T1, D, ended, fill, look, terms, transfer
from trimtab.model.accounts import Managed
from trimtab.model.breaks import Break, BreakCause
from trimtab.model.holdings import Snapshot
from trimtab.model.orders import Side
from trimtab.reconcile import close
from trimtab.reconcile.close import Close, CloseLine, Period

OPENING = look(T0, main_BTC="2", main_USDT="100000", side_USDT="5")
LATER = T0 + timedelta(minutes=2)


def closed(closing: Snapshot, period: Period, managed: Managed = Managed.EXCLUSIVE) -> Close:
    return close.close(OPENING, closing, period, terms(managed))


def line(made: Close, account: str, asset: str) -> CloseLine:
    return next(one for one in made.lines if (one.account, one.asset) == (account, asset))


def test_opening_fills_fees_and_transfers_make_the_closing_over_several_cycles() -> None:
    bought, sold = fill(fee="60"), fill(Side.SELL, "0.5", "62000", fee="0.001", fee_asset="BTC", name="f2")
    period = Period(ended=(ended(bought), ended(sold)), transfers=(transfer(credited=LATER),))
    made = closed(look(T1, main_BTC="2.499", main_USDT="70929", side_USDT="15"), period)
    cash = line(made, "main", "USDT")
    assert (cash.opening, cash.fills, cash.transfers, cash.fees) == (D(100000), D(-29000), D(-10), D(-61))
    assert (cash.closing, cash.observed) == (D(70929), D(70929))
    assert line(made, "main", "BTC").fees == D("-0.001")
    assert line(made, "side", "USDT").transfers == D(10)
    assert made.breaks == ()


def test_every_line_adds_up() -> None:
    made = closed(look(T1), Period(ended=(ended(fill(fee="60")),), transfers=(transfer(),)))
    assert made.lines
    assert all(one.opening + one.fills + one.transfers + one.fees == one.closing for one in made.lines)  # type: ignore[operator]


def test_a_movement_counts_by_the_clock_of_the_account_that_was_read() -> None:
    opening = replace(OPENING, balances=tuple(replace(b, as_of=LATER) for b in OPENING.balances))
    period = Period(transfers=(transfer(debited=LATER, credited=LATER + timedelta(seconds=1)),))
    made = close.close(opening, look(T1, main_BTC="2", main_USDT="100000", side_USDT="15"), period, terms())
    assert made.breaks == ()


def test_a_transfer_under_way_is_no_break_where_it_has_not_arrived() -> None:
    period = Period(transfers=(transfer(credited=T1 + timedelta(seconds=1)),))
    made = closed(look(T1, main_BTC="2", main_USDT="99989", side_USDT="5"), period)
    assert made.breaks == ()


def test_a_difference_no_cycle_found_is_dated_by_the_close() -> None:
    made = closed(look(T1, main_BTC="2.00000001", main_USDT="100000", side_USDT="5"), Period())
    assert [(b.asset, b.raw, b.cause, b.since) for b in made.breaks] == [("BTC", "1", BreakCause.UNEXPLAINED, T1)]


def test_a_difference_keeps_the_date_and_cause_of_the_cycle_that_found_it() -> None:
    earlier = Break(
        account="main",
        asset="BTC",
        expected=D(2),
        observed=D("2.00000001"),
        raw="1",
        cause=BreakCause.LATE_FILL,
        because="an order was open",
        since=LATER,
    )
    made = closed(look(T1, main_BTC="2.00000001", main_USDT="100000", side_USDT="5"), Period(found=(earlier,)))
    assert [(b.since, b.cause, b.because) for b in made.breaks] == [(LATER, BreakCause.LATE_FILL, "an order was open")]


def test_an_account_that_cannot_be_read_shows_no_observed_amount() -> None:
    made = closed(look(T1, unread=("side",), main_BTC="2", main_USDT="100000"), Period())
    assert line(made, "side", "USDT").observed is None
    assert [(b.account, b.cause, b.raw) for b in made.breaks] == [("side", BreakCause.UNREAD, "")]


def test_an_account_that_could_not_be_read_at_the_opening_has_no_closing() -> None:
    opening = look(T0, unread=("side",), main_BTC="2", main_USDT="100000")
    made = close.close(opening, look(T1, main_BTC="2", main_USDT="100000", side_USDT="5"), Period(), terms())
    assert (line(made, "side", "USDT").opening, line(made, "side", "USDT").closing) == (None, None)
    assert made.breaks == ()


def test_in_a_shared_account_a_difference_is_foreign() -> None:
    made = closed(look(T1, main_BTC="2", main_USDT="100000"), Period(), Managed.SHARED)
    assert [(b.account, b.raw, b.cause) for b in made.breaks] == [("side", "-500000000", BreakCause.FOREIGN)]
