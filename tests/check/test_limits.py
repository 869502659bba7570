"""Clauses: what each measures, when, and that loosening a limit never makes a verdict worse."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.small import D, clause, leg, marks, plan, policy, prices, read, snapshot, target, terms, valuation
from trimtab.check.limits import CHECKS
from trimtab.check.verdict import check, examine
from trimtab.model.mandate import Basis, Clause, Finding, Moment, Outcome, Severity, Verdict
from trimtab.model.plans import OrderLeg
from trimtab.model.valuation import AccountValue
from trimtab.settings.law import RULES

RICH = snapshot(read("a", BTC="1", ETH="10", USDT="10000"), read("b", BTC="0", USDT="100000"))
"""Worth 200,000: BTC 30%, ETH 15%, USDT 55%; north 50%, south 50%."""

RANK = {Outcome.PASS: 0, Outcome.ASK: 1, Outcome.BLOCK: 2}


def judged(*legs: OrderLeg, by: Clause | None = None, **law: Any) -> Verdict:
    clauses = (by,) if by else ()
    return check(plan(*legs), RICH, marks(), terms(policy(*clauses, **law)))


def of(verdict: Verdict, kind: str) -> list[tuple[str, int, str, bool]]:
    """Findings of one kind: subject, wave, value, whether it is breached."""
    return [(f.subject, f.wave, f"{f.value:f}", f.breached) for f in verdict.findings if f.kind == kind]


def first(findings: tuple[Finding, ...], kind: str) -> Finding:
    return next(f for f in findings if f.kind == kind)


def test_the_file_and_the_checks_know_the_same_kinds() -> None:
    assert set(CHECKS) == set(RULES)


def test_max_weight_binds_each_named_asset_after_the_plan() -> None:
    bought = judged(leg("l1 b buys 0.5 south:BTC/USDT"), by=clause("max_weight", "0.45", "BTC", "ETH"))
    assert of(bought, "max_weight") == [("BTC", 1, "0.45", False), ("ETH", 1, "0.15", False)]
    assert bought.outcome is Outcome.PASS


def test_max_weight_just_past_its_limit_blocks_and_says_so() -> None:
    found = judged(leg("l1 b buys 0.5 south:BTC/USDT"), by=clause("max_weight", "0.4499", "BTC"))
    breach = first(found.findings, "max_weight")
    assert found.outcome is Outcome.BLOCK
    assert (breach.headroom, breach.because) == (
        D("-0.0001"),
        "BTC would be 45.00% of NAV, at most 44.99% of NAV allowed",
    )


def test_max_weight_without_a_scope_binds_every_asset_by_itself() -> None:
    found = judged(leg("l1 b buys 0.5 south:BTC/USDT"), by=clause("max_weight", "0.5"))
    assert [f[0] for f in of(found, "max_weight")] == ["BTC", "ETH", "USDT"]


def test_max_weight_may_be_money() -> None:
    found = judged(leg("l1 b buys 0.5 south:BTC/USDT"), by=clause("max_weight", "90000", "BTC", basis=Basis.VALUE))
    assert of(found, "max_weight") == [("BTC", 1, "90000", False)]


def test_a_plan_that_only_reduces_a_breach_passes_with_a_warning() -> None:
    found = judged(leg("l1 b buys 0.1 south:BTC/USDT"), by=clause("max_weight", "0.5", "USDT"))
    breach = first(found.findings, "max_weight")
    assert (breach.breached, breach.severity, found.outcome) == (True, Severity.WARN, Outcome.PASS)
    assert breach.because.endswith("the plan does not add to it")


def test_a_plan_that_deepens_a_breach_is_blocked() -> None:
    found = judged(leg("l1 a sells 0.1 north:BTC/USDT"), by=clause("max_weight", "0.5", "USDT"))
    assert found.outcome is Outcome.BLOCK


def test_costs_alone_that_lift_an_untouched_weight_past_its_limit_only_warn() -> None:
    law = terms(policy(clause("max_weight", "0.15", "ETH")), fee_bps="10")
    found = check(plan(leg("l1 b buys 0.5 south:BTC/USDT")), RICH, marks(), law)
    breach = first(found.findings, "max_weight")
    assert breach.value > D("0.15")
    assert (breach.breached, breach.severity, found.outcome) == (True, Severity.WARN, Outcome.PASS)


HUB = (leg("l1 a sells 10 north:ETH/BTC"), leg("l2 a sells 0.5 north:BTC/USDT", wave=2, needs=("l1",)))
"""ETH into USDT by way of BTC: 45% in the middle, 30% at the end."""


def test_a_clause_at_trade_looks_at_the_end_alone() -> None:
    found = judged(*HUB, by=clause("max_weight", "0.35", "BTC"))
    assert of(found, "max_weight") == [("BTC", 2, "0.3", False)]


def test_a_clause_for_every_step_looks_after_every_wave() -> None:
    found = judged(*HUB, by=clause("max_weight", "0.35", "BTC", moment=Moment.EVERY_STEP))
    assert of(found, "max_weight") == [("BTC", 1, "0.45", True), ("BTC", 2, "0.3", False)]
    assert found.outcome is Outcome.BLOCK


def test_max_venue_weight_binds_what_all_accounts_of_a_venue_hold() -> None:
    found = judged(leg("l1 a sells 0.1 north:BTC/USDT"), by=clause("max_venue_weight", "0.5"))
    assert of(found, "max_venue_weight") == [("north", 1, "0.5", False), ("south", 1, "0.5", False)]


def test_max_turnover_counts_each_trade_once_against_nav() -> None:
    legs = (leg("l1 a sells 0.5 north:BTC/USDT"), leg("l2 b buys 0.5 south:BTC/USDT"))
    found = judged(*legs, by=clause("max_turnover", "0.3"))
    assert of(found, "max_turnover") == [("fund", 1, "0.3", False)]
    past = judged(*legs, by=clause("max_turnover", "0.2999"))
    assert (
        first(past.findings, "max_turnover").because == "the plan trades 30.00% of NAV, at most 29.99% of NAV allowed"
    )
    assert past.outcome is Outcome.BLOCK


def test_max_turnover_may_be_money_and_adds_up_over_waves() -> None:
    by = clause("max_turnover", "60000", basis=Basis.VALUE, moment=Moment.EVERY_STEP)
    assert of(judged(*HUB, by=by), "max_turnover") == [("fund", 1, "30000", False), ("fund", 2, "60000", False)]


def banning(asset: str) -> Clause:
    return clause("banned", "0", asset, basis=Basis.VALUE)


def test_a_banned_asset_is_not_bought_not_even_on_the_way_to_another() -> None:
    found = judged(*HUB, by=banning("BTC"))
    assert found.outcome is Outcome.BLOCK
    assert first(found.findings, "banned").because == "the plan buys 30,000.00 USDT of BTC, at most 0.00 USDT allowed"


def test_a_banned_asset_that_is_received_for_a_sale_is_bought_too() -> None:
    assert judged(leg("l1 a sells 0.1 north:BTC/USDT"), by=banning("USDT")).outcome is Outcome.BLOCK


def test_a_banned_asset_that_is_held_may_be_sold() -> None:
    assert judged(leg("l1 a sells 0.1 north:BTC/USDT"), by=banning("BTC")).outcome is Outcome.PASS


def test_min_trade_holds_at_its_limit_and_names_the_smallest_leg() -> None:
    legs = (leg("l1 a sells 0.1 north:BTC/USDT"), leg("l2 b buys 1 south:ETH/USDT"))
    found = judged(*legs, by=clause("min_trade", "3000", basis=Basis.VALUE))
    assert of(found, "min_trade") == [("l2", 1, "3000", False)]


def test_min_trade_names_every_leg_below_it_with_negative_headroom() -> None:
    legs = (leg("l1 a sells 0.1 north:BTC/USDT"), leg("l2 b buys 1 south:ETH/USDT"))
    found = judged(*legs, by=clause("min_trade", "6000.01", basis=Basis.VALUE))
    assert [f.headroom for f in found.findings if f.kind == "min_trade"] == [D("-0.01"), D("-3000.01")]
    assert found.outcome is Outcome.BLOCK


def test_a_kind_that_nobody_knows_blocks_whatever_its_severity() -> None:
    strange = clause("max_astrology", "1", severity=Severity.WARN)
    found = judged(leg("l1 a sells 0.1 north:BTC/USDT"), by=strange)
    assert (found.outcome, first(found.findings, "max_astrology").breached) == (Outcome.BLOCK, True)
    assert examine(valuation(BTC="1"), policy(strange))[0].breached


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [(Severity.BLOCK, Outcome.BLOCK), (Severity.ASK, Outcome.ASK), (Severity.WARN, Outcome.PASS)],
)
def test_the_severity_of_a_breach_is_its_outcome(severity: Severity, outcome: Outcome) -> None:
    by = clause("max_turnover", "0.01", severity=severity)
    assert judged(leg("l1 a sells 0.1 north:BTC/USDT"), by=by).outcome is outcome


def test_the_present_is_judged_at_wave_zero_without_mercy() -> None:
    present = valuation(
        AccountValue(account="a", venue="north", value=D(70), weight=D("0.7")),
        AccountValue(account="c", venue="north", value=D(15), weight=D("0.15")),
        BTC="0.7",
        ETH="0.3",
    )
    law = policy(clause("max_weight", "0.6", "BTC"), clause("max_venue_weight", "0.85"), clause("max_turnover", "0"))
    found = examine(present, law)
    assert [(f.clause, f.subject, f.wave, f.severity, f.breached) for f in found] == [
        ("max-venue-weight", "north", 0, Severity.BLOCK, False),
        ("max-weight", "BTC", 0, Severity.BLOCK, True),
    ]
    assert found[1].because == "BTC is 70.00% of NAV, at most 60.00% of NAV allowed"


def test_an_unpriced_asset_is_judged_at_the_most_that_may_be_unpriced() -> None:
    law = policy(clause("max_weight", "0.05", "XYZ"), prices=prices(max_unpriced_weight=D("0.1")))
    assert examine(valuation(BTC="1", XYZ=None), law)[0].breached  # type: ignore[arg-type]


KINDS = {
    "banned": (Basis.VALUE, 40000),
    "max_turnover": (Basis.NAV, 1),
    "max_venue_weight": (Basis.NAV, 1),
    "max_weight": (Basis.NAV, 1),
    "min_trade": (Basis.VALUE, 70000),
}


@given(
    kind=st.sampled_from(sorted(KINDS)),
    limits=st.tuples(st.decimals(0, 1, places=4), st.decimals(0, 1, places=4)),
    moment=st.sampled_from(list(Moment)),
    sold=st.integers(1, 9),
    bought=st.integers(1, 10),
)
def test_every_check_is_monotone_in_its_limit(
    kind: str, limits: tuple[Decimal, Decimal], moment: Moment, sold: int, bought: int
) -> None:
    basis, scale = KINDS[kind]
    strict, loose = sorted(limits, reverse=kind == "min_trade")
    legs = (leg(f"l1 a sells 0.{sold} north:BTC/USDT"), leg(f"l2 b buys {bought} south:ETH/USDT", wave=2))
    ranks = []
    for limit in (strict, loose):
        wanted = f"{(limit * scale).normalize():f}"
        by = clause(kind, wanted, basis=basis, moment=moment)
        found = check(plan(*legs), RICH, marks(), terms(policy(by), fee_bps="10"))
        ranks.append(RANK[found.outcome])
    assert ranks[1] <= ranks[0]


@given(order=st.permutations(range(4)), turn=st.permutations(range(5)))
def test_the_verdict_does_not_depend_on_the_order_of_legs_or_clauses(order: list[int], turn: list[int]) -> None:
    legs = (
        *HUB,
        leg("l3 b buys 0.1 south:BTC/USDT"),
        leg("l4 b buys 1 south:ETH/USDT", wave=2, needs=("l3",)),
    )
    clauses = [clause(kind, str(scale), basis=basis) for kind, (basis, scale) in sorted(KINDS.items())]
    law = terms(policy(*clauses))
    turned = replace(
        law, policy=replace(law.policy, mandate=replace(law.policy.mandate, clauses=tuple(clauses[n] for n in turn)))
    )
    first_verdict = check(plan(*legs), RICH, marks(), law)
    second = check(plan(*(legs[n] for n in order)), RICH, marks(), turned)
    assert second.findings == first_verdict.findings
    assert second.outcome is first_verdict.outcome


def test_targets_play_no_part_in_clauses() -> None:
    by = clause("max_weight", "0.45", "BTC")
    legs = leg("l1 b buys 0.5 south:BTC/USDT")
    assert judged(legs, by=by).findings == judged(legs, by=by, target=target(USDT="1")).findings
