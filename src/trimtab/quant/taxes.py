"""Tax on a sale as a cost by unit that only rises: the lots that cost least tax go first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from trimtab.units import ZERO, money, under_context


@dataclass(frozen=True)
class Lot:
    """A dated purchase: what is left of it, its cost by unit, and the rate at which a gain on it would be taxed."""

    id: str
    amount: Decimal
    cost: Decimal
    rate: Decimal


@dataclass(frozen=True)
class Taxed:
    """An amount of one lot, and the tax on selling a unit of it."""

    lot: str
    amount: Decimal
    tax: Decimal


@under_context
def pieces(lots: Iterable[Lot], price: Decimal, harvest: Collection[str] = ()) -> tuple[Taxed, ...]:
    """The lots in the order in which selling them at a price costs least: by tax by unit, never by cost alone (D39).

    A loss counts as no tax rather than as money earned, or selling and buying back would look like income (D4), but
    for the lots that `harvest` names. Lots at a loss still go first, the largest loss before all. Raises ValueError
    for a rate that is not from 0 to 1, and for a lot that is harvested and not there.
    """
    held = tuple(lots)
    for lot in held:
        if not 0 <= lot.rate <= 1:
            raise ValueError(f"lot {lot.id}: a rate of {lot.rate} is not from 0 to 1")
    if absent := set(harvest) - {lot.id for lot in held}:
        raise ValueError(f"harvest: no lot {', '.join(sorted(absent))}")
    found = []
    for lot in held:
        tax = (price - lot.cost) * lot.rate
        counted = money(tax if lot.id in harvest else max(ZERO, tax))
        found.append((counted, tax, price - lot.cost, Taxed(lot.id, lot.amount, counted)))
    return tuple(piece for *_, piece in sorted(found, key=lambda one: (*one[:3], one[3].lot)))
