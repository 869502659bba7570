"""What was decided and why: rebalance towards goals, or hold."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Reason(Noun, frozen=True, kw_only=True):
    """A trigger that fired and the sentence it leaves behind."""

    trigger: str
    because: str


class Drift(Noun, frozen=True, kw_only=True):
    """How far one asset is from its target: `drift` is actual minus target; [low, high] is its band, inclusive."""

    asset: str
    actual: Decimal
    target: Decimal
    low: Decimal
    high: Decimal
    drift: Decimal


class Goal(Noun, frozen=True, kw_only=True):
    """The weights a plan may end at for one asset, inclusive; `low == high` is an exact weight."""

    asset: str
    low: Decimal
    high: Decimal


class Slot(Noun, frozen=True, kw_only=True):
    """One due instant of a periodic trigger. It is consumed by a cycle that ended done or held within bands."""

    trigger: str
    at: datetime


class Past(Noun, frozen=True, kw_only=True):
    """What a decision needs to know of earlier cycles: the last rebalance, and the last slot consumed by trigger."""

    rebalanced_at: datetime | None = None
    slots: tuple[Slot, ...] = ()


class Cause(Noun, frozen=True, kw_only=True):
    """A person's order to rebalance now: who, and why."""

    by: str
    because: str


class Rebalance(Noun, frozen=True, kw_only=True, tag="rebalance"):
    """Act: the reasons, the drifts (widest first), the goals by asset, and the slots this uses up."""

    at: datetime
    reasons: tuple[Reason, ...]
    drifts: tuple[Drift, ...]
    goals: tuple[Goal, ...]
    slots: tuple[Slot, ...] = ()


class HoldKind(StrEnum):
    """Why nothing is done. What is doubtful may be seen clearly later; what is unlisted waits for a new law."""

    NOTHING_DUE = "nothing_due"
    WITHIN_BANDS = "within_bands"
    COOLING = "cooling"
    DOUBTFUL = "doubtful"
    UNLISTED = "unlisted"
    NOT_WORTH = "not_worth"
    NOTHING_TO_TRADE = "nothing_to_trade"


class Hold(Noun, frozen=True, kw_only=True, tag="hold"):
    """Do nothing, and the sentence that says why."""

    at: datetime
    kind: HoldKind
    because: str
    drifts: tuple[Drift, ...] = ()
    slots: tuple[Slot, ...] = ()


Decision = Rebalance | Hold


class Worth(Noun, frozen=True, kw_only=True, tag="worth"):
    """The plan is worth its cost: what it costs, what it trades (base currency), and the bound it was held to.

    `benefit` is what being nearer to the target is worth, where the fund says how to tell.
    """

    cost: Decimal
    traded: Decimal
    cost_bps: Decimal
    max_cost_bps: Decimal
    benefit: Decimal | None = None


Judgement = Worth | Hold
