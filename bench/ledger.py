"""Figures of the ledger, one JSON line each: appends against the disk's own rate, encoding, and verify.

    python bench/ledger.py [FOLDER] [ENTRIES]

FOLDER must be on the disk that matters (default: here), ENTRIES is the size of the ledger that verify reads.
"""

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from trimtab.adapters.stores.holders import this_process
from trimtab.adapters.stores.sqlite import SqliteStore, open_store
from trimtab.model.canonical import digest
from trimtab.model.ledger import Happened, Lease
from trimtab.model.orders import Answered, Fill, OrderState, OrderStatus, Side
from trimtab.record import entries, seal

RUNS: Final = 9
SINGLE: Final = 400
GROUPS: Final = 100
GROUP: Final = 100
ENCODED: Final = 5_000
AT: Final = datetime(2026, 1, 5, 12, 0, 0, 123456, UTC)


def happened(number: int) -> Happened:
    """What one answer to an order leaves in the ledger."""
    fill = Fill(
        id=f"t{number}",
        order_id=f"{number:032x}",
        account="alpha-main",
        instrument="alpha:BTC/USDT",
        side=Side.BUY,
        amount=Decimal("0.01234567"),
        price=Decimal("60012.34"),
        fee=Decimal("0.00001234567"),
        fee_asset="BTC",
        at=AT + timedelta(seconds=number),
    )
    state = OrderState(order_id=fill.order_id, status=OrderStatus.FILLED, filled=fill.amount, fills=(fill,), at=fill.at)
    return Happened(events=(Answered(state=state),))


def timed(work: Callable[[], None]) -> float:
    """Seconds that a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def say(name: str, value: float, unit: str, **more: float) -> None:
    """Print one figure."""
    rounded = {key: round(figure, 4) for key, figure in more.items()}
    sys.stdout.write(json.dumps({"bench": f"ledger.{name}", "value": round(value, 4), "unit": unit, **rounded}) + "\n")
    sys.stdout.flush()


def write_raw(path: Path, lines: list[bytes]) -> None:
    """Append each line to a file and wait for the disk each time: what the disk itself can do."""
    with path.open("ab", buffering=0) as file:
        for line in lines:
            file.write(line)
            os.fdatasync(file.fileno())


def write_groups(store: SqliteStore, lease: Lease, facts: list[Happened], size: int) -> None:
    """Draft and append facts, `size` to a commit."""
    for first in range(0, len(facts), size):
        store.append([entries.draft("happened", "1", fact) for fact in facts[first : first + size]], lease)


def compare_appends(folder: Path) -> None:
    """One by one and in groups of 100, interleaved with the raw rate in the same process."""
    store = open_store(folder / "appends.db", "bench")
    lease = store.acquire("cycle", this_process(), 3600)
    facts = [happened(n) for n in range(GROUPS * GROUP)]
    few = facts[:SINGLE]
    lines = [entries.draft("happened", "1", fact).body for fact in few]
    rates: dict[str, list[float]] = {"raw": [], "single": [], "group": []}
    for _ in range(RUNS):
        rates["raw"].append(SINGLE / timed(lambda: write_raw(folder / "raw", lines)))
        rates["single"].append(SINGLE / timed(lambda: write_groups(store, lease, few, 1)))
        rates["group"].append(len(facts) / timed(lambda: write_groups(store, lease, facts, GROUP)))
    store.close()
    raw, single, group = (statistics.median(rates[name]) for name in ("raw", "single", "group"))
    say("raw_fdatasync", raw, "appends/s")
    say("append_one_by_one", single / raw, "x raw", per_s=single, line=0.6, stretch=0.8)
    say("append_groups_of_100", group / raw, "x raw", per_s=group, line=15, stretch=20)


def compare_encoding() -> None:
    """Canonical bytes and their hash, against sorted json.dumps of a dict that is converted already."""
    nouns = [happened(n) for n in range(ENCODED)]
    converted = [msgspec.to_builtins(noun) for noun in nouns]
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(ENCODED / timed(lambda: [digest(noun) for noun in nouns].clear()))
        theirs.append(ENCODED / timed(lambda: [plain_digest(dictionary) for dictionary in converted].clear()))
    rate, other = statistics.median(ours), statistics.median(theirs)
    say("encode_and_hash", rate / other, "x json.dumps", per_s=rate, line=2)


def plain_digest(dictionary: object) -> str:
    """What one would write without msgspec."""
    return hashlib.sha256(json.dumps(dictionary, sort_keys=True).encode()).hexdigest()


def time_verify(folder: Path, count: int) -> None:
    """Verify a long ledger from its file, every entry."""
    store = open_store(folder / "long.db", "bench")
    lease = store.acquire("cycle", this_process(), 3600)
    facts = [happened(n) for n in range(10_000)]
    building = timed(lambda: [write_groups(store, lease, facts, 1_000) for _ in range(count // len(facts))].clear())
    found: list[seal.Fault] = []
    taken = timed(lambda: found.extend(seal.faults(store.rows())))
    assert not found, found[:3]
    store.close()
    say("append_groups_of_1000", count / building, "entries/s")
    say("verify", taken, "s", entries=count, line=10.0 * count / 1_000_000)


def main() -> None:
    """Run every figure."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory(dir=where, prefix=".bench-") as name:
        compare_appends(Path(name))
        compare_encoding()
        time_verify(Path(name), count)


if __name__ == "__main__":
    main()
