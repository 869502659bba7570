"""Marks are chosen from venues' touches: convert first, then compare, then combine (D13).

Books of one venue count as one source: only another venue confirms a price. Marks spread out from the base
currency, a currency before what is quoted in it, so that each mid is converted by its quote's own mark.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final, NamedTuple

from msgspec.structs import replace

from trimtab.model.assets import Instrument, Listing
from trimtab.model.ledger import Terms
from trimtab.model.policy import PricePolicy
from trimtab.model.prices import Mark, Marks, Quote, Trust, Unpriced
from trimtab.units import BPS, ONE, ZERO, money, plain, under_context

WEAKEST: Final = (Trust.ASSUMED, Trust.SINGLE, Trust.AGREED)
"""Trust in order, weakest first: a mark is never trusted more than what it was converted by."""

ENOUGH: Final = 3
"""Sources that it takes to tell an outlier from the others (D13)."""


class Book(NamedTuple):
    """A touch that may be a source: its middle in quote per base, and the amount of base near it."""

    instrument: Instrument
    mid: Decimal
    depth: Decimal
    as_of: datetime


class Refusal(NamedTuple):
    """A touch that may not, and why; its book where it at least shows a price."""

    instrument: Instrument
    because: str
    book: Book | None


class Source(NamedTuple):
    """One price of an asset in the base currency, from one book, one venue or several.

    `trust` is that of the marks it was converted by.
    """

    name: str
    price: Decimal
    depth: Decimal
    as_of: datetime
    trust: Trust
    books: tuple[str, ...]
    venues: int = 1


class Dispute(NamedTuple):
    """Sources that do not agree: the sentence, and the highest of their prices."""

    because: str
    highest: Decimal


@dataclass(frozen=True)
class Market:
    """All touches sorted out: which may be sources, by the asset they can price, and which may not."""

    rules: PricePolicy
    direct: Mapping[str, Sequence[Book]]
    inverse: Mapping[str, Sequence[Book]]
    refused: Sequence[Refusal]


@under_context
def choose(at: datetime, quotes: Iterable[Quote], terms: Terms) -> Marks:
    """One mark for each asset that can have one, in the base currency, which is worth 1 by definition.

    A fixed price of the file is the price, whatever venues say, and is marked as assumed. Else: one venue alone is
    a single source; two must agree within `max_disagreement_bps` of their middle and are weighted by depth; of
    three or more, those that far from the median are rejected and the rest must be more than half. An asset that
    is never the base of a live book is priced by the books that are quoted in it.
    """
    market = _market(at, quotes, terms)
    found = _given(at, terms)
    disputes: dict[str, Dispute] = {}
    waiting = {asset for i in terms.instruments for asset in (i.base, i.quote)}
    waiting |= {asset.id for asset in terms.policy.assets}
    waiting -= found.keys()
    while ready := _ready(market, found, waiting):
        for asset in ready:
            _settle(asset, market, found, disputes)
        waiting -= set(ready)
    unpriced = [
        replace(_unpriced(asset, market, found, disputes, terms), listed=_is_listed(asset, terms))
        for asset in sorted(waiting | disputes.keys())
    ]
    marks = tuple(found[asset] for asset in sorted(found))
    return Marks(at=at, base=terms.policy.base, marks=marks, unpriced=tuple(unpriced))


def _given(at: datetime, terms: Terms) -> dict[str, Mark]:
    base = terms.policy.base
    given = {
        fixed.asset: Mark(asset=fixed.asset, price=fixed.price, as_of=at, sources=(), trust=Trust.ASSUMED)
        for fixed in terms.policy.prices.fixed
    }
    return given | {base: Mark(asset=base, price=ONE, as_of=at, sources=(), trust=Trust.AGREED)}


def _market(at: datetime, quotes: Iterable[Quote], terms: Terms) -> Market:
    rules = terms.policy.prices
    quoted = {quote.instrument: quote for quote in quotes}
    direct: dict[str, list[Book]] = defaultdict(list)
    inverse: dict[str, list[Book]] = defaultdict(list)
    refused: list[Refusal] = []
    trusted = {venue: rank for rank, venue in enumerate(rules.sources)}
    for instrument in sorted(terms.instruments, key=lambda i: (trusted.get(i.venue, len(trusted)), i.id)):
        book = _book(at, instrument, quoted.get(instrument.id), rules)
        if isinstance(book, Refusal):
            refused.append(book)
        else:
            direct[instrument.base].append(book)
            inverse[instrument.quote].append(book)
    return Market(rules, direct, inverse, refused)


def _book(at: datetime, instrument: Instrument, quote: Quote | None, rules: PricePolicy) -> Book | Refusal:
    """A touch as a source, or why it is none."""
    if quote is None or quote.bid is None or quote.ask is None:
        side = "is not quoted" if quote is None else "has an empty side"
        return Refusal(instrument, instrument.notice or side, None)
    if quote.bid <= 0 or quote.ask <= 0 or quote.bid > quote.ask:
        wrong = "is crossed" if quote.bid > quote.ask else "has a price that is not above zero"
        return Refusal(instrument, f"{wrong} (bid {plain(quote.bid)}, ask {plain(quote.ask)})", None)
    mid = (quote.bid + quote.ask) / 2
    book = Book(instrument, mid, quote.bid_amount + quote.ask_amount, quote.as_of)
    because = _excluded(at, book, (quote.ask - quote.bid) * BPS / mid, rules)
    return Refusal(instrument, because, book) if because else book


def _excluded(at: datetime, book: Book, spread_bps: Decimal, rules: PricePolicy) -> str | None:
    """Why a sound touch is no source by the fund's own rules. Its age counts both ways: clocks may disagree."""
    instrument, age = book.instrument, abs(at - book.as_of)
    if instrument.venue not in rules.sources:
        return f"is at {instrument.venue}, which is not among the sources"
    if instrument.listing is not Listing.TRADING:
        return f"is {instrument.listing}"
    if age > timedelta(seconds=rules.max_age_s):
        away = "old" if at > book.as_of else "ahead of our clock"
        return f"is {age // timedelta(seconds=1)} s {away}, at most {rules.max_age_s} s are allowed"
    if spread_bps > rules.max_spread_bps:
        return f"is {plain(spread_bps, 2)} bps wide, at most {plain(rules.max_spread_bps)} bps are allowed"
    return None


