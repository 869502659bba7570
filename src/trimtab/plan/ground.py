"""What a problem means: every place money can be, every move it can make from one to another, and what that loses.

A place is an asset in an account. All flows are value at the marks, in the base currency: a move takes `out` from its
source for each unit of its size and brings `into` to its target; the rest is lost. A rebate, or a price better than the
mark, counts as nothing (D4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from trimtab.model.orders import Side
from trimtab.model.problems import Depth, Desired, Link, PricedAsset, Problem, SharedBook, Stock, Way
from trimtab.units import BPS, ONE, ZERO, ceil_to, divide, floor_to

Place = tuple[str, str]
"""An account and an asset in it."""

WIDE: Final = Decimal(2)
"""No move exceeds this many times what is at stake: money passes an edge once at most. Makes every bound finite."""

NOISE: Final = Decimal("1E-11")
"""A flow below this share of the fund is the solver's rounding; so much may be missing from a whole lot."""

RECEIVED: Final = "received"
QUOTE: Final = "quote"


@dataclass(frozen=True)
class Move:
    """One thing that money can do, by unit of its size: part of a leg (`leg`), bounded by a shared slice of a book.

    `aside` is what a third asset pays. Of each unit `fee`, `spread`, `impact` and `passage` are lost.
    """

    name: str
    leg: str
    source: Place
    out: Decimal
    target: Place
    into: Decimal
    most: Decimal
    shared: str = ""
    third: Place | None = None
    aside: Decimal = ZERO
    fee: Decimal = ZERO
    spread: Decimal = ZERO
    impact: Decimal = ZERO
    passage: Decimal = ZERO

    @property
    def lost(self) -> Decimal:
        """What one unit loses."""
        return self.out + self.aside - self.into


