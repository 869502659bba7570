from itertools import permutations

import pytest
from msgspec.structs import replace

from tests.execute.trading import (
    EXECUTION,
    GENESIS,
    T0,
    VENUE,
    D,
    after,
    all_filled,
    answered,
    cleared,
    done,
    fill,
    leg,
    started,
    states,
    terms,
    ticked,
    told,
)
from trimtab.execute import residual
from trimtab.execute import run as runs
from trimtab.model.ledger import Started, Terms
from trimtab.model.orders import (
    Answered,
    Cancel,
    Denied,
    Halted,
    Lost,
    Order,
    OrderStatus,
    Place,
    Query,
    Resumed,
    Side,
    Silent,
    Tick,
    Unheard,
    Unsent,
)
from trimtab.model.policy import Schedule
from trimtab.model.runs import Run, RunState, SliceState

LAW = terms(replace(EXECUTION, schedule=Schedule.IMMEDIATE))
RESTING = terms(replace(EXECUTION, schedule=Schedule.IMMEDIATE, order_kind="limit"))
TWAP = terms()
BUY = leg("l1", Side.BUY, "BTC", "0.3")


def sent(law: Terms = LAW) -> tuple[Run, Order]:
    """A run of one leg with its first order on the way."""
    run, orders = ticked(started(law, BUY), law)
    return run, orders[0]


def reasons(run: Run) -> list[str]:
    return [r.because for w in run.legs if (r := residual.residual(w)) is not None]


def test_nothing_is_sent_before_the_first_tick() -> None:
    run = started(LAW, BUY)
    assert (run.state, run.placed, states(run)) == (RunState.WORKING, (), [])
    assert runs.wake(run, LAW) == T0


def test_a_plan_without_legs_has_ended() -> None:
    run = started(LAW)
    assert run.state is RunState.ENDED
    assert runs.wake(run, LAW) is None


def test_another_plan_than_was_cleared_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="another plan"):
        runs.start(cleared(BUY), LAW, Started(plan_hash="0" * 64, at=T0), "7", GENESIS)


def test_a_filled_order_ends_its_leg_and_the_run() -> None:
    run, order = sent()
    run, commands = told(run, LAW, *all_filled([order]))
    assert commands == ()
    assert (run.state, done(run, "l1")) == (RunState.ENDED, D("0.3"))


def test_a_lost_order_is_asked_about_before_it_is_sent_again() -> None:
    run, order = sent()
    run, asked = told(run, LAW, Lost(order_id=order.id, at=after(1)))
    _, early = ticked(run, LAW, after(1.5))
    run, _ = told(run, LAW, Unheard(order_id=order.id, at=after(8)))
    run, resent = ticked(run, LAW, after(8))
    assert asked == (Query(order=order),)
    assert early == ()
    assert [(o.slice, o.attempt, o.amount) for o in resent] == [(0, 2, D("0.3"))]
    assert resent[0].id != order.id


def test_absence_is_not_believed_while_the_order_may_still_be_accepted() -> None:
    run, order = sent()
    run, _ = told(run, LAW, Lost(order_id=order.id, at=after(1)), Unheard(order_id=order.id, at=after(3)))
    assert states(run)[0] is SliceState.DOUBTFUL
    assert runs.wake(run, LAW) == after(5)
    run, commands = told(run, LAW, Tick(at=after(5)))
    assert commands == (Query(order=order),)


def test_a_late_order_is_found_and_not_sent_twice() -> None:
    """T4: sent at 0, window 5 s, accepted at 4.2 s; asked at 3 s it is unknown."""
    run, order = sent()
    run, _ = told(run, LAW, Lost(order_id=order.id, at=after(2)), Unheard(order_id=order.id, at=after(3)))
    run, commands = told(run, LAW, Tick(at=after(5)))
    found = answered(order, OrderStatus.FILLED, fill(order, "0.3", "60010"), at=after(5))
    run, more = told(run, LAW, found)
    assert (commands, more) == ((Query(order=order),), ())
    assert (run.state, done(run, "l1"), len(run.placed)) == (RunState.ENDED, D("0.3"), 1)


