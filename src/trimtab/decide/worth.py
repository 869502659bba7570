"""Whether a plan is worth its cost, now that the cost is known (D21)."""

from decimal import Decimal
from typing import Final

from trimtab.model.decision import Hold, HoldKind, Judgement, Worth
from trimtab.model.plans import Plan
from trimtab.model.policy import BenefitPolicy, Policy
from trimtab.quant import tracking
from trimtab.units import BPS, ZERO, bps, canon, divide, money, plain, under_context

YEAR: Final = Decimal(365)
PERCENT: Final = Decimal(100)


@under_context
def judge(plan: Plan, policy: Policy) -> Judgement:
    """Hold where there is nothing to trade, where the cost exceeds `max_cost_bps` of what is traded, or the benefit.

    Cost is fees, half spread and the walk down the book; what is traded counts each leg once, at its mark.
    """
    if not plan.legs:
        because = "no trade that the venues and the free balances allow brings the fund closer to its goals"
        return Hold(at=plan.at, kind=HoldKind.NOTHING_TO_TRADE, because=because)
    cost, most = plan.costs.fee + plan.costs.spread + plan.costs.impact, policy.costs.max_cost_bps
    share = bps(cost, plan.traded)
    if cost * BPS > most * plan.traded:
        because = (
            f"it would cost {plain(cost, 2)} {plan.base}, {plain(share, 2)} bps of the {plain(plan.traded, 2)} "
            f"{plan.base} it trades; at most {plain(most, 2)} bps may be spent"
        )
        return Hold(at=plan.at, kind=HoldKind.NOT_WORTH, because=because)
    terms = policy.costs.benefit
    gained = None if terms is None else benefit(plan, policy, terms)
    if terms is not None and gained is not None and cost > gained:
        return Hold(at=plan.at, kind=HoldKind.NOT_WORTH, because=_too_little(plan, policy, terms, cost, gained))
    return Worth(cost=canon(cost), traded=plan.traded, cost_bps=share, max_cost_bps=most, benefit=gained)


@under_context
def benefit(plan: Plan, policy: Policy, terms: BenefitPolicy) -> Decimal:
    """What being nearer to the target is worth, in the base currency: the certainty equivalent of the risk that goes.

    That is half the risk aversion times what the squared tracking error falls by, times the net asset value and the
    horizon in years. Negative where the plan leads away from the target.
    """
    before, after = _variances(plan, policy, terms)
    return money(terms.risk_aversion / 2 * (before - after) * plan.nav * divide(terms.horizon_days, YEAR))


def _variances(plan: Plan, policy: Policy, terms: BenefitPolicy) -> tuple[Decimal, Decimal]:
    """The squared tracking error before and after a plan, by year."""
    target = {weight.asset: weight.weight for weight in policy.target.weights}
    yearly = {item.asset: item.yearly for item in terms.volatility}
    before = {w.asset: w.before - target.get(w.asset, ZERO) for w in plan.weights}
    after = {w.asset: w.after - target.get(w.asset, ZERO) for w in plan.weights}
    return tracking.variance(before, yearly, terms.correlation), tracking.variance(after, yearly, terms.correlation)


def _too_little(plan: Plan, policy: Policy, terms: BenefitPolicy, cost: Decimal, gained: Decimal) -> str:
    """Why a plan costs more than it is worth, and what holding saves."""
    before, after = (value.sqrt() * PERCENT for value in _variances(plan, policy, terms))
    return (
        f"it would cost {plain(cost, 2)} {plan.base} and be worth {plain(gained, 2)} {plan.base}: the tracking error "
        f"would go from {plain(before, 2)} % to {plain(after, 2)} % a year, weighed over "
        f"{plain(terms.horizon_days)} days; holding saves {plain(cost - gained, 2)} {plan.base}"
    )
