"""The tables for people with SQL: filled from the ledger, brought up to its head, rebuilt to the same rows."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import told
from tests.ledgers import Wall, faults, redrafted
from trimtab.adapters.stores.memory import MemoryStore
from trimtab.adapters.stores.sqlite import SqliteStore, open_store
from trimtab.model.ledger import Entry
from trimtab.ports import Store
from trimtab.record import events, seal


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(open_store(tmp_path / "alpha.db", "alpha", Wall())) as opened:
        yield opened


def write(store: Store, *cycles: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Write whole cycles into the ledger under a lease."""
    lease = store.acquire("cycle", "one", 30)
    return store.append([draft for entries in cycles for draft in redrafted(entries)], lease)


def rows(store: SqliteStore, table: str) -> list[dict[str, Any]]:
    """A table as someone with SQL sees it."""
    with closing(sqlite3.connect(store.path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY id")]


def numbered(entries: tuple[Entry, ...], cycle: str) -> tuple[Entry, ...]:
    """The same cycle under another number."""
    facts = [(entry.kind, entry.body.replace(b'"cycle":"7"', b'"cycle":"%s"' % cycle.encode())) for entry in entries]
    return tuple(
        Entry(
            seq=entry.seq,
            at=entry.at,
            cycle=cycle if entry.cycle else "",
            kind=kind,
            version=1,
            epoch=1,
            body=body,
            prev=entry.prev,
            hash=entry.hash,
        )
        for entry, (kind, body) in zip(entries, facts, strict=True)
    )


def test_an_event_has_every_column_that_was_promised(store: SqliteStore) -> None:
    written = write(store, told.done())
    store.publish()

    (row,) = rows(store, "rebalancing_events")
    assert (row["id"], row["fund"], row["trigger_type"]) == ("7", "alpha", "drift")
    assert row["triggered_at"] == "2026-03-02T12:00:00.000000Z"
    assert json.loads(row["reasons"]) == ["BTC at 46.00%, target 40.00%, band 4.00%"]
    assert json.loads(row["weights_before"]) == told.BEFORE
    assert json.loads(row["weights_target"]) == told.TARGETS
    assert json.loads(row["weights_after"]) == told.AFTER
    assert (row["total_trade_volume_usd"], row["total_cost_usd"]) == ("108006", "121.49")
    assert (row["fee_usd"], row["spread_usd"], row["impact_usd"]) == ("107.99", "9.1", "4.4")
    assert row["execution_status"] == "done"
    assert [trade["price"] for trade in json.loads(row["trades"])] == ["59990", "59970", "3001.5", "3002"]
    assert json.loads(row["approvals"]) == []
    assert row["seal"] == seal.seal(written[-1])


def test_a_cycle_that_held_is_in_cycles_and_no_event(store: SqliteStore) -> None:
    written = write(store, told.held())
    store.publish()

    (row,) = rows(store, "cycles")
    assert (row["outcome"], row["because"]) == ("held", "every asset is within its band")
    assert (row["last_seq"], row["seal"]) == (written[-1].seq, seal.seal(written[-1]))
    assert rows(store, "rebalancing_events") == []


def test_publishing_follows_a_cycle_as_it_goes_on(store: SqliteStore) -> None:
    entries = told.done()
    started = [entry.kind for entry in entries].index("started") + 1
    write(store, entries[:started])
    store.publish()
    early = rows(store, "rebalancing_events")
    write(store, entries[started:])
    store.publish()
    late = rows(store, "rebalancing_events")

    assert [(row["execution_status"], row["total_cost_usd"], row["seal"]) for row in early] == [("open", None, "")]
    assert [(row["execution_status"], row["total_cost_usd"]) for row in late] == [("done", "121.49")]


def test_publishing_bit_by_bit_and_rebuilding_give_the_same_rows(store: SqliteStore) -> None:
    for number, cycle in enumerate((told.done(), told.held(), told.blocked()), start=1):
        for entry in numbered(cycle, str(number)):
            write(store, (entry,))
            store.publish()
    step_by_step = [rows(store, table) for table in ("cycles", "rebalancing_events")]

    with closing(sqlite3.connect(store.path)) as db:
        db.execute("UPDATE cycles SET outcome = 'nonsense'")
        db.execute("DELETE FROM rebalancing_events")
        db.commit()
    store.rebuild()

    assert [rows(store, table) for table in ("cycles", "rebalancing_events")] == step_by_step
    assert [row["outcome"] for row in step_by_step[0]] == ["done", "held", "blocked"]
    assert [row["id"] for row in step_by_step[1]] == ["1", "3"]
    assert faults(store) == []


def test_the_memory_store_derives_the_same(store: SqliteStore) -> None:
    memory = MemoryStore("alpha", Wall())
    write(store, told.done())
    write(memory, told.done())
    memory.publish()
    store.publish()

    (row,) = rows(store, "rebalancing_events")
    event = memory.rebalancing_events["7"]
    assert isinstance(event, events.RebalancingEvent)
    assert (event.traded, event.status) == (Decimal(row["total_trade_volume_usd"]), row["execution_status"])
    assert memory.cycles["7"].last_seq == rows(store, "cycles")[0]["last_seq"]


def test_publishing_never_touches_the_ledger(store: SqliteStore) -> None:
    write(store, told.done())
    before = list(store.rows())
    store.publish()
    store.rebuild()

    assert list(store.rows()) == before
