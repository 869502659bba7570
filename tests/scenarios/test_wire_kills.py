"""kill -9 over the wire: the simulator's own order log, read after both processes are dead, has no order twice."""

import json
import random
import signal
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.scenarios.funds import on
from tests.scenarios.test_kills import run
from tests.scenarios.wired import connected, exchange_fund, simulator
from trimtab import api
from trimtab.model.ledger import CycleOutcome
from trimtab.sim.state import Placed
from trimtab.sim.venue import open_venue

SEED = 20261121
KILLS_BY_MOMENT = {"before commit": 4, "after commit": 4, "after intent": 6, "before order": 6, "after order": 6}


Done = dict[tuple[str, str, str], Decimal]
"""How much was done, by account, instrument and side."""


def log(fund: Path) -> tuple[Placed, ...]:
    """The venues' own order logs, from their file: nobody serves them any more."""
    orders: list[Placed] = []
    for name in ("binance", "coinbase"):
        venue = open_venue(fund.with_name("sim.toml"), name)
        orders += venue.log()
        venue.close()
    return tuple(orders)


def done(orders: tuple[Placed, ...]) -> Done:
    """What all orders together did."""
    sums: Done = defaultdict(Decimal)
    for fill in (fill for placed in orders for fill in placed.fills):
        sums[fill.account, fill.instrument, fill.side] += fill.amount
    return dict(sums)


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, dict[str, int]]:
    """The same fund's cycle with nobody killed, and how many moments it had."""
    fund = exchange_fund(tmp_path_factory.mktemp("unkilled"))
    with simulator(fund.with_name("sim.toml")) as served:
        connected(fund, served["ports"])
        ended = run(fund)
    assert ended.returncode == 0, ended.stderr
    seen: dict[str, int] = json.loads(ended.stdout)
    assert seen["after order"] >= 10, "too few orders to kill between"
    return done(log(fund)), seen


def kills() -> list[tuple[str, float]]:
    """Moments to die at, drawn by seed: a kind of moment and how far into the cycle."""
    draw = random.Random(SEED)
    return [(moment, draw.random()) for moment, count in KILLS_BY_MOMENT.items() for _ in range(count)]


@pytest.mark.parametrize(("moment", "share"), kills())
def test_a_cycle_killed_over_the_wire_does_what_was_planned_and_nothing_twice(
    moment: str, share: float, unkilled: tuple[Done, dict[str, int]], tmp_path: Path
) -> None:
    expected, seen = unkilled
    fund = exchange_fund(tmp_path)
    number = 1 + int(share * seen[moment])
    with simulator(fund.with_name("sim.toml")) as served:
        connected(fund, served["ports"])
        died = run(fund, moment, str(number))
        assert died.returncode == -signal.SIGKILL, died.stderr
        finished = run(fund)
        assert finished.returncode == 0, finished.stderr

    orders = log(fund)
    assert max(Counter((p.order.account, p.order.id) for p in orders).values()) == 1
    assert done(orders) == expected
    settings = api.load_settings(fund)
    assert not api.verify(settings, None).faults
    with api.records(settings) as store:
        facts = next(past for past in api.history(store, 9) if past.started is not None)
        assert all(api.replay(store, past.cycle).holds for past in api.history(store, 9))
    assert facts.closed is not None
    assert facts.closed.outcome is CycleOutcome.DONE
    assert facts.reconciled is not None
    assert facts.reconciled.breaks == ()
    assert len(facts.fills) == sum(len(placed.fills) for placed in orders)


def test_a_simulator_killed_in_the_middle_loses_no_order(tmp_path: Path) -> None:
    fund = exchange_fund(tmp_path)
    world = fund.with_name("sim.toml")
    with simulator(world) as served:
        connected(fund, served["ports"])
        died = run(fund, "after order", "5")
        assert died.returncode == -signal.SIGKILL, died.stderr
        served["process"].kill()
    before = log(fund)
    with simulator(world) as again:
        text = fund.read_text()
        for name, port in served["ports"].items():
            text = text.replace(f':{port}"', f':{again["ports"][name]}"')
        fund.write_text(text)
        said = on(fund, "run", "--yes")
        assert said.code == 0, said.out + said.err
    after = log(fund)
    assert {p.order.id for p in before} <= {p.order.id for p in after}
    assert max(Counter(p.order.id for p in after).values()) == 1
