"""What one pass of looking and thinking found: everything from the terms to the verdict, in one document."""

from trimtab.model.canonical import Noun
from trimtab.model.decision import Decision, Judgement
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Opened, Quoted, Terms
from trimtab.model.mandate import Verdict
from trimtab.model.plans import Plan, Rival
from trimtab.model.prices import Marks
from trimtab.model.valuation import Valuation


class Thought(Noun, frozen=True, kw_only=True):
    """Observed, valued, decided, planned and checked. What a hold made needless is None.

    `rivals` are what simpler planners would do, the plan itself last, where that was asked for.
    """

    terms: Terms
    opened: Opened
    snapshot: Snapshot
    quoted: Quoted
    marks: Marks
    valuation: Valuation
    decision: Decision
    liquidity: Liquidity | None = None
    plan: Plan | None = None
    plan_hash: str = ""
    judgement: Judgement | None = None
    verdict: Verdict | None = None
    rivals: tuple[Rival, ...] = ()
