"""One cycle's entries folded into one noun: what explain, report, show and the derived tables read.

Nothing here is new knowledge: every field is an entry's noun or arithmetic on stored values, so a report is
rendered from the ledger alone, at any later time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from trimtab import units
from trimtab.model.breaks import Reconciled
from trimtab.model.canonical import Noun
from trimtab.model.decision import Decision, Judgement
from trimtab.model.ledger import LEVERS, Closed, Entry, Happened, Intended, Opened, Started, Terms, noun
from trimtab.model.mandate import Clause, Verdict
from trimtab.model.orders import Answered, Fill, Halted, Place, Resumed, Side
from trimtab.model.plans import Costs, OrderLeg, Plan
from trimtab.model.runs import Ended
from trimtab.model.valuation import Holding, Kind, Valuation
from trimtab.record import changes, seal

FIRST: Final = (
    "opened",
    "valued",
    "decided",
    "planned",
    "judged",
    "checked",
    "started",
    "ended",
    "reconciled",
    "closed",
)
"""Kinds that are read once; of `valued` the second one is the look afterwards."""

OUTSIDE: Final = ("genesis", "terms", *LEVERS)
"""Kinds that belong to no cycle."""


class WeightStory(Noun, frozen=True, kw_only=True):
    """One asset's share of NAV through a cycle: before, wanted (with its band), planned, and after. None: not known."""

    asset: str
    before: Decimal | None = None
    target: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    planned: Decimal | None = None
    after: Decimal | None = None


class FeePaid(Noun, frozen=True, kw_only=True):
    """Fees of one leg in one asset, in units of that asset; negative is a rebate."""

    asset: str
    amount: Decimal


class Trade(Noun, frozen=True, kw_only=True):
    """One leg as planned and as done.

    Amounts are in base units, prices in quote per base; `average` is None where nothing was filled. `value` is
    what was done at the plan's mark, in the fund's base currency; `undone` is why the rest was not.
    """

    leg: str
    wave: int
    account: str
    instrument: str
    base: str
    quote: str
    side: Side
    planned: Decimal
    done: Decimal
    average: Decimal | None
    mark_price: Decimal
    limit_price: Decimal
    value: Decimal
    predicted: Costs
    fees: tuple[FeePaid, ...]
    orders: int
    fills: int
    undone: str = ""


class Facts(Noun, frozen=True, kw_only=True):
    """One cycle, from the trigger to the seal. What it did not reach is None or empty.

    Times without `recorded` are market time; `recorded_from` and `recorded_to` are the wall's, of its first and
    last entry. `seal` is what `verify --head` takes, empty while the cycle is open. `plan_hash` is of the
    stored plan. `clauses` and `fund` come from the terms, and are empty where no terms were handed in; so do `changes`,
    what venues changed in their listings since the cycle before.
    """

    fund: str
    cycle: str
    version: str
    opened: Opened
    recorded_from: datetime
    recorded_to: datetime
    first_seq: int
    last_seq: int
    clauses: tuple[Clause, ...] = ()
    changes: tuple[str, ...] = ()
    before: Valuation | None = None
    decision: Decision | None = None
    plan: Plan | None = None
    plan_hash: str = ""
    judgement: Judgement | None = None
    verdict: Verdict | None = None
    started: Started | None = None
    halts: tuple[Halted, ...] = ()
    takeovers: tuple[datetime, ...] = ()
    fills: tuple[Fill, ...] = ()
    ended: Ended | None = None
    after: Valuation | None = None
    reconciled: Reconciled | None = None
    closed: Closed | None = None
    seal: str = ""
    weights: tuple[WeightStory, ...] = ()
    trades: tuple[Trade, ...] = ()
    traded: Decimal = units.ZERO


@units.under_context
def gather(entries: Iterable[Entry]) -> Facts:
    """Fold the entries of one cycle, in order; its terms and the genesis may be among them.

    An unfinished cycle gives what is known so far. Raises ValueError without an `opened` entry, or for entries
    of two cycles.
    """
    read = [(entry, noun(entry)) for entry in entries]
    own = [(entry, fact) for entry, fact in read if entry.kind not in OUTSIDE]
    _refuse_mixture([entry for entry, _ in own])
    found = _firsts(own)
    if "valued after" in found and not whole(found["valued after"]):
        del found["valued after"]  # What nobody could read is not known: neither zero nor less than before.
    terms = _terms(read, found["opened"])
    ended: Ended | None = found.get("ended")
    plan: Plan | None = found.get("planned")
    happened = [event for _, fact in own if isinstance(fact, Happened) for event in fact.events]
    fills = ended.fills if ended else _joined(e.state.fills for e in happened if isinstance(e, Answered))
    trades = _trades(plan, ended, fills, [fact for _, fact in own if isinstance(fact, Intended)])
    closing = next((entry for entry, _ in own if entry.kind == "closed"), None)
    return Facts(
        fund=terms.policy.fund if terms else "",
        cycle=found["opened"].cycle,
        version=found["opened"].version,
        opened=found["opened"],
        recorded_from=own[0][0].at,
        recorded_to=own[-1][0].at,
        first_seq=own[0][0].seq,
        last_seq=own[-1][0].seq,
        clauses=terms.policy.mandate.clauses if terms else (),
        changes=_changes(read, own[0][0].seq),
        before=found.get("valued"),
        decision=found.get("decided"),
        plan=plan,
        plan_hash=_plan_hash(found),
        judgement=found.get("judged"),
        verdict=found.get("checked"),
        started=found.get("started"),
        halts=tuple(e for e in happened if isinstance(e, Halted)),
        takeovers=tuple(e.at for e in happened if isinstance(e, Resumed)),
        fills=fills,
        ended=ended,
        after=found.get("valued after"),
        reconciled=found.get("reconciled"),
        closed=found.get("closed"),
        seal=seal.seal(closing) if closing else "",
        weights=_weights(found),
        trades=trades,
        traded=units.canon(sum((t.value for t in trades), units.ZERO)),
    )


