"""The append-only record: entries chained by hash, what each kind of entry holds, and the lease to write it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from trimtab.model.accounts import VenueTerms
from trimtab.model.assets import FeeTerms, Instrument
from trimtab.model.breaks import Break, Reconciled
from trimtab.model.canonical import Noun, decode
from trimtab.model.decision import Cause, Decision, Judgement, Past
from trimtab.model.holdings import Snapshot, Unknown
from trimtab.model.mandate import Verdict
from trimtab.model.orders import Command, Event
from trimtab.model.plans import Plan
from trimtab.model.policy import Policy
from trimtab.model.prices import Ladder, Quote
from trimtab.model.runs import Ended
from trimtab.model.valuation import Valuation


class Genesis(Noun, frozen=True, kw_only=True):
    """The first entry of a ledger: 16 random bytes (hex) that make every id of this ledger unlike any other's."""

    fund: str
    nonce: str
    created_at: datetime


class Terms(Noun, frozen=True, kw_only=True):
    """Everything a cycle depended on besides the world's answers; written again only when it changed."""

    policy: Policy
    instruments: tuple[Instrument, ...]
    fees: tuple[FeeTerms, ...]
    venues: tuple[VenueTerms, ...]


class Opened(Noun, frozen=True, kw_only=True):
    """A cycle began, at `at` in market time, under the terms with this hash; none before it ended after `last_at`."""

    cycle: str
    at: datetime
    terms_hash: str
    version: str
    past: Past
    cause: Cause | None = None
    last_at: datetime | None = None


class Quoted(Noun, frozen=True, kw_only=True):
    """The touches that marks were chosen from."""

    quotes: tuple[Quote, ...]


class Liquidity(Noun, frozen=True, kw_only=True):
    """The books that a plan was made on."""

    ladders: tuple[Ladder, ...]


class Recalled(Noun, frozen=True, kw_only=True):
    """A saved plan was taken up again: the fresh look at the world under which it was found still to hold."""

    saved_hash: str
    at: datetime
    snapshot: Snapshot
    quoted: Quoted


class Started(Noun, frozen=True, kw_only=True):
    """A cleared plan began to be worked at `at`, in market time."""

    plan_hash: str
    at: datetime


class Happened(Noun, frozen=True, kw_only=True):
    """Events that the run was told, in this order."""

    events: tuple[Event, ...]


class Intended(Noun, frozen=True, kw_only=True):
    """Commands that the run answered with, written before any of them is carried out."""

    commands: tuple[Command, ...]


class CycleOutcome(StrEnum):
    """How a cycle ended."""

    DONE = "done"
    HELD = "held"
    BLOCKED = "blocked"
    DECLINED = "declined"
    WAITING = "waiting"
    INFEASIBLE = "infeasible"
    HALTED = "halted"
    STUCK = "stuck"
    ABANDONED = "abandoned"


class Closed(Noun, frozen=True, kw_only=True):
    """The last entry of a cycle. Its hash is the cycle's seal: it covers every entry before it.

    `consumed` carries forward what later decisions need to know; `frozen` names accounts with an unexplained
    break, which are unknown to later cycles until a person accepts them.
    """

    cycle: str
    at: datetime
    outcome: CycleOutcome
    because: str
    consumed: Past
    frozen: tuple[Unknown, ...] = ()


class Lever(Noun, frozen=True, kw_only=True):
    """A person halted or resumed the fund: who, and why."""

    by: str
    because: str


class Accepted(Noun, frozen=True, kw_only=True):
    """A person looked into the unexplained breaks of an account and lets it trade again: who, and why.

    `breaks` are the differences that were explained, as the close told them then.
    """

    account: str
    by: str
    because: str
    breaks: tuple[Break, ...] = ()


KINDS: Final[dict[str, Any]] = {
    "genesis": Genesis,
    "terms": Terms,
    "opened": Opened,
    "observed": Snapshot,
    "quoted": Quoted,
    "valued": Valuation,
    "decided": Decision,
    "looked": Liquidity,
    "planned": Plan,
    "judged": Judgement,
    "checked": Verdict,
    "recalled": Recalled,
    "started": Started,
    "happened": Happened,
    "intended": Intended,
    "ended": Ended,
    "after": Snapshot,
    "reconciled": Reconciled,
    "closed": Closed,
    "halted": Lever,
    "resumed": Lever,
    "accepted": Accepted,
}
"""What each kind of entry holds. `quoted` and `valued` may appear twice in a cycle: before, and at its end.

A cycle's entries, in order: opened, observed, quoted, valued, decided, looked, planned, judged, checked, started,
(happened, intended)*, ended, after, quoted, valued, reconciled, closed; a hold or a block ends it earlier.
"""

LEVERS: Final = ("halted", "resumed", "accepted")
"""Kinds that people write, without a lease and outside any cycle."""


class Draft(Noun, frozen=True, kw_only=True):
    """An entry to be: the store adds its number, its wall-clock time and its place in the chain."""

    cycle: str
    kind: str
    version: int = 1
    body: bytes


class Entry(Noun, frozen=True, kw_only=True):
    """One fact in the ledger. `hash` covers every other column and, through `prev`, every earlier entry.

    `at` is wall time; market times are in the bodies. `body` is canonical JSON and is never encoded again.
    `epoch` is the writer's fencing token, 0 for entries that people's levers write without a lease.
    """

    seq: int
    at: datetime
    cycle: str
    kind: str
    version: int
    epoch: int
    body: bytes
    prev: str
    hash: str


def noun(entry: Entry) -> Any:  # the kind decides the type
    """The noun that an entry's body holds. Raises ValueError naming the entry, for a newer kind or a spoilt body."""
    if entry.kind not in KINDS:
        raise ValueError(f"entry {entry.seq} is of kind {entry.kind!r}, which this version does not know; upgrade it")
    try:
        return decode(entry.body, KINDS[entry.kind])
    except ValueError as error:
        why = f"entry {entry.seq} ({entry.kind}) cannot be read: {error}; `trimtab verify` says more"
        raise ValueError(why) from error


class Lease(Noun, frozen=True, kw_only=True):
    """The right to write cycles: only the holder of the highest epoch may append."""

    name: str
    holder: str
    epoch: int
    expires: datetime
