"""A cycle's entries folded into the rows that people with SQL read. Derived: the ledger says the same, and more."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from trimtab import units
from trimtab.model.canonical import Noun
from trimtab.model.decision import Cause, Rebalance
from trimtab.model.ledger import Closed, Entry, Opened, noun
from trimtab.model.orders import Fill, Place
from trimtab.model.plans import Costs, OrderLeg, Plan
from trimtab.model.runs import Ended
from trimtab.model.valuation import Valuation
from trimtab.record.seal import seal

OPEN = "open"
"""The status of a cycle that has no `closed` entry yet."""

Weights = tuple[tuple[str, Decimal], ...]


class CycleRow(Noun, frozen=True, kw_only=True):
    """One cycle, whatever it decided: when, how it ended, which entries are its, and its seal (empty while open)."""

    id: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str
    because: str
    first_seq: int
    last_seq: int
    seal: str


class RebalancingEvent(Noun, frozen=True, kw_only=True):
    """One cycle that decided to act, whatever came of it.

    Money is in the fund's base currency. `traded` counts fills at their own price, turned into the base currency
    at the plan's marks. Costs and `traded` are None while a run is going on. `approvals` names the people who stand
    behind it: whoever ordered it by hand.
    """

    id: str
    fund: str
    triggered_at: datetime
    triggers: tuple[str, ...]
    reasons: tuple[str, ...]
    weights_before: Weights
    weights_target: Weights
    weights_after: Weights | None
    traded: Decimal | None
    paid: Costs | None
    status: str
    trades: tuple[Fill, ...]
    approvals: tuple[Cause, ...]
    plan_hash: str
    seal: str


def cycle_row(entries: Sequence[Entry]) -> CycleRow:
    """The row of one cycle, from all its entries in order."""
    opened: Opened = noun(entries[0])
    closed = _first(entries, "closed")
    end: Closed | None = noun(closed) if closed else None
    return CycleRow(
        id=opened.cycle,
        opened_at=opened.at,
        closed_at=end.at if end else None,
        outcome=end.outcome if end else OPEN,
        because=end.because if end else "",
        first_seq=entries[0].seq,
        last_seq=entries[-1].seq,
        seal=seal(closed) if closed else "",
    )


@units.under_context
def event(fund: str, entries: Sequence[Entry]) -> RebalancingEvent | None:
    """The rebalancing of one cycle, from all its entries in order. None: it held, or has not decided yet."""
    decided = _first(entries, "decided")
    decision = noun(decided) if decided else None
    if not isinstance(decision, Rebalance):
        return None
    opened: Opened = noun(entries[0])
    row = cycle_row(entries)
    planned = _first(entries, "planned")
    ended: Ended | None = _noun(entries, "ended")
    running = ended is None and _first(entries, "started") is not None
    valuations: list[Valuation] = [noun(entry) for entry in entries if entry.kind == "valued"]
    return RebalancingEvent(
        id=row.id,
        fund=fund,
        triggered_at=row.opened_at,
        triggers=tuple(dict.fromkeys(reason.trigger for reason in decision.reasons)),
        reasons=tuple(reason.because for reason in decision.reasons),
        weights_before=_weights(valuations[0]),
        weights_target=tuple(sorted((drift.asset, drift.target) for drift in decision.drifts)),
        weights_after=_weights(valuations[1]) if len(valuations) > 1 else None,
        traded=None if running else _traded(entries, ended),
        paid=None if running else _paid(ended),
        status=row.outcome,
        trades=ended.fills if ended else (),
        approvals=(opened.cause,) if opened.cause else (),
        plan_hash=hashlib.sha256(planned.body).hexdigest() if planned else "",
        seal=row.seal,
    )


def _first(entries: Iterable[Entry], kind: str) -> Entry | None:
    return next((entry for entry in entries if entry.kind == kind), None)


def _noun(entries: Iterable[Entry], kind: str) -> Any:  # the kind decides the type
    entry = _first(entries, kind)
    return noun(entry) if entry else None


def _weights(valuation: Valuation) -> Weights:
    return tuple(sorted((h.asset, h.weight) for h in valuation.holdings if h.weight is not None))


def _paid(ended: Ended | None) -> Costs:
    return ended.paid if ended else Costs(fee=units.ZERO, spread=units.ZERO, impact=units.ZERO)


def _traded(entries: Sequence[Entry], ended: Ended | None) -> Decimal:
    if ended is None or not ended.fills:
        return units.ZERO
    plan: Plan = _noun(entries, "planned")
    legs = {leg.id: leg for leg in plan.legs}
    leg_of = {c.order.id: c.order.leg for c in _commands(entries) if isinstance(c, Place)}
    return units.money(sum((_value(fill, legs[leg_of[fill.order_id]]) for fill in ended.fills), units.ZERO))


def _commands(entries: Iterable[Entry]) -> list[Any]:
    return [command for entry in entries if entry.kind == "intended" for command in noun(entry).commands]


def _value(fill: Fill, leg: OrderLeg) -> Decimal:
    """A fill's notional in the base currency: the leg's marks say what one unit of its quote is worth."""
    return fill.amount * fill.price * units.divide(leg.value, leg.amount * leg.mark_price)
