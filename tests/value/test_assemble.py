"""Many clocks, one truth."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.small import ACCOUNTS, T0, D, balance, later, marks, policy, read, transfer
from trimtab.model.canonical import encode
from trimtab.model.holdings import AccountRead, Balance, OpenOrder, Snapshot, Stage, Transfer, Unknown
from trimtab.model.orders import Side
from trimtab.model.valuation import Kind
from trimtab.value.assemble import assemble, moved
from trimtab.value.valuation import value

CHAIN, TRADABLE, WITHDRAWABLE = later(240), later(600), later(1800)


def told_at(second: int) -> list[Transfer]:
    """T5's transfer as its records tell it at some second after the debit: the sender's, and the receiver's."""
    at = later(second)
    if at < T0:
        return []
    if at < CHAIN:
        return [transfer(Stage.REQUESTED)]
    if at < TRADABLE:
        return [transfer(Stage.SENT), transfer(Stage.SEEN)]
    if at < WITHDRAWABLE:
        return [transfer(Stage.SENT), transfer(Stage.TRADABLE, credited_at=TRADABLE)]
    matured = transfer(Stage.WITHDRAWABLE, credited_at=TRADABLE, withdrawable_at=WITHDRAWABLE)
    return [transfer(Stage.SENT), matured]


def a_read(second: int) -> AccountRead:
    return read("a", later(second), USDT="1000000" if second < 0 else "0")


def b_read(second: int) -> AccountRead:
    at = later(second)
    there, leaves = ("0" if at < TRADABLE else "999999"), ("0" if at < WITHDRAWABLE else "999999")
    return AccountRead(account="b", as_of=at, balances=(balance("b", "USDT", there, leaves=leaves, at=at),))


def worth(found: Snapshot) -> str:
    return str(value(found, marks(), policy()).nav)


def test_t5_two_reads_ten_minutes_apart_count_the_money_once() -> None:
    found = assemble(later(300), [a_read(-1), b_read(601)], told_at(605), [])
    assert worth(found) == "999999"
    assert [(b.account, str(b.total)) for b in found.balances] == [("a", "0"), ("b", "999999")]
    assert found.transits == ()


def test_t5_money_on_the_chain_is_in_transit_net_of_its_fee() -> None:
    found = assemble(later(300), [a_read(299), b_read(299)], told_at(300), [])
    assert worth(found) == "999999"
    assert [(t.amount, t.stage, t.since) for t in found.transits] == [(D(999999), Stage.SEEN, T0)]


@given(
    looks=st.lists(st.integers(-120, 2400), min_size=2, max_size=2),
    after=st.integers(0, 600),
    order=st.permutations(range(2)),
)
def test_t5_the_fund_is_worth_one_less_from_the_debit_on_whatever_the_clocks(
    looks: list[int], after: int, order: list[int]
) -> None:
    heard = max(looks) + after
    reads = [a_read(looks[0]), b_read(looks[1])]
    found = assemble(later(heard), [reads[n] for n in order], told_at(heard), [])
    assert worth(found) == ("1000000" if heard < 0 else "999999")


@given(look=st.integers(0, 2400), after=st.integers(0, 600))
def test_t5_nothing_leaves_the_receiver_before_half_past(look: int, after: int) -> None:
    heard = look + after
    found = assemble(later(heard), [a_read(look), b_read(look)], told_at(heard), [])
    there = {b.account: b for b in found.balances}["b"]
    assert there.withdrawable == (D(999999) if later(heard) >= WITHDRAWABLE else D(0))
    assert there.free == (D(999999) if later(heard) >= TRADABLE else D(0))


def test_a_venue_that_does_not_say_what_may_leave_is_told_by_the_transfer() -> None:
    there = AccountRead(account="b", as_of=later(700), balances=(balance("b", "USDT", "1000004", leaves=None),))
    found = assemble(later(701), [a_read(700), there], told_at(701), [])
    assert found.balances[1].withdrawable == D(5)


def test_no_more_may_leave_than_is_free_and_never_less_than_nothing() -> None:
    spent = AccountRead(
        account="a", as_of=later(-1), balances=(balance("a", "USDT", "1000005", leaves="3", at=later(-1)),)
    )
    assert assemble(later(5), [spent], [transfer(Stage.SENT)], []).balances[0].withdrawable == D(0)
    locked = AccountRead(
        account="b", as_of=later(900), balances=(balance("b", "USDT", "999999", free="7", leaves="0"),)
    )
    matured = transfer(Stage.WITHDRAWABLE, credited_at=TRADABLE, withdrawable_at=WITHDRAWABLE)
    assert assemble(later(1900), [locked], [matured], []).balances[0].withdrawable == D(7)


