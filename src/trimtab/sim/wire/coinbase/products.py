"""What is listed and what it costs: products, books, currencies, rates, time and the fee tier."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from trimtab.model.assets import Instrument, Listing
from trimtab.model.prices import Ladder, Level
from trimtab.quant import fees
from trimtab.sim.wire.coinbase import ids
from trimtab.sim.wire.coinbase.asked import Asked, count
from trimtab.sim.wire.coinbase.errors import Failure
from trimtab.units import BPS, ONE, canon, divide, money, under_context

SHOWN: Final = 250
"""Levels of a book where no limit is asked for."""


def products(asked: Asked) -> Any:
    """GET products and market/products: everything listed, by type and by id; there is nothing but spot here."""
    wanted = asked.many("product_ids")
    kinds = asked.many("product_type")
    found = [one for name, one in listed(asked).items() if not wanted or name in wanted]
    if kinds and "SPOT" not in kinds:
        found = []
    size = count(asked, "limit", max(len(found), 1), max(len(found), 1))
    return {"products": [_product(asked, one) for one in found[:size]], "num_products": len(found)}


def product(asked: Asked) -> Any:
    """GET products/ID."""
    return _product(asked, find(asked, asked.named["product_id"]))


def book(asked: Asked) -> Any:
    """GET product_book: best levels first; empty where the market is closed."""
    one = find(asked, asked.one("product_id") or "")
    return {"pricebook": _book(asked, one, count(asked, "limit", SHOWN, 1000))}


def best(asked: Asked) -> Any:
    """GET best_bid_ask: the touch of the products asked for, or of all."""
    wanted = asked.many("product_ids")
    found = (one for name, one in listed(asked).items() if not wanted or name in wanted)
    return {"pricebooks": [_book(asked, one, 1) for one in found]}


def time(asked: Asked) -> Any:
    """GET time, v3: wall time, as its tokens are judged by."""
    at = asked.at
    millis = str(int(at.timestamp() * 1000))
    return {"iso": ids.stamp(at), "epochSeconds": str(int(at.timestamp())), "epochMillis": millis}


def old_time(asked: Asked) -> Any:
    """GET v2/time: wall time in whole seconds."""
    at = asked.at
    return {"data": {"iso": ids.whole_stamp(at), "epoch": int(at.timestamp())}}


@under_context
def fee_tier(asked: Asked) -> Any:
    """GET transaction_summary: the rates of the account's own terms, which products do not change here."""
    terms = fees.terms_for(asked.sim.rules().fees, asked.account, "")
    tier = {
        "pricing_tier": "Simulated",
        "usd_from": "0",
        "usd_to": "",
        "taker_fee_rate": ids.text(canon(terms.taker_bps / BPS)),
        "maker_fee_rate": ids.text(canon(terms.maker_bps / BPS)),
        "aop_from": "",
        "aop_to": "",
    }
    return {"total_volume": 0, "total_fees": 0, "fee_tier": tier, "margin_rate": None, "total_balance": ""}


def currencies(asked: Asked) -> Any:
    """GET v2/currencies: money of states."""
    rows = ({"id": one, "name": one, "min_size": _least(places)} for one, places in _assets(asked) if one in ids.FIAT)
    return {"data": list(rows)}


def crypto(asked: Asked) -> Any:
    """GET v2/currencies/crypto: everything that is not money of a state."""
    return {"data": [currency(one, places) for one, places in _assets(asked) if one not in ids.FIAT]}


def currency(asset: str, decimals: int) -> dict[str, Any]:
    """What v2 says of one asset."""
    fiat = asset in ids.FIAT
    told: dict[str, Any] = {"code": asset, "name": asset, "color": "#000000", "exponent": decimals}
    return {**told, "type": "fiat"} if fiat else {**told, "type": "crypto", "asset_id": ids.named("asset", asset)}


def rates(asked: Asked) -> Any:
    """GET v2/exchange-rates: how much of each asset one unit of a currency buys, where a product says so."""
    unit = asked.one("currency") or "USD"
    found = {unit: ONE}
    for one in listed(asked).values():
        price = _middle(asked, one)
        if price and one.quote == unit:
            found[one.base] = money(divide(ONE, price))
    return {"data": {"currency": unit, "rates": {asset: ids.text(rate) for asset, rate in found.items()}}}


def find(asked: Asked, product_id: str) -> Instrument:
    """A listed product. Raises Failure for one that is not."""
    found = listed(asked).get(product_id)
    if found is None:
        raise Failure("NOT_FOUND", f"product {product_id} was not found")
    return found


def listed(asked: Asked) -> dict[str, Instrument]:
    """Everything that is there, by its product's id; what is halted is."""
    there = {ids.product_id(one): one for one in asked.sim.rules().instruments if one.listing is not Listing.VANISHED}
    return {name: one for name, one in there.items() if name not in asked.memory.vanished}


def _assets(asked: Asked) -> Iterator[tuple[str, int]]:
    return ((asset.id, asset.decimals) for asset in asked.sim.rules().assets)


def _least(decimals: int) -> str:
    return ids.text(ONE.scaleb(-decimals))


def _product(asked: Asked, one: Instrument) -> dict[str, Any]:
    """A rule that the venue does not have is an empty text."""
    filters, halted = one.filters, one.listing is Listing.HALTED
    price = _middle(asked, one)
    return {
        "product_id": ids.product_id(one),
        "price": _rule(price),
        "mid_market_price": _rule(price),
        "base_increment": ids.text(filters.step),
        "quote_increment": ids.text(filters.tick),
        "price_increment": ids.text(filters.tick),
        "base_min_size": ids.text(filters.min_amount or filters.step),
        "base_max_size": _rule(filters.max_amount),
        "quote_min_size": _rule(filters.min_notional),
        "quote_max_size": _rule(filters.max_notional),
        "base_name": one.base,
        "quote_name": one.quote,
        "base_currency_id": one.base,
        "quote_currency_id": one.quote,
        "base_display_symbol": one.base,
        "quote_display_symbol": one.quote,
        "display_name": ids.product_id(one),
        "status": "online",
        "product_type": "SPOT",
        "product_venue": "CBE",
        "trading_disabled": halted,
        "is_disabled": False,
        "cancel_only": halted,
        "limit_only": False,
        "post_only": False,
        "auction_mode": False,
        "view_only": False,
        "watched": False,
        "new": False,
        "alias": "",
        "alias_to": [],
        "fcm_trading_session_details": None,
    }


def _rule(value: Decimal | None) -> str:
    return "" if value is None else ids.text(value)


@under_context
def _middle(asked: Asked, one: Instrument) -> Decimal | None:
    """The middle of its book; None where a side is empty."""
    ladder = asked.sim.ladder(one.id)
    if ladder is None or not ladder.bids or not ladder.asks:
        return None
    return money(divide(ladder.bids[0].price + ladder.asks[0].price, ONE + ONE) * asked.wildness)


def _book(asked: Asked, one: Instrument, levels: int) -> dict[str, Any]:
    """Its time is the market's: the fund that reads it lives there."""
    ladder = asked.sim.ladder(one.id) or Ladder(instrument=one.id, bids=(), asks=(), as_of=asked.sim.now())
    return {
        "product_id": ids.product_id(one),
        "bids": _levels(asked, ladder.bids[:levels]),
        "asks": _levels(asked, ladder.asks[:levels]),
        "time": ids.stamp(ladder.as_of),
    }


@under_context
def _levels(asked: Asked, levels: Sequence[Level]) -> list[dict[str, str]]:
    wild = asked.wildness
    return [{"price": ids.text(level.price * wild), "size": ids.text(level.amount)} for level in levels]
