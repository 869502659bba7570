"""The linear programme of a scene. All flows are in value (base currency at marks), so that numbers are near one.

Columns: `take` is a level of a shared book, `via` an account's part in a book, `miss` what a goal is missed by,
`lost` all that fees and prices cost. Rows: a book's parts are its levels; an account never spends more than it has
free or certainly gets; a weight, of the value after costs, lies within its goal.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from trimtab.model.assets import TakenFrom
from trimtab.model.orders import Side
from trimtab.plan.market import Book, Market, Scene, fair, room
from trimtab.quant.lp import Column, Problem, Row
from trimtab.units import ONE, ZERO, divide, under_context

MISS: Final = Decimal(1)
"""What missing a goal by one unit of value costs: far more than any trade within a price guard."""

LOSABLE: Final = Decimal("0.2")
"""The share of value that a plan could lose at the very most; a finite bound, and never reached."""


@dataclass
class Sheet:
    """A problem while it is written."""

    rows: list[Row] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)

    def row(self, name: str, low: Decimal | None, high: Decimal | None) -> None:
        """Add a row."""
        self.at[name] = len(self.rows)
        self.rows.append(Row(name, low, high))

    def column(self, name: str, cost: Decimal, high: Decimal, entries: Iterable[tuple[str, Decimal]]) -> None:
        """Add a column; entries in rows that the sheet does not have are left out, those of one row are summed."""
        summed: dict[int, Decimal] = {}
        for row, value in entries:
            place = self.at.get(row)
            if place is not None and value:
                summed[place] = summed.get(place, ZERO) + value
        self.columns.append(Column(name, cost, high, tuple(sorted(summed.items()))))


@under_context
def problem(scene: Scene, markets: tuple[Market, ...], slack: dict[str, Decimal]) -> Problem:
    """Write the programme over some of the scene's markets.

    `slack` widens goals, by asset and in value: with what a rounded plan misses, the bound is one on every plan
    that ends as near to its goals as that one.
    """
    sheet, nav = Sheet(), scene.nav
    books = {market.book.name: market.book for market in markets}
    sheet.row("lost", ZERO, ZERO)
    for name in books:
        sheet.row(f"book {name}", ZERO, ZERO)
    for account, asset in sorted({(m.account, spent) for m in markets for spent in _spent(m)}):
        has = scene.free.get((account, asset), ZERO) * scene.prices[asset]
        sheet.row(f"free {account} {asset}", None, has)
    for goal in scene.goals:
        if goal.asset in scene.prices:
            value = scene.held.get(goal.asset, ZERO) * scene.prices[goal.asset]
            off = slack.get(goal.asset, ZERO)
            sheet.row(f"low {goal.asset}", goal.low * nav - value - off, None)
            sheet.row(f"high {goal.asset}", None, goal.high * nav - value + off)
    _lost(sheet, scene, nav)
    for book in books.values():
        _levels(sheet, scene, book)
    for market in markets:
        _part(sheet, scene, market)
    return Problem(tuple(sheet.rows), tuple(sheet.columns))


def _lost(sheet: Sheet, scene: Scene, nav: Decimal) -> None:
    """What is lost lowers the value that weights are shares of; missing a goal is allowed at a price."""
    shares = [(f"{edge} {g.asset}", getattr(g, edge)) for g in scene.goals for edge in ("low", "high")]
    sheet.column("lost", ONE, nav * LOSABLE, [("lost", -ONE), *shares])
    for goal in scene.goals:
        sheet.column(f"miss low {goal.asset}", MISS, nav, [(f"low {goal.asset}", ONE)])
        sheet.column(f"miss high {goal.asset}", MISS, nav, [(f"high {goal.asset}", -ONE)])


def _levels(sheet: Sheet, scene: Scene, book: Book) -> None:
    """One unit of value taken from a level: what it moves in quote, and what that loses against the mark."""
    price, quote = scene.prices[book.instrument.base], book.instrument.quote
    sign = ONE if book.side is Side.BUY else -ONE
    for number, level in enumerate(book.levels):
        moved = divide(fair(book, level), book.mark)
        entries = [
            (f"book {book.name}", -ONE),
            ("lost", sign * (moved - ONE)),
            *_both(quote, -sign * moved),
        ]
        sheet.column(f"take {book.name} {number}", ZERO, level.amount * price, entries)


def _part(sheet: Sheet, scene: Scene, market: Market) -> None:
    """One unit of value through an account: base moves, a fee is paid, and at the guard nothing is overdrawn."""
    book, pair, rate = market.book, market.book.instrument, market.rate
    buying = book.side is Side.BUY
    sign = ONE if buying else -ONE
    worst = divide(book.guard, book.mark)
    paid_in = fee_asset(scene, market)
    paid = rate * worst if paid_in == pair.quote else rate
    spends, gets = (pair.quote, pair.base) if buying else (pair.base, pair.quote)
    spent, got = (worst, ONE) if buying else (ONE, worst)
    entries = [
        (f"book {book.name}", ONE),
        ("lost", rate),
        *_both(pair.base, sign),
        *_both(paid_in, -rate),
        (f"free {market.account} {spends}", spent),
        (f"free {market.account} {gets}", -got),
        (f"free {market.account} {paid_in}", paid),
    ]
    sheet.column(f"via {market.name}", ZERO, room(book) * scene.prices[pair.base], entries)


def _both(asset: str, value: Decimal) -> tuple[tuple[str, Decimal], ...]:
    return ((f"low {asset}", value), (f"high {asset}", value))


def _spent(market: Market) -> tuple[str, ...]:
    pair = market.book.instrument
    third = (market.fee.third,) if market.fee.taken_from is TakenFrom.THIRD and market.fee.third else ()
    return (pair.base, pair.quote, *third)


def fee_asset(scene: Scene, market: Market) -> str:
    """What a fee is planned to be taken from: a third asset only where the account has any of it, at a price."""
    pair = market.book.instrument
    third = market.fee.third
    if (
        market.fee.taken_from is TakenFrom.THIRD
        and third in scene.prices
        and scene.free.get((market.account, third or ""))
    ):
        return str(third)
    if market.fee.taken_from is TakenFrom.QUOTE or market.book.side is Side.SELL:
        return pair.quote
    return pair.base
