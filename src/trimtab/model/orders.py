"""Instructions to a venue, what comes back, and the commands and events of execution."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Side(StrEnum):
    """Which way an order trades the base asset."""

    BUY = "buy"
    SELL = "sell"


class OrderKind(StrEnum):
    """How an order meets the book."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(StrEnum):
    """What happens to the part that cannot be filled at once."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class Order(Noun, frozen=True, kw_only=True):
    """One instruction, complete before it is sent: it is stored in the intent and always read from there.

    `id` is 32 hexadecimal digits, the client's id at the venue (D26). `limit_price` is in quote per base and is
    present on limit orders only. After `valid_until` the venue may no longer accept it (D25); `expires_at` ends
    a resting order at the venue by itself (D27).
    """

    id: str
    leg: str
    slice: int
    attempt: int
    account: str
    instrument: str
    side: Side
    kind: OrderKind
    time_in_force: TimeInForce
    amount: Decimal
    limit_price: Decimal | None = None
    valid_until: datetime
    expires_at: datetime | None = None


class Fill(Noun, frozen=True, kw_only=True):
    """A part of an order that was done. `id` is the venue's: a fill reported twice counts once.

    `amount` is in base units, `price` in quote per base, `fee` in units of `fee_asset` (it may be negative: a
    rebate). What the account gained and lost follows from these and nothing else.
    """

    id: str
    order_id: str
    account: str
    instrument: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    at: datetime


class OrderStatus(StrEnum):
    """Where an order stands at its venue."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class OrderState(Noun, frozen=True, kw_only=True):
    """A venue's answer about one order: its status, all its fills so far, and for a refusal the reason."""

    order_id: str
    status: OrderStatus
    filled: Decimal
    fills: tuple[Fill, ...] = ()
    at: datetime
    because: str = ""


class Withdrawal(Noun, frozen=True, kw_only=True):
    """An instruction to send money out of a venue, complete before it is sent, as an order is.

    `id` is 32 hexadecimal digits, the client's reference at the venue. `amount` is what the account loses (gross):
    the network's fee comes out of it.
    """

    id: str
    account: str
    asset: str
    amount: Decimal
    network: str
    address: str


class Place(Noun, frozen=True, kw_only=True, tag="place"):
    """Command: send this order."""

    order: Order


class Query(Noun, frozen=True, kw_only=True, tag="query"):
    """Command: ask the venue what became of this order."""

    order: Order


class Cancel(Noun, frozen=True, kw_only=True, tag="cancel"):
    """Command: take this order off the book; the answer still carries late fills."""

    order: Order


Command = Place | Query | Cancel


class Tick(Noun, frozen=True, kw_only=True, tag="tick"):
    """Event: it is now `at`, in market time."""

    at: datetime


class Answered(Noun, frozen=True, kw_only=True, tag="answered"):
    """Event: the venue said where an order stands, after placing, asking or cancelling."""

    state: OrderState


class Denied(Noun, frozen=True, kw_only=True, tag="denied"):
    """Event: the venue refused an order before it existed; nothing happened."""

    order_id: str
    because: str
    at: datetime


class Lost(Noun, frozen=True, kw_only=True, tag="lost"):
    """Event: an order was sent and no answer came. It may or may not exist: ask before anything else."""

    order_id: str
    at: datetime


class Unsent(Noun, frozen=True, kw_only=True, tag="unsent"):
    """Event: an order certainly never left (the venue was unavailable). It may be repeated later."""

    order_id: str
    because: str
    at: datetime


class Unheard(Noun, frozen=True, kw_only=True, tag="unheard"):
    """Event: asked at `at`, the venue does not know the order. Proof of absence only once D25's window is past."""

    order_id: str
    at: datetime


class Silent(Noun, frozen=True, kw_only=True, tag="silent"):
    """Event: a question about an order, or its cancellation, got no answer. Nothing is learnt: ask again later."""

    order_id: str
    because: str
    at: datetime


class Halted(Noun, frozen=True, kw_only=True, tag="halted"):
    """Event: a person halted the fund: start nothing, cancel what rests, end the run."""

    by: str
    because: str
    at: datetime


class Resumed(Noun, frozen=True, kw_only=True, tag="resumed"):
    """Event: the process that worked the run is gone and another carries on at `at`.

    Whatever was sent or asked without an answer is in doubt and is asked about first.
    """

    at: datetime


Event = Tick | Answered | Denied | Lost | Unsent | Unheard | Silent | Halted | Resumed
