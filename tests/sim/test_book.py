"""The matching core: price-time priority, every order kind, and one owner never meeting himself."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from trimtab.sim.book import BUY, SELL, Book, End, Force, Match, Outcome, Resting


def book(*orders: tuple[int, str, int, int, int]) -> Book:
    filled = Book()
    for key, owner, side, lots, ticks in orders:
        assert filled.place(key, owner, side, lots, ticks, Force.REST).end is End.RESTS
    return filled


def asks() -> Book:
    return book((1, "a", SELL, 5, 101), (2, "b", SELL, 5, 100), (3, "c", SELL, 5, 100))


def test_the_best_price_is_met_first_and_the_earliest_order_within_it() -> None:
    outcome = asks().place(9, "me", BUY, 12, 101, Force.REST)
    assert outcome == Outcome([Match(2, 100, 5), Match(3, 100, 5), Match(1, 101, 2)], 0, End.DONE)


def test_sales_meet_the_highest_bid_first() -> None:
    bids = book((1, "a", BUY, 5, 99), (2, "b", BUY, 5, 100))
    assert bids.place(9, "me", SELL, 7, 99, Force.REST).matches == [Match(2, 100, 5), Match(1, 99, 2)]


def test_a_limit_order_trades_up_to_its_price_and_rests_with_what_is_left() -> None:
    filled = asks()
    assert filled.place(9, "me", BUY, 12, 100, Force.REST) == Outcome(
        [Match(2, 100, 5), Match(3, 100, 5)], 2, End.RESTS
    )
    assert list(filled.depth(BUY)) == [(100, 2)]
    assert list(filled.depth(SELL)) == [(101, 5)]


def test_an_order_that_was_partly_done_keeps_its_place() -> None:
    filled = asks()
    filled.place(8, "me", BUY, 2, 100, Force.REST)
    assert filled.place(9, "me", BUY, 4, 100, Force.REST).matches == [Match(2, 100, 3), Match(3, 100, 1)]


def test_a_market_order_takes_what_there_is_and_never_rests() -> None:
    filled = asks()
    assert filled.place(9, "me", BUY, 20, None, Force.REST).end is End.DRY
    assert len(filled) == 0


def test_immediate_or_cancel_never_rests() -> None:
    filled = asks()
    assert filled.place(9, "me", BUY, 12, 100, Force.IOC) == Outcome([Match(2, 100, 5), Match(3, 100, 5)], 2, End.DRY)
    assert 9 not in filled


@pytest.mark.parametrize(("lots", "end", "matched"), [(10, End.DONE, 2), (11, End.UNFILLABLE, 0)])
def test_fill_or_kill_takes_all_or_nothing(lots: int, end: End, matched: int) -> None:
    outcome = asks().place(9, "me", BUY, lots, 100, Force.FOK)
    assert (outcome.end, len(outcome.matches)) == (end, matched)


def test_fill_or_kill_with_nothing_in_reach_is_killed() -> None:
    assert asks().place(9, "me", BUY, 1, 99, Force.FOK) == Outcome([], 1, End.UNFILLABLE)


@pytest.mark.parametrize(("ticks", "end"), [(99, End.RESTS), (100, End.CROSSES)])
def test_post_only_rests_or_is_refused_whole(ticks: int, end: End) -> None:
    filled = asks()
    assert filled.place(9, "me", BUY, 1, ticks, Force.POST_ONLY) == Outcome([], 1, end)
    assert (9 in filled) is (end is End.RESTS)


def test_what_is_left_is_cancelled_where_it_meets_its_own_owner() -> None:
    filled = asks()
    assert filled.place(9, "c", BUY, 12, 101, Force.REST) == Outcome([Match(2, 100, 5)], 7, End.SELF)
    assert 9 not in filled
    assert 3 in filled


def test_fill_or_kill_does_not_count_what_lies_behind_its_own_owner() -> None:
    assert asks().place(9, "c", BUY, 6, 101, Force.FOK) == Outcome([], 6, End.UNFILLABLE)


def test_a_cancelled_order_is_gone_and_says_what_was_left_of_it() -> None:
    filled = asks()
    filled.place(8, "me", BUY, 2, 100, Force.REST)
    assert (filled.cancel(2), filled.cancel(2), filled.cancel(77)) == (3, 0, 0)
    assert list(filled.depth(SELL)) == [(100, 5), (101, 5)]


def test_a_level_is_gone_with_its_last_order() -> None:
    filled = asks()
    filled.cancel(1)
    assert list(filled.depth(SELL)) == [(100, 10)]


@pytest.mark.parametrize(("key", "lots"), [(1, 5), (9, 0)])
def test_a_key_in_use_and_an_order_for_nothing_are_bad_input(key: int, lots: int) -> None:
    with pytest.raises(ValueError, match="give it a new key and at least one lot"):
        asks().place(key, "me", BUY, lots, 50, Force.REST)


Line = tuple[str, int, int, int | None, Force, int]
LINES = some.lists(
    some.tuples(
        some.sampled_from(["a", "b", "c"]),
        some.sampled_from([BUY, SELL]),
        some.integers(1, 9),
        some.one_of(some.none(), some.integers(95, 105)),
        some.sampled_from(list(Force)),
        some.integers(0, 30),
    ),
    max_size=40,
)


class Naive:
    """The same rules over one plain list, searched from the start each time."""

    def __init__(self) -> None:
        self.resting: list[Resting] = []

    def place(self, key: int, owner: str, side: int, lots: int, ticks: int | None, force: Force) -> Outcome:
        sign = 1 if side == BUY else -1
        found = sorted((order for order in self.resting if order.side != side), key=lambda order: sign * order.level)
        found = [order for order in found if ticks is None or sign * order.level <= sign * ticks]
        if force is Force.POST_ONLY and found:
            return Outcome([], lots, End.CROSSES)
        names = [order.owner for order in found]
        before = found[: names.index(owner)] if owner in names else found
        if force is Force.FOK and sum(order.lots for order in before) < lots:
            return Outcome([], lots, End.UNFILLABLE)
        matches, left = [], lots
        for order in before:
            taken = min(left, order.lots)
            if taken:
                matches.append(Match(order.key, order.level, taken))
            left, order.lots = left - taken, order.lots - taken
        self.resting = [order for order in self.resting if order.lots]
        return Outcome(matches, left, self.ended(key, owner, side, left, ticks, force, met=owner in names))

    def ended(self, key: int, owner: str, side: int, left: int, ticks: int | None, force: Force, *, met: bool) -> End:
        if not left:
            return End.DONE
        if met:
            return End.SELF
        if ticks is None or force is Force.IOC:
            return End.DRY
        self.resting.append(Resting(key, owner, side, ticks, left))
        return End.RESTS

    def cancel(self, key: int) -> int:
        gone = [order for order in self.resting if order.key == key]
        self.resting = [order for order in self.resting if order.key != key]
        return sum(order.lots for order in gone)


@given(LINES)
def test_the_book_agrees_with_a_naive_one_over_any_requests(lines: Sequence[Line]) -> None:
    fast, naive = Book(), Naive()
    for key, (owner, side, lots, ticks, force, cancelled) in enumerate(lines):
        assert fast.place(key, owner, side, lots, ticks, force) == naive.place(key, owner, side, lots, ticks, force)
        assert fast.cancel(cancelled) == naive.cancel(cancelled)
        bid, ask = next(fast.depth(BUY), (0, 0))[0], next(fast.depth(SELL), (1_000, 0))[0]
        assert bid < ask, "two orders that could trade both rest"
        assert len(fast) == len(naive.resting)
