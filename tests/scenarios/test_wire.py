"""Whole cycles over the wire: real clients, signed requests, TLS; and the same cycles on paper."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.funds import on
from tests.scenarios.wired import connected, exchange_fund, on_paper, simulator
from trimtab.sim.venue import open_venue

WIRE = frozenset(
    """as_of at body_at closed_at debited_at fees genesis hash nonce oldest opened_at plan_hash retention_s saved_hash
    terms_hash valid_until venues withdrawable withdrawn""".split()
)
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
    assert "ClientConnectorError" in said.out + said.err or "no answer" in said.out + said.err


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
        case list():
            return [plainly(item, names) for item in value]
        case str() if re.fullmatch(r"[0-9a-f]{32}", value):
            return names.setdefault(value, f"id {len(names)}")
        case _:
            return value


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
