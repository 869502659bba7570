"""Tampering with the file itself, triggers dropped: verify names the entry, whatever was done to it."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledgers import Wall, faults, lever, tick
from trimtab.adapters.stores.sqlite import open_readonly, open_store
from trimtab.record import seal

LENGTH = 200


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of 200 entries whose guards are gone."""
    path = tmp_path_factory.mktemp("sound") / "alpha.db"
    with closing(open_store(path, "alpha", Wall())) as store:
        lease = store.acquire("cycle", "one", 30)
        for n in range(0, LENGTH - 1, 3):
            store.append([tick(n), lever(), tick(n + 1, "ü")][: LENGTH - 1 - n], lease)
        assert len(list(store.rows())) == LENGTH
    with closing(sqlite3.connect(path)) as db:
        for name in ("entries_stay", "entries_remain", "entries_follow"):
            db.execute(f"DROP TRIGGER {name}")
    return path


@pytest.fixture
def db(sound: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    shutil.copy(sound, tmp_path / "alpha.db")
    with closing(sqlite3.connect(tmp_path / "alpha.db", isolation_level=None)) as copied:
        yield copied


def named(db: sqlite3.Connection) -> list[int]:
    (_, _, path) = db.execute("PRAGMA database_list").fetchone()
    with closing(open_readonly(Path(path))) as store:
        return faults(store)


def test_the_ledger_is_sound_before_anyone_touches_it(db: sqlite3.Connection) -> None:
    assert named(db) == []


def test_a_changed_byte_in_the_file_is_named(db: sqlite3.Connection) -> None:
    """A sample over the file; every byte is tried on rows in tests/record/test_seal.py."""
    chosen = random.Random(7)
    for _ in range(60):
        seq, column = chosen.randint(1, LENGTH), chosen.choice(("at", "kind", "body", "prev", "hash"))
        (value,) = db.execute(f"SELECT CAST({column} AS BLOB) FROM entries WHERE seq = ?", (seq,)).fetchone()
        at = chosen.randrange(len(value))
        changed = value[:at] + bytes([value[at] ^ chosen.randint(1, 255)]) + value[at + 1 :]
        typed = "?" if column == "body" else "CAST(? AS TEXT)"
        db.execute("BEGIN")
        db.execute(f"UPDATE entries SET {column} = {typed} WHERE seq = ?", (changed, seq))
        db.execute("COMMIT")
        assert named(db) == [seq], (seq, column, at)
        back = "?" if column == "body" else "CAST(? AS TEXT)"
        db.execute(f"UPDATE entries SET {column} = {back} WHERE seq = ?", (value, seq))
    assert named(db) == []


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        ("version", "x'31'"),
        ("version", "1.5"),
        ("epoch", "'one'"),
        ("epoch", "x'31'"),
        ("at", "CAST(at AS BLOB)"),
        ("kind", "CAST(kind AS BLOB)"),
        ("cycle", "CAST(cycle AS BLOB)"),
        ("body", "CAST(body AS TEXT)"),
        ("prev", "CAST(prev AS BLOB)"),
        ("hash", "CAST(hash AS BLOB)"),
        ("hash", "upper(hash)"),
        ("cycle", "CAST(x'ff' AS TEXT)"),
        ("kind", "kind || char(0)"),
        ("at", "replace(at, 'Z', '+00:00')"),
    ],
)
def test_the_same_value_stored_in_another_way_is_named(db: sqlite3.Connection, column: str, stored: str) -> None:
    db.execute(f"UPDATE entries SET {column} = {stored} WHERE seq = 120")

    assert named(db) == [120]


def test_a_text_one_for_an_integer_one_is_named_even_if_the_table_was_redefined(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_master SET sql = replace(sql, 'version INTEGER', 'version BLOB') WHERE name = 'entries'")
    db.execute("PRAGMA writable_schema = RESET")
    db.execute("UPDATE entries SET version = '1' WHERE seq = 120")

    assert named(db) == [120]


def test_a_removed_entry_is_named(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM entries WHERE seq = 77")

    assert named(db) == [77]


def test_two_entries_that_changed_places_are_named(db: sqlite3.Connection) -> None:
    for was, becomes in ((77, -1), (78, 77), (-1, 78)):
        db.execute("UPDATE entries SET seq = ? WHERE seq = ?", (becomes, was))

    assert named(db)[:2] == [77, 78]


def test_an_entry_put_in_is_named(db: sqlite3.Connection) -> None:
    db.execute("UPDATE entries SET seq = -seq WHERE seq >= 77")
    db.execute("UPDATE entries SET seq = 1 - seq WHERE seq < 0")
    db.execute(
        "INSERT INTO entries SELECT 77, at, cycle, kind, version, epoch, body, prev, hash FROM entries WHERE seq = 76"
    )

    assert 77 in named(db)


def test_a_cut_tail_is_found_by_an_outside_seal_alone(db: sqlite3.Connection, sound: Path) -> None:
    with closing(open_readonly(sound)) as store:
        head = store.head()
    assert head is not None
    db.execute("DELETE FROM entries WHERE seq > 190")

    assert named(db) == []
    (_, _, path) = db.execute("PRAGMA database_list").fetchone()
    with closing(open_readonly(Path(path))) as store:
        stored = {row[0]: row[8] for row in store.rows()}
    assert seal.unmet(seal.seal(head), stored, 190) == "entry 200 was sealed and is not there: the ledger ends at 190"
