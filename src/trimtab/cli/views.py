"""What `state`, `plan` and `doctor` print: tables and sentences for a terminal, from nouns."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from trimtab.cli.frame import again
from trimtab.cli.screen import Sentence, Table, table
from trimtab.model.decision import Decision, Hold, HoldKind
from trimtab.model.mandate import Finding, Outcome, Verdict
from trimtab.model.plans import Leg, Plan, Rival, Status
from trimtab.model.thought import Thought
from trimtab.model.valuation import Holding, Kind, Valuation
from trimtab.pages import doubts, words
from trimtab.units import bps, plain

if TYPE_CHECKING:
    from trimtab.api import Check

HOLD_WORDS = {
    HoldKind.NOTHING_DUE: "Hold",
    HoldKind.WITHIN_BANDS: "Hold",
    HoldKind.COOLING: "Hold, cooling down",
    HoldKind.DOUBTFUL: "Hold, the picture is not complete",
    HoldKind.UNLISTED: "Hold, a listing has vanished",
    HoldKind.NOT_WORTH: "Hold, not worth its cost",
    HoldKind.NOTHING_TO_TRADE: "Hold, nothing to trade",
}
VERDICT_WORDS = {
    Outcome.PASS: ("pass", "green"),
    Outcome.ASK: ("a person must agree", "yellow"),
    Outcome.BLOCK: ("blocked", "bold red"),
}
GAP = Text()


def state(seen: Thought, *, verbose: bool = False) -> RenderableType:
    """Holdings, weights, drift, accounts, and everything that is not certain."""
    valued = seen.valuation
    nav = None if doubts.nothing_seen(valued) else valued.nav
    worth = f"{words.money(nav, valued.base)} at {words.instant(valued.at)}{_missing(valued)}"
    parts: list[RenderableType] = [Sentence(worth, lead="NAV "), GAP]
    if not doubts.nothing_seen(valued):
        parts += [_holdings(seen), GAP, _accounts(seen), GAP]
    if verbose:
        parts += [_sources(seen), GAP]
    return Group(*parts, *_transits(seen), *_doubts(valued), _sentence(seen.decision, valued))


def _missing(valued: Valuation) -> str:
    unseen = [d.subject for d in valued.doubts if d.kind in (Kind.UNKNOWN, Kind.UNPRICED, Kind.UNLISTED)]
    return f", not counting {words.few(unseen)}" if unseen else ""


def thought(seen: Thought, *, saved: Path | None = None, verbose: bool = False) -> RenderableType:
    """A plan and the next command to type."""
    return Group(plan(seen, verbose=verbose), Sentence(_next(seen, saved), lead="Next: "))


def plan(seen: Thought, *, verbose: bool = False) -> RenderableType:
    """A plan as a person decides on it: why, from where to where, by which legs, at what cost, under which checks."""
    parts: list[RenderableType] = [_sentence(seen.decision, seen.valuation)]
    if seen.decision.drifts and not doubts.nothing_seen(seen.valuation):
        parts += [GAP, _weights(seen)]
    if seen.plan is not None:
        parts += [GAP, *_plan(seen.plan, verbose=verbose)]
    if seen.rivals:
        parts += [GAP, *_rivals(seen.rivals, seen.valuation.base)]
    if isinstance(seen.judgement, Hold):
        parts += [GAP, _sentence(seen.judgement, seen.valuation)]
    if seen.verdict is not None:
        parts += [GAP, checks(seen.verdict, seen.valuation.base, verbose=verbose)]
    parts += [GAP, *_doubts(seen.valuation)]
    if seen.plan_hash:
        parts.append(Sentence(seen.plan_hash, lead="Plan  "))
    return Group(*parts)


def check_up(findings: Sequence["Check"], *, verbose: bool = False) -> RenderableType:
    """One line for each check, with the fix where it failed; prices that are well only with `verbose`."""
    shown = table(("", "left"), ("check", "left"), ("finding", "note"))
    told = [f for f in findings if verbose or not (f.well and f.subject.startswith("price "))]
    before: list[str] = []
    for (well, kind, finding), alike in words.together((_alike(f), f) for f in told).items():
        names = words.few([f.subject.removeprefix(kind) for f in alike])
        fixes = [f"fix: {fix}" for fix in dict.fromkeys(f.fix for f in alike) if fix and not well]
        before, fixes = fixes, ["fix: as above"] if fixes and fixes == before else fixes
        row = ("ok" if well else "FAIL", f"{kind}{names}", "\n".join((doubts.spoken(finding), *fixes)))
        shown.add_row(*row, style="" if well else "bold red")
    return shown


def _alike(found: "Check") -> tuple[bool, str, str]:
    """Failures that say the same of several accounts, prices or venues are one line; what is well has its own."""
    kind, space, _ = found.subject.rpartition(" ")
    return (found.well, f"{kind}{space}" if not found.well else found.subject, found.finding)


def checks(verdict: Verdict, base: str, *, verbose: bool = False) -> RenderableType:
    """The verdict, and each clause where it has the least headroom; with `verbose`, on each of its subjects."""
    shown = table(("check", "left"), ("on", "left"), ("value", "right"), ("limit", "right"), ("headroom", "right"))
    for finding, others in _tightest(verdict.findings, verbose=verbose):
        numbers = (finding.value, finding.limit, finding.headroom)
        on = f"{finding.subject}, {words.count(others, 'other')}" if others else finding.subject
        row = (finding.clause, on, *(_measure(n, finding) for n in numbers))
        shown.add_row(*row, style="bold red" if finding.breached else "")
    in_money = f", money in {base}" if any(not _is_share(f) for f in verdict.findings) else ""
    head = Text.assemble(("Checks: ", "bold"), VERDICT_WORDS[verdict.outcome], in_money)
    said = [Sentence(f"{f.clause}: {doubts.spoken(f.because)}", "red") for f in verdict.findings if f.breached]
    return Group(head, *([shown] if shown.rows else []), *said)


def _tightest(findings: Iterable[Finding], *, verbose: bool) -> list[tuple[Finding, int]]:
    """Each clause's finding with the least headroom and how many other subjects have more; breaches are all there."""
    by_place: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        place = (finding.clause, finding.subject)
        if place not in by_place or finding.headroom < by_place[place].headroom:
            by_place[place] = finding
    ordered = sorted(by_place.values(), key=lambda f: (f.clause, f.headroom, f.subject))
    chosen: list[tuple[Finding, int]] = []
    for finding in ordered:
        first = not chosen or chosen[-1][0].clause != finding.clause
        if first or finding.breached or verbose:
            chosen.append((finding, 0))
        else:
            chosen[-1] = (chosen[-1][0], chosen[-1][1] + 1)
    return chosen


