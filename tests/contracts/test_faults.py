"""Every live cell of the table of faults, against the simulated Binance; and the table is the one in the docs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.contracts.faults import CALLS, expected, page
from tests.contracts.sites import BTC, D, Site, order
from tests.contracts.test_venue import on_binance
from trimtab.model.orders import Side, Withdrawal
from trimtab.ports import Refused, Unavailable, Uncertain
from trimtab.sim.faults import Fault, Plan, Planned

CELLS = [(m, f) for m in CALLS for f in Fault if expected(m, f) != "n/a"]
MINE = order(1, Side.BUY, "0.1", "50000")
IN_TIME_S = 0.3
"""Waited for an answer that is to be slow; any other is waited for until it is there, however busy the machine."""
PATIENT_S = 60
AMOUNTS = {Fault.SLOW: D(2), Fault.LATE: D("4.2"), Fault.UNLISTED: D(9)}
SUBJECTS = {Fault.VANISHED: "BTCUSDT"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with on_binance(tmp_path) as one:
        yield one


def asked(site: Site, method: str) -> Any:
    """One call of a port's method, ready to be awaited."""
    here: Any = site.here
    address = site.far.address("other", "USDT", "ETH")
    away = Withdrawal(id="f" * 32, account="main", asset="USDT", amount=D(100), network="ETH", address=address)
    return {
        "read": lambda: here.read("main"),
        "transfers": lambda: here.transfers("main", site.clock.now()),
        "instruments": here.instruments,
        "quotes": lambda: here.quotes([BTC]),
        "ladders": lambda: here.ladders([BTC], 5),
        "fees": lambda: here.fees("main"),
        "place": lambda: here.place(MINE),
        "query": lambda: here.query(MINE),
        "cancel": lambda: here.cancel(MINE),
        "address": lambda: here.address("main", "USDT", "ETH"),
        "withdraw": lambda: here.withdraw(away),
    }[method]()


def outcome(site: Site, method: str, fault: Fault) -> str:
    """What came of it, in the table's words."""
    patience = IN_TIME_S if fault is Fault.SLOW else PATIENT_S
    try:
        answer = site.run(asyncio.wait_for(asked(site, method), patience))
    except Unavailable:
        return "unavailable"
    except Refused:
        return "refused"
    except Uncertain:
        return "uncertain"
    except TimeoutError:
        return "late"
    return "none" if answer is None else "right"


def ready(site: Site, method: str, fault: Fault) -> None:
    """Clients connected, an order to ask about where one is asked about, and the fault about to strike."""
    site.run(asked(site, "fees"))
    if method in ("query", "cancel") and fault is not Fault.UNLISTED:
        site.truth.place(MINE)
    wire = site.server.venues["here"]
    if fault is Fault.REFUSED:
        site.run(wire.refuse())
        return
    planned = Planned(fault=fault, call=CALLS[method], amount=AMOUNTS.get(fault), subject=SUBJECTS.get(fault, ""))
    if fault is Fault.UNLISTED:
        planned = Planned(fault=fault, call=CALLS["place"], amount=AMOUNTS[fault])
    wire.plan = Plan(faults=(planned,))
    if method in ("query", "cancel") and fault is Fault.UNLISTED:
        site.place(MINE)


@pytest.mark.parametrize(("method", "fault"), CELLS, ids=str)
def test_a_fault_comes_to_what_the_table_says_and_nothing_happens_twice(method: str, fault: Fault, site: Site) -> None:
    ready(site, method, fault)
    came = outcome(site, method, fault)

    assert came == expected(method, fault)
    orders = [placed for placed in site.truth.log() if placed.order.id == MINE.id]
    sent = site.truth.movements("main")
    assert len(orders) <= 1
    assert len(sent) <= 1
    if came in ("unavailable", "refused"):
        assert not (orders and method == "place")
        assert not (sent and method == "withdraw")
    if came == "right":
        assert bool(orders) is (method in ("place", "query", "cancel"))


@pytest.mark.parametrize("fault", [f for f in Fault if expected("place", f) in ("uncertain", "late")])
def test_an_order_in_doubt_is_found_by_its_id_or_was_never_taken(fault: Fault, site: Site) -> None:
    ready(site, "place", fault)
    outcome(site, "place", fault)
    site.server.venues["here"].plan = Plan()
    site.after(6)
    found = site.query(MINE)

    taken = [placed for placed in site.truth.log() if placed.order.id == MINE.id]
    assert (found is not None) is bool(taken)


def test_the_table_in_the_docs_is_this_one() -> None:
    assert page() in (ROOT / "docs" / "faults.md").read_text()
