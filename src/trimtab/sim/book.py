"""One order book: price-time priority over whole ticks and lots, nothing else. It knows no money and no clock.

Prices of a side are kept in one sorted list, best last, as bids' ticks and asks' negated ticks, so that both
sides read alike; a level is an ordered dictionary, so that a cancel is a deletion and leaves nothing behind.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from enum import IntEnum
from math import inf
from typing import NamedTuple

BUY = 0
SELL = 1
OUTSIDE = ""
"""The owner of liquidity that belongs to nobody here."""


class Force(IntEnum):
    """What becomes of the part of an order that cannot be matched at once."""

    REST = 0
    IOC = 1
    FOK = 2
    POST_ONLY = 3


class End(IntEnum):
    """How the arrival of an order ended: it was done whole, or rests, or the rest of it is gone for a reason."""

    DONE = 0
    RESTS = 1
    DRY = 2
    SELF = 3
    UNFILLABLE = 4
    CROSSES = 5


class Match(NamedTuple):
    """A part of an incoming order met the resting order `maker`, at the price of the latter."""

    maker: int
    ticks: int
    lots: int


class Outcome(NamedTuple):
    """What came of an incoming order: its matches in order, the lots left over, and what became of those."""

    matches: list[Match]
    left: int
    end: End


class Resting:
    """An order in the book; `lots` is what is left of it."""

    __slots__ = ("key", "level", "lots", "owner", "side")

    def __init__(self, key: int, owner: str, side: int, level: int, lots: int) -> None:
        self.key = key
        self.owner = owner
        self.side = side
        self.level = level
        self.lots = lots


Level = OrderedDict[int, Resting]


class Book:
    """The resting orders of one instrument."""

    def __init__(self) -> None:
        self._orders: dict[int, Resting] = {}
        self._levels: tuple[dict[int, Level], dict[int, Level]] = ({}, {})
        self._sorted: tuple[list[int], list[int]] = ([], [])

    def __contains__(self, key: int) -> bool:
        return key in self._orders

    def __len__(self) -> int:
        return len(self._orders)

    def place(self, key: int, owner: str, side: int, lots: int, ticks: int | None, force: Force) -> Outcome:
        """Match an order with what rests, best price first and earliest first within it; rest what may rest.

        `ticks` None is a market order, which never rests. Orders of one owner never meet: what is left of the
        incoming one is cancelled there. A fill-or-kill order counts what it could take before that point and
        takes all or nothing; a post-only order that would take anything is refused whole. Raises ValueError
        for no lots and for a key that is in the book.
        """
        if lots <= 0 or key in self._orders:
            raise ValueError(f"order {key}: {lots} lots; give it a new key and at least one lot")
        worst = -inf if ticks is None else (ticks if side else -ticks)
        prices = self._sorted[1 - side]
        if force and prices and prices[-1] >= worst:
            if force is Force.POST_ONLY:
                return Outcome([], lots, End.CROSSES)
            if force is Force.FOK and self._reachable(owner, side, lots, worst) < lots:
                return Outcome([], lots, End.UNFILLABLE)
        matches: list[Match] = []
        left, met_self = self._match(matches, owner, side, lots, worst)
        if not left:
            return Outcome(matches, 0, End.DONE)
        if met_self:
            return Outcome(matches, left, End.SELF)
        if force is Force.FOK:
            return Outcome(matches, left, End.UNFILLABLE)
        if ticks is None or force is Force.IOC:
            return Outcome(matches, left, End.DRY)
        self._rest(Resting(key, owner, side, -ticks if side else ticks, left))
        return Outcome(matches, left, End.RESTS)

    def cancel(self, key: int) -> int:
        """Take an order off the book; the lots that were left of it, or 0 where it is not there."""
        order = self._orders.pop(key, None)
        if order is None:
            return 0
        levels = self._levels[order.side]
        level = levels[order.level]
        del level[key]
        if not level:
            del levels[order.level]
            prices = self._sorted[order.side]
            del prices[bisect_left(prices, order.level)]
        return order.lots

    def depth(self, side: int) -> Iterator[tuple[int, int]]:
        """Ticks and lots of each level of a side, best first."""
        for price in reversed(self._sorted[side]):
            yield (-price if side else price), sum(order.lots for order in self._levels[side][price].values())

    def orders(self, side: int) -> Iterator[Resting]:
        """The resting orders of a side, in the order in which they will be met."""
        for price in reversed(self._sorted[side]):
            yield from self._levels[side][price].values()

    def _match(self, matches: list[Match], owner: str, side: int, lots: int, worst: float) -> tuple[int, bool]:
        prices, levels = self._sorted[1 - side], self._levels[1 - side]
        while lots and prices and prices[-1] >= worst:
            price = prices[-1]
            lots, met_self = self._sweep(levels[price], matches, owner, lots, price if side else -price)
            if met_self:
                return lots, True
            if not levels[price]:
                prices.pop()
                del levels[price]
        return lots, False

    def _sweep(self, level: Level, matches: list[Match], owner: str, lots: int, ticks: int) -> tuple[int, bool]:
        while lots and level:
            maker = next(iter(level.values()))
            if maker.owner == owner:
                return lots, True
            if maker.lots > lots:
                maker.lots -= lots
                matches.append(Match(maker.key, ticks, lots))
                return 0, False
            lots -= maker.lots
            matches.append(Match(maker.key, ticks, maker.lots))
            del level[maker.key], self._orders[maker.key]
        return lots, False

    def _reachable(self, owner: str, side: int, lots: int, worst: float) -> int:
        found = 0
        for order in self.orders(1 - side):
            if order.level < worst or order.owner == owner or found >= lots:
                break
            found += order.lots
        return found

    def _rest(self, order: Resting) -> None:
        self._orders[order.key] = order
        levels = self._levels[order.side]
        level = levels.get(order.level)
        if level is None:
            level = levels[order.level] = OrderedDict()
            insort(self._sorted[order.side], order.level)
        level[order.key] = order
