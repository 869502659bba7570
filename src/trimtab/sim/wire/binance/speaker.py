"""Binance Spot's REST interface over one simulated venue: who may ask what and how often, and who answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qsl

from trimtab.ports import Unavailable, Uncertain
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.venue import SimVenue
from trimtab.sim.wire import limits, signatures
from trimtab.sim.wire.binance import market, money, orders, wallet
from trimtab.sim.wire.binance.asked import Asked, Memory, ms
from trimtab.sim.wire.binance.errors import Rejected
from trimtab.sim.wire.calls import Call, Reply, told
from trimtab.sim.wire.keys import Key, Permission
from trimtab.sim.wire.limits import Meter, Wait
from trimtab.units import under_context

HOSTS: Final = frozenset({"api.binance.com", "api1.binance.com"})
STATUS: Final = "/sapi/v1/system/status"
WHOLE: Final = re.compile(r"[0-9]{1,19}").fullmatch


class Needs(StrEnum):
    """What a question must come with: nothing, a key, or a key with a permission and a signature."""

    NOTHING = "nothing"
    KEY = "key"
    READ = "read"
    TRADE = "trade"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Endpoint:
    """One question that is answered here: what it needs, what it weighs, and by whom."""

    needs: Needs
    weight: int
    answer: Callable[[Asked], Any]


API: Final[Mapping[str, Endpoint]] = {
    "GET /api/v3/ping": Endpoint(Needs.NOTHING, 1, market.ping),
    "GET /api/v3/time": Endpoint(Needs.NOTHING, 1, market.time),
    "GET /api/v3/depth": Endpoint(Needs.NOTHING, 5, market.depth),
    "GET /api/v3/ticker/bookTicker": Endpoint(Needs.NOTHING, 4, market.touches),
    "GET /api/v3/ticker/price": Endpoint(Needs.NOTHING, 4, market.last),
    "GET /api/v3/avgPrice": Endpoint(Needs.NOTHING, 2, market.average),
    "GET /api/v3/account": Endpoint(Needs.READ, 20, wallet.account),
    "GET /api/v3/account/commission": Endpoint(Needs.READ, 20, wallet.commission),
    "POST /api/v3/order": Endpoint(Needs.TRADE, 1, orders.place),
    "POST /api/v3/order/test": Endpoint(Needs.TRADE, 1, orders.tried),
    "GET /api/v3/order": Endpoint(Needs.READ, 4, orders.query),
    "DELETE /api/v3/order": Endpoint(Needs.TRADE, 1, orders.cancel),
    "GET /api/v3/openOrders": Endpoint(Needs.READ, 80, orders.open_orders),
    "DELETE /api/v3/openOrders": Endpoint(Needs.TRADE, 1, orders.cancel_all),
    "GET /api/v3/allOrders": Endpoint(Needs.READ, 20, orders.all_orders),
    "GET /api/v3/myTrades": Endpoint(Needs.READ, 20, orders.trades),
    f"GET {STATUS}": Endpoint(Needs.NOTHING, 1, wallet.status),
    "GET /sapi/v1/capital/config/getall": Endpoint(Needs.READ, 10, wallet.coins),
    "GET /sapi/v1/capital/deposit/address": Endpoint(Needs.READ, 10, money.address),
    "GET /sapi/v1/capital/deposit/hisrec": Endpoint(Needs.READ, 1, money.deposits),
    "GET /sapi/v1/capital/withdraw/history": Endpoint(Needs.READ, 18, money.withdrawals),
    "POST /sapi/v1/capital/withdraw/apply": Endpoint(Needs.WITHDRAW, 600, money.withdraw),
    "GET /sapi/v1/asset/tradeFee": Endpoint(Needs.READ, 1, wallet.trade_fees),
    "GET /sapi/v1/asset/transfer": Endpoint(Needs.READ, 1, money.wallet_moves),
    "POST /sapi/v1/asset/transfer": Endpoint(Needs.TRANSFER, 900, money.between_wallets),
    "GET /sapi/v1/account/apiRestrictions": Endpoint(Needs.READ, 1, wallet.restrictions),
    "GET /sapi/v1/bnbBurn": Endpoint(Needs.READ, 1, wallet.burn),
    "GET /sapi/v1/sub-account/list": Endpoint(Needs.READ, 1, money.sub_accounts),
    "GET /sapi/v1/sub-account/universalTransfer": Endpoint(Needs.READ, 1, money.moves),
    "POST /sapi/v1/sub-account/universalTransfer": Endpoint(Needs.TRANSFER, 360, money.move),
    "POST /sapi/v1/sub-account/transfer/subToMaster": Endpoint(Needs.TRANSFER, 1, money.to_main),
    "GET /sapi/v1/margin/allPairs": Endpoint(Needs.KEY, 1, wallet.nothing),
    "GET /sapi/v1/margin/isolated/allPairs": Endpoint(Needs.READ, 10, wallet.nothing),
}
"""Everything that is answered, with Binance's weights; exchangeInfo is added, for it tells the limits too."""