def test_who_takes_over_at_four_seconds_finds_the_late_order_too() -> None:
    """T4, first variant: the process that sent is gone before any answer."""
    run, order = sent()
    run, asked = told(run, LAW, Resumed(at=after(4)))
    run, _ = told(run, LAW, Unheard(order_id=order.id, at=after(4)))
    _, early = ticked(run, LAW, after(4.1))
    run, again = told(run, LAW, Tick(at=after(6)))
    run, _ = told(run, LAW, answered(order, OrderStatus.FILLED, fill(order, "0.3", "60010"), at=after(6)))
    assert asked == again == (Query(order=order),)
    assert early == ()
    assert (run.state, done(run, "l1"), len(run.placed)) == (RunState.ENDED, D("0.3"), 1)


def test_a_venue_that_no_longer_remembers_leaves_it_to_a_person() -> None:
    """T4, second variant: the order may have been cancelled and dropped before anyone asked."""
    law = terms(LAW.policy.execution, replace(VENUE, retention_s=60))
    run, order = sent(law)
    run, _ = told(run, law, Resumed(at=after(61)), Unheard(order_id=order.id, at=after(61)))
    assert (run.state, states(run)) == (RunState.STUCK, [SliceState.STUCK, SliceState.ENDED])
    assert runs.wake(run, law) is None
    assert reasons(run)[0].startswith("it is unknown whether it was accepted")


def test_a_person_s_finding_frees_what_was_stuck() -> None:
    law = terms(LAW.policy.execution, replace(VENUE, retention_s=60))
    run, order = sent(law)
    run, _ = told(run, law, Resumed(at=after(61)), Unheard(order_id=order.id, at=after(61)))
    run, _ = told(run, law, answered(order, OrderStatus.CANCELLED, fill(order, "0.1", "60000"), at=after(99)))
    assert (run.state, done(run, "l1")) == (RunState.ENDED, D("0.1"))


def test_silence_about_an_acknowledged_order_is_never_absence() -> None:
    run, order = sent(RESTING)
    run, _ = told(run, RESTING, answered(order, OrderStatus.OPEN))
    run, _ = told(run, RESTING, Tick(at=after(10)), Unheard(order_id=order.id, at=after(20)))
    assert states(run)[0] is SliceState.CANCELLING
    run, _ = told(run, RESTING, Unheard(order_id=order.id, at=after(126)))
    assert run.state is RunState.STUCK


