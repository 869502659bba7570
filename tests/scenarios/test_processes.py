"""The real program among other processes, on a running clock: killed at any moment, run twice at once,
halted, ousted."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.funds import at_desk, make_fund
from tests.scenarios.test_kills import run as run_to_death
from trimtab import api
from trimtab.adapters.venues import paper
from trimtab.model.ledger import CycleOutcome, Draft, Entry, Lease, noun
from trimtab.model.orders import Order, OrderState, Query
from trimtab.ports import Fenced

ROOT = Path(__file__).parents[2]
SEED = 20240301


def running_fund(folder: Path, fund: dict[str, str] | None = None) -> Path:
    """The paper template with four minutes of market time in two seconds, and venues that may accept late."""
    made = make_fund(folder, fund=fund)
    world = made.with_name("paper.toml")
    world.write_text(world.read_text().replace("speed = 0", "speed = 120").replace("window_s = 0", "window_s = 5"))
    return made


def begin(fund: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A command of the real program, in a process of its own."""
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", *arguments, "--fund", str(fund)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """The exit code, and all that was said."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


@contextmanager
def acting(fund: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run that has begun to send orders."""
    process = begin(fund, "run", "--yes")
    try:
        wait_for(lambda: written(fund, "intended"), process)
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(seen: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Look until something is there, as long as the process lives."""
    while not seen():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def written(fund: Path, *kinds: str) -> list[Entry]:
    """The entries of some kinds, once there is a ledger."""
    settings = api.load_settings(fund)
    if not settings.store.exists():
        return []
    try:
        with api.records(settings) as store:
            return list(store.entries(kinds=kinds))
    except ValueError:
        return []  # It is being made.


def orders(fund: Path) -> list[Any]:
    """Every order that the venues took."""
    found: list[Any] = []
    for venue in ("north", "south"):
        connected = paper.connect(fund.with_name("paper.toml"), venue)
        found += connected.log()
        connected.close()
    return found


def assert_sound(fund: Path) -> None:
    """No order twice, none beyond its leg, books that close, a ledger that verifies and replays."""
    taken = orders(fund)
    assert max(Counter((p.order.account, p.order.id) for p in taken).values()) == 1
    settings = api.load_settings(fund)
    assert not api.verify(settings, None).faults
    with at_desk(fund) as desk:
        assert asyncio.run(api.closing(desk)).breaks == ()
        past = api.history(desk.store, 100)
        assert all(api.replay(desk.store, facts.cycle).holds for facts in past)
    told = {fill.id: fill for facts in past for fill in facts.fills}
    assert {fill.id for p in taken for fill in p.fills} == set(told)
    assert all(trade.done <= trade.planned for facts in past for trade in facts.trades)


def kill_after(process: "subprocess.Popen[str]", seconds: float) -> None:
    """Kill a process at a moment of its life, unless it ends before."""
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=seconds)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("moment", [round(random.Random(SEED + n).uniform(0.4, 2.8), 2) for n in range(6)])
def test_a_run_killed_at_any_moment_of_its_life_is_finished_by_the_next(moment: float, tmp_path: Path) -> None:
    fund = running_fund(tmp_path)
    kill_after(begin(fund, "run", "--yes"), moment)
    code, said = ended(begin(fund, "run", "--yes"))
    assert code == 0, said
    assert_sound(fund)


def test_a_cycle_killed_three_times_on_a_running_clock_is_still_one_cycle(tmp_path: Path) -> None:
    fund = running_fund(tmp_path)
    for seconds in (0.3, 0.2, 0.1):
        with acting(fund) as process:
            kill_after(process, seconds)
    code, said = ended(begin(fund, "run", "--yes"))
    assert code == 0, said
    assert {entry.cycle for entry in written(fund, "started")} == {"1"}
    assert_sound(fund)


@pytest.mark.parametrize("deaths", [("after intent", "before order", "after commit"), ("after order",) * 3])
def test_a_process_that_dies_while_it_finishes_anothers_cycle_leaves_it_to_the_next(
    deaths: tuple[str, ...], tmp_path: Path
) -> None:
    fund = make_fund(tmp_path)
    for moment in deaths:
        died = run_to_death(fund, moment, "2")
        assert died.returncode == -signal.SIGKILL, died.stderr
    finished = run_to_death(fund)
    assert finished.returncode == 0, finished.stderr
    assert {entry.cycle for entry in written(fund, "started")} == {"1"}
    assert_sound(fund)


