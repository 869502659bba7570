"""The decision: rebalance towards goals, or hold; with reasons either way."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from trimtab.decide import drift, triggers
from trimtab.decide.triggers import Fired, Sight
from trimtab.model.decision import Decision, Drift, Goal, Hold, HoldKind, Reason, Rebalance
from trimtab.model.ledger import Opened
from trimtab.model.mandate import Finding, Severity
from trimtab.model.policy import Aim, Policy
from trimtab.model.valuation import Kind, Valuation
from trimtab.units import ONE, ZERO, plain, under_context

MANUAL: Final = "manual"
"""The trigger named by a person's order."""

MANDATE: Final = "mandate"
"""The trigger named by a promise that is broken already."""

CAPPED: Final = "max_weight"
"""The kind of clause whose limit bounds a goal."""


@under_context
def decide(valuation: Valuation, policy: Policy, present: tuple[Finding, ...], opened: Opened) -> Decision:
    """Act or hold, on what is known at `opened.at`.

    A clock that went back and doubts that block come first: nothing is traded on them, whoever asks. Then anything
    that says act: the triggers, a blocking clause that the present portfolio breaks, a person's order. The cooldown
    stops all of these but the order; also the broken clause, since one that no plan can mend would else trade in
    every cycle. A slot that is due while every asset is inside its band is used up by holding.
    """
    found = drift.drifts(valuation, policy.target)
    at = opened.at
    held = _unsure(valuation, opened)
    if held is not None:
        return Hold(at=at, kind=held[0], because=held[1], drifts=found)
    assert sum((t.weight for t in policy.target.weights), ZERO) == ONE, "targets that do not sum to one"
    strays = _mendable(drift.outside(found), valuation.nav, policy)
    fired = [
        firing
        for trigger in sorted(policy.triggers, key=lambda t: t.id)
        if (firing := triggers.TRIGGERS[type(trigger)](trigger, Sight(at, opened.past, strays))) is not None
    ]
    slots = tuple(sorted((f.slot for f in fired if f.slot is not None), key=lambda slot: slot.trigger))
    broken = [f for f in present if f.breached and f.severity is Severity.BLOCK]
    reasons = _reasons(opened, broken, fired)
    if not reasons:
        return Hold(at=at, kind=HoldKind.NOTHING_DUE, because=_idle(found), drifts=found)
    if opened.cause is None and not broken and not strays:
        because = f"{fired[0].reason.because}, but every asset is inside its band"
        return Hold(at=at, kind=HoldKind.WITHIN_BANDS, because=because, drifts=found, slots=slots)
    if opened.cause is None and (cooling := _cooling(opened, policy.execution.cooldown_s)):
        return Hold(at=at, kind=HoldKind.COOLING, because=f"{reasons[0].because}; {cooling}", drifts=found)
    return Rebalance(at=at, reasons=reasons, drifts=found, goals=_goals(found, policy.target.aim, broken), slots=slots)


def _unsure(valuation: Valuation, opened: Opened) -> tuple[HoldKind, str] | None:
    """Why nothing can be decided at all, if so."""
    if opened.last_at is not None and opened.at < opened.last_at:
        now, last = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (opened.at, opened.last_at))
        mend = "set it right, or give a world that begins anew a ledger of its own"
        return HoldKind.DOUBTFUL, f"the clock says {now}, but the last cycle ended at {last}: {mend}"
    blocking = [d for d in valuation.doubts if d.blocks]
    if blocking:
        gone = all(d.kind is Kind.UNLISTED for d in blocking)
        kind = HoldKind.UNLISTED if gone else HoldKind.DOUBTFUL
        return kind, "; ".join(f"{d.subject}: {d.because}" for d in blocking)
    if valuation.nav <= 0:
        return HoldKind.NOTHING_TO_TRADE, f"the fund holds {plain(valuation.nav, 2)} {valuation.base}"
    return None


def _mendable(strays: Iterable[Drift], nav: Decimal, policy: Policy) -> tuple[Drift, ...]:
    """Drifts that a trade may mend: one worth less than the mandate's least trade would call for it for ever."""
    clauses = [c for c in policy.mandate.clauses if c.kind == "min_trade" and c.severity is Severity.BLOCK]
    least = max((c.limit for c in clauses), default=ZERO)
    return tuple(d for d in strays if abs(d.drift) * nav >= least)


def _reasons(opened: Opened, broken: Iterable[Finding], fired: Iterable[Fired]) -> tuple[Reason, ...]:
    """A person's order first, then broken promises, then triggers."""
    ordered = []
    if opened.cause is not None:
        ordered.append(Reason(trigger=MANUAL, because=f"{opened.cause.by} asked for it: {opened.cause.because}"))
    promises = [Reason(trigger=MANDATE, because=f"{f.because} (clause {f.clause})") for f in broken]
    return (*ordered, *promises, *(f.reason for f in fired))


def _idle(found: Sequence[Drift]) -> str:
    return f"no trigger is due; the widest drift is {triggers.told(found[0])}" if found else "no trigger is due"


def _cooling(opened: Opened, cooldown_s: int) -> str | None:
    last = opened.past.rebalanced_at
    if last is None or opened.at - last >= timedelta(seconds=cooldown_s):
        return None
    until = last + timedelta(seconds=cooldown_s)
    return f"the cooldown of {cooldown_s} s since the last rebalance ends at {until:%Y-%m-%d %H:%M:%S} UTC"


def _goals(found: Iterable[Drift], aim: Aim, broken: Iterable[Finding]) -> tuple[Goal, ...]:
    """Where to go. A goal at the edge of a band does not reach into a limit that is broken now."""
    caps = {f.subject: f.limit for f in broken if f.kind == CAPPED}
    return tuple(_goal(d, aim, caps.get(d.asset, ONE)) for d in sorted(found, key=lambda d: d.asset))


def _goal(found: Drift, aim: Aim, cap: Decimal) -> Goal:
    if aim is Aim.CENTRE:
        return Goal(asset=found.asset, low=found.target, high=found.target)
    return Goal(asset=found.asset, low=found.low, high=max(found.low, min(found.high, cap)))
