"""Whole cycles over the wire: real clients, signed requests, TLS; and the same cycles on paper."""

import asyncio
import json
import re
import shutil
import sqlite3
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.funds import on
from tests.scenarios.wired import connected, exchange_fund, on_paper, simulator
from trimtab.adapters.clock import SimulatedClock
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.adapters.venues.exchange.line import Credentials, Target
from trimtab.model.holdings import Transfer
from trimtab.model.orders import Withdrawal
from trimtab.sim.clockwork import open_clock
from trimtab.sim.venue import open_venue

WIRE = frozenset("as_of at expires_at fees oldest plan_hash terms_hash valid_until venues withdrawable".split())
"""What may differ: times of the wire, hashes over them, what a venue says of itself, and its rows of fees."""


def test_a_cycle_over_the_wire_trades_reconciles_and_is_proved(tmp_path: Path) -> None:
    fund = exchange_fund(tmp_path)
    with simulator(tmp_path / "sim.toml") as served:
        connected(fund, served["ports"])
        assert on(fund, "doctor").code == 0
        said = on(fund, "run", "--yes")
        assert said.code == 0, said.out + said.err
        assert on(fund, "reconcile").code == 0
        assert on(fund, "plan").code == 0
    for command in (("verify",), ("replay", "last"), ("explain", "last")):
        assert on(fund, *command).code == 0
    venue = open_venue(tmp_path / "sim.toml", "binance")
    orders = venue.log()
    venue.close()
    assert len({order.order.id for order in orders}) == len(orders) > 10


def test_a_simulator_that_is_not_there_is_unavailable_and_nothing_is_lost(tmp_path: Path) -> None:
    fund = exchange_fund(tmp_path)
    with simulator(tmp_path / "sim.toml") as served:
        connected(fund, served["ports"])
    said = on(fund, "run", "--yes")

    assert said.code == 3
    assert "cannot connect to api.binance.com" in said.out + said.err


def test_the_same_cycle_on_paper_differs_in_ids_and_times_alone(tmp_path: Path) -> None:
    fund = exchange_fund(tmp_path / "wire")
    paper = tmp_path / "paper" / "fund.toml"
    shutil.copytree(fund.parent, paper.parent)
    on_paper(paper)
    with simulator(fund.with_name("sim.toml")) as served:
        connected(fund, served["ports"])
        assert on(fund, "run", "--yes").code == 0
    assert on(paper, "run", "--yes").code == 0

    told, expected = entries(fund), entries(paper)
    assert [kind for kind, _ in told] == [kind for kind, _ in expected]
    for (kind, mine), (_, theirs) in zip(told, expected, strict=True):
        assert mine == theirs, kind


def entries(fund: Path) -> list[tuple[str, Any]]:
    """Every entry but for what the wire may change; our ids by their first naming, fills by what they are."""
    with sqlite3.connect(fund.with_name("exchange.db")) as db:
        rows = db.execute("SELECT kind, body FROM entries WHERE kind != 'genesis' ORDER BY seq").fetchall()
    db.close()
    names: dict[str, str] = {}
    return [(kind, plainly(json.loads(body), names)) for kind, body in rows]


def plainly(value: Any, names: dict[str, str]) -> Any:
    match value:
        case {"fee_asset": _, "id": _} | {"source": _, "amount": _}:
            return {k: plainly(item, names) for k, item in sorted(value.items()) if k not in WIRE | {"id", "source"}}
        case dict():
            return {key: plainly(item, names) for key, item in sorted(value.items()) if key not in WIRE}
        case [{"fee_asset": _} | {"source": _, "amount": _}, *_]:
            return sorted((plainly(item, names) for item in value), key=json.dumps)
        case [{"free": _}, *_]:
            return [plainly(item, names) for item in value if item["total"] != "0"]
        case list():
            return [plainly(item, names) for item in value]
        case str() if re.fullmatch(r"[0-9a-f]{32}", value):
            return names.setdefault(value, f"id {len(names)}")
        case _:
            return value


START = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Worth:
    """What `state` says: dollars of both kinds at par, how many transfers are under way, and the USDT in the vault."""

    total: Decimal
    transits: int
    vault: Decimal


def test_money_from_one_exchange_to_the_other_is_counted_once_all_the_way(tmp_path: Path) -> None:
    fund = exchange_fund(tmp_path)
    world = tmp_path / "sim.toml"
    with simulator(world) as served:
        connected(fund, served["ports"])
        before = worth(fund)
        address = tomllib.loads(fund.read_text())["routes"]["cash"]["address"]
        sent = asyncio.run(withdrawn(tmp_path, served["ports"]["binance"], address))
        told = []
        clock = open_clock(world)
        for seconds in (0, 10, 25, 65, 150):
            clock.step(START + timedelta(seconds=seconds))
            told.append(worth(fund))
        clock.close()
        assert on(fund, "run", "--yes").code == 0
        assert on(fund, "reconcile").code == 0

    assert (sent.amount, sent.fee, sent.target) == (Decimal(1000), Decimal(1), "vault")
    assert {before.total - now.total for now in told} == {Decimal(1)}
    assert [now.transits for now in told] == [1, 1, 1, 0, 0]
    assert [now.vault for now in told] == [0, 0, 0, 999, 999]


def worth(fund: Path) -> Worth:
    """Dollars alone: the prices of other assets move."""
    snapshot = json.loads(on(fund, "state", "--json").out)["snapshot"]
    held = [b for b in snapshot["balances"] if b["asset"] in ("USD", "USDT")]
    moving = snapshot.get("transits", [])
    amounts = [Decimal(b["total"]) for b in held] + [Decimal(t["amount"]) for t in moving]
    vault = sum((Decimal(b["total"]) for b in held if (b["account"], b["asset"]) == ("vault", "USDT")), Decimal(0))
    return Worth(sum(amounts, Decimal(0)), len(moving), vault)


async def withdrawn(folder: Path, port: int, address: str) -> Transfer:
    """A thousand USDT on their way from Binance to Coinbase, by a key that may move money and not trade."""
    key = Credentials(*((folder / "sim-keys" / f"trading-money.{part}").read_text() for part in ("key", "secret")))
    clock = open_clock(folder / "sim.toml")
    target, known = Target(port, folder / "sim-ca.pem"), {("USDT", "ETH", address): "vault"}
    venue = BinanceVenue("binance", {"trading": key}, frozenset({"USDT"}), SimulatedClock(clock), target, known)
    told = Withdrawal(
        id="a" * 32, account="trading", asset="USDT", amount=Decimal(1000), network="ETH", address=address
    )
    try:
        return await venue.withdraw(told)
    finally:
        await venue.aclose()
        clock.close()


@pytest.mark.parametrize("spoilt", ["trading.secret", "trading.key"])
def test_a_wrong_key_is_refused_and_named_by_its_account_alone(spoilt: str, tmp_path: Path) -> None:
    fund = exchange_fund(tmp_path)
    with simulator(tmp_path / "sim.toml") as served:
        connected(fund, served["ports"])
        (tmp_path / "sim-keys" / spoilt).write_text("f" * 64)
        said = on(fund, "run", "--yes")
    assert said.code == 3
    assert "f" * 64 not in said.out + said.err
    assert "trading" in said.out + said.err
