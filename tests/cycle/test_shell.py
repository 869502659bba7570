"""The shell's own rules: slots, abandoned cycles, the lease, halts, and what a replay must notice."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from tests.scenarios.funds import at_desk, change, make_fund, on
from trimtab import api
from trimtab.adapters.stores.memory import MemoryStore
from trimtab.cycle import doctor
from trimtab.cycle.pen import Pen, held, write
from trimtab.cycle.think import past
from trimtab.model.decision import HoldKind
from trimtab.model.ledger import CycleOutcome, Lever, noun
from trimtab.model.orders import Order, OrderState
from trimtab.ports import Clock, Desk, Fenced, LeaseHeld, Unavailable, Uncertain

DEAD_SIMPLE = {'schedule = "twap"': 'schedule = "immediate"'}


def slots(fund: Path) -> list[str]:
    """Which periodic triggers have used up a slot."""
    with api.records(api.load_settings(fund)) as store:
        return [slot.trigger for slot in past(store).slots]


def test_a_cycle_that_is_done_uses_up_its_slot(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "run", "--yes").code == 0
    assert slots(fund) == ["monday"]


def test_a_blocked_cycle_uses_up_no_slot(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    change(fund, {'trades no more than half of the fund."\nlimit = "0.5"': 'trades very little."\nlimit = "0.01"'})
    blocked = on(fund, "run", "--yes")
    assert blocked.code == 1
    assert "clause max-turnover" in blocked.out
    assert slots(fund) == []


def test_a_cycle_that_could_not_see_everything_uses_up_no_slot(tmp_path: Path) -> None:
    table = "[venues.south.accounts.reserve.balances]"
    hidden = "[venues.south.accounts.reserve]\nunreadable_from = 2026-01-01T00:00:00Z\n"
    fund = make_fund(tmp_path, world={table: hidden + table})
    assert on(fund, "run", "--yes").code == 3
    assert slots(fund) == []


def test_a_slot_that_is_due_while_all_is_inside_its_band_is_used_up_by_holding(tmp_path: Path) -> None:
    wide = {'relative_band = "0.15"': 'relative_band = "9"', 'band = "0.03"': 'band = "0.9"'}
    fund = make_fund(tmp_path, fund=wide)
    assert on(fund, "run", "--yes").code == 0
    with api.records(api.load_settings(fund)) as store:
        facts = api.facts(store, "last")
    assert getattr(facts.decision, "kind", None) is HoldKind.WITHIN_BANDS
    assert slots(fund) == ["monday"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_desk(make_fund(tmp_path)) as connected:
        yield connected


def test_a_cycle_cut_off_before_it_traded_is_closed_as_abandoned(desk: Desk) -> None:
    class Cut(Exception):
        pass

    async def cut(_: api.Thought) -> bool:
        raise Cut

    with pytest.raises(Cut):
        asyncio.run(api.run_cycle(desk, api.Wishes(holder="first", confirm=cut)))
    result = asyncio.run(api.run_cycle(desk, api.Wishes(holder="second")))
    assert result is not None
    assert result.closed.cycle == "2"
    outcomes = [noun(e).outcome for e in desk.store.entries(kinds=("closed",))]
    assert outcomes == [CycleOutcome.ABANDONED, CycleOutcome.DONE]


def test_a_person_who_says_no_ends_the_cycle_without_an_order(desk: Desk) -> None:
    async def no(_: api.Thought) -> bool:
        return False

    result = asyncio.run(api.run_cycle(desk, api.Wishes(holder="me", confirm=no)))
    assert result is not None
    assert result.closed.outcome is CycleOutcome.DECLINED
    assert not list(desk.store.entries(kinds=("started", "intended")))


def test_a_stop_while_a_run_is_worked_keeps_it_for_the_next(desk: Desk) -> None:
    watching = api.Watching(progress=lambda _: watching.stopping.set())
    with pytest.raises(api.Interrupted):
        asyncio.run(api.run_cycle(desk, api.Wishes(holder="first", watching=watching)))
    result = asyncio.run(api.run_cycle(desk, api.Wishes(holder="second")))
    assert result is not None
    assert result.resumed
    assert result.closed.cycle == "1"
    assert result.closed.outcome is CycleOutcome.DONE


def test_a_halt_during_a_run_ends_it_with_a_residual(desk: Desk, tmp_path: Path) -> None:
    settings = api.load_settings(tmp_path / "fund.toml")

    def halt(_: object) -> None:
        if not desk.store.halted():
            api.pull(desk.store, settings, "halted", "the trader", "a rumour")

    result = asyncio.run(api.run_cycle(desk, api.Wishes(holder="me", watching=api.Watching(progress=halt))))
    assert result is not None
    assert result.closed.outcome is CycleOutcome.HALTED
    assert asyncio.run(api.run_cycle(desk, api.Wishes(holder="me"))) is None


class Early:
    """A clock that says a second less than another did."""

    def __init__(self, clock: Clock) -> None:
        self._at = clock.now() - timedelta(seconds=1)

    def now(self) -> datetime:
        return self._at

    async def sleep_until(self, at: datetime) -> None:
        raise AssertionError(f"nobody waits for {at} here")


def test_a_saved_plan_that_the_clock_has_not_reached_does_not_hold(desk: Desk) -> None:
    kept = asyncio.run(api.preview(desk, None))
    early = replace(desk, clock=Early(desk.clock))
    with pytest.raises(api.NoLongerHolds, match="later than the clock says now"):
        asyncio.run(api.run_cycle(early, api.Wishes(holder="me", recall=kept)))


def test_a_held_lease_is_waited_for_and_then_named(desk: Desk) -> None:
    impatient = replace(
        desk, policy=structs.replace(desk.policy, limits=structs.replace(desk.policy.limits, lease_wait_s=0))
    )
    desk.store.acquire("cycle", "someone:1:1", 60)
    with pytest.raises(LeaseHeld, match="someone:1:1"):
        asyncio.run(api.run_cycle(impatient, api.Wishes(holder="me")))


def test_a_writer_whose_lease_was_taken_over_may_not_write() -> None:
    store = MemoryStore("alpha")
    old = store.acquire("cycle", "me", 60)
    store.acquire("cycle", "me", 60)
    with pytest.raises(Fenced):
        write(Pen(store, old, "1"), ("halted", Lever(by="x", because="y")))


def test_the_lease_is_given_back_when_a_cycle_fails(desk: Desk) -> None:
    async def fail() -> None:
        async with held(desk, "me", asyncio.Event()):
            raise Unavailable("gone")

    with pytest.raises(Unavailable, match="gone"):
        asyncio.run(fail())
    assert desk.store.acquire("cycle", "other", 60).epoch == 2


class Deaf:
    """A venue whose every reply to an order is lost once, after the order was taken."""

    def __init__(self, venue: object) -> None:
        self._venue = venue
        self.lost: set[str] = set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._venue, name)

    async def place(self, order: Order) -> OrderState:
        await self._venue.place(order)  # type: ignore[attr-defined]
        self.lost.add(order.id)
        raise Uncertain("the reply was lost")


def test_lost_replies_are_asked_about_and_nothing_is_sent_twice(desk: Desk) -> None:
    deaf = {name: Deaf(venue) for name, venue in desk.venues.items()}
    result = asyncio.run(api.run_cycle(replace(desk, venues=deaf), api.Wishes(holder="me")))  # type: ignore[arg-type]
    assert result is not None
    assert result.closed.outcome is CycleOutcome.DONE
    placed = [o.order.id for venue in desk.venues.values() for o in venue.log()]  # type: ignore[attr-defined]
    assert set(placed) == {order for venue in deaf.values() for order in venue.lost}
    assert len(placed) == len(set(placed))
    assert api.replay(desk.store, "1").holds


def test_a_replay_names_an_entry_that_does_not_follow(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund=DEAD_SIMPLE)
    on(fund, "run", "--yes")
    with sqlite3.connect(tmp_path / "paper.db") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        body = db.execute("SELECT body FROM entries WHERE kind = 'decided'").fetchone()[0]
        db.execute("UPDATE entries SET body = ? WHERE kind = 'decided'", (body.replace(b"outside", b"0utside"),))
    db.close()
    said = on(fund, "replay", "last")
    assert said.code == 1
    assert "decided" in said.out


@pytest.mark.parametrize(
    ("source", "speed", "kinds", "well"),
    [
        ("wall", "1", ["exchange"], True),
        ("sim", "1", ["exchange", "paper"], False),
        ("wall", "30", ["exchange"], False),
        ("sim", "30", ["paper"], True),
        ("sim", "0", ["paper"], True),
        ("wall", "1", ["paper"], False),
    ],
)
def test_real_venues_live_in_real_time_and_simulated_ones_in_their_own(
    source: str, speed: str, kinds: list[str], well: bool
) -> None:
    check = doctor.clock(source, Decimal(speed), kinds)
    assert check.well is well
    assert check.well or check.fix


def test_a_run_whose_lease_is_taken_over_stops_and_sends_nothing_more(desk: Desk) -> None:
    taken: list[int] = []

    def take_over(_: object) -> None:
        if not taken:
            taken.append(desk.store.acquire("cycle", "me", 60).epoch)
            watching.stopping.set()

    watching = api.Watching(progress=take_over)
    with pytest.raises(Fenced):
        asyncio.run(api.run_cycle(desk, api.Wishes(holder="me", watching=watching)))
    assert all(entry.epoch < taken[0] for entry in desk.store.entries(kinds=("intended",)))
