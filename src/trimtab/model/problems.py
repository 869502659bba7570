"""A rebalancing problem by itself, as `trimtab solve` reads it: no fund, no store, no venue, only numbers.

Values and prices are in the base currency, amounts in units of their assets. `docs/solve.md` describes the form.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from trimtab.model.canonical import Noun
from trimtab.model.orders import Side


class Tracking(StrEnum):
    """What to do where the targets cannot all be met: refuse, or come as near as can be."""

    EXACT = "exact"
    NEAREST = "nearest"


class PricedAsset(Noun, frozen=True, kw_only=True):
    """An asset with its mark; one without a price cannot be traded. `decimals` fix its smallest unit."""

    id: str
    price: Decimal | None = None
    decimals: int = 18


class Holder(Noun, frozen=True, kw_only=True):
    """An account. Its value never exceeds `max_value`, money on its way to it included (D10)."""

    id: str
    max_value: Decimal | None = None


class Stock(Noun, frozen=True, kw_only=True):
    """What an account has of an asset: `free` of which `keep` must stay, and `locked`, which only counts."""

    account: str
    asset: str
    free: Decimal
    keep: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)


class Desired(Noun, frozen=True, kw_only=True):
    """The weight wanted of an asset, of the value after costs, give or take `band`; or whatever the others leave."""

    asset: str
    weight: Decimal | None = None
    band: Decimal = Decimal(0)
    remainder: bool = False


class Depth(Noun, frozen=True, kw_only=True):
    """A part of a book: its size by value, its cost against the price, half spread included; one side or both."""

    value: Decimal
    bps: Decimal
    side: Side | None = None


class Curve(Noun, frozen=True, kw_only=True):
    """Where a book is not known by its depth: what an order moves the price by a model, beside half the spread.

    `daily_volume` is in base units, volatility a fraction of the price for a day; an order of at most `most` by value
    takes `days`. The slices drawn from it cost at most `tolerance_bps` of `most` more than the model says.
    """

    model: str
    most: Decimal
    daily_volume: Decimal
    daily_volatility: Decimal
    half_spread_bps: Decimal = Decimal(0)
    days: Decimal = Decimal(1)
    outstanding: Decimal = Decimal(0)
    tolerance_bps: Decimal = Decimal("0.05")


class SharedBook(Noun, frozen=True, kw_only=True):
    """A venue's book, shared by all of its accounts (D1): slices from the best on; beyond the last nothing trades.

    A `step` of zero is the base asset's smallest unit. Without depth it is drawn from `impact`, which stands beside it.
    """

    id: str
    base: str
    quote: str
    depth: tuple[Depth, ...] = ()
    impact: Curve | None = None
    step: Decimal = Decimal(0)
    min_amount: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)


class Way(Noun, frozen=True, kw_only=True):
    """An account's way to a book. The fee is taken from what is `received`, from the `quote`, or from a third asset."""

    id: str
    account: str
    book: str
    fee_bps: Decimal = Decimal(0)
    fee_from: str = "received"
    sides: tuple[Side, ...] = (Side.BUY, Side.SELL)


class Link(Noun, frozen=True, kw_only=True):
    """A transfer that may be made: what leaves is between `minimum` and `maximum`; both fees are taken from it."""

    id: str
    asset: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    fee: Decimal = Decimal(0)
    fee_bps: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    maximum: Decimal | None = None
    latency_s: int = 0


class Rule(Noun, frozen=True, kw_only=True):
    """A clause: the share of assets or accounts of the value after costs, or of what is traded of the value before."""

    kind: str
    limit: Decimal
    id: str = ""
    asset: str | None = None
    assets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    @property
    def bound(self) -> tuple[str, ...]:
        """The assets that it binds together."""
        return (*self.assets, *((self.asset,) if self.asset else ()))

    @property
    def name(self) -> str:
        """Its id, or what it says."""
        return self.id or " ".join((self.kind, *self.bound, *self.accounts, str(self.limit)))


class Objective(Noun, frozen=True, kw_only=True):
    """What to do where targets cannot all be met (`exact` refuses, `nearest` comes near), and how long to search.

    `gap` is how far from the proven least cost, as a part of it, a search over whole numbers may stop; `leg` the most
    that one leg less may cost.
    """

    tracking: Tracking = Tracking.EXACT
    time_limit_s: Decimal = Decimal(5)
    gap: Decimal = Decimal(0)
    leg: Decimal = Decimal(0)


class Problem(Noun, frozen=True, kw_only=True):
    """What there is, what is wanted, and every way of getting there."""

    version: int
    kind: str = "rebalance"
    base: str
    assets: tuple[PricedAsset, ...]
    accounts: tuple[Holder, ...]
    balances: tuple[Stock, ...]
    targets: tuple[Desired, ...]
    books: tuple[SharedBook, ...] = ()
    markets: tuple[Way, ...] = ()
    transfers: tuple[Link, ...] = ()
    clauses: tuple[Rule, ...] = ()
    objective: Objective = Objective()


class Edge(Noun, frozen=True, kw_only=True):
    """One direction of a transport problem: moving a value of one costs `cost_bps` / 10,000, paid aside.

    Used at all it costs `fixed`, and carries `minimum` or more.
    """

    id: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    cost_bps: Decimal
    capacity: Decimal | None = None
    fixed: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)


class Demand(Noun, frozen=True, kw_only=True):
    """Money that is to leave a node (negative) or to arrive there."""

    node: str
    value: Decimal


class Transport(Noun, frozen=True, kw_only=True):
    """Money to leave (negative) or to arrive at each node, and the edges it can go over."""

    version: int
    kind: str
    edges: tuple[Edge, ...]
    changes: tuple[Demand, ...]
