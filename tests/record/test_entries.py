"""Drafts and entries: a noun goes in as canonical bytes, a row comes out as it was stored."""

from datetime import UTC, datetime

import pytest

from trimtab.model.canonical import encode
from trimtab.model.decision import Hold, HoldKind
from trimtab.model.ledger import Lever, noun
from trimtab.record import entries, seal

T0 = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
LEVER = Lever(by="Ann", because="quarter end")


def test_a_draft_holds_the_canonical_bytes() -> None:
    draft = entries.draft("halted", "", LEVER)

    assert (draft.kind, draft.cycle, draft.version, draft.body) == ("halted", "", 1, encode(LEVER))


def test_a_kind_of_several_nouns_takes_each_of_them() -> None:
    hold = Hold(at=T0, kind=HoldKind.NOTHING_DUE, because="nothing is due")

    assert entries.draft("decided", "7", hold).body == encode(hold)


def test_a_noun_of_another_kind_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="Lever"):
        entries.draft("decided", "7", LEVER)


def test_an_unknown_kind_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="musing"):
        entries.draft("musing", "7", LEVER)


def test_a_row_comes_back_as_the_entry_it_is() -> None:
    (row,) = seal.chained([entries.draft("halted", "", LEVER)], (4, "a" * 64), seal.stamp(T0), 2)

    entry = entries.entry(row)

    assert (entry.seq, entry.at, entry.epoch, entry.prev) == (5, T0, 2, "a" * 64)
    assert noun(entry) == LEVER
    assert seal.seal(entry) == f"5:{row[8]}"
