"""Opening a ledger: what is made, what is refused, and what reading leaves behind."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledgers import Wall, faults, lever, seqs
from trimtab.adapters.stores import files
from trimtab.adapters.stores.sqlite import SqliteStore, _where, open_readonly, open_store
from trimtab.model.ledger import noun
from trimtab.ports import Unavailable

OPENING = """
import sys
from pathlib import Path
from trimtab.adapters.stores.sqlite import open_store
with_levers = open_store(Path(sys.argv[1]), "alpha")
from trimtab.model.ledger import Lever
from trimtab.record.entries import draft
for n in range(20):
    with_levers.append([draft("halted", "", Lever(by=sys.argv[2], because=str(n)))], None)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alpha.db"


def make(path: Path, entries: int = 0) -> None:
    with closing(open_store(path, "alpha", Wall())) as store:
        store.append([lever() for _ in range(entries)], None)


def run(code: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout


def test_a_ledger_is_found_again_as_it_was_left(path: Path) -> None:
    make(path, 3)

    with closing(open_store(path, "alpha")) as store:
        assert seqs(store.entries()) == [1, 2, 3, 4]
        assert faults(store) == []


def test_another_funds_ledger_is_refused_with_both_names(path: Path) -> None:
    make(path)

    for opening in (open_store, open_readonly):
        with pytest.raises(ValueError, match=r"alpha\.db: this is the ledger of fund 'alpha', not of 'beta'"):
            opening(path, "beta")


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("targets = [1, 2, 3]\n" * 200)
    before = path.read_bytes()

    for opening in (open_store, open_readonly):
        with pytest.raises(ValueError, match=r"alpha\.db: not a ledger"):
            opening(path, "alpha")
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")
    before = path.read_bytes()

    for opening in (open_store, open_readonly):
        with pytest.raises(ValueError, match=r"alpha\.db: a database of another program"):
            opening(path, "alpha")
    assert path.read_bytes() == before


def test_a_ledger_of_a_newer_version_is_refused(path: Path) -> None:
    make(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {files.SCHEMA + 1}")

    for opening in (open_store, open_readonly):
        with pytest.raises(ValueError, match="written by a newer trimtab"):
            opening(path, "alpha")


def test_a_ledger_whose_first_entry_is_unreadable_is_refused_for_work_and_opened_for_verify(path: Path) -> None:
    make(path, 2)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER entries_stay")
        db.execute("UPDATE entries SET body = x'00' WHERE seq = 1")
        db.commit()

    with pytest.raises(ValueError, match="first entry cannot be read"):
        open_store(path, "alpha")
    with closing(open_readonly(path)) as store:
        assert faults(store) == [1]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"missing/alpha\.db: the ledger cannot be opened"):
        open_store(tmp_path / "missing" / "alpha.db", "alpha")


def test_reading_where_there_is_no_ledger_makes_none(path: Path) -> None:
    with pytest.raises(ValueError, match=r"alpha\.db: there is no ledger yet"):
        open_readonly(path, "alpha")
    assert list(path.parent.iterdir()) == []


def test_a_reader_reads_everything_and_leaves_nothing_behind(path: Path) -> None:
    make(path, 2)

    with closing(open_readonly(path, "alpha")) as store:
        assert seqs(store.entries()) == [1, 2, 3]
        assert store.halted()
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_may_not_write(path: Path) -> None:
    make(path)

    with closing(open_readonly(path, "alpha")) as store:
        for writing in (
            lambda: store.append([lever()], None),
            lambda: store.acquire("cycle", "one", 30),
            store.publish,
            store.rebuild,
        ):
            with pytest.raises(Unavailable, match=r"alpha\.db"):
                writing()
        assert seqs(store.entries()) == [1]


def test_a_reader_sees_what_a_writer_adds_and_does_not_stop_it(path: Path) -> None:
    with closing(open_store(path, "alpha")) as store, closing(open_readonly(path, "alpha")) as reader:
        reading = reader.entries()
        next(reading)
        store.append([lever()], None)

        assert seqs(reader.entries()) == [1, 2]
        assert seqs(reading) == [2]


def test_a_reader_sees_what_a_killed_writer_had_committed(path: Path) -> None:
    said = "import os, signal\n" + OPENING + "os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", said, str(path), "Ann"], check=False)
    assert path.with_name("alpha.db-wal").stat().st_size > 0

    with closing(open_readonly(path, "alpha")) as reader:
        assert seqs(reader.entries()) == list(range(1, 22))


def test_processes_that_make_one_ledger_at_once_make_one_and_share_it(path: Path) -> None:
    people = [f"person{n}" for n in range(4)]
    working = [subprocess.Popen([sys.executable, "-c", OPENING, str(path), name]) for name in people]

    assert [process.wait(60) for process in working] == [0, 0, 0, 0]
    with closing(open_readonly(path, "alpha")) as store:
        assert faults(store) == []
        assert len(list(store.entries(kinds=("genesis",)))) == 1
        by = [noun(entry).by for entry in store.entries(kinds=("halted",))]
        assert sorted(by) == sorted(name for name in people for _ in range(20))


def test_opening_a_ledger_that_is_up_to_date_imports_neither_sqlalchemy_nor_alembic(path: Path) -> None:
    make(path)

    listed = run(OPENING + "\nprint([m for m in ('sqlalchemy', 'alembic') if m in sys.modules])", str(path), "Ann")

    assert listed.strip() == "[]"


def test_commits_are_flushed_and_triggers_fire_on_replace(path: Path) -> None:
    with closing(files.connect(path)) as db:
        files.make_durable(db)
        asked = ("journal_mode", "synchronous", "recursive_triggers")
        assert [db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == ["wal", 2, 1]


def test_a_locked_ledger_is_unavailable_and_nothing_is_lost(path: Path) -> None:
    make(path)
    with closing(files.connect(path)) as db, closing(sqlite3.connect(path, isolation_level=None)) as other:
        db.execute("PRAGMA busy_timeout = 1")
        store = SqliteStore(path, db)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            store.append([lever()], None)
        other.execute("ROLLBACK")
        store.append([lever()], None)

        assert seqs(store.entries()) == [1, 2]


@pytest.mark.parametrize("kinds", [("closed",), ("halted", "resumed")])
def test_rare_entries_are_found_by_an_index(path: Path, kinds: tuple[str, ...]) -> None:
    make(path)
    query = f"EXPLAIN QUERY PLAN SELECT * FROM entries WHERE {_where(None, kinds)} ORDER BY seq DESC LIMIT 1"
    with closing(sqlite3.connect(path)) as db:
        steps = [step for *_, step in db.execute(query, (0, *kinds))]

    assert "USING INDEX entries_kind" in steps[0]
