"""What the commands that read the ledger print: history, entries, endings, proofs and the close."""

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from trimtab.cli import differences
from trimtab.cli.screen import Sentence, Table, table
from trimtab.model.ledger import CycleOutcome, Entry
from trimtab.pages import doubts, words
from trimtab.record.facts import Facts

if TYPE_CHECKING:
    from trimtab.api import Closing, Replayed, Verified
    from trimtab.cycle.replay import Difference
    from trimtab.model.breaks import Break
    from trimtab.reconcile.close import CloseLine

GOOD = (CycleOutcome.DONE, CycleOutcome.HELD)
GAP = Text()
MOST = 12
"""So many places of one entry are shown."""


def cycles(past: Sequence[Facts], *, verbose: bool = False) -> RenderableType:
    """One line for each cycle, newest first; with `verbose`, its seal and the hash of its plan below it."""
    if not past:
        return Sentence("no cycle has run yet; `trimtab run` makes the first one")
    base = next((facts.before.base for facts in past if facts.before is not None), "")
    shown = table(
        ("cycle", "right"),
        ("opened (UTC)", "left"),
        ("outcome", "left"),
        (f"traded {base}".rstrip(), "right"),
        (f"cost {base}".rstrip(), "right"),
        ("why", "note"),
    )
    for facts in past:
        paid = words.total(facts.ended.paid) if facts.ended is not None else None
        figures = (words.money(facts.traded), words.money(paid)) if facts.ended is not None else ("", "")
        outcome = facts.closed.outcome if facts.closed is not None else "open"
        row = (facts.cycle, f"{facts.opened.at:%Y-%m-%d %H:%M:%S}", outcome, *figures, _why(facts, verbose=verbose))
        shown.add_row(*row, style="" if outcome in GOOD else "yellow")
    return shown


def _why(facts: Facts, *, verbose: bool) -> str:
    why = doubts.ended(facts) if facts.closed is not None else "not finished; `trimtab run` goes on with it"
    if not verbose:
        return why
    seal = f"seal {facts.seal}" if facts.seal else "no seal yet"
    return "\n".join(filter(None, (why, seal, facts.plan_hash and f"plan {facts.plan_hash}")))


def entries(found: Sequence[Entry], *, verbose: bool = False) -> RenderableType:
    """One cycle's entries as stored: number, wall time, kind, hash and size; with `verbose`, what they say."""
    columns = [("seq", "right"), ("written (UTC)", "left"), ("kind", "left"), ("hash", "left"), ("bytes", "right")]
    shown = table(*columns, *([("body", "note")] if verbose else []))
    for entry in found:
        row = (str(entry.seq), f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.kind, entry.hash[:12], f"{len(entry.body):,}")
        shown.add_row(*row, *([_readable(entry.body)] if verbose else []))
    return shown if verbose else Group(shown, Sentence("-v shows what the entries say, --json all of them", "dim"))


def _readable(body: bytes) -> str:
    """A body with a space after each comma and colon, so that it can be broken between its parts."""
    return json.dumps(json.loads(body), ensure_ascii=False)


def ending(facts: Facts, seal: str) -> RenderableType:
    """How a run ended: trades, weights before and after, cost predicted and paid, breaks, seal."""
    assert facts.closed is not None
    closed = facts.closed
    style = "bold green" if closed.outcome in GOOD else "bold yellow"
    told = Sentence(f"{closed.outcome}, {doubts.ended(facts)}", style, lead=f"Cycle {facts.cycle}: ")
    parts: list[RenderableType] = [told]
    if facts.started is not None:
        parts += [GAP, *_trades(facts), GAP, _reached(facts), GAP, *_cost(facts)]
    if facts.reconciled is not None:
        parts += _breaks((b, "") for b in facts.reconciled.breaks)
    return Group(*parts, Sentence(seal, lead="Seal  "))


def following(facts: Facts) -> str:
    """What a person may want to type after a cycle."""
    assert facts.closed is not None
    return "resume --because WHY" if facts.closed.outcome is CycleOutcome.HALTED else f"explain {facts.cycle}"


def _breaks(found: Iterable[tuple["Break", str]]) -> Iterator[RenderableType]:
    """Each break with its date; those with the same words are one line, with their accounts."""
    for (because, dated), alike in words.together(((b.because, dated), b) for b, dated in found).items():
        assets = words.together((b.account, b.asset) for b in alike)
        where = "; ".join(f"{account} {words.listed(names)}" for account, names in assets.items())
        yield Sentence(f"{where}{dated}: {because}", "red", lead="Break: ")


def _trades(facts: Facts) -> list[RenderableType]:
    shown = table(
        ("leg", "left"),
        ("account", "left"),
        ("side", "left"),
        ("amount", "right"),
        ("", "unit"),
        ("done", "right"),
        ("average", "right"),
        ("mark", "right"),
        ("", "unit"),
        ("fills", "right"),
    )
    for trade in facts.trades:
        done = "all" if trade.done == trade.planned else words.amount(trade.done)
        prices = (words.price(trade.average), words.price(trade.mark_price), trade.quote)
        amount = (words.amount(trade.planned), trade.base, done)
        shown.add_row(trade.leg, trade.account, trade.side, *amount, *prices, str(trade.fills))
    return [shown, *_undone(facts)]