def _ready(market: Market, found: Mapping[str, Mark], waiting: Collection[str]) -> list[str]:
    """The assets to settle next: those one book away from a mark, and of these the ones that wait for no other."""
    near = [a for a in sorted(waiting) if any(b.instrument.quote in found for b in market.direct.get(a, ()))]
    free = [a for a in near if not any(b.instrument.quote in near for b in market.direct[a])]
    if near:
        return free or near[:1]
    return [a for a in sorted(waiting) if any(b.instrument.base in found for b in market.inverse.get(a, ()))]


def _settle(asset: str, market: Market, found: dict[str, Mark], disputes: dict[str, Dispute]) -> None:
    """Give an asset its mark, or say why its sources give none."""
    most_bps = market.rules.max_disagreement_bps
    sources = _sources(asset, market.direct, found) or _sources(asset, market.inverse, found)
    agreed = _combined(_by_venue(sources, most_bps), most_bps)
    if isinstance(agreed, Dispute):
        disputes[asset] = agreed
    elif not (price := money(agreed.price)):
        disputes[asset] = Dispute("its price is too small to be told from zero", agreed.price)
    else:
        trust = agreed.trust if agreed.venues > 1 else min(agreed.trust, Trust.SINGLE, key=WEAKEST.index)
        found[asset] = Mark(asset=asset, price=price, as_of=agreed.as_of, sources=agreed.books, trust=trust)


def _sources(asset: str, books: Mapping[str, Sequence[Book]], found: Mapping[str, Mark]) -> list[Source]:
    return [s for book in books.get(asset, ()) if (s := _converted(asset, book, found)) is not None]


def _converted(asset: str, book: Book, found: Mapping[str, Mark]) -> Source | None:
    """A book's middle as a price of `asset` in the base currency; None where its other side has no mark."""
    direct = book.instrument.base == asset
    link = found.get(book.instrument.quote if direct else book.instrument.base)
    if link is None:
        return None
    price, depth = (book.mid * link.price, book.depth) if direct else (link.price / book.mid, book.depth * book.mid)
    as_of = min(book.as_of, link.as_of)
    return Source(book.instrument.venue, price, depth, as_of, link.trust, (book.instrument.id,))


def _by_venue(sources: Iterable[Source], most_bps: Decimal) -> list[Source | Dispute]:
    """Books of one venue as one source, in the order of trust."""
    grouped: dict[str, list[Source | Dispute]] = defaultdict(list)
    for source in sources:
        grouped[source.name].append(source._replace(name=source.books[0]))
    combined = [(venue, _combined(group, most_bps)) for venue, group in grouped.items()]
    return [c if isinstance(c, Dispute) else c._replace(name=venue, venues=1) for venue, c in combined]