def test_of_two_runs_at_once_one_acts_and_the_other_names_it(tmp_path: Path) -> None:
    fund = running_fund(tmp_path, {"[limits]": "[limits]\nlease_wait_s = 0"})
    both = [begin(fund, "run", "--yes") for _ in range(2)]
    (first, _), (second, said) = sorted((ended(process) for process in both), key=lambda answer: answer[0])
    assert (first, second) == (0, 3)
    assert any(f":{process.pid}:" in said for process in both), said
    assert {entry.cycle for entry in written(fund, "opened")} == {"1"}
    assert_sound(fund)


def test_of_two_runs_at_once_a_patient_one_waits_and_then_finds_nothing_to_do(tmp_path: Path) -> None:
    fund = running_fund(tmp_path)
    both = [begin(fund, "run", "--yes") for _ in range(2)]
    assert [ended(process)[0] for process in both] == [0, 0]
    cycles = [cycle for cycle, _ in groupby(e.cycle for e in written(fund) if e.cycle)]
    assert cycles == ["1", "2"], "two cycles were written at the same time"
    assert [noun(entry).outcome for entry in written(fund, "closed")] == [CycleOutcome.DONE, CycleOutcome.HELD]
    assert_sound(fund)


def test_a_halt_from_elsewhere_cancels_what_rests_and_ends_the_run_at_once(tmp_path: Path) -> None:
    fund = running_fund(tmp_path, {"duration_s = 240": "duration_s = 24000", "deadline_s = 900": "deadline_s = 90000"})
    with acting(fund) as process:
        assert ended(begin(fund, "halt", "--because", "a rumour"))[0] == 0
        code, said = ended(process)
    assert code == 4, said
    levers, heard = written(fund, "halted"), [e for e in written(fund, "happened") if b'"halted"' in e.body]
    assert (heard[0].at - levers[0].at).total_seconds() < 1
    assert not [placed for placed in orders(fund) if placed.live]
    assert noun(written(fund, "closed")[0]).outcome is CycleOutcome.HALTED
    assert ended(begin(fund, "run", "--yes"))[0] == 4
    assert_sound(fund)


class Ousted:
    """The store of a process that was taken over after so many commits, without knowing it."""

    def __init__(self, store: Any, commits: int) -> None:
        self._store, self._left = store, commits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, drafts: Sequence[Draft], lease: Lease | None) -> tuple[Entry, ...]:
        self._left -= 1
        if not self._left:
            self._store.acquire("cycle", api.holder(), 60)
        written: tuple[Entry, ...] = self._store.append(drafts, lease)
        return written


class Counting:
    """A venue that counts what is sent to it."""

    def __init__(self, venue: Any) -> None:
        self._venue, self.sent = venue, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def place(self, order: Order) -> OrderState:
        self.sent.append(order.id)
        state: OrderState = await self._venue.place(order)
        return state


@pytest.mark.parametrize("commits", [2, 4, 5, 6, 8, 10])
def test_whoever_was_taken_over_sends_nothing_that_is_not_in_the_ledger(commits: int, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    with at_desk(fund) as desk:
        venues: Any = {name: Counting(venue) for name, venue in desk.venues.items()}
        ousted: Any = Ousted(desk.store, commits)
        with pytest.raises(Fenced):
            asyncio.run(api.run_cycle(replace(desk, store=ousted, venues=venues), api.Wishes(holder=api.holder())))
        intended = {c.order.id for e in desk.store.entries(kinds=("intended",)) for c in noun(e).commands}
        assert {order for venue in venues.values() for order in venue.sent} <= intended
        asyncio.run(api.run_cycle(desk, api.Wishes(holder=api.holder())))
    assert_sound(fund)


def test_orders_that_are_accepted_late_are_waited_for_and_no_slice_is_filled_twice(tmp_path: Path) -> None:
    late = "faults = { delay_every = 2, delay_s = 4 }\naccept_window_s = 5"
    fund = make_fund(tmp_path)
    world = fund.with_name("paper.toml")
    world.write_text(world.read_text().replace("accept_window_s = 0", late))
    assert run_to_death(fund).returncode == 0
    asked = Counter(c.order.id for e in written(fund, "intended") for c in noun(e).commands if isinstance(c, Query))
    assert max(asked.values()) > 1, "no order was in doubt for longer than one question"
    filled = {p.order.id: (p.order.leg, p.order.slice) for p in orders(fund) if p.fills}
    assert max(Counter(filled.values()).values()) == 1
    assert_sound(fund)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_lost_replies_cost_questions_and_no_second_order(every: int, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    world = fund.with_name("paper.toml")
    lossy = f"faults = {{ lose_reply_every = {every} }}\naccept_window_s = 5"
    world.write_text(world.read_text().replace("accept_window_s = 0", lossy))
    assert run_to_death(fund).returncode == 0
    assert [e for e in written(fund, "happened") if b'"lost"' in e.body]
    assert_sound(fund)
