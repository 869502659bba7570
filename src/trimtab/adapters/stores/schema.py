"""The tables as SQLAlchemy knows them, and the triggers that keep the ledger append-only.

Import it lazily: SQLAlchemy takes longer to import than most commands take to answer.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import BLOB, Column, Connection, Index, Integer, MetaData, Table, Text, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from trimtab.adapters.stores import files

METADATA: Final = MetaData()

ENTRIES: Final = Table(
    "entries",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("cycle", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("body", BLOB, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
# Neither index is UNIQUE: INSERT OR REPLACE deletes the rows that a second unique key names without firing the
# triggers against DELETE (unless recursive_triggers is on, which every connection sets for itself).
Index("entries_cycle", ENTRIES.c.cycle)
Index("entries_kind", ENTRIES.c.kind, sqlite_where=text(files.RARE))

LEASES: Final = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("expires", Text, nullable=False),
)

CYCLES: Final = Table(
    "cycles",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("opened_at", Text, nullable=False),
    Column("closed_at", Text),
    Column("outcome", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("seal", Text, nullable=False),
)

EVENTS: Final = Table(
    "rebalancing_events",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("fund", Text, nullable=False),
    Column("triggered_at", Text, nullable=False),
    Column("trigger_type", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("weights_before", Text, nullable=False),
    Column("weights_target", Text, nullable=False),
    Column("weights_after", Text),
    Column("total_trade_volume_usd", Text),
    Column("total_cost_usd", Text),
    Column("fee_usd", Text),
    Column("spread_usd", Text),
    Column("impact_usd", Text),
    Column("execution_status", Text, nullable=False),
    Column("trades", Text, nullable=False),
    Column("approvals", Text, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("seal", Text, nullable=False),
)

DERIVED: Final = (CYCLES, EVENTS)
"""Tables that can be dropped at any time and refilled from the ledger."""

TRIGGERS: Final = {
    "entries_follow": """\
CREATE TRIGGER entries_follow BEFORE INSERT ON entries
WHEN NEW.seq IS NOT coalesce((SELECT max(seq) FROM entries), 0) + 1
BEGIN SELECT RAISE(ABORT, 'the ledger only grows at its end'); END""",
    "entries_remain": """\
CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END""",
    "entries_stay": """\
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END""",
}
"""Their SQL by name, as SQLite stores it: what every version of the file must have."""


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[Connection]:
    """One immediate transaction of SQLAlchemy's over an open connection; DDL belongs to it too.

    Errors leave as the driver's own.
    """
    engine = create_engine("sqlite+pysqlite://", creator=lambda: db, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise error.orig or error from error
