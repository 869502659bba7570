"""What can be owned and what can be traded, with the rules a venue puts on an order for it."""

from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Asset(Noun, frozen=True, kw_only=True):
    """A fungible thing we can own. `decimals` fixes its smallest unit, in which the books are kept."""

    id: str
    decimals: int


class Listing(StrEnum):
    """Whether an instrument can be traded at its venue now."""

    TRADING = "trading"
    HALTED = "halted"
    VANISHED = "vanished"


class Filters(Noun, frozen=True, kw_only=True):
    """A venue's rules for an order (D5). None means the venue has no such rule; a bound is inclusive.

    Amounts are in base units, prices and notionals in quote units. The `bid_*`/`ask_*` multipliers bound a
    limit price against the venue's average price, for buys and sells.
    """

    step: Decimal
    tick: Decimal
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    market_step: Decimal | None = None
    market_min_amount: Decimal | None = None
    market_max_amount: Decimal | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    bid_up: Decimal | None = None
    bid_down: Decimal | None = None
    ask_up: Decimal | None = None
    ask_down: Decimal | None = None
    max_orders: int | None = None
    max_position: Decimal | None = None


class Instrument(Noun, frozen=True, kw_only=True):
    """Something tradable at a venue; its book is shared by every account there (D1). `id` is `venue:BASE/QUOTE`.

    `notice` is what the venue says where it does not trade now: a closed market, maintenance.
    """

    id: str
    venue: str
    base: str
    quote: str
    listing: Listing = Listing.TRADING
    notice: str = ""
    filters: Filters


class TakenFrom(StrEnum):
    """What a trading fee is taken from (D2)."""

    RECEIVED = "received"
    QUOTE = "quote"
    THIRD = "third"


class FeeTerms(Noun, frozen=True, kw_only=True):
    """What an account pays to trade, and in what. `instrument` None: every instrument of the account.

    With `third`, the fee is worth `1 - discount` of the usual one, paid in the asset `third` at its mark, and
    falls back to `received` once that asset runs short (D2, T2).
    """

    account: str
    instrument: str | None = None
    maker_bps: Decimal
    taker_bps: Decimal
    taken_from: TakenFrom
    third: str | None = None
    discount: Decimal | None = None
