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
    """The entry that a stored row is. Raises ValueError for one that no entry of ours can be; verify names it too."""
    seq, at, cycle, kind, version, epoch, body, prev, hash_ = row
    if type(at) is not str or type(cycle) is not str or type(kind) is not str or type(body) is not bytes:
        raise ValueError(f"entry {seq} is not stored as it was written; `trimtab verify` says more")
    return Entry(
        seq=seq,
        at=_instant(seq, at),
        cycle=cycle,
        kind=kind,
        version=version,
        epoch=epoch,
        body=body,
        prev=prev,
        hash=hash_,
    )


def _instant(seq: int, at: str) -> datetime:
    try:
        return datetime.fromisoformat(at)
    except ValueError as error:
        raise ValueError(f"entry {seq} was written at {at!r}, which is no time; `trimtab verify` says more") from error
