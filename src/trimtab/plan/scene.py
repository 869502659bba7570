"""From the cycle's nouns to a scene: which money, books and markets a plan may use, the same for lists in any order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Context, Decimal
from typing import Final

from trimtab.model.accounts import Account
from trimtab.model.assets import Instrument, Listing
from trimtab.model.decision import Goal, Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.mandate import Severity
from trimtab.model.orders import Side
from trimtab.model.prices import Level, Marks
from trimtab.plan.market import Book, Market, Place, Rung, Scene
from trimtab.quant import fees, filters
from trimtab.units import BPS, ONE, ZERO, divide

SIDES: Final = (Side.BUY, Side.SELL)

AMPLE: Final = Decimal("1.1")
"""More than fees and the fund's costs can add to what an asset lacks."""

SIGNIFICANT: Final = Context(prec=20)
"""Prices of pairs have twenty digits, however small they are: rounding to decimals would lose that of a cheap asset."""

LOSABLE: Final = Decimal("0.05")
"""The share of the fund that a plan may be expected to lose at the very most."""


def arrange(decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity) -> Scene:
    """Put together what a plan may use, the same for lists in any order.

    Raises ValueError for a price that is not above zero, and for anything that is there twice.
    """
    _once("goals", (goal.asset for goal in decision.goals))
    _once("marks", (mark.asset for mark in marks.marks))
    _once("balances", (f"{b.account} {b.asset}" for b in snapshot.balances))
    _once("instruments", (instrument.id for instrument in terms.instruments))
    _once("liquidity", (ladder.instrument for ladder in liquidity.ladders))
    for mark in marks.marks:
        if mark.price <= 0:
            raise ValueError(f"marks.{mark.asset}: price {mark.price} is not above zero")
    sketch = _sketch(decision, snapshot, marks, terms, liquidity)
    markets = tuple(sorted(_markets(sketch, snapshot), key=lambda market: market.name))
    touched = {a for m in markets for a in (m.book.instrument.base, m.book.instrument.quote)}
    return _with(sketch, markets, touched | {m.fee.third for m in markets if m.fee.third in sketch.prices})


def _once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what}: {name} is there twice; each may be there once")
        seen.add(name)


def _sketch(decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity) -> Scene:
    """The scene before anything can be traded in it."""
    held: dict[str, Decimal] = {}
    for balance in sorted(snapshot.balances, key=lambda b: (b.asset, b.account)):
        held[balance.asset] = held.get(balance.asset, ZERO) + balance.total
    for transit in sorted(snapshot.transits, key=lambda t: (t.asset, t.id)):
        held[transit.asset] = held.get(transit.asset, ZERO) + transit.amount
    named = {goal.asset: goal for goal in decision.goals}
    for asset, amount in held.items():
        if amount and asset not in named:
            named[asset] = Goal(asset=asset, low=ZERO, high=ZERO)
    return Scene(
        base=terms.policy.base,
        prices={mark.asset: mark.price for mark in marks.marks},
        assets={asset.id: asset for asset in terms.policy.assets},
        goals=tuple(named[asset] for asset in sorted(named)),
        held=held,
        there={(b.account, b.asset): b.total for b in snapshot.balances},
        free=_free(snapshot, terms),
        markets=(),
        terms=terms,
        ladders={ladder.instrument: ladder for ladder in liquidity.ladders},
    )


def _with(sketch: Scene, markets: tuple[Market, ...], touched: Iterable[str | None]) -> Scene:
    named = {goal.asset: goal for goal in sketch.goals}
    for asset in touched:
        if asset is not None and asset not in named:
            named[asset] = Goal(asset=asset, low=ZERO, high=ZERO)
    return replace(sketch, markets=markets, goals=tuple(named[asset] for asset in sorted(named)))


def _free(snapshot: Snapshot, terms: Terms) -> dict[Place, Decimal]:
    """What may be spent: free, less what the account keeps, in accounts that could be read."""
    kept = {(account.id, keep.asset): keep.amount for account in terms.policy.accounts for keep in account.keep}
    unread = {item.account for item in snapshot.unknown}
    places = ((balance.account, balance.asset, balance.free) for balance in snapshot.balances)
    return {
        (account, asset): max(ZERO, free - kept.get((account, asset), ZERO))
        for account, asset, free in places
        if account not in unread
    }


def _markets(sketch: Scene, snapshot: Snapshot) -> Iterator[Market]:
    """Every account's way to every book it can use: it has what is spent there, or can get it in the same account."""
    unread = {item.account for item in snapshot.unknown}
    by_venue: dict[str, list[Account]] = {}
    for account in sorted(sketch.terms.policy.accounts, key=lambda a: a.id):
        if account.id not in unread:
            by_venue.setdefault(account.venue, []).append(account)
    open_now = [i for i in sorted(sketch.terms.instruments, key=lambda i: i.id) if _open(sketch, i, by_venue)]
    hubs = {instrument.quote for instrument in open_now}
    passing = hubs | {fee.third for fee in sketch.terms.fees if fee.third}
    books = []
    for instrument in open_now:
        names = [account.id for account in by_venue[instrument.venue]]
        for side in _sides(sketch, instrument, passing):
            reach = None if instrument.base in passing else _reach(sketch, instrument, side, names)
            if book := _book(sketch, instrument, side, reach):
                books.append(book)
    for venue in sorted(by_venue):
        there = [book for book in books if book.instrument.venue == venue]
        for account in by_venue[venue]:
            yield from _usable(sketch, account, there, hubs)


