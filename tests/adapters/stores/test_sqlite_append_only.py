"""Append-only: SQL of any shape can add at the ledger's end and do nothing else."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledgers import faults, lever
from trimtab.adapters.stores import files
from trimtab.adapters.stores.sqlite import open_readonly, open_store

ROW = "'t', '', 'halted', 1, 0, x'00', 'p', 'h'"

CHANGES = (
    "UPDATE entries SET body = x'00' WHERE seq = 2",
    "UPDATE entries SET seq = 99 WHERE seq = 2",
    "UPDATE entries SET rowid = 99 WHERE seq = 2",
    "UPDATE entries SET rowid = -rowid",
    "UPDATE OR REPLACE entries SET seq = 3 WHERE seq = 2",
    "UPDATE OR IGNORE entries SET body = x'00'",
    "UPDATE entries SET body = o.body FROM entries AS o WHERE o.seq = 1",
    "DELETE FROM entries WHERE seq = 4",
    "DELETE FROM entries",
    f"INSERT INTO entries VALUES (2, {ROW})",
    f"INSERT INTO entries VALUES (4, {ROW})",
    f"INSERT INTO entries VALUES (6, {ROW})",
    f"INSERT INTO entries VALUES (0, {ROW})",
    f"INSERT INTO entries VALUES (-1, {ROW})",
    f"INSERT INTO entries VALUES (NULL, {ROW})",
    f"INSERT INTO entries (at, cycle, kind, version, epoch, body, prev, hash) VALUES ({ROW})",
    f"INSERT OR REPLACE INTO entries VALUES (2, {ROW})",
    f"INSERT OR REPLACE INTO entries VALUES (4, {ROW})",
    f"INSERT OR REPLACE INTO entries VALUES (NULL, {ROW})",
    f"INSERT OR IGNORE INTO entries VALUES (2, {ROW})",
    f"INSERT OR ROLLBACK INTO entries VALUES (2, {ROW})",
    f"REPLACE INTO entries VALUES (4, {ROW})",
    f"INSERT INTO entries VALUES (4, {ROW}) ON CONFLICT (seq) DO UPDATE SET body = x'00'",
    f"INSERT INTO entries VALUES (4, {ROW}) ON CONFLICT DO NOTHING",
    f"INSERT INTO entries (rowid, at, cycle, kind, version, epoch, body, prev, hash) VALUES (4, {ROW})",
    f"INSERT INTO entries VALUES (5, {ROW}), (4, {ROW})",
    "INSERT OR REPLACE INTO entries SELECT seq, at, cycle, kind, version, epoch, x'00', prev, hash FROM entries",
)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "alpha.db"
    with closing(open_store(made, "alpha")) as store:
        store.append([lever(), lever("resumed"), lever()], None)
    yield made
    with closing(open_readonly(made)) as store:
        assert faults(store) == []
        assert len(list(store.entries())) == 4


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_not_an_addition_at_the_end_fails(path: Path, change: str, recursive: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA recursive_triggers = {recursive}")
        with pytest.raises(sqlite3.IntegrityError, match=r"the ledger only grows|entries are never"):
            db.execute(change)
        db.commit()


def ledger_with_a_second_unique_key(path: Path, recursive: str) -> sqlite3.Connection:
    """Two entries, whose hashes must differ."""
    with closing(open_store(path, "alpha")) as store:
        store.append([lever()], None)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA recursive_triggers = {recursive}")
    db.execute("CREATE UNIQUE INDEX one_hash ON entries (hash)")
    return db


REPLACING = """
    INSERT OR REPLACE INTO entries SELECT 3, at, cycle, kind, 1, 0, body, prev, hash FROM entries WHERE seq = 2
"""


def test_a_second_unique_key_would_let_replace_remove_an_entry_unseen_by_the_triggers(tmp_path: Path) -> None:
    with closing(ledger_with_a_second_unique_key(tmp_path / "alpha.db", "OFF")) as db:
        db.execute(REPLACING)

        assert db.execute("SELECT seq FROM entries ORDER BY seq").fetchall() == [(1,), (3,)]


def test_recursive_triggers_would_still_stop_it(tmp_path: Path) -> None:
    with closing(ledger_with_a_second_unique_key(tmp_path / "alpha.db", "ON")) as db:
        with pytest.raises(sqlite3.IntegrityError, match="never removed"):
            db.execute(REPLACING)

        assert db.execute("SELECT seq FROM entries ORDER BY seq").fetchall() == [(1,), (2,)]


def test_seq_is_the_only_unique_key_of_the_ledger(path: Path) -> None:
    with closing(files.connect(path)) as db:
        unique = [name for _, name, is_unique, *_ in db.execute("PRAGMA index_list('entries')") if is_unique]
        keys = [name for _, name, kind, _, _, key in db.execute("PRAGMA table_info('entries')") if key]

    assert (unique, keys) == ([], ["seq"])
