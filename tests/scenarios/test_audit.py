"""An auditor's own arithmetic: one cycle's figures from the ledger's bytes alone, without a line of trimtab's code."""

import csv
import hashlib
import json
import shutil
import sqlite3
from collections import defaultdict
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.funds import change, make_fund, on

Amounts = dict[tuple[str, str], Decimal]
DOLLAR = Decimal("0.000001")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fund = make_fund(tmp_path_factory.mktemp("audit"))
    assert on(fund, "run", "--yes").code == 0
    return fund


def bodies(fund: Path) -> dict[str, list[Any]]:
    """The first cycle's facts by kind, after the chain was checked by hand."""
    db = sqlite3.connect(fund.with_name("paper.db"))
    prev, found = "0" * 64, defaultdict(list)
    for row in db.execute("SELECT * FROM entries ORDER BY seq"):
        texts = [v.encode() if isinstance(v, str) else v for v in row[:-1]]
        parts = [b"%d " % v if isinstance(v, int) else b"%d:%b" % (len(v), v) for v in texts]
        assert (row[7], row[8]) == (prev, hashlib.sha256(b"".join(parts)).hexdigest())
        prev = row[8]
        found[row[3]].append(json.loads(row[6]))
        found["seal"] = [f"{row[0]}:{prev}"]
        found["hash of " + row[3]] = [hashlib.sha256(row[6]).hexdigest()]
    db.close()
    return found


def fills(facts: dict[str, list[Any]]) -> list[Any]:
    """Every fill that a venue told of, once."""
    told = [event["state"] for told in facts["happened"] for event in told["events"] if "state" in event]
    return list({fill["id"]: fill for state in told for fill in state.get("fills", ())}.values())


def held(snapshot: Any) -> Amounts:
    return {(b["account"], b["asset"]): Decimal(b["total"]) for b in snapshot["balances"]}


def traded(before: Amounts, done: list[Any]) -> Amounts:
    """What fills and their fees make of the balances."""
    after = defaultdict(Decimal, before)
    for fill in done:
        base, quote = fill["instrument"].split(":")[1].split("/")
        amount, sign = Decimal(fill["amount"]), 1 if fill["side"] == "buy" else -1
        after[fill["account"], base] += sign * amount
        after[fill["account"], quote] -= sign * amount * Decimal(fill["price"])
        after[fill["account"], fill["fee_asset"]] -= Decimal(fill["fee"])
    return after


def prices(valued: Any) -> dict[str, Decimal]:
    return {holding["asset"]: Decimal(holding["price"]) for holding in valued["holdings"]}


def worth(amounts: Amounts, marks: dict[str, Decimal]) -> dict[str, Decimal]:
    """The value of each asset over all accounts."""
    values: dict[str, Decimal] = defaultdict(Decimal)
    for (_, asset), amount in amounts.items():
        values[asset] += amount * marks.get(asset, Decimal(0))
    return values


def told_mids(facts: dict[str, list[Any]], asset: str) -> tuple[Decimal, Decimal]:
    """The lowest and highest mid against USDT that any venue quoted at first."""
    quoted = [q for q in facts["quoted"][0]["quotes"] if q["instrument"].endswith(f":{asset}/USDT")]
    mids = [(Decimal(q["bid"]) + Decimal(q["ask"])) / 2 for q in quoted]
    return min(mids), max(mids)


