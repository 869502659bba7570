"""The simulator's one process: each venue of a world behind its own TLS port, in its own protocol, with its faults.

Wire time (signatures, limits, server time) is the wall's; market time is the world's, and `GET /sim/clock` on every
port says how the two go together.
"""

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from trimtab.sim import faults, files
from trimtab.sim.faults import NOTHING, Fault, Plan, Planned
from trimtab.sim.gates import Limits
from trimtab.sim.venue import SimVenue, open_venue
from trimtab.sim.wire.binance.speaker import BinanceSpeaker
from trimtab.sim.wire.calls import Call, Lost, Reply, Speaker, told
from trimtab.sim.wire.certs import Certificates
from trimtab.sim.wire.coinbase.speaker import CoinbaseSpeaker
from trimtab.sim.wire.keys import Key

LOOPBACK: Final = "127.0.0.1"
LARGEST_BODY: Final = 1 << 20
KEPT_CALLS: Final = 10_000

SPEAKERS: Final[dict[str, Callable[[SimVenue, tuple[Key, ...], Limits], Speaker]]] = {
    "binance": BinanceSpeaker,
    "coinbase": CoinbaseSpeaker,
}
"""The protocols by the name that a world's venue gives in `wire`."""

OURS: Final = frozenset({"localhost", LOOPBACK})

PAGE: Final = b"<html><head><title>Be right back</title></head><body><h1>We are improving things</h1></body></html>"

CONNECTION: Final = frozenset(
    {Fault.REFUSED, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.SHORT, Fault.SLOW, Fault.SKEWED}
)
GARBLED: Final = frozenset({Fault.HTML, Fault.TRUNCATED, Fault.WRONG, Fault.BROKEN})


@dataclass(frozen=True)
class Told:
    """What a server is told: keys, ports by venue (0 or none: a free one), and plans of faults by venue.

    `limits` are every venue's, in place of those in the world's file.
    """

    keys: tuple[Key, ...]
    certificates: Certificates
    limits: Limits | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)


class Wire:
    """One venue at its port. Tests set `plan`, read `calls` (the latest that came, by name), and close the port.

    `GET /sim/calls` tells how many of each came.
    """

    def __init__(self, sim: SimVenue, speaker: Speaker, plan: Plan) -> None:
        self.sim = sim
        self.speaker = speaker
        self.calls: deque[str] = deque(maxlen=KEPT_CALLS)
        self.counts: Counter[str] = Counter()
        self.skew_s = 0.0
        self.port = 0
        self._plan = plan
        self._seen: Counter[int] = Counter()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._tls: ssl.SSLContext | None = None
        self._later: set[asyncio.Task[None]] = set()

    @property
    def plan(self) -> Plan:
        """What goes wrong; a new plan begins to count anew."""
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        """Set what goes wrong."""
        self._plan, self._seen = plan, Counter()

    async def start(self, port: int, tls: ssl.SSLContext) -> None:
        """Listen on a port of this machine; 0 is any free one, which `port` then names."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/sim/clock", self._clock)
        app.router.add_get("/sim/calls", self._counted)
        app.router.add_route("*", "/{path:.*}", self._met)
        # A client that goes away ends its own waiting only: what it asked for is done before anything is awaited.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        self._tls, self.port = tls, port
        await self._runner.setup()
        await self.listen()

    async def listen(self) -> None:
        """Take connections; again, after `refuse`."""
        assert self._runner is not None, "start the server before it is told to listen"
        if self._site is not None:
            return
        self._site = web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=self._tls, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def refuse(self) -> None:
        """Close the port and drop every connection: whoever comes now is refused by the machine itself."""
        site, self._site = self._site, None
        if site is None or self._runner is None or self._runner.server is None:
            return
        await site.stop()
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def stop(self) -> None:
        """Stop for good."""
        for task in self._later:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _clock(self, _: web.Request) -> web.Response:
        pace = self.sim.clock.pace
        shown = {"market": pace.market, "wall": pace.wall, "speed": str(pace.speed), "now": self.sim.now()}
        return _response(told(shown))

    async def _counted(self, _: web.Request) -> web.Response:
        return _response(told(dict(sorted(self.counts.items()))))

    async def _met(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, with whatever is to go wrong with it."""
        call = await self._call(request)
        if self._site is None:
            return _dropped(request)  # It came over a connection that was open before the port was closed.
        self.calls.append(call.name)
        self.counts[call.name] += 1
        if call.host not in self.speaker.hosts | OURS:
            return _response(Reply(b"misdirected", 421, content_type="text/plain"))
        planned = faults.struck(self._plan, self._seen, call.name)
        if planned is not None and planned.fault is Fault.RESET_BEFORE:
            return _dropped(request)
        if planned is not None and planned.fault is Fault.SKEWED:
            self.skew_s = float(planned.number)
            call = await self._call(request)
        played = planned if planned is None or planned.fault not in CONNECTION | GARBLED else None
        try:
            reply = self.speaker.answer(call, played)
        except Lost:
            return _dropped(request)
        return await self._sent(request, reply, planned)

    async def _call(self, request: web.Request) -> Call:
        path, _, query = request.raw_path.partition("?")
        return Call(
            method=request.method,
            host=request.host.partition(":")[0].lower(),
            path=path,
            query=query.encode("utf-8", "surrogateescape"),
            body=await request.read(),
            headers=request.headers,
            peer=request.remote or "",
            at=datetime.now(UTC) + timedelta(seconds=self.skew_s),
        )

    async def _sent(self, request: web.Request, reply: Reply, planned: Planned | None) -> web.StreamResponse:
        match planned:
            case Planned(fault=Fault.RESET_AFTER):
                return _dropped(request)
            case Planned(fault=Fault.SHORT):
                return await _short(request, reply)
            case Planned(fault=Fault.SLOW):
                await asyncio.sleep(float(planned.number))
            case Planned(fault=Fault.REFUSED):
                self._soon(self._refuse_for(float(planned.number)))
                response = _response(reply)
                response.force_close()
                return response
            case Planned(fault=fault) if fault in GARBLED:
                return _response(garbled(reply, planned))
        return _response(reply)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _refuse_for(self, seconds: float) -> None:
        assert self._site is not None, "a call came in through a closed port"
        site, self._site = self._site, None
        await site.stop()
        if seconds:
            await asyncio.sleep(seconds)
            await self.listen()


