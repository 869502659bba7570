"""Problems for the planner in the domain's words: what is held, what is wanted, and the books it can be traded on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace

from tests.small import PRICES, T0, D, instrument, marks, policy, snapshot, terms
from trimtab import units
from trimtab.check.verdict import check
from trimtab.model.assets import Asset, FeeTerms, Instrument, TakenFrom
from trimtab.model.decision import Goal, Rebalance
from trimtab.model.holdings import AccountRead, Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.mandate import Finding
from trimtab.model.orders import Side
from trimtab.model.plans import OrderLeg, Plan
from trimtab.model.policy import Policy
from trimtab.model.prices import Ladder, Level, Marks
from trimtab.plan import certificate
from trimtab.plan import plan as plans
from trimtab.quant import fees

DEEP = (("50000000", "1"),)
"""One level a basis point away from the mark, deeper than any fund here."""

T1_DEPTH = (("100000", "1.5"), ("400000", "4"))
"""Trap T1: value, and basis points from the mark."""


@dataclass(frozen=True)
class Case:
    """All that a plan is made from."""

    decision: Rebalance
    snapshot: Snapshot
    marks: Marks
    terms: Terms
    liquidity: Liquidity

    def plan(self) -> Plan:
        """Make the plan."""
        return plans.plan(self.decision, self.snapshot, self.marks, self.terms, self.liquidity)

    def faults(self, plan: Plan) -> tuple[str, ...]:
        """What its certificate says against a plan."""
        return certificate.faults(plan, self.decision, self.snapshot, self.marks, self.terms, self.liquidity)

    def breaches(self, plan: Plan) -> list[Finding]:
        """What the independent check has against a plan, but for goals out of reach, which the plan says itself."""
        told = ("infeasible", "no_value")
        found = check(plan, self.snapshot, self.marks, self.terms).findings
        return [f for f in found if f.breached and f.kind not in told]


def goals(**weights: str) -> Rebalance:
    """Goals by asset: `0.4` is an exact weight, `0.3..0.4` a range."""
    wanted = [(asset, text.partition("..")) for asset, text in sorted(weights.items())]
    found = (Goal(asset=asset, low=D(low), high=D(high or low)) for asset, (low, _, high) in wanted)
    return Rebalance(at=T0, reasons=(), drifts=(), goals=tuple(found))


def ladder(name: str, depth: Iterable[tuple[str, str]] = DEEP, *, mid: Decimal | None = None) -> Ladder:
    """The same depth on both sides of the mark, or of another middle: value and basis points by level."""
    base, quote = name.split(":")[1].split("/")
    centre = mid or D(PRICES[base]) / D(PRICES[quote])
    size = centre * D(PRICES[quote])
    levels = [(units.canon(D(value) / size), D(off) / 10000) for value, off in depth]
    return Ladder(
        instrument=name,
        bids=tuple(Level(price=units.money(centre * (1 - off)), amount=amount) for amount, off in levels),
        asks=tuple(Level(price=units.money(centre * (1 + off)), amount=amount) for amount, off in levels),
        as_of=T0,
    )


def listed(*names: str, step: str = "0.00000001", **filters: Decimal | None) -> tuple[Instrument, ...]:
    """Pairs with these filters, on ticks fine enough for any price."""
    bare = (instrument(name) for name in names)
    rules = {"step": D(step), "tick": D("0.00000001"), **filters}
    return tuple(replace(one, filters=replace(one.filters, **rules)) for one in bare)


def case(
    decision: Rebalance,
    *reads: AccountRead,
    books: Sequence[Ladder] = (),
    pairs: Sequence[Instrument] = (),
    law: Policy | None = None,
    fee_bps: str = "0",
    taken_from: str = "received",
    at: Marks | None = None,
) -> Case:
    """A problem; by default every pair of the small fund trades, on deep books, without fees."""
    offered = tuple(pairs) or listed(*dict.fromkeys(b.instrument for b in books)) or terms(policy()).instruments
    found = terms(law or policy(), *offered, fee_bps=fee_bps, taken_from=taken_from)
    shown = tuple(books) or tuple(ladder(one.id) for one in offered)
    return Case(decision, snapshot(*reads), at or marks(), found, Liquidity(ladders=shown))


def proven(problem: Case) -> Plan:
    """The plan, after every promise that holds for any plan at all was asked of it."""
    plan = problem.plan()
    assert problem.faults(plan) == ()
    assert problem.breaches(plan) == []
    assert 0 <= plan.bound <= cost(plan)
    assert plan.gap == cost(plan) - plan.bound
    assert list(overdrawn(problem, plan)) == []
    sides = {(leg.base, leg.side) for leg in plan.legs}
    assert len(sides) == len({asset for asset, _ in sides})
    return plan


def cost(plan: Plan) -> Decimal:
    """What a plan costs in all."""
    return plan.costs.fee + plan.costs.spread + plan.costs.impact


def orders(plan: Plan) -> list[str]:
    """Legs as sentences, such as `a sells 0.5 north:BTC/USDT`."""
    return [f"{leg.account} {leg.side}s {leg.amount:f} {leg.instrument}" for leg in plan.legs]


def after(plan: Plan) -> dict[str, Decimal]:
    """The weights that a plan expects at its end."""
    return {weight.asset: weight.after for weight in plan.weights}


def with_bnb(problem: Case, discount: str = "0.25") -> Case:
    """The same problem where fees are taken from BNB at 600."""
    law = problem.terms.policy
    wearing = replace(law, assets=tuple(sorted((*law.assets, Asset(id="BNB", decimals=8)), key=lambda a: a.id)))
    paid = tuple(replace(f, taken_from=TakenFrom.THIRD, third="BNB", discount=D(discount)) for f in problem.terms.fees)
    named = replace(problem.terms, policy=wearing, fees=paid)
    return Case(problem.decision, problem.snapshot, marks(BNB="600"), named, problem.liquidity)


def overdrawn(problem: Case, plan: Plan) -> Iterator[str]:
    """Places below zero after any prefix of waves at the worst prices, with nothing counted on but what legs wait for.

    Worked out here by hand: notional at the limit price, the fee by its terms, rounded up in nothing but our disfavour.
    """
    kept = {(a.id, k.asset): k.amount for a in problem.terms.policy.accounts for k in a.keep}
    places = {(b.account, b.asset): b.free for b in problem.snapshot.balances}
    free = {place: max(D(0), amount - kept.get(place, D(0))) for place, amount in places.items()}
    waves = {leg.id: leg.wave for leg in plan.legs}
    for last in sorted(set(waves.values())):
        stock = dict(free)
        begun = [leg for leg in plan.legs if leg.wave <= last]
        waited = {need for leg in begun for need in leg.needs}
        for leg in begun:
            for asset, amount in worst(problem, leg):
                if amount < 0 or leg.id in waited:
                    place = leg.account, asset
                    stock[place] = stock.get(place, D(0)) + amount
        yield from (f"{place} has {left} after wave {last}" for place, left in sorted(stock.items()) if left < 0)


def worst(problem: Case, leg: OrderLeg) -> Iterator[tuple[str, Decimal]]:
    """What a leg moves filled whole at its limit price; a third asset is taken to be empty."""
    charged = fee_terms(problem, leg)
    notional, rate = leg.amount * leg.limit_price, max(D(0), charged.taker_bps) / 10000
    smallest = D("0.00000001")
    if leg.side is Side.BUY:
        on_top = charged.taken_from is TakenFrom.QUOTE
        yield leg.quote, -notional - (up(notional * rate, smallest) if on_top else 0)
        yield leg.base, leg.amount - (0 if on_top else up(leg.amount * rate, smallest))
    else:
        yield leg.base, -leg.amount
        yield leg.quote, notional - up(notional * rate, smallest)


def fee_terms(problem: Case, leg: OrderLeg) -> FeeTerms:
    """What a leg's account pays."""
    return fees.terms_for(problem.terms.fees, leg.account, leg.instrument)


def up(value: Decimal, step: Decimal) -> Decimal:
    """Rounded up to a step."""
    return units.ceil_to(value, step)