def whole(seen: Valuation) -> bool:
    """Whether a valuation saw every account; if not, its sums are of those that it saw alone."""
    return not any(doubt.kind is Kind.UNKNOWN for doubt in seen.doubts)


def _refuse_mixture(entries: Sequence[Entry]) -> None:
    cycles = sorted({entry.cycle for entry in entries})
    if len(cycles) > 1:
        raise ValueError(f"entries of one cycle are needed, got those of {', '.join(cycles)}")
    if not any(entry.kind == "opened" for entry in entries):
        raise ValueError(f"no entry opens cycle {cycles[0] if cycles else '(none)'}; its first entry is missing")


def _firsts(own: Sequence[tuple[Entry, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry, fact in own:
        key = "valued after" if entry.kind == "valued" and "valued" in found else entry.kind
        if entry.kind in FIRST:
            found.setdefault(key, fact)
    return found


def _terms(read: Sequence[tuple[Entry, Any]], opened: Opened) -> Terms | None:
    """The terms the cycle ran under, by the hash of their stored bytes; others may lie beside them."""
    known = [(entry, fact) for entry, fact in read if entry.kind == "terms"]
    return next((fact for entry, fact in known if sha256(entry.body).hexdigest() == opened.terms_hash), None)


def _changes(read: Sequence[tuple[Entry, Any]], opened_seq: int) -> tuple[str, ...]:
    """What the terms changed that were written just before a cycle: where none were, the last ones still hold."""
    known = [(entry.seq, fact) for entry, fact in read if entry.kind == "terms" and entry.seq < opened_seq]
    if not known or known[-1][0] != opened_seq - 1:
        return ()
    return changes.since(known[-1][1], [fact for _, fact in known[:-1]])


def _plan_hash(found: Mapping[str, Any]) -> str:
    for kind in ("started", "checked", "ended"):
        if kind in found:
            return str(found[kind].plan_hash)
    return ""


def _joined(answers: Iterable[Sequence[Fill]]) -> tuple[Fill, ...]:
    """A fill reported twice counts once."""
    known = {(fill.account, fill.instrument, fill.id): fill for fills in answers for fill in fills}
    return tuple(known[key] for key in sorted(known))


def _weights(found: Mapping[str, Any]) -> tuple[WeightStory, ...]:
    before = _by_asset(found["valued"].holdings) if "valued" in found else {}
    after = _by_asset(found["valued after"].holdings) if "valued after" in found else {}
    drifts = {d.asset: d for d in found["decided"].drifts} if "decided" in found else {}
    planned = {w.asset: w for w in found["planned"].weights} if "planned" in found else {}
    stories = []
    for asset in sorted({*before, *after, *drifts, *planned}):
        drift = drifts.get(asset)
        stories.append(
            WeightStory(
                asset=asset,
                before=_weight(before, asset, valued="valued" in found),
                target=drift.target if drift else None,
                low=drift.low if drift else None,
                high=drift.high if drift else None,
                planned=planned[asset].after if asset in planned else None,
                after=_weight(after, asset, valued="valued after" in found),
            )
        )
    return tuple(stories)


def _by_asset(holdings: Sequence[Holding]) -> dict[str, Holding]:
    return {holding.asset: holding for holding in holdings}


def _weight(holdings: Mapping[str, Holding], asset: str, *, valued: bool) -> Decimal | None:
    """An asset that a valuation does not list is not held: its weight is zero, and not unknown."""
    if not valued:
        return None
    return holdings[asset].weight if asset in holdings else units.ZERO


def _trades(
    plan: Plan | None, ended: Ended | None, fills: Sequence[Fill], intended: Sequence[Intended]
) -> tuple[Trade, ...]:
    if plan is None:
        return ()
    orders = {order.id: order.leg for order in _placed(intended)}
    by_leg: dict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        by_leg[orders.get(fill.order_id, "")].append(fill)
    undone = {residual.leg: residual.because for residual in ended.residuals} if ended else {}
    sent = list(orders.values())
    return tuple(_trade(leg, by_leg[leg.id], sent.count(leg.id), undone.get(leg.id, "")) for leg in plan.legs)


def _placed(intended: Sequence[Intended]) -> Iterator[Any]:
    for fact in intended:
        for command in fact.commands:
            if isinstance(command, Place):
                yield command.order


def _trade(leg: OrderLeg, fills: Sequence[Fill], orders: int, undone: str) -> Trade:
    done = sum((fill.amount for fill in fills), units.ZERO)
    paid = sum((fill.amount * fill.price for fill in fills), units.ZERO)
    return Trade(
        leg=leg.id,
        wave=leg.wave,
        account=leg.account,
        instrument=leg.instrument,
        base=leg.base,
        quote=leg.quote,
        side=leg.side,
        planned=leg.amount,
        done=units.canon(done),
        average=units.money(units.divide(paid, done)) if done else None,
        mark_price=leg.mark_price,
        limit_price=leg.limit_price,
        value=units.money(units.divide(leg.value * done, leg.amount)) if leg.amount else units.ZERO,
        predicted=leg.costs,
        fees=_fees(fills),
        orders=orders,
        fills=len(fills),
        undone=undone,
    )


def _fees(fills: Sequence[Fill]) -> tuple[FeePaid, ...]:
    paid: dict[str, Decimal] = defaultdict(lambda: units.ZERO)
    for fill in fills:
        paid[fill.fee_asset] += fill.fee
    return tuple(FeePaid(asset=asset, amount=units.canon(paid[asset])) for asset in sorted(paid) if paid[asset])
