"""A venue's book rebuilt from its own recording: one REST snapshot and the stream of differences around it.

The difference that straddles the snapshot (first id <= snapshot id + 1 <= last id) usually arrives before the
snapshot does; whoever drops it with the older ones has a book that crosses some minutes later.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import nlargest, nsmallest
from itertools import pairwise
from typing import Final

import msgspec

CHECKPOINT_S: Final = 60
"""How far apart whole books are kept, so that going back in time replays no more than this."""

Pairs = tuple[tuple[Decimal, Decimal], ...]


class Diff(msgspec.Struct, frozen=True):
    """One change of the book: prices with their new amounts (0: gone), covering update ids `first` to `last`."""

    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    bids: Pairs = msgspec.field(name="b")
    asks: Pairs = msgspec.field(name="a")


class Full(msgspec.Struct, frozen=True):
    """A whole book as of update id `last`."""

    last: int = msgspec.field(name="lastUpdateId")
    bids: Pairs
    asks: Pairs


class _Message(msgspec.Struct, frozen=True):
    data: Diff


@dataclass
class Book:
    """All levels of both sides, price to amount, as of update id `last`."""

    last: int
    bids: dict[Decimal, Decimal]
    asks: dict[Decimal, Decimal]

    def crossed(self) -> bool:
        """Whether someone offers to buy at or above the price at which someone offers to sell."""
        return bool(self.bids) and bool(self.asks) and max(self.bids) >= min(self.asks)


@dataclass(frozen=True)
class Recording:
    """One instrument's stream in order of receipt: the snapshot's second, and the differences with theirs.

    `older` counts the differences that the snapshot already included.
    """

    start: int
    full: Full
    diffs: tuple[tuple[int, Diff], ...]
    older: int


@dataclass
class Reel:
    """A recording with what was already rebuilt from it. The book at a second is always the same."""

    recording: Recording
    depth: int = 200
    seconds: list[int] = field(default_factory=list)
    checkpoints: list[tuple[int, Book]] = field(default_factory=list)
    tops: dict[int, tuple[Pairs, Pairs]] = field(default_factory=dict)
    place: int = 0
    cursor: tuple[int, Book] | None = None


def read(lines: Iterable[bytes]) -> Recording:
    """Read a stream: each line is the receive time in nanoseconds, a blank, and the venue's own JSON.

    Differences are buffered until the snapshot; those it includes are left out, the straddling one is kept.
    Raises ValueError without a snapshot, and where ids leave a gap.
    """
    full: Full | None = None
    start, found = 0, list[tuple[int, Diff]]()
    message, whole = msgspec.json.Decoder(_Message), msgspec.json.Decoder(Full)
    for line in lines:
        received, _, raw = line.partition(b" ")
        if b'"lastUpdateId"' in raw:
            full, start = whole.decode(raw), int(received) // 1_000_000_000
        elif b'"depthUpdate"' in raw:
            found.append((int(received) // 1_000_000_000, message.decode(raw).data))
    if full is None:
        raise ValueError("the stream holds no snapshot (a line with lastUpdateId); start with the file that does")
    fresh = tuple((second, diff) for second, diff in found if diff.last > full.last)
    _refuse_gaps(full, [diff for _, diff in fresh])
    return Recording(start=start, full=full, diffs=fresh, older=len(found) - len(fresh))


def _refuse_gaps(full: Full, diffs: Sequence[Diff]) -> None:
    if diffs and not diffs[0].first <= full.last + 1 <= diffs[0].last:
        raise ValueError(f"no difference straddles the snapshot {full.last}: the first covers {diffs[0].first} onward")
    for before, after in pairwise(diffs):
        if after.first != before.last + 1:
            raise ValueError(f"updates {before.last + 1} to {after.first - 1} are missing from the stream")


def opened(full: Full) -> Book:
    """The snapshot as a book."""
    return Book(last=full.last, bids=dict(full.bids), asks=dict(full.asks))


def apply(book: Book, diff: Diff) -> None:
    """Change a book by one difference."""
    book.last = diff.last
    for levels, changes in ((book.bids, diff.bids), (book.asks, diff.asks)):
        for price, amount in changes:
            if amount:
                levels[price] = amount
            else:
                levels.pop(price, None)


def span(recording: Recording) -> tuple[int, int]:
    """The first second at which the book is known throughout, and the first one after the recording."""
    return recording.start + 1, recording.diffs[-1][0] + 1 if recording.diffs else recording.start + 1


def levels(reel: Reel, second: int) -> tuple[Pairs, Pairs] | None:
    """The best bids and asks (`reel.depth` of each) at the beginning of a second; None outside of the recording."""
    first, end = span(reel.recording)
    if not first <= second < end:
        return None
    found = reel.tops.get(second)
    if found is None:
        book = _rebuilt(reel, second)
        bids = nlargest(reel.depth, book.bids.items(), key=lambda level: level[0])
        asks = nsmallest(reel.depth, book.asks.items(), key=lambda level: level[0])
        found = reel.tops[second] = tuple(bids), tuple(asks)
    return found


def _rebuilt(reel: Reel, second: int) -> Book:
    """The book after everything received before `second`: onward from where the reel stands, or from a checkpoint."""
    if not reel.checkpoints:
        reel.seconds.append(reel.recording.start)
        reel.checkpoints.append((0, opened(reel.recording.full)))
    index, book = _nearest(reel, second)
    diffs = reel.recording.diffs
    while index < len(diffs) and diffs[index][0] < second:
        if diffs[index][0] >= reel.seconds[-1] + CHECKPOINT_S:
            reel.seconds.append(diffs[index][0])
            reel.checkpoints.append((index, _copied(book)))
        apply(book, diffs[index][1])
        index += 1
    reel.cursor, reel.place = (index, book), second
    return book


def _nearest(reel: Reel, second: int) -> tuple[int, Book]:
    place = bisect_right(reel.seconds, second) - 1
    if reel.cursor is not None and reel.seconds[place] <= reel.place <= second:
        return reel.cursor
    index, kept = reel.checkpoints[place]
    return index, _copied(kept)


def _copied(book: Book) -> Book:
    return Book(last=book.last, bids=dict(book.bids), asks=dict(book.asks))