@dataclass(frozen=True)
class Ground:
    """A problem with what is looked up in it."""

    problem: Problem

    @cached_property
    def assets(self) -> Mapping[str, PricedAsset]:
        """The assets by id."""
        return {asset.id: asset for asset in self.problem.assets}

    @cached_property
    def prices(self) -> Mapping[str, Decimal]:
        """The marks of the assets that have one."""
        return {asset.id: asset.price for asset in self.problem.assets if asset.price is not None}

    @cached_property
    def books(self) -> Mapping[str, SharedBook]:
        """The books by id."""
        return {book.id: book for book in self.problem.books}

    @cached_property
    def ways(self) -> Mapping[str, tuple[Way, Side]]:
        """What an order's leg trades on, by the leg's name."""
        return {f"{way.id} {side}": (way, side) for way in self.problem.markets for side in way.sides}

    @cached_property
    def links(self) -> Mapping[str, Link]:
        """What a transfer's leg goes over, by the leg's name."""
        return {link.id: link for link in self.problem.transfers}

    @cached_property
    def stocks(self) -> Mapping[Place, Stock]:
        """What is where."""
        return {(stock.account, stock.asset): stock for stock in self.problem.balances}

    def free(self, place: Place) -> Decimal:
        """What may leave a place."""
        stock = self.stocks.get(place)
        return max(ZERO, stock.free - stock.keep) if stock else ZERO

    @cached_property
    def held(self) -> Mapping[str, Decimal]:
        """All that is held, by asset."""
        found: dict[str, Decimal] = {}
        for stock in self.problem.balances:
            found[stock.asset] = found.get(stock.asset, ZERO) + stock.free + stock.locked
        return found

    def worth(self, asset: str) -> Decimal:
        """The value of all that is held of an asset; zero where it has no price."""
        return self.held.get(asset, ZERO) * self.prices.get(asset, ZERO)

    def within(self, account: str) -> Decimal:
        """The value of all that an account has."""
        there = (s for s in self.problem.balances if s.account == account)
        return sum(((s.free + s.locked) * self.prices.get(s.asset, ZERO) for s in there), ZERO)

    @cached_property
    def nav(self) -> Decimal:
        """The value of everything that has a price."""
        return sum((self.worth(asset) for asset in sorted(self.held)), ZERO)

    @cached_property
    def widest(self) -> Decimal:
        """More than any move can carry."""
        return WIDE * self.nav

    @cached_property
    def aims(self) -> Mapping[str, Desired]:
        """The aim of every asset that has a price: what is not named goes to zero."""
        named = {aim.asset: aim for aim in self.problem.targets}
        return {asset: named.get(asset, Desired(asset=asset, weight=ZERO)) for asset in sorted(self.prices)}

    def goal(self, aim: Desired) -> tuple[Decimal, Decimal]:
        """The weights between which an asset may end."""
        if aim.weight is None:
            return ZERO, ONE
        return max(ZERO, aim.weight - aim.band), min(ONE, aim.weight + aim.band)

    def mark(self, book: SharedBook) -> Decimal:
        """The price of a pair that the marks imply, in quote per base."""
        return divide(self.prices[book.base], self.prices[book.quote])

    def unit(self, asset: str) -> Decimal:
        """An asset's smallest unit."""
        return ONE.scaleb(-self.assets[asset].decimals)

    def step(self, book: SharedBook) -> Decimal:
        """What an order's amount is a multiple of."""
        return book.step or self.unit(book.base)

    def slices(self, book: SharedBook, side: Side) -> tuple[Depth, ...]:
        """The slices of one side, best first. What is better than the mark counts as the mark."""
        return tuple(s for s in book.depth if s.side in (None, side))

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """Everything that money can do, sorted by name."""
        found = [*self._trades(), *self._passages()]
        return tuple(sorted(found, key=lambda move: move.name))

    @cached_property
    def named(self) -> Mapping[str, Move]:
        """The moves by name."""
        return {move.name: move for move in self.moves}

    @cached_property
    def moves_of(self) -> Mapping[str, tuple[Move, ...]]:
        """The moves of each leg."""
        found: dict[str, list[Move]] = {}
        for move in self.moves:
            found.setdefault(move.leg, []).append(move)
        return {leg: tuple(moves) for leg, moves in found.items()}

    @cached_property
    def legs(self) -> tuple[str, ...]:
        """The legs that there could be, sorted."""
        return tuple(sorted(self.moves_of))

    def fixed(self, leg: str) -> Decimal:
        """What a leg costs for being used at all, by value."""
        link = self.links.get(leg)
        return link.fee * self.prices[link.asset] if link else ZERO

    @cached_property
    def rivals(self) -> tuple[tuple[str, str], ...]:
        """Legs of own accounts on both sides of one book, of which at most one may trade (D1)."""
        sides: dict[tuple[str, Side], list[str]] = {}
        for leg, (way, side) in self.ways.items():
            sides.setdefault((way.book, side), []).append(leg)
        buys = {book: legs for (book, side), legs in sides.items() if side is Side.BUY}
        pairs = (
            (buy, sell) for book in sorted(buys) for buy in buys[book] for sell in sides.get((book, Side.SELL), ())
        )
        return tuple(pair for pair in pairs if set(pair) <= self.moves_of.keys())

    def selective(self, leg: str) -> bool:
        """Whether a leg has a fixed fee or a least size, and so is used whole or not at all."""
        if link := self.links.get(leg):
            return bool(link.fee or link.minimum)
        book = self.books[self.ways[leg][0].book]
        return bool(book.min_amount or book.min_notional)

    def touches(self, leg: str) -> frozenset[str]:
        """The assets that a leg moves."""
        return self._touched[leg]

    @cached_property
    def _touched(self) -> Mapping[str, frozenset[str]]:
        ends = (
            (leg, {p[1] for m in moves for p in (m.source, m.target, m.third) if p})
            for leg, moves in self.moves_of.items()
        )
        return {leg: frozenset(assets) for leg, assets in ends}

    def slack(self, leg: str) -> Decimal:
        """What of its size a leg may have to leave or add, by value: a lot, or its least size."""
        return self.least(leg) if self.selective(leg) else self.rest(leg)

    def rest(self, leg: str) -> Decimal:
        """What rounding a leg down to lots and its changes to smallest units leaves, by value, at most."""
        units = sum((2 * self.unit(asset) * self.prices[asset] for asset in self.touches(leg)), self.nav * NOISE)
        return units if leg in self.links else units + self.lot(leg)

    def least(self, leg: str) -> Decimal:
        """The smallest size of a leg, by value: what the venue takes, and more than a transfer's own fee."""
        return self.leasts[leg]

    @cached_property
    def leasts(self) -> Mapping[str, Decimal]:
        """The smallest sizes of all legs."""
        return {leg: self._least(leg) for leg in self.legs}

    def _least(self, leg: str) -> Decimal:
        if link := self.links.get(leg):
            return ceil_to(max(link.minimum, link.fee), self.unit(link.asset)) * self.prices[link.asset]
        way, side = self.ways[leg]
        book = self.books[way.book]
        worst = max((max(ZERO, part.bps) / BPS for part in self.slices(book, side)), default=ZERO)
        kept = ONE if side is Side.BUY else ONE - worst
        notional = divide(book.min_notional * self.prices[book.quote], kept * self.prices[book.base])
        return ceil_to(max(self.step(book), book.min_amount, notional), self.step(book)) * self.prices[book.base]

    def most(self, leg: str) -> Decimal:
        """The largest size of a leg, by value."""
        if link := self.links.get(leg):
            return self.reach(link)
        sizes = {move.shared: move.most for move in self.moves_of[leg]}
        return min(sum(sizes.values(), ZERO), self.widest)

    def lot(self, leg: str) -> Decimal:
        """What rounding an order down leaves, by value, at most."""
        book = self.books[self.ways[leg][0].book]
        return self.step(book) * self.prices[book.base]

    def price(self, move: Move) -> Decimal:
        """The mark of what a move's amount is of."""
        return self.prices[self.moved(move)]

    def amount(self, move: Move, value: Decimal) -> Decimal:
        """A value as an amount of what a move moves, in whole units."""
        asset = self.moved(move)
        return floor_to(divide(value, self.prices[asset]), self.unit(asset))

    def moved(self, move: Move) -> str:
        """The asset that a move's amount is of."""
        way = self.ways.get(move.leg)
        return self.books[way[0].book].base if way else move.source[1]

    @cached_property
    def rooms(self) -> Mapping[str, Decimal]:
        """What each slice of a book takes, in base units."""
        return {move.shared: self.amount(move, move.most) for move in self.moves if move.shared}

    def _trades(self) -> Iterator[Move]:
        for leg, (way, side) in self.ways.items():
            book, parts = self.books[way.book], self.slices(self.books[way.book], side)
            for number, part in enumerate(parts, start=1):
                touch = book.impact.half_spread_bps if book.impact else parts[0].bps
                cost, first = (max(ZERO, bps) / BPS for bps in (part.bps, touch))
                cut = Cut(leg, way, side, number, min(part.value, self.widest), cost, first)
                yield from (_trade(self, cut, rate, taken) for rate, taken in self.charges(way, side))

    def charges(self, way: Way, side: Side) -> tuple[tuple[Decimal, str], ...]:
        """How a fee may be paid, and from what.

        The venue decides: a third asset pays while there is some. Where there is none, or it is what the trade itself
        brings, the fee is taken from that; where there is less than the most the fee can be, it may run short.
        """
        rate, book, taken = max(ZERO, way.fee_bps) / BPS, self.books[way.book], way.fee_from
        if taken in (QUOTE, book.quote):
            return ((rate, QUOTE),)
        if taken == RECEIVED or not rate or (taken == book.base and side is Side.BUY):
            return ((rate, RECEIVED),)
        there = floor_to(self.free((way.account, taken)), self.unit(taken)) * self.prices[taken]
        most = WIDE * rate * min(self.widest, sum((part.value for part in self.slices(book, side)), ZERO))
        found = [(rate, taken)] if there else []
        return tuple(found if there >= most and there else [*found, (rate, RECEIVED)])

    def _passages(self) -> Iterator[Move]:
        for link in self.problem.transfers:
            rate = max(ZERO, link.fee_bps) / BPS
            yield Move(
                name=link.id,
                leg=link.id,
                source=(link.source, link.asset),
                out=ONE,
                target=(link.target, link.asset),
                into=ONE - rate,
                most=self.reach(link),
                passage=rate,
            )

    def reach(self, link: Link) -> Decimal:
        """The most, by value, that can go over a link."""
        price = self.prices[link.asset]
        return self.nav if link.maximum is None else min(self.nav, link.maximum * price)


