"""The ledger in one SQLite file: WAL, every commit flushed to the disk, append-only by triggers.

SQLAlchemy and Alembic are imported only to migrate and to fill the derived tables; the append uses the driver.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from trimtab.adapters.stores import files, genesis, leases
from trimtab.adapters.stores.genesis import Now, wall
from trimtab.model.canonical import decode
from trimtab.model.ledger import Draft, Entry, Genesis, Lease
from trimtab.record import entries as record
from trimtab.record import seal

PAGE_ROWS: Final = 2_000
"""Entries read at a time: no cursor stays open while a caller works on them, which would pin the WAL."""

INSERT_ROWS: Final = 50
"""Rows in one INSERT: each statement with a trigger costs a savepoint, and SQLite of old takes 999 values."""

COLUMNS: Final = ", ".join(seal.NAMES)


class SqliteStore:
    """A store in one file. One thread uses it; other processes may have the same file open."""

    def __init__(self, path: Path, db: sqlite3.Connection, now: Now = wall) -> None:
        self.path = path
        self._db = db
        self._now = now

    def append(self, drafts: Sequence[Draft], lease: Lease | None) -> tuple[Entry, ...]:
        """Write entries in one commit and return when the disk has them. Raises Fenced, Unavailable."""
        drafts = tuple(drafts)
        with self._writing():
            leases.require_right(drafts, lease, self._lease(leases.WRITING))
            rows = seal.chained(drafts, self._end(), seal.stamp(self._now()), lease.epoch if lease else 0)
            _insert(self._db, rows)
        return tuple(record.entry(row) for row in rows)

    def entries(self, *, after: int = 0, cycle: str | None = None, kinds: Sequence[str] = ()) -> Iterator[Entry]:
        """Entries in order, optionally of one cycle or of some kinds. Raises Unavailable."""
        return (record.entry(row) for row in self._rows(after, cycle, tuple(kinds)))

    def rows(self, after: int = 0) -> Iterator[seal.Row]:
        """Entries exactly as stored, for `seal.faults`: nothing is parsed, so nothing can fail to parse."""
        return self._rows(after, None, ())

    def end(self) -> tuple[int, str]:
        """Number and hash of the last entry as stored, 0 and zeros for none; nothing is parsed. Raises Unavailable."""
        with files.reached(self.path, "read"):
            return self._end()

    def head(self) -> Entry | None:
        """The last entry."""
        return self._one(f"SELECT {COLUMNS} FROM entries ORDER BY seq DESC LIMIT 1", ())  # noqa: S608

    def last(self, kind: str) -> Entry | None:
        """The last entry of one kind."""
        query = f"SELECT {COLUMNS} FROM entries WHERE {_where(None, (kind,))} ORDER BY seq DESC LIMIT 1"  # noqa: S608
        return self._one(query, (0, kind))

    def acquire(self, name: str, holder: str, ttl_s: int) -> Lease:
        """Take the lease with a higher epoch. Raises LeaseHeld while another living holder has it."""
        with self._writing():
            known = self._lease(name)
            lease = leases.taken(known, name, holder, self._now(), ttl_s)
            self._put(lease)
        return lease

    def renew(self, lease: Lease, ttl_s: int) -> Lease:
        """Hold it longer, counted from now. Raises Fenced if it was taken over."""
        with self._writing():
            leases.require(self._lease(lease.name), lease)
            longer = replace(lease, expires=self._now() + timedelta(seconds=ttl_s))
            self._put(longer)
        return longer

    def release(self, lease: Lease) -> None:
        """Give it back; giving back a lost lease is no error. The epoch stays, so that the next one is higher."""
        with self._writing():
            self._db.execute(
                "UPDATE leases SET holder = '' WHERE name = ? AND epoch = ? AND holder = ?",
                (lease.name, lease.epoch, lease.holder),
            )

    def halted(self) -> bool:
        """Whether the last lever pulled was a halt."""
        halt, resumption = self.last("halted"), self.last("resumed")
        return halt is not None and (resumption is None or resumption.seq < halt.seq)

    def publish(self) -> None:
        """Bring the derived tables up to the head of the ledger. Raises Unavailable."""
        from trimtab.adapters.stores import derived  # SQLAlchemy is slow to import

        with files.reached(self.path, "read into its tables"):
            derived.publish(self._db, self)

    def rebuild(self) -> None:
        """Drop the derived tables and fill them again from the first entry. Raises Unavailable."""
        from trimtab.adapters.stores import derived  # SQLAlchemy is slow to import

        with files.reached(self.path, "read into its tables"):
            derived.rebuild(self._db, self)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _end(self) -> tuple[int, str]:
        last = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return last or (0, seal.START)

    def _lease(self, name: str) -> Lease | None:
        found = self._db.execute("SELECT holder, epoch, expires FROM leases WHERE name = ?", (name,)).fetchone()
        if found is None:
            return None
        return Lease(name=name, holder=found[0], epoch=found[1], expires=datetime.fromisoformat(found[2]))

    def _put(self, lease: Lease) -> None:
        self._db.execute(
            "INSERT INTO leases VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
            "SET holder = excluded.holder, epoch = excluded.epoch, expires = excluded.expires",
            (lease.name, lease.holder, lease.epoch, seal.stamp(lease.expires)),
        )

    def _one(self, query: str, arguments: tuple[int | str, ...]) -> Entry | None:
        with files.reached(self.path, "read"):
            row = self._db.execute(query, arguments).fetchone()
        return record.entry(row) if row else None

    def _rows(self, after: int, cycle: str | None, kinds: tuple[str, ...]) -> Iterator[seal.Row]:
        query = f"SELECT {COLUMNS} FROM entries WHERE {_where(cycle, kinds)} ORDER BY seq LIMIT {PAGE_ROWS}"  # noqa: S608
        arguments = (*(() if cycle is None else (cycle,)), *kinds)
        while page := self._page(query, (after, *arguments)):
            yield from page
            after = page[-1][0]

    def _page(self, query: str, arguments: tuple[int | str, ...]) -> list[seal.Row]:
        with files.reached(self.path, "read"):
            try:
                return self._db.execute(query, arguments).fetchall()
            except sqlite3.OperationalError as error:
                if "decode" not in str(error):
                    raise
            # A tampered text that is not UTF-8 must reach `seal.faults`, which names its entry.
            return files.fetch_undecoded(self._db, query, arguments)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that either commits or leaves no trace. Raises Unavailable."""
        with files.reached(self.path, "written"), files.transaction(self._db):
            yield


