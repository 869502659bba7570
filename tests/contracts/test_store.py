"""What every store does, by number: run against the SQLite file and the memory store alike."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests import told
from tests.ledgers import T0, Wall, dead_process, faults, lever, redrafted, seqs, tick
from trimtab.adapters.stores.holders import this_process
from trimtab.adapters.stores.memory import MemoryStore
from trimtab.adapters.stores.sqlite import SqliteStore, open_store
from trimtab.model.canonical import encode
from trimtab.model.ledger import Draft, noun
from trimtab.ports import Fenced, LeaseHeld, Store
from trimtab.record import seal

Ledger = SqliteStore | MemoryStore


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, wall: Wall) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryStore("alpha", wall)
        return
    opened = open_store(tmp_path / "alpha.db", "alpha", wall)
    yield opened
    opened.close()


def test_01_a_new_ledger_holds_its_genesis_and_nothing_else(store: Ledger) -> None:
    (first,) = store.entries()

    assert (first.seq, first.kind, first.epoch, first.at, first.prev) == (1, "genesis", 0, T0, seal.START)
    assert noun(first).fund == "alpha"
    assert len(bytes.fromhex(noun(first).nonce)) == 16


def test_02_an_entry_is_what_was_drafted_with_its_place_time_and_epoch(store: Ledger, wall: Wall) -> None:
    lease = store.acquire("cycle", "one", 30)
    wall.pass_s(5)

    (entry,) = store.append([tick(0)], lease)

    assert entry == list(store.entries())[-1] == store.head()
    assert (entry.seq, entry.cycle, entry.kind, entry.version, entry.epoch) == (2, "1", "happened", 1, 1)
    assert entry.body == tick(0).body
    assert entry.at == T0 + timedelta(seconds=5)


def test_03_entries_of_one_commit_follow_each_other_in_the_chain(store: Ledger) -> None:
    lease = store.acquire("cycle", "one", 30)

    written = store.append([tick(n) for n in range(120)], lease)

    assert [entry.seq for entry in written] == list(range(2, 122))
    assert all(later.prev == earlier.hash for earlier, later in pairwise(written))
    assert faults(store) == []


def test_04_writing_nothing_changes_nothing(store: Ledger) -> None:
    assert store.append([], store.acquire("cycle", "one", 30)) == ()
    assert seqs(store.entries()) == [1]


def test_05_entries_are_chosen_by_number_cycle_and_kind(store: Ledger) -> None:
    lease = store.acquire("cycle", "one", 30)
    store.append([tick(0, "1"), tick(1, "2"), lever(), tick(2, "1"), lever("resumed")], lease)

    assert seqs(store.entries(after=3)) == [4, 5, 6]
    assert seqs(store.entries(cycle="1")) == [2, 5]
    assert seqs(store.entries(cycle="")) == [1, 4, 6]
    assert seqs(store.entries(kinds=("resumed", "halted"))) == [4, 6]
    assert seqs(store.entries(after=2, cycle="1", kinds=("happened",))) == [5]
    assert seqs(store.entries(cycle="3")) == []


def test_06_a_long_ledger_is_read_to_its_end(store: Ledger) -> None:
    lease = store.acquire("cycle", "one", 30)
    store.append([tick(n) for n in range(4500)], lease)

    assert seqs(store.entries()) == list(range(1, 4502))
    assert seqs(store.entries(cycle="1")) == list(range(2, 4502))


def test_07_entries_may_be_written_while_others_are_read(store: Ledger) -> None:
    lease = store.acquire("cycle", "one", 30)
    store.append([tick(0), tick(1)], lease)

    for entry in store.entries(cycle="1"):
        if entry.seq < 4:
            store.append([tick(entry.seq)], lease)

    assert faults(store) == []
    assert seqs(store.entries())[-1] == 5


def test_08_the_last_entry_of_a_kind_is_found(store: Ledger) -> None:
    written = store.append([tick(0), lever(), tick(1)], store.acquire("cycle", "one", 30))

    assert (store.last("happened"), store.last("halted"), store.last("closed")) == (written[2], written[1], None)


def test_09_only_levers_are_written_without_a_lease(store: Ledger) -> None:
    store.append([lever()], None)

    with pytest.raises(Fenced, match="happened"):
        store.append([lever("resumed"), tick(0)], None)
    assert seqs(store.entries()) == [1, 2]


def test_10_the_last_lever_says_whether_the_fund_is_halted(store: Ledger) -> None:
    said = [store.halted()]
    for kind in ("halted", "resumed", "halted"):
        store.append([lever(kind)], None)
        said.append(store.halted())

    assert said == [False, True, False, True]


def test_11_a_lease_is_refused_while_another_holds_it_and_names_the_holder(store: Ledger) -> None:
    held = store.acquire("cycle", "one", 30)

    with pytest.raises(LeaseHeld, match="one") as refused:
        store.acquire("cycle", "two", 30)
    assert (refused.value.holder, refused.value.expires) == ("one", held.expires)


def test_12_a_lease_lasts_until_it_expires_and_not_longer(store: Ledger, wall: Wall) -> None:
    store.acquire("cycle", "one", 30)

    wall.pass_s(29.999)
    with pytest.raises(LeaseHeld):
        store.acquire("cycle", "two", 30)
    wall.pass_s(0.001)

    assert store.acquire("cycle", "two", 30).epoch == 2


def test_13_a_renewed_lease_lasts_from_its_renewal(store: Ledger, wall: Wall) -> None:
    lease = store.acquire("cycle", "one", 30)
    wall.pass_s(20)

    renewed = store.renew(lease, 30)

    assert (renewed.epoch, renewed.expires) == (lease.epoch, T0 + timedelta(seconds=50))
    wall.pass_s(29)
    with pytest.raises(LeaseHeld):
        store.acquire("cycle", "two", 30)


def test_14_a_writer_that_was_taken_over_is_refused_everything(store: Ledger, wall: Wall) -> None:
    old = store.acquire("cycle", "one", 30)
    wall.pass_s(30)
    new = store.acquire("cycle", "two", 30)

    with pytest.raises(Fenced, match="two"):
        store.append([tick(0)], old)
    with pytest.raises(Fenced, match="two"):
        store.renew(old, 30)
    store.release(old)

    assert [entry.epoch for entry in store.append([tick(1)], new)] == [2]
    assert seqs(store.entries(kinds=("happened",))) == [2]


def test_15_a_lease_past_its_time_still_writes_until_someone_takes_it(store: Ledger, wall: Wall) -> None:
    lease = store.acquire("cycle", "one", 30)
    wall.pass_s(3600)

    assert len(store.append([tick(0)], lease)) == 1
    assert store.renew(lease, 30).epoch == 1


def test_16_a_lease_given_back_is_free_at_once_and_writes_no_more(store: Ledger) -> None:
    lease = store.acquire("cycle", "one", 30)
    store.release(lease)
    store.release(lease)

    with pytest.raises(Fenced):
        store.append([tick(0)], lease)
    assert store.acquire("cycle", "two", 30).epoch == 2


def test_17_the_epoch_grows_with_every_holder_the_same_one_included(store: Ledger) -> None:
    epochs = [store.acquire("cycle", "one", 30).epoch for _ in range(3)]

    assert epochs == [1, 2, 3]


def test_18_leases_of_two_names_do_not_know_each_other(store: Ledger) -> None:
    store.acquire("watch", "one", 30)

    assert store.acquire("cycle", "two", 30).epoch == 1


def test_19_nothing_is_written_under_another_lease_than_the_cycle(store: Ledger) -> None:
    watch = store.acquire("watch", "one", 30)

    with pytest.raises(AssertionError, match="watch"):
        store.append([tick(0)], watch)
    assert seqs(store.entries()) == [1]


def test_20_the_lease_of_a_dead_process_is_free_at_once(store: Ledger) -> None:
    store.acquire("cycle", dead_process(), 3600)

    assert store.acquire("cycle", this_process(), 30).epoch == 2


def test_21_a_living_process_keeps_its_lease(store: Ledger) -> None:
    store.acquire("cycle", this_process(), 30)

    with pytest.raises(LeaseHeld):
        store.acquire("cycle", "elsewhere:1:2@3", 30)


def test_22_a_body_is_kept_to_the_byte(store: Ledger) -> None:
    odd = Draft(cycle="ü\x00", kind="happened", version=7, body=bytes(range(256)))

    (entry,) = store.append([odd], store.acquire("cycle", "one", 30))

    assert (entry.cycle, entry.version, entry.body) == ("ü\x00", 7, bytes(range(256)))
    assert next(store.entries(after=1)) == entry
    assert faults(store) == []


def test_23_publishing_twice_or_nothing_leaves_the_ledger_as_it_is(store: Ledger) -> None:
    store.publish()
    before = seqs(store.entries())
    written = store.append(redrafted(told.done()), store.acquire("cycle", "one", 30))
    store.publish()
    store.publish()

    assert seqs(store.entries()) == before + seqs(written)


def test_24_a_store_fits_its_port(store: Ledger) -> None:
    port: Store = store

    assert port.head() is not None


def test_25_two_ledgers_never_share_a_nonce(store: Ledger) -> None:
    assert encode(noun(next(store.entries()))) != encode(noun(next(MemoryStore("alpha", Wall()).entries())))
