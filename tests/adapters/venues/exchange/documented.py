"""Answers of venues that nothing here was run against, written by hand from what their documentation says of each."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.venues.exchange.scripted import Script, said
from trimtab.adapters.venues.exchange.line import Credentials

MADE_MS = 1767268800123
OURS = f"{1:032x}"
KEYS = Credentials("the-public-key", "c2VjcmV0LW9mLXRoZS1rZXk=")
WITH_PHRASE = Credentials(KEYS.key, f"{KEYS.secret}\nthe-phrase")


@dataclass(frozen=True)
class Site:
    """Where a venue answers what; `places` and `cancels` are the paths that change something."""

    name: str
    instrument: str
    paths: Mapping[str, str]
    usual: Mapping[str, Any]
    refusal: tuple[str, Any]
    doubt: Any
    busy: Any
    revoked: Any
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def open(self, script: Script, **instead: Any) -> None:
        """Let the script answer as the venue would, with some answers in place of the usual ones."""
        for what, path in self.paths.items():
            answer = instead.get(what, self.usual[what])
            script.says(path, *(one if isinstance(one, bytes) else said(one) for one in _all(answer)))


def _all(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]


def kraken(result: Any, *errors: str) -> dict[str, Any]:
    return {"error": list(errors), **({} if errors else {"result": result})}


def kraken_order(status: str, done: str, **more: Any) -> dict[str, Any]:
    descr = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "50000.0", "price2": "0"}
    told = {"cl_ord_id": OURS, "status": status, "opentm": MADE_MS / 1000, "descr": descr, "vol": "0.10000000"}
    return {**told, "vol_exec": done, "cost": "0", "fee": "0", "price": "0", "oflags": "fciq", **more}


def okx(*rows: Any, code: str = "0", msg: str = "") -> dict[str, Any]:
    return {"code": code, "msg": msg, "data": list(rows)}


def okx_order(state: str, done: str) -> dict[str, Any]:
    told = {"instType": "SPOT", "instId": "BTC-USDT", "ordId": "7001", "clOrdId": OURS, "px": "50000", "sz": "0.1"}
    return {**told, "side": "buy", "ordType": "limit", "state": state, "accFillSz": done, "cTime": str(MADE_MS)}


def bybit(result: Any, code: int = 0, msg: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": msg, "result": result, "retExtInfo": {}, "time": int(time.time() * 1000)}


def bybit_order(status: str, done: str) -> dict[str, Any]:
    told = {"orderId": "8001", "orderLinkId": OURS, "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit"}
    told |= {"price": "50000", "qty": "0.1", "cumExecQty": done, "cumExecValue": "0", "leavesQty": "0"}
    return {
        **told,
        "orderStatus": status,
        "timeInForce": "GTC",
        "createdTime": str(MADE_MS),
        "updatedTime": str(MADE_MS),
    }


KRAKEN = Site(
    name="kraken",
    instrument="here:BTC/USD",
    paths={
        "time": "/0/public/Time",
        "markets": "/0/public/AssetPairs",
        "book": "/0/public/Depth",
        "balance": "/0/private/BalanceEx",
        "open": "/0/private/OpenOrders",
        "closed": "/0/private/ClosedOrders",
        "trades": "/0/private/TradesHistory",
        "fee": "/0/private/TradeVolume",
        "place": "/0/private/AddOrder",
        "cancel": "/0/private/CancelOrder",
        "deposits": "/0/private/DepositStatus",
        "withdrawals": "/0/private/WithdrawStatus",
        "key": "/0/private/GetApiKeyInfo",
    },
    usual={
        "time": kraken({"unixtime": int(time.time()), "rfc1123": ""}),
        "markets": kraken(
            {
                "XXBTZUSD": {
                    "altname": "XBTUSD",
                    "wsname": "XBT/USD",
                    "base": "XXBT",
                    "quote": "ZUSD",
                    "pair_decimals": 1,
                    "lot_decimals": 8,
                    "fees": [[0, 0.4]],
                    "fees_maker": [[0, 0.25]],
                    "ordermin": "0.00005",
                    "costmin": "0.5",
                    "tick_size": "0.1",
                    "status": "online",
                }
            }
        ),
        "book": kraken(
            {"XXBTZUSD": {"bids": [["50000.1", "0.123", 1767268800]], "asks": [["50000.2", "1.5", 1767268800]]}}
        ),
        "balance": kraken(
            {"XXBT": {"balance": "2.0000000001", "hold_trade": "0.5"}, "ZUSD": {"balance": "70.1", "hold_trade": "0"}}
        ),
        "open": kraken({"open": {"OABC-1": kraken_order("open", "0.00000000")}}),
        "closed": kraken({"closed": {"OABC-1": kraken_order("closed", "0.10000000")}, "count": 1}),
        "trades": kraken(
            {
                "trades": {
                    "TABC-1": {
                        "ordertxid": "OABC-1",
                        "pair": "XXBTZUSD",
                        "time": MADE_MS / 1000,
                        "type": "buy",
                        "ordertype": "limit",
                        "price": "50000.0",
                        "cost": "5000.0",
                        "fee": "12.5",
                        "vol": "0.10000000",
                    }
                },
                "count": 1,
            }
        ),
        "fee": kraken(
            {
                "currency": "ZUSD",
                "volume": "0",
                "fees": {"XXBTZUSD": {"fee": "0.4000"}},
                "fees_maker": {"XXBTZUSD": {"fee": "0.2500"}},
            }
        ),
        "place": kraken({"descr": {"order": "buy 0.10000000 XBTUSD @ limit 50000.0"}, "txid": ["OABC-1"]}),
        "cancel": kraken({"count": 1}),
        "deposits": kraken(
            [
                {
                    "method": "Bitcoin",
                    "aclass": "currency",
                    "asset": "XXBT",
                    "refid": "R1",
                    "txid": "hash-in",
                    "info": "address",
                    "amount": "0.7000000000",
                    "fee": "0.0000000000",
                    "time": MADE_MS // 1000,
                    "status": "Success",
                }
            ]
        ),
        "withdrawals": kraken(
            [
                {
                    "method": "Bitcoin",
                    "aclass": "currency",
                    "asset": "XXBT",
                    "refid": "R2",
                    "txid": "hash-out",
                    "info": "far-away",
                    "amount": "0.3000000000",
                    "fee": "0.0001000000",
                    "time": MADE_MS // 1000,
                    "status": "Pending",
                }
            ]
        ),
        "key": kraken({"permissions": ["query-funds", "modify-trades", "withdraw-funds"], "ip_allowlist": ["1.2.3.4"]}),
    },
    refusal=("insufficient", kraken(None, "EOrder:Insufficient funds")),
    doubt=kraken(None, "EService:Unavailable"),
    busy=kraken(None, "EOrder:Rate limit exceeded"),
    revoked=kraken(None, "EAPI:Invalid key"),
    unknown={"open": kraken({"open": {}}), "closed": kraken({"closed": {}, "count": 0})},
)

OKX = Site(
    name="okx",
    instrument="here:BTC/USDT",
    paths={
        "time": "/api/v5/public/time",
        "markets": "/api/v5/public/instruments",
        "book": "/api/v5/market/books",
        "balance": "/api/v5/account/balance",
        "open": "/api/v5/trade/orders-pending",
        "closed": "/api/v5/trade/order",
        "trades": "/api/v5/trade/fills-history",
        "fee": "/api/v5/account/trade-fee",
        "place": "/api/v5/trade/batch-orders",
        "cancel": "/api/v5/trade/cancel-order",
        "deposits": "/api/v5/asset/deposit-history",
        "withdrawals": "/api/v5/asset/withdrawal-history",
        "key": "/api/v5/account/config",
    },
    usual={
        "time": okx({"ts": str(int(time.time() * 1000))}),
        "markets": okx(
            {
                "instType": "SPOT",
                "instId": "BTC-USDT",
                "baseCcy": "BTC",
                "quoteCcy": "USDT",
                "lotSz": "0.00000001",
                "minSz": "0.00001",
                "tickSz": "0.1",
                "maxLmtSz": "9999",
                "state": "live",
            }
        ),
        "book": okx(
            {"bids": [["50000.1", "0.123", "0", "1"]], "asks": [["50000.2", "1.5", "0", "1"]], "ts": str(MADE_MS)}
        ),
        "balance": okx(
            {
                "uTime": str(MADE_MS),
                "totalEq": "1",
                "details": [
                    {"ccy": "BTC", "eq": "2.0000000001", "cashBal": "2.0000000001", "availBal": "1.5000000001"},
                    {"ccy": "USDT", "eq": "70.1", "cashBal": "70.1", "availBal": "70.1"},
                ],
            }
        ),
        "open": okx(okx_order("live", "0")),
        "closed": okx(okx_order("filled", "0.1")),
        "trades": okx(
            {
                "instType": "SPOT",
                "instId": "BTC-USDT",
                "tradeId": "901",
                "ordId": "7001",
                "clOrdId": OURS,
                "side": "buy",
                "fillSz": "0.1",
                "fillPx": "50000",
                "fee": "-0.0001",
                "feeCcy": "BTC",
                "ts": str(MADE_MS),
            }
        ),
        "fee": okx({"instType": "SPOT", "maker": "-0.0008", "taker": "-0.001", "ts": str(MADE_MS)}),
        "place": okx({"clOrdId": OURS, "ordId": "7001", "sCode": "0", "sMsg": "", "tag": ""}),
        "cancel": okx({"clOrdId": OURS, "ordId": "7001", "sCode": "0", "sMsg": ""}),
        "deposits": okx(
            {"ccy": "BTC", "chain": "BTC-Bitcoin", "amt": "0.7", "txId": "hash-in", "depId": "1", "state": "2"}
            | {"to": "address", "ts": str(MADE_MS)}
        ),
        "withdrawals": okx(
            {"ccy": "BTC", "chain": "BTC-Bitcoin", "amt": "0.3", "txId": "hash-out", "wdId": "2", "state": "1"}
            | {"to": "far-away", "fee": "0.0001", "feeCcy": "BTC", "ts": str(MADE_MS)}
        ),
        "key": okx({"perm": "read_only,trade,withdraw", "ip": "1.2.3.4", "uid": "1"}),
    },
    refusal=("insufficient", okx({"clOrdId": OURS, "sCode": "51008", "sMsg": "insufficient balance"}, code="1")),
    doubt=okx(code="50004", msg="Endpoint request timeout"),
    busy=okx(code="50011", msg="Too many requests"),
    revoked=okx(code="50111", msg="Invalid OK-ACCESS-KEY"),
    unknown={"closed": okx(code="51603", msg="Order does not exist")},
)

BYBIT = Site(
    name="bybit",
    instrument="here:BTC/USDT",
    paths={
        "time": "/v5/market/time",
        "markets": "/v5/market/instruments-info",
        "book": "/v5/market/orderbook",
        "balance": "/v5/account/wallet-balance",
        "open": "/v5/order/realtime",
        "closed": "/v5/order/history",
        "trades": "/v5/execution/list",
        "fee": "/v5/account/fee-rate",
        "place": "/v5/order/create",
        "cancel": "/v5/order/cancel",
        "deposits": "/v5/asset/deposit/query-record",
        "withdrawals": "/v5/asset/withdraw/query-record",
        "key": "/v5/user/query-api",
    },
    usual={
        "time": bybit({"timeSecond": "1", "timeNano": "1"}),
        "markets": bybit(
            {
                "category": "spot",
                "list": [
                    {
                        "symbol": "BTCUSDT",
                        "baseCoin": "BTC",
                        "quoteCoin": "USDT",
                        "status": "Trading",
                        "marginTrading": "none",
                        "lotSizeFilter": {
                            "basePrecision": "0.00000001",
                            "quotePrecision": "0.00000001",
                            "minOrderQty": "0.00001",
                            "maxOrderQty": "70",
                            "minOrderAmt": "5",
                            "maxOrderAmt": "4000000",
                        },
                        "priceFilter": {"tickSize": "0.1"},
                    }
                ],
            }
        ),
        "book": bybit({"s": "BTCUSDT", "b": [["50000.1", "0.123"]], "a": [["50000.2", "1.5"]], "ts": MADE_MS, "u": 1}),
        "balance": bybit(
            {
                "list": [
                    {
                        "accountType": "UNIFIED",
                        "coin": [
                            {"coin": "BTC", "walletBalance": "2.0000000001", "locked": "0.5", "equity": "2.0000000001"},
                            {"coin": "USDT", "walletBalance": "70.1", "locked": "0", "equity": "70.1"},
                        ],
                    }
                ]
            }
        ),
        "open": bybit({"category": "spot", "list": [bybit_order("New", "0")]}),
        "closed": bybit({"category": "spot", "list": [bybit_order("Filled", "0.1")]}),
        "trades": bybit(
            {
                "category": "spot",
                "list": [
                    {
                        "symbol": "BTCUSDT",
                        "orderId": "8001",
                        "orderLinkId": OURS,
                        "execId": "x1",
                        "side": "Buy",
                        "execPrice": "50000",
                        "execQty": "0.1",
                        "execFee": "0.0001",
                        "feeCurrency": "BTC",
                        "execTime": str(MADE_MS),
                        "isMaker": False,
                    }
                ],
            }
        ),
        "fee": bybit({"list": [{"symbol": "BTCUSDT", "takerFeeRate": "0.001", "makerFeeRate": "0.0008"}]}),
        "place": bybit({"orderId": "8001", "orderLinkId": OURS}),
        "cancel": bybit({"orderId": "8001", "orderLinkId": OURS}),
        "deposits": bybit(
            {
                "rows": [
                    {"coin": "BTC", "chain": "BTC", "amount": "0.7", "txID": "hash-in", "status": 3}
                    | {"toAddress": "address", "successAt": str(MADE_MS), "depositFee": ""}
                ]
            }
        ),
        "withdrawals": bybit(
            {
                "rows": [
                    {"coin": "BTC", "chain": "BTC", "amount": "0.3", "txID": "hash-out", "status": "Pending"}
                    | {"toAddress": "far-away", "createTime": str(MADE_MS), "withdrawFee": "0.0001", "withdrawId": "2"}
                ]
            }
        ),
        "key": bybit(
            {"readOnly": 0, "permissions": {"Spot": ["SpotTrade"], "Wallet": ["Withdraw"]}, "ips": ["1.2.3.4"]}
        ),
    },
    refusal=("insufficient", bybit({}, 170131, "Balance insufficient.")),
    doubt=bybit({}, 170007, "Timeout waiting for response from backend server."),
    busy=bybit({}, 10006, "Too many visits!"),
    revoked=bybit({}, 10003, "API key is invalid."),
    unknown={"open": bybit({"list": []}), "closed": bybit({"list": []})},
)