def test_where_nothing_matures_a_venue_that_does_not_say_is_left_silent() -> None:
    there = AccountRead(account="b", as_of=T0, balances=(balance("b", "USDT", "5", leaves=None),))
    assert assemble(T0, [there], [], []).balances[0].withdrawable is None


def test_an_account_that_had_none_of_an_asset_gets_it_with_its_transfer() -> None:
    found = assemble(later(605), [read("a", later(1)), read("b", later(1))], told_at(605), [])
    assert [(b.account, str(b.total), str(b.withdrawable), b.as_of) for b in found.balances] == [
        ("b", "999999", "0", later(1))
    ]


def test_a_debit_at_the_very_instant_of_the_read_is_in_it() -> None:
    found = assemble(later(5), [read("a", T0, USDT="7"), read("b", T0)], told_at(5), [])
    assert found.balances[0].total == D(7)


def test_a_debit_just_after_the_read_is_taken_off() -> None:
    found = assemble(later(5), [read("a", T0 - timedelta(microseconds=1), USDT="1000007")], told_at(5), [])
    assert [(str(b.total), str(b.free), str(b.withdrawable)) for b in found.balances] == [("7", "7", "7")]


def test_a_transfer_that_was_returned_goes_back_to_its_sender() -> None:
    back = transfer(Stage.RETURNED, credited_at=later(100))
    found = assemble(later(200), [read("a", later(50), USDT="0"), read("b", later(50), USDT="0")], [back], [])
    assert [(b.account, str(b.total)) for b in found.balances] == [("a", "999999"), ("b", "0")]
    assert found.transits == ()


def test_a_transfer_on_its_way_back_is_in_transit_to_its_sender() -> None:
    found = assemble(later(200), [a_read(50), b_read(50)], [transfer(Stage.RETURNED)], [])
    assert [(t.target, t.amount) for t in found.transits] == [("a", D(999999))]


def test_two_payments_of_one_transaction_are_two_transfers() -> None:
    both = [transfer(Stage.SENT), transfer(Stage.SENT, target="c", amount=D(11))]
    found = assemble(later(5), [a_read(1), b_read(1), read("c", later(1))], both, [])
    assert [(t.target, t.amount) for t in found.transits] == [("b", D(999999)), ("c", D(10))]


def test_the_end_that_has_seen_more_is_believed() -> None:
    credited = transfer(Stage.TRADABLE, credited_at=TRADABLE, debited_at=later(3))
    found = assemble(later(700), [read("a", later(1), USDT="0"), b_read(650)], [credited, transfer(Stage.SENT)], [])
    assert worth(found) == "999999"


def test_money_for_an_unknown_account_stays_counted_and_is_told_of() -> None:
    lost = Unknown(account="b", because="no answer")
    found = assemble(later(5), [a_read(1)], [transfer(Stage.SENT)], [lost])
    assert worth(found) == "999999"
    assert found.unknown[0].because == "no answer; transfer w1 of 1,000,000 USDT from a is meant for it (sent)"


def test_money_that_arrived_in_an_unknown_account_is_as_unknown_as_that() -> None:
    lost = Unknown(account="b", because="no answer")
    found = assemble(later(700), [a_read(1)], [transfer(Stage.TRADABLE, credited_at=TRADABLE)], [lost])
    assert (worth(found), found.transits) == ("0", ())


def test_money_that_left_an_unknown_account_is_told_of() -> None:
    lost = Unknown(account="a", because="no answer")
    found = assemble(later(5), [b_read(1)], [transfer(Stage.SENT)], [lost])
    assert worth(found) == "999999"
    assert found.unknown[0].because == "no answer; transfer w1 of 1,000,000 USDT left it for b (sent)"


def test_money_that_leaves_for_a_stranger_is_no_longer_ours_and_says_so() -> None:
    found = assemble(later(5), [a_read(1)], [transfer(Stage.SENT, target="nobody")], [])
    assert (worth(found), found.transits) == ("0", ())
    assert [(u.account, "no account of this fund" in u.because) for u in found.unknown] == [("nobody", True)]


