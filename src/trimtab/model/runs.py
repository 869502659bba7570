"""The working of one cleared plan: its legs, their slices, and what was left undone."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun
from trimtab.model.orders import Fill, Order
from trimtab.model.plans import Costs, OrderLeg


class SliceState(StrEnum):
    """Where one slice stands. `sent` means that the intent is written and no answer has been heard yet."""

    WAITING = "waiting"
    SENT = "sent"
    OPEN = "open"
    DOUBTFUL = "doubtful"
    CANCELLING = "cancelling"
    ENDED = "ended"
    STUCK = "stuck"


class Slice(Noun, frozen=True, kw_only=True):
    """One child order of a leg's schedule; `order` is the attempt in force, `fills` a set by venue id, sorted."""

    index: int
    due: datetime
    amount: Decimal
    attempt: int = 0
    order: Order | None = None
    state: SliceState = SliceState.WAITING
    fills: tuple[Fill, ...] = ()
    asked_at: datetime | None = None
    because: str = ""


class Working(Noun, frozen=True, kw_only=True):
    """One leg being worked."""

    leg: OrderLeg
    slices: tuple[Slice, ...]
    started_at: datetime | None = None
    ended: bool = False


class Placed(Noun, frozen=True, kw_only=True):
    """An order that was ever given, and the positions of its leg in the run and of its slice in the leg."""

    order_id: str
    leg: int
    slice: int


class RunState(StrEnum):
    """Whether a run goes on, is stopping because someone said so, or has ended."""

    WORKING = "working"
    HALTING = "halting"
    ENDED = "ended"
    STUCK = "stuck"


class Run(Noun, frozen=True, kw_only=True):
    """The whole working of a plan, rebuilt at any time by folding its events over the cleared plan.

    `now` is the instant of the last event that changed it; `placed` has every order ever given, sorted by id.
    """

    cycle: str
    plan_hash: str
    genesis: str
    state: RunState
    now: datetime
    legs: tuple[Working, ...]
    placed: tuple[Placed, ...] = ()


class Residual(Noun, frozen=True, kw_only=True):
    """What a leg failed to do: `amount` in base units of its instrument, and why."""

    leg: str
    amount: Decimal
    because: str


class Ended(Noun, frozen=True, kw_only=True):
    """How a run ended: every fill, what is left, and the cost paid against the plan's marks, by kind."""

    plan_hash: str
    state: RunState
    at: datetime
    fills: tuple[Fill, ...]
    residuals: tuple[Residual, ...]
    paid: Costs
