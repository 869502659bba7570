"""kill -9 anywhere: the next run goes on from the ledger, nothing is sent twice, and the end is the same."""

import asyncio
import json
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.scenarios.funds import at_desk, make_fund
from trimtab import api
from trimtab.adapters.venues import paper
from trimtab.model.ledger import CycleOutcome
from trimtab.model.orders import Fill
from trimtab.ports import Store
from trimtab.record.facts import Facts

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SEED = 20240229
KILLS_BY_MOMENT = {"before commit": 5, "after commit": 5, "after intent": 8, "before order": 8, "after order": 8}


@dataclass(frozen=True)
class Ending:
    """What a fund looks like when its cycle is over: by what the venues say, not by what we remember."""

    balances: frozenset[tuple[str, str, Decimal]]
    fills: frozenset[tuple[str, Decimal, Decimal, Decimal, str]]


def run(fund: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A process of its own that runs one cycle, perhaps to its death."""
    command = [sys.executable, str(HERE / "killing.py"), str(fund), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)


def log(fund: Path) -> list[tuple[str, str, tuple[Fill, ...], Decimal]]:
    """Every order that the venues took: account, id, fills, filled amount."""
    orders = []
    for venue in ("north", "south"):
        connected = paper.connect(fund.with_name("paper.toml"), venue)
        orders += [(p.order.account, p.order.id, p.fills, p.filled) for p in connected.log()]
        connected.close()
    return orders


def ending(fund: Path) -> Ending:
    with at_desk(fund) as desk:
        reads = [asyncio.run(desk.venues[a.venue].read(a.id)) for a in desk.policy.accounts]
    balances = frozenset((b.account, b.asset, b.total) for r in reads for b in r.balances)
    fills = frozenset(
        (f"{f.account} {f.instrument} {f.side}", f.amount, f.price, f.fee, f.fee_asset)
        for _, _, fills, _ in log(fund)
        for f in fills
    )
    return Ending(balances, fills)


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ending, dict[str, int]]:
    """The same fund's cycle with nobody killed, and how many moments it had."""
    fund = make_fund(tmp_path_factory.mktemp("unkilled"))
    done = run(fund)
    assert done.returncode == 0, done.stderr
    seen: dict[str, int] = json.loads(done.stdout)
    assert seen["after order"] >= 10, "too few orders to kill between"
    return ending(fund), seen


def kills() -> list[tuple[str, float]]:
    """Moments to die at, drawn by seed: a kind of moment and how far into the cycle."""
    draw = random.Random(SEED)
    return [(moment, draw.random()) for moment, count in KILLS_BY_MOMENT.items() for _ in range(count)]


@pytest.mark.parametrize(("moment", "share"), kills())
def test_a_killed_cycle_ends_as_if_nobody_had_killed_it(
    moment: str, share: float, unkilled: tuple[Ending, dict[str, int]], tmp_path: Path
) -> None:
    expected, seen = unkilled
    fund = make_fund(tmp_path)
    number = 1 + int(share * seen[moment])

    killed = run(fund, moment, str(number))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = run(fund)
    assert resumed.returncode == 0, resumed.stderr

    assert ending(fund) == expected
    assert_no_duplicates(fund)
    assert_proved(fund)


def acted(store: Store) -> Facts:
    """The one cycle that traded. A kill after its end leaves the next process to look and hold."""
    (found,) = (facts for facts in api.history(store, 10) if facts.started is not None)
    return found


def assert_no_duplicates(fund: Path) -> None:
    """No id was taken twice, and no leg was filled beyond its amount."""
    orders = log(fund)
    ids = [(account, id_) for account, id_, _, _ in orders]
    assert len(ids) == len(set(ids))
    settings = api.load_settings(fund)
    with api.records(settings) as store:
        facts = acted(store)
    assert all(trade.done <= trade.planned for trade in facts.trades)
    assert sum(len(fills) for _, _, fills, _ in orders) == len(facts.fills)


def assert_proved(fund: Path) -> None:
    """The ledger verifies, the last cycle is done, and every cycle replays byte for byte."""
    settings = api.load_settings(fund)
    assert not api.verify(settings, None).faults
    with api.records(settings) as store:
        facts = acted(store)
        assert facts.closed is not None
        assert facts.closed.outcome is CycleOutcome.DONE
        assert facts.reconciled is not None
        assert not facts.reconciled.breaks
        for past in api.history(store, 100):
            assert api.replay(store, past.cycle).holds
