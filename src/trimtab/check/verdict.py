"""The verdict: every rule judged on what a plan would do, and the one door through which a plan may be executed."""

from collections.abc import Iterable

from trimtab.check import funding, limits, structure
from trimtab.check import scene as scenes
from trimtab.model.canonical import digest
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Terms
from trimtab.model.mandate import Finding, Outcome, Severity, Verdict
from trimtab.model.plans import Cleared, OrderLeg, Plan
from trimtab.model.policy import Policy
from trimtab.model.prices import Marks
from trimtab.model.valuation import Valuation
from trimtab.units import under_context


@under_context
def examine(valuation: Valuation, policy: Policy) -> tuple[Finding, ...]:
    """Judge the portfolio as it is (wave 0). Clauses about trading have nothing to say of it."""
    present = scenes.present(valuation, policy.prices.max_unpriced_weight)
    return _sorted(limits.judge(policy.mandate.clauses, present))


@under_context
def check(plan: Plan, snapshot: Snapshot, marks: Marks, terms: Terms) -> Verdict:
    """Judge a plan by its legs alone: its inputs, its soundness, its funding, and every clause after every wave.

    Legs that name what does not exist cannot be projected; they block by themselves, and the rest is judged
    without them. Findings are sorted by clause, wave and subject; their order and that of legs changes nothing.
    """
    world = scenes.world(snapshot, marks, terms)
    waves = {leg.id: leg.wave for leg in plan.legs}
    faults = [f for leg in plan.legs for f in structure.leg_faults(leg, world, waves)]
    sound = _sound(plan, {f.subject for f in faults})
    scene = scenes.scene(world, sound)
    found = [
        *structure.inputs(plan, world, marks),
        *structure.worth(scene),
        *structure.plan_faults(plan, world),
        *faults,
        *structure.sanity(sound, world),
        *funding.overdrafts(sound, world),
        *limits.judge(terms.policy.mandate.clauses, scene),
    ]
    findings = _sorted(found)
    return Verdict(plan_hash=digest(plan), outcome=_outcome(findings), findings=findings)


def clear(plan: Plan, verdict: Verdict) -> Cleared:
    """Let a plan be executed. Nothing else may build a Cleared.

    Raises ValueError unless the verdict is about this very plan, passes, and says so of its own findings.
    """
    found = digest(plan)
    if found != verdict.plan_hash:
        raise ValueError(f"the verdict is about plan {verdict.plan_hash}, this one is {found}; check this one")
    if verdict.outcome is not Outcome.PASS:
        raise ValueError(f"the verdict on plan {found} is {verdict.outcome}; only a pass may be executed")
    if _outcome(verdict.findings) is not Outcome.PASS:
        raise ValueError(f"the verdict on plan {found} says pass and its findings do not; check the plan again")
    return Cleared(plan=plan, plan_hash=found, verdict=verdict)


def _sound(plan: Plan, faulty: set[str]) -> tuple[OrderLeg, ...]:
    """Legs without faults, each id once; the plan is blocked for the others."""
    legs = {leg.id: leg for leg in sorted(plan.legs, key=digest) if leg.id not in faulty}
    return tuple(legs[leg] for leg in sorted(legs))


def _outcome(findings: Iterable[Finding]) -> Outcome:
    breached = {finding.severity for finding in findings if finding.breached}
    if Severity.BLOCK in breached:
        return Outcome.BLOCK
    return Outcome.ASK if Severity.ASK in breached else Outcome.PASS


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.clause, f.wave, f.subject, f.kind, f.because)))
