"""Who may take a lease: the one rule that every store follows."""

from datetime import datetime, timedelta
from typing import Final

from trimtab.adapters.stores.holders import is_dead
from trimtab.model.ledger import LEVERS, Draft, Lease
from trimtab.ports import Fenced, LeaseHeld

WRITING: Final = "cycle"
"""The lease under which entries are written. Any other (`watch`) only keeps two processes from doing the same."""


def taken(known: Lease | None, name: str, holder: str, now: datetime, ttl_s: int) -> Lease:
    """The lease for a new holder, with the next epoch.

    Raises LeaseHeld while another holder has it: one that is not dead, and whose time is not up.
    """
    if known and known.holder not in {"", holder} and now < known.expires and not is_dead(known.holder):
        raise LeaseHeld(known.holder, known.expires)
    epoch = known.epoch + 1 if known else 1
    return Lease(name=name, holder=holder, epoch=epoch, expires=now + timedelta(seconds=ttl_s))


def require(known: Lease | None, lease: Lease) -> None:
    """Raise Fenced unless `lease` is the one in force. One that is past its time and not yet taken over still is."""
    if known is None or (known.epoch, known.holder) != (lease.epoch, lease.holder):
        newest = f"{known.holder or 'nobody'} (epoch {known.epoch})" if known else "nobody"
        raise Fenced(f"the lease {lease.name!r} of {lease.holder} (epoch {lease.epoch}) is over: it is {newest}'s now")


def require_right(drafts: tuple[Draft, ...], lease: Lease | None, known: Lease | None) -> None:
    """Raise Fenced unless these drafts may be written: under the lease in force, or as people's levers without one."""
    if lease is not None:
        assert lease.name == WRITING, f"entries are written under the lease {WRITING!r}, not {lease.name!r}"
        require(known, lease)
        return
    kinds = sorted({draft.kind for draft in drafts} - set(LEVERS))
    if kinds:
        raise Fenced(f"entries of kind {', '.join(kinds)} are written under a lease only")