def test_attempts_are_bounded_and_the_last_attempt_takes_over() -> None:
    run, order = sent()
    for turn in (8, 16, 24):
        assert (order.slice, order.attempt) == (0, turn // 8)
        run, _ = told(run, LAW, Lost(order_id=order.id, at=after(turn - 8)), Unheard(order_id=order.id, at=after(turn)))
        run, (order,) = ticked(run, LAW, after(turn))
    assert (order.slice, order.attempt, order.amount) == (1, 1, D("0.3"))


def test_what_never_left_is_tried_again_later_with_a_new_id() -> None:
    run, order = sent()
    run, commands = told(run, LAW, Unsent(order_id=order.id, because="no connection", at=after(1)))
    assert commands == ()
    assert runs.wake(run, LAW) == after(3)
    _, early = ticked(run, LAW, after(2.9))
    run, again = ticked(run, LAW, after(3))
    assert (early, [o.attempt for o in again]) == ((), [2])
    assert again[0].id != order.id


def test_a_denial_is_not_repeated_and_says_why() -> None:
    run, order = sent()
    run, _ = told(run, LAW, Denied(order_id=order.id, because="insufficient balance", at=after(1)))
    assert (run.state, reasons(run)) == (RunState.ENDED, ["insufficient balance"])


def test_a_denied_slice_leaves_the_others_their_own_amounts() -> None:
    run, order = sent(TWAP)
    run, _ = told(run, TWAP, Denied(order_id=order.id, because="price out of range", at=after(1)))
    run, second = ticked(run, TWAP, after(20))
    run, third = ticked(told(run, TWAP, *all_filled(second, after(20)))[0], TWAP, after(40))
    run, _ = told(run, TWAP, *all_filled(third, after(40)))
    assert [o.amount for o in (*second, *third)] == [D("0.1"), D("0.1")]
    assert (run.state, reasons(run)) == (RunState.ENDED, ["price out of range"])


def test_what_a_slice_did_not_fill_is_carried_to_the_next() -> None:
    run, order = sent(TWAP)
    part = answered(order, OrderStatus.CANCELLED, fill(order, "0.04", "60000"), at=after(1))
    run, second = ticked(told(run, TWAP, part)[0], TWAP, after(20))
    assert [o.amount for o in second] == [D("0.16")]


def test_what_is_left_at_the_end_gets_one_last_attempt_and_is_residual_then() -> None:
    run, order = sent()
    run, _ = told(run, LAW, answered(order, OrderStatus.CANCELLED, fill(order, "0.2", "60000"), at=after(1)))
    assert runs.wake(run, LAW) == after(10)
    run, last = ticked(run, LAW, after(10))
    assert [o.amount for o in last] == [D("0.1")]
    run, _ = told(run, LAW, answered(last[0], OrderStatus.CANCELLED, at=after(10)))
    assert (run.state, reasons(run)) == (RunState.ENDED, ["not all of it traded within the price guard"])


def test_a_rest_below_the_smallest_order_ends_the_leg_at_once() -> None:
    run, order = sent()
    run, _ = told(run, LAW, answered(order, OrderStatus.CANCELLED, fill(order, "0.2999", "60000"), at=after(1)))
    assert run.state is RunState.ENDED
    assert residual.residual(run.legs[0]).amount == D("0.0001")  # type: ignore[union-attr]


def test_a_resting_order_is_cancelled_after_its_rest_and_its_answer_ends_it() -> None:
    run, order = sent(RESTING)
    run, _ = told(run, RESTING, answered(order, OrderStatus.OPEN))
    _, asked = told(run, RESTING, Tick(at=after(2)))
    run, cancelled = told(run, RESTING, Tick(at=after(10)))
    assert (asked, cancelled) == ((Query(order=order),), (Cancel(order=order),))
    assert states(run)[0] is SliceState.CANCELLING
    run, _ = told(run, RESTING, answered(order, OrderStatus.CANCELLED, fill(order, "0.1", "60000"), at=after(10)))
    assert (states(run)[0], done(run, "l1")) == (SliceState.ENDED, D("0.1"))


def test_a_cancellation_without_an_answer_is_repeated() -> None:
    run, order = sent(RESTING)
    run, _ = told(run, RESTING, answered(order, OrderStatus.OPEN), Tick(at=after(10)))
    run, _ = told(run, RESTING, Silent(order_id=order.id, because="timeout", at=after(11)))
    _, early = told(run, RESTING, Tick(at=after(12)))
    run, again = told(run, RESTING, Tick(at=after(13)))
    assert (early, again) == ((), (Cancel(order=order),))


def test_an_end_whose_fills_are_not_all_told_is_asked_about_again() -> None:
    run, order = sent()
    state = answered(order, OrderStatus.FILLED, fill(order, "0.1", "60000")).state
    run, _ = told(run, LAW, Answered(state=replace(state, filled=D("0.3"))))
    assert states(run)[0] is SliceState.OPEN
    run, asked = told(run, LAW, Tick(at=after(2)))
    assert asked == (Query(order=order),)


def test_the_deadline_cancels_what_rests_and_starts_nothing_more() -> None:
    law = terms(replace(EXECUTION, order_kind="limit", deadline_s=5, slice_rest_s=4))
    run, order = sent(law)
    run, _ = told(run, law, answered(order, OrderStatus.OPEN, at=after(3)))
    run, commands = told(run, law, Tick(at=after(5)))
    assert commands == (Cancel(order=order),)
    run, _ = told(run, law, answered(order, OrderStatus.CANCELLED, at=after(5)))
    assert (run.state, reasons(run)) == (
        RunState.ENDED,
        ["not all of it traded within the price guard; the deadline passed"],
    )


def test_a_halt_cancels_what_rests_and_starts_nothing() -> None:
    law = terms(replace(EXECUTION, order_kind="limit"))
    later = leg("l2", Side.BUY, "ETH", "1", "l1")
    run, orders = ticked(started(law, BUY, later), law)
    run, _ = told(run, law, answered(orders[0], OrderStatus.OPEN))
    run, commands = told(run, law, Halted(by="Ann", because="drill", at=after(1)))
    assert commands == (Cancel(order=orders[0]),)
    assert told(run, law, Halted(by="Ann", because="drill", at=after(1))) == (run, ())
    assert ticked(run, law, after(100))[1] == ()
    run, _ = told(run, law, answered(orders[0], OrderStatus.CANCELLED, fill(orders[0], "0.05", "60000"), at=after(2)))
    assert run.state is RunState.ENDED
    assert reasons(run) == ["not all of it traded within the price guard; halted by Ann: drill", "halted by Ann: drill"]


def test_an_order_in_flight_when_halted_is_cancelled_as_soon_as_it_answers() -> None:
    run, order = sent(RESTING)
    run, nothing = told(run, RESTING, Halted(by="Ann", because="drill", at=after(1)))
    run, commands = told(run, RESTING, answered(order, OrderStatus.OPEN, at=after(1)))
    assert (nothing, commands) == ((), (Cancel(order=order),))


def test_what_never_left_is_not_tried_again_after_a_halt() -> None:
    run, order = sent()
    run, _ = told(run, LAW, Halted(by="Ann", because="drill", at=after(1)))
    run, _ = told(run, LAW, Unsent(order_id=order.id, because="no connection", at=after(1)))
    assert run.state is RunState.ENDED


def test_a_tick_changes_nothing_when_nothing_is_due() -> None:
    run, _ = sent()
    assert runs.step(run, Tick(at=after(1)), LAW) == (run, ())


def test_resuming_a_run_without_doubts_does_nothing() -> None:
    run = started(LAW, BUY)
    assert runs.resume(run, after(9), LAW) == (run, ())
    run, order = sent(RESTING)
    run, _ = told(run, RESTING, answered(order, OrderStatus.OPEN))
    assert runs.resume(run, after(9), RESTING) == (run, ())


def test_resuming_asks_about_what_was_being_cancelled() -> None:
    run, order = sent(RESTING)
    run, _ = told(run, RESTING, answered(order, OrderStatus.OPEN), Tick(at=after(10)))
    run, commands = runs.resume(run, after(30), RESTING)
    assert commands == (Query(order=order),)
    assert states(run)[0] is SliceState.CANCELLING


def test_a_fill_told_twice_counts_once() -> None:
    run, order = sent(RESTING)
    one = answered(order, OrderStatus.OPEN, fill(order, "0.1", "60000"))
    run, _ = told(run, RESTING, one)
    assert told(run, RESTING, one, one) == (run, ())
    assert done(run, "l1") == D("0.1")


def test_answers_that_overtake_each_other_give_the_same_fills() -> None:
    run, order = sent(RESTING)
    parts = [fill(order, "0.1", "60000", name=name) for name in ("a", "b", "c")]
    stories = [answered(order, OrderStatus.OPEN, *parts[:n]) for n in (0, 1, 2)]
    stories.append(answered(order, OrderStatus.FILLED, *parts))
    ends = {told(run, RESTING, *events)[0] for events in permutations(stories)}
    assert {(end.state, end.legs[0].slices[0].fills) for end in ends} == {(RunState.ENDED, tuple(parts))}


def test_a_fill_that_comes_after_the_end_is_taken_back_from_the_next_slice() -> None:
    run, order = sent(TWAP)
    run, _ = told(run, TWAP, answered(order, OrderStatus.CANCELLED, at=after(1)))
    run, _ = told(run, TWAP, answered(order, OrderStatus.CANCELLED, fill(order, "0.04", "60000"), at=after(2)))
    run, second = ticked(run, TWAP, after(20))
    assert [o.amount for o in second] == [D("0.16")]


def test_an_order_that_the_run_never_gave_is_a_defect() -> None:
    run, _ = sent()
    with pytest.raises(AssertionError, match="never given"):
        told(run, LAW, Lost(order_id="f" * 32, at=T0))


def test_a_leg_starts_when_the_legs_it_needs_have_ended() -> None:
    sell, buy = leg("l1", Side.SELL, "BTC", "1"), leg("l2", Side.BUY, "ETH", "10", "l1")
    run, first = ticked(started(LAW, sell, buy), LAW)
    run, _ = told(run, LAW, *all_filled(first, after(1)))
    assert runs.wake(run, LAW) == after(1)
    _, second = ticked(run, LAW, after(1))
    assert ([o.leg for o in first], [o.leg for o in second]) == (["l1"], ["l2"])


@pytest.mark.parametrize(
    ("sold", "bought"),
    [("1", "10"), ("0.6", "6.006"), ("0.0999", "1"), ("0.0998", "0.9989"), ("0", None)],
)
def test_buys_shrink_with_what_the_sells_brought(sold: str, bought: str | None) -> None:
    """The guard is 59700 and the fee 10 bps: one BTC promises 59640.3 USDT, and no fee was taken here."""
    sell, buy = leg("l1", Side.SELL, "BTC", "1"), leg("l2", Side.BUY, "ETH", "10", "l1")
    run, (order,) = ticked(started(LAW, sell, buy), LAW)
    fills = [fill(order, sold, "59700")] if D(sold) else []
    run, _ = told(run, LAW, answered(order, OrderStatus.CANCELLED, *fills, at=after(1)))
    run, last = ticked(run, LAW, after(10))
    run, _ = told(run, LAW, *(answered(o, OrderStatus.CANCELLED, at=after(10)) for o in last if o.leg == "l1"))
    run, second = ticked(run, LAW, after(11))
    assert [o.amount for o in (*last, *second) if o.leg == "l2"] == ([] if bought is None else [D(bought)])


def test_a_leg_that_shrank_to_nothing_says_who_brought_too_little() -> None:
    sell, buy = leg("l1", Side.SELL, "BTC", "1"), leg("l2", Side.BUY, "ETH", "10", "l1")
    run, (order,) = ticked(started(LAW, sell, buy), LAW)
    run, _ = told(run, LAW, Denied(order_id=order.id, because="closed", at=after(1)))
    run, _ = ticked(run, LAW, after(1))
    assert (run.state, reasons(run)) == (RunState.ENDED, ["closed", "l1 brought 0 of 59,640.3 USDT"])


def test_a_leg_does_not_start_on_one_that_waits_for_a_person() -> None:
    law = terms(LAW.policy.execution, replace(VENUE, retention_s=60))
    sell, buy = leg("l1", Side.SELL, "BTC", "1"), leg("l2", Side.BUY, "ETH", "10", "l1")
    run, (order,) = ticked(started(law, sell, buy), law)
    run, _ = told(run, law, Lost(order_id=order.id, at=T0), Unheard(order_id=order.id, at=after(61)))
    run, commands = told(run, law, Tick(at=after(61)))
    assert (run.state, commands) == (RunState.STUCK, ())
    assert reasons(run)[1] == "it needs l1, which waits for a person"


def test_commands_come_in_the_order_of_legs() -> None:
    legs = [leg(f"l{n}", Side.BUY, "BTC", "0.3") for n in range(5)]
    run, commands = told(started(LAW, *legs), LAW, Tick(at=T0))
    assert [c.order.leg for c in commands if isinstance(c, Place)] == ["l0", "l1", "l2", "l3", "l4"]
    assert [p.order_id for p in run.placed] == sorted(p.order_id for p in run.placed)


def test_news_of_an_earlier_attempt_is_no_news_of_the_next() -> None:
    run, first = sent()
    run, _ = told(run, LAW, Unsent(order_id=first.id, because="no connection", at=after(1)))
    run, _ = ticked(run, LAW, after(3))
    for event in (
        Lost(order_id=first.id, at=after(3)),
        Denied(order_id=first.id, because="late", at=after(3)),
        Unsent(order_id=first.id, because="late", at=after(3)),
        Unheard(order_id=first.id, at=after(99)),
        Silent(order_id=first.id, because="late", at=after(3)),
    ):
        assert runs.step(run, event, LAW) == (run, ())


def test_a_halt_after_the_end_changes_nothing() -> None:
    run, order = sent()
    run, _ = told(run, LAW, *all_filled([order]))
    assert runs.step(run, Halted(by="Ann", because="drill", at=after(9)), LAW) == (run, ())


def test_a_venue_whose_clock_is_behind_does_not_turn_time_back() -> None:
    run, (order,) = ticked(started(LAW, BUY), LAW, after(5))
    run, _ = told(run, LAW, answered(order, OrderStatus.OPEN, at=after(3)))
    assert run.now == after(5)


def test_what_is_carried_stays_within_the_venue_s_largest_order() -> None:
    law = terms(max_amount=D("0.15"))
    run, (order,) = ticked(started(law, BUY), law)
    run, _ = told(run, law, answered(order, OrderStatus.CANCELLED, at=after(1)))
    run, second = ticked(run, law, after(20))
    run, third = ticked(told(run, law, *all_filled(second, after(20)))[0], law, after(40))
    assert [o.amount for o in (*second, *third)] == [D("0.15"), D("0.15")]
