"""A plan as a picture: waves from left to right, accounts from top to bottom, money as arrows between them.

A fund's plan and an answer of `trimtab solve` become one `Sheet` first, so that both are drawn by the same hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from trimtab import units
from trimtab.model.answers import Answer, Effect, Kinds, SolvedLeg
from trimtab.model.orders import Side
from trimtab.model.plans import Change, OrderLeg, Plan, Status
from trimtab.model.problems import Desired, Problem
from trimtab.pages import lanes, words
from trimtab.pages.lanes import Kind, Share, Sheet, Step
from trimtab.units import ZERO

LEAST: Final = Decimal("0.00000001")
"""Amounts below this are told as less than it; the tooltip has them in full."""

MILLION: Final = Decimal(1_000_000)
"""Amounts from here on are told without decimals."""


class _Story(NamedTuple):
    """What both nouns say about a whole plan."""

    status: Status
    nav: Decimal
    cost: Decimal
    gap: Decimal
    bound: Decimal
    kinds: Sequence[tuple[str, Decimal]]
    base: str
    latency_s: int | None
    reached: bool


def drawn(found: Answer | Plan) -> str:
    """A plan as one self-contained SVG document: no script, no fonts from elsewhere, the same bytes everywhere."""
    return lanes.svg(sheet(found))


@units.under_context
def sheet(found: Answer | Plan) -> Sheet:
    """What there is to draw of a plan, in words and in the order in which it is drawn."""
    return _of_plan(found) if isinstance(found, Plan) else _of_answer(found)


def _of_answer(answer: Answer) -> Sheet:
    problem = answer.certificate.problem
    prices = {asset.id: asset.price for asset in problem.assets if asset.price is not None}
    held: dict[str, Decimal] = {}
    for stock in problem.balances:
        worth = (stock.free + stock.locked) * prices.get(stock.asset, ZERO)
        held[stock.asset] = held.get(stock.asset, ZERO) + worth
    nav = sum(held.values(), ZERO)
    told = _Story(
        status=answer.status,
        nav=nav,
        cost=answer.cost,
        gap=answer.gap,
        bound=answer.bound,
        kinds=[(name, getattr(answer.costs, name)) for name in answer.costs.__struct_fields__],
        base=problem.base,
        latency_s=answer.latency_s,
        reached=not answer.unmet,
    )
    before = {asset: units.divide(value, nav) if nav else ZERO for asset, value in held.items()}
    return Sheet(
        title=_title(told, [(leg.id, leg.wave) for leg in answer.legs]),
        status=_status(answer.status),
        facts=_facts(told),
        accounts=_acting(account for leg in answer.legs for account in {one.account for one in leg.changes}),
        steps=_answered(answer, problem),
        shares=_by_size(_wanted(problem, before, answer.weights), answer.status),
        doubts=_doubts([(one.asset, one.because) for one in answer.unmet], answer.because),
        possible=answer.status is not Status.INFEASIBLE,
    )


def _of_plan(plan: Plan) -> Sheet:
    told = _Story(
        status=plan.status,
        nav=plan.nav,
        cost=words.total(plan.costs) or ZERO,
        gap=plan.gap,
        bound=plan.bound,
        kinds=[(name, getattr(plan.costs, name)) for name in plan.costs.__struct_fields__],
        base=plan.base,
        latency_s=None,
        reached=not plan.unmet,
    )
    changes = words.together((change.leg, change) for change in plan.changes)
    shares = [Share(one.asset, one.before, one.after, one.low, one.high) for one in plan.weights]
    return Sheet(
        title=_title(told, [(leg.id, leg.wave) for leg in plan.legs]),
        status=_status(plan.status),
        facts=_facts(told),
        accounts=_acting(leg.account for leg in plan.legs),
        steps=_ordered(_planned(leg, changes.get(leg.id, []), plan.base) for leg in plan.legs),
        shares=_by_size(shares, plan.status),
        doubts=_doubts([(one.asset, one.because) for one in plan.unmet], plan.because),
        possible=plan.status is not Status.INFEASIBLE,
    )


def _title(told: _Story, legs: Sequence[tuple[str, int]]) -> str:
    if not legs:
        nothing = "Nothing to do" if told.reached else "No legs"
        what = "No plan" if told.status is Status.INFEASIBLE else nothing
        return f"{what} for {words.money(told.nav, told.base)}"
    waves = words.count(len({wave for _, wave in legs}), "wave")
    return f"{words.count(len(legs), 'leg')} in {waves} for {words.money(told.nav, told.base)}"


def _status(status: Status) -> str:
    meaning = {
        Status.OPTIMAL: "every target is reached, but for what lots leave",
        Status.FEASIBLE: "it can be done, but may not be the cheapest or reach every target",
        Status.INFEASIBLE: "it cannot be done as asked",
    }
    return f"{status.value} ({meaning[status]})"


def _facts(told: _Story) -> tuple[tuple[str, str], ...]:
    """The figures of a whole plan, each with its name."""
    if told.status is Status.INFEASIBLE:
        return ()
    parts = [f"{name} {words.money(value)}" for name, value in told.kinds if value]
    facts = [
        ("Cost", f"{words.money(told.cost, told.base)}, {words.in_bps(told.cost, told.nav)} of the value"),
        *([("of which", ", ".join(parts))] if parts else []),
        ("No plan costs less than", f"{words.money(told.bound, told.base)} (gap {words.money(told.gap)})"),
    ]
    if told.latency_s is not None:
        facts.append(("Longest chain", words.age(told.latency_s) if told.latency_s else "nothing to wait for"))
    return tuple(facts)


def _answered(answer: Answer, problem: Problem) -> tuple[Step, ...]:
    books = {book.id: book for book in problem.books}
    pairs = {way.id: (way.account, books[way.book].base, books[way.book].quote) for way in problem.markets}
    links = {link.id: link for link in problem.transfers}
    found = []
    for leg in answer.legs:
        if leg.side is None:
            link = links[leg.market]
            found.append(_sent(leg, link.source, link.target, link.asset, problem.base))
        else:
            account, first, second = pairs[leg.market]
            found.append(_traded(leg, leg.side, (account, first, second), problem.base))
    return _ordered(found)


def _traded(leg: SolvedLeg, side: Side, pair: tuple[str, str, str], currency: str) -> Step:
    account, first, second = pair
    lines = _order(side, f"{_amount(leg.amount)} {first}", _moved(leg.changes, account, second))
    cost = _cost(leg.costs)
    return Step(
        id=leg.id,
        wave=leg.wave,
        account=account,
        kind=Kind.BUY if side is Side.BUY else Kind.SELL,
        lines=(*lines, *_charged(leg.value, cost, currency)),
        needs=tuple(sorted(leg.needs)),
        told=_exactly(leg.changes, f"{leg.id}: {side.value} {units.plain(leg.amount)} {first} on {leg.market}"),
    )


def _sent(leg: SolvedLeg, source: str, target: str, asset: str, currency: str) -> Step:
    arrives = _moved(leg.changes, target, asset)
    time = f", {words.age(leg.latency_s)}" if leg.latency_s else ""
    return Step(
        id=leg.id,
        wave=leg.wave,
        account=source,
        kind=Kind.SEND,
        lines=(
            f"Send {_amount(leg.amount)} {asset}",
            f"to {target}{time}",
            *_charged(leg.value, _cost(leg.costs), currency),
        ),
        needs=tuple(sorted(leg.needs)),
        told=_exactly(leg.changes, f"{leg.id}: send {units.plain(leg.amount)} {asset} by {leg.market}"),
        target=target,
        arrives=(f"+ {arrives}", f"from {source}{time}"),
    )


def _planned(leg: OrderLeg, changes: Sequence[Change], currency: str) -> Step:
    lines = _order(leg.side, f"{_amount(leg.amount)} {leg.base}", _moved(changes, leg.account, leg.quote))
    cost = words.total(leg.costs) or ZERO
    named = f"{leg.id}: {leg.side.value} {units.plain(leg.amount)} {leg.base} on {leg.instrument}"
    return Step(
        id=leg.id,
        wave=leg.wave,
        account=leg.account,
        kind=Kind.BUY if leg.side is Side.BUY else Kind.SELL,
        lines=(*lines, *_charged(leg.value, cost, currency)),
        needs=tuple(sorted(leg.needs)),
        told=_exactly(changes, f"{named}, no worse than {units.plain(leg.limit_price)} {leg.quote}"),
    )


def _order(side: Side, what: str, money: str) -> tuple[str, str]:
    return (f"Buy {what}", f"for {money}") if side is Side.BUY else (f"Sell {what}", f"\N{RIGHTWARDS ARROW} {money}")


def _charged(value: Decimal, cost: Decimal, currency: str) -> tuple[str, str]:
    return f"worth {words.money(value, currency)}", f"costs {words.money(cost)}, {words.in_bps(cost, value)}"


def _cost(costs: Kinds) -> Decimal:
    return costs.fee + costs.spread + costs.impact + costs.transfer + costs.fixed


def _moved(changes: Sequence[Effect | Change], account: str, asset: str) -> str:
    moved = [one.amount for one in changes if (one.account, one.asset) == (account, asset)]
    return f"{_amount(abs(sum(moved, ZERO))) if moved else words.DASH} {asset}"


def _exactly(changes: Sequence[Effect | Change], named: str) -> str:
    """A leg in full, for the tooltip: what it changes to the last decimal."""
    moved = [f"{one.account}: {'+' if one.amount > 0 else ''}{units.plain(one.amount)} {one.asset}" for one in changes]
    return "\n".join([named, *sorted(moved)])


def _amount(value: Decimal) -> str:
    """An amount as short as its size allows."""
    if value and abs(value) < LEAST:
        return f"less than {units.plain(LEAST)}"
    if abs(value) >= words.THOUSAND:
        return units.plain(value, 0 if abs(value) >= MILLION else 2)
    places = 4 if abs(value) >= units.ONE else 8
    return units.plain(units.canon(value.quantize(Decimal(1).scaleb(-places), context=units.CONTEXT)))


def _wanted(problem: Problem, before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> list[Share]:
    """The weight of each asset before and after, and where it may be; what is not named is to be nothing."""
    named = {target.asset: target for target in problem.targets}
    assets = sorted({*before, *after, *named})
    return [Share(a, before.get(a, ZERO), after.get(a, ZERO), *_range(named.get(a))) for a in assets]


def _range(target: Desired | None) -> tuple[Decimal | None, Decimal | None]:
    if target is None:
        return ZERO, ZERO
    if target.weight is None:
        return None, None
    return target.weight - target.band, target.weight + target.band


def _by_size(shares: Iterable[Share], status: Status) -> tuple[Share, ...]:
    """The largest first, without assets that are nothing throughout; nothing is after what cannot be done."""
    if status is Status.INFEASIBLE:
        shares = [one._replace(after=None) for one in shares]
    shown = [one for one in shares if one.before or one.after or one.high]
    return tuple(sorted(shown, key=lambda one: (-max(one.before, one.after or ZERO, one.high or ZERO), one.asset)))


def _acting(accounts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(accounts)))


def _ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda one: (one.wave, one.account, one.id)))


def _doubts(unmet: Sequence[tuple[str, str]], because: Sequence[str]) -> tuple[str, ...]:
    """What is not reached, each asset by its name, then what else is said; nothing twice."""
    missed = [said if asset in said.split() else f"{asset}: {said}" for asset, said in unmet]
    return tuple(dict.fromkeys(words.sentence(said) for said in (*sorted(missed), *because)))
