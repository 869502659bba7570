"""A server of raw sockets over TLS that says what it is told to, and counts every request that reaches it."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab.adapters.venues.exchange.line import Credentials, Target
from trimtab.sim.wire import certs

KEYS = Credentials("the-public-key", "the-private-secret")

Answer = bytes | None
"""Bytes as they go over the wire; None drops the connection."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    line: str
    headers: Mapping[str, str]
    body: str

    @property
    def path(self) -> str:
        return self.line.split()[1].partition("?")[0]

    @property
    def method(self) -> str:
        return self.line.split()[0]

    @property
    def query(self) -> str:
        return self.line.split()[1].partition("?")[2]


@dataclass
class Script:
    """What is answered to a path: the first answer that is left, and the last one for ever. Time is told by itself."""

    target: Target
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ahead_s: float = 0

    def says(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def heard(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("/time") and asked.path not in self.answers:
            millis = int((time.time() + self.ahead_s) * 1000)
            return said({"serverTime": millis, "epochMillis": str(millis)})
        left = self.answers[asked.path]
        return left.pop(0) if len(left) > 1 else left[0]


def said(content: Any, status: int = 200, length: int | None = None, **headers: str) -> bytes:
    """An answer: an object as JSON, a text as a page. `length` lies about how long it is."""
    page = isinstance(content, str)
    body = content.encode() if page else json.dumps(content).encode()
    told = {
        "Content-Type": "text/html" if page else "application/json",
        "Content-Length": str(len(body) if length is None else length),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[Script]:
    """Serve a script on a free port."""
    made = certs.ready(folder)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made.certificate, made.key)
    script = Script(Target(0, made.ca))
    server = await asyncio.start_server(_met(script), "127.0.0.1", 0, ssl=tls)
    script.target = Target(server.sockets[0].getsockname()[1], made.ca)
    try:
        yield script
    finally:
        server.close()


def _met(script: Script) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await _read(reader):
                script.asked.append(asked)
                answer = script.answer(asked)
                if answer is None:
                    writer.transport.abort()
                    return
                writer.write(answer)
                await writer.drain()
                told = answer.partition(b"\r\n\r\n")
                if f"Content-Length: {len(told[2])}".encode() not in told[0]:
                    break
        finally:
            writer.close()

    return met


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    line, *rest = head.strip().split("\r\n")
    headers = dict(one.split(": ", 1) for one in rest)
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return Asked(line, headers, body.decode())