def test_money_from_a_stranger_is_ours_once_it_is_credited() -> None:
    pending = assemble(later(5), [read("b", T0)], [transfer(Stage.SEEN, source="nobody")], [])
    arrived = transfer(Stage.TRADABLE, source="nobody", credited_at=later(6))
    assert (worth(pending), pending.unknown) == ("0", ())
    assert worth(assemble(later(7), [read("b", T0)], [arrived], [])) == "999999"


def test_what_was_read_of_an_unknown_account_counts_for_nothing() -> None:
    found = assemble(T0, [read("a", USDT="5")], [], [Unknown(account="a", because="frozen")])
    assert (found.balances, [u.account for u in found.unknown]) == ((), ["a"])


@pytest.mark.parametrize(
    ("short", "told"),
    [
        (balance("a", "USDT", "-1", free="0"), "its USDT is negative: 0 free of -1 in total"),
        (balance("a", "USDT", "5", free="-0.1", leaves="0"), "its USDT is negative: -0.1 free of 5 in total"),
    ],
)
def test_d7_less_than_nothing_makes_its_account_unknown_and_no_other(short: Balance, told: str) -> None:
    impossible = AccountRead(account="a", as_of=T0, balances=(balance("a", "BTC", "1"), short))
    found = assemble(T0, [impossible, read("b", USDT="7")], [], [])
    assert [(u.account, told in u.because) for u in found.unknown] == [("a", True)]
    assert [(b.account, b.asset) for b in found.balances] == [("b", "USDT")]
    kinds = [(d.kind, d.subject) for d in value(found, marks(), policy()).doubts]
    assert kinds == [(Kind.UNKNOWN, "a")]


def test_an_account_that_was_read_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="read twice"):
        assemble(T0, [read("a"), read("a")], [], [])


def test_money_locked_in_open_orders_is_counted_once() -> None:
    resting = OpenOrder(
        account="a", instrument="north:BTC/USDT", client_id="x", side=Side.BUY, amount=D(1), filled=D(0)
    )
    locked = AccountRead(account="a", as_of=T0, balances=(balance("a", "USDT", "100", free="40"),), orders=(resting,))
    found = assemble(T0, [locked], [], [])
    assert (worth(found), found.balances[0].free, found.orders) == ("100", D(40), (resting,))


@given(data=st.data())
def test_assembling_does_not_depend_on_the_order_of_anything(data: st.DataObject) -> None:
    stages = st.sampled_from(list(Stage))
    instants = st.integers(0, 60).map(later)
    some = st.builds(
        lambda stage, ends, debited, credited, name: transfer(
            stage, id=name, source=ends[0], target=ends[1], debited_at=debited, credited_at=credited
        ),
        stages,
        st.permutations(["a", "b", "c", "x"]),
        instants,
        st.none() | instants,
        st.sampled_from(["w1", "w2"]),
    )
    reads = [read(name, data.draw(instants), USDT="5", BTC="1") for name in ACCOUNTS]
    transfers = data.draw(st.lists(some, max_size=5))
    unknown = [Unknown(account="x", because="no answer"), Unknown(account="y", because="no answer")]
    turned = [replace(r, balances=tuple(reversed(r.balances))) for r in data.draw(st.permutations(reads))]
    others = data.draw(st.permutations(transfers)), data.draw(st.permutations(unknown))
    assert encode(assemble(T0, turned, *others)) == encode(assemble(T0, reads, transfers, unknown))


def test_two_readings_that_agree_say_that_nothing_moved() -> None:
    first = [read("a", T0, BTC="1"), read("b", T0, USDT="5", ETH="0")]
    second = [read("b", later(2), USDT="5"), read("a", later(2), BTC="1")]
    assert moved(first, second) == ()


def test_accounts_whose_balances_or_orders_differ_have_moved() -> None:
    resting = OpenOrder(account="b", instrument="south:BTC/USDT", client_id="", side=Side.BUY, amount=D(1), filled=D(0))
    first = [read("a", BTC="1"), read("b"), read("c")]
    second = [read("a", BTC="1.00000001"), replace(read("b"), orders=(resting,)), read("c")]
    assert moved(first, second) == ("a", "b")
    assert moved(first[1:], [replace(second[1], orders=(replace(resting, filled=D("0.5")),)), second[2]]) == ("b",)


def test_an_account_that_only_one_reading_has_proves_no_rest() -> None:
    assert moved([read("a")], [read("a"), read("b")]) == ("b",)
    assert moved([read("a"), read("b")], [read("a")]) == ("b",)