LIGHTER: Final = {("GET /api/v3/openOrders", "symbol"): 6, ("GET /api/v3/myTrades", "orderId"): 5}
"""What weighs less with a parameter."""


@dataclass
class BinanceSpeaker:
    """One simulated venue as Binance. It remembers what its limits and faults need, and nothing of the venue."""

    sim: SimVenue
    keys: tuple[Key, ...]
    limits: Limits
    memory: Memory = field(default_factory=Memory)
    meter: Meter = field(default_factory=Meter)

    @property
    def hosts(self) -> frozenset[str]:
        """Where the real one is."""
        return HOSTS

    def answer(self, call: Call, fault: Planned | None) -> Reply:
        """Do what is asked, unless limits, keys or signatures forbid it."""
        headers: dict[str, str] = {}
        try:
            reply = self._answer(call, fault, headers)
        except Rejected as error:
            reply = error.reply()
        return Reply(reply.body, reply.status, {**reply.headers, **headers}, reply.content_type)

    def _answer(self, call: Call, fault: Planned | None, headers: dict[str, str]) -> Reply:
        self._set(call, fault)
        wait = limits.shut_out(self.meter, call.peer, call.at.timestamp())
        if wait is not None:
            return _wait(wait, call)
        endpoint = self._endpoint(call)
        if endpoint is None:
            return Reply(b"<html><body>404 Not found</body></html>", 404, content_type="text/html")
        params = _params(call)
        wait = self._weighed(call, endpoint, params, headers)
        if wait is not None:
            return _wait(wait, call)
        asked = self._admitted(call, endpoint, params, fault)
        wait = self._counted(call, asked, headers)
        if wait is not None:
            return _wait(wait, call)
        return self._done(endpoint, asked)

    @under_context
    def _done(self, endpoint: Endpoint, asked: Asked) -> Reply:
        try:
            reply = told(endpoint.answer(asked))
        except Unavailable as error:
            raise Rejected(-1000) from error
        except Uncertain as error:
            raise Rejected(-1007) from error
        if unsure := asked.struck(Fault.UNKNOWN):
            raise Rejected(int(unsure.number))
        return reply

    def _set(self, call: Call, fault: Planned | None) -> None:
        """Play the faults that last, and those that come before anything is looked at."""
        if fault is None:
            return
        match fault.fault:
            case Fault.VANISHED:
                self.memory.vanished.add(fault.subject)
            case Fault.REVOKED:
                self.memory.revoked.add(fault.subject or call.headers.get("X-MBX-APIKEY", ""))
            case Fault.MAINTENANCE if call.path != STATUS:
                raise Rejected(1)
            case Fault.BANNED:
                self.meter.banned[call.peer] = call.at.timestamp() + float(fault.number)
            case Fault.LIMITED:
                raise _Limited(float(fault.number))

    def _endpoint(self, call: Call) -> Endpoint | None:
        if call.name == "GET /api/v3/exchangeInfo":
            return Endpoint(Needs.NOTHING, 20, lambda asked: market.symbols(asked, self.limits))
        return API.get(call.name)

    def _weighed(self, call: Call, endpoint: Endpoint, params: dict[str, str], headers: dict[str, str]) -> Wait | None:
        """Count the call's weight against its address: the exchange's own budget, or the wallet's."""
        weight, now = endpoint.weight, call.at.timestamp()
        if call.path == "/api/v3/depth":
            weight = market.weight_of_depth(params)
        for name in params:
            weight = LIGHTER.get((call.name, name), weight)
        own = call.path.startswith("/api/")
        kind, allowance = ("weight", self.limits.weight) if own else ("wallet", self.limits.wallet)
        wait = limits.charge(self.meter, call.peer, kind, allowance, weight, now)
        used = str(limits.spent(self.meter, call.peer, kind, allowance, now))
        if own:
            headers["X-MBX-USED-WEIGHT"] = used
        headers[f"{'X-MBX-USED-WEIGHT' if own else 'X-SAPI-USED-IP-WEIGHT'}-{allowance.name}"] = used
        return None if wait is None else limits.strike(self.meter, call.peer, self.limits, wait, now)

    def _counted(self, call: Call, asked: Asked, headers: dict[str, str]) -> Wait | None:
        """Count an order against its account."""
        if call.name != "POST /api/v3/order":
            return None
        now = call.at.timestamp()
        for allowance in self.limits.orders:
            wait = limits.charge(self.meter, asked.account, "orders", allowance, 1, now)
            if wait is not None:
                return wait
            used = limits.spent(self.meter, asked.account, "orders", allowance, now)
            headers[f"X-MBX-ORDER-COUNT-{allowance.name}"] = str(used)
        return None

    def _admitted(self, call: Call, endpoint: Endpoint, params: dict[str, str], fault: Planned | None) -> Asked:
        if endpoint.needs is Needs.NOTHING:
            return Asked(self.sim, self.memory, params, call.at, fault=fault)
        key = self._key(call)
        if endpoint.needs is Needs.KEY:
            return Asked(self.sim, self.memory, params, call.at, key, fault)
        payload, signature = signatures.split(call.query, call.body)
        if not signature:
            raise Rejected(-1102, "signature")
        if not signatures.fits(key, payload, signature):
            raise Rejected(-1022)
        valid_for = _timely(call, params, self.limits)
        if Permission(endpoint.needs.value) not in key.permissions:
            raise Rejected(-2015)
        return Asked(self.sim, self.memory, params, call.at, key, fault, valid_for)

    def _key(self, call: Call) -> Key:
        """The key that the call names, if it is one, from where it comes."""
        named = call.headers.get("X-MBX-APIKEY", "")
        if not named:
            raise Rejected(-2014)
        key = next((one for one in self.keys if one.key == named), None)
        if key is None:
            raise Rejected(-2008)
        if {key.id, key.key} & self.memory.revoked or (key.ips and call.peer not in key.ips):
            raise Rejected(-2015)
        return key


