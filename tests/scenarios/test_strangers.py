"""Others act in the fund's accounts during a cycle: booked as foreign where they may, a frozen account where not."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.scenarios.funds import at_desk, make_fund, on
from trimtab import api
from trimtab.adapters.venues import paper
from trimtab.adapters.venues.paper import PaperVenue
from trimtab.model.breaks import BreakCause
from trimtab.model.ledger import CycleOutcome
from trimtab.model.orders import Order, OrderKind, Side, TimeInForce, Withdrawal
from trimtab.record.facts import Facts

RESERVE = '[accounts.reserve]\nvenue = "south"'
TABLE = "[venues.south.accounts.reserve.balances]"
OUTSIDER = '[[networks]]\nid = "chain"\nasset = "USDT"\nfee = 1\n[venues.south.accounts.outsider]\nowner = "else"\n'


def with_a_stranger(fund: Path, act: Callable[[PaperVenue], Awaitable[object]]) -> Facts:
    """A cycle in the midst of which, after its first orders, somebody else acts at the venue `south`."""
    south = paper.connect(fund.with_name("paper.toml"), "south")
    acted: list[Any] = []

    class Waking:
        """The fund's clock, which gives the stranger a moment while the fund sleeps."""

        def __init__(self, clock: object) -> None:
            self._clock = clock

        def __getattr__(self, name: str) -> object:
            return getattr(self._clock, name)

        async def sleep_until(self, at: object) -> None:
            await self._clock.sleep_until(at)  # type: ignore[attr-defined]
            if not acted:
                acted.append(await act(south))

    with at_desk(fund) as desk:
        watched = api.Desk(desk.policy, Waking(desk.clock), desk.store, desk.witness, desk.venues)  # type: ignore[arg-type]
        asyncio.run(api.run_cycle(watched, api.Wishes(holder=api.holder())))
        facts = api.facts(desk.store, "last")
    south.close()
    assert acted, "nobody had a moment to act"
    return facts


async def withdraw(south: PaperVenue) -> object:
    """500 USDT leave for an account that is not the fund's."""
    address = await south.address("outsider", "USDT", "chain")
    away = Withdrawal(
        id="f" * 32, account="reserve", asset="USDT", amount=Decimal(500), network="chain", address=address
    )
    return await south.withdraw(away)


async def trade(south: PaperVenue, name: str = "f" * 32) -> object:
    """Three LTC are sold by somebody else, under an id that is not ours."""
    (read,) = [await south.read("reserve")]
    order = Order(
        id=name,
        leg="",
        slice=0,
        attempt=1,
        account="reserve",
        instrument="south:LTC/USDT",
        side=Side.SELL,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.IOC,
        amount=Decimal(3),
        limit_price=Decimal(50),
        valid_until=read.as_of + timedelta(hours=1),
    )
    return await south.place(order)


def test_a_withdrawal_nobody_explained_freezes_the_account_until_a_person_accepts_it(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, world={TABLE: OUTSIDER + TABLE})
    facts = with_a_stranger(fund, withdraw)

    assert facts.closed is not None
    assert facts.reconciled is not None
    (found,) = facts.reconciled.breaks
    assert (found.account, found.asset, found.raw) == (*("reserve", "USDT", "-50000000000")[:2], found.raw)
    assert Decimal(found.raw) < 0
    assert found.cause is BreakCause.UNEXPLAINED
    assert [item.account for item in facts.closed.frozen] == ["reserve"]
    for command in (("plan",), ("run", "--yes"), ("plan", "--because", "now")):
        said = on(fund, *command)
        assert said.code == 3, command
        assert "frozen by an unexplained break of USDT" in said.out + said.err
    assert on(fund, "doctor").code == 1

    assert on(fund, "reconcile", "--accept", "reserve").code == 2, "without a reason"
    on(fund, "reconcile", "--accept", "reserve", "--because", "cash for the auditors")
    assert on(fund, "doctor").code == 0
    assert on(fund, "run", "--yes", "--because", "go on").code == 0
    with api.records(api.load_settings(fund)) as store:
        assert all(api.replay(store, past.cycle).holds for past in api.history(store, 9))


def test_accepting_one_account_leaves_another_frozen(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, world={TABLE: OUTSIDER + TABLE})
    with_a_stranger(fund, withdraw)
    on(fund, "reconcile", "--accept", "main", "--because", "it was not this one")
    assert on(fund, "plan").code == 3


def test_a_break_that_was_accepted_is_told_with_who_and_why_and_is_no_fault_any_more(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    with_a_stranger(fund, trade)
    assert on(fund, "reconcile").code == 1
    said = on(fund, "reconcile", "--accept", "reserve", "--because", "a sale by hand", "--by", "Ann")
    assert "Accepted: 2 breaks of reserve, which may trade again" in said.err
    assert said.code == 0
    for told in (said, on(fund, "reconcile")):
        assert told.code == 0
        assert re.search(r"Accepted by Ann: reserve LTC, .*: a sale by hand", told.out)
        assert "no other breaks" in told.out
    assert on(fund, "run", "--yes", "--because", "go on").code == 0
    assert on(fund, "reconcile").code == 0


def test_a_break_that_grows_after_it_was_accepted_is_open_again(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    with_a_stranger(fund, trade)
    assert on(fund, "reconcile", "--accept", "reserve", "--because", "a sale by hand").code == 0
    south = paper.connect(fund.with_name("paper.toml"), "south")
    asyncio.run(trade(south, "e" * 32))
    south.close()
    said = on(fund, "reconcile")
    assert said.code == 1
    assert "Break: reserve LTC and USDT" in said.out, "another difference than the one that was explained"
    assert on(fund, "reconcile", "--accept", "reserve", "--because", "a sale by hand").code == 0


def test_a_trade_of_others_in_a_shared_account_is_foreign_and_freezes_nothing(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={RESERVE: f'{RESERVE}\nmanaged = "shared"'})
    facts = with_a_stranger(fund, trade)

    assert facts.closed is not None
    assert facts.reconciled is not None
    assert {(b.account, b.asset, b.cause) for b in facts.reconciled.breaks} == {
        ("reserve", "LTC", BreakCause.FOREIGN),
        ("reserve", "USDT", BreakCause.FOREIGN),
    }
    assert facts.closed.outcome is CycleOutcome.DONE
    assert facts.closed.frozen == ()
    assert on(fund, "plan").code == 0


def test_the_same_trade_in_an_account_of_our_own_freezes_it(tmp_path: Path) -> None:
    facts = with_a_stranger(make_fund(tmp_path), trade)

    assert facts.closed is not None
    assert facts.reconciled is not None
    assert {b.cause for b in facts.reconciled.breaks} == {BreakCause.UNEXPLAINED}
    assert [item.account for item in facts.closed.frozen] == ["reserve"]
