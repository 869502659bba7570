"""A store that is full, read-only or refuses: the error names the file, and nothing is half-written."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.ledgers import faults, lever, seqs, tick
from trimtab.adapters.stores import files
from trimtab.adapters.stores.seals import SealFile
from trimtab.adapters.stores.sqlite import SqliteStore, open_readonly, open_store
from trimtab.model.ledger import Lease
from trimtab.ports import Unavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "fund"
    folder.mkdir()
    with closing(open_store(folder / "alpha.db", "alpha")) as store:
        store.append([lever()], None)
    return folder / "alpha.db"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The folder on a disk that nobody can write to; modes do not stop root, so root mounts it so."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        (folder / "alpha.db").chmod(0o444)
        yield
        folder.chmod(0o755)
        return
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_read_only_disk_is_unavailable_to_a_writer_and_names_the_file(path: Path) -> None:
    with read_only(path.parent), pytest.raises(Unavailable, match=str(path)):
        open_store(path, "alpha")


def test_a_read_only_disk_can_be_read_and_verified(path: Path) -> None:
    with read_only(path.parent), closing(open_readonly(path, "alpha")) as store:
        assert faults(store) == []
        assert seqs(store.entries()) == [1, 2]


def test_a_disk_that_turns_read_only_keeps_what_it_has(path: Path) -> None:
    store = open_store(path, "alpha")
    with read_only(path.parent), closing(open_readonly(path)) as reader:
        assert seqs(reader.entries()) == [1, 2]
        with pytest.raises(Unavailable, match=r"seals\.txt"):
            SealFile(path.with_name("seals.txt")).keep("2:" + "a" * 64)
    store.close()


def test_entries_that_only_a_writable_disk_could_show_are_never_left_out_silently(path: Path) -> None:
    writer = open_store(path, "alpha")
    writer.append([lever("resumed")], None)
    copied = path.parent.parent / "copy"
    copied.mkdir()
    for name in ("alpha.db", "alpha.db-wal"):
        (copied / name).write_bytes((path.parent / name).read_bytes())
    writer.close()

    with read_only(copied), pytest.raises(Unavailable, match=r"alpha\.db-wal holds entries"):
        open_readonly(copied / "alpha.db")


def test_a_full_store_is_unavailable_and_nothing_is_half_written(path: Path) -> None:
    with closing(files.connect(path)) as db:
        files.make_durable(db)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 2}")
        store = SqliteStore(path, db)
        lease = store.acquire("cycle", "one", 30)
        with pytest.raises(Unavailable, match=f"{path}.*full"):
            store.append([tick(n) for n in range(500)], lease)
        assert seqs(store.entries()) == [1, 2]

        db.execute("PRAGMA max_page_count = 100000")
        store.append([tick(n) for n in range(500)], lease)
        assert faults(store) == []
        assert len(list(store.entries())) == 502


def write_until_full(store: SqliteStore, lease: Lease) -> int:
    """Write until the store refuses; the number of the last entry that was acknowledged."""
    acknowledged = 0
    with suppress(Unavailable):
        while True:
            acknowledged = store.append([tick(0), tick(1)], lease)[-1].seq
    return acknowledged


def test_a_store_that_fills_up_entry_by_entry_keeps_every_one_it_acknowledged(path: Path) -> None:
    with closing(files.connect(path)) as db:
        files.make_durable(db)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 5}")
        store = SqliteStore(path, db)
        lease = store.acquire("cycle", "one", 30)
        acknowledged = write_until_full(store, lease)

    with closing(open_readonly(path)) as reader:
        assert faults(reader) == []
        assert seqs(reader.entries()) == list(range(1, acknowledged + 1))
        assert acknowledged > 10


def test_a_write_that_fails_in_the_middle_of_a_commit_leaves_no_trace(path: Path) -> None:
    """The same as an unwritable disk, wherever the tests run: the third entry of a commit is refused."""
    with closing(open_store(path, "alpha")) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON entries WHEN NEW.seq = 5 BEGIN SELECT RAISE(FAIL, 'no'); END"
        )
        lease = store.acquire("cycle", "one", 30)
        with pytest.raises(Unavailable, match=f"{path}: the ledger cannot be written: no; nothing was stored"):
            store.append([tick(n) for n in range(5)], lease)
        assert seqs(store.entries()) == [1, 2]

        other.execute("DROP TRIGGER broken")
        assert seqs(store.append([tick(n) for n in range(5)], lease)) == [3, 4, 5, 6, 7]
        assert faults(store) == []
