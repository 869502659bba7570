"""Where we hold: accounts at venues, and what must stay in them."""

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
