"""The chain: each entry's hash covers all its other columns as they are stored and, through `prev`, all before it.

A chain alone cannot show that its end was cut off or that all of it was rewritten (D35); a seal kept outside can.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from trimtab.model.canonical import Noun
from trimtab.model.ledger import Draft, Entry
from trimtab.units import utc

Columns = tuple[int, str, str, str, int, int, bytes, str]
"""What an entry's hash covers: seq, at, cycle, kind, version, epoch, body, prev."""

Row = tuple[int, str, str, str, int, int, bytes, str, str]
"""An entry as stored: its columns, then its hash."""

NAMES: Final = ("seq", "at", "cycle", "kind", "version", "epoch", "body", "prev", "hash")
TYPES: Final = (int, str, str, str, int, int, bytes, str)

START: Final = "0" * 64
"""What the first entry has for `prev`."""

SEAL: Final = re.compile(r"([1-9]\d*):([0-9a-f]{64})").fullmatch


class Fault(Noun, frozen=True, kw_only=True):
    """Something is wrong with the ledger at this number, and what."""

    seq: int
    because: str


def stamp(at: datetime) -> str:
    """An instant as the ledger stores it: UTC, of fixed width, so that text order is time order."""
    return utc(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def link(columns: Columns) -> str:
    """The hash of an entry: sha256 over its columns in order.

    A number is its decimal digits and a space; text (as UTF-8) and bytes are their length in bytes, a colon,
    and themselves. Nothing can be moved from one column to the next without changing what is hashed.
    """
    seq, at, cycle, kind, version, epoch, body, prev = columns
    a, c, k, p = at.encode(), cycle.encode(), kind.encode(), prev.encode()
    lengths = (len(a), len(c), len(k), len(body), len(p))
    return hashlib.sha256(
        b"%d %d:%b%d:%b%d:%b%d %d %d:%b%d:%b"
        % (seq, lengths[0], a, lengths[1], c, lengths[2], k, version, epoch, lengths[3], body, lengths[4], p)
    ).hexdigest()


def chained(drafts: Sequence[Draft], last: tuple[int, str], at: str, epoch: int) -> list[Row]:
    """Drafts as rows that follow the entry `last` (its seq and hash; 0 and START before the first)."""
    rows: list[Row] = []
    seq, prev = last
    for draft in drafts:
        seq += 1
        columns = (seq, at, draft.cycle, draft.kind, draft.version, epoch, draft.body, prev)
        prev = link(columns)
        rows.append((*columns, prev))
    return rows


def faults(rows: Iterable[Row], before: Row | None = None) -> Iterator[Fault]:
    """Name every entry that was changed, removed, moved or put in, by number.

    Rows come in the order of the store and begin after `before`, or with the first entry. A row whose columns
    are not of the stored type they were written with counts as changed.
    """
    last, prevs = (before[0], {before[8]}) if before else (0, {START})
    for row in rows:
        seq = row[0] if type(row[0]) is int else last + 1
        found, wrong = _own(row)
        if seq != last + 1:
            yield _gap(last, seq)
        elif not wrong and row[7] not in prevs:
            yield Fault(seq=seq, because=f"entry {seq} does not follow entry {last} as it stands")
        if wrong:
            yield Fault(seq=seq, because=f"entry {seq} was changed: {wrong}")
        # Where only the stored hash was changed, the next entry still follows the true one and is not to blame.
        last, prevs = seq, {row[8], found}


def _own(row: Row) -> tuple[str, str]:
    """The hash that a row's columns have, and what is wrong with the row by itself (empty: nothing)."""
    for name, kind, value in zip(NAMES[:8], TYPES, row[:8], strict=True):
        if type(value) is not kind:
            return "", f"{name} is stored as {type(value).__name__}, not as {kind.__name__}"
    try:
        found = link(row[:8])
    except UnicodeEncodeError:
        return "", "a text in it is not UTF-8"
    return found, "" if found == row[8] else "its columns do not have its hash"


def _gap(last: int, seq: int) -> Fault:
    if seq <= last:
        return Fault(seq=seq, because=f"entry {seq} stands after entry {last}")
    if seq == last + 2:
        return Fault(seq=last + 1, because=f"entry {last + 1} is missing")
    return Fault(seq=last + 1, because=f"entries {last + 1} to {seq - 1} are missing")


def seal(entry: Entry) -> str:
    """What is written outside the store to prove later that everything up to this entry is as it was."""
    return f"{entry.seq}:{entry.hash}"


def row(entry: Entry) -> Row:
    """An entry as it was stored."""
    told = (entry.cycle, entry.kind, entry.version, entry.epoch, entry.body, entry.prev, entry.hash)
    return (entry.seq, stamp(entry.at), *told)


def sealed(entry: Entry, text: str) -> bool:
    """Whether an entry is the one that a seal is of, with its columns as they were."""
    return seal(entry) == text.strip() and link(row(entry)[:8]) == entry.hash


def parse(text: str) -> tuple[int, str]:
    """The number and hash of a seal. Raises ValueError for anything else."""
    match = SEAL(text.strip())
    if match is None:
        raise ValueError(f"{text.strip()!r} is not a seal; a seal is NUMBER:HASH with 64 hexadecimal digits")
    return int(match[1]), match[2]


def newest(lines: Iterable[str]) -> str | None:
    """The seal of the latest entry among those that were kept. A line that a crash cut short is none."""
    return max((line for line in lines if SEAL(line.strip())), key=lambda line: parse(line)[0], default=None)


def unmet(text: str, hashes: Mapping[int, str], end: int) -> str:
    """Why a ledger is not the one that was sealed: its tail cut off, or its chain rewritten up to the sealed entry.

    `hashes` are those stored, by number, at least of the sealed entry; `end` is the last number. Empty: the seal
    holds, which proves nothing unless `faults` finds none in the same ledger.
    """
    seq, hash_ = parse(text)
    if hashes.get(seq) == hash_:
        return ""
    if seq in hashes:
        return f"entry {seq} is not the one that was sealed: the ledger was rewritten at or before it"
    return f"entry {seq} was sealed and is not there" + (f": the ledger ends at {end}" if seq > end else "")


def refuted(lines: Iterable[str], hashes: Mapping[int, str], end: int) -> Iterator[Fault]:
    """Name each line of seals, kept outside in the order of the ledger, that the ledger does not meet.

    A line that a crash cut short is passed over.
    """
    last = 0
    for number, line in enumerate(lines, start=1):
        if not SEAL(line.strip()):
            continue
        seq, _ = parse(line)
        if wrong := unmet(line, hashes, end):
            yield Fault(seq=seq, because=f"line {number} of the seals: {wrong}")
        if seq <= last:
            moved = f"entry {seq} stands after entry {last}: lines were moved or put in"
            yield Fault(seq=seq, because=f"line {number} of the seals: {moved}")
        last = max(last, seq)
