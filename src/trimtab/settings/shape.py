"""The shape of `fund.toml`: one Section for each table, with defaults, bounds and the words an editor shows.

The reader and the JSON Schema are both derived from here, so that a key is declared once. Sections mirror the
file (tables by name); the nouns of `model` mirror what the stages read (tuples sorted by id).
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from trimtab.model.accounts import Managed
from trimtab.model.mandate import Basis, Moment, Severity
from trimtab.model.orders import OrderKind
from trimtab.model.policy import Aim, Calendar, Schedule

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What accounts, venues, assets, triggers, clauses and the fund may be called: no spaces, slashes or colons."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


def words(description: str) -> Meta:
    """What an editor shows for a key."""
    return Meta(description=description)


def number(description: str, **bounds: str) -> Meta:
    """A decimal within bounds: `low` and `high` are inclusive, `above` is not.

    In the file it is a string, an integer or a literal such as 0.4, which is taken by its text and so is exact.
    """
    return Meta(description=description, extra=dict(bounds))


def hidden(description: str) -> Meta:
    """Text that is never repeated in a message: somebody may have pasted a secret there."""
    return Meta(description=description, extra={"hidden": True})


Name = Annotated[str, Meta(pattern=NAME)]
Seconds = Annotated[int, Meta(ge=0)]
SomeSeconds = Annotated[int, Meta(ge=1)]


class FundSection(Section, frozen=True, kw_only=True):
    """Which fund this is and where its record is kept."""

    id: Annotated[Name, words("The fund's name in its ledger. Changing it means another fund.")]
    base: Annotated[Name, words("The currency it is measured in; one that prices can reach.")] = "USDT"
    store: Annotated[str, hidden("The ledger: sqlite:///FILE. Default: the fund's id with .db beside this file.")] = ""
    seals: Annotated[str, words("The file that keeps each cycle's seal outside the ledger.")] = "seals.txt"


class ClockSource(StrEnum):
    """Whose time the fund lives by: the wall's, or the simulated world's."""

    WALL = "wall"
    SIM = "sim"


class ClockSection(Section, frozen=True, kw_only=True):
    """Whose time the fund lives by."""

    source: Annotated[ClockSource, words("wall: real time; sim: the simulated world's market time.")] = ClockSource.WALL
    world: Annotated[str, words("The file of the world whose time it is. Default: that of the paper venues.")] = ""


class VenueKind(StrEnum):
    """How a venue is reached."""

    PAPER = "paper"
    BINANCE = "binance"
    COINBASE = "coinbase"
    KRAKEN = "kraken"
    OKX = "okx"
    BYBIT = "bybit"


UNPROVEN: Final = frozenset({VenueKind.KRAKEN, VenueKind.OKX, VenueKind.BYBIT})
"""Exchanges that are known from their documentation only."""


class VenueSection(Section, frozen=True, kw_only=True):
    """A place to trade."""

    kind: Annotated[VenueKind, words("paper: simulated, in this process; else the exchange of that name.")]
    world: Annotated[str, words("paper: the file that describes the simulated world.")] = "paper.toml"
    unproven: Annotated[
        bool, words("kraken, okx, bybit: trade there though nothing was ever run against it; else it is only read.")
    ] = False


LOOPBACK: Final = r"^(127\.0\.0\.1|localhost):[0-9]{1,5}$"


class WireSection(Section, frozen=True, kw_only=True):
    """Where an exchange's client really connects: to a simulator on this machine, under the exchange's own names."""

    connect: Annotated[str, words("The simulator's address, such as 127.0.0.1:8443; this machine only.")]
    ca: Annotated[str, words("The certificate to trust there, such as sim-ca.pem.")]


class MoverSection(Section, frozen=True, kw_only=True):
    """A key of an account's that is used for sending money out, and for nothing else."""

    key: Annotated[str, hidden("Where it is: env:NAME or file:PATH. Never the key itself.")]
    secret: Annotated[str, hidden("Where its secret or private key is, as for key.")]


class AccountSection(Section, frozen=True, kw_only=True):
    """One account at a venue."""

    venue: Annotated[str, words("The name of a table under [venues].")]
    managed: Annotated[Managed, words("exclusive: only we trade here; shared: others do too.")] = Managed.EXCLUSIVE
    key: Annotated[str | None, hidden("Where its key is: env:NAME or file:PATH. Never the key itself.")] = None
    secret: Annotated[str | None, hidden("Where an exchange key's secret or private key is, as for key.")] = None
    wire: Annotated[WireSection | None, words("A simulator in place of the real exchange.")] = None
    withdraw: Annotated[
        MoverSection | None, words("A key of its own for sending money out, so that the one that trades may not.")
    ] = None
    keep: dict[str, Annotated[Decimal, number("An amount that trading must leave here.", low="0")]] = {}


