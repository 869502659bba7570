"""The verdict recomputes everything, and only its clear lets a plan through."""

import pytest
from msgspec.structs import replace

from tests.small import D, clause, leg, marks, plan, policy, read, snapshot, terms, transfer
from trimtab.check.verdict import check, clear, examine
from trimtab.model.canonical import digest
from trimtab.model.holdings import Snapshot, Stage, Transit
from trimtab.model.mandate import Moment, Outcome, Severity
from trimtab.model.plans import Change, Costs, PlannedWeight
from trimtab.value.valuation import value

RICH = snapshot(read("a", BTC="1", ETH="10", USDT="10000"), read("b", USDT="100000"))
LAW = terms(policy(clause("max_weight", "0.45", "BTC"), clause("max_venue_weight", "0.9")))
BUY = leg("l1 b buys 0.5 south:BTC/USDT")


def test_a_plan_that_passes_is_cleared_under_its_hash() -> None:
    made = plan(BUY)
    verdict = check(made, RICH, marks(), LAW)
    cleared = clear(made, verdict)
    assert (cleared.plan, cleared.verdict, cleared.plan_hash) == (made, verdict, digest(made))


@pytest.mark.parametrize("severity", [Severity.BLOCK, Severity.ASK])
def test_a_plan_that_does_not_pass_is_not_cleared(severity: Severity) -> None:
    made = plan(BUY)
    law = terms(policy(clause("max_weight", "0.4", "BTC", severity=severity)))
    verdict = check(made, RICH, marks(), law)
    with pytest.raises(ValueError, match="only a pass may be executed"):
        clear(made, verdict)


def test_a_plan_is_not_cleared_by_another_plans_verdict() -> None:
    verdict = check(plan(BUY), RICH, marks(), LAW)
    with pytest.raises(ValueError, match="check this one"):
        clear(plan(replace(BUY, amount=D("0.51"))), verdict)


def test_a_verdict_that_contradicts_its_findings_clears_nothing() -> None:
    made = plan(replace(BUY, amount=D("0.6")))
    forged = replace(check(made, RICH, marks(), LAW), outcome=Outcome.PASS)
    with pytest.raises(ValueError, match="its findings do not"):
        clear(made, forged)


def test_what_the_planner_says_of_its_plan_is_not_believed() -> None:
    lies = plan(
        replace(BUY, amount=D("0.6"), value=D(1)),
        nav=D(10000000),
        traded=D(1),
        weights=(PlannedWeight(asset="BTC", before=D(0), low=D(0), high=D(0), after=D("0.01")),),
        changes=(Change(leg="l1", account="b", asset="BTC", amount=D("0.001")),),
    )
    assert check(lies, RICH, marks(), LAW).outcome is Outcome.BLOCK


def test_predicted_costs_come_off_the_value_that_weights_are_shares_of() -> None:
    costly = replace(BUY, costs=Costs(fee=D(0), spread=D(100), impact=D(50)), limit_price=D(60600))
    (found,) = [f for f in check(plan(costly), RICH, marks(), LAW).findings if f.kind == "max_weight"]
    assert found.value == D("0.450337753315")  # 90,000 of 199,850


def test_predicted_costs_are_money_whatever_the_leg_is_quoted_in() -> None:
    costly = leg(
        "l1 a sells 10 north:ETH/BTC", costs=Costs(fee=D(0), spread=D(60), impact=D(0)), limit_price=D("0.0495")
    )
    (found,) = [f for f in check(plan(costly), RICH, marks(), LAW).findings if f.kind == "max_weight"]
    assert found.value == D("0.449834950485")  # 89,940 of 199,940


def test_predicted_costs_beyond_the_limit_price_cannot_happen() -> None:
    costly = replace(BUY, costs=Costs(fee=D(0), spread=D(10000), impact=D(0)), limit_price=D(60300))
    (found,) = [f for f in check(plan(costly), RICH, marks(), LAW).findings if f.kind == "max_weight"]
    assert found.value == D("0.450337753315")


def test_before_any_trade_the_check_sees_what_the_valuation_sees() -> None:
    transit = Transit(
        id="w1",
        asset="USDT",
        amount=D(30000),
        source="a",
        target="b",
        stage=Stage.SENT,
        since=transfer(Stage.SENT).debited_at,
    )
    there: Snapshot = replace(RICH, transits=(transit,))
    present = examine(value(there, marks(), LAW.policy), LAW.policy)
    checked = check(plan(), there, marks(), LAW)
    ours = [f for f in checked.findings if f.kind in ("max_weight", "max_venue_weight")]
    assert [(f.subject, f.value) for f in present] == [(f.subject, f.value) for f in ours]
    assert [(f.subject, str(f.value)) for f in present if f.kind == "max_venue_weight"] == [
        ("north", "0.434782608696"),
        ("south", "0.565217391304"),
    ]


def test_findings_are_sorted_by_clause_wave_and_subject() -> None:
    law = terms(policy(clause("max_weight", "0.9", moment=Moment.EVERY_STEP), clause("max_turnover", "0.9")))
    legs = (BUY, leg("l2 a sells 1 north:ETH/USDT", wave=2, needs=("l1",)))
    found = check(plan(*legs), RICH, marks(), law).findings
    assert [(f.clause, f.wave, f.subject) for f in found] == sorted((f.clause, f.wave, f.subject) for f in found)
    assert {f.clause for f in found} == {"max-weight", "max-turnover", "overdraft", "price_sanity"}