@dataclass(frozen=True)
class Running:
    """The simulator at work: its venues by name, what to trust, and the keys that open its accounts."""

    venues: Mapping[str, Wire]
    told: Told

    @property
    def ports(self) -> dict[str, int]:
        """The port of each venue."""
        return {name: wire.port for name, wire in self.venues.items()}

    def key(self, name: str) -> Key:
        """A key by its name. Raises KeyError."""
        return {key.id: key for key in self.told.keys}[name]


@asynccontextmanager
async def serving(path: Path, settings: Told) -> AsyncIterator[Running]:
    """Serve every venue of a world that names its protocol, until the block ends.

    Raises ValueError for a bad world or an unknown protocol, OSError for a port that is taken.
    """
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(settings.certificates.certificate, settings.certificates.key)
    async with AsyncExitStack() as opened:
        venues: dict[str, Wire] = {}
        for venue in files.load_world(path).venues:
            if not venue.wire:
                continue
            if venue.wire not in SPEAKERS:
                known = ", ".join(sorted(SPEAKERS))
                raise ValueError(f"venues.{venue.id}.wire: {venue.wire} is not spoken here; known: {known}")
            sim = open_venue(path, venue.id)
            opened.callback(sim.close)
            keys = tuple(key for key in settings.keys if key.account in sim.accounts)
            speaker = SPEAKERS[venue.wire](sim, keys, settings.limits or venue.limits)
            wire = Wire(sim, speaker, settings.plans.get(venue.id, NOTHING))
            opened.push_async_callback(wire.stop)
            await wire.start(settings.ports.get(venue.id, 0), tls)
            venues[venue.id] = wire
        yield Running(venues, settings)


def garbled(reply: Reply, planned: Planned) -> Reply:
    """What a proxy, a gateway or a defect makes of a good answer."""
    match planned.fault:
        case Fault.HTML:
            return Reply(PAGE, content_type="text/html")
        case Fault.TRUNCATED:
            return Reply(reply.body[: len(reply.body) // 2], headers=reply.headers)
        case Fault.WRONG:
            return Reply(b"{}" if reply.body.startswith(b"[") else b"[]", headers=reply.headers)
        case _:
            return Reply(PAGE, int(planned.number), content_type="text/html")


def _response(reply: Reply) -> web.Response:
    headers = {"Content-Type": reply.content_type, **reply.headers}
    return web.Response(body=reply.body, status=reply.status, headers=headers)


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _short(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type, **reply.headers})
    response.content_length = len(reply.body)
    await response.prepare(request)
    with suppress(ConnectionResetError):
        await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
