"""What a plan may use: the money that is free, the books within the price guard, the fees of each account.

A book is shared by every account of its venue (D1). What looks better than its mark counts as the mark: a crossed
or stale mark is no profit to plan on (D4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trimtab.model.assets import FeeTerms, Instrument, Listing, TakenFrom
from trimtab.model.decision import Goal, Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.orders import Side
from trimtab.model.prices import Ladder, Level, Marks
from trimtab.quant import fees, filters
from trimtab.units import BPS, ONE, ZERO, divide, money, under_context


@dataclass(frozen=True)
class Book:
    """One side of a venue's book within the guard, best first: what own accounts together may take."""

    instrument: Instrument
    side: Side
    mark: Decimal
    guard: Decimal
    levels: tuple[Level, ...]

    @property
    def name(self) -> str:
        """The instrument and which way our orders go."""
        return f"{self.instrument.id} {self.side}"


@dataclass(frozen=True)
class Market:
    """One account's way to one book."""

    account: str
    book: Book
    fee: FeeTerms

    @property
    def name(self) -> str:
        """The account and the book."""
        return f"{self.account} {self.book.name}"

    @property
    def rate(self) -> Decimal:
        """The fee as a fraction of value, the third asset's discount counted; a rebate is not planned on (D4)."""
        off = self.fee.discount or ZERO if self.fee.taken_from is TakenFrom.THIRD else ZERO
        return max(ZERO, self.fee.taker_bps) / BPS * (ONE - off)


@dataclass(frozen=True)
class Scene:
    """Everything a plan is made of, sorted: prices in the base currency, amounts in units of their assets."""

    base: str
    prices: Mapping[str, Decimal]
    goals: tuple[Goal, ...]
    held: Mapping[str, Decimal]
    free: Mapping[tuple[str, str], Decimal]
    markets: tuple[Market, ...]
    terms: Terms

    @property
    def nav(self) -> Decimal:
        """The value of everything that has a price."""
        return sum((self.held[a] * self.prices[a] for a in sorted(self.held) if a in self.prices), ZERO)


@under_context
def scene(decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity) -> Scene:
    """Put together what a plan may use, the same for lists in any order."""
    prices = {mark.asset: mark.price for mark in marks.marks}
    held: dict[str, Decimal] = {}
    for asset, amount in (
        *((b.asset, b.total) for b in snapshot.balances),
        *((t.asset, t.amount) for t in snapshot.transits),
    ):
        held[asset] = held.get(asset, ZERO) + amount
    unread = {item.account for item in snapshot.unknown}
    goals = {goal.asset: goal for goal in decision.goals}
    named = {a: goals.get(a) or Goal(asset=a, low=ZERO, high=ZERO) for a in {*goals, *(a for a in held if held[a])}}
    return Scene(
        base=terms.policy.base,
        prices=prices,
        goals=tuple(named[asset] for asset in sorted(named)),
        held=held,
        free=_free(snapshot, terms, unread),
        markets=tuple(_markets(prices, terms, liquidity, unread)),
        terms=terms,
    )


def _free(snapshot: Snapshot, terms: Terms, unread: set[str]) -> dict[tuple[str, str], Decimal]:
    keep = {(account.id, kept.asset): kept.amount for account in terms.policy.accounts for kept in account.keep}
    found = {}
    for balance in snapshot.balances:
        place = balance.account, balance.asset
        if balance.account not in unread:
            found[place] = max(ZERO, min(balance.free, balance.total - keep.get(place, ZERO)))
    return found


def _markets(prices: Mapping[str, Decimal], terms: Terms, liquidity: Liquidity, unread: set[str]) -> list[Market]:
    ladders = {ladder.instrument: ladder for ladder in liquidity.ladders}
    tolerance = terms.policy.execution.price_tolerance_bps / BPS
    by_venue: dict[str, list[str]] = {}
    for account in sorted(terms.policy.accounts, key=lambda a: a.id):
        if account.id not in unread:
            by_venue.setdefault(account.venue, []).append(account.id)
    found = []
    for instrument in sorted(terms.instruments, key=lambda i: i.id):
        for book in _books(instrument, ladders.get(instrument.id), prices, tolerance):
            names = by_venue.get(instrument.venue, ())
            found += [Market(name, book, fees.terms_for(terms.fees, name, instrument.id)) for name in names]
    return found


def _books(
    instrument: Instrument, ladder: Ladder | None, prices: Mapping[str, Decimal], tolerance: Decimal
) -> list[Book]:
    priced = instrument.base in prices and instrument.quote in prices
    if ladder is None or not priced or instrument.listing is not Listing.TRADING:
        return []
    mark = money(divide(prices[instrument.base], prices[instrument.quote]))
    found = []
    for side, levels in ((Side.BUY, ladder.asks), (Side.SELL, ladder.bids)):
        edge = mark * (ONE + tolerance if side is Side.BUY else ONE - tolerance)
        guard = filters.price_within(instrument.filters, side, edge)
        if guard > 0:
            within = tuple(level for level in levels if level.amount > 0 and _takes(side, level.price, guard))
            found.append(Book(instrument, side, mark, guard, within))
    return [book for book in found if book.levels]


def _takes(side: Side, price: Decimal, guard: Decimal) -> bool:
    return price <= guard if side is Side.BUY else price >= guard


def fair(book: Book, level: Level) -> Decimal:
    """The price a plan counts on at one level: never better than the mark (D4)."""
    return max(level.price, book.mark) if book.side is Side.BUY else min(level.price, book.mark)


def walk(book: Book, amount: Decimal) -> Decimal:
    """The quote that trading `amount` moves, at the prices a plan counts on; the book must have it."""
    left, moved = amount, ZERO
    for level in book.levels:
        taken = min(left, level.amount)
        moved += taken * fair(book, level)
        left -= taken
        if not left:
            return moved
    raise AssertionError(f"{book.name}: {left} more than the book has")


def room(book: Book) -> Decimal:
    """All that the book takes within the guard."""
    return sum((level.amount for level in book.levels), ZERO)


def instruments(markets: Sequence[Market], asset: str) -> list[Market]:
    """The markets on which an asset is what is traded."""
    return [market for market in markets if market.book.instrument.base == asset]
