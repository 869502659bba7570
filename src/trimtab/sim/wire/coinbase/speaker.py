"""Coinbase as one function from a call to its reply: who asks, whether they may, how often, and which endpoint."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from trimtab.model.assets import TakenFrom
from trimtab.ports import Refused, Unavailable, Uncertain
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.gates import Limits
from trimtab.sim.refusals import Refusal
from trimtab.sim.venue import SimVenue
from trimtab.sim.wire import limits
from trimtab.sim.wire.calls import Call, Lost, Reply, told
from trimtab.sim.wire.coinbase import history, orders, products, tokens, transactions, wallets
from trimtab.sim.wire.coinbase.asked import Asked, Habits, Memory, habits
from trimtab.sim.wire.coinbase.errors import NEW, OLD, Failure
from trimtab.sim.wire.keys import Key, Kind, Permission
from trimtab.sim.wire.limits import Meter

HOSTS: Final = frozenset({"api.coinbase.com"})
BEARER: Final = "Bearer "
MADE: Final = 201


class Endpoint(NamedTuple):
    """What answers a method and a path. `needs` None: anybody may ask, without a key."""

    method: str
    path: re.Pattern[str]
    needs: Permission | None
    answer: Callable[[Asked], Any]


def _endpoint(line: str, needs: Permission | None, answer: Callable[[Asked], Any]) -> Endpoint:
    method, path = line.split()
    return Endpoint(method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), needs, answer)


READ, TRADE, TRANSFER, WITHDRAW = Permission
WALLET: Final = f"{OLD}accounts/{{account_id}}"
ENDPOINTS: Final = tuple(
    _endpoint(*row)
    for row in (
        (f"GET {NEW}time", None, products.time),
        (f"GET {NEW}market/products", None, products.products),
        (f"GET {NEW}market/products/{{product_id}}", None, products.product),
        (f"GET {NEW}market/product_book", None, products.book),
        (f"GET {NEW}products", READ, products.products),
        (f"GET {NEW}products/{{product_id}}", READ, products.product),
        (f"GET {NEW}product_book", READ, products.book),
        (f"GET {NEW}best_bid_ask", READ, products.best),
        (f"GET {NEW}transaction_summary", READ, products.fee_tier),
        (f"GET {NEW}key_permissions", READ, wallets.permissions),
        (f"GET {NEW}accounts", READ, wallets.accounts),
        (f"GET {NEW}accounts/{{account_id}}", READ, wallets.account),
        (f"GET {NEW}portfolios", READ, wallets.portfolios),
        (f"POST {NEW}portfolios/move_funds", TRANSFER, wallets.move),
        (f"POST {NEW}orders", TRADE, orders.create),
        (f"POST {NEW}orders/batch_cancel", TRADE, orders.cancel),
        (f"GET {NEW}orders/historical/batch", READ, history.orders),
        (f"GET {NEW}orders/historical/fills", READ, history.fills),
        (f"GET {NEW}orders/historical/{{order_id}}", READ, history.order),
        (f"GET {OLD}time", None, products.old_time),
        (f"GET {OLD}currencies", None, products.currencies),
        (f"GET {OLD}currencies/crypto", None, products.crypto),
        (f"GET {OLD}exchange-rates", None, products.rates),
        (f"GET {OLD}accounts", READ, wallets.old_accounts),
        (f"GET {WALLET}", READ, wallets.old_account),
        (f"GET {WALLET}/transactions", READ, transactions.transactions),
        (f"POST {WALLET}/transactions", WITHDRAW, transactions.send),
        (f"GET {WALLET}/transactions/{{transaction_id}}", READ, transactions.transaction),
        (f"GET {WALLET}/addresses", READ, wallets.addresses),
        (f"GET {WALLET}/deposits", READ, wallets.nothing),
        (f"GET {WALLET}/withdrawals", READ, wallets.nothing),
    )
)
"""The first that fits answers."""

INSTEAD: Final = {
    Fault.LIMITED: ("rate_limit_exceeded", "too many requests"),
    Fault.MAINTENANCE: ("UNAVAILABLE", "the exchange is under maintenance"),
}
"""Faults that are answered with before anything happens."""


class CoinbaseSpeaker:
    """One venue with the keys that open it. Tests may set `habits`; `memory.denials` says why tokens were bad."""

    def __init__(self, sim: SimVenue, keys: tuple[Key, ...], allowed: Limits, usual: Habits | None = None) -> None:
        for number, fee in enumerate(sim.told.fees, start=1):
            if fee.taken_from is not TakenFrom.QUOTE:
                where = f"venues.{sim.id}.fees[{number}].taken_from"
                raise ValueError(f'{where}: {fee.taken_from}; coinbase has no word for any but "quote"')
        self.sim = sim
        self.keys = {key.key: key for key in keys if key.kind is not Kind.HMAC}
        self.habits = habits(allowed) if usual is None else usual
        self.memory = Memory()
        self.meter = Meter()

    @property
    def hosts(self) -> frozenset[str]:
        """The host names under which the real venue is reached."""
        return HOSTS

    def answer(self, call: Call, fault: Planned | None) -> Reply:
        """Do what is asked, or say why not, with the rate limit's headers. Raises Lost."""
        headers: dict[str, str] = {}
        try:
            reply = self._answered(call, fault, headers)
        except Failure as failure:
            reply = failure.reply(call.path)
            headers.update(failure.headers)
        except Unavailable as error:
            reply = Failure("UNAVAILABLE", str(error)).reply(call.path)
        except Uncertain as error:
            if fault is not None and fault.fault is Fault.LATE:
                raise Lost from error
            reply = Failure("DEADLINE_EXCEEDED", "context deadline exceeded").reply(call.path)
        except Refused as error:
            if not isinstance(error.__cause__, Refusal):
                raise
            reply = Failure("INVALID_ARGUMENT", str(error.__cause__)).reply(call.path)
        return replace(reply, headers={**reply.headers, **headers})

    def _answered(self, call: Call, fault: Planned | None, headers: dict[str, str]) -> Reply:
        endpoint, named = _found(call)
        self._afflict(call, fault)
        key = None if endpoint.needs is None else self._admitted(call, fault)
        headers.update(self._charged(call, key))
        if endpoint.needs is not None and (key is None or endpoint.needs not in key.permissions):
            raise Failure("PERMISSION_DENIED", "Missing required scopes")
        content = endpoint.answer(
            Asked(
                sim=self.sim,
                habits=self.habits,
                memory=self.memory,
                call=call,
                query=tuple(parse_qsl(call.query.decode("latin-1"), keep_blank_values=True)),
                named=named,
                key=key,
                fault=fault,
                hidden=self._hidden(call),
            )
        )
        if fault is not None and fault.fault is Fault.UNKNOWN:
            raise Failure("INTERNAL", "internal server error")
        return told(content, MADE if endpoint.answer is transactions.send else 200)

    def _afflict(self, call: Call, fault: Planned | None) -> None:
        """Play what needs no endpoint. There are no bans here: a banned address is told 429 until it is over."""
        if fault is not None and fault.fault is Fault.BANNED:
            self.memory.banned[call.peer] = call.at.timestamp() + float(fault.number)
        if fault is not None and fault.fault is Fault.VANISHED:
            self.memory.vanished.add(fault.subject.replace("/", "-"))
        if self.memory.banned.get(call.peer, 0) > call.at.timestamp():
            raise Failure(*INSTEAD[Fault.LIMITED])
        if fault is not None and fault.fault in INSTEAD:
            raise Failure(*INSTEAD[fault.fault])

    def _hidden(self, call: Call) -> frozenset[int]:
        """The orders that this call is not to know of, one time less from now on."""
        if not call.path.startswith(f"{NEW}orders/"):
            return frozenset()
        hidden = frozenset(self.memory.unlisted)
        self.memory.unlisted = {seq: left - 1 for seq, left in self.memory.unlisted.items() if left > 1}
        return hidden

    def _admitted(self, call: Call, fault: Planned | None) -> Key:
        """The key that signed the call, which came from an address that it allows."""
        line = f"{call.method} {call.host}{call.path}"
        token = call.headers.get("Authorization", "").removeprefix(BEARER)
        try:
            key = tokens.verify(token, self.keys, line, call.at, self.habits.leeway_s)
            if fault is not None and fault.fault is Fault.REVOKED:
                self.memory.revoked.add(fault.subject or key.id)
            if key.id in self.memory.revoked:
                raise tokens.BadToken(f"key {key.id} was revoked")
            if key.ips and call.peer not in key.ips:
                raise tokens.BadToken(f"key {key.id} may not be used from {call.peer}")
        except tokens.BadToken as error:
            self.memory.denials.append(str(error))
            raise Failure("unauthorized", str(error)) from error
        return key

    def _charged(self, call: Call, key: Key | None) -> dict[str, str]:
        """Count a call against its allowance, an account's or an address's; raises Failure where it is used up."""
        allowance = self.habits.public if key is None else self.habits.private
        client, now = (call.peer if key is None else key.account), call.at.timestamp()
        length = float(allowance.window_s)
        wait = limits.charge(self.meter, client, "requests", allowance, 1, now)
        left = allowance.most - limits.spent(self.meter, client, "requests", allowance, now)
        headers = {
            "x-ratelimit-limit": str(allowance.most),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(int((now // length + 1) * length)),
        }
        if wait is not None:
            raise Failure("rate_limit_exceeded", "too many requests", headers)
        return headers


def _found(call: Call) -> tuple[Endpoint, dict[str, str]]:
    for endpoint in ENDPOINTS:
        fit = endpoint.path.fullmatch(call.path)
        if fit and endpoint.method == call.method:
            return endpoint, {name: unquote(value) for name, value in fit.groupdict().items()}
    raise Failure("NOT_FOUND", "Not found")