def open_store(path: Path, fund: str, now: Now = wall) -> SqliteStore:
    """Open the ledger of a fund to write in it, making or migrating it first.

    Raises ValueError for another fund's ledger or a file that is no ledger, Unavailable where the file cannot be
    opened or written.
    """
    with files.reached(path, "opened"):
        db = files.connect(path)
        try:
            version = files.version(db, path)
            files.make_durable(db)
            if version != files.SCHEMA:
                _migrate(db, fund, now)
            _require_fund(db, path, fund)
        except BaseException:
            db.close()
            raise
    return SqliteStore(path, db, now)


def open_readonly(path: Path, fund: str | None = None) -> SqliteStore:
    """Open a ledger for commands that only read: nothing is made, migrated or leased, and writing is refused.

    Raises ValueError where there is no ledger of this version and fund, Unavailable.
    """
    if not path.exists():
        raise ValueError(f"{path}: there is no ledger yet; the fund's first `trimtab run` makes it")
    with files.reached(path, "opened"):
        db = files.connect_to_read(path)
        try:
            if files.version(db, path) != files.SCHEMA:
                raise ValueError(f"{path}: this ledger is of an older version; the next `trimtab run` migrates it")
            if fund is not None:
                _require_fund(db, path, fund)
        except BaseException:
            db.close()
            raise
    return SqliteStore(path, db)


def _migrate(db: sqlite3.Connection, fund: str, now: Now) -> None:
    from trimtab.adapters.stores import migrate  # Alembic is slow to import

    migrate.upgrade(db, lambda: _finish(db, fund, now))


def _finish(db: sqlite3.Connection, fund: str, now: Now) -> None:
    """Mark the file, and begin its chain where it has none yet."""
    db.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {files.SCHEMA}")
    if db.execute("SELECT 1 FROM entries LIMIT 1").fetchone() is None:
        _insert(db, [genesis.row(fund, now())])


def _require_fund(db: sqlite3.Connection, path: Path, fund: str) -> None:
    row = db.execute(f"SELECT {COLUMNS} FROM entries WHERE seq = 1").fetchone()  # noqa: S608
    try:
        found = decode(row[6], Genesis).fund if row else None
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: its first entry cannot be read ({error}); `trimtab verify` says more") from error
    if found is None:
        raise ValueError(f"{path}: the ledger has lost its first entry; restore it from a copy")
    if found != fund:
        raise ValueError(f"{path}: this is the ledger of fund {found!r}, not of {fund!r}; {files.ELSEWHERE}")


def _insert(db: sqlite3.Connection, rows: list[seal.Row]) -> None:
    for first in range(0, len(rows), INSERT_ROWS):
        some = rows[first : first + INSERT_ROWS]
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(some))
        db.execute(f"INSERT INTO entries VALUES {places}", [value for row in some for value in row])  # noqa: S608


def _where(cycle: str | None, kinds: tuple[str, ...]) -> str:
    of_cycle = "" if cycle is None else " AND cycle = ?"
    of_kinds = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    indexed = f" AND {files.RARE}" if kinds and files.FREQUENT.isdisjoint(kinds) else ""
    return f"seq > ?{of_cycle}{of_kinds}{indexed}"
