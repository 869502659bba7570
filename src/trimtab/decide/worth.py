"""Whether a plan is worth its cost, now that the cost is known."""

from trimtab.model.decision import Hold, HoldKind, Judgement, Worth
from trimtab.model.plans import Plan
from trimtab.model.policy import Policy
from trimtab.units import BPS, bps, canon, plain, under_context


@under_context
def judge(plan: Plan, policy: Policy) -> Judgement:
    """Hold where there is nothing to trade, and where the cost exceeds `max_cost_bps` of what is traded.

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
    return Worth(cost=canon(cost), traded=plan.traded, cost_bps=share, max_cost_bps=most)