class RouteSection(Section, frozen=True, kw_only=True):
    """A way for an asset between two of the accounts."""

    asset: Annotated[str, words("What goes this way.")]
    network: Annotated[str, words("By which network, in the words of the venue that sends.")]
    source: Annotated[str, words("The account that sends.")] = msgspec.field(name="from")
    target: Annotated[str, words("The account that receives.")] = msgspec.field(name="to")
    address: Annotated[str, words("Where the receiving account gets it; a person has compared it with the venue.")]


class FixedSection(Section, frozen=True, kw_only=True):
    """A price that the fund assumes; it is shown as assumed."""

    price: Annotated[Decimal, number("The price of one unit in the base currency.", above="0")]
    because: Annotated[str, words("Why it may be assumed; auditors read this.")]


class PricesSection(Section, frozen=True, kw_only=True):
    """How marks are chosen."""

    sources: Annotated[tuple[str, ...], words("Venues whose mids count, most trusted first. Default: all.")] = ()
    max_age_s: Annotated[SomeSeconds, words("A quote older than this does not count.")] = 60
    max_spread_bps: Annotated[Decimal, number("A quote wider than this does not count.", low="0")] = Decimal(200)
    max_disagreement_bps: Annotated[
        Decimal, number("Two sources further apart than this leave an asset unpriced.", low="0")
    ] = Decimal(100)
    max_unpriced_weight: Annotated[
        Decimal, number("How much of NAV may stay unpriced; an asset with a target never may.", low="0", high="1")
    ] = Decimal(0)
    fixed: Annotated[dict[str, FixedSection], words("Prices that the fund assumes, by asset.")] = {}


class WeightSection(Section, frozen=True, kw_only=True):
    """The desired weight of one asset, with its own band."""

    weight: Annotated[Decimal, number("Share of NAV.", low="0", high="1")]
    band: Annotated[Decimal | None, number("How far it may wander, as a share of NAV.", low="0", high="1")] = None
    relative_band: Annotated[Decimal | None, number("How far it may wander, as a share of its weight.", low="0")] = None


class TargetsSection(Section, frozen=True, kw_only=True):
    """What the fund should hold. Weights sum to one; an asset that is held and not named has target 0."""

    aim: Annotated[Aim, words("centre: rebalance to the weight; edge: only to the edge of the band.")] = Aim.CENTRE
    band: Annotated[Decimal | None, number("The band of weights that name none (share of NAV).", low="0", high="1")] = (
        None
    )
    relative_band: Annotated[
        Decimal | None, number("The relative band of weights that name none (share of the weight).", low="0")
    ] = None
    weights: dict[str, Annotated[Decimal, number("Share of NAV.", low="0", high="1")] | WeightSection]


class ThresholdSection(Section, frozen=True, kw_only=True, tag_field="kind", tag="threshold"):
    """Rebalance when an asset leaves its band."""


class PeriodicSection(Section, frozen=True, kw_only=True, tag_field="kind", tag="periodic"):
    """Rebalance by the calendar, or at an interval from the anchor."""

    anchor: Annotated[datetime, words("The first slot; its time of day, weekday and day of month are kept.")]
    interval_s: Annotated[SomeSeconds | None, words("Seconds from slot to slot.")] = None
    calendar: Annotated[Calendar | None, words("daily, weekly or monthly, at the anchor's local time.")] = None
    zone: Annotated[str, words("IANA name of the zone whose clock the calendar follows.")] = "UTC"


class HybridSection(Section, frozen=True, kw_only=True, tag_field="kind", tag="hybrid"):
    """Rebalance when an asset leaves its band, but not too often."""

    spacing_s: Annotated[SomeSeconds, words("The least time since the last rebalance.")]


class BenefitSection(Section, frozen=True, kw_only=True):
    """What being nearer to the target is worth: a plan that costs more than its benefit is not made."""

    risk_aversion: Annotated[Decimal, number("How much return the fund gives up for less variance.", above="0")]
    horizon_days: Annotated[Decimal, number("How long a rebalance is expected to last.", above="0")]
    correlation: Annotated[Decimal, number("How any two assets move together.", low="0", high="1")] = Decimal(0)
    volatility: Annotated[
        dict[Name, Annotated[Decimal, number("Standard deviation by year.", low="0", high="10")]],
        words("How much each target's price varies by year: BTC = 0.6."),
    ]


