"""The market outside a simulated world: prices and books at any second, from a seed or from recordings.

Everything here is a pure function of the tape and the second; nobody's looking or trading changes a tape.
Where a tape has nothing (before its start, after its end, in a gap) the market is closed, not zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from trimtab.sim import candles, depth, generator, l2
from trimtab.sim.candles import Candles
from trimtab.sim.clock import instant
from trimtab.sim.depth import Rungs, Shape
from trimtab.sim.generator import Generator
from trimtab.units import canon


@dataclass(frozen=True)
class Recordings:
    """Recorded books by symbol (`BTC/USDT`); assets are priced in `unit` through the books against it."""

    unit: str
    reels: Mapping[str, l2.Reel]


Tape = Generator | Candles | Recordings


def price(tape: Tape, asset: str, second: int) -> float | None:
    """What one unit of an asset is worth in the tape's unit; None where the tape does not say."""
    match tape:
        case Generator():
            return generator.price(tape, asset, second)
        case Candles():
            return candles.price(tape, asset, second)
        case Recordings():
            return 1.0 if asset == tape.unit else _middle(tape, f"{asset}/{tape.unit}", second)


def mid(tape: Tape, base: str, quote: str, second: int) -> float | None:
    """The middle price of a pair; None while its market is closed."""
    if isinstance(tape, Recordings):
        return _middle(tape, f"{base}/{quote}", second)
    of_base, of_quote = price(tape, base, second), price(tape, quote, second)
    return of_base / of_quote if of_base and of_quote else None


def rungs(tape: Tape, pair: tuple[str, str], shape: Shape, second: int) -> Rungs | None:
    """The book of a pair (base, quote) before what we took from it; None while its market is closed."""
    base, quote = pair
    if isinstance(tape, Recordings):
        reel = tape.reels.get(f"{base}/{quote}")
        found = reel and l2.levels(reel, second)
        return depth.recorded(*found, shape) if found else None
    middle, money = mid(tape, base, quote, second), price(tape, base, second)
    return depth.around(middle, money, shape) if middle and money else None


def average(tape: Tape, pair: tuple[str, str], second: int) -> Decimal | None:
    """The middle price of a pair to ten significant digits."""
    middle = mid(tape, *pair, second)
    return None if middle is None else canon(Decimal(f"{middle:.10g}"))


def span(tape: Tape, base: str, quote: str) -> tuple[int, int] | None:
    """The first second of a pair's market and the first one after it; None where the tape does not have it."""
    match tape:
        case Generator():
            known = base in tape.motions and quote in tape.motions
            return (tape.start, tape.end) if known else None
        case Candles():
            spans = [candles.span(tape, asset) for asset in (base, quote) if asset != tape.unit]
            present = [found for found in spans if found is not None]
            if not present or len(present) < len(spans):
                return None
            return max(first for first, _ in present), min(end for _, end in present)
        case Recordings():
            reel = tape.reels.get(f"{base}/{quote}")
            return None if reel is None else l2.span(reel.recording)


def closed(tape: Tape, base: str, quote: str, second: int) -> str:
    """The sentence that says why a pair's market is closed and from when to when its tape runs."""
    found = span(tape, base, quote)
    if found is None:
        return f"the market of {base}/{quote} is closed: the tape does not have it"
    first, end = (instant(edge).isoformat().replace("+00:00", "Z") for edge in found)
    when = instant(second).isoformat().replace("+00:00", "Z")
    why = "has not begun" if second < found[0] else "has ended" if second >= found[1] else "has a gap"
    return f"the market of {base}/{quote} is closed: its tape {why} at {when}; it runs from {first} until {end}"


def _middle(tape: Recordings, symbol: str, second: int) -> float | None:
    reel = tape.reels.get(symbol)
    found = reel and l2.levels(reel, second)
    if not found or not found[0] or not found[1]:
        return None
    return float(found[0][0][0] + found[1][0][0]) / 2