def _measure(number: Decimal, finding: Finding) -> str:
    return words.percent(number) if _is_share(finding) else words.money(number)


def _is_share(finding: Finding) -> bool:
    """Shares are shown as percentages, money as money: a limit of one or less is a share of NAV."""
    return finding.limit <= 1 and abs(finding.value) <= 10


def _holdings(seen: Thought) -> Table:
    trust = {mark.asset: mark.trust for mark in seen.marks.marks}
    drifts = {drift.asset: drift.drift for drift in seen.decision.drifts}
    base = seen.valuation.base
    shown = table(
        ("asset", "left"),
        ("amount", "right"),
        (f"price {base}", "right"),
        ("trust", "left"),
        (f"value {base}", "right"),
        ("weight", "right"),
        ("drift", "right"),
        ("age", "right"),
    )
    for holding in seen.valuation.holdings:
        shown.add_row(
            holding.asset,
            words.amount(holding.amount),
            words.price(holding.price),
            trust.get(holding.asset, "unpriced"),
            words.money(holding.value),
            words.percent(holding.weight),
            _signed(drifts.get(holding.asset)),
            _age(seen.valuation, holding),
            style="" if holding.price is not None else "yellow",
        )
    return shown


def _accounts(seen: Thought) -> Table:
    """Each account with what it holds; what is not free is locked, or has not matured."""
    prices = {mark.asset: mark.price for mark in seen.marks.marks}
    base = seen.valuation.base
    shown = table(
        ("account", "left"), ("total", "right"), ("free", "right"), (f"value {base}", "right"), ("weight", "right")
    )
    for account in seen.valuation.accounts:
        worth = (words.money(account.value), words.percent(account.weight))
        shown.add_row(f"{account.account} at {account.venue}", "", "", *worth, style="bold")
        for held in (b for b in seen.snapshot.balances if b.account == account.account and b.total):
            price = prices.get(held.asset)
            value = None if price is None else held.total * price
            amounts = (words.amount(held.total), words.amount(held.free))
            shown.add_row(f"  {held.asset}", *amounts, words.money(value), "")
    return shown


