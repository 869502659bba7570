"""A small simulated venue in the domain's words: two funds, a sub-account, two instruments."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trimtab.model.assets import Asset, FeeTerms, Filters, Instrument, Listing, TakenFrom
from trimtab.model.orders import Order, OrderKind, OrderState, Side, TimeInForce
from trimtab.model.prices import Ladder, Level
from trimtab.sim import exchange, rules
from trimtab.sim.rules import Member, Network, Outside, Right, Rules
from trimtab.sim.state import Exchange, State, Stock
from trimtab.units import canon, to_raw

T0 = datetime(2024, 6, 3, 12, tzinfo=UTC)
BTC_USDT = "v:BTC/USDT"
BNB_USDT = "v:BNB/USDT"
DECIMALS = {"BTC": 8, "BNB": 8, "USDT": 8}
FILTERS = Filters(step=Decimal("0.001"), tick=Decimal("0.01"), min_notional=Decimal(10))
CHAIN = Network(
    id="chain",
    asset="USDT",
    fee=Decimal(1),
    minimum=Decimal(10),
    sent_s=240,
    tradable_s=360,
    withdrawable_s=1560,
)
BITCOIN = Network(
    id="bitcoin",
    asset="BTC",
    fee=Decimal("0.0001"),
    minimum=Decimal("0.001"),
    sent_s=60,
    tradable_s=60,
    withdrawable_s=60,
)
MEMBERS = (
    Member("main", "fund"),
    Member("sub", "fund", parent="main", rights=(Right.TRADE,)),
    Member("free", "fund", parent="main", rights=(Right.TRADE, Right.TRANSFER)),
    Member("other", "stranger"),
)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def pays(account: str, taken_from: TakenFrom = TakenFrom.RECEIVED, maker: str = "10", taker: str = "10") -> FeeTerms:
    by_third = taken_from is TakenFrom.THIRD
    return FeeTerms(
        account=account,
        maker_bps=Decimal(maker),
        taker_bps=Decimal(taker),
        taken_from=taken_from,
        third="BNB" if by_third else None,
        discount=Decimal("0.25") if by_third else None,
    )


def lists(instrument: str, filters: Filters = FILTERS, listing: Listing = Listing.TRADING) -> Instrument:
    base, quote = instrument.removeprefix("v:").split("/")
    return Instrument(id=instrument, venue="v", base=base, quote=quote, filters=filters, listing=listing)


def venue(
    *fees: FeeTerms,
    filters: Filters = FILTERS,
    listing: Listing = Listing.TRADING,
    delay_s: float = 0,
    retention_s: int = 3600,
    **balances: dict[str, str],
) -> Exchange:
    known = {terms.account for terms in fees}
    of = Rules(
        venue="v",
        assets=tuple(Asset(id=name, decimals=places) for name, places in DECIMALS.items()),
        instruments=(lists(BTC_USDT, filters, listing), lists(BNB_USDT)),
        members=MEMBERS,
        fees=(*fees, *(pays(m.id) for m in MEMBERS if m.id not in known)),
        networks=(CHAIN, BITCOIN),
        delay_s=delay_s,
        retention_s=retention_s,
    )
    rules.check(of)
    opened = Exchange(of)
    for account, held in balances.items():
        for asset, amount in held.items():
            units = to_raw(Decimal(amount), DECIMALS[asset])
            opened.state.keep_stock(Stock(account, asset, units))
    return opened


def order(
    side: Side,
    amount: str,
    price: str | None = None,
    *,
    order_id: str = "1",
    account: str = "main",
    force: TimeInForce = TimeInForce.GTC,
    valid_s: float = 5,
    expires_s: float | None = None,
    instrument: str = BTC_USDT,
) -> Order:
    return Order(
        id=order_id,
        leg="l1",
        slice=0,
        attempt=1,
        account=account,
        instrument=instrument,
        side=side,
        kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
        time_in_force=force,
        amount=canon(Decimal(amount)),
        limit_price=None if price is None else canon(Decimal(price)),
        valid_until=after(valid_s),
        expires_at=None if expires_s is None else after(expires_s),
    )


def levels(*pairs: tuple[str, str]) -> tuple[Level, ...]:
    return tuple(Level(price=canon(Decimal(price)), amount=canon(Decimal(amount))) for price, amount in pairs)


def outside(
    bids: tuple[tuple[str, str], ...] = (("59999", "5"),),
    asks: tuple[tuple[str, str], ...] = (("60000", "5"),),
    instrument: str = BTC_USDT,
) -> Outside:
    ladder = Ladder(instrument=instrument, bids=levels(*bids), asks=levels(*asks), as_of=T0)
    return Outside(ladder, prices={"BNB": Decimal(600)})


def place(of: Exchange, sent: Order, market: Outside | None = None, at: datetime = T0) -> OrderState:
    answer = exchange.place(of, sent, at, market or outside())
    assert answer is not None, "it waits for acceptance"
    return answer


def settle(of: Exchange, until: datetime, market: Outside | None = None) -> None:
    while (moment := exchange.due(of, until)) is not None:
        exchange.settle(of, moment, market or outside())


def holds(of: Exchange, account: str) -> dict[str, Decimal]:
    return {balance.asset: balance.total for balance in exchange.read(of, account, T0).balances}


def free(of: Exchange, account: str, asset: str) -> Decimal:
    return {balance.asset: balance.free for balance in exchange.read(of, account, T0).balances}[asset]


def reloaded(of: Exchange) -> Exchange:
    """The venue as another process finds it, from nothing but the rows that were changed so far."""
    changes = of.state.take_changes()
    state = State(
        balances={(row.account, row.asset): row for row in changes.balances},
        orders={row.seq: row for row in changes.orders},
        movements={row.key: row for row in changes.movements},
        next_order=changes.next_order,
        next_fill=changes.next_fill,
        next_transfer=changes.next_transfer,
    )
    return Exchange(of.rules, state)
