"""What the commands that read the ledger print: history, entries, endings, proofs and the close."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from trimtab.cli.screen import table
from trimtab.model.ledger import CycleOutcome, Entry
from trimtab.pages import words
from trimtab.record.facts import Facts

if TYPE_CHECKING:
    from trimtab.api import Closing, Replayed, Verified
    from trimtab.cycle.replay import Difference

GOOD = (CycleOutcome.DONE, CycleOutcome.HELD)
BODY_SHOWN = 400
"""How much of an entry's body a person sees; `--json` has all of it."""


def cycles(past: Sequence[Facts]) -> RenderableType:
    """One line for each cycle, newest first."""
    if not past:
        return Text("no cycle has run yet; `trimtab run` makes the first one")
    shown = table(
        ("cycle", "left"), ("at", "left"), ("outcome", "left"), ("traded", "right"), ("cost", "right"), ("why", "left")
    )
    for facts in past:
        outcome = facts.closed.outcome if facts.closed is not None else "open"
        style = "" if outcome in GOOD else "yellow"
        paid = words.total(facts.ended.paid) if facts.ended is not None else None
        why = facts.closed.because if facts.closed is not None else "not finished; `trimtab run` goes on with it"
        row = (facts.cycle, words.instant(facts.opened.at), outcome, words.money(facts.traded), words.money(paid), why)
        shown.add_row(*row, style=style)
    return shown


def entries(found: Sequence[Entry]) -> RenderableType:
    """One cycle's entries as stored: number, wall time, kind, hash, and the beginning of the body."""
    shown = table(("seq", "right"), ("written", "left"), ("kind", "left"), ("hash", "left"), ("body", "left"))
    for entry in found:
        body = entry.body.decode()
        cut = body if len(body) <= BODY_SHOWN else f"{body[:BODY_SHOWN]} ... ({len(body):,} bytes)"
        shown.add_row(str(entry.seq), words.instant(entry.at), entry.kind, entry.hash[:12], cut)
    return shown


def ending(facts: Facts, seal: str) -> RenderableType:
    """How a run ended: weights before and after, trades, cost predicted and paid, breaks, seal."""
    assert facts.closed is not None
    closed = facts.closed
    style = "bold green" if closed.outcome in GOOD else "bold yellow"
    parts: list[RenderableType] = [
        Text.assemble((f"Cycle {facts.cycle}: ", "bold"), (str(closed.outcome), style), f", {closed.because}")
    ]
    if facts.trades:
        parts += [_trades(facts), _reached(facts), *_cost(facts)]
    if facts.reconciled is not None:
        parts += [Text(f"break: {b.account} {b.asset}: {b.because}", "red") for b in facts.reconciled.breaks]
    parts += [Text(f"Seal  {seal}"), Text(f"Next: trimtab explain {facts.cycle}", "bold")]
    return Group(*parts)


def _trades(facts: Facts) -> RenderableType:
    shown = table(
        ("leg", "left"),
        ("account", "left"),
        ("order", "left"),
        ("done", "right"),
        ("average", "right"),
        ("mark", "right"),
        ("fills", "right"),
    )
    for trade in facts.trades:
        ordered = f"{trade.side} {words.amount(trade.planned)} {trade.base} for {trade.quote}"
        done = "all" if trade.done == trade.planned else words.amount(trade.done)
        prices = (words.price(trade.average), words.price(trade.mark_price))
        shown.add_row(trade.leg, trade.account, ordered, done, *prices, str(trade.fills))
    said = [Text(f"{t.leg}: {t.undone}", "yellow") for t in facts.trades if t.undone]
    return Group(shown, *said)


def _reached(facts: Facts) -> RenderableType:
    shown = table(("asset", "left"), ("before", "right"), ("target", "right"), ("planned", "right"), ("after", "right"))
    for story in facts.weights:
        shares = (story.before, story.target, story.planned, story.after)
        shown.add_row(story.asset, *(words.percent(s) for s in shares))
    return shown


def _cost(facts: Facts) -> list[RenderableType]:
    if facts.plan is None or facts.ended is None:
        return []
    predicted, paid = words.total(facts.plan.costs), words.total(facts.ended.paid)
    base = facts.plan.base
    line = (
        f"predicted {words.money(predicted, base)} ({words.in_bps(predicted, facts.plan.traded)}), "
        f"paid {words.money(paid, base)} ({words.in_bps(paid, facts.traded)})"
    )
    return [Text.assemble(("Cost ", "bold"), line)]


def replayed(result: "Replayed") -> RenderableType:
    """What a replay compared, and every byte of difference it found."""
    if result.holds:
        parts: list[RenderableType] = [
            Text(f"cycle {result.cycle}: {result.compared} derived entries recomputed, equal byte for byte", "green")
        ]
    else:
        parts = [Text(f"cycle {result.cycle}: replay differs", "bold red")]
    for wrong in result.differences:
        parts.append(Text(_difference(wrong)))
    parts += [Text(f"the stored plan does not keep its certificate: {fault}", "red") for fault in result.plan_faults]
    if result.resolved_same is False:
        parts.append(Text("solving again gave another plan of the same proof: a tie was broken elsewhere", "dim"))
    return Group(*parts)


def _difference(wrong: "Difference") -> str:
    stored, derived = wrong.stored.decode(), wrong.derived.decode() or "(nothing)"
    return f"entry {wrong.seq} ({wrong.kind})\n  stored:  {stored}\n  derived: {derived}"


def verified(result: "Verified") -> RenderableType:
    """Whether the chain holds, and what could not be checked."""
    parts: list[RenderableType] = [Text(f"entry {f.seq}: {f.because}", "red") for f in result.faults]
    if not result.faults:
        parts.append(Text(f"{result.entries:,} entries, the chain holds", "green"))
    parts.append(Text(f"Head  {result.head}"))
    parts.append(Text(result.outside, "" if result.sealed else "yellow"))
    return Group(*parts)


def closing(close: "Closing") -> RenderableType:
    """Opening plus what was booked against what is there, by account and asset; then the breaks with their age."""
    shown = table(
        ("account", "left"),
        ("asset", "left"),
        ("opening", "right"),
        ("fills", "right"),
        ("transfers", "right"),
        ("fees", "right"),
        ("closing", "right"),
        ("observed", "right"),
    )
    for line in close.lines:
        amounts = (line.opening, line.fills, line.transfers, line.fees, line.closing, line.observed)
        shown.add_row(line.account, line.asset, *(words.DASH if a is None else words.amount(a) for a in amounts))
    if not close.breaks:
        return Group(shown, Text("no breaks", "green"))
    said = (f"break: {b.account} {b.asset} since {words.instant(b.since)}: {b.because}" for b in close.breaks)
    return Group(shown, *(Text(line, "red") for line in said))
