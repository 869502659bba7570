import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.sim import l2
from trimtab.sim.l2 import Book, Reel

D = Decimal
FIRST = "l2_raw_binance_spot_btcusdt_20240808.jsonl.gz"
SECOND = "l2_raw_binance_spot_btcusdt_20240809.jsonl.gz"


def lines(shared: Path, *names: str) -> Iterator[bytes]:
    for name in names:
        with gzip.open(shared / "data" / name, "rb") as file:
            yield from file


def line(second: int, raw: str) -> bytes:
    return f"{second * 1_000_000_000} {raw}\n".encode()


def snapshot(second: int, last: int) -> bytes:
    return line(second, f'{{"lastUpdateId":{last},"bids":[["99","1"],["98","2"]],"asks":[["101","1"]]}}')


def diff(second: int, first: int, last: int, bids: str = "[]", asks: str = "[]") -> bytes:
    return line(second, f'{{"data":{{"e":"depthUpdate","U":{first},"u":{last},"b":{bids},"a":{asks}}}}}')


def applied(book: Book, diffs: tuple[tuple[int, l2.Diff], ...]) -> list[bool]:
    """Whether the book was crossed after each difference."""
    crossed = []
    for _, one in diffs:
        l2.apply(book, one)
        crossed.append(book.crossed())
    return crossed


def test_the_recorded_stream_applies_whole_with_the_difference_that_straddles_its_snapshot(shared: Path) -> None:
    found = l2.read(lines(shared, FIRST))
    crossed = applied(l2.opened(found.full), found.diffs)
    assert (len(found.diffs) + found.older, found.older, len(crossed), sum(crossed)) == (3451, 2, 3449, 0)


def test_without_the_straddling_difference_the_recorded_book_crosses(shared: Path) -> None:
    found = l2.read(lines(shared, FIRST))
    crossed = applied(l2.opened(found.full), found.diffs[1:])
    assert (len(crossed), sum(crossed)) == (3448, 2573)


def test_a_second_file_continues_the_first(shared: Path) -> None:
    found = l2.read(lines(shared, FIRST, SECOND))
    assert len(found.diffs) > 6000
    assert not any(applied(l2.opened(found.full), found.diffs))


def test_the_continuation_alone_has_no_snapshot(shared: Path) -> None:
    with pytest.raises(ValueError, match="no snapshot"):
        l2.read(lines(shared, SECOND))


def test_the_straddling_difference_may_arrive_before_the_snapshot() -> None:
    found = l2.read([diff(1, 5, 9), diff(1, 10, 12, bids='[["99","7"]]'), snapshot(2, 11), diff(3, 13, 13)])
    assert (found.older, [d.last for _, d in found.diffs]) == (1, [12, 13])


def test_a_gap_in_the_ids_is_refused() -> None:
    with pytest.raises(ValueError, match="updates 14 to 14 are missing"):
        l2.read([snapshot(2, 11), diff(3, 12, 13), diff(4, 15, 16)])


def test_a_stream_that_begins_after_its_snapshot_is_refused() -> None:
    with pytest.raises(ValueError, match="no difference straddles the snapshot 11"):
        l2.read([snapshot(2, 11), diff(3, 13, 14)])


def reel() -> Reel:
    return Reel(
        l2.read(
            [
                snapshot(10, 11),
                diff(10, 12, 12, bids='[["99","5"]]'),
                diff(12, 13, 13, bids='[["99","0"]]', asks='[["100","3"]]'),
                *(diff(12 + n, 13 + n, 13 + n, asks=f'[["101","{n}"]]') for n in range(1, 200)),
            ]
        )
    )


def test_the_book_at_a_second_holds_what_came_before_it() -> None:
    assert l2.levels(reel(), 11) == (((D(99), D(5)), (D(98), D(2))), ((D(101), D(1)),))
    assert l2.levels(reel(), 12) == l2.levels(reel(), 11)
    assert l2.levels(reel(), 13) == (((D(98), D(2)),), ((D(100), D(3)), (D(101), D(1))))


def test_going_back_in_time_gives_the_same_books() -> None:
    there = reel()
    onward = {s: l2.levels(there, s) for s in range(11, 212)}
    there.tops.clear()
    assert {s: l2.levels(there, s) for s in range(211, 10, -1)} == onward


@pytest.mark.parametrize("second", [10, 212])
def test_outside_of_the_recording_there_is_no_book(second: int) -> None:
    assert l2.levels(reel(), second) is None
