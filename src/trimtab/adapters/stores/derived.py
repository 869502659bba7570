"""The tables that people with SQL read, filled from the ledger. Imported only when they are brought up to date."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from trimtab.adapters.stores import schema
from trimtab.model.canonical import encode
from trimtab.model.ledger import noun
from trimtab.ports import Store
from trimtab.record import events, seal


def publish(db: sqlite3.Connection, store: Store) -> None:
    """Write the rows of every cycle that has entries the tables do not know yet."""
    with schema.transaction(db) as connection:
        _fill(connection, store)


def rebuild(db: sqlite3.Connection, store: Store) -> None:
    """Drop the tables and fill them from the first entry, all in one transaction."""
    with schema.transaction(db) as connection:
        for table in schema.DERIVED:
            table.drop(connection, checkfirst=True)
            table.create(connection)
        _fill(connection, store)


def _fill(connection: Connection, store: Store) -> None:
    first = store.last("genesis")
    assert first is not None, "a ledger without genesis is refused when it is opened"
    fund = noun(first).fund
    for cycle in _touched(connection):
        entries = tuple(store.entries(cycle=cycle))
        _replace(connection, schema.CYCLES, _cycle_columns(events.cycle_row(entries)))
        event = events.event(fund, entries)
        if event is not None:
            _replace(connection, schema.EVENTS, _event_columns(event))


def _touched(connection: Connection) -> Sequence[str]:
    """Cycles with entries after the last one the tables know, in order."""
    table = schema.ENTRIES
    known = connection.scalar(select(func.max(schema.CYCLES.c.last_seq))) or 0
    newer = select(table.c.cycle).where(table.c.seq > known, table.c.cycle != "")
    return connection.scalars(newer.group_by(table.c.cycle).order_by(func.min(table.c.seq))).all()


def _replace(connection: Connection, table: Table, columns: dict[str, Any]) -> None:
    connection.execute(delete(table).where(table.c.id == columns["id"]))
    connection.execute(insert(table).values(**columns))


def _cycle_columns(row: events.CycleRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "opened_at": seal.stamp(row.opened_at),
        "closed_at": seal.stamp(row.closed_at) if row.closed_at else None,
        "outcome": row.outcome,
        "because": row.because,
        "first_seq": row.first_seq,
        "last_seq": row.last_seq,
        "seal": row.seal,
    }


def _event_columns(event: events.RebalancingEvent) -> dict[str, Any]:
    paid = event.paid
    return {
        "id": event.id,
        "fund": event.fund,
        "triggered_at": seal.stamp(event.triggered_at),
        "trigger_type": "+".join(event.triggers),
        "reasons": _json(event.reasons),
        "weights_before": _json(dict(event.weights_before)),
        "weights_target": _json(dict(event.weights_target)),
        "weights_after": None if event.weights_after is None else _json(dict(event.weights_after)),
        "total_trade_volume_usd": _amount(event.traded),
        "total_cost_usd": _amount(paid.fee + paid.spread + paid.impact if paid else None),
        "fee_usd": _amount(paid.fee if paid else None),
        "spread_usd": _amount(paid.spread if paid else None),
        "impact_usd": _amount(paid.impact if paid else None),
        "execution_status": event.status,
        "trades": _json(event.trades),
        "approvals": _json(event.approvals),
        "plan_hash": event.plan_hash,
        "seal": event.seal,
    }


def _json(value: object) -> str:
    return encode(value).decode()


def _amount(value: Decimal | None) -> str | None:
    """Plain decimal text: SQLite has no exact number of its own, and an exponent would puzzle a reader."""
    return None if value is None else f"{value:f}"
