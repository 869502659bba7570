"""What the fund is worth, by holding and by account, and what that figure cannot be trusted for."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Holding(Noun, frozen=True, kw_only=True):
    """One asset over all accounts and in transit. Price, value and weight are None where it has no mark.

    `value` is in the base currency, `weight` its share of the net asset value; `oldest` is the instant of the
    oldest read that went into `amount`.
    """

    asset: str
    amount: Decimal
    price: Decimal | None
    value: Decimal | None
    weight: Decimal | None
    oldest: datetime


class AccountValue(Noun, frozen=True, kw_only=True):
    """What one account is worth, money on its way in included (D10), and its share of the net asset value."""

    account: str
    venue: str
    value: Decimal
    weight: Decimal


class Kind(StrEnum):
    """Why a valuation is not the whole truth. What is unpriced may have a price later; what is unlisted will not."""

    UNKNOWN = "unknown"
    STALE = "stale"
    UNPRICED = "unpriced"
    UNLISTED = "unlisted"
    NEGATIVE = "negative"


class Doubt(Noun, frozen=True, kw_only=True):
    """One thing a valuation could not see, or saw too late. `blocks` says that nothing may be traded because of it."""

    kind: Kind
    subject: str
    because: str
    blocks: bool


class Valuation(Noun, frozen=True, kw_only=True):
    """The fund's net asset value and weights at one moment, in the base currency."""

    at: datetime
    base: str
    nav: Decimal
    holdings: tuple[Holding, ...]
    accounts: tuple[AccountValue, ...]
    doubts: tuple[Doubt, ...] = ()