def _undone(facts: Facts) -> list[RenderableType]:
    """Why legs were not done to the end, one line for each reason."""
    legs: dict[str, list[str]] = {}
    for trade in facts.trades:
        if trade.undone:
            legs.setdefault(doubts.once(trade.undone), []).append(trade.leg)
    return [Sentence(f"{words.listed(some)}: {why}", "yellow", lead="Not done: ") for why, some in legs.items()]


def _reached(facts: Facts) -> Table:
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
    return [Sentence(line, lead="Cost  ")]


def replayed(result: "Replayed") -> RenderableType:
    """What a replay compared, and where what it found differs."""
    if result.holds:
        told = f"{words.count(result.compared, 'derived entry', 'derived entries')} recomputed, equal byte for byte"
        parts: list[RenderableType] = [Sentence(told, "green", lead=f"Cycle {result.cycle}: ")]
    else:
        parts = [Sentence("replay differs", "bold red", lead=f"Cycle {result.cycle}: ")]
    for wrong in result.differences:
        parts.append(_difference(wrong))
    parts += [Sentence(fault, "red", lead="The plan's certificate: ") for fault in result.plan_faults]
    if result.resolved_same is False:
        parts.append(Sentence("solving again gave another plan of the same proof: a tie was broken elsewhere", "dim"))
    return Group(*parts)


def _difference(wrong: "Difference") -> RenderableType:
    """Where the two bodies differ, path by path, as far as a screen shows it; `--json` has both whole."""
    found = differences.places(wrong.stored, wrong.derived)
    lines = [line for place in found[:MOST] for line in _place(place)]
    left = [Sentence(f"  and {len(found) - MOST:,} more; --json has all", "dim")] if len(found) > MOST else []
    return Group(Sentence(f"{wrong.seq} ({wrong.kind})", lead="Entry "), *lines, *left)


def _place(place: differences.Place) -> Iterator[RenderableType]:
    yield Text(f"  {place.path}", overflow="fold")
    yield Text(f"    stored   {place.stored}", overflow="fold")
    yield Text(f"    derived  {place.derived}", overflow="fold")


def verified(result: "Verified") -> RenderableType:
    """Whether the chain holds, and what could not be checked."""
    parts: list[RenderableType] = [Sentence(f.because[:1].upper() + f.because[1:], "red") for f in result.faults]
    if not result.faults:
        told = f"{result.entries:,} {'entry' if result.entries == 1 else 'entries'}, the chain holds"
        parts.append(Sentence(told, "green"))
    if result.head:
        parts.append(Sentence(result.head, lead="Head  "))
    parts.append(Sentence(result.outside[:1].upper() + result.outside[1:], "" if result.sealed else "yellow"))
    for plan in result.plans:
        parts += [Sentence(f"Plan of cycle {plan.cycle}: {fault}", "red") for fault in plan.faults]
    held = sum(1 for plan in result.plans if not plan.faults)
    if held:
        parts.append(Sentence(f"{held:,} {'plan holds' if held == 1 else 'plans hold'} by the certificate", "green"))
    return Group(*parts)


def closing(close: "Closing") -> RenderableType:
    """Opening plus what was booked against what is there, by account and asset; then the breaks with their age."""
    moved = any(line.transfers for line in close.lines)
    shown = table(
        ("account", "left"),
        ("opening", "right"),
        ("fills", "right"),
        *((("transfers", "right"),) if moved else ()),
        ("fees", "right"),
        ("closing", "right"),
        ("found", "right"),
    )
    for account in sorted({line.account for line in close.lines}):
        shown.add_row(account, *[""] * (len(shown.columns) - 1), style="bold")
        for line in (line for line in close.lines if line.account == account):
            transfers = (_booked(line.transfers),) if moved else ()
            booked = (_booked(line.fills), *transfers, _booked(line.fees))
            row = (f"  {line.asset}", _amount(line.opening), *booked, _amount(line.closing), _found(line))
            shown.add_row(*row, style="red" if line.closing != line.observed else "")
    parts: list[RenderableType] = [shown, GAP]
    if not moved:
        parts.append(Sentence("nothing", lead="Transfers: "))
    for told in close.accepted:
        accepted = f"{_dated(told.found, close)}: {told.because}"
        parts.append(Sentence(accepted, lead=f"Accepted by {told.by}: "))
    parts += _breaks((found, f", {_since(found, close)}") for found in close.breaks)
    missing = uncompared(close)
    if missing:
        parts.append(Sentence(f"{words.listed(missing)}, not read at one of both ends", lead="Not compared: "))
    elif not close.breaks:
        parts.append(Text("no other breaks" if close.accepted else "no breaks", "green"))
    return Group(*parts)


def uncompared(close: "Closing") -> list[str]:
    """Accounts of which nothing is known at one end of the period."""
    return sorted({line.account for line in close.lines if line.opening is None or line.observed is None})


def _dated(found: "Break", close: "Closing") -> str:
    return f"{found.account} {found.asset}, {_since(found, close)}"


def _since(found: "Break", close: "Closing") -> str:
    return "found now" if found.since == close.at else f"since {words.instant(found.since)}"


def _amount(value: Decimal | None) -> str:
    return words.DASH if value is None else words.amount(value)


def _booked(value: Decimal) -> str:
    return words.amount(value) if value else ""


def _found(line: "CloseLine") -> str:
    """What was observed; the word is enough where it is what the books say."""
    return "same" if line.closing is not None and line.closing == line.observed else _amount(line.observed)
