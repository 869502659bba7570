"""Why a cycle did what it did, in plain sentences, from its facts alone."""

from collections.abc import Iterator
from decimal import Decimal

from trimtab import units
from trimtab.model.decision import Drift, Hold, Rebalance, Worth
from trimtab.model.ledger import Closed, CycleOutcome
from trimtab.model.mandate import Finding, Outcome, Severity
from trimtab.model.orders import Side
from trimtab.model.plans import Status
from trimtab.pages import doubts, words
from trimtab.record.facts import Facts, Trade

ENDINGS = {
    CycleOutcome.DONE: "It was done",
    CycleOutcome.HELD: "It held still",
    CycleOutcome.BLOCKED: "It was blocked, and the plan was not executed",
    CycleOutcome.DECLINED: "It was declined, and the plan was not executed",
    CycleOutcome.WAITING: "It waits for a person",
    CycleOutcome.INFEASIBLE: "It found no plan",
    CycleOutcome.HALTED: "A person halted it",
    CycleOutcome.STUCK: "It is stuck and needs a person",
    CycleOutcome.ABANDONED: "It was abandoned",
}


@units.under_context
def explain(facts: Facts) -> str:
    """The story of one cycle: a heading, then a paragraph for each stage that it reached."""
    parts = (
        ("Why", _why(facts)),
        ("What venues changed", (words.sentence(change) for change in facts.changes)),
        ("What it saw", _seen(facts)),
        ("How far it was off", _drift(facts)),
        ("What it considered", _considered(facts)),
        ("What was checked", _checked(facts)),
        ("What it did", _did(facts)),
        ("What it cost", _cost(facts)),
        ("What stayed undone", _undone(facts)),
        ("How it ended", _ended(facts)),
    )
    told = ((title, list(lines)) for title, lines in parts)
    blocks = [
        _heading(facts),
        *("\n".join((title, *(f"  {line}" for line in lines))) for title, lines in told if lines),
    ]
    return "\n\n".join(blocks) + "\n"


def _heading(facts: Facts) -> str:
    fund = f" of fund {facts.fund}" if facts.fund else ""
    ended = f"closed {words.instant(facts.closed.at)}" if facts.closed else "not finished"
    return f"Cycle {facts.cycle}{fund}, opened {words.instant(facts.opened.at)}, {ended}"


def _why(facts: Facts) -> Iterator[str]:
    cause = facts.opened.cause
    if cause is not None:
        yield words.sentence(f"{cause.by} asked for it: {cause.because}")
    match facts.decision:
        case Rebalance(reasons=reasons):
            for reason in reasons:
                yield words.sentence(f"Trigger {reason.trigger}: {reason.because}")
        case Hold() as hold:
            because = doubts.held(hold, facts.before.doubts if facts.before else ())
            yield words.sentence(f"It decided to hold: {because}")
        case None:
            yield "It ended before it could decide."


def _seen(facts: Facts) -> Iterator[str]:
    if facts.before is None:
        return
    seen = facts.before
    if doubts.nothing_seen(seen):
        yield f"At {words.instant(seen.at)} nothing could be read, so what the fund was worth is not known."
    else:
        where = words.count(len(seen.accounts), "account")
        yield (
            f"At {words.instant(seen.at)} the fund was worth {words.money(seen.nav, seen.base)} "
            f"in {words.count(len(seen.holdings), 'asset')} over {where}."
        )
    for blocks, weight in ((True, "nothing may be traded because of it"), (False, "it did not stop the cycle")):
        for kind, subjects, because in doubts.grouped(d for d in seen.doubts if d.blocks is blocks):
            yield f"In doubt ({kind}): {subjects}, {because}; {weight}."


def _drift(facts: Facts) -> Iterator[str]:
    if facts.before is not None and doubts.nothing_seen(facts.before):
        return
    drifts = facts.decision.drifts if facts.decision is not None else ()
    outside = [drift for drift in drifts if not drift.low <= drift.actual <= drift.high]
    for drift in outside:
        yield _drifted(drift)
    inside = len(drifts) - len(outside)
    if inside:
        bands = "its band" if inside == 1 else "their bands"
        yield f"{words.count(inside, 'asset was', 'assets were')} within {bands}."


def _drifted(drift: Drift) -> str:
    side = "above" if drift.drift > 0 else "below"
    gap = units.plain(abs(drift.drift) * 100, 2)
    band = f"{words.percent(drift.low)} to {words.percent(drift.high)}"
    return (
        f"{drift.asset} was {words.percent(drift.actual)} of the fund, {gap} points {side} its target of "
        f"{words.percent(drift.target)} (band {band})."
    )


def _considered(facts: Facts) -> Iterator[str]:
    plan = facts.plan
    if plan is None:
        return
    if plan.status is Status.INFEASIBLE:
        yield "No plan reaches the goals."
    else:
        yield from _proposed(facts)
    for because in plan.because:
        yield words.sentence(because)
    for unmet in plan.unmet:
        yield words.sentence(f"{unmet.asset} cannot reach its goal: {unmet.because}")
    match facts.judgement:
        case Worth(cost_bps=cost, max_cost_bps=most):
            yield f"It was worth doing: {_bps(cost)} of what it trades, at most {_bps(most)} may be spent."
        case Hold(because=because):
            yield words.sentence(f"It was not worth doing: {because}")


def _bps(number: Decimal) -> str:
    return f"{units.plain(number, 2)} bps"


