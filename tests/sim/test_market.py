from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.model.orders import Order, OrderKind, OrderStatus, Side, TimeInForce
from trimtab.quant import books
from trimtab.sim import exchange, market, world
from trimtab.sim.generator import Generator, Motion
from trimtab.sim.market import Depth, Market
from trimtab.sim.state import Exchange, State, Stock

D = Decimal
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = int(NOON.timestamp())
BTC = "v:BTC/USDT"


def quiet(**more: Any) -> Market:
    """A venue with one account in a market of 60,000 that moves by 60 % a year."""
    whole = world.decode(
        {
            "start": NOON,
            "assets": {"BTC": {"decimals": 8}, "USDT": {"decimals": 8}},
            "venues": {
                "v": {
                    "accounts": {"a": {}},
                    "instruments": {"BTC/USDT": {"filters": {"step": "0.00001", "tick": "0.01"}, "depth": 1, **more}},
                    "fees": [{"maker_bps": 8, "taker_bps": 10}],
                }
            },
        },
        "test",
    )
    motions = {"BTC": Motion(D(60000), D("0.6")), "USDT": Motion(D(1), D(0))}
    return Market(whole, "v", Generator("7", START, START + 10_000_000, motions))


def rich(around: Market) -> Exchange:
    held = {(a, b): Stock(a, b, 10**18) for a, b in (("a", "BTC"), ("a", "USDT"))}
    return Exchange(market.rules(around, NOON), State(balances=held))


def order(number: int, side: Side, price: str, **more: Any) -> Order:
    return Order(
        id=str(number), leg="l", slice=0, attempt=1, account="a", instrument=BTC, side=side, kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.GTC, amount=D("0.5"), limit_price=D(price), valid_until=at(777_777), **more,
    )  # fmt: skip


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def place(around: Market, venue: Exchange, taken: Depth, one: Order) -> None:
    outside = market.outside(around, taken, BTC, NOON)
    assert outside is not None
    exchange.place(venue, one, NOON, outside)
    market.note(around, venue, taken, NOON)


def settled(orders: list[Order], stops: list[float]) -> tuple[Exchange, Depth]:
    """A venue that took some orders at noon, after letting time pass with stops in between."""
    around = quiet()
    venue, taken = rich(around), Depth()
    for one in orders:
        place(around, venue, taken, one)
    for before, after in zip([0, *stops], stops, strict=False):
        market.settle(around, venue, taken, at(before), at(after))
    return venue, taken


def orders(count: int, ends: int) -> list[Order]:
    """Sells just above the market and buys just below, some of which expire."""
    sells = [
        order(n, Side.SELL, str(60010 + 7 * n), expires_at=at(ends + n) if n % 2 else None) for n in range(1, count)
    ]
    return [*sells, *(order(100 + n, Side.BUY, str(59990 - 7 * n)) for n in range(1, count))]


@settings(max_examples=15)
@given(stops=st.lists(st.floats(0.001, 899), max_size=5), count=st.integers(2, 5), ends=st.integers(1, 900))
def test_looking_in_between_changes_nothing(stops: list[float], count: int, ends: int) -> None:
    once = settled(orders(count, ends), [900])
    often = settled(orders(count, ends), [*sorted(stops), 900])
    assert often[0].state.orders == once[0].state.orders
    assert often[0].state.balances == once[0].state.balances
    assert often[1].taken == once[1].taken


def test_a_resting_order_is_filled_at_its_own_price_when_the_market_has_come_to_it() -> None:
    venue, _ = settled([order(1, Side.SELL, "60050")], [900])
    placed = venue.state.orders[1]
    assert placed.status is OrderStatus.FILLED
    assert {fill.price for fill in placed.fills} == {D(60050)}
    assert all(fill.fee == fill.amount * fill.price * D("0.0008") for fill in placed.fills)


def test_an_order_that_the_market_did_not_reach_still_rests() -> None:
    venue, _ = settled([order(1, Side.SELL, "70000")], [900])
    assert venue.state.orders[1].status is OrderStatus.OPEN


def test_an_order_expires_at_its_own_instant_whoever_looks_later() -> None:
    venue, _ = settled([order(1, Side.SELL, "70000", expires_at=at(30.5))], [900])
    assert (venue.state.orders[1].status, venue.state.orders[1].changed_at) == (OrderStatus.EXPIRED, at(30.5))


def test_nothing_is_filled_while_its_listing_is_halted() -> None:
    around = quiet(halted_from=at(1))
    venue, taken = rich(around), Depth()
    place(around, venue, taken, order(1, Side.SELL, "60050"))
    market.settle(around, venue, taken, NOON, at(900))
    assert venue.state.orders[1].status is OrderStatus.OPEN


def test_an_old_order_looks_at_the_market_every_minute() -> None:
    around = quiet()
    venue = rich(around)
    place(around, venue, Depth(), order(1, Side.SELL, "70000"))
    looks = [now - START for now in market._looks(venue.state.orders[1], START, START + 780)]
    assert looks == [*range(1, 601), 660, 720, 780]


def test_what_one_order_took_is_missing_for_the_next() -> None:
    around = quiet()
    venue, taken = rich(around), Depth()
    whole = market.ladder(around, taken, BTC, NOON)
    place(around, venue, taken, order(1, Side.BUY, "60100"))
    left = market.ladder(around, taken, BTC, NOON)
    assert whole is not None
    assert left is not None
    assert left.asks[0].amount == whole.asks[0].amount - D("0.5")
    assert left.bids == whole.bids


def test_a_quote_counts_what_is_near_the_touch() -> None:
    book = market.ladder(quiet(), Depth(), BTC, NOON)
    assert book is not None
    quote = books.touch(book)
    assert (quote.bid, quote.ask) == (book.bids[0].price, book.asks[0].price)
    near = [level.amount for level in book.asks if level.price <= book.asks[0].price * D("1.001")]
    assert quote.ask_amount == sum(near)
    assert len(near) < len(book.asks)
