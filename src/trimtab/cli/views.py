"""What commands print: tables and sentences for a terminal, from nouns. Numbers are plain, aligned, with units."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trimtab.cli.screen import table
from trimtab.model.decision import Decision, Hold, HoldKind
from trimtab.model.mandate import Finding, Outcome, Verdict
from trimtab.model.plans import Leg, Plan, Status
from trimtab.model.thought import Thought
from trimtab.model.valuation import Valuation
from trimtab.units import bps, plain

if TYPE_CHECKING:
    from trimtab.api import Check

HOLD_WORDS = {
    HoldKind.NOTHING_DUE: "Hold",
    HoldKind.WITHIN_BANDS: "Hold",
    HoldKind.COOLING: "Hold, cooling down",
    HoldKind.DOUBTFUL: "Hold, the picture is not complete",
    HoldKind.NOT_WORTH: "Hold, not worth its cost",
    HoldKind.NOTHING_TO_TRADE: "Hold, nothing to trade",
}


def state(seen: Thought) -> RenderableType:
    """Holdings, weights, drift, accounts, and everything that is not certain."""
    valued = seen.valuation
    head = Text.assemble(
        ("NAV ", "bold"), (f"{plain(valued.nav, 2)} {valued.base}", "bold"), f"   at {_time(valued.at)}"
    )
    return Group(
        head,
        _holdings(seen),
        _accounts(seen),
        *_transits(seen),
        *_doubts(valued),
        _sentence(seen.decision),
    )


def thought(seen: Thought, *, saved: Path | None) -> RenderableType:
    """A plan as a person decides on it: why, from where to where, by which legs, at what cost, under which checks."""
    parts: list[RenderableType] = [_sentence(seen.decision), _weights(seen)]
    if seen.plan is not None:
        parts += _plan(seen.plan)
    if isinstance(seen.judgement, Hold):
        parts.append(_sentence(seen.judgement))
    if seen.verdict is not None:
        parts.append(checks(seen.verdict, seen.valuation.base))
    parts += _doubts(seen.valuation) or [Text("Unknown: nothing", "dim")]
    if seen.plan_hash:
        parts.append(Text(f"Plan  {seen.plan_hash}"))
    parts.append(Text(_next(seen, saved), "bold"))
    return Group(*parts)


def check_up(findings: Sequence["Check"]) -> RenderableType:
    """One line for each check, with the fix where it failed."""
    shown = table(("", "left"), ("check", "left"), ("finding", "left"))
    for found in findings:
        mark = Text("ok", "green") if found.well else Text("fail", "bold red")
        shown.add_row(mark, found.subject, found.finding if found.well else f"{found.finding}\nfix: {found.fix}")
    return shown


def checks(verdict: Verdict, base: str) -> RenderableType:
    """The verdict, and each clause at the moment when it has the least headroom."""
    words = {Outcome.PASS: ("pass", "green"), Outcome.ASK: ("ask a person", "yellow"), Outcome.BLOCK: ("block", "red")}
    shown = table(("check", "left"), ("on", "left"), ("value", "right"), ("limit", "right"), ("headroom", "right"))
    for finding in _tightest(verdict.findings):
        style = "bold red" if finding.breached else ""
        row = (finding.clause, finding.subject, *(_measure(n, finding, base) for n in _numbers(finding)))
        shown.add_row(*row, style=style)
    head = Text.assemble(("Checks: ", "bold"), words[verdict.outcome])
    said = [Text(f"  {f.because}", "red") for f in verdict.findings if f.breached]
    return Group(head, shown, *said) if shown.row_count else Group(head, *said)


def _tightest(findings: Iterable[Finding]) -> list[Finding]:
    """For each clause and subject the finding with the least headroom, the narrowest first."""
    least: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        place = (finding.clause, finding.subject)
        if place not in least or finding.headroom < least[place].headroom:
            least[place] = finding
    return sorted(least.values(), key=lambda f: (f.clause, f.headroom, f.subject))


def _numbers(finding: Finding) -> tuple[Decimal, Decimal, Decimal]:
    return finding.value, finding.limit, finding.headroom


def _measure(number: Decimal, finding: Finding, base: str) -> str:
    """Shares as percentages, money as money: a limit of one or less is a share of NAV."""
    if finding.limit <= 1 and abs(finding.value) <= 10:
        return _share(number)
    return f"{plain(number, 2)} {base}"


def _holdings(seen: Thought) -> Table:
    marks = {mark.asset: mark for mark in seen.marks.marks}
    drifts = {drift.asset: drift for drift in seen.decision.drifts}
    shown = table(
        ("asset", "left"),
        ("amount", "right"),
        ("price", "right"),
        ("trust", "left"),
        ("value", "right"),
        ("weight", "right"),
        ("drift", "right"),
        ("age", "right"),
    )
    for holding in seen.valuation.holdings:
        mark, drift = marks.get(holding.asset), drifts.get(holding.asset)
        shown.add_row(
            holding.asset,
            plain(holding.amount),
            "?" if holding.price is None else _price(holding.price),
            mark.trust if mark else "unpriced",
            "?" if holding.value is None else plain(holding.value, 2),
            "?" if holding.weight is None else _share(holding.weight),
            "" if drift is None else _signed_share(drift.drift),
            _age((seen.valuation.at - holding.oldest).total_seconds()),
        )
    return shown


def _accounts(seen: Thought) -> Table:
    """Each account with what it holds; what is not free is locked, or has not matured."""
    prices = {mark.asset: mark.price for mark in seen.marks.marks}
    shown = table(("account", "left"), ("asset", "left"), ("total", "right"), ("free", "right"), ("value", "right"))
    for account in seen.valuation.accounts:
        head = Text.assemble((account.account, "bold"), f" at {account.venue}")
        shown.add_row(head, "", "", _share(account.weight), plain(account.value, 2), style="bold")
        for held in (b for b in seen.snapshot.balances if b.account == account.account and b.total):
            price = prices.get(held.asset)
            worth = "?" if price is None else plain(held.total * price, 2)
            shown.add_row("", held.asset, plain(held.total), plain(held.free), worth)
    return shown


def _transits(seen: Thought) -> list[RenderableType]:
    if not seen.snapshot.transits:
        return [Text("In transit: nothing", "dim")]
    shown = table(("in transit", "left"), ("amount", "right"), ("from", "left"), ("to", "left"), ("stage", "left"))
    for item in seen.snapshot.transits:
        shown.add_row(item.asset, plain(item.amount), item.source, item.target, item.stage)
    return [shown]


def _doubts(valued: Valuation) -> list[RenderableType]:
    return [Text(f"{d.kind}: {d.subject}: {d.because}", "yellow") for d in valued.doubts]


def _sentence(decided: Decision) -> RenderableType:
    if isinstance(decided, Hold):
        return Text.assemble((f"{HOLD_WORDS[decided.kind]}: ", "bold"), decided.because)
    return Group(*(Text.assemble((f"Rebalance ({r.trigger}): ", "bold"), r.because) for r in decided.reasons))


def _weights(seen: Thought) -> Table:
    after = {w.asset: w.after for w in seen.plan.weights} if seen.plan is not None else {}
    columns = [("asset", "left"), ("now", "right"), ("target", "right"), ("band", "right")]
    shown = table(*columns, *([("after", "right")] if after else []))
    for drift in sorted(seen.decision.drifts, key=lambda d: (-d.target, d.asset)):
        band = "exact" if drift.low == drift.high else f"{_share(drift.low)} to {_share(drift.high)}"
        row = [drift.asset, _share(drift.actual), _share(drift.target), band]
        outside = not drift.low <= drift.actual <= drift.high
        reached = [_share(after[drift.asset]) if drift.asset in after else ""] if after else []
        shown.add_row(*row, *reached, style="bold" if outside else "")
    return shown


def _plan(plan: Plan) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"{u.asset}: {u.because}", "yellow") for u in plan.unmet]
    if plan.status is Status.INFEASIBLE:
        return [Text.assemble(("Infeasible: ", "bold red"), "; ".join(plan.because)), *parts]
    parts += [_legs(plan, wave) for wave in sorted({leg.wave for leg in plan.legs})]
    return [*parts, _totals(plan)]


def _legs(plan: Plan, wave: int) -> Table:
    shown = table(
        ("leg", "left"),
        ("account", "left"),
        ("order", "left"),
        ("limit", "right"),
        ("fee", "right"),
        ("spread", "right"),
        ("impact", "right"),
        title=f"Wave {wave}",
    )
    for leg in plan.legs:
        if leg.wave == wave:
            costs = (leg.costs.fee, leg.costs.spread, leg.costs.impact)
            shown.add_row(leg.id, leg.account, order(leg), plain(leg.limit_price), *(plain(c, 2) for c in costs))
    return shown


def order(leg: Leg) -> str:
    """A leg as an instruction: what is bought or sold for what."""
    return f"{leg.side} {plain(leg.amount)} {leg.base} for {leg.quote}"


def _totals(plan: Plan) -> RenderableType:
    costs, base = plan.costs, plan.base
    total = costs.fee + costs.spread + costs.impact
    share = plain(bps(total, plan.traded), 2)
    kinds = f"fee {plain(costs.fee, 2)} + spread {plain(costs.spread, 2)} + impact {plain(costs.impact, 2)}"
    return Group(
        Text.assemble(("Trades ", "bold"), f"{plain(plan.traded, 2)} {base} in {len(plan.legs)} legs"),
        Text.assemble(("Costs ", "bold"), f"{plain(total, 2)} {base}, {share} bps: {kinds}"),
        Text.assemble(
            ("Proof ", "bold"),
            f"no plan costs less than {plain(plan.bound, 2)} {base}; gap {plain(plan.gap, 2)} ({plan.solver})",
        ),
    )


def _next(seen: Thought, saved: Path | None) -> str:
    if isinstance(seen.decision, Hold) and seen.decision.kind is HoldKind.DOUBTFUL:
        return "Next: mend what cannot be seen (`trimtab doctor` looks closer), then `trimtab plan`"
    if seen.plan is not None and seen.plan.status is Status.INFEASIBLE:
        return "Next: change the targets or the accounts, then `trimtab plan`"
    if seen.verdict is None:
        return "Next: nothing to do; `trimtab plan --because WHY` plans anyway"
    if seen.verdict.outcome is Outcome.BLOCK:
        return "Next: the plan is blocked; change the fund or its mandate, then `trimtab plan`"
    if seen.verdict.outcome is Outcome.ASK:
        return "Next: the plan waits for a person's approval"
    return f"Next: trimtab run --plan {saved}" if saved else "Next: trimtab run"


def _price(price: Decimal) -> str:
    """Prices of cheap assets need more places than two."""
    return plain(price, 2) if price >= 100 else plain(price, 6)


def _share(weight: Decimal) -> str:
    return f"{plain(weight * 100, 2)} %"


def _signed_share(weight: Decimal) -> str:
    return f"{'+' if weight > 0 else ''}{_share(weight)}"


def _age(seconds: float) -> str:
    return f"{max(0.0, seconds):,.0f} s"


def _time(at: object) -> str:
    return str(at).replace("+00:00", "Z")
