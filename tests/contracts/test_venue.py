"""What every venue does behind its ports, by number: the paper venue, and real clients over the wire."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contracts.sites import BTC, ETH, NOON, D, Site, client, order, write
from trimtab.adapters.venues import paper
from trimtab.model.assets import Listing, TakenFrom
from trimtab.model.holdings import Stage
from trimtab.model.orders import OrderStatus, Side, TimeInForce
from trimtab.ports import Refused, Unavailable, Uncertain
from trimtab.sim.clockwork import open_clock
from trimtab.sim.venue import open_venue
from trimtab.sim.wire import certs, keys
from trimtab.sim.wire.server import Told, serving
from trimtab.value import ends

Opener = Callable[..., AbstractContextManager[Site]]


@contextmanager
def on_paper(folder: Path, **changes: str) -> Iterator[Site]:
    """The venues in this process."""
    path = write(folder, **changes)
    here, there = paper.connect(path, "here"), paper.connect(path, "there")
    clock, truth, far = open_clock(path), open_venue(path, "here"), open_venue(path, "there")
    loop = asyncio.new_event_loop()
    try:
        yield Site(here, there, clock, truth, far, loop)
    finally:
        loop.close()
        for one in (here, there, clock, truth, far):
            one.close()


AS_COINBASE = {
    "here": '[venues.here]\nwire = "binance" => [venues.here]\nwire = "coinbase"',
    "there": '[venues.there]\nwire = "binance" => [venues.there]\nwire = "coinbase"',
    "fee": 'taker_bps = 10\n[venues.there] => taker_bps = 10\ntaken_from = "quote"\n[venues.there]',
    "far_fee": 'taker_bps = 10\n[[networks]] => taker_bps = 10\ntaken_from = "quote"\n[[networks]]',
}


def on_binance(folder: Path, **changes: str) -> AbstractContextManager[Site]:
    """Two simulated Binances."""
    return over_the_wire(write(folder, **changes), keys.Kind.HMAC)


def on_coinbase(folder: Path, **changes: str) -> AbstractContextManager[Site]:
    """Two simulated Coinbases, which charge in quote."""
    return over_the_wire(write(folder, **AS_COINBASE, **changes), keys.Kind.ES256)


@contextmanager
def over_the_wire(path: Path, kind: keys.Kind) -> Iterator[Site]:
    """The venues as servers, and real clients of them."""
    with asyncio.Runner() as runner, ExitStack() as opened:
        served = AsyncExitStack()
        opened.callback(lambda: runner.run(served.aclose()))
        made = tuple(keys.make(account, account, kind) for account in ("main", "other", "sub"))
        sim = runner.run(served.enter_async_context(serving(path, Told(made, certs.ready(path.parent)))))
        clock, truth, far = open_clock(path), open_venue(path, "here"), open_venue(path, "there")
        for book in (clock, truth, far):
            opened.callback(book.close)
        here, there = (client(sim, name, clock, truth, far) for name in ("here", "there"))
        for one in (here, there):
            served.push_async_callback(one.aclose)
        yield Site(here, there, clock, truth, far, runner.get_loop(), truth.told.wire or "", sim)


OPENERS: dict[str, Opener] = {"binance": on_binance, "coinbase": on_coinbase, "paper": on_paper}


@pytest.fixture(params=sorted(OPENERS))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., AbstractContextManager[Site]]:
    opener = OPENERS[request.param]
    return lambda **changes: opener(tmp_path, **changes)


@pytest.fixture
def site(opened: Opener) -> Iterator[Site]:
    with opened() as one:
        yield one


def test_01_instruments_are_named_by_venue_and_pair_with_the_venues_own_filters(site: Site) -> None:
    listed = {i.id: i for i in site.run(site.here.instruments())}

    assert sorted(listed) == [BTC, ETH]
    assert (listed[BTC].base, listed[BTC].quote, listed[BTC].listing) == ("BTC", "USDT", Listing.TRADING)
    filters = listed[BTC].filters
    assert (filters.step, filters.tick, filters.min_notional) == (D("0.00001"), D("0.01"), D(5))
    assert filters.min_amount == D("0.00001")
    assert filters.max_orders == (None if site.wire == "coinbase" else 5)  # Coinbase does not say.


def test_02_an_account_is_read_to_the_smallest_unit(site: Site) -> None:
    read = site.run(site.here.read("main"))

    assert (read.account, read.as_of) == ("main", NOON)
    assert site.held()["BTC"] == (D("2.00000001"), D("2.00000001"))
    assert site.held()["USDT"] == (D(2000000), D(2000000))


def test_03_accounts_of_one_venue_are_told_apart(site: Site) -> None:
    assert site.held("sub") == {"USDT": (D(500), D(500))}


def test_04_an_account_that_is_not_there_is_refused(site: Site) -> None:
    with pytest.raises(Refused, match="nobody"):
        site.run(site.here.read("nobody"))


def test_05_touch_and_book_are_the_venues(site: Site) -> None:
    truth = site.truth.ladder(BTC)
    assert truth is not None
    (quote,) = site.run(site.here.quotes([BTC]))
    (ladder,) = site.run(site.here.ladders([BTC], 5))

    assert (quote.instrument, quote.bid, quote.ask) == (BTC, truth.bids[0].price, truth.asks[0].price)
    assert (ladder.bids, ladder.asks) == (truth.bids[:5], truth.asks[:5])


def test_06_what_is_not_listed_has_no_touch_and_no_book(site: Site) -> None:
    assert site.run(site.here.quotes(["here:XRP/USDT"])) == ()
    assert site.run(site.here.ladders(["here:XRP/USDT"], 5)) == ()


def test_07_fees_say_how_much_and_from_what(site: Site) -> None:
    terms = {t.instrument: t for t in site.run(site.here.fees("main"))}
    found = terms.get(BTC) or terms[None]

    assert (found.maker_bps, found.taker_bps, found.taken_from) == (D(8), D(10), site.taken_from)


def test_08_an_order_that_meets_the_book_is_filled_and_its_fills_are_the_change(site: Site) -> None:
    before, price = site.held(), site.best(Side.BUY)
    told = site.place(order(1, Side.BUY, "0.01", price + 50, time_in_force=TimeInForce.IOC))

    assert (told.order_id, told.status, told.filled) == (f"{1:032x}", OrderStatus.FILLED, D("0.01"))
    assert sum(f.amount for f in told.fills) == D("0.01")
    paid = sum((f.amount * f.price for f in told.fills), Decimal(0))
    charged = {asset: sum(f.fee for f in told.fills if f.fee_asset == asset) for asset in ("BTC", "USDT")}
    in_quote = site.taken_from is TakenFrom.QUOTE
    assert charged["BTC"] == (D(0) if in_quote else D("0.00001"))
    assert charged["USDT"] == (paid / 1000 if in_quote else 0)
    assert site.held()["USDT"][0] == before["USDT"][0] - paid - charged["USDT"]
    assert site.held()["BTC"][0] == before["BTC"][0] + D("0.01") - charged["BTC"]


def test_09_a_sale_pays_its_fee_from_what_it_receives(site: Site) -> None:
    told = site.place(order(1, Side.SELL, "0.01", site.best(Side.SELL) - 50))

    assert {f.fee_asset for f in told.fills} == {"USDT"}
    assert {(f.account, f.instrument, f.side, f.at) for f in told.fills} == {("main", BTC, Side.SELL, NOON)}


def test_10_a_market_order_takes_what_is_there(site: Site) -> None:
    told = site.place(order(1, Side.BUY, "0.5", None, time_in_force=TimeInForce.IOC))

    assert (told.status, told.filled) == (OrderStatus.FILLED, D("0.5"))


def test_11_a_resting_order_is_open_locks_its_money_and_is_seen(site: Site) -> None:
    resting = order(1, Side.BUY, "0.1", "50000")
    assert site.place(resting).status is OrderStatus.OPEN

    (seen,) = site.run(site.here.read("main")).orders
    assert (seen.client_id, seen.instrument, seen.side, seen.amount) == (resting.id, BTC, Side.BUY, D("0.1"))
    assert (seen.filled, seen.price) == (D(0), D(50000))
    kept_for_fees = D(5) if site.taken_from is TakenFrom.QUOTE else D(0)
    assert site.held()["USDT"] == (D(2000000), D(1995000) - kept_for_fees)


def test_12_an_order_is_found_again_by_its_id_with_the_same_fills(site: Site) -> None:
    mine = order(1, Side.BUY, "0.01", site.best(Side.BUY) + 50)
    first = site.place(mine)
    again = site.query(mine)

    assert again is not None
    assert (again.status, again.filled, again.fills) == (first.status, first.filled, first.fills)


def test_13_an_id_that_the_venue_never_saw_is_not_known(site: Site) -> None:
    assert site.query(order(9, Side.BUY, "0.01", "50000")) is None


def test_14_a_cancelled_order_says_so_and_gives_its_money_back(site: Site) -> None:
    resting = order(1, Side.BUY, "0.1", "50000")
    site.place(resting)
    ended = site.cancel(resting)

    assert ended is not None
    assert (ended.order_id, ended.status, ended.filled) == (resting.id, OrderStatus.CANCELLED, D(0))
    assert site.held()["USDT"] == (D(2000000), D(2000000))
    assert site.run(site.here.read("main")).orders == ()


def test_15_cancelling_what_is_filled_tells_its_fills(site: Site) -> None:
    mine = order(1, Side.BUY, "0.01", site.best(Side.BUY) + 50)
    first = site.place(mine)
    ended = site.cancel(mine)

    assert ended is not None
    assert (ended.status, ended.fills) == (OrderStatus.FILLED, first.fills)


def test_16_cancelling_what_is_not_known_says_that_it_is_not(site: Site) -> None:
    assert site.cancel(order(9, Side.BUY, "0.01", "50000")) is None


def test_17_a_part_that_was_done_stays_done_when_the_rest_is_cancelled(site: Site) -> None:
    book = site.truth.ladder(BTC)
    assert book is not None
    first = book.asks[0]
    mine = order(1, Side.BUY, str(first.amount + D("0.1")), first.price)
    told = site.place(mine)
    ended = site.cancel(mine)

    assert (told.status, told.filled) == (OrderStatus.OPEN, first.amount)
    assert ended is not None
    assert (ended.status, ended.filled) == (OrderStatus.CANCELLED, first.amount)
    assert sum(f.amount for f in ended.fills) == first.amount


def test_18_what_an_immediate_order_cannot_get_is_cancelled(site: Site) -> None:
    book = site.truth.ladder(BTC)
    assert book is not None
    first = book.asks[0]
    told = site.place(order(1, Side.BUY, str(first.amount + 1), first.price, time_in_force=TimeInForce.IOC))

    assert told.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    assert told.filled == first.amount


def test_19_all_or_nothing_is_nothing(site: Site) -> None:
    book = site.truth.ladder(BTC)
    assert book is not None
    first = book.asks[0]
    told = site.place(order(1, Side.BUY, str(first.amount + 1), first.price, time_in_force=TimeInForce.FOK))

    assert told.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    assert (told.filled, told.fills) == (D(0), ())


def test_20_a_maker_that_would_take_is_refused(site: Site) -> None:
    with pytest.raises(Refused):
        site.place(order(1, Side.BUY, "0.01", site.best(Side.BUY) + 50, time_in_force=TimeInForce.POST_ONLY))
    assert site.truth.log() == ()


def test_21_an_open_order_keeps_its_id_to_itself(site: Site) -> None:
    site.place(order(1, Side.BUY, "0.1", "50000"))
    with pytest.raises((Refused, Uncertain)):  # In doubt is as good: whoever asks finds the first one.
        site.place(order(1, Side.BUY, "0.1", "50001"))
    assert len(site.truth.log()) == 1


@pytest.mark.parametrize(
    ("amount", "price"), [("0.00001", "50000"), ("0.100001", "50000"), ("0.1", "50000.001"), ("0.1", "0")]
)
def test_22_what_breaks_a_filter_is_refused_and_never_rounded(amount: str, price: str, site: Site) -> None:
    with pytest.raises(Refused):
        site.place(order(1, Side.BUY, amount, price))
    assert site.truth.log() == ()


def test_23_money_that_is_not_there_is_refused(site: Site) -> None:
    with pytest.raises(Refused):
        site.place(order(1, Side.SELL, "2.1", "70000"))
    with pytest.raises(Refused):
        site.place(order(2, Side.BUY, "0.1", "50000", account="sub"))
    assert site.truth.log() == ()


def test_24_a_pair_that_is_not_listed_is_refused(site: Site) -> None:
    with pytest.raises(Refused):
        site.place(order(1, Side.BUY, "1", "1", instrument="here:XRP/USDT"))


def test_25_an_order_whose_answer_is_lost_is_in_doubt_and_is_found_by_its_id(opened: Opener) -> None:
    with opened(lossy="[venues.here]\n => [venues.here]\nfaults = { lose_reply_every = 1 }\n") as site:
        mine = order(1, Side.BUY, "0.1", "50000")
        with pytest.raises(Uncertain):
            site.place(mine)
        found = site.query(mine)

        assert found is not None
        assert found.status is OrderStatus.OPEN


def test_26_an_order_that_is_accepted_late_is_unknown_before_and_not_absent(opened: Opener) -> None:
    with opened(late="[venues.here]\n => [venues.here]\nfaults = { delay_every = 1, delay_s = 4.2 }\n") as site:
        mine = order(1, Side.BUY, "0.1", "50000")
        with pytest.raises(Uncertain):
            site.place(mine)
        site.after(3)
        early = site.query(mine)
        site.after(5)
        late = site.query(mine)

        assert early is None
        assert late is not None
        assert late.status is OrderStatus.OPEN


def test_27_a_pair_that_is_halted_says_so_and_refuses(opened: Opener) -> None:
    halted = '"ETH/USDT" = { => "ETH/USDT" = { halted_from = 2026-01-01T12:00:00Z,'
    with opened(halted=halted) as site:
        listed = {i.id: i.listing for i in site.run(site.here.instruments())}
        assert listed == {BTC: Listing.TRADING, ETH: Listing.HALTED}
        with pytest.raises(Refused):
            site.place(order(1, Side.BUY, "1", "3000", instrument=ETH))


def test_28_a_pair_that_vanished_is_listed_no_more_and_refuses(opened: Opener) -> None:
    with opened(gone='"ETH/USDT" = { => "ETH/USDT" = { vanishes_at = 2026-01-01T12:01:00Z,') as site:
        site.run(site.here.instruments())
        site.after(60)
        listed = [i.id for i in site.run(site.here.instruments()) if i.listing is not Listing.VANISHED]
        assert listed == [BTC]
        assert site.run(site.here.quotes([ETH])) == ()
        with pytest.raises(Refused):
            site.place(order(1, Side.BUY, "1", "3000", instrument=ETH, valid_until=NOON + timedelta(seconds=65)))


def test_29_an_account_that_cannot_be_read_is_unavailable_and_not_empty(opened: Opener) -> None:
    unread = "[venues.here.accounts.main]\n => [venues.here.accounts.main]\nunreadable_from = 2026-01-01T12:00:00Z\n"
    with opened(unread=unread) as site:
        with pytest.raises(Unavailable):
            site.run(site.here.read("main"))
        with pytest.raises(Unavailable):
            site.run(site.here.transfers("main", NOON))
        assert site.held("sub") == {"USDT": (D(500), D(500))}


def test_30_a_withdrawal_takes_all_of_it_at_once_and_says_what_will_arrive(site: Site) -> None:
    sent = site.send("1000")

    assert (sent.asset, sent.amount, sent.fee, sent.source, sent.stage) == (
        "USDT",
        D(1000),
        D(1),
        "main",
        Stage.REQUESTED,
    )
    assert site.held()["USDT"] == (D(1999000), D(1999000))


def test_31_both_ends_tell_each_stage_of_a_transfer(site: Site) -> None:
    site.send("1000")
    told = [site.stages()]
    for seconds in (240, 600, 1800):
        site.after(seconds)
        told.append(site.stages())

    assert told == [
        ([Stage.REQUESTED], []),
        ([Stage.SENT], [Stage.SEEN]),
        ([Stage.SENT], [Stage.TRADABLE]),
        ([Stage.SENT], [Stage.WITHDRAWABLE]),
    ]


def test_32_both_ends_of_a_transfer_meet_by_its_transaction(site: Site) -> None:
    site.send("1000")
    site.after(601)
    told = [*site.run(site.here.transfers("main", NOON)), *site.run(site.there.transfers("other", NOON))]
    (met,) = ends.joined(told, ("main", "sub", "other"))

    assert (met.source, met.target, met.amount, met.fee) == ("main", "other", D(1000), D(1))
    assert (met.stage, met.debited_at) == (Stage.TRADABLE, NOON)
    assert met.credited_at is not None


def test_33_money_that_arrived_is_read_where_it_is(site: Site) -> None:
    site.send("1000")
    site.after(601)
    read = site.run(site.there.read("other"))

    assert [(b.asset, b.total, b.free) for b in read.balances if b.total] == [("USDT", D(999), D(999))]
    assert all(b.withdrawable is None or b.withdrawable == 0 for b in read.balances)


def test_34_a_deposit_that_is_held_says_so(site: Site) -> None:
    site.send("1000")
    site.after(241)
    site.far.hold(site.far.movements("other")[0].transfer.id, "review")
    (told,) = site.run(site.there.transfers("other", NOON))

    assert told.stage is Stage.HELD
    assert told.because


@pytest.mark.parametrize(("amount", "account"), [("9", "main"), ("100", "sub"), ("3000000", "main")])
def test_35_a_withdrawal_that_may_not_be_is_refused(amount: str, account: str, site: Site) -> None:
    with pytest.raises(Refused):
        site.send(amount, account)
    assert site.truth.movements(account) == ()


def test_36_an_address_is_the_accounts_own(site: Site) -> None:
    here = site.run(site.here.address("main", "USDT", "ETH"))

    assert here == site.truth.address("main", "USDT", "ETH")
    assert here != site.run(site.there.address("other", "USDT", "ETH"))


def test_37_a_network_that_is_not_carried_is_refused(site: Site) -> None:
    with pytest.raises(Refused):
        site.send("100", network="TRX")


def test_38_the_venue_says_how_long_its_silence_means_nothing(site: Site) -> None:
    terms = site.here.terms

    assert terms.venue == "here"
    assert terms.accept_window_s >= 5
    assert terms.retention_s > 0


def test_39_one_reference_is_one_withdrawal_however_often_it_is_asked_for(site: Site) -> None:
    first, again = site.send("1000"), site.send("1000")

    assert len(site.truth.movements("main")) == 1
    assert site.held()["USDT"] == (D(1999000), D(1999000))
    assert (again.asset, again.amount, again.fee, again.source, again.target) == (
        first.asset,
        first.amount,
        first.fee,
        "main",
        "other",
    )