class _Limited(Rejected):
    """A limit that a fault says is reached."""

    def __init__(self, retry_s: float) -> None:
        super().__init__(-1003, 0, retry_s)
        self.retry_s = retry_s

    def reply(self) -> Reply:
        """429, with the time to wait."""
        reply = super().reply()
        return Reply(reply.body, reply.status, {"Retry-After": _seconds(self.retry_s)})


def _params(call: Call) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in (call.query, call.body):
        for name, value in parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True):
            if name in found:
                raise Rejected(-1101, name)
            found[name] = value
    return found


def _timely(call: Call, params: Mapping[str, str], allowed: Limits) -> timedelta:
    """How much longer the request may be carried out. Refused where its time is over, or has not come."""
    sent, window = params.get("timestamp", ""), params.get("recvWindow", str(allowed.receive_ms))
    if not WHOLE(sent):
        raise Rejected(-1102, "timestamp")
    if not WHOLE(window) or int(window) > allowed.longest_receive_ms:
        raise Rejected(-1131)
    age = ms(call.at) - int(sent)
    if age <= -allowed.ahead_ms:
        raise Rejected(-1021, f"was {allowed.ahead_ms}ms ahead of the server's time.")
    if age > int(window):
        raise Rejected(-1021, "is outside of the recvWindow.")
    return timedelta(milliseconds=int(window) - age)


def _wait(wait: Wait, call: Call) -> Reply:
    """429 with the time to wait; 418 for one that is banned, which it is told until when."""
    headers = {"Retry-After": _seconds(wait.retry_s)}
    if wait.banned:
        until = ms(call.at + timedelta(seconds=wait.retry_s))
        message = f"Way too much request weight used; IP banned until {until}."
        return Reply(told({"code": -1003, "msg": message}).body, 418, headers)
    allowance: Allowance | None = wait.allowance
    assert allowance is not None, "a wait that is no ban has an allowance"
    code = -1015 if allowance.name in {"10S", "1D"} else -1003
    reply = Rejected(code, allowance.most, float(allowance.window_s)).reply()
    return Reply(reply.body, reply.status, headers)


def _seconds(wait_s: float) -> str:
    """Whole seconds, rounded up: who waits that long is served."""
    return str(max(1, -int(-wait_s // 1)))
