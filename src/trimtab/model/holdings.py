"""What exists at one moment: balances, open orders, money in transit, and what could not be read."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun
from trimtab.model.orders import Side


class Balance(Noun, frozen=True, kw_only=True):
    """The amount of one asset in one account.

    `total` includes what open orders lock; `free` can be traded now; `withdrawable` can leave now (D8, D9), and
    may be less than `free` while a deposit matures. None means that the venue does not say.
    """

    account: str
    asset: str
    total: Decimal
    free: Decimal
    withdrawable: Decimal | None = None
    as_of: datetime


class OpenOrder(Noun, frozen=True, kw_only=True):
    """An order that rests at a venue, ours or not: `client_id` is empty where the venue knows none."""

    account: str
    instrument: str
    client_id: str
    side: Side
    amount: Decimal
    filled: Decimal
    price: Decimal | None = None


class Stage(StrEnum):
    """How far a transfer has come (D9). Credited is not one state: tradable comes before withdrawable."""

    REQUESTED = "requested"
    SENT = "sent"
    SEEN = "seen"
    TRADABLE = "tradable"
    WITHDRAWABLE = "withdrawable"
    HELD = "held"
    RETURNED = "returned"


class Transfer(Noun, frozen=True, kw_only=True):
    """One movement between our own accounts as a venue's records tell it.

    `amount` left the source (gross), `amount - fee` arrives. An end that is no account of ours is called by its
    address, or is empty where the venue does not say. `debited_at` and `credited_at` are the venues' own
    instants: they decide which balance reads already include the movement. `id` is the network's transaction id
    or, inside a venue, the venue's transfer id; both ends report the same one.
    """

    id: str
    asset: str
    amount: Decimal
    fee: Decimal
    source: str
    target: str
    stage: Stage
    debited_at: datetime
    credited_at: datetime | None = None
    withdrawable_at: datetime | None = None
    because: str = ""


class AccountRead(Noun, frozen=True, kw_only=True):
    """One answer of one venue about one account, at the venue's own instant."""

    account: str
    as_of: datetime
    balances: tuple[Balance, ...]
    orders: tuple[OpenOrder, ...] = ()


class Unknown(Noun, frozen=True, kw_only=True):
    """Something that could not be read. It is never zero and never absent."""

    account: str
    because: str


class Transit(Noun, frozen=True, kw_only=True):
    """Money that left one of our accounts and has not arrived in another: `amount` is what will arrive (D10)."""

    id: str
    asset: str
    amount: Decimal
    source: str
    target: str
    stage: Stage
    since: datetime


class Snapshot(Noun, frozen=True, kw_only=True):
    """All balances, open orders and money in transit at one moment, with what could not be read."""

    at: datetime
    balances: tuple[Balance, ...]
    orders: tuple[OpenOrder, ...] = ()
    transits: tuple[Transit, ...] = ()
    unknown: tuple[Unknown, ...] = ()
