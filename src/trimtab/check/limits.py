"""The mandate's clauses: what each kind measures. A new kind is one more function and one more row in CHECKS.

A clause on holdings is not broken by a plan that makes it no worse: where what is bound is worth no more than it
is now, the finding stays a breach and only warns, so that a fund past a limit can still be brought back.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from trimtab.check import findings
from trimtab.check.scene import Scene, Standing, Trade
from trimtab.model.mandate import Basis, Clause, Finding, Moment, Severity
from trimtab.units import ZERO, plain


def judge(clauses: Iterable[Clause], scene: Scene) -> Iterator[Finding]:
    """Every clause at every moment when it must hold. A kind that nobody knows how to judge blocks."""
    for clause in clauses:
        check = CHECKS.get(clause.kind)
        if check is None:
            because = f"nobody here knows how to judge a clause of kind {clause.kind!r}; one of {', '.join(CHECKS)}"
            yield replace(findings.fault(clause.kind, clause.id, scene.standings[-1].wave, because), clause=clause.id)
        else:
            yield from check(clause, scene)


def max_weight(clause: Clause, scene: Scene) -> Iterator[Finding]:
    """Each asset's value; of NAV, unless the limit is money. An unpriced one may be worth all that may be unpriced."""
    now = scene.standings[0].by_asset
    for standing in _moments(clause, scene):
        worst = dict.fromkeys(scene.unpriced, scene.ceiling * standing.nav)
        yield from _bounded(clause, scene, standing, ({**now, **worst}, {**standing.by_asset, **worst}))


def max_venue_weight(clause: Clause, scene: Scene) -> Iterator[Finding]:
    """The value of each venue's accounts, money on its way to them included."""
    now = scene.standings[0].by_venue
    for standing in _moments(clause, scene):
        yield from _bounded(clause, scene, standing, (now, standing.by_venue))


def max_turnover(clause: Clause, scene: Scene) -> Iterator[Finding]:
    """The value of all trades up to a wave, each counted once: what it buys, not what it buys and what it sells."""
    for standing, trades in _traded(clause, scene):
        value = _sized(clause, sum((t.value for t in trades), ZERO), scene.standings[0].nav)
        told = (
            f"the plan trades {_number(clause, scene, value)}, at most {_number(clause, scene, clause.limit)} allowed"
        )
        yield findings.at_most(clause, "fund", standing.wave, value, told)


def banned(clause: Clause, scene: Scene) -> Iterator[Finding]:
    """The value bought of each asset, also on the way to another. What is held already may be kept or sold."""
    for standing, trades in _traded(clause, scene):
        bought: dict[str, Decimal] = defaultdict(Decimal)
        for trade in trades:
            bought[trade.bought] += trade.value
        for asset in clause.scope or sorted(bought):
            value = _sized(clause, bought.get(asset, ZERO), scene.standings[0].nav)
            amounts = _number(clause, scene, value), _number(clause, scene, clause.limit)
            told = f"the plan buys {amounts[0]} of {asset}, at most {amounts[1]} allowed"
            yield findings.at_most(clause, asset, standing.wave, value, told)


def min_trade(clause: Clause, scene: Scene) -> Iterator[Finding]:
    """The value of each leg: those too small, or else the smallest."""
    found = [
        findings.at_least(clause, trade.leg, trade.wave, value, _small(clause, scene, trade, value))
        for trade in scene.trades
        for value in (_sized(clause, trade.value, scene.standings[0].nav),)
    ]
    yield from [f for f in found if f.breached] or sorted(found, key=lambda f: (f.value, f.subject))[:1]


CHECKS: Final[Mapping[str, Callable[[Clause, Scene], Iterator[Finding]]]] = {
    "banned": banned,
    "max_turnover": max_turnover,
    "max_venue_weight": max_venue_weight,
    "max_weight": max_weight,
    "min_trade": min_trade,
}
"""What each kind of clause in a file measures."""


def _moments(clause: Clause, scene: Scene) -> tuple[Standing, ...]:
    """After every wave, or at the end; without a plan, now."""
    after = scene.standings[1:] or scene.standings
    return after if clause.moment is Moment.EVERY_STEP else after[-1:]


def _traded(clause: Clause, scene: Scene) -> Iterator[tuple[Standing, list[Trade]]]:
    """What was traded up to each moment; nothing where there is no plan to trade."""
    if scene.trades:
        for standing in _moments(clause, scene):
            yield standing, [t for t in scene.trades if t.wave <= standing.wave]


Worths = tuple[Mapping[str, Decimal], Mapping[str, Decimal]]


def _bounded(clause: Clause, scene: Scene, standing: Standing, worths: Worths) -> Iterator[Finding]:
    """Each thing that the clause binds, before and after; a breach that the plan does not deepen only warns."""
    before, after = worths
    for name in clause.scope or sorted(after):
        value = _sized(clause, after.get(name, ZERO), standing.nav)
        share, most = _number(clause, scene, value), _number(clause, scene, clause.limit)
        told = f"{name} {'is' if standing.wave == 0 else 'would be'} {share}, at most {most} allowed"
        found = findings.at_most(clause, name, standing.wave, value, told)
        if found.breached and standing.wave and after.get(name, ZERO) <= before.get(name, ZERO):
            found = replace(found, severity=Severity.WARN, because=f"{told}; the plan does not add to it")
        yield found


def _sized(clause: Clause, worth: Decimal, nav: Decimal) -> Decimal:
    """Money in the unit of the clause's limit. A fund worth nothing has no shares; its plans are faulty anyway."""
    if clause.basis is Basis.VALUE:
        return worth
    return worth / nav if nav else ZERO


def _number(clause: Clause, scene: Scene, number: Decimal) -> str:
    return f"{number:.2%} of NAV" if clause.basis is Basis.NAV else f"{plain(number, 2)} {scene.base}"


def _small(clause: Clause, scene: Scene, trade: Trade, value: Decimal) -> str:
    amounts = _number(clause, scene, value), _number(clause, scene, clause.limit)
    return f"leg {trade.leg} trades {amounts[0]}, at least {amounts[1]} demanded"
