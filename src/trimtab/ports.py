"""The world as the shell meets it: a dozen small Protocols, the Desk that bundles them, the three edge errors.

EdgeError
  Unavailable   nothing happened; safe to repeat
  Refused       it will not happen; the venue said so
  Uncertain     sent, and no answer came: ask before doing anything else
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from trimtab.model.accounts import Access, Budget, Carried, VenueTerms
from trimtab.model.assets import FeeTerms, Instrument
from trimtab.model.holdings import AccountRead, Transfer
from trimtab.model.ledger import Draft, Entry, Lease
from trimtab.model.orders import Order, OrderState, Withdrawal
from trimtab.model.policy import Policy
from trimtab.model.prices import Ladder, Quote


class EdgeError(Exception):
    """The world failed at a port. Adapters raise one of its three kinds and nothing else."""


class Unavailable(EdgeError):
    """Nothing happened at the other side; the same call may be made again."""


class Refused(EdgeError):
    """The other side said no, and will say so again."""


class Uncertain(EdgeError):
    """Something was sent and no answer came. It may have happened: ask before doing anything else."""


class LeaseHeld(EdgeError):
    """Another process holds the lease; `holder` names it."""

    def __init__(self, holder: str, expires: datetime) -> None:
        super().__init__(f"the lease is held by {holder} until {expires:%Y-%m-%d %H:%M:%S} UTC")
        self.holder = holder
        self.expires = expires


class Fenced(EdgeError):
    """A write was refused because its lease is no longer the newest: someone else has taken over."""


class Clock(Protocol):
    """Market time: the wall's, or the simulated world's."""

    def now(self) -> datetime:
        """The present instant, aware UTC."""

    async def sleep_until(self, at: datetime) -> None:
        """Return when market time has reached `at`; a stepped clock may return early and move itself there."""


class Custody(Protocol):
    """Reads what an account holds."""

    async def read(self, account: str) -> AccountRead:
        """All balances and open orders of an account, at the venue's own instant."""

    async def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Movements in or out of the account that were not finished before `since`."""


class Markets(Protocol):
    """Reads what a venue lists, quotes and charges."""

    async def instruments(self) -> tuple[Instrument, ...]:
        """Everything listed, with its filters."""

    async def quotes(self, instruments: Sequence[str]) -> tuple[Quote, ...]:
        """The touch of each instrument; one that is not listed any more is left out."""

    async def ladders(self, instruments: Sequence[str], levels: int) -> tuple[Ladder, ...]:
        """The visible books, at most `levels` a side."""

    async def fees(self, account: str) -> tuple[FeeTerms, ...]:
        """What the account pays to trade."""


class Trading(Protocol):
    """Sends orders and asks about them. `place` raises Uncertain whenever a reply may have been lost."""

    async def place(self, order: Order) -> OrderState:
        """Send an order; the answer says where it stands at once."""

    async def query(self, order: Order) -> OrderState | None:
        """Where an order stands; None where the venue does not know it (which is not yet proof of absence)."""

    async def cancel(self, order: Order) -> OrderState | None:
        """Take an order off the book, and say where it ended; None where the venue does not know it."""


class Transfers(Protocol):
    """Moves money out of a venue, and says where it comes in. Progress is told by `Custody.transfers`."""

    async def address(self, account: str, asset: str, network: str) -> str:
        """Where the account receives an asset on a network, as the venue says now (D31)."""

    async def withdraw(self, withdrawal: Withdrawal) -> Transfer:
        """Send money away. Raises Uncertain whenever a reply may have been lost; it is never sent again by itself."""


@runtime_checkable
class Inspection(Protocol):
    """What a check-up asks a venue, where it can be asked. "The venue does not say" is an answer: None, or nothing."""

    async def skew_s(self) -> Decimal | None:
        """How far the venue's clock is ahead of this machine's, in seconds, measured now."""

    async def access(self, account: str) -> Access:
        """What the account's key may do."""

    async def budgets(self, account: str) -> tuple[Budget, ...]:
        """How much of each rate limit is used."""

    async def carried(self, account: str, assets: Sequence[str]) -> tuple[Carried, ...]:
        """The networks by which assets come and go."""


@runtime_checkable
class Unproven(Protocol):
    """A venue whose client was never run against it: a check-up says so."""

    @property
    def unproven(self) -> str:
        """What is not known of it."""

    @property
    def trades(self) -> bool:
        """Whether it is traded on all the same, by the fund's own word."""


class Venue(Custody, Markets, Trading, Transfers, Protocol):
    """A venue with all its ports, as most have."""

    @property
    def terms(self) -> VenueTerms:
        """What must be known of this venue before its silence means anything."""


class Store(Protocol):
    """The ledger and the lease that guards it. Every method is one transaction."""

    def append(self, drafts: Sequence[Draft], lease: Lease | None) -> tuple[Entry, ...]:
        """Write entries in one commit, before the world is touched.

        Raises Fenced if the lease is not the newest. Without a lease only people's levers (ledger.LEVERS)
        may be written.
        """

    def entries(self, *, after: int = 0, cycle: str | None = None, kinds: Sequence[str] = ()) -> Iterator[Entry]:
        """Entries in order, optionally of one cycle or of some kinds."""

    def head(self) -> Entry | None:
        """The last entry."""

    def last(self, kind: str) -> Entry | None:
        """The last entry of one kind."""

    def acquire(self, name: str, holder: str, ttl_s: int) -> Lease:
        """Take the lease with a higher epoch. Raises LeaseHeld while another living holder has it."""

    def renew(self, lease: Lease, ttl_s: int) -> Lease:
        """Hold it longer. Raises Fenced if it was taken over."""

    def release(self, lease: Lease) -> None:
        """Give it back; giving back a lost lease is no error."""

    def halted(self) -> bool:
        """Whether the last lever pulled was a halt."""

    def publish(self) -> None:
        """Bring the derived tables (`rebalancing_events`, ...) up to the head of the ledger."""


class Witness(Protocol):
    """Keeps seals outside the store, where whoever can rewrite the store cannot rewrite them (D35)."""

    def keep(self, seal: str) -> None:
        """Write one seal durably."""

    def kept(self) -> tuple[str, ...]:
        """All seals kept so far, oldest first."""


@dataclass(frozen=True)
class Desk:
    """The connected world handed to a cycle: ports and the fund's law."""

    policy: Policy
    clock: Clock
    store: Store
    witness: Witness
    venues: dict[str, Venue] = field(default_factory=dict)
