"""The fund's file as the pure stages read it: targets, triggers, price rules, costs, execution and limits.

Everything here is hashed into each cycle: editing the file is a change of law (D30).
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.accounts import Account, Route
from trimtab.model.assets import Asset
from trimtab.model.canonical import Noun
from trimtab.model.mandate import Mandate


class FixedPrice(Noun, frozen=True, kw_only=True):
    """A price that the fund assumes, in the base currency, with the reason; it is shown as assumed."""

    asset: str
    price: Decimal
    because: str


class PricePolicy(Noun, frozen=True, kw_only=True):
    """How marks are chosen: whose mids count, how old and wide they may be, how far sources may disagree.

    `max_unpriced_weight` bounds what may stay unpriced, as a share of NAV at the last known price; an asset
    with a target is never covered by it.
    """

    sources: tuple[str, ...]
    max_age_s: int
    max_spread_bps: Decimal
    max_disagreement_bps: Decimal
    max_unpriced_weight: Decimal
    fixed: tuple[FixedPrice, ...] = ()


class TargetWeight(Noun, frozen=True, kw_only=True):
    """Desired share of NAV of one asset. It may wander by `band` (of NAV) or `relative_band` (of the target).

    Where both are given the narrower one binds; where neither is, any drift counts.
    """

    asset: str
    weight: Decimal
    band: Decimal | None = None
    relative_band: Decimal | None = None


class Aim(StrEnum):
    """Where a rebalance goes: to the target itself, or only to the edge of the band."""

    CENTRE = "centre"
    EDGE = "edge"


class Target(Noun, frozen=True, kw_only=True):
    """All desired weights; they sum to one. An asset that is held and not named has target 0."""

    weights: tuple[TargetWeight, ...]
    aim: Aim = Aim.CENTRE


class Calendar(StrEnum):
    """A civil rhythm for a periodic trigger."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Threshold(Noun, frozen=True, kw_only=True, tag="threshold"):
    """Fires when an asset leaves its band."""

    id: str


class Periodic(Noun, frozen=True, kw_only=True, tag="periodic"):
    """Fires once for each slot: every `interval_s` from `anchor`, or by `calendar` at the anchor's local time.

    `zone` is an IANA name; weekly slots keep the anchor's weekday, monthly ones its day (or the month's last).
    Exactly one of `interval_s` and `calendar` is given.
    """

    id: str
    anchor: datetime
    interval_s: int | None = None
    calendar: Calendar | None = None
    zone: str = "UTC"


class Hybrid(Noun, frozen=True, kw_only=True, tag="hybrid"):
    """Fires when an asset leaves its band, but not sooner than `spacing_s` after the last rebalance."""

    id: str
    spacing_s: int


Trigger = Threshold | Periodic | Hybrid


class Volatility(Noun, frozen=True, kw_only=True):
    """How much an asset's price against the base currency varies: a standard deviation by year (0.6 is 60 %)."""

    asset: str
    yearly: Decimal


class BenefitPolicy(Noun, frozen=True, kw_only=True):
    """What being nearer to the target is worth to the fund, in money (D21).

    It is half of `risk_aversion` times what the squared tracking error falls by, of the net asset value, over
    `horizon_days`. Every pair of assets correlates by `correlation`; an asset that is not named does not vary.
    """

    risk_aversion: Decimal
    horizon_days: Decimal
    correlation: Decimal
    volatility: tuple[Volatility, ...]


class CostPolicy(Noun, frozen=True, kw_only=True):
    """What a rebalance may cost: above `max_cost_bps` of its trades, or above its benefit, it is not worth doing."""

    max_cost_bps: Decimal
    benefit: BenefitPolicy | None = None


class Schedule(StrEnum):
    """How a leg is spread over time."""

    IMMEDIATE = "immediate"
    TWAP = "twap"


class ExecutionPolicy(Noun, frozen=True, kw_only=True):
    """How cleared plans are worked.

    `price_tolerance_bps` is the furthest a slice may trade from the plan's mark; `slice_rest_s` how long a limit
    slice rests before it is cancelled; `deadline_s` when a leg gives up, counted from its first slice. `valid_s`
    is how long a sent order may still be accepted by its venue (D25) and `ask_every_s` the pause between
    questions about one in doubt. `cooldown_s` is the least time between two rebalances.
    """

    schedule: Schedule
    order_kind: str
    duration_s: int
    slices: int
    price_tolerance_bps: Decimal
    slice_rest_s: int
    deadline_s: int
    max_attempts: int
    valid_s: int
    ask_every_s: int
    cooldown_s: int


class LimitPolicy(Noun, frozen=True, kw_only=True):
    """Bounds on waiting, age and repetition; each says its unit."""

    max_balance_age_s: int
    max_read_rounds: int
    lease_wait_s: int
    lease_ttl_s: int
    plan_max_age_s: int
    read_timeout_s: int


class Policy(Noun, frozen=True, kw_only=True):
    """One fund's law, complete: the part of `fund.toml` that decisions depend on."""

    fund: str
    base: str
    assets: tuple[Asset, ...]
    accounts: tuple[Account, ...]
    prices: PricePolicy
    target: Target
    triggers: tuple[Trigger, ...]
    costs: CostPolicy
    mandate: Mandate
    execution: ExecutionPolicy
    limits: LimitPolicy
    routes: tuple[Route, ...] = ()
