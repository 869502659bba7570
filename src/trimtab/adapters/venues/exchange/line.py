"""One line to an exchange: a ccxt instance on its own session, which sends what it is told once and says how it ended.

ccxt signs and knows the hosts; its retries, its queue and its parsers are not used. aiohttp would send a GET or DELETE
again by itself when a kept connection drops; here it may not.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from ccxt import async_support

from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.adapters.venues.exchange.table import Row
from trimtab.ports import EdgeError, Refused, Unavailable, Uncertain

T = TypeVar("T")
Asked = str | Callable[[Any], Awaitable[Any]]
"""A method of ccxt's by its name, which takes parameters, or a call of its client."""

LOOPBACK: Final = "127.0.0.1"
WALLET: Final = "sapi"

EXACT: Final = msgspec.json.Decoder(float_hook=str)
"""Reads a number with a point as the text that it is; ccxt would make a float of it."""


class Said(Exception):
    """What the venue itself said was wrong, by its code and in its words."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{words} ({code})" if code else words)
        self.code = code
        self.words = words


class Denied(Refused):
    """A refusal with the venue's own code."""

    def __init__(self, venue: str, said: Said) -> None:
        super().__init__(f"{venue}: {said}")
        self.code = said.code


URGENT, USUAL, PATIENT = 1.0, 0.95, 0.9
"""How much of the rate limit cancels, orders and readings may use up: the last of it is for cancels."""


@dataclass(frozen=True)
class Target:
    """Where the venue really is: a port of this machine, and whom to trust there. Its host names stay what they are."""

    port: int
    ca: Path


