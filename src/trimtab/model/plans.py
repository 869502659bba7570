"""A plan: a graph of legs with costs, what it is expected to reach, and the proof of its price."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun
from trimtab.model.mandate import Verdict
from trimtab.model.orders import Side


class Costs(Noun, frozen=True, kw_only=True):
    """Predicted or paid cost by kind, in the base currency: fees, half spread, and the walk down the book."""

    fee: Decimal
    spread: Decimal
    impact: Decimal


class OrderLeg(Noun, frozen=True, kw_only=True, tag="order"):
    """Trade `amount` (base units) on one instrument from one account, no worse than `limit_price`.

    `mark_price` is the instrument's price implied by the marks, in quote per base; `value` is the amount at its
    mark, in the base currency. The leg may start when all legs in `needs` have ended; its wave follows from that.
    """

    id: str
    account: str
    instrument: str
    base: str
    quote: str
    side: Side
    amount: Decimal
    mark_price: Decimal
    limit_price: Decimal
    value: Decimal
    costs: Costs
    wave: int
    needs: tuple[str, ...] = ()


Leg = OrderLeg


class Change(Noun, frozen=True, kw_only=True):
    """What a leg is expected to change in one account, fees included (negative leaves)."""

    leg: str
    account: str
    asset: str
    amount: Decimal


class PlannedWeight(Noun, frozen=True, kw_only=True):
    """One asset's weight before, its goal, and the weight expected after (of the value after costs)."""

    asset: str
    before: Decimal
    low: Decimal
    high: Decimal
    after: Decimal


class Unmet(Noun, frozen=True, kw_only=True):
    """A goal the plan cannot reach, and why."""

    asset: str
    because: str


class Status(StrEnum):
    """How good a plan is known to be."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"


class Dual(Noun, frozen=True, kw_only=True):
    """The price that the solver put on one row of the problem, exact as stored."""

    row: str
    value: Decimal


class Certificate(Noun, frozen=True, kw_only=True):
    """What lets anyone recompute the lower bound without a solver: one dual price for each row that has one."""

    duals: tuple[Dual, ...]
    bound: Decimal


class Plan(Noun, frozen=True, kw_only=True):
    """What to do, what it costs, and what is expected to be true afterwards.

    `bound` is a proven lower bound of the cost of any plan for the same goals before rounding to lots, `gap` is
    cost minus bound; both, like `costs` and `traded`, in the base currency. `changes` are at `mark_price` moved
    by the predicted costs, so that balances plus changes are the expected end.
    """

    at: datetime
    base: str
    nav: Decimal
    status: Status
    solver: str
    solver_version: str
    legs: tuple[Leg, ...]
    changes: tuple[Change, ...]
    weights: tuple[PlannedWeight, ...]
    costs: Costs
    traded: Decimal
    bound: Decimal
    gap: Decimal
    unmet: tuple[Unmet, ...] = ()
    certificate: Certificate | None = None
    because: tuple[str, ...] = ()


class Rival(Noun, frozen=True, kw_only=True):
    """A way of reaching the same goals, as predicted: what it costs and how far from the goals it ends (by value)."""

    name: str
    legs: int
    traded: Decimal
    costs: Costs
    cost: Decimal
    away: Decimal


class Cleared(Noun, frozen=True, kw_only=True):
    """A plan that may be executed. Only `check.verdict.clear` builds one, and it is never decoded."""

    plan: Plan
    plan_hash: str
    verdict: Verdict
