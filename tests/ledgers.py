"""Ledgers, entries and wall time for tests of stores, in the domain's words."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trimtab.adapters.stores.memory import MemoryStore
from trimtab.adapters.stores.sqlite import SqliteStore
from trimtab.model.ledger import Draft, Entry, Happened, Lever
from trimtab.model.orders import Tick
from trimtab.record import entries, seal

T0 = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Wall:
    """A wall clock that stands until it is moved."""

    at: datetime = T0

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


def tick(second: int, cycle: str = "1") -> Draft:
    """A small fact of a run."""
    return entries.draft("happened", cycle, Happened(events=(Tick(at=T0 + timedelta(seconds=second)),)))


def lever(kind: str = "halted") -> Draft:
    """A person's lever."""
    return entries.draft(kind, "", Lever(by="Ann", because="the venue looks odd"))


def redrafted(written: Iterable[Entry]) -> list[Draft]:
    """Entries as the drafts they once were."""
    return [Draft(cycle=entry.cycle, kind=entry.kind, version=entry.version, body=entry.body) for entry in written]


def faults(store: SqliteStore | MemoryStore) -> list[int]:
    """The numbers that verify names."""
    return [fault.seq for fault in seal.faults(store.rows())]


def seqs(written: Iterable[Entry]) -> list[int]:
    """The numbers of entries."""
    return [entry.seq for entry in written]


def dead_process() -> str:
    """The holder that a process was before it died."""
    said = "from trimtab.adapters.stores.holders import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.strip()