@dataclass(frozen=True, repr=False)
class Credentials:
    """An account's key, and at some venues a pass phrase. It does not print its secret."""

    key: str
    secret: str
    phrase: str = ""

    def told(self) -> dict[str, str]:
        """What ccxt calls them."""
        return {"apiKey": self.key, "secret": self.secret, **({"password": self.phrase} if self.phrase else {})}

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass
class Budget:
    """What a network address has used of a venue's rate limit in this window, as answers say; shared by its lines."""

    limit: int
    window_s: int
    used: int = 0
    window: int = 0
    barred_until: float = 0.0

    def room(self, share: float, weight: int) -> float:
        """Seconds to wait before a call of this weight: 0 where it fits into its share."""
        now = time.time()
        if now < self.barred_until:
            return self.barred_until - now
        self._turn(now)
        if not self.limit or self.used + weight <= share * self.limit:
            return 0.0
        return (self.window + 1) * self.window_s - now

    def spend(self, weight: int) -> None:
        """Count a call that is about to be made, before its answer says what it cost."""
        self._turn(time.time())
        self.used += weight

    def told(self, used: int) -> None:
        """Believe the venue, unless more has been sent since."""
        self.used = max(self.used, used)

    def bar(self, seconds: float) -> None:
        """Send nothing for a while: the venue said so."""
        self.barred_until = max(self.barred_until, time.time() + seconds)

    def _turn(self, now: float) -> None:
        window = int(now // self.window_s)
        if window != self.window:
            self.window, self.used = window, 0


@dataclass
class Line:
    """One ccxt instance and its session. `longest_wait_s` bounds the wait for the rate limit, `most` the calls at once.

    `ahead_ms` is how far the venue's clock is ahead of ours, for signatures; `moved` measures it again, and says
    whether it is elsewhere now. `wallet` is the budget of the wallet's calls, where they have one of their own;
    `flight` bounds the calls that are under way, so that what is signed leaves at once.
    """

    row: Row
    budget: Budget
    credentials: Credentials | None = None
    target: Target | None = None
    longest_wait_s: float = 5.0
    most: int = 200
    ahead_ms: int = 0
    moved: Callable[[], Awaitable[bool]] | None = None
    wallet: Budget | None = None
    flight: asyncio.Semaphore | None = None
    _client: Any = None
    _session: aiohttp.ClientSession | None = None
    _waiting: int = 0

    async def ask(
        self,
        method: Asked,
        params: Mapping[str, Any],
        read: Callable[[Any], T],
        *,
        weight: int = 1,
        share: float = PATIENT,
    ) -> T:
        """A question: it changes nothing, so that whatever goes wrong, nothing has happened."""
        try:
            return read(await self._sent(method, params, weight, share, None))
        except Exception as error:
            raise self._asked_in_vain(error) from error

    async def act(
        self,
        method: Asked,
        params: Mapping[str, Any],
        read: Callable[[Any], T],
        *,
        weight: int = 1,
        share: float = USUAL,
        good_s: float | None = None,
    ) -> T:
        """An instruction: unless the venue refused it by a known code or it never left, it may have happened.

        `good_s` is how long it may be on its way, for venues whose tokens say so (`Row.token_s`).
        """
        try:
            return read(await self._sent(method, params, weight, share, good_s))
        except Exception as error:
            raise self._acted_in_doubt(error) from error

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._client.session = None  # It was ours; ccxt warns of one that it still sees.
        self._client = self._session = None

    async def _sent(
        self, method: Asked, params: Mapping[str, Any], weight: int, share: float, good_s: float | None
    ) -> Any:
        if self._waiting >= self.most:
            raise Unavailable(f"{self.row.id}: {self._waiting} calls are waiting already")
        self._waiting += 1
        try:
            async with self.flight or nullcontext():
                budget = self._budget(method)
                await self._room(budget, weight, share)
                client = self._opened()
                client.options["timeDifference"] = -self.ahead_ms
                client.seconds = lambda: self._dated(good_s)
                budget.spend(weight)
                if not isinstance(method, str):
                    return await method(client)
                return await getattr(client, method)(dict(params))  # It is signed before this waits for anything.
        except Said as error:
            if error.code in self.row.skewed and self.moved is not None and await self.moved():
                raise Unavailable(f"{self.row.id}: {error}; its clock had moved and is measured anew") from error
            raise
        finally:
            self._waiting -= 1

    def _dated(self, good_s: float | None) -> int:
        """When a token begins, in the venue's time: it ends `token_s` later, with what it is for."""
        now = time.time() + self.ahead_ms / 1000
        return int(now) if good_s is None else int(now + min(good_s, self.row.token_s)) - self.row.token_s

    def _budget(self, method: Asked) -> Budget:
        apart = self.wallet is not None and isinstance(method, str) and method.startswith(WALLET)
        return self.wallet if apart and self.wallet is not None else self.budget

    async def _room(self, budget: Budget, weight: int, share: float) -> None:
        while (wait := budget.room(share, weight)) > 0:
            if wait > self.longest_wait_s:
                raise Unavailable(f"{self.row.id}: the rate limit is used up for {wait:.0f} s")
            await asyncio.sleep(wait)

    def _opened(self) -> Any:
        if self._client is None:
            self._session = _session(self.target, self._traced())
            keys = self.credentials.told() if self.credentials else {}
            made = getattr(async_support, self.row.id)
            told = {"session": self._session, "enableRateLimit": False, "number": str, "aiohttp_trust_env": False}
            self._client = made({**keys, **told, "options": dict(self.row.options)})
            self._client.ssl_context = _trusted(self.target)  # Else it makes one of its own, for nothing.
            self._client.handle_errors = self._judged
            self._client.on_json_response = EXACT.decode
        return self._client

    def _traced(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._heard)
        return trace

    async def _heard(self, _session: Any, _context: Any, told: aiohttp.TraceRequestEndParams) -> None:
        """What the headers of each answer say of the rate limit."""
        headers, budget = told.response.headers, self._budget(told.url.path.strip("/"))
        used = headers.get(self.row.wallet_weight if budget is self.wallet else self.row.weight, "")
        later = headers.get("Retry-After", "")
        if used.isdigit():
            budget.told(budget.limit - int(used) if self.row.weight_left else int(used))
        if told.response.status in (418, 429) and later.isdigit():
            self.budget.bar(float(later))
            budget.bar(float(later))

    def _asked_in_vain(self, error: Exception) -> EdgeError:
        if isinstance(error, EdgeError):
            return error
        if isinstance(error, Said) and error.code in self.row.refusals:
            return Denied(self.row.id, error)
        return Unavailable(f"{self.row.id}: {_told(error)}")

    def _acted_in_doubt(self, error: Exception) -> EdgeError:
        if isinstance(error, EdgeError):
            return error
        code, words = (error.code, error.words) if isinstance(error, Said) else ("", "")
        if code in self.row.refusals and words not in self.row.duplicates:
            return Denied(self.row.id, Said(code, words))
        if code in self.row.idle or _unconnected(error):
            return Unavailable(f"{self.row.id}: {_told(error)}")
        return Uncertain(f"{self.row.id}: {_told(error)}")

    def _judged(self, status: int, _reason: str, _url: str, _method: str, _headers: Any, body: str, *rest: Any) -> None:
        """In place of ccxt's reading of errors, which drops codes and calls a revoked key a busy venue."""
        said = self.row.said(status, body if rest[0] is None else rest[0])
        if said is not None:
            raise Said(*said)


def _told(error: Exception) -> str:
    """What went wrong, without the request: its address holds a signature."""
    if isinstance(error, Garbled | Said):
        return str(error)
    cause = error.__cause__ or error
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return f"{cause.host} shows a certificate that is not trusted here"
    if isinstance(cause, aiohttp.ClientConnectorError):
        return f"cannot connect to {cause.host}"
    return f"no answer that can be read ({type(cause).__name__})"


def _unconnected(error: BaseException | None) -> bool:
    """Whether no connection was made, so that nothing was sent."""
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectorError):
            return True
        error = error.__cause__
    return False


class _Here(AbstractResolver):
    """Every name is this machine, at one port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002  # every port is the one of this machine
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """This machine, whatever is asked for."""
        return [
            ResolveResult(
                hostname=host,
                host=LOOPBACK,
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


def _trusted(target: Target | None) -> ssl.SSLContext:
    """Whom to trust: made once for all lines, since reading the world's authorities takes 20 ms."""
    return _trust(None) if target is None else _trust(str(target.ca), target.ca.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _trust(ca: str | None, _: int = 0) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def _session(target: Target | None, trace: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    tls = _trusted(target)
    resolver = None if target is None else _Here(target.port)
    connector = aiohttp.TCPConnector(ssl=tls, resolver=resolver, family=socket.AF_INET)
    session = aiohttp.ClientSession(connector=connector, trust_env=False, trace_configs=[trace])
    session._retry_connection = False  # noqa: SLF001  # There is no public way to stop the silent resend.
    return session
