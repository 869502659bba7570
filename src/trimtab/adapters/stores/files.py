"""SQLite files as the ledger needs them: how they are opened, told apart, written and read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from trimtab.ports import Unavailable

SCHEMA: Final = 1
"""How many migrations there are: what `PRAGMA user_version` says of a file that needs none."""

APPLICATION_ID: Final = 0x7472696D
"""`trim` in ASCII: marks a SQLite file as a ledger of ours."""

FREQUENT: Final = frozenset({"happened", "intended"})
"""Kinds that most entries are of. The index by kind leaves them out: it would cost each of them more than it saves."""

RARE: Final = "kind NOT IN ('happened', 'intended')"
"""What a query must say, in these words, for SQLite to use the index by kind."""

ELSEWHERE: Final = "name another file as [fund] store"

BUSY_S: Final = 10
"""How long a transaction waits for another process's; each lasts milliseconds."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that may not be there yet. Nothing in it is touched: see `make_durable`."""
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)


def make_durable(db: sqlite3.Connection) -> None:
    """Flush each commit to the disk from now on, and let readers read while one process writes."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "fullfsync = ON",  # On macOS a plain fsync stops at the drive's cache.
        "recursive_triggers = ON",  # REPLACE fires the triggers against DELETE only then.
    ):
        db.execute(f"PRAGMA {pragma}")


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Opened read-write but forbidden to write: opened read-only, SQLite leaves its -wal and -shm files behind."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        db.execute("PRAGMA query_only = ON")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:  # Nothing but a read-only disk stops a read here.
        db.close()
        return _connect_to_still(path)
    return db


def _connect_to_still(path: Path) -> sqlite3.Connection:
    """On a read-only disk SQLite cannot make its -shm file; nobody can write there, so it needs none."""
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise Unavailable(f"{path}: {wal.name} holds entries that cannot be read here; copy both to a writable folder")
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)


def version(db: sqlite3.Connection, path: Path) -> int:
    """Which schema a file has; 0 for a new one. Raises ValueError for a file that is not ours or is too new."""
    (marked,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if tables and marked != APPLICATION_ID:
        raise ValueError(f"{path}: a database of another program; {ELSEWHERE}")
    if found > SCHEMA:
        raise ValueError(f"{path}: written by a newer trimtab (schema {found}; this one knows {SCHEMA}); upgrade it")
    return int(found)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One immediate transaction: committed at the end, rolled back on any error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # A full disk makes SQLite roll back by itself.
            db.execute("ROLLBACK")
        raise


@contextmanager
def reached(path: Path, verb: str) -> Iterator[None]:
    """Turn the driver's errors into Unavailable, naming the file and what could not be done with it.

    A file that is no database is bad input: ValueError.
    """
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise ValueError(f"{path}: not a ledger of trimtab ({error}); {ELSEWHERE}") from error
        raise Unavailable(f"{path}: the ledger cannot be {verb}: {error}; nothing was stored") from error


def fetch_undecoded(db: sqlite3.Connection, query: str, arguments: tuple[int | str, ...]) -> list[tuple[Any, ...]]:
    """Rows whose texts may not be UTF-8; what is not comes as surrogates, which no hash covers."""
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        return db.execute(query, arguments).fetchall()
    finally:
        db.text_factory = str
