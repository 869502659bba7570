"""Facts become drafts of entries, and stored rows become entries again."""

from datetime import datetime

from trimtab.model.canonical import Noun, encode
from trimtab.model.ledger import KINDS, Draft, Entry
from trimtab.record.seal import Row


def draft(kind: str, cycle: str, noun: Noun) -> Draft:
    """The draft of an entry; `cycle` is empty for what belongs to no cycle. A noun of another kind is a defect."""
    assert kind in KINDS, f"no entry is of kind {kind!r}"
    assert isinstance(noun, KINDS[kind]), f"an entry {kind!r} holds {KINDS[kind]}, not {type(noun).__name__}"
    return Draft(cycle=cycle, kind=kind, body=encode(noun))


def entry(row: Row) -> Entry:
    """The entry that a stored row is. Raises ValueError where its time is not one: verify names such a row."""
    seq, at, cycle, kind, version, epoch, body, prev, hash_ = row
    return Entry(
        seq=seq,
        at=datetime.fromisoformat(at),
        cycle=cycle,
        kind=kind,
        version=version,
        epoch=epoch,
        body=body,
        prev=prev,
        hash=hash_,
    )