def _sources(seen: Thought) -> Table:
    """Where each price comes from, and how old it is."""
    shown = table(("price", "left"), ("exact", "right"), ("age", "right"), ("from", "note"))
    for mark in seen.marks.marks:
        age = words.age((seen.valuation.at - mark.as_of).total_seconds())
        shown.add_row(mark.asset, plain(mark.price), age, ", ".join(mark.sources) or _unquoted(mark.asset, seen))
    return shown


def _unquoted(asset: str, seen: Thought) -> str:
    return "the base currency" if asset == seen.valuation.base else "the fund's file"


def _transits(seen: Thought) -> list[RenderableType]:
    if not seen.snapshot.transits:
        return [Sentence("nothing", lead="In transit: ")]
    shown = table(("in transit", "left"), ("amount", "right"), ("from", "left"), ("to", "left"), ("stage", "left"))
    for item in seen.snapshot.transits:
        shown.add_row(item.asset, words.amount(item.amount), item.source, item.target, item.stage)
    return [shown, GAP]


def _doubts(valued: Valuation) -> list[RenderableType]:
    """What is unknown, said also where it is nothing."""
    if not valued.doubts:
        return [Sentence("nothing", lead="Unknown: ")]
    return [
        Sentence(f"{subjects}: {because}", "yellow", lead=f"{kind.capitalize()}: ")
        for kind, subjects, because in doubts.grouped(valued.doubts)
    ]


def _sentence(decided: Decision, valued: Valuation) -> RenderableType:
    if isinstance(decided, Hold):
        return Sentence(doubts.held(decided, valued.doubts), lead=f"{HOLD_WORDS[decided.kind]}: ")
    return Group(*(Sentence(r.because, lead=f"Rebalance ({r.trigger}): ") for r in decided.reasons))


def _weights(seen: Thought) -> Table:
    after = {w.asset: w.after for w in seen.plan.weights} if seen.plan is not None else {}
    columns = [("asset", "left"), ("now", "right"), ("target", "right"), ("band", "right")]
    shown = table(*columns, *([("after", "right")] if after else []))
    for drift in sorted(seen.decision.drifts, key=lambda d: (-d.target, d.asset)):
        band = "exact" if drift.low == drift.high else f"{words.percent(drift.low)} to {words.percent(drift.high)}"
        row = [drift.asset, words.percent(drift.actual), words.percent(drift.target), band]
        outside = not drift.low <= drift.actual <= drift.high
        reached = [words.percent(after.get(drift.asset))] if after else []
        shown.add_row(*row, *reached, style="bold" if outside else "")
    return shown


def _plan(plan: Plan, *, verbose: bool) -> list[RenderableType]:
    unmet = [Sentence(f"{u.asset}: {u.because}", "yellow", lead="Out of reach: ") for u in plan.unmet]
    if plan.status is Status.INFEASIBLE:
        why = [*plan.because] or ["no plan reaches the goals"]
        return [*(Sentence(because, "red", lead="Infeasible: ") for because in why), *unmet]
    if not plan.legs:
        return [Sentence("no legs", lead="Trades "), *unmet]
    waves: list[RenderableType] = []
    for wave in sorted({leg.wave for leg in plan.legs}):
        waves += [_legs(plan, wave, verbose=verbose), GAP]
    return [*waves, *_totals(plan), *unmet]


