"""Two venues of one world behind their ports, and clients that reach them by the real host names."""

import asyncio
import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import ccxt.async_support as ccxt
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.contracts.sites import write
from trimtab.sim.clockwork import SimClock, open_clock
from trimtab.sim.gates import Limits
from trimtab.sim.wire import certs, keys
from trimtab.sim.wire.keys import Key, Kind
from trimtab.sim.wire.server import Running, Told, Wire, serving

T = TypeVar("T")

HOST = "api.binance.com"


class ToPort(AbstractResolver):
    """Every host is this machine, at one port."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self.port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.content)

    @property
    def code(self) -> int | None:
        """The venue's error code, if it is an error."""
        told = self.json
        return told.get("code") if isinstance(told, dict) else None


@dataclass
class Wired:
    """The servers, the loop they and their clients live in, and the world's clock."""

    sim: Running
    loop: asyncio.AbstractEventLoop
    clock: SimClock
    opened: AsyncExitStack

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asked)

    @property
    def here(self) -> Wire:
        return self.sim.venues["here"]

    @property
    def there(self) -> Wire:
        return self.sim.venues["there"]

    def session(self, venue: str = "here", **more: Any) -> aiohttp.ClientSession:
        """A client that trusts the simulator's authority and, if it is not told to, keeps no connection."""
        return self.run(self._session(venue, **more))

    async def _session(self, venue: str, local: str = "127.0.0.1", **more: Any) -> aiohttp.ClientSession:
        trusted = ssl.create_default_context(cafile=str(self.sim.told.certificates.ca))
        connector = aiohttp.TCPConnector(
            ssl=trusted,
            resolver=ToPort(self.sim.ports[venue]),
            family=socket.AF_INET,
            local_addr=(local, 0),
            **{"force_close": True, **more},
        )
        return await self.opened.enter_async_context(aiohttp.ClientSession(connector=connector))

    def exchange(self, account: str = "main", venue: str = "here", **more: Any) -> ccxt.binance:
        """ccxt as it is, with a key of an account, or (\"\") without any."""
        session = self.session(venue)
        key = self.sim.key(account) if account else None
        credentials = {} if key is None else {"apiKey": key.key, "secret": key.secret}
        options = {"fetchMarkets": {"types": ["spot"]}}
        made = ccxt.binance({**credentials, "session": session, "enableRateLimit": False, "options": options, **more})
        made.number = str
        self.opened.push_async_callback(made.close)
        return made

    def ask(self, line: str, key: str | None = None, venue: str = "here", **params: Any) -> Answer:
        """`GET /path` with parameters; signed with a key where one is named."""
        method, _, path = line.partition(" ")
        if key is None:
            return self.send(method, path, urlencode(params), venue=venue)
        return self.send(method, path, *signed(self.sim.key(key), params), venue=venue)

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        *,
        body: str = "",
        **at: str,
    ) -> Answer:
        """These bytes and no others; `venue`, `host` and `local` say where to and where from."""
        return self.run(self._send(method, path, query, headers or {}, body, at))

    async def _send(
        self, method: str, path: str, query: str, headers: dict[str, str], body: str, at: dict[str, str]
    ) -> Answer:
        import yarl

        session = await self._session(at.get("venue", "here"), at.get("local", "127.0.0.1"))
        url = yarl.URL(f"https://{at.get('host', HOST)}{path}{'?' + query if query else ''}", encoded=True)
        async with session.request(method, url, headers=headers, data=body.encode() or None) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())


def signed(key: Key, params: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """A query with its time and signature, and the header that goes with it."""
    query = urlencode({"timestamp": int(time.time() * 1000), **params})
    signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    return f"{query}&signature={signature}", {"X-MBX-APIKEY": key.key}


@contextmanager
def wired(folder: Path, opened: tuple[Key, ...] = (), limits: Limits | None = None, **changes: str) -> Iterator[Wired]:
    """The world of the venue contract, served; every account has a key of its own name that may do everything."""
    path = write(folder, **changes)
    usual = tuple(keys.make(name, name, Kind.HMAC) for name in ("main", "sub", "other"))
    told = Told(keys=(*usual, *opened), certificates=certs.ready(folder.parent / "certificates"), limits=limits)
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    clock = open_clock(path)
    try:
        sim = loop.run_until_complete(stack.enter_async_context(serving(path, told)))
        yield Wired(sim, loop, clock, stack)
    finally:
        loop.run_until_complete(stack.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        clock.close()
        loop.close()
