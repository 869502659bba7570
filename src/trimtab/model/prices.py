"""What venues quote, and the marks chosen from it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Level(Noun, frozen=True, kw_only=True):
    """One price of a book with the amount (base units) that rests there."""

    price: Decimal
    amount: Decimal


class Ladder(Noun, frozen=True, kw_only=True):
    """The visible book of an instrument, best level first on both sides. An empty side is an empty tuple."""

    instrument: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    as_of: datetime


class Quote(Noun, frozen=True, kw_only=True):
    """The touch of an instrument and the amounts (base units) near it. None: that side of the book is empty."""

    instrument: str
    bid: Decimal | None
    ask: Decimal | None
    bid_amount: Decimal
    ask_amount: Decimal
    as_of: datetime


class Trust(StrEnum):
    """How a mark came about: several sources agree, one source alone, or the fund's file says so."""

    AGREED = "agreed"
    SINGLE = "single"
    ASSUMED = "assumed"


class Mark(Noun, frozen=True, kw_only=True):
    """The price of one unit of an asset in the base currency, with its age, sources and trust."""

    asset: str
    price: Decimal
    as_of: datetime
    sources: tuple[str, ...]
    trust: Trust


class Unpriced(Noun, frozen=True, kw_only=True):
    """An asset without a mark, and why.

    `last` is the last price seen for it in the base currency, too old, wide or disputed to be a mark: it bounds
    what the asset may be worth and values nothing. None where no price was seen at all. Not `listed`: no venue
    trades it, so that waiting brings no price back.
    """

    asset: str
    because: str
    last: Decimal | None = None
    listed: bool = True


class Marks(Noun, frozen=True, kw_only=True):
    """The prices used for one valuation."""

    at: datetime
    base: str
    marks: tuple[Mark, ...]
    unpriced: tuple[Unpriced, ...] = ()
