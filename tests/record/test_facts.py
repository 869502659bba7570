"""One cycle's entries folded into one noun."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests import told
from trimtab.model.canonical import decode, digest, encode
from trimtab.model.decision import Hold
from trimtab.model.ledger import CycleOutcome, Happened, Lever
from trimtab.model.orders import Halted, Resumed, Side
from trimtab.record import seal
from trimtab.record.facts import Facts, FeePaid, gather

D = Decimal


def test_weights_tell_before_target_planned_and_after() -> None:
    btc = next(w for w in gather(told.done()).weights if w.asset == "BTC")

    assert (btc.before, btc.target, btc.low, btc.high) == (D("0.46"), D("0.4"), D("0.36"), D("0.44"))
    assert (btc.planned, btc.after) == (D("0.4003"), D("0.4003"))


def test_an_asset_sold_out_has_weight_zero_after_and_not_unknown() -> None:
    law = told.terms()
    after = {asset: weight for asset, weight in told.AFTER.items() if asset != "SOL"}
    facts = [*told.thought(law, told.rebalance()), ("valued", told.valuation(after, told.T0))]

    sol = next(w for w in gather(told.entries(facts)).weights if w.asset == "SOL")

    assert sol.after == 0


def test_weights_after_are_unknown_where_nobody_looked_again() -> None:
    assert all(w.after is None for w in gather(told.blocked()).weights)


def test_the_slices_of_a_leg_are_one_trade_at_their_average_price() -> None:
    sold = gather(told.done()).trades[0]

    assert (sold.side, sold.planned, sold.done, sold.average) == (Side.SELL, D(1), D(1), D(59980))
    assert (sold.orders, sold.fills) == (2, 2)
    assert sold.fees == (FeePaid(asset="USDT", amount=D("59.98")),)


def test_a_half_filled_leg_is_worth_half_at_its_mark_and_says_why() -> None:
    bought = gather(told.done()).trades[2]

    assert (bought.planned, bought.done, bought.value) == (D(8), D(4), D(12000))
    assert bought.undone == "the deadline passed"


def test_what_was_traded_is_what_was_done_and_not_what_was_planned() -> None:
    assert gather(told.done()).traded == D(108000)


def test_a_fill_reported_twice_counts_once_while_the_run_goes_on() -> None:
    unfinished = [e for e in told.done() if e.kind not in ("ended", "reconciled", "closed")]

    facts = gather(unfinished)

    assert [f.id for f in facts.fills] == ["f-l1-0", "f-l1-1", "f-l2-0", "f-l3-0"]
    assert facts.trades[0].done == 1


def test_an_open_cycle_has_no_seal_and_no_end() -> None:
    facts = gather([e for e in told.done() if e.kind != "closed"])

    assert facts.closed is None
    assert facts.seal == ""


def test_the_seal_is_the_one_of_the_closing_entry() -> None:
    entries = told.done()

    assert gather(entries).seal == seal.seal(entries[-1])


def test_the_fund_and_its_clauses_come_from_the_terms_the_cycle_ran_under() -> None:
    other = told.entries([("terms", told.terms(fund="beta"))], since=1)

    facts = gather((*other, *told.done()))

    assert facts.fund == "alpha"
    assert facts.clauses == (told.MAX_BTC,)


def test_without_its_terms_a_cycle_still_reads() -> None:
    facts = gather([e for e in told.done() if e.kind != "terms"])

    assert (facts.fund, facts.clauses, facts.cycle) == ("", (), "7")


def test_numbers_and_recorded_times_are_those_of_the_cycles_own_entries() -> None:
    entries = told.done()
    facts = gather(entries)

    assert (facts.first_seq, facts.last_seq) == (42, entries[-1].seq)
    assert (facts.recorded_from, facts.recorded_to) == (entries[1].at, entries[-1].at)


def test_the_plan_hash_is_that_of_the_stored_plan() -> None:
    assert gather(told.blocked()).plan_hash == digest(told.plan())


def test_a_hold_has_a_decision_and_no_plan() -> None:
    facts = gather(told.held())

    assert isinstance(facts.decision, Hold)
    assert (facts.plan, facts.trades, facts.traded) == (None, (), D(0))
    assert facts.closed is not None
    assert facts.closed.outcome is CycleOutcome.HELD


def test_halts_and_takeovers_are_told_in_order() -> None:
    halt = Halted(by="Ann", because="odd prices", at=told.T0)
    again = Resumed(at=told.T0 + timedelta(minutes=1))
    law = told.terms()
    facts = [*told.thought(law, told.rebalance()), ("happened", Happened(events=(halt, again)))]

    found = gather(told.entries(facts))

    assert found.halts == (halt,)
    assert found.takeovers == (again.at,)


def test_a_lever_between_the_entries_belongs_to_no_cycle() -> None:
    lever = told.entries([("halted", Lever(by="Ann", because="lunch"))], since=90)

    assert gather((*told.held(), *lever)) == gather(told.held())


def test_entries_of_two_cycles_are_refused() -> None:
    other = told.entries([told.opened(told.terms(), cycle="8")], cycle="8", since=90)

    with pytest.raises(ValueError, match="entries of one cycle are needed, got those of 7, 8"):
        gather((*told.held(), *other))


def test_a_cycle_without_its_head_is_refused() -> None:
    with pytest.raises(ValueError, match="no entry opens cycle 7"):
        gather([e for e in told.held() if e.kind != "opened"])


@pytest.mark.parametrize("entries", [told.done(), told.held(), told.blocked()])
def test_facts_survive_the_canonical_form(entries: tuple[object, ...]) -> None:
    facts = gather(entries)  # type: ignore[arg-type]

    assert decode(encode(facts), Facts) == facts
