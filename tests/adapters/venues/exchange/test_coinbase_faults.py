"""The table of faults against the simulated Coinbase: the cells of Binance's, and where this venue's differ."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.contracts.faults import CALLS, expected
from tests.contracts.sites import Site
from tests.contracts.test_faults import AMOUNTS, MINE, asked, outcome
from tests.contracts.test_venue import on_coinbase
from trimtab.ports import Uncertain
from trimtab.sim.faults import Fault, Plan, Planned

V3: Final = "/api/v3/brokerage/"
WALLET: Final = "/v2/accounts/*/"
STRUCK: Final = {
    "read": f"GET {V3}accounts",
    "transfers": f"GET {WALLET}transactions",
    "instruments": f"GET {V3}market/products",
    "quotes": f"GET {V3}market/product_book",
    "ladders": f"GET {V3}market/product_book",
    "fees": f"GET {V3}transaction_summary",
    "place": f"POST {V3}orders",
    "query": f"GET {V3}orders/historical/batch",
    "cancel": f"POST {V3}orders/batch_cancel",
    "address": f"GET {WALLET}addresses",
    "withdraw": f"POST {WALLET}transactions",
}
DIFFERS: Final = {
    ("place", Fault.UNLISTED): "uncertain",  # It is told by its id alone, and where it stands, nobody says yet.
    **{(m, Fault.SKEWED): "right" for m in CALLS if m != "place"},  # A token is good for two minutes, an order's not.
}
CELLS: Final = [(m, f, DIFFERS.get((m, f), expected(m, f))) for m in STRUCK for f in Fault]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with on_coinbase(tmp_path) as one:
        yield one


def ready(site: Site, method: str, fault: Fault) -> None:
    """Clients connected, an order to ask about where one is asked about, and the fault about to strike."""
    site.run(asked(site, "fees"))
    wire = site.server.venues["here"]
    if method in ("query", "cancel") and fault is not Fault.UNLISTED:
        site.truth.place(MINE)
    if fault is Fault.REFUSED:
        site.run(wire.refuse())
        return
    call = STRUCK["place" if fault is Fault.UNLISTED else method]
    subject = "BTC-USDT" if fault is Fault.VANISHED else ""
    wire.plan = Plan(faults=(Planned(fault=fault, call=call, amount=AMOUNTS.get(fault), subject=subject),))
    if method in ("query", "cancel") and fault is Fault.UNLISTED:
        with suppress(Uncertain):
            site.place(MINE)


@pytest.mark.parametrize(("method", "fault", "comes"), [cell for cell in CELLS if cell[2] != "n/a"], ids=str)
def test_a_fault_comes_to_what_the_table_says_and_nothing_happens_twice(
    method: str, fault: Fault, comes: str, site: Site
) -> None:
    ready(site, method, fault)
    came = outcome(site, method, fault)

    assert came == comes
    orders = [placed for placed in site.truth.log() if placed.order.id == MINE.id]
    sent = site.truth.movements("main")
    assert len(orders) <= 1
    assert len(sent) <= 1
    assert [one for one in site.server.venues["here"].calls if one == STRUCK["place"]].count(STRUCK["place"]) <= 1
    if came in ("unavailable", "refused"):
        assert not (orders and method == "place")
        assert not (sent and method == "withdraw")


@pytest.mark.parametrize("fault", [f for m, f, comes in CELLS if m == "place" and comes in ("uncertain", "late")])
def test_an_order_in_doubt_is_found_by_its_id_or_was_never_taken(fault: Fault, site: Site) -> None:
    ready(site, "place", fault)
    outcome(site, "place", fault)
    site.server.venues["here"].plan = Plan()
    site.after(6)
    found = [site.query(MINE) for _ in range(10)][-1]

    taken = [placed for placed in site.truth.log() if placed.order.id == MINE.id]
    assert (found is not None) is bool(taken)
