"""The close of the books: everything since the first look at the fund, against what is there now."""

from msgspec.structs import replace

from trimtab.cycle import observe
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Terms, noun
from trimtab.ports import Desk
from trimtab.reconcile.close import Close, Period, close


async def closing(desk: Desk) -> Close:
    """Close the books from the first observation in the ledger to now. Writes nothing.

    Raises ValueError while no cycle has looked at anything yet.
    """
    opening = _opening(desk)
    known = _all_listed(desk, await observe.terms(desk))
    now = await observe.accounts(desk)
    period = Period(
        ended=tuple(noun(entry) for entry in desk.store.entries(kinds=("ended",))),
        transfers=await observe.transfers(desk, opening.at),
        found=tuple(b for entry in desk.store.entries(kinds=("reconciled",)) for b in noun(entry).breaks),
        accepted=tuple(noun(entry) for entry in desk.store.entries(kinds=("accepted",))),
    )
    return close(opening, now, period, known)


def _all_listed(desk: Desk, now: Terms) -> Terms:
    """What is listed now, and whatever a cycle may have traded that is not listed, or not held, any more."""
    known = {i.id: i for entry in desk.store.entries(kinds=("terms",)) for i in noun(entry).instruments}
    known |= {i.id: i for i in now.instruments}
    return replace(now, instruments=tuple(known[id_] for id_ in sorted(known)))


def _opening(desk: Desk) -> Snapshot:
    for entry in desk.store.entries(kinds=("observed",)):
        first: Snapshot = noun(entry)
        return first
    raise ValueError("there is nothing to close yet: no cycle has run; `trimtab run` makes the first one")