class CostsSection(Section, frozen=True, kw_only=True):
    """What a rebalance may cost."""

    max_cost_bps: Annotated[Decimal, number("A plan dearer than this, of what it trades, is not made.", low="0")] = (
        Decimal(50)
    )
    benefit: Annotated[BenefitSection | None, words("Hold where a plan costs more than it is worth.")] = None


class ClauseSection(Section, frozen=True, kw_only=True):
    """One promise of the mandate."""

    id: Annotated[Name, words("Its name in findings and reports.")]
    kind: Annotated[str, words("Which rule it is.")]
    words: Annotated[str, words("The promise as its reader knows it.")]
    severity: Annotated[Severity, words("block, ask a person, or only warn.")] = Severity.BLOCK
    basis: Annotated[Basis | None, words("nav: limit is a share of NAV; value: money in the base currency.")] = None
    scope: Annotated[tuple[str, ...], words("The assets or venues it binds; empty: each one by itself.")] = ()
    limit: Annotated[Decimal | None, number("The number that may not be passed.", low="0")] = None
    moment: Annotated[Moment | None, words("When it must hold.")] = None


class MandateSection(Section, frozen=True, kw_only=True):
    """What the fund promised."""

    clause: tuple[ClauseSection, ...] = ()


class ExecutionSection(Section, frozen=True, kw_only=True):
    """How a cleared plan is worked."""

    schedule: Annotated[Schedule, words("immediate, or twap: equal slices over time.")] = Schedule.TWAP
    order_kind: Annotated[OrderKind, words("How a slice meets the book: limit or market.")] = OrderKind.LIMIT
    duration_s: Annotated[Seconds, words("How long a twap takes from its first slice to its last.")] = 600
    slices: Annotated[int, Meta(ge=1, le=1000, description="How many slices a twap has.")] = 10
    price_tolerance_bps: Annotated[Decimal, number("How far from the plan's mark a slice may trade.", low="0")] = (
        Decimal(50)
    )
    slice_rest_s: Annotated[SomeSeconds, words("How long a limit slice rests before it is cancelled.")] = 30
    deadline_s: Annotated[SomeSeconds, words("When a leg gives up, counted from its first slice.")] = 1800
    max_attempts: Annotated[int, Meta(ge=1, le=100, description="How often a slice is tried.")] = 3
    valid_s: Annotated[SomeSeconds, words("How long a sent order may still be accepted by its venue.")] = 5
    ask_every_s: Annotated[SomeSeconds, words("The pause between questions about an order in doubt.")] = 2
    cooldown_s: Annotated[Seconds, words("The least time between two rebalances.")] = 0


class LimitsSection(Section, frozen=True, kw_only=True):
    """Bounds on waiting, age and repetition."""

    max_balance_age_s: Annotated[SomeSeconds, words("A balance older than this is stale.")] = 60
    max_read_rounds: Annotated[int, Meta(ge=1, le=100, description="How often balances are read until they rest.")] = 5
    lease_wait_s: Annotated[Seconds, words("How long run waits for another run to finish.")] = 30
    lease_ttl_s: Annotated[SomeSeconds, words("How long a lease lasts that is not renewed.")] = 30
    plan_max_age_s: Annotated[SomeSeconds, words("A saved plan older than this is not executed.")] = 600
    read_timeout_s: Annotated[SomeSeconds, words("How long a venue may take to answer.")] = 10


TriggerSection = ThresholdSection | PeriodicSection | HybridSection
Decimals = Annotated[int, Meta(ge=0, le=30, description="How many decimals the asset's smallest unit has.")]


class FundFile(Section, frozen=True, kw_only=True):
    """One fund. It holds no secret; relative paths are relative to the file."""

    fund: FundSection
    clock: ClockSection = ClockSection()
    venues: Annotated[dict[Name, VenueSection], words("Where the fund trades, by name.")]
    accounts: Annotated[dict[Name, AccountSection], words("Where it holds, by name.")]
    assets: Annotated[dict[Name, Decimals], words("What it may hold and trade, each with its decimals: BTC = 8.")]
    prices: PricesSection = PricesSection()
    targets: TargetsSection
    triggers: Annotated[dict[Name, TriggerSection], words("When to rebalance, by name.")] = {}
    costs: CostsSection = CostsSection()
    mandate: MandateSection = MandateSection()
    execution: ExecutionSection = ExecutionSection()
    limits: LimitsSection = LimitsSection()
    routes: Annotated[dict[Name, RouteSection], words("How money may move between the accounts, by name.")] = {}
