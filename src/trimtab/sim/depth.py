"""The book that stands around a price, by a stated model, and how what we took out of a book comes back.

The model's numbers are measured on recorded books by bench/calibrate_depth.py; docs/simulation.md shows them.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cached_property, lru_cache
from math import ceil, floor
from typing import Final, NamedTuple

from trimtab.model.prices import Level
from trimtab.sim.generator import exponential
from trimtab.units import CONTEXT, UNIT, ZERO, canon, ceil_to, floor_to

DEPTH: Final = (
    ("0", 139_000),
    ("0.5", 71_000),
    ("1", 77_000),
    ("2", 166_000),
    ("3", 278_000),
    ("5", 668_000),
    ("7.5", 716_000),
    ("10", 659_000),
    ("15", 1_327_000),
    ("20", 1_305_000),
    ("30", 1_206_000),
    ("50", 802_000),
)
"""Each level of a book of depth 1: basis points beyond the best price, and the money (the world's unit) there.

Measured on Binance BTC/USDT; all money between two distances is taken to rest at the farther one.
"""

HALVINGS: Final = 64
"""After so many half-lives nothing is missing any more."""

GRAIN: Final = 1e-6
"""Part of a tick by which a float may miss the tick it means."""

LN_2: Final = 0.6931471805599453


@dataclass(frozen=True)
class Shape:
    """What of an instrument decides how its book is drawn. `depth` is a multiple of DEPTH."""

    tick: Decimal
    step: Decimal
    half_spread_bps: Decimal
    depth: Decimal


class Rung(NamedTuple):
    """One level of the book outside. `key` names it while prices move: its number in a model, else its price."""

    key: str
    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Rungs:
    """Both sides of the book outside, best first, before what we took from it."""

    bids: tuple[Rung, ...]
    asks: tuple[Rung, ...]

    @cached_property
    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Bids and asks as levels of a ladder, made once."""
        return levels(self.bids), levels(self.asks)


@lru_cache(maxsize=4096)
def around(mid: float, money: float, shape: Shape) -> Rungs:
    """The modelled book around `mid`; `money` is what one unit of base is worth in the world's unit.

    Prices are rounded away from the mid, and each level is at least one tick beyond the one before.
    """
    bids = _side(mid, money, shape, -1)
    return Rungs(bids=bids, asks=_side(mid, money, shape, 1))


def _side(mid: float, money: float, shape: Shape, sign: int) -> tuple[Rung, ...]:
    tick, lot = float(shape.tick), float(shape.step) * money / float(shape.depth)
    half = float(shape.half_spread_bps)
    found, last = [], floor(mid / tick) if sign > 0 else ceil(mid / tick)
    for number, (distance, value) in enumerate(_DISTANCES):
        level = mid * (1.0 + sign * (half + distance) / 10_000.0) / tick
        last = max(ceil(level - GRAIN), last + 1) if sign > 0 else min(floor(level + GRAIN), last - 1)
        lots = int(value / lot)
        if last > 0 and lots:
            found.append(Rung(_NUMBERS[number], _times(last, shape.tick), _times(lots, shape.step)))
    return tuple(found)


_DISTANCES: Final = tuple((float(distance), float(value)) for distance, value in DEPTH)
_NUMBERS: Final = tuple(str(number) for number in range(len(DEPTH)))


def _times(count: int, size: Decimal) -> Decimal:
    """A canonical product. Books are drawn by the hundred, and `canon` takes three times as long."""
    product = CONTEXT.multiply(Decimal(count), size)
    whole = int(product)
    return Decimal(whole) if product == whole else CONTEXT.normalize(product)


def levels(rungs: tuple[Rung, ...]) -> tuple[Level, ...]:
    """Rungs as levels of a ladder; empty ones are left out."""
    return tuple(Level(price=rung.price, amount=rung.amount) for rung in rungs if rung.amount)


def recorded(
    bids: tuple[tuple[Decimal, Decimal], ...], asks: tuple[tuple[Decimal, Decimal], ...], shape: Shape
) -> Rungs:
    """Recorded levels on the instrument's ticks and steps: bids rounded down and asks up, then merged by price."""
    return Rungs(bids=_merged(bids, shape, -1), asks=_merged(asks, shape, 1))


def _merged(levels: tuple[tuple[Decimal, Decimal], ...], shape: Shape, sign: int) -> tuple[Rung, ...]:
    amounts: dict[Decimal, Decimal] = {}
    for price, amount in levels:
        on_tick = ceil_to(price, shape.tick) if sign > 0 else floor_to(price, shape.tick)
        amounts[on_tick] = amounts.get(on_tick, ZERO) + amount
    whole = ((price, floor_to(amount, shape.step)) for price, amount in amounts.items())
    return tuple(Rung(format(price, "f"), price, amount) for price, amount in whole if amount and price > 0)


@dataclass(frozen=True)
class Taken:
    """What we took from one level: `amount` (base units) was missing at `at` (microseconds); it comes back."""

    amount: Decimal
    at: int


def missing(taken: Taken, at: int, half_life_s: Decimal) -> Decimal:
    """How much is still missing at `at`: half of it after each half-life, rounded up to a millionth of a millionth."""
    halvings = max(0, at - taken.at) / (float(half_life_s) * 1_000_000)
    if halvings > HALVINGS:
        return ZERO
    left = CONTEXT.multiply(taken.amount, Decimal(exponential(-halvings * LN_2)))
    return canon(left.quantize(UNIT, rounding=ROUND_CEILING, context=CONTEXT))


def take(taken: Taken | None, amount: Decimal, at: int, half_life_s: Decimal) -> Taken:
    """The same level after we took `amount` more."""
    before = ZERO if taken is None else missing(taken, at, half_life_s)
    return Taken(amount=CONTEXT.add(before, amount), at=at)