def _open(sketch: Scene, instrument: Instrument, venues: Mapping[str, object]) -> bool:
    known = all(a in sketch.prices and a in sketch.assets for a in (instrument.base, instrument.quote))
    trades = instrument.listing is Listing.TRADING and instrument.venue in venues
    return known and trades and instrument.id in sketch.ladders


def _sides(sketch: Scene, instrument: Instrument, passing: set[str]) -> tuple[Side, ...]:
    """Our sides of a book that can serve. An asset outside its goal, that nothing is quoted in, goes one way (D4).

    Costs lift the weight of what is not traded: an asset just below its goal may have to be sold.
    """
    weight = divide(sketch.worth(instrument.base), sketch.nav) if sketch.nav > 0 else ZERO
    goal = sketch.goal.get(instrument.base)
    low, high = (goal.low, goal.high) if goal else (ZERO, ZERO)
    if instrument.base in passing or low * (ONE - LOSABLE) <= weight <= high:
        return SIDES
    return (Side.SELL,) if weight > high else (Side.BUY,)


def _reach(sketch: Scene, instrument: Instrument, side: Side, accounts: Iterable[str]) -> Decimal:
    """The most that could be traded of an asset through which nothing passes: what is there to sell, or is lacking."""
    if side is Side.SELL:
        return sum((sketch.free.get((account, instrument.base), ZERO) for account in accounts), ZERO)
    goal = sketch.goal.get(instrument.base)
    lacking = (goal.high if goal else ZERO) * sketch.nav - sketch.worth(instrument.base)
    return max(ZERO, divide(lacking, sketch.prices[instrument.base])) * AMPLE


def _book(sketch: Scene, instrument: Instrument, side: Side, reach: Decimal | None) -> Book | None:
    """The book as far as the guard; None where nothing can be traded on that side."""
    mark = SIGNIFICANT.divide(sketch.prices[instrument.base], sketch.prices[instrument.quote])
    guard = _guard(sketch, instrument, side, mark)
    if guard <= 0:
        return None
    ladder = sketch.ladders[instrument.id]
    levels = ladder.asks if side is Side.BUY else ladder.bids
    rungs: list[Rung] = []
    taken, cut = ZERO, False
    for rung in _rungs(instrument.id, levels, side, mark, guard):
        if cut := reach is not None and taken >= reach:
            break
        rungs.append(rung)
        taken += rung.amount
    if not rungs or _too_thin(sketch, instrument, guard, taken):
        return None
    spends, gets = instrument.quote, instrument.base
    if side is Side.SELL:
        spends, gets = gets, spends
    name = f"{instrument.id} {side}"
    return Book(name, instrument, side, spends, gets, mark, guard, tuple(rungs), taken, cut)


def _too_thin(sketch: Scene, instrument: Instrument, guard: Decimal, room: Decimal) -> bool:
    """Whether all that a book takes is less than the smallest order."""
    rules = instrument.filters
    small = room < max(rules.step, rules.min_amount or ZERO) or room * guard < (rules.min_notional or ZERO)
    return small or room * sketch.prices[instrument.base] < sketch.least


def _guard(sketch: Scene, instrument: Instrument, side: Side, mark: Decimal) -> Decimal:
    """The worst price allowed, on the instrument's ticks; zero where the venue would refuse any such price."""
    tolerance, rules = sketch.terms.policy.execution.price_tolerance_bps / BPS, instrument.filters
    if side is Side.BUY:
        edge = mark * (ONE + tolerance)
        edge = edge if rules.max_price is None else min(edge, rules.max_price)
    else:
        edge = mark * (ONE - tolerance)
        edge = edge if rules.min_price is None else max(edge, rules.min_price)
    guard = filters.price_within(rules, side, edge)
    outside = (rules.min_price is not None and guard < rules.min_price) or (
        rules.max_price is not None and guard > rules.max_price
    )
    return ZERO if outside else guard


def _rungs(name: str, levels: Iterable[Level], side: Side, mark: Decimal, guard: Decimal) -> Iterator[Rung]:
    last: Decimal | None = None
    buying = side is Side.BUY
    for level in levels:
        if level.price <= 0:
            raise ValueError(f"liquidity.{name}: price {level.price} is not above zero")
        if last is not None and (level.price < last if buying else level.price > last):
            raise ValueError(f"liquidity.{name}: price {level.price} comes after {last}; the best comes first")
        last = level.price
        if level.price > guard if buying else level.price < guard:
            return
        if level.amount > 0:
            yield Rung(max(level.price, mark) if buying else min(level.price, mark), level.amount)


def _usable(sketch: Scene, account: Account, books: Iterable[Book], hubs: set[str]) -> Iterator[Market]:
    """The books of which the account has, or can come by, what they spend."""
    has = {asset for (name, asset), amount in sketch.free.items() if name == account.id and amount > 0}
    waiting = [b for b in books if not _banned(sketch, b.gets) and (b.spends in hubs or b.spends in has)]
    while ready := [book for book in waiting if book.spends in has]:
        waiting = [book for book in waiting if book.spends not in has]
        has |= {book.gets for book in ready}
        for book in ready:
            charged = fees.terms_for(sketch.terms.fees, account.id, book.instrument.id)
            yield Market(f"{account.id} {book.name}", account.id, book, charged)


def _banned(sketch: Scene, asset: str) -> bool:
    """Whether the mandate lets nothing of an asset be bought, also on the way to another."""
    clauses = sketch.terms.policy.mandate.clauses
    return any(
        c.kind == "banned" and c.severity is Severity.BLOCK and not c.limit and asset in c.scope for c in clauses
    )
