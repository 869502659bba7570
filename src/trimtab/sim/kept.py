"""The SQLite file in which a simulated world lives: its clock, and each venue's rows. Every effect is one commit.

Reading never writes. Orders are a log: rows are added, change while they live, and never change after they ended.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from trimtab.ports import Unavailable, Uncertain
from trimtab.sim.clock import Pace
from trimtab.sim.depth import HALVINGS, Taken
from trimtab.sim.market import Depth
from trimtab.sim.state import Changes, Movement, Placed, State, Stock
from trimtab.sim.world import World
from trimtab.units import to_raw

BUSY_S: Final = 10
"""How long a writer waits for others before it gives up."""

SCHEMA: Final = """
CREATE TABLE world (fingerprint TEXT NOT NULL, market TEXT NOT NULL, wall TEXT NOT NULL) STRICT;
CREATE TABLE venue (
    id TEXT PRIMARY KEY, settled_at TEXT NOT NULL, requests INTEGER NOT NULL,
    next_order INTEGER NOT NULL, next_fill INTEGER NOT NULL, next_transfer INTEGER NOT NULL) STRICT;
CREATE TABLE balance (
    venue TEXT NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL, total TEXT NOT NULL, locked TEXT NOT NULL,
    PRIMARY KEY (venue, account, asset)) STRICT, WITHOUT ROWID;
CREATE TABLE placed (
    venue TEXT NOT NULL, seq INTEGER NOT NULL, account TEXT NOT NULL, client_id TEXT NOT NULL,
    live INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (venue, seq)) STRICT;
CREATE INDEX placed_live ON placed (venue) WHERE live = 1;
CREATE INDEX placed_named ON placed (venue, account, client_id);
CREATE TABLE movement (
    venue TEXT NOT NULL, id TEXT NOT NULL, direction TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (venue, id, direction)) STRICT;
CREATE TABLE depth (
    venue TEXT NOT NULL, instrument TEXT NOT NULL, side TEXT NOT NULL, rung TEXT NOT NULL,
    amount TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (venue, instrument, side, rung)) STRICT, WITHOUT ROWID;
CREATE TRIGGER placed_kept BEFORE DELETE ON placed BEGIN SELECT RAISE(ABORT, 'the order log is kept'); END;
CREATE TRIGGER placed_ended BEFORE UPDATE ON placed WHEN old.live = 0
    BEGIN SELECT RAISE(ABORT, 'an order that ended does not change'); END;
"""

KEEP_ORDER: Final = """
INSERT INTO placed VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET live = excluded.live, body = excluded.body
"""

_PLACED: Final = msgspec.json.Decoder(Placed)
_MOVEMENT: Final = msgspec.json.Decoder(Movement)


@dataclass(frozen=True)
class Rows:
    """One venue as the file has it: settled up to an instant, and how many orders it took."""

    state: State
    depth: Depth
    settled_at: datetime
    requests: int


def open_file(path: Path, world: World, fingerprint: str) -> sqlite3.Connection:
    """Open a world's file; the first one to open it makes it. Raises ValueError where another world made it."""
    try:
        if not path.exists():
            _make(path, world, fingerprint)
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"{path}: {error}") from error
    try:
        _check(connection, path, fingerprint)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path, fingerprint: str) -> None:
    try:
        connection.execute("PRAGMA synchronous = FULL")
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'world'").fetchone()
        found = connection.execute("SELECT fingerprint FROM world").fetchone()[0] if known else None
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path}: {error}") from error
    except sqlite3.DatabaseError:
        found = None
    if found is None:
        raise ValueError(f"{path}: is not the state of a paper world; move it away")
    if found != fingerprint:
        raise ValueError(
            f"{path}: was made from another world: its file or its tape has changed since. Bring that back, or move "
            f"{path.name} away to begin anew (its balances and orders go with it)"
        )