def _proposed(facts: Facts) -> Iterator[str]:
    plan = facts.plan
    assert plan is not None
    waves = len({leg.wave for leg in plan.legs})
    cost = words.total(plan.costs)
    yield (
        f"The plan had {words.count(len(plan.legs), 'leg')} in {words.count(waves, 'wave')}, trading "
        f"{words.money(plan.traded, plan.base)} at a predicted cost of {words.money(cost, plan.base)} "
        f"({words.in_bps(cost, plan.traded)})."
    )
    if plan.certificate is not None:
        yield (
            f"Before rounding to lots no plan for these goals costs less than {words.money(plan.bound, plan.base)}; "
            f"this one costs {words.money(plan.gap, plan.base)} more."
        )


def _checked(facts: Facts) -> Iterator[str]:
    verdict = facts.verdict
    if verdict is None:
        return
    breached = [finding for finding in verdict.findings if finding.breached]
    yield f"{words.count(len(verdict.findings), 'check')}, {len(breached)} breached: {_verdict(verdict.outcome)}."
    for finding in breached:
        yield _refused(finding, facts)


def _verdict(outcome: Outcome) -> str:
    return {
        Outcome.PASS: "the plan passed",
        Outcome.ASK: "a person must agree",
        Outcome.BLOCK: "the plan was refused",
    }[outcome]


def _refused(finding: Finding, facts: Facts) -> str:
    verb = {Severity.BLOCK: "Refused by", Severity.ASK: "To be agreed under", Severity.WARN: "Warned by"}
    when = "already now" if finding.wave == 0 else f"after wave {finding.wave}"
    return words.sentence(f"{verb[finding.severity]} {_rule(finding, facts)}, {when}: {doubts.spoken(finding.because)}")


def _rule(finding: Finding, facts: Facts) -> str:
    """A clause of the mandate with its words; the checks that hold for every fund have only their name."""
    promise = next((clause.words for clause in facts.clauses if clause.id == finding.clause), None)
    return f"check {finding.clause}" if promise is None else f'clause {finding.clause} ("{promise}")'


def _did(facts: Facts) -> Iterator[str]:
    if facts.started is None:
        return
    yield f"Work began at {words.instant(facts.started.at)}."
    for at in facts.takeovers:
        yield f"At {words.instant(at)} another process carried on where the first one had stopped."
    for trade in facts.trades:
        yield _traded(trade)
    for halt in facts.halts:
        yield words.sentence(f"At {words.instant(halt.at)} {halt.by} halted it: {halt.because}")


def _traded(trade: Trade) -> str:
    did = "Bought" if trade.side is Side.BUY else "Sold"
    part = "" if trade.done == trade.planned else f" of {words.amount(trade.planned)}"
    what = f"{words.amount(trade.done)}{part} {trade.base}"
    if trade.average is None:
        return f"{did} none of {words.amount(trade.planned)} {trade.base} on {trade.instrument} from {trade.account}."
    fees = words.listed([f"{words.amount(fee.amount)} {fee.asset}" for fee in trade.fees])
    return (
        f"{did} {what} on {trade.instrument} from {trade.account} "
        f"at {words.price(trade.average)} {trade.quote} on average (mark {words.price(trade.mark_price)}), "
        f"in {words.count(trade.fills, 'fill')}{', paying ' + fees if fees else ''}."
    )


def _cost(facts: Facts) -> Iterator[str]:
    if facts.plan is None or facts.ended is None:
        return
    currency = facts.plan.base
    predicted, paid = words.total(facts.plan.costs), words.total(facts.ended.paid)
    costs = facts.ended.paid
    yield (
        f"Predicted {words.money(predicted, currency)} ({words.in_bps(predicted, facts.plan.traded)}), "
        f"paid {words.money(paid, currency)} ({words.in_bps(paid, facts.traded)}): fees {words.money(costs.fee)}, "
        f"spread {words.money(costs.spread)}, walking the book and market moves {words.money(costs.impact)}."
    )


def _undone(facts: Facts) -> Iterator[str]:
    for residual in facts.ended.residuals if facts.ended else ():
        yield words.sentence(doubts.undone(residual, facts))


def _ended(facts: Facts) -> Iterator[str]:
    if facts.closed is None:
        yield "It has not ended: the next run finishes it first."
        return
    because = doubts.ended(facts)
    yield words.sentence(f"{ENDINGS[facts.closed.outcome]}: {because}")
    yield from _reconciled(facts)
    yield from _frozen(facts.closed)
    if facts.after is not None:
        yield f"The fund is worth {words.money(facts.after.nav, facts.after.base)} after it."
    elif facts.reconciled is not None:
        yield "What the fund is worth after it is not known: not every account could be read."
    yield f"Seal {facts.seal}."


def _reconciled(facts: Facts) -> Iterator[str]:
    if facts.reconciled is None:
        return
    if not facts.reconciled.breaks:
        yield "What was found afterwards is what the fills and fees say, to the last unit."
    for item in facts.reconciled.breaks:
        observed = "nothing could be read" if item.observed is None else f"{units.plain(item.observed)} was found"
        yield words.sentence(
            f"Break ({item.cause}) in {item.account}: {units.plain(item.expected)} {item.asset} was expected, "
            f"{observed}: {item.because}"
        )


def _frozen(closed: Closed) -> Iterator[str]:
    for item in closed.frozen:
        yield words.sentence(f"Account {item.account} does not trade until a person accepts it: {item.because}")
