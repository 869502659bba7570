"""Whatever is asked of a paper world, every unit is somewhere: in an account, on its way, with a market or paid."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.venues.papers import NOON, Opened, order, run, sent, write
from trimtab.model.orders import Side
from trimtab.ports import Refused, Uncertain

D = Decimal
OPENING: Final = {"BTC": D(2), "USDT": D(2_000_500)}
FAULTS: Final = "accept_window_s = 5 => faults = { lose_reply_every = 3, delay_every = 4, delay_s = 2 }"
ACCOUNTS: Final = ("main", "sub")

orders = st.tuples(
    st.just("place"),
    st.sampled_from(Side),
    st.sampled_from(["0.1", "0.7", "3"]),
    st.sampled_from([None, "59000", "59995", "60005", "61000"]),
    st.sampled_from(ACCOUNTS),
)
requests = st.lists(
    st.one_of(
        orders,
        st.tuples(st.just("cancel"), st.integers(0, 10)),
        st.tuples(st.just("wait"), st.sampled_from([1, 3, 60, 400])),
        st.tuples(st.just("withdraw"), st.sampled_from(["50", "1000"])),
        st.tuples(st.just("move"), st.sampled_from(["100", "600"])),
    ),
    max_size=12,
)


def ask(opened: Opened, number: int, asked: tuple[object, ...], waited: int) -> int:
    """Make one request, refused or not, and say how long was waited so far."""
    match asked:
        case ("place", Side() as side, str() as amount, price, str() as account):
            run(
                opened.north.place(
                    order(number, side, amount, price if isinstance(price, str) else None, account=account)
                )
            )
        case ("cancel", int() as which):
            for placed in opened.north.log()[which : which + 1]:
                run(opened.north.cancel(placed.order))
        case ("wait", int() as seconds):
            opened.after(waited + seconds)
            return waited + seconds
        case ("withdraw", str() as amount):
            target = run(opened.south.address("other", "USDT", "chain"))
            run(sent(opened.north, "main", D(amount), target))
        case ("move", str() as amount):
            run(opened.north.transfer("main", "sub", "main", "USDT", D(amount)))
    return waited


def held(opened: Opened, asset: str) -> Decimal:
    reads = [run(opened.north.read(account)) for account in ACCOUNTS]
    reads.append(run(opened.south.read("other")))
    assert all(0 <= b.free <= b.total for read in reads for b in read.balances)
    return sum((b.total for read in reads for b in read.balances if b.asset == asset), D(0))


def traded(opened: Opened, asset: str) -> Decimal:
    """What trading and its fees have changed, from the venue's own log."""
    change = D(0)
    for fill in (fill for placed in opened.north.log() for fill in placed.fills):
        sign = 1 if fill.side is Side.BUY else -1
        change += sign * fill.amount if asset == "BTC" else -sign * fill.amount * fill.price
        change -= fill.fee if fill.fee_asset == asset else 0
    return change


def travelled(opened: Opened, asset: str) -> Decimal:
    """What left for good with the network's fee, and what is still on its way."""
    sent = [t for t in run(opened.north.transfers("main", NOON)) if t.target == "other" and t.asset == asset]
    there = {t.id for t in run(opened.south.transfers("other", NOON)) if t.credited_at is not None}
    return sum((t.fee if t.id in there else t.amount for t in sent), D(0))


@settings(max_examples=12)
@given(requests)
def test_nothing_is_made_and_nothing_is_lost(asked: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder, Opened(write(Path(folder), fault=FAULTS)) as opened:
        waited = 0
        for number, one in enumerate(asked):
            try:
                waited = ask(opened, number, one, waited)
            except (Refused, Uncertain):
                continue
        for asset, before in OPENING.items():
            assert held(opened, asset) == before + traded(opened, asset) - travelled(opened, asset)
