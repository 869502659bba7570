"""Numbers and instants in words for people: plain, grouped, with their unit. Nothing here is ever read back."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from trimtab import units
from trimtab.model.plans import Costs

K = TypeVar("K")
V = TypeVar("V")

THOUSAND = Decimal(1000)
FEW = 2
"""So many of a long list are named, the others counted."""
DASH = "\N{EN DASH}"
"""Stands for what is not known; never for zero."""


def money(value: Decimal | None, currency: str = "") -> str:
    """1,234.50 USDT; a dash where it is not known."""
    if value is None:
        return DASH
    return f"{units.plain(value, 2)} {currency}".rstrip()


def percent(weight: Decimal | None) -> str:
    """A share as 44.01%."""
    return DASH if weight is None else f"{units.plain(weight * 100, 2)}%"


def amount(value: Decimal) -> str:
    """An amount of an asset: as many decimals as it has, at most eight."""
    return units.plain(_short(value, 8))


def price(value: Decimal | None) -> str:
    """A price with the decimals its size deserves: two from a thousand on, four from one on, else eight."""
    if value is None:
        return DASH
    size = abs(value)
    if size >= THOUSAND:
        return units.plain(value, 2)
    shown = units.plain(_short(value, 4 if size >= units.ONE else 8))
    return shown if "." in shown else f"{shown}.00"


def instant(at: datetime | None) -> str:
    """2026-01-01 12:00:00 UTC."""
    return DASH if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def age(seconds: Decimal | float) -> str:
    """A length of time in the largest unit that leaves at least two of it, rounded down: 119 s, 15 min, 320 days."""
    whole = max(0, int(seconds))
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size:,} {unit}"
    return f"{whole} s"


def total(costs: Costs | None) -> Decimal | None:
    """All kinds of cost together."""
    return None if costs is None else costs.fee + costs.spread + costs.impact


def in_bps(part: Decimal | None, whole: Decimal) -> str:
    """A cost as 5.12 bps of what it bought; a dash where nothing was traded."""
    return DASH if part is None or not whole else f"{units.plain(units.bps(part, whole), 2)} bps"


def count(number: int, one: str, many: str = "") -> str:
    """1 leg, 2 legs."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def together(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """What belongs to each key, in the order in which they came."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def listed(names: list[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))


def few(names: list[str]) -> str:
    """a, b and 4 others: so many names as one line has room for."""
    left = len(names) - FEW
    return listed([*names[:FEW], count(left, "other")] if left > 1 else names)


def sentence(text: str) -> str:
    """Text with one full stop at its end, unless it ends as a sentence already."""
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


def _short(value: Decimal, places: int) -> Decimal:
    """At most `places` decimals, and no trailing zeros."""
    return units.canon(value.quantize(Decimal(1).scaleb(-places), context=units.CONTEXT))
