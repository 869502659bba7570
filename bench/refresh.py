"""A full refresh of 300 accounts by our exchange clients: how long it takes, and what the venues' rate limits force.

Three processes serve a simulated Binance and a simulated Coinbase each, with the real limits; 50 accounts, each with a
key of its own, live at each of the six. Every refresh reads what a cycle reads before it decides: listings, fees,
all balances and open orders until two readings agree, transfers, touches and books. Several in a row begin with a
minute's window.

What limits force is computed from the calls that the servers counted. Binance: the sum of their weights by network
address, 6,000 in each minute (the wallet's 12,000 apart); Coinbase: 30 calls in each second by key, 10 by address
without one. What fits in n windows cannot be had before the n-th begins: (n - 1) windows; the worst of the six counts.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from trimtab import api, settings, wiring
from trimtab.adapters.venues.exchange.line import _session
from trimtab.cycle import observe
from trimtab.ports import Desk
from trimtab.sim import gates
from trimtab.sim.wire.binance.speaker import API

PROCESSES = 3
WINDOW_S = 60
PATIENCE_S = 600
ASSETS = ("BNB", "BTC", "ETH", "SOL", "USDT")
PROGRAM = "from trimtab.cli import main; main()"
FUND = """[fund]
id = "many"
base = "USDT"
[clock]
source = "wall"
[assets]
BNB = 8
BTC = 8
ETH = 8
SOL = 8
USD = 8
USDT = 8
[targets]
band = "0.05"
[targets.weights]
BTC = "0.5"
USDT = "0.5"
[triggers.drift]
kind = "threshold"
[costs]
max_cost_bps = "40"
[limits]
read_timeout_s = 600
"""


def world(number: int, accounts: int) -> str:
    """One process's world: the template's listings and prices, and so many accounts at each of its venues."""
    template = (Path(api.__file__).parent / "settings/templates/exchange/sim.toml").read_text(encoding="utf-8")
    lines: list[str] = []
    kept = True
    for line in template.splitlines():
        if line.startswith("["):
            kept = ".accounts." not in line
        if kept:
            lines.append(line)
    for venue in ("binance", "coinbase"):
        for account in names(venue, number, accounts):
            lines.append(f"[venues.{venue}.accounts.{account}.balances]")
            lines += [f'{asset} = "10"' for asset in ASSETS]
    return "\n".join(lines) + "\n"


def names(venue: str, number: int, accounts: int) -> list[str]:
    """The accounts of one venue of one process."""
    return [f"{venue}{number}-{one}" for one in range(accounts)]


@contextmanager
def served(home: Path, number: int, accounts: int) -> Iterator[dict[str, int]]:
    """The ports of one process."""
    folder = home / f"sim{number}"
    folder.mkdir()
    (folder / "sim.toml").write_text(world(number, accounts))
    program = [sys.executable, "-c", PROGRAM, "sim", "--world", str(folder / "sim.toml"), "--port", "0", "--json"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["ports"]
    finally:
        process.kill()
        process.wait()


def fund(ports: list[dict[str, int]], accounts: int) -> str:
    """The fund's file: six venues, each account with its own key."""
    lines = [FUND]
    for number, served_at in enumerate(ports):
        for venue, port in served_at.items():
            lines.append(f'[venues.{venue}{number}]\nkind = "{venue}"')
            for account in names(venue, number, accounts):
                keys = f'key = "file:sim{number}/sim-keys/{account}.key"\n'
                keys += f'secret = "file:sim{number}/sim-keys/{account}.secret"'
                wire = f'wire = {{ connect = "127.0.0.1:{port}", ca = "sim{number}/sim-ca.pem" }}'
                lines.append(f'[accounts.{account}]\nvenue = "{venue}{number}"\n{keys}\n{wire}')
    return "\n".join(lines)


async def refresh(desk: Desk) -> None:
    """What a cycle reads before it decides. Nothing may be missing."""
    known = await observe.terms(desk)
    seen = await observe.accounts(desk)
    assert not seen.unknown, seen.unknown[0]
    assert known.instruments
    assert len((await observe.quotes(desk, known)).quotes) == len(known.instruments)
    assert len((await observe.books(desk, known)).ladders) == len(known.instruments)


async def counted(venues: Any) -> dict[str, Counter[str]]:
    """How many calls of each kind every server has had."""
    found: dict[str, Counter[str]] = {}
    for name, venue in venues.items():
        async with _session(venue.target, aiohttp.TraceConfig()) as session:
            answer = await session.get("https://localhost/sim/calls")
            found[name] = Counter(json.loads(await answer.read()))
    return found


def forced_s(name: str, calls: Counter[str], accounts: int) -> float:
    """Seconds before which nobody can have made these calls, from the beginning of a window."""
    usual = gates.USUAL
    if name.startswith("binance"):
        weights = {call: endpoint.weight for call, endpoint in API.items()} | {"GET /api/v3/exchangeInfo": 20}
        own = sum(weights[call] * n for call, n in calls.items() if "/api/" in call and "/sapi/" not in call)
        wallet = sum(weights[call] * n for call, n in calls.items() if "/sapi/" in call)
        told = [(float(own), usual.weight), (float(wallet), usual.wallet)]
    else:
        public = sum(n for call, n in calls.items() if "/market/" in call or call.endswith("/time"))
        told = [((sum(calls.values()) - public) / accounts, usual.private), (float(public), usual.public)]
    return max((math.ceil(used / one.most) - 1) * float(one.window_s) for used, one in told if used)


async def measured(home: Path, accounts: int, rounds: int) -> dict[str, Any]:
    """The first refresh, and so many in a row."""
    async with wiring.reading(settings.load(home / "fund.toml")) as desk:
        venues: Any = desk.venues
        for venue in venues.values():
            venue.lines.longest_wait_s = PATIENCE_S
        if rounds > 1:
            await asyncio.sleep(WINDOW_S - time.time() % WINDOW_S + 0.05)
        before, started = await counted(venues), time.perf_counter()
        taken = []
        for _ in range(rounds):
            await refresh(desk)
            taken.append(round(time.perf_counter() - started, 1))
        after = await counted(venues)
    calls = {name: after[name] - before[name] for name in after}
    forced = max(forced_s(name, made, accounts) for name, made in calls.items())
    return {
        "bench": "wire.refresh",
        "accounts": 2 * PROCESSES * accounts,
        "rounds": rounds,
        "calls": sum(sum(made.values()) for made in calls.values()),
        "ended_s": taken,
        "forced_s": forced,
        "ratio": round(taken[-1] / forced, 2) if forced else None,
        "line": 1.2,
    }


async def main() -> None:
    """Measure and print one JSON line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--accounts", type=int, default=50, help="at each of the six venues")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        home = Path(folder)
        ports = [opened.enter_context(served(home, n, options.accounts)) for n in range(PROCESSES)]
        (home / "fund.toml").write_text(fund(ports, options.accounts))
        print(json.dumps(await measured(home, options.accounts, options.rounds)))


if __name__ == "__main__":
    asyncio.run(main())
