"""A small simulated Coinbase with its keys, asked directly, and over TLS by clients that cannot tell it from real."""

import base64
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from ccxt.async_support.coinbase import coinbase
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from trimtab.sim.faults import Planned
from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.venue import SimVenue, open_venue
from trimtab.sim.wire import certs, keys
from trimtab.sim.wire.calls import Call, Reply
from trimtab.sim.wire.coinbase.asked import Habits
from trimtab.sim.wire.coinbase.speaker import CoinbaseSpeaker
from trimtab.sim.wire.keys import EVERYTHING, Key, Kind
from trimtab.sim.wire.server import Running, Told, serving

D = Decimal
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WALL = datetime(2026, 11, 21, 9, tzinfo=UTC)
PATIENT = Habits(
    private=Allowance(name="private", most=10_000, window_s=Decimal(1)),
    public=Allowance(name="public", most=10_000, window_s=Decimal(1)),
)

WORLD = """
start = 2026-01-01T12:00:00Z
speed = 0
[tape]
seed = "7"
unit = "USD"
[assets]
BTC = { decimals = 8, price = 60000, depth = 1 }
ETH = { decimals = 8, price = 3000, depth = 1 }
USDC = { decimals = 6, price = 1, depth = 1 }
USD = { decimals = 8 }
[venues.east]
wire = "coinbase"
accept_window_s = 5
[venues.east.accounts.main]
balances = { BTC = "2.00000001", USD = 1000000, USDC = 5000 }
[venues.east.accounts.sub]
parent = "main"
rights = ["trade"]
balances = { USD = 500 }
[venues.east.accounts.other]
owner = "stranger"
[venues.east.instruments]
"BTC/USD" = { filters = { step = 0.00001, tick = 0.01, min_notional = 5, min_amount = 0.00001, max_amount = 300 } }
"ETH/USD" = { filters = { step = 0.0001, tick = 0.01 } }
"USDC/USD" = { filters = { step = 0.01, tick = 0.0001 } }
[[venues.east.fees]]
maker_bps = 40
taker_bps = 60
taken_from = "quote"
[venues.west]
wire = "coinbase"
[venues.west.accounts.far]
balances = { USDC = 300 }
[venues.west.instruments."BTC/USD"]
filters = { step = 0.00001, tick = 0.01 }
[[venues.west.fees]]
maker_bps = 40
taker_bps = 60
taken_from = "quote"
[[networks]]
id = "ethereum"
asset = "USDC"
fee = 1
minimum = 10
sent_s = 240
tradable_s = 360
withdrawable_s = 1560
[[networks]]
id = "bitcoin"
asset = "BTC"
fee = 0.0001
minimum = 0.001
[[networks]]
id = "base"
asset = "USDC"
fee = 0.1
minimum = 1
sent_s = 10
tradable_s = 20
withdrawable_s = 20
"""


def write(folder: Path, **changes: str) -> Path:
    """The world's file; each change is `old => new`."""
    text = WORLD
    for change in changes.values():
        old, new = change.split(" => ")
        assert old in text, f"{old} is not in the world"
        text = text.replace(old, new, 1)
    path = folder / "sim.toml"
    path.write_text(text)
    return path