def _legs(plan: Plan, wave: int, *, verbose: bool) -> Table:
    shown = table(
        ("leg", "left"),
        ("account", "left"),
        ("side", "left"),
        ("amount", "right"),
        ("", "unit"),
        ("limit price", "right"),
        ("", "unit"),
        ("fee", "right"),
        ("spread", "right"),
        ("impact", "right"),
        *((("instrument", "left"), ("mark", "right"), ("after", "note")) if verbose else ()),
        title=f"Wave {wave}, costs in {plan.base}",
    )
    for leg in (leg for leg in plan.legs if leg.wave == wave):
        limit = (words.price(leg.limit_price), leg.quote)
        costs = (words.money(cost) for cost in (leg.costs.fee, leg.costs.spread, leg.costs.impact))
        more = (leg.instrument, words.price(leg.mark_price), ", ".join(leg.needs) or "nothing") if verbose else ()
        shown.add_row(leg.id, leg.account, leg.side, plain(leg.amount), leg.base, *limit, *costs, *more)
    return shown


def _rivals(rivals: Sequence[Rival], base: str) -> list[RenderableType]:
    """What simpler planners would do, and what this plan saves against them, as predicted."""
    shown = table(
        ("legs", "right"),
        ("traded", "right"),
        ("cost", "right"),
        ("away", "right"),
        ("saved", "right"),
        ("way", "note"),
        title=f"Compared, as predicted, in {base}",
    )
    ours = rivals[-1]
    for one in rivals:
        figures = (words.money(figure) for figure in (one.traded, one.cost, one.away))
        saved = words.money(one.cost - ours.cost) if one is not ours else ""
        shown.add_row(str(one.legs), *figures, saved, one.name)
    return [shown, Sentence("away is what is left between the plan's end and the goals", lead="where ")]


def _totals(plan: Plan) -> list[RenderableType]:
    costs, base = plan.costs, plan.base
    total = costs.fee + costs.spread + costs.impact
    kinds = f"fee {words.money(costs.fee)}, spread {words.money(costs.spread)}, impact {words.money(costs.impact)}"
    proof = f"no plan costs less than {words.money(plan.bound, base)} before rounding to lots"
    return [
        Sentence(f"{words.money(plan.traded, base)} in {words.count(len(plan.legs), 'leg')}", lead="Trades "),
        Sentence(f"{words.money(total, base)}, {words.in_bps(total, plan.traded)}: {kinds}", lead="Costs  "),
        Sentence(f"{proof}; gap {words.money(plan.gap, base)}{_gap_share(plan)}", lead="Proof  "),
    ]


def _gap_share(plan: Plan) -> str:
    return f", {plain(bps(plan.gap, plan.traded), 2)} bps ({plan.solver} {plan.solver_version})" if plan.traded else ""


def order(leg: Leg) -> str:
    """A leg as an instruction: what is bought or sold for what."""
    return f"{leg.side} {plain(leg.amount)} {leg.base} for {leg.quote}"


def _next(seen: Thought, saved: Path | None) -> str:
    if isinstance(seen.decision, Hold) and seen.decision.kind is HoldKind.DOUBTFUL:
        return "mend what cannot be seen (`trimtab doctor` looks closer), then `trimtab plan`"
    if isinstance(seen.decision, Hold) and seen.decision.kind is HoldKind.UNLISTED:
        return "sell it elsewhere, or say under [prices.fixed] what it is worth; then `trimtab plan`"
    if seen.plan is not None and seen.plan.status is Status.INFEASIBLE:
        return "change the targets or the accounts, then `trimtab plan`"
    if isinstance(seen.judgement, Hold):
        return "nothing to do; [costs] says what a rebalance may cost"
    if seen.verdict is None:
        return "nothing to do; `trimtab plan --because WHY` plans anyway"
    if seen.verdict.outcome is Outcome.BLOCK:
        return "change the fund or its mandate, then `trimtab plan`; a blocked plan is never executed"
    if seen.verdict.outcome is Outcome.ASK:
        return "a person must agree before this plan may be executed"
    return again(f"run --plan {saved}" if saved else "run")


def _signed(weight: Decimal | None) -> str:
    """A drift with its sign; none where it rounds to nothing."""
    if weight is None:
        return ""
    shown = words.percent(weight)
    return words.percent(Decimal(0)) if not shown.strip("-0.%") else f"{'+' if weight > 0 else ''}{shown}"


def _age(valued: Valuation, holding: Holding) -> str:
    return words.age((valued.at - holding.oldest).total_seconds())
