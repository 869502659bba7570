"""Budgets of wall time: windows, strikes and bans that grow."""

from decimal import Decimal

from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.wire import limits
from trimtab.sim.wire.limits import Meter

TEN = Allowance(name="1M", most=10, window_s=Decimal(60))


def test_a_window_holds_so_much_and_the_next_begins_at_its_boundary() -> None:
    meter = Meter()

    assert limits.charge(meter, "me", "weight", TEN, 10, now=119) is None
    wait = limits.charge(meter, "me", "weight", TEN, 1, now=119)
    assert wait is not None
    assert (wait.retry_s, wait.banned) == (1, False)
    assert limits.charge(meter, "me", "weight", TEN, 1, now=120) is None
    assert limits.spent(meter, "me", "weight", TEN, now=120) == 1


def test_what_is_refused_uses_nothing_up() -> None:
    meter = Meter()
    limits.charge(meter, "me", "weight", TEN, 8, now=0)
    limits.charge(meter, "me", "weight", TEN, 5, now=1)

    assert limits.charge(meter, "me", "weight", TEN, 2, now=2) is None


def test_clients_do_not_use_up_each_others_budget() -> None:
    meter = Meter()
    limits.charge(meter, "me", "weight", TEN, 10, now=0)

    assert limits.charge(meter, "you", "weight", TEN, 10, now=0) is None


def test_who_does_not_wait_is_banned_and_for_longer_each_time() -> None:
    meter, few = Meter(), Limits(strikes=2, ban_s=Decimal(10), longest_ban_s=Decimal(25))
    wait = limits.Wait(1, banned=False)
    lengths = []
    for _ in range(3):
        told = [limits.strike(meter, "me", few, wait, now=0) for _ in range(3)]
        assert [one.banned for one in told] == [False, False, True]
        lengths.append(told[-1].retry_s)

    assert lengths == [10, 20, 25]
    assert limits.shut_out(meter, "me", now=24.5) == limits.Wait(0.5, banned=True)
    assert limits.shut_out(meter, "me", now=25) is None
    assert limits.shut_out(meter, "you", now=1) is None
