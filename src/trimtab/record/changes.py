"""What venues changed in their listings from one cycle's terms to the next: steps, ticks, bounds, and what trades."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from trimtab.model.assets import Filters, Instrument
from trimtab.model.ledger import Terms
from trimtab.units import plain


def since(now: Terms, earlier: Sequence[Terms]) -> tuple[str, ...]:
    """A sentence for each change, by instrument; `earlier` are the terms written before, oldest first.

    A venue is compared with the last terms in which it listed anything: one that did not answer changed nothing.
    """
    told = [line for venue in sorted({i.venue for i in now.instruments}) for line in _venue(venue, now, earlier)]
    return tuple(told)


def _venue(venue: str, now: Terms, earlier: Sequence[Terms]) -> Iterator[str]:
    before = next((found for terms in reversed(earlier) if (found := _listed(venue, terms))), None)
    if before is None:
        return
    after = _listed(venue, now)
    for name in sorted({**before, **after}):
        if name not in before:
            yield f"{name} is listed now"
        elif name not in after:
            yield f"{name} is listed no more"
        else:
            yield from _changed(before[name], after[name])


def _listed(venue: str, terms: Terms) -> Mapping[str, Instrument]:
    return {i.id: i for i in terms.instruments if i.venue == venue}


def _changed(before: Instrument, after: Instrument) -> Iterator[str]:
    if before.listing is not after.listing:
        yield f"{after.id}: {before.listing} became {after.listing}{f', {after.notice}' if after.notice else ''}"
    for name in Filters.__struct_fields__:
        old, new = getattr(before.filters, name), getattr(after.filters, name)
        if old != new:
            yield f"{after.id}: {name.replace('_', ' ')} {_said(old)} became {_said(new)}"


def _said(value: Decimal | int | None) -> str:
    return "none" if value is None else plain(Decimal(value))
