"""The chain: whatever was changed, removed, moved or put in is named; whatever was cut off needs an outside seal."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.decision import Past
from trimtab.model.ledger import Closed, CycleOutcome, Draft, Happened, Lever
from trimtab.model.orders import Tick
from trimtab.record import entries, seal
from trimtab.record.seal import Row

T0 = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def draft(n: int) -> Draft:
    """The n-th fact of a small history: ticks, a halt now and then, a cycle closed every twenty."""
    at, cycle = T0 + timedelta(seconds=n), str(n // 20 + 1)
    if n % 20 == 19:
        end = Closed(cycle=cycle, at=at, outcome=CycleOutcome.DONE, because="all filled", consumed=Past())
        return entries.draft("closed", cycle, end)
    if n % 20 == 7:
        return entries.draft("halted", "", Lever(by="Ånn", because="the venue looks odd"))
    return entries.draft("happened", cycle, Happened(events=(Tick(at=at),)))


def chain(count: int, epoch: int = 3) -> list[Row]:
    """A ledger of so many entries, a second of wall time apart."""
    rows: list[Row] = []
    for n in range(count):
        last = (rows[-1][0], rows[-1][8]) if rows else (0, seal.START)
        rows += seal.chained([draft(n)], last, seal.stamp(T0 + timedelta(seconds=n)), epoch)
    return rows


LEDGER = chain(200)


def named(rows: list[Row]) -> list[int]:
    return [fault.seq for fault in seal.faults(rows)]


def with_column(row: Row, column: int, value: object) -> Row:
    return (*row[:column], value, *row[column + 1 :])  # type: ignore[return-value]


def other_bytes(raw: bytes) -> Iterator[bytes]:
    """The same bytes with one of them changed, for each in turn, and with one more."""
    for at, byte in enumerate(raw):
        yield raw[:at] + bytes([byte ^ 0x01 if byte % 2 else byte ^ 0x80]) + raw[at + 1 :]
    yield raw + b"0"


def changes(value: object) -> Iterator[object]:
    """A stored value with one byte (of a number: one bit) changed, for each in turn, in the same storage class."""
    if isinstance(value, int):
        for at in range(64):
            yield (value ^ 1 << at) if at < 63 else ~value
    elif isinstance(value, str):
        for raw in other_bytes(value.encode()):
            yield raw.decode("utf-8", "surrogateescape")
    elif isinstance(value, bytes):
        yield from other_bytes(value)
    else:
        raise TypeError(value)


def test_an_untouched_ledger_has_no_fault() -> None:
    assert named(LEDGER) == []


def test_every_changed_byte_of_every_column_of_every_entry_is_named_and_nothing_else() -> None:
    tried = 0
    for at, row in enumerate(LEDGER):
        before = LEDGER[at - 1] if at else None
        for column in range(1, 9):
            for value in changes(row[column]):
                changed = [with_column(row, column, value), *LEDGER[at + 1 : at + 3]]
                assert [fault.seq for fault in seal.faults(changed, before)] == [row[0]], (row[0], seal.NAMES[column])
                tried += 1
    assert tried > 200 * 250


def test_every_changed_bit_of_an_entrys_number_is_named() -> None:
    for at, row in enumerate(LEDGER):
        first = max(at - 2, 0)
        before = LEDGER[first - 1] if first else None
        for number in changes(row[0]):
            assert isinstance(number, int)
            moved = sorted([*LEDGER[first:at], with_column(row, 0, number), *LEDGER[at + 1 : at + 3]])
            assert {row[0], number} & {fault.seq for fault in seal.faults(moved, before)}, number


def test_a_changed_column_is_named_when_the_whole_ledger_is_read() -> None:
    for at, row in enumerate(LEDGER):
        for column in range(1, 9):
            value = next(changes(row[column]))
            assert named([*LEDGER[:at], with_column(row, column, value), *LEDGER[at + 1 :]]) == [row[0]]


@pytest.mark.parametrize("column", range(9))
def test_a_column_stored_as_another_type_is_named(column: int) -> None:
    row = LEDGER[40]
    value = row[column]
    others: list[object] = [None, 1.5, str(value), str(value).encode(), 41]
    for other in others:
        if type(other) is not type(value):
            changed = [*LEDGER[:40], with_column(row, column, other), *LEDGER[41:]]
            assert named(changed) == [41], other


def test_every_removed_entry_but_the_last_is_named() -> None:
    for at in range(199):
        assert named(LEDGER[:at] + LEDGER[at + 1 :])[0] == at + 1


def test_a_removed_run_of_entries_is_named_by_its_ends() -> None:
    (fault,) = seal.faults(LEDGER[:10] + LEDGER[20:])

    assert (fault.seq, fault.because) == (11, "entries 11 to 20 are missing")


def test_every_two_neighbours_that_changed_places_are_named() -> None:
    for at in range(199):
        first, second = LEDGER[at], LEDGER[at + 1]
        swapped = [with_column(second, 0, first[0]), with_column(first, 0, second[0])]
        assert {at + 1, at + 2} <= set(named(LEDGER[:at] + swapped + LEDGER[at + 2 :]))
        assert {at + 1, at + 2} & set(named([*LEDGER[:at], second, first, *LEDGER[at + 2 :]]))


def test_an_entry_put_in_is_named_wherever_it_stands() -> None:
    for at in range(1, 200):
        last = LEDGER[at - 1]
        (forged,) = seal.chained([draft(5)], (last[0], last[8]), last[1], 3)
        pushed = [with_column(row, 0, row[0] + 1) for row in LEDGER[at:]]
        assert at + 2 in named([*LEDGER[:at], forged, *pushed])
        assert at + 1 in named([*LEDGER[:at], forged, *LEDGER[at:]])


def test_an_entry_rewritten_with_its_own_hash_is_found_by_the_next_one() -> None:
    before = LEDGER[49]
    (forged,) = seal.chained([draft(5)], (before[0], before[8]), before[1], 3)

    (fault,) = seal.faults([*LEDGER[:50], forged, *LEDGER[51:]])

    assert (fault.seq, fault.because) == (52, "entry 52 does not follow entry 51 as it stands")


def test_a_first_entry_that_follows_something_is_named() -> None:
    first = seal.chained([draft(0)], (0, "f" * 64), LEDGER[0][1], 3)

    assert named(first) == [1]


def hashes(rows: Sequence[Row]) -> dict[int, str]:
    return {row[0]: row[8] for row in rows}


def test_a_cut_tail_leaves_a_sound_chain_and_is_found_by_an_outside_seal() -> None:
    last = seal.seal(entries.entry(LEDGER[-1]))
    for length in range(200):
        cut = LEDGER[:length]
        assert named(cut) == []
        assert seal.unmet(last, hashes(cut), length) == (
            f"entry 200 was sealed and is not there: the ledger ends at {length}"
        )


def test_a_rewritten_chain_is_sound_in_itself_and_is_found_by_any_outside_seal() -> None:
    forged = chain(200, epoch=4)

    assert named(forged) == []
    for row in LEDGER:
        wrong = seal.unmet(f"{row[0]}:{row[8]}", hashes(forged), 200)
        assert wrong == f"entry {row[0]} is not the one that was sealed: the ledger was rewritten at or before it"


def test_every_seal_of_a_ledger_holds_also_after_it_has_grown() -> None:
    for row in LEDGER:
        assert seal.unmet(f"{row[0]}:{row[8]}\n", hashes(LEDGER), 200) == ""


def test_every_line_of_seals_is_compared_and_named() -> None:
    kept = [f"{row[0]}:{row[8]}" for row in LEDGER[9::10]]
    assert list(seal.refuted(kept, hashes(LEDGER), 200)) == []
    assert list(seal.refuted([kept[0], "", "20:ab", *kept[1:]], hashes(LEDGER), 200)) == []
    forged = f"30:{'0' * 64}"
    [fault] = seal.refuted([*kept[:2], forged, *kept[3:]], hashes(LEDGER), 200)
    assert fault.seq == 30
    assert fault.because == (
        "line 3 of the seals: entry 30 is not the one that was sealed: the ledger was rewritten at or before it"
    )


def test_seals_that_are_not_in_the_order_of_the_ledger_are_named() -> None:
    kept = [f"{row[0]}:{row[8]}" for row in LEDGER[9::10]]
    [fault] = seal.refuted([kept[1], kept[0], *kept[2:]], hashes(LEDGER), 200)
    assert fault.because == "line 2 of the seals: entry 10 stands after entry 20: lines were moved or put in"
    [again] = seal.refuted([*kept, kept[-1]], hashes(LEDGER), 200)
    assert again.because == "line 21 of the seals: entry 200 stands after entry 200: lines were moved or put in"


def test_the_newest_seal_is_of_the_latest_entry_wherever_its_line_stands() -> None:
    assert seal.newest(["", "7:ab"]) is None
    assert seal.newest([f"12:{'a' * 64}", f"9:{'b' * 64}", "40:ab"]) == f"12:{'a' * 64}"


@pytest.mark.parametrize(
    "text", ["", "12", "12:", "0:" + "a" * 64, "12:" + "a" * 63, "12:" + "A" * 64, "x:" + "a" * 64]
)
def test_what_is_no_seal_is_refused_with_what_a_seal_is(text: str) -> None:
    with pytest.raises(ValueError, match="NUMBER:HASH"):
        seal.parse(text)


def test_the_hash_can_be_computed_by_hand() -> None:
    columns = (12, "2026-03-02T12:00:00.123456Z", "7", "halted", 1, 3, b'{"by":"Ann"}', "ab")
    by_hand = b'12 27:2026-03-02T12:00:00.123456Z1:76:halted1 3 12:{"by":"Ann"}2:ab'

    assert seal.link(columns) == hashlib.sha256(by_hand).hexdigest()


texts = st.text(st.characters(codec="utf-8"), max_size=4)
columns = st.tuples(
    st.integers(1, 999), texts, texts, texts, st.integers(0, 99), st.integers(0, 99), st.binary(max_size=4), texts
)


@given(columns, columns)
def test_two_entries_have_one_hash_only_if_they_are_equal(one: seal.Columns, other: seal.Columns) -> None:
    assert (seal.link(one) == seal.link(other)) == (one == other)


@given(st.text("12: ", max_size=6), st.text("12: ", max_size=6), st.integers(0, 12))
def test_nothing_can_move_from_one_text_to_the_next(cycle: str, kind: str, cut: int) -> None:
    joined = cycle + kind
    moved = (joined[:cut], joined[cut:])
    one = seal.link((1, "t", cycle, kind, 1, 1, b"", ""))

    assert (seal.link((1, "t", *moved, 1, 1, b"", "")) == one) == (moved == (cycle, kind))


def test_a_stamp_is_utc_of_fixed_width() -> None:
    east = datetime(2026, 3, 2, 13, 0, 0, tzinfo=timezone(timedelta(hours=1)))

    assert seal.stamp(east) == "2026-03-02T12:00:00.000000Z"
    with pytest.raises(ValueError, match="no time zone"):
        seal.stamp(datetime(2026, 3, 2))  # noqa: DTZ001  # the naive time is the point