@dataclass(frozen=True)
class Cut:
    """One slice of a book as one account takes it."""

    leg: str
    way: Way
    side: Side
    number: int
    most: Decimal
    cost: Decimal
    first: Decimal


def _trade(ground: Ground, cut: Cut, rate: Decimal, taken: str) -> Move:
    """The move of an account's share in a slice, its fee `rate` taken from what is received, the quote, or a third."""
    book, account = ground.books[cut.way.book], cut.way.account
    base, quote = (account, book.base), (account, book.quote)
    moved = ONE + cut.cost if cut.side is Side.BUY else ONE - cut.cost
    out, into, aside, third = ONE, ONE, ZERO, None
    if cut.side is Side.BUY:
        out = moved * (ONE + rate) if taken == QUOTE else moved
        into, fee = (ONE - rate, rate) if taken == RECEIVED else (ONE, moved * rate)
    else:
        fee = moved * rate
        into = moved - fee if taken in (RECEIVED, QUOTE) else moved
    if taken not in (RECEIVED, QUOTE):
        third, aside = (account, taken), fee
    return Move(
        name=f"{cut.leg} {cut.number} {taken}",
        leg=cut.leg,
        source=quote if cut.side is Side.BUY else base,
        out=out,
        target=base if cut.side is Side.BUY else quote,
        into=into,
        most=cut.most,
        shared=f"{book.id} {cut.side} {cut.number}",
        third=third,
        aside=aside,
        fee=fee,
        spread=cut.first,
        impact=cut.cost - cut.first,
    )
