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
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from trimtab.adapters.stores.holders import this_process
from trimtab.adapters.stores.sqlite import SqliteStore, open_store
from trimtab.model.canonical import Noun, digest
from trimtab.model.ledger import Draft, Happened, Intended, Lease
from trimtab.model.orders import (
    Answered,
    Fill,
    Order,
    OrderKind,
    OrderState,
    OrderStatus,
    Place,
    Side,
    Tick,
    TimeInForce,
)
from trimtab.record import entries, seal

RUNS: Final = 9
SINGLE: Final = 400
GROUPED: Final = 12_000
GROUP: Final = 100
ENCODED: Final = 6_000
AT: Final = datetime(2026, 1, 5, 12, 0, 0, 123456, UTC)

Fact = tuple[str, Noun]


def slice_facts(number: int) -> list[Fact]:
    """What one slice of an order leaves in the ledger: a tick, an intention, an answer; 300 bytes on average."""
    at = AT + timedelta(seconds=number)
    order = Order(
        id=f"{number:032x}",
        leg="l12",
        slice=number,
        attempt=0,
        account="alpha-main",
        instrument="alpha:BTC/USDT",
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.IOC,
        amount=Decimal("0.01234567"),
        limit_price=Decimal("60312.34"),
        valid_until=at + timedelta(seconds=5),
    )
    fill = Fill(
        id=f"t{number}",
        order_id=order.id,
        account=order.account,
        instrument=order.instrument,
        side=Side.BUY,
        amount=order.amount,
        price=Decimal("60012.34"),
        fee=Decimal("0.00001234567"),
        fee_asset="BTC",
        at=at,
    )
    state = OrderState(order_id=order.id, status=OrderStatus.FILLED, filled=fill.amount, fills=(fill,), at=at)
    return [
        ("happened", Happened(events=(Tick(at=at),))),
        ("intended", Intended(commands=(Place(order=order),))),
        ("happened", Happened(events=(Answered(state=state),))),
    ]


def history(count: int) -> list[Fact]:
    """So many facts of a run."""
    return [fact for number in range(count // 3) for fact in slice_facts(number)]


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def say(name: str, value: float, unit: str, **more: float) -> None:
    """Print one figure."""
    rounded = {key: round(figure, 4) for key, figure in more.items()}
    print(json.dumps({"bench": f"ledger.{name}", "value": round(value, 4), "unit": unit, **rounded}), flush=True)


def write_raw(path: Path, lines: Sequence[bytes]) -> None:
    """Append each line to a file and wait for the disk each time: what the disk itself can do."""
    with path.open("ab", buffering=0) as file:
        for line in lines:
            file.write(line)
            os.fdatasync(file.fileno())


def write_drafts(store: SqliteStore, lease: Lease, drafts: Sequence[Draft], size: int) -> None:
    """Append drafts, `size` to a commit."""
    for first in range(0, len(drafts), size):
        store.append(drafts[first : first + size], lease)


def write_facts(store: SqliteStore, lease: Lease, facts: Sequence[Fact], size: int) -> None:
    """Encode facts as drafts and append them, `size` to a commit."""
    for first in range(0, len(facts), size):
        some = facts[first : first + size]
        store.append([entries.draft(kind, "1", fact) for kind, fact in some], lease)


def compare_appends(folder: Path) -> None:
    """One by one and in groups of 100, interleaved with the raw rate in the same process."""
    store = open_store(folder / "appends.db", "bench")
    lease = store.acquire("cycle", this_process(), 3600)
    facts = history(GROUPED)
    drafts = [entries.draft(kind, "1", fact) for kind, fact in facts]
    lines = [draft.body for draft in drafts[:SINGLE]]
    rates: dict[str, list[float]] = {"raw": [], "single": [], "group": [], "facts": []}
    for _ in range(RUNS):
        rates["raw"].append(SINGLE / timed(lambda: write_raw(folder / "raw", lines)))
        rates["single"].append(SINGLE / timed(lambda: write_facts(store, lease, facts[:SINGLE], 1)))
        rates["group"].append(GROUPED / timed(lambda: write_drafts(store, lease, drafts, GROUP)))
        rates["facts"].append(GROUPED / timed(lambda: write_facts(store, lease, facts, GROUP)))
    store.close()
    raw, single, group, with_encoding = (statistics.median(found) for found in rates.values())
    say("raw_fdatasync", raw, "appends/s", bytes_each=statistics.mean(map(len, lines)))
    say("append_one_by_one", single / raw, "x raw", per_s=single, line=0.6, stretch=0.8)
    say("append_groups_of_100", group / raw, "x raw", per_s=group, line=15, stretch=20)
    say("append_groups_of_100_with_encoding", with_encoding / raw, "x raw", per_s=with_encoding)


def compare_encoding() -> None:
    """Canonical bytes and their hash, against sorted json.dumps of a dict that is converted already."""
    nouns = [fact for _, fact in history(ENCODED)]
    converted = [msgspec.to_builtins(noun) for noun in nouns]
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(ENCODED / timed(lambda: [digest(noun) for noun in nouns]))
        theirs.append(ENCODED / timed(lambda: [plain_digest(dictionary) for dictionary in converted]))
    rate, other = statistics.median(ours), statistics.median(theirs)
    say("encode_and_hash", rate / other, "x json.dumps", per_s=rate, line=2)


def plain_digest(dictionary: object) -> str:
    """What one would write without msgspec."""
    return hashlib.sha256(json.dumps(dictionary, sort_keys=True).encode()).hexdigest()


def time_verify(folder: Path, count: int) -> None:
    """Verify a long ledger from its file, every entry."""
    store = open_store(folder / "long.db", "bench")
    lease = store.acquire("cycle", this_process(), 3600)
    drafts = [entries.draft(kind, "1", fact) for kind, fact in history(GROUPED)]
    building = 0.0
    for first in range(1, count, GROUPED):
        building += timed(partial(write_drafts, store, lease, drafts[: count - first], 1_000))
    found: list[seal.Fault] = []
    taken = timed(lambda: found.extend(seal.faults(store.rows())))
    head = store.head()
    assert head is not None
    assert (found, head.seq) == ([], count)
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
