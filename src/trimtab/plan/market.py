"""What a plan may use: the money that is free, the books within the price guard, the fees of each account.

A book is shared by every account of its venue (D1). What looks better than its mark counts as the mark: a crossed
or stale mark is no profit to plan on, and neither is a rebate (D4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import msgspec

from trimtab.model.assets import Asset, FeeTerms, Instrument, TakenFrom
from trimtab.model.decision import Goal
from trimtab.model.ledger import Terms
from trimtab.model.mandate import Basis, Severity
from trimtab.model.orders import Side
from trimtab.model.prices import Ladder
from trimtab.units import BPS, ZERO

Place = tuple[str, str]
"""An account and an asset in it."""

MERGED: Final = Decimal("0.000005")
"""Levels nearer than this (of the price) to the first of a run are taken at the first one's price."""


class Rung(msgspec.Struct, frozen=True, gc=False):
    """An amount that a book takes at one price: the level's own, or the mark where that is worse."""

    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Book:
    """One side of an instrument's book within the guard, best first: what all own accounts together may take.

    `side` is ours: a buy takes asks. `mark` is the price that the marks imply, `guard` the worst one allowed. What lies
    beyond any need is left out, and `cut` says so.
    """

    name: str
    instrument: Instrument
    side: Side
    spends: str
    gets: str
    mark: Decimal
    guard: Decimal
    rungs: tuple[Rung, ...]
    room: Decimal
    cut: bool

    @cached_property
    def steps(self) -> tuple[Rung, ...]:
        """The book in few parts: rungs that are as good as equal in price are one, at the best of their prices."""
        found: list[Rung] = []
        near = ZERO
        for rung in self.rungs:
            if found and abs(rung.price - found[-1].price) <= near:
                found[-1] = Rung(found[-1].price, found[-1].amount + rung.amount)
            else:
                found.append(rung)
                near = rung.price * MERGED
        return tuple(found)


@dataclass(frozen=True)
class Market:
    """One account's way to one book, and what it pays there. Its name is of account, instrument and side."""

    name: str
    account: str
    book: Book
    fee: FeeTerms

    @property
    def rate(self) -> Decimal:
        """The fee as a fraction of value. A rebate is not planned on (D4)."""
        return max(ZERO, self.fee.taker_bps) / BPS

    @property
    def charged(self) -> str:
        """The asset that the fee is taken from where no third asset pays it."""
        pair = self.book.instrument
        return pair.quote if self.fee.taken_from is TakenFrom.QUOTE or self.book.side is Side.SELL else pair.base


@dataclass(frozen=True)
class Scene:
    """Everything a plan is made of: prices in the base currency, amounts in units of their assets, markets by name.

    `goals` has every asset that is held, wanted, or could be passed through. `there` is all that an account has of
    an asset, `free` what trading may spend of it. `least` is the value below which the mandate stops a trade.
    """

    base: str
    prices: Mapping[str, Decimal]
    assets: Mapping[str, Asset]
    goals: tuple[Goal, ...]
    held: Mapping[str, Decimal]
    there: Mapping[Place, Decimal]
    free: Mapping[Place, Decimal]
    markets: tuple[Market, ...]
    terms: Terms
    ladders: Mapping[str, Ladder]

    @cached_property
    def goal(self) -> Mapping[str, Goal]:
        """The goals by asset."""
        return {goal.asset: goal for goal in self.goals}

    @cached_property
    def nav(self) -> Decimal:
        """The value of everything that has a price."""
        return sum((self.worth(asset) for asset in sorted(self.held)), ZERO)

    @cached_property
    def stake(self) -> Decimal:
        """The value of everything that has a price, with what is owed counted as if it were held."""
        return sum((abs(self.worth(asset)) for asset in sorted(self.held)), ZERO)

    @cached_property
    def least(self) -> Decimal:
        """The value below which the mandate stops a trade."""
        clauses = self.terms.policy.mandate.clauses
        limits = (
            clause.limit if clause.basis is Basis.VALUE else clause.limit * self.nav
            for clause in clauses
            if clause.kind == "min_trade" and clause.severity is Severity.BLOCK
        )
        return max(limits, default=ZERO)

    def room(self, market: Market) -> Decimal:
        """The most that one market can take, in base units: its book, and for a buy what the venue lets us hold."""
        most, pair = market.book.instrument.filters.max_position, market.book.instrument
        if most is None or market.book.side is Side.SELL:
            return market.book.room
        return max(ZERO, min(market.book.room, most - self.there.get((market.account, pair.base), ZERO)))

    @cached_property
    def size(self) -> Decimal:
        """All that is held and all that is owed, by value: what could move at the very most."""
        prices = self.prices
        return sum((abs(n) * prices[place[1]] for place, n in self.there.items() if place[1] in prices), abs(self.nav))

    def worth(self, asset: str) -> Decimal:
        """The value of all that is held of an asset; zero where it has no price."""
        return self.held.get(asset, ZERO) * self.prices.get(asset, ZERO)