def test_the_figures_of_a_cycle_follow_from_its_ledger_by_hand(done: Path) -> None:
    facts = bodies(done)
    done_fills = fills(facts)
    before, after = held(facts["observed"][0]), held(facts["after"][0])
    marks = prices(facts["valued"][0])
    (report,) = json.loads(on(done, "report", "--format", "json", "--cycle", "1").out)["cycles"]
    with localcontext() as exact:
        exact.prec = 60
        assert marks["USDT"] == 1
        for asset in (a for a in marks if a != "USDT"):
            low, high = told_mids(facts, asset)
            assert low * Decimal("0.999") <= marks[asset] <= high * Decimal("1.001")

        nav = sum(worth(before, marks).values())
        assert abs(nav - Decimal(report["before"]["nav"])) < DOLLAR

        expected = traded(before, done_fills)
        assert {place: amount for place, amount in expected.items() if amount} == {p: a for p, a in after.items() if a}

        last = worth(after, prices(facts["valued"][1]))
        total = sum(last.values(), Decimal(0))
        for story in report["weights"]:
            assert abs(last[story["asset"]] / total - Decimal(story["after"])) < DOLLAR

        fees: dict[str, Decimal] = defaultdict(Decimal)
        for fill in done_fills:
            fees[fill["fee_asset"]] += Decimal(fill["fee"])
        said: dict[str, Decimal] = defaultdict(Decimal)
        for trade in report["trades"]:
            for fee in trade["fees"]:
                said[fee["asset"]] += Decimal(fee["amount"])
        assert fees == said

        paid = sum(worth(before, marks).values()) - sum(worth(expected, marks).values())
        costs = report["ended"]["paid"]
        charged = sum((Decimal(costs[kind]) for kind in ("fee", "spread", "impact")), Decimal(0))
        assert abs(paid - charged) < DOLLAR


@pytest.mark.parametrize("command", ["verify", "report", "cycles", "show", "explain", "replay"])
def test_an_auditor_needs_the_file_and_the_ledger_and_neither_keys_nor_venues(
    command: str, done: Path, tmp_path: Path
) -> None:
    for name in ("fund.toml", "paper.db", "seals.txt"):
        shutil.copy(done.with_name(name), tmp_path)
    fund = tmp_path / "fund.toml"
    change(fund, {'venue = "south"': 'venue = "south"\nkey = "env:A_KEY_THAT_NO_AUDITOR_HAS"'})
    assert on(fund, command).code == 0
    assert on(fund, command).out == on(done, command).out
    assert on(fund, "plan").code == 2


def test_a_halt_needs_neither_keys_nor_venues(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={'venue = "south"': 'venue = "south"\nkey = "file:gone.key"'})
    (tmp_path / "paper.toml").unlink()
    assert on(fund, "halt", "--because", "a rumour").code == 0
    assert on(fund, "resume", "--because", "it was nothing").code == 0


def test_every_hash_and_time_of_a_report_leads_to_an_entry(done: Path) -> None:
    facts = bodies(done)
    (report,) = json.loads(on(done, "report", "--format", "json", "--cycle", "1").out)["cycles"]
    assert [report["seal"]] == facts["seal"]
    assert [report["plan_hash"]] == facts["hash of planned"]
    assert [report["opened"]["terms_hash"]] == facts["hash of terms"]
    assert report["opened"] == facts["opened"][0]
    assert report["closed"] == facts["closed"][0]
    assert report["started"] == facts["started"][0]
    assert {f["id"]: f for f in report["fills"]} == {f["id"]: f for f in fills(facts)}
    given = {c["order"]["id"] for i in facts["intended"] for c in i["commands"] if c["type"] == "place"}
    assert {f["order_id"] for f in report["fills"]} <= given


def test_the_csv_says_the_same_as_the_ledger(done: Path) -> None:
    facts = bodies(done)
    rows = list(csv.DictReader(on(done, "report", "--format", "csv", "--cycle", "1").out.splitlines()))
    said = {
        row["id"]: (Decimal(row["amount"]), Decimal(row["price"]), Decimal(row["fee"]), row["fee_asset"])
        for row in rows
        if row["record"] == "fill"
    }
    assert said == {
        f["id"]: (Decimal(f["amount"]), Decimal(f["price"]), Decimal(f["fee"]), f["fee_asset"]) for f in fills(facts)
    }
    assert {row["seal"] for row in rows} == set(facts["seal"])


def test_the_close_says_the_same_as_the_ledger(done: Path) -> None:
    facts = bodies(done)
    close = json.loads(on(done, "reconcile", "--json").out)
    expected = traded(held(facts["observed"][0]), fills(facts))
    assert {(x["account"], x["asset"]): Decimal(x["closing"]) for x in close["lines"] if Decimal(x["closing"])} == {
        place: amount for place, amount in expected.items() if amount
    }
