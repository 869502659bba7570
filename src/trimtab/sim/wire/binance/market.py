"""What Binance says of its market: symbols with all their filters, books, touches, average prices."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from trimtab.model.assets import Filters, Instrument, Listing
from trimtab.model.prices import Ladder, Level
from trimtab.sim import matching
from trimtab.sim.clock import micros
from trimtab.sim.faults import Fault
from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.rules import Outside
from trimtab.sim.wire.binance.asked import Asked, by_symbol, instrument, listed, ms, text, whole
from trimtab.sim.wire.binance.errors import Rejected
from trimtab.units import ZERO, canon

FILTERS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("PRICE_FILTER", {"minPrice": "min_price", "maxPrice": "max_price", "tickSize": "tick"}),
    ("LOT_SIZE", {"minQty": "min_amount", "maxQty": "max_amount", "stepSize": "step"}),
    ("MARKET_LOT_SIZE", {"minQty": "market_min_amount", "maxQty": "market_max_amount", "stepSize": "market_step"}),
    ("NOTIONAL", {"minNotional": "min_notional", "maxNotional": "max_notional"}),
    (
        "PERCENT_PRICE_BY_SIDE",
        {
            "bidMultiplierUp": "bid_up",
            "bidMultiplierDown": "bid_down",
            "askMultiplierUp": "ask_up",
            "askMultiplierDown": "ask_down",
        },
    ),
    ("MAX_NUM_ORDERS", {"maxNumOrders": "max_orders"}),
    ("MAX_POSITION", {"maxPosition": "max_position"}),
)
"""Each filter's fields and where they come from. Zero stands for a rule that is not there."""

MORE: Final[dict[str, dict[str, Any]]] = {
    "NOTIONAL": {"applyMinToMarket": True, "applyMaxToMarket": True, "avgPriceMins": 5},
    "PERCENT_PRICE_BY_SIDE": {"avgPriceMins": 5},
}
STATUS: Final = {Listing.TRADING: "TRADING", Listing.HALTED: "HALT"}
AVERAGE_MINUTES: Final = 5
INTERVALS: Final = {1: "SECOND", 60: "MINUTE", 86_400: "DAY"}


def ping(_: Asked) -> Any:
    """Whether anybody is there."""
    return {}


def time(asked: Asked) -> Any:
    """The server's own clock, which is the wall's."""
    return {"serverTime": ms(asked.at)}


def symbols(asked: Asked, limits: Limits) -> Any:
    """Everything listed, or what was asked for by `symbol` or `symbols`."""
    found = _chosen(asked)
    return {
        "timezone": "UTC",
        "serverTime": ms(asked.at),
        "rateLimits": [
            _limit("REQUEST_WEIGHT", limits.weight),
            *(_limit("ORDERS", allowance) for allowance in limits.orders),
        ],
        "exchangeFilters": [],
        "symbols": [symbol(one, asked.sim.rules().asset[one.base].decimals) for one in found],
    }


def symbol(one: Instrument, base_places: int) -> dict[str, Any]:
    """One instrument as exchangeInfo tells it."""
    return {
        "symbol": one.base + one.quote,
        "status": STATUS[one.listing],
        "baseAsset": one.base,
        "baseAssetPrecision": max(8, base_places),
        "quoteAsset": one.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": list(_filters(one.filters)),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_TAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER"],
    }


def depth(asked: Asked) -> Any:
    """The book; both sides are empty while the market is closed."""
    one, most = instrument(asked), whole(asked, "limit", 100, 5000)
    ladder = asked.sim.ladder(one.id)
    bids, asks = ((), ()) if ladder is None else (ladder.bids, ladder.asks)
    return {
        "lastUpdateId": micros(asked.sim.now()),
        "bids": [_level(asked, level) for level in bids[:most]],
        "asks": [_level(asked, level) for level in asks[:most]],
    }


def touches(asked: Asked) -> Any:
    """The best price of each side: of one symbol, of several, or of all."""
    rows = [_touch(asked, one) for one in _chosen(asked)]
    return rows[0] if "symbol" in asked.params else rows


def average(asked: Asked) -> Any:
    """The average price of the last five minutes; zero where the market is closed."""
    one = instrument(asked)
    price = _average(asked, one) or ZERO
    return {"mins": AVERAGE_MINUTES, "price": _price(asked, price), "closeTime": ms(asked.sim.now())}


def last(asked: Asked) -> Any:
    """A price of each symbol: the middle of its book stands for the last trade."""
    rows = [{"symbol": s.base + s.quote, "price": _price(asked, _middle(asked, s) or ZERO)} for s in _chosen(asked)]
    return rows[0] if "symbol" in asked.params else rows


def weight_of_depth(params: dict[str, str]) -> int:
    """Deep books cost more."""
    limit = params.get("limit", "100")
    deep = int(limit) if re.fullmatch("[0-9]{1,19}", limit) else 100
    return next(weight for most, weight in ((100, 5), (500, 25), (1000, 50), (10**20, 250)) if deep <= most)


def _chosen(asked: Asked) -> list[Instrument]:
    if "symbol" in asked.params:
        return [instrument(asked)]
    if "symbols" not in asked.params:
        return list(listed(asked).values())
    try:
        named = json.loads(asked.params["symbols"])
    except json.JSONDecodeError as error:
        raise Rejected(-1130, "symbols") from error
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise Rejected(-1130, "symbols")
    return [by_symbol(asked, name) for name in named]


def _filters(of: Filters) -> Iterator[dict[str, Any]]:
    for name, named in FILTERS:
        found = {field: getattr(of, source) for field, source in named.items()}
        if any(value is not None for value in found.values()):
            told = {field: value if isinstance(value, int) else text(value or ZERO) for field, value in found.items()}
            yield {"filterType": name, **told, **MORE.get(name, {})}


def _limit(kind: str, allowance: Allowance) -> dict[str, Any]:
    length = max((s for s in INTERVALS if allowance.window_s % s == 0), default=1)
    count = max(1, int(allowance.window_s // length))
    return {"rateLimitType": kind, "interval": INTERVALS[length], "intervalNum": count, "limit": allowance.most}


def _touch(asked: Asked, one: Instrument) -> dict[str, str]:
    ladder = asked.sim.ladder(one.id)
    bid, ask = (_best(ladder.bids), _best(ladder.asks)) if ladder else (_best(()), _best(()))
    return {
        "symbol": one.base + one.quote,
        "bidPrice": _price(asked, bid.price),
        "bidQty": text(bid.amount),
        "askPrice": _price(asked, ask.price),
        "askQty": text(ask.amount),
    }


def _best(levels: tuple[Level, ...]) -> Level:
    return levels[0] if levels else Level(price=ZERO, amount=ZERO)


def _level(asked: Asked, level: Level) -> list[str]:
    return [_price(asked, level.price), text(level.amount)]


def _average(asked: Asked, one: Instrument) -> Decimal | None:
    return asked.sim.average(one.id) or _middle(asked, one)


def _middle(asked: Asked, one: Instrument) -> Decimal | None:
    ladder: Ladder | None = asked.sim.ladder(one.id)
    return None if ladder is None else matching.average(Outside(ladder))


def _price(asked: Asked, price: Decimal) -> str:
    """A price as it is; or a wild one."""
    wild = asked.struck(Fault.WILD)
    return text(price if wild is None else canon(price * wild.number))
