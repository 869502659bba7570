"""To act or to hold, and the sentence that says why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.small import T0, D, clause, later, opened, policy, target, valuation
from trimtab.decide.decision import decide
from trimtab.model.decision import Cause, Decision, Goal, Hold, HoldKind, Past, Rebalance, Slot
from trimtab.model.mandate import Basis, Finding, Severity
from trimtab.model.policy import Aim, Hybrid, Periodic, Policy, Threshold
from trimtab.model.valuation import Doubt, Kind, Valuation

EVERY_HOUR = Periodic(id="hourly", anchor=later(-7200), interval_s=3600)
ANN = Cause(by="Ann", because="quarter end")


def cooled(seconds: int, **more: Any) -> Policy:
    law = policy(**more)
    return replace(law, execution=replace(law.execution, cooldown_s=seconds))


def broken(severity: Severity = Severity.BLOCK, subject: str = "BTC", limit: str = "0.62") -> Finding:
    return Finding(
        clause="max-btc",
        kind="max_weight",
        subject=subject,
        severity=severity,
        wave=0,
        value=D("0.63"),
        limit=D(limit),
        headroom=D("-0.01"),
        breached=True,
        because="BTC is 63.00% of NAV, at most 62.00% of NAV allowed",
    )


def held(found: Decision) -> Hold:
    assert isinstance(found, Hold)
    return found


def acted(found: Decision) -> Rebalance:
    assert isinstance(found, Rebalance)
    return found


OUT = valuation(BTC="0.7", ETH="0.3")
IN = valuation(BTC="0.63", ETH="0.37")


def test_inside_the_bands_nothing_is_due_and_the_widest_drift_is_told() -> None:
    found = held(decide(IN, policy(), (), opened()))
    assert (found.kind, found.slots) == (HoldKind.NOTHING_DUE, ())
    assert found.because == "no trigger is due; the widest drift is BTC at 63.00%, target 60.00%, band 4.00%"


def test_a_drift_past_its_band_is_a_rebalance_to_the_centre() -> None:
    found = acted(decide(OUT, policy(), (), opened()))
    assert [(r.trigger, r.because) for r in found.reasons] == [
        ("drift", "BTC at 70.00%, target 60.00%, band 4.00% (1 other is outside its band)")
    ]
    assert found.goals == (
        Goal(asset="BTC", low=D("0.6"), high=D("0.6")),
        Goal(asset="ETH", low=D("0.4"), high=D("0.4")),
    )


def test_the_edge_is_a_goal_as_wide_as_the_band() -> None:
    law = policy(target=replace(target(BTC="0.6", ETH="0.4"), aim=Aim.EDGE))
    found = acted(decide(valuation(BTC="0.65", ETH="0.25", DOGE="0.1"), law, (), opened()))
    assert found.goals == (
        Goal(asset="BTC", low=D("0.56"), high=D("0.64")),
        Goal(asset="DOGE", low=D(0), high=D(0)),
        Goal(asset="ETH", low=D("0.36"), high=D("0.44")),
    )


def test_a_doubt_that_blocks_stops_even_a_persons_order() -> None:
    doubt = Doubt(kind=Kind.STALE, subject="a", because="its balances are 75 s old", blocks=True)
    found = held(decide(replace(OUT, doubts=(doubt,)), policy(), (), opened(cause=ANN)))
    assert (found.kind, found.because) == (HoldKind.DOUBTFUL, "a: its balances are 75 s old")


@pytest.mark.parametrize(
    ("others", "kind"), [((), HoldKind.UNLISTED), ((Kind.STALE,), HoldKind.DOUBTFUL)], ids=["alone", "among others"]
)
def test_a_listing_that_vanished_is_told_apart_from_what_may_be_seen_later(
    others: tuple[Kind, ...], kind: HoldKind
) -> None:
    doubts = [Doubt(kind=k, subject="XYZ", because="no venue lists it", blocks=True) for k in (Kind.UNLISTED, *others)]
    assert held(decide(replace(OUT, doubts=tuple(doubts)), policy(), (), opened())).kind is kind


def test_a_clock_before_the_last_cycle_is_told_as_such_and_holds_whoever_asks() -> None:
    found = held(decide(OUT, policy(), (), opened(cause=ANN, last_at=later(1))))
    assert found.kind is HoldKind.DOUBTFUL
    assert "12:00:00 UTC, but the last cycle ended at 2026-03-02 12:00:01 UTC" in found.because
    acted(decide(OUT, policy(), (), opened(last_at=T0)))


def test_a_doubt_that_does_not_block_stops_nothing() -> None:
    doubt = Doubt(kind=Kind.UNPRICED, subject="XYZ", because="dust", blocks=False)
    acted(decide(replace(OUT, doubts=(doubt,)), policy(), (), opened()))


def test_a_fund_worth_nothing_has_nothing_to_trade() -> None:
    nothing = Valuation(at=T0, base="USDT", nav=D(0), holdings=(), accounts=())
    assert held(decide(nothing, policy(), (), opened(cause=ANN))).kind is HoldKind.NOTHING_TO_TRADE


def test_a_persons_order_acts_inside_the_bands_and_names_who_and_why() -> None:
    found = acted(decide(IN, policy(), (), opened(cause=ANN)))
    assert [(r.trigger, r.because) for r in found.reasons] == [("manual", "Ann asked for it: quarter end")]


def test_a_due_slot_inside_the_bands_holds_and_is_used_up() -> None:
    found = held(decide(IN, policy(triggers=(EVERY_HOUR,)), (), opened()))
    assert (found.kind, found.slots) == (HoldKind.WITHIN_BANDS, (Slot(trigger="hourly", at=T0),))
    assert found.because.endswith("is due, but every asset is inside its band")


def test_a_due_slot_outside_the_bands_acts_and_is_used_up_by_it() -> None:
    found = acted(decide(OUT, policy(triggers=(EVERY_HOUR,)), (), opened()))
    assert (found.slots, [r.trigger for r in found.reasons]) == ((Slot(trigger="hourly", at=T0),), ["hourly"])


def test_a_slot_that_is_used_up_is_due_no_more() -> None:
    used = Past(slots=(Slot(trigger="hourly", at=T0),))
    assert held(decide(OUT, policy(triggers=(EVERY_HOUR,)), (), opened(past=used))).kind is HoldKind.NOTHING_DUE


def test_a_doubtful_cycle_uses_no_slot() -> None:
    doubt = Doubt(kind=Kind.UNKNOWN, subject="a", because="no answer", blocks=True)
    found = held(decide(replace(OUT, doubts=(doubt,)), policy(triggers=(EVERY_HOUR,)), (), opened()))
    assert found.slots == ()


def test_a_broken_promise_is_a_trigger_of_its_own() -> None:
    found = acted(decide(IN, policy(triggers=()), (broken(),), opened()))
    assert [(r.trigger, r.because) for r in found.reasons] == [
        ("mandate", "BTC is 63.00% of NAV, at most 62.00% of NAV allowed (clause max-btc)")
    ]


@pytest.mark.parametrize("severity", [Severity.ASK, Severity.WARN])
def test_a_broken_promise_that_does_not_block_is_none(severity: Severity) -> None:
    assert held(decide(IN, policy(), (broken(severity),), opened())).kind is HoldKind.NOTHING_DUE


def test_a_kept_promise_is_no_trigger() -> None:
    kept = replace(broken(), breached=False)
    assert held(decide(IN, policy(), (kept,), opened())).kind is HoldKind.NOTHING_DUE


def test_the_edge_does_not_reach_into_a_limit_that_is_broken() -> None:
    law = policy(target=replace(target(BTC="0.6", ETH="0.4"), aim=Aim.EDGE))
    capped = acted(decide(IN, law, (broken(),), opened())).goals[0]
    contradictory = acted(decide(IN, law, (broken(limit="0.5"),), opened())).goals[0]
    assert (capped.low, capped.high) == (D("0.56"), D("0.62"))
    assert (contradictory.low, contradictory.high) == (D("0.56"), D("0.56"))


@pytest.mark.parametrize(("seconds", "cools"), [(599.999, True), (600, False)])
def test_the_cooldown_ends_when_it_says(seconds: float, cools: bool) -> None:
    past = Past(rebalanced_at=T0)
    found = decide(OUT, cooled(600), (), opened(at=later(seconds), past=past))
    assert isinstance(found, Hold) is cools
    if isinstance(found, Hold):
        assert found.kind is HoldKind.COOLING
        assert found.because.endswith("ends at 2026-03-02 12:10:00 UTC")


def test_the_cooldown_holds_for_a_broken_promise_and_not_for_a_person() -> None:
    past = Past(rebalanced_at=later(-1))
    assert held(decide(IN, cooled(600), (broken(),), opened(past=past))).kind is HoldKind.COOLING
    acted(decide(IN, cooled(600), (broken(),), opened(past=past, cause=ANN)))


def test_a_cooling_cycle_leaves_its_slot_for_later() -> None:
    found = held(decide(OUT, cooled(600, triggers=(EVERY_HOUR,)), (), opened(past=Past(rebalanced_at=later(-1)))))
    assert (found.kind, found.slots) == (HoldKind.COOLING, ())


def test_a_drift_worth_less_than_the_least_trade_is_no_reason() -> None:
    least = clause("min_trade", "5", basis=Basis.VALUE)
    assert held(decide(valuation(BTC="0.6499", ETH="0.3501"), policy(least), (), opened())).kind is HoldKind.NOTHING_DUE
    acted(decide(valuation(BTC="0.65", ETH="0.35"), policy(least), (), opened()))
    acted(decide(valuation(BTC="0.6499", ETH="0.3501"), policy(replace(least, severity=Severity.WARN)), (), opened()))


def test_targets_that_do_not_sum_to_one_are_a_defect() -> None:
    with pytest.raises(AssertionError, match="sum to one"):
        decide(OUT, policy(target=target(BTC="0.6", ETH="0.39")), (), opened())


@given(order=st.permutations(range(3)))
def test_the_order_of_triggers_changes_nothing(order: list[int]) -> None:
    rules = (Threshold(id="drift"), EVERY_HOUR, Hybrid(id="h", spacing_s=1))
    turned = policy(triggers=tuple(rules[n] for n in order))
    assert decide(OUT, turned, (), opened()) == decide(OUT, policy(triggers=rules), (), opened())
