"""A cycle's entries folded into the rows that people with SQL read."""

from datetime import timedelta
from decimal import Decimal

from tests import told
from trimtab.model.canonical import digest
from trimtab.model.decision import Cause
from trimtab.model.ledger import CycleOutcome, Entry
from trimtab.model.plans import Costs
from trimtab.record import events, seal

D = Decimal
DONE = tuple(entry for entry in told.done() if entry.cycle)


def of_cycle(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.cycle)


def up_to(kind: str) -> tuple[Entry, ...]:
    """The done cycle as it stood when this entry had just been written."""
    kinds = [entry.kind for entry in DONE]
    return DONE[: kinds.index(kind) + 1]


def done_event(entries: tuple[Entry, ...] = DONE) -> events.RebalancingEvent:
    event = events.event("alpha", entries)
    assert event is not None
    return event


def test_an_event_says_when_and_why_it_was_triggered() -> None:
    event = done_event()

    assert (event.id, event.fund, event.triggered_at) == ("7", "alpha", told.T0)
    assert event.triggers == ("drift",)
    assert event.reasons == ("BTC at 46.00%, target 40.00%, band 4.00%",)
    assert event.approvals == ()


def test_an_event_has_the_weights_before_wanted_and_after_sorted_by_asset() -> None:
    event = done_event()

    assert event.weights_before == tuple((asset, D(weight)) for asset, weight in sorted(told.BEFORE.items()))
    assert event.weights_target == tuple((asset, D(weight)) for asset, weight in sorted(told.TARGETS.items()))
    assert event.weights_after == tuple((asset, D(weight)) for asset, weight in sorted(told.AFTER.items()))


def test_the_volume_is_what_the_fills_were_worth_at_their_own_prices() -> None:
    assert done_event().traded == D("59990") / 2 + D("59970") / 2 + D("3001.5") * 12 + D("3002") * 4


def test_the_cost_is_what_was_paid_by_kind() -> None:
    assert done_event().paid == Costs(fee=D("107.99"), spread=D("9.1"), impact=D("4.4"))


def test_a_closed_event_has_its_outcome_trades_plan_and_seal() -> None:
    event = done_event()

    assert event.status == CycleOutcome.DONE
    assert event.trades == told.worked()[1]
    assert event.plan_hash == digest(told.plan())
    assert event.seal == seal.seal(DONE[-1])


def test_a_running_event_does_not_know_its_volume_and_cost_yet() -> None:
    event = done_event(up_to("started"))

    assert (event.status, event.seal) == ("open", "")
    assert (event.traded, event.paid, event.weights_after) == (None, None, None)


def test_a_blocked_event_traded_nothing_and_cost_nothing() -> None:
    event = done_event(of_cycle(told.blocked()))

    assert (event.status, event.traded, event.trades) == (CycleOutcome.BLOCKED, D(0), ())
    assert event.paid == Costs(fee=D(0), spread=D(0), impact=D(0))


def test_whoever_ordered_a_cycle_by_hand_stands_behind_it() -> None:
    cause = Cause(by="Ann", because="quarter end")
    ordered = told.entries(told.thought(told.terms(), told.rebalance(), cause=cause))

    assert done_event(of_cycle(ordered)).approvals == (cause,)


def test_a_cycle_that_held_is_no_rebalancing() -> None:
    assert events.event("alpha", of_cycle(told.held())) is None


def test_a_cycle_that_has_not_decided_is_no_rebalancing_yet() -> None:
    assert events.event("alpha", up_to("valued")) is None


def test_every_cycle_has_a_row_with_its_ends_and_its_seal() -> None:
    row = events.cycle_row(DONE)

    assert (row.id, row.opened_at, row.closed_at) == ("7", told.T0, told.T0 + timedelta(minutes=11))
    assert (row.first_seq, row.last_seq) == (DONE[0].seq, DONE[-1].seq)
    assert (row.outcome, row.seal) == ("done", seal.seal(DONE[-1]))


def test_an_open_cycle_has_a_row_without_an_end() -> None:
    row = events.cycle_row(up_to("decided"))

    assert (row.outcome, row.closed_at, row.because, row.seal) == ("open", None, "", "")