def _combined(found: Sequence[Source | Dispute], most_bps: Decimal) -> Source | Dispute:
    """Several sources as one; or the dispute, if they are too far apart or one of them is divided in itself."""
    sources = [s for s in found if isinstance(s, Source)]
    if not sources:
        return next(d for d in found if isinstance(d, Dispute))
    if len(sources) == 1:
        return sources[0]
    middle = median(s.price for s in sources)
    kept = [s for s in sources if abs(s.price - middle) * BPS <= most_bps * middle]
    if len(sources) < ENOUGH:
        kept = sources if abs(sources[0].price - sources[1].price) * BPS <= most_bps * middle else []
    if 2 * len(kept) <= len(sources):
        return _dispute(sources, middle, most_bps)
    return _joint(kept, _by_depth(kept) if len(sources) < ENOUGH else median(s.price for s in kept))


def _by_depth(sources: Sequence[Source]) -> Decimal:
    depth = sum((s.depth for s in sources), ZERO)
    if not depth:
        return sum((s.price for s in sources), ZERO) / len(sources)
    return sum((s.price * s.depth for s in sources), ZERO) / depth


def _joint(kept: Sequence[Source], price: Decimal) -> Source:
    """Sources that agree confirm each other: one that rests on no assumption is enough."""
    return Source(
        name=kept[0].name,
        price=price,
        depth=sum((s.depth for s in kept), ZERO),
        as_of=min(s.as_of for s in kept),
        trust=max((s.trust for s in kept), key=WEAKEST.index),
        books=tuple(book for s in kept for book in s.books),
        venues=len(kept),
    )


def _dispute(sources: Sequence[Source], middle: Decimal, most_bps: Decimal) -> Dispute:
    said = " and ".join(f"{s.name} says {plain(money(s.price))}" for s in sources)
    low, high = min(s.price for s in sources), max(s.price for s in sources)
    apart = plain((high - low) * BPS / middle, 2)
    return Dispute(f"{said}: {apart} bps apart, at most {plain(most_bps)} bps are allowed", high)


def _unpriced(
    asset: str, market: Market, found: Mapping[str, Mark], disputes: Mapping[str, Dispute], terms: Terms
) -> Unpriced:
    """Why an asset has no mark, and the last price that was seen for it."""
    if asset in disputes:
        return Unpriced(asset=asset, because=disputes[asset].because, last=money(disputes[asset].highest))
    refusals = [r for r in market.refused if asset in (r.instrument.base, r.instrument.quote)]
    told = "; ".join(f"{r.instrument.id} {r.because}" for r in refusals)
    stranded = [b.instrument.id for b in (*market.direct.get(asset, ()), *market.inverse.get(asset, ()))]
    told = told or (f"{stranded[0]} leads to no asset with a price" if stranded else _unlisted(terms))
    return Unpriced(asset=asset, because=told, last=_last(asset, refusals, found))


def _unlisted(terms: Terms) -> str:
    silent = _silent(terms)
    if not silent:
        return "no venue lists it"
    others = ", and no other venue lists it" if terms.instruments else ""
    return f"{' and '.join(silent)} could not be read{others}"


def _is_listed(asset: str, terms: Terms) -> bool:
    """Whether it may be quoted again: a source that did not answer may list it."""
    there = (i for i in terms.instruments if i.listing is not Listing.VANISHED)
    return bool(_silent(terms)) or any(asset in (i.base, i.quote) for i in there)


def _silent(terms: Terms) -> list[str]:
    """Sources that list nothing at all did not answer: nobody knows what they list."""
    return sorted(set(terms.policy.prices.sources) - {instrument.venue for instrument in terms.instruments})


def _last(asset: str, refusals: Iterable[Refusal], found: Mapping[str, Mark]) -> Decimal | None:
    """The newest price among touches that are no sources, the higher of two equally new ones."""
    seen = list(_seen(asset, refusals, found))
    return money(max(seen)[1]) if seen else None


def _seen(asset: str, refusals: Iterable[Refusal], found: Mapping[str, Mark]) -> Iterator[tuple[datetime, Decimal]]:
    for refusal in refusals:
        source = _converted(asset, refusal.book, found) if refusal.book is not None else None
        if source is not None:
            yield source.as_of, source.price
