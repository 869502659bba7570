"""The server's process dies and nothing that it answered is lost."""

import asyncio
import random
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from tests.contracts.sites import write
from tests.sim.wire.wired import ToPort, signed
from trimtab.sim.venue import open_venue
from trimtab.sim.wire import keys
from trimtab.sim.wire.keys import Kind

MAIN = keys.make("main", "main", Kind.HMAC)
SCRIPT = Path(__file__).with_name("serve.py")
PER_LIFE = 20


@contextmanager
def alive(world: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server process; killed at the end if it still lives."""
    opened = msgspec.json.encode((MAIN,)).decode()
    with subprocess.Popen([sys.executable, SCRIPT, world, opened], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, msgspec.json.decode(process.stdout.readline())
        finally:
            process.kill()


async def trade(told: dict[str, Any], ids: list[str], process: subprocess.Popen[str], seed: str) -> list[str]:
    """Place orders one after another; kill the server at a drawn moment of a drawn one. The ids that were answered."""
    answered: list[str] = []
    drawn = random.Random(seed)
    last, moment = drawn.randrange(1, PER_LIFE), drawn.randrange(30)
    trusted = ssl.create_default_context(cafile=told["ca"])
    connector = aiohttp.TCPConnector(ssl=trusted, resolver=ToPort(told["ports"]["here"]))
    async with aiohttp.ClientSession(connector=connector) as session:
        for number, client_id in enumerate(ids):
            order = {"symbol": "ETHUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
            query, header = signed(MAIN, {**order, "quantity": "0.01", "price": "2000", "newClientOrderId": client_id})
            asked = asyncio.ensure_future(session.post(f"https://api.binance.com/api/v3/order?{query}", headers=header))
            if number == last:
                for _ in range(moment):
                    await asyncio.sleep(0)
                process.kill()
            try:
                reply = await asked
                answered += [client_id] if reply.status == 200 else []
                await reply.read()
            except aiohttp.ClientError:
                return answered
    return answered


def test_every_order_that_was_answered_is_in_the_log_once(tmp_path: Path) -> None:
    world = write(tmp_path)
    answered: list[str] = []
    for life in range(4):
        ids = [f"{life}-{number}" for number in range(PER_LIFE)]
        with alive(world) as (process, told):
            answered += asyncio.run(trade(told, ids, process, f"7/{life}"))
    venue = open_venue(world, "here")
    log = Counter(placed.order.id for placed in venue.log())
    venue.close()

    assert len(answered) >= 4
    assert set(answered) <= set(log)
    assert set(log.values()) == {1}