def _make(path: Path, world: World, fingerprint: str) -> None:
    """Make the file whole under another name first, so that of several processes one wins and none sees half of it."""
    with TemporaryDirectory(dir=path.parent, prefix=".paper-") as folder:
        draft = Path(folder) / path.name
        connection = sqlite3.connect(draft, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _statements(SCHEMA):
            connection.execute(statement)
        wall = _stored(datetime.now(UTC))
        connection.execute("INSERT INTO world VALUES (?, ?, ?)", (fingerprint, _stored(world.start), wall))
        _open_venues(connection, world)
        connection.execute("COMMIT")
        connection.close()
        with suppress(FileExistsError):  # Another process was faster, and its file is the same.
            os.link(draft, path)
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a new name in a folder last through a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that no other writer can enter; a failure leaves nothing behind.

    Raises Unavailable where nothing was written, Uncertain where the last step gave no clear answer.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise Unavailable(f"the paper file is busy or cannot be written: {error}") from error
    try:
        yield
    except BaseException as error:
        _undo(connection)
        if isinstance(error, sqlite3.Error):
            raise Unavailable(f"the paper file cannot be written: {error}") from error
        raise
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        _undo(connection)
        raise Uncertain(f"the paper file may not have kept it: {error}") from error


def _undo(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def version(connection: sqlite3.Connection) -> int:
    """A number that changes whenever another connection has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def load(connection: sqlite3.Connection, venue: str) -> Rows:
    """A venue with all its balances and movements, and the orders that live."""
    settled_at, requests, order, fill, transfer = connection.execute(
        "SELECT settled_at, requests, next_order, next_fill, next_transfer FROM venue WHERE id = ?", (venue,)
    ).fetchone()
    balances = connection.execute("SELECT account, asset, total, locked FROM balance WHERE venue = ?", (venue,))
    live = connection.execute("SELECT body FROM placed WHERE venue = ? AND live = 1", (venue,))
    movements = connection.execute("SELECT body FROM movement WHERE venue = ?", (venue,))
    depths = connection.execute("SELECT instrument, side, rung, amount, at FROM depth WHERE venue = ?", (venue,))
    state = State(
        balances={(a, b): Stock(a, b, int(total), int(locked)) for a, b, total, locked in balances},
        orders={placed.seq: placed for placed in (_PLACED.decode(body) for (body,) in live)},
        movements={movement.key: movement for movement in (_MOVEMENT.decode(body) for (body,) in movements)},
        next_order=order,
        next_fill=fill,
        next_transfer=transfer,
    )
    taken = {(i, side, rung): Taken(Decimal(amount), at) for i, side, rung, amount, at in depths}
    return Rows(state, Depth(taken), datetime.fromisoformat(settled_at), requests)


def log(connection: sqlite3.Connection, venue: str, account: str | None = None) -> tuple[Placed, ...]:
    """Every order that the venue ever took, of one account or of all, in the order of arrival."""
    asked = "SELECT body FROM placed WHERE venue = ? AND (account = ? OR ? IS NULL) ORDER BY seq"
    found = connection.execute(asked, (venue, account, account))
    return tuple(_PLACED.decode(body) for (body,) in found)


def numbered(connection: sqlite3.Connection, venue: str, seq: int) -> Placed | None:
    """The order with a number, ended or not."""
    row = connection.execute("SELECT body FROM placed WHERE venue = ? AND seq = ?", (venue, seq)).fetchone()
    return None if row is None else _PLACED.decode(row[0])


def named(connection: sqlite3.Connection, venue: str, account: str, client_id: str) -> tuple[Placed, ...]:
    """Every order of an account with one client id, ended ones too."""
    asked = (venue, account, client_id)
    found = connection.execute("SELECT body FROM placed WHERE venue = ? AND account = ? AND client_id = ?", asked)
    return tuple(_PLACED.decode(body) for (body,) in found)


def save(connection: sqlite3.Connection, venue: str, rows: Rows, half_life_s: Decimal) -> Changes:
    """Write what changed in a venue, within the caller's transaction."""
    changes = rows.state.take_changes()
    connection.executemany(
        "INSERT OR REPLACE INTO balance VALUES (?, ?, ?, ?, ?)",
        [(venue, stock.account, stock.asset, str(stock.total), str(stock.locked)) for stock in changes.balances],
    )
    connection.executemany(
        KEEP_ORDER,
        [(venue, p.seq, p.order.account, p.order.id, p.live, msgspec.json.encode(p)) for p in changes.orders],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO movement VALUES (?, ?, ?, ?)",
        [(venue, *movement.key, msgspec.json.encode(movement)) for movement in changes.movements],
    )
    _save_depth(connection, venue, rows.depth, half_life_s)
    connection.execute(
        "UPDATE venue SET settled_at = ?, requests = ?, next_order = ?, next_fill = ?, next_transfer = ? WHERE id = ?",
        (_stored(rows.settled_at), rows.requests, changes.next_order, changes.next_fill, changes.next_transfer, venue),
    )
    return changes


def pace(connection: sqlite3.Connection, speed: Decimal) -> Pace:
    """How market time runs; its instant is the present one where it is stepped by hand."""
    market, wall = connection.execute("SELECT market, wall FROM world").fetchone()
    return Pace(datetime.fromisoformat(market), datetime.fromisoformat(wall), speed)


def step(connection: sqlite3.Connection, at: datetime) -> None:
    """Move a stepped clock to an instant; never back."""
    with writing(connection):
        connection.execute("UPDATE world SET market = ? WHERE market < ?", (_stored(at), _stored(at)))


def _stored(at: datetime) -> str:
    """An instant as text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _statements(script: str) -> Iterator[str]:
    """One statement at a time: executescript would commit what is open."""
    waiting = ""
    for line in script.splitlines():
        waiting += f"{line}\n"
        if sqlite3.complete_statement(waiting):
            yield waiting
            waiting = ""


def _open_venues(connection: sqlite3.Connection, world: World) -> None:
    decimals = {asset.id: asset.decimals for asset in world.assets}
    for venue in world.venues:
        connection.execute("INSERT INTO venue VALUES (?, ?, 0, 1, 1, 1)", (venue.id, _stored(world.start)))
        rows: Sequence[tuple[str, ...]] = [
            (venue.id, account.id, held.asset, str(to_raw(held.amount, decimals[held.asset])), "0")
            for account in venue.accounts
            for held in account.balances
        ]
        connection.executemany("INSERT INTO balance VALUES (?, ?, ?, ?, ?)", rows)


def _save_depth(connection: sqlite3.Connection, venue: str, depth: Depth, half_life_s: Decimal) -> None:
    rows = [(venue, *key, str(depth.taken[key].amount), depth.taken[key].at) for key in sorted(depth.touched)]
    connection.executemany("INSERT OR REPLACE INTO depth VALUES (?, ?, ?, ?, ?, ?)", rows)
    if rows:
        gone = max(row[-1] for row in rows) - int(half_life_s * (HALVINGS + 1) * 1_000_000)
        connection.execute("DELETE FROM depth WHERE venue = ? AND at < ?", (venue, gone))
    depth.touched.clear()
