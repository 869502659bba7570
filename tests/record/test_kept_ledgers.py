"""Ledgers written by earlier versions, kept as text: they verify, are read, and replay, for ever."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from trimtab.adapters.stores.sqlite import open_readonly, open_store
from trimtab.cycle.replay import replay
from trimtab.model.canonical import encode
from trimtab.model.ledger import noun
from trimtab.record import entries, seal
from trimtab.record.seal import Row

KEPT = sorted((Path(__file__).parent / "fixtures").glob("*.jsonl.gz"))


def rows(kept: Path) -> Iterator[Row]:
    """The rows of a kept ledger, as they were stored."""
    for line in gzip.decompress(kept.read_bytes()).decode().splitlines():
        seq, at, cycle, kind, version, epoch, body, prev, hash_ = json.loads(line)
        yield (seq, at, cycle, kind, version, epoch, body.encode(), prev, hash_)


def test_there_is_a_kept_ledger() -> None:
    assert KEPT


@pytest.mark.parametrize("kept", KEPT, ids=lambda k: k.name)
def test_a_kept_ledger_verifies(kept: Path) -> None:
    assert list(seal.faults(rows(kept))) == []


@pytest.mark.parametrize("kept", KEPT, ids=lambda k: k.name)
def test_every_entry_of_a_kept_ledger_is_read_and_has_the_same_bytes_today(kept: Path) -> None:
    for entry in map(entries.entry, rows(kept)):
        assert encode(noun(entry)) == entry.body, entry.kind


@pytest.mark.parametrize("kept", KEPT, ids=lambda k: k.name)
def test_every_cycle_of_a_kept_ledger_replays(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    open_store(path, "paper").close()
    with closing(sqlite3.connect(path)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM entries")
        db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows(kept))
    with closing(open_readonly(path, "paper")) as store:
        for cycle in ("1", "2"):
            assert replay(store, cycle).holds
