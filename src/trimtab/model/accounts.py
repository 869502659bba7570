"""Where we hold: accounts at venues, what must stay in them, what their keys may do, and the ways between them."""

from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Managed(StrEnum):
    """Whether others act in an account too (D11). Foreign orders are cancelled in neither case by this version."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


class Keep(Noun, frozen=True, kw_only=True):
    """An amount of an asset that trading must leave in the account."""

    asset: str
    amount: Decimal


class Account(Noun, frozen=True, kw_only=True):
    """One place at one venue: a main account, a sub-account, later a wallet."""

    id: str
    venue: str
    managed: Managed = Managed.EXCLUSIVE
    keep: tuple[Keep, ...] = ()


class VenueTerms(Noun, frozen=True, kw_only=True):
    """What must be known of a venue before its silence means anything (D25).

    A request sent at t may be accepted until t + `accept_window_s`; the venue can be asked about an order for
    `retention_s` after its end; `skew_s` bounds the difference between its clock and ours.
    """

    venue: str
    accept_window_s: int
    retention_s: int
    skew_s: int


class Route(Noun, frozen=True, kw_only=True):
    """A way for an asset from one of our accounts to another; the address is the target's, by a person's word (D31)."""

    id: str
    asset: str
    network: str
    source: str
    target: str
    address: str


class Access(Noun, frozen=True, kw_only=True):
    """What a venue says that an account's key may do (D29). None: the venue does not say.

    `listed` is whether the key works from listed network addresses only.
    """

    account: str
    trade: bool | None = None
    transfer: bool | None = None
    withdraw: bool | None = None
    listed: bool | None = None


class Budget(Noun, frozen=True, kw_only=True):
    """How much of a venue's rate limit is used: `used` of `limit` in the last `window_s`, as its answers say."""

    name: str
    used: int
    limit: int
    window_s: int


class Carried(Noun, frozen=True, kw_only=True):
    """A network by which a venue carries an asset; `fee` and `minimum` in units of it. None: the venue does not say."""

    asset: str
    network: str
    fee: Decimal | None = None
    minimum: Decimal | None = None
    deposits: bool | None = None
    withdrawals: bool | None = None
