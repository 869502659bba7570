"""What venues changed in their listings between two cycles is noticed, and told with the cycle that met it."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests import told
from trimtab.model.assets import Filters, Instrument, Listing
from trimtab.model.ledger import CycleOutcome, Terms
from trimtab.pages.explain import explain
from trimtab.record import changes
from trimtab.record.facts import Facts, gather

D = Decimal


def listed(
    name: str = "north:BTC/USDT", listing: Listing = Listing.TRADING, notice: str = "", **more: Any
) -> Instrument:
    base, quote = name.partition(":")[2].split("/")
    rules: dict[str, Any] = {"step": D("0.00001"), "tick": D("0.01"), **more}
    venue = name.partition(":")[0]
    return Instrument(
        id=name, venue=venue, base=base, quote=quote, listing=listing, notice=notice, filters=Filters(**rules)
    )


def terms(*instruments: Instrument) -> Terms:
    return replace(told.terms(), instruments=instruments)


def since(now: Terms, *earlier: Terms) -> tuple[str, ...]:
    return changes.since(now, earlier)


def test_a_step_a_tick_and_a_bound_that_changed_are_told_with_both_values() -> None:
    now = terms(listed(step=D("0.0001"), tick=D("0.1"), min_notional=D(10)))

    assert since(now, terms(listed())) == (
        "north:BTC/USDT: step 0.00001 became 0.0001",
        "north:BTC/USDT: tick 0.01 became 0.1",
        "north:BTC/USDT: min notional none became 10",
    )


def test_a_listing_that_halts_comes_or_goes_is_told() -> None:
    before = terms(listed(), listed("north:ETH/USDT"))
    now = terms(listed(listing=Listing.HALTED, notice="the venue says BREAK"), listed("north:SOL/USDT"))

    assert since(now, before) == (
        "north:BTC/USDT: trading became halted, the venue says BREAK",
        "north:ETH/USDT is listed no more",
        "north:SOL/USDT is listed now",
    )


def test_what_stayed_is_not_told_and_the_first_terms_change_nothing() -> None:
    assert since(terms(listed()), terms(listed())) == ()
    assert since(terms(listed())) == ()


def test_a_venue_that_did_not_answer_in_between_changed_nothing() -> None:
    south = listed("south:BTC/USDT")

    assert since(terms(listed(), south), terms(listed(), south), terms(listed())) == ()
    assert since(terms(listed()), terms(listed(), south)) == ()
    assert since(terms(listed(step=D(1))), terms(listed()), terms(south)) == ("north:BTC/USDT: step 0.00001 became 1",)


def cycle(*laws: Terms, meanwhile: int = 0) -> Facts:
    """A cycle that held under the last of some terms, the newest of which were written so many entries before it."""
    facts = [*told.thought(laws[-1], told.rebalance())[1:], told.closed(CycleOutcome.HELD, "all is well")]
    older = told.entries([("terms", one) for one in laws], since=1)
    return gather((*older, *told.entries(facts, since=1 + len(laws) + meanwhile)))


def test_the_cycle_that_met_a_change_tells_it_in_its_story() -> None:
    story = explain(cycle(terms(listed()), terms(listed(step=D("0.0001")))))

    assert "What venues changed\n  north:BTC/USDT: step 0.00001 became 0.0001.\n" in story


def test_a_later_cycle_under_the_same_terms_does_not_tell_it_again() -> None:
    assert cycle(terms(listed()), terms(listed(step=D(1))), meanwhile=9).changes == ()