class Client:
    """A client that signs its own tokens and asks the speaker itself, without a socket."""

    def __init__(self, path: Path, venue: str = "east", account: str = "main", habits: Habits = PATIENT) -> None:
        self.sim: SimVenue = open_venue(path, venue)
        self.key = keys.make("k", account, Kind.ES256, EVERYTHING)
        self.speaker = CoinbaseSpeaker(self.sim, (self.key,), Limits(), habits)
        self.wall = WALL

    def close(self) -> None:
        self.sim.close()

    def step(self, seconds: float) -> None:
        self.sim.clock.step(self.sim.now() + timedelta(seconds=seconds))

    def call(self, line: str, body: Any = None, token: str | None = None, peer: str = "127.0.0.1") -> Call:
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        signed = signed_token(self.key, f"{method} api.coinbase.com{path}", self.wall) if token is None else token
        return Call(
            method=method,
            host="api.coinbase.com",
            path=path,
            query=query.encode(),
            body=b"" if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {signed}"} if signed else {},
            peer=peer,
            at=self.wall,
        )

    def reply(self, line: str, body: Any = None, fault: Planned | None = None, **more: Any) -> Reply:
        return self.speaker.answer(self.call(line, body, **more), fault)

    def ask(self, line: str, body: Any = None, fault: Planned | None = None, **more: Any) -> Any:
        """The content of a good answer."""
        reply = self.reply(line, body, fault, **more)
        assert reply.status in (200, 201), reply
        return json.loads(reply.body)

    def wallet(self, asset: str) -> str:
        rows = self.ask("GET /api/v3/brokerage/accounts?limit=250")["accounts"]
        return next(str(row["uuid"]) for row in rows if row["currency"] == asset)

    def rows(self, asset: str) -> list[dict[str, Any]]:
        """Every transaction of a wallet, page after page."""
        line, found = f"/v2/accounts/{self.wallet(asset)}/transactions", []
        while line:
            answer = self.ask(f"GET {line}")
            found += answer["data"]
            line = answer["pagination"]["next_uri"]
        return found

    def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"GET /api/v3/brokerage/orders/historical/{order_id}")["order"]
        return found

    def send(self, client_id: str, configuration: dict[str, Any], **more: Any) -> Any:
        """What placing an order is answered with."""
        body = {"client_order_id": client_id, "product_id": "BTC-USD", "side": "BUY", **more.pop("body", {})}
        return self.ask("POST /api/v3/brokerage/orders", {**body, "order_configuration": configuration}, **more)


def limit(size: str = "0.5", price: str = "50000", **more: Any) -> dict[str, Any]:
    """A limit order that rests."""
    return {"limit_limit_gtc": {"base_size": size, "limit_price": price, **more}}


def encoded(part: bytes | dict[str, Any]) -> str:
    written = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def signed_token(key: Key, line: str, at: datetime, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An ES256 token with some of its header and claims replaced; None takes one away."""
    now = int(at.timestamp())
    told = {"sub": key.key, "iss": "cdp", "nbf": now, "exp": now + 120, "uri": line, **claims}
    head = {"alg": "ES256", "typ": "JWT", "kid": key.key, "nonce": "0f", **(header or {})}
    parts = [encoded({k: v for k, v in part.items() if v is not None}) for part in (head, told)]
    private = serialization.load_pem_private_key(key.secret.encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    numbers = decode_dss_signature(private.sign(".".join(parts).encode(), ec.ECDSA(SHA256())))
    return ".".join((*parts, encoded(b"".join(number.to_bytes(32) for number in numbers))))


class Nearby(AbstractResolver):
    """Every name is this machine, and every port the venue's: nothing can leave."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


@asynccontextmanager
async def served(path: Path, *accounts: str) -> AsyncIterator[Running]:
    """The world's venues at their ports, with a key of all permissions for each account, and patient limits."""
    opened = tuple(keys.make(name, name, Kind.ES256, EVERYTHING) for name in accounts or ("main", "far"))
    async with serving(path, Told(keys=opened, certificates=certs.ready(path.parent))) as sim:
        for wire in sim.venues.values():
            assert isinstance(wire.speaker, CoinbaseSpeaker)
            wire.speaker.habits = PATIENT
        yield sim


@asynccontextmanager
async def connected(sim: Running, venue: str = "east", account: str | None = "main") -> AsyncIterator[Any]:
    """ccxt's own class, unmodified: its session trusts the simulator's CA and resolves every host to the venue."""
    trust = ssl.create_default_context(cafile=str(sim.told.certificates.ca))
    connector = aiohttp.TCPConnector(ssl=trust, resolver=Nearby(sim.ports[venue]), family=socket.AF_INET)
    credentials = {"apiKey": sim.key(account).key, "secret": sim.key(account).secret} if account else {}
    async with aiohttp.ClientSession(connector=connector) as session:
        exchange = coinbase({**credentials, "session": session, "enableRateLimit": False, "number": str})
        try:
            yield exchange
        finally:
            await exchange.close()
