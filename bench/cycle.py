"""One cycle's thinking: from the first read to a cleared plan, for a large paper fund; time by stage.

`python bench/cycle.py [--runs 9] [--venues 6] [--assets 25]`: two accounts a venue, each holding every asset.
Not timed: making the fund, connecting, and anything that waits for market time.
"""

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from trimtab import api
from trimtab.check import verdict
from trimtab.cycle import think
from trimtab.cycle.pen import Pen, write, write_terms

QUOTE = "USDT"


def fund_file(assets: list[str], venues: int) -> str:
    """A fund with equal targets, and no band, so that every asset has to move."""
    lines = ["[fund]", 'id = "large"', f'base = "{QUOTE}"', "[clock]", 'source = "sim"', "[assets]"]
    lines += [f"{asset} = 8" for asset in (*assets, QUOTE)]
    for number in range(venues):
        lines += [f"[venues.v{number}]", 'kind = "paper"', 'world = "paper.toml"']
        for account in "ab":
            lines += [f"[accounts.v{number}{account}]", f'venue = "v{number}"']
    weight = f"{1 / (len(assets) + 1):.6f}"
    rest = 1 - len(assets) * float(weight)
    lines += ["[prices]", "max_age_s = 86400", 'max_disagreement_bps = "500"', "[targets.weights]"]
    lines += [f'{asset} = "{weight}"' for asset in assets] + [f'{QUOTE} = "{rest:.6f}"']
    lines += ["[triggers.drift]", 'kind = "threshold"', "[costs]", 'max_cost_bps = "500"']
    return "\n".join(lines)


def world_file(assets: list[str], venues: int) -> str:
    """The world to that fund: each account holds every asset, in amounts that are off target."""
    lines = ["start = 2026-01-05T07:30:00Z", "speed = 0", "recovery_s = 60"]
    lines += ["[tape]", 'kind = "generator"', 'seed = "large"', f'unit = "{QUOTE}"', "[assets]"]
    for place, asset in enumerate(assets):
        lines.append(f"{asset} = {{ decimals = 8, price = {100 + place}, volatility = 0.5, half_spread_bps = 1 }}")
    lines.append(f"{QUOTE} = {{ decimals = 8 }}")
    for number in range(venues):
        lines += [f"[venues.v{number}]", "accept_window_s = 0", "skew_s = 0"]
        lines += [f"[[venues.v{number}.fees]]", "maker_bps = 8", "taker_bps = 10", 'taken_from = "received"']
        for account in "ab":
            lines.append(f"[venues.v{number}.accounts.v{number}{account}.balances]")
            lines += [f'{asset} = "{10 + (place * 7 + number) % 13}"' for place, asset in enumerate(assets)]
            lines.append(f'{QUOTE} = "20000"')
        lines.append(f"[venues.v{number}.instruments]")
        filters = "{ filters = { step = 0.0001, tick = 0.01, min_notional = 5 } }"
        lines += [f'"{asset}/{QUOTE}" = {filters}' for asset in assets]
    return "\n".join(lines)


def make(folder: Path, assets: int, venues: int) -> Path:
    """Write the fund and its world."""
    names = [f"A{number:02d}" for number in range(assets - 1)]
    (folder / "fund.toml").write_text(fund_file(names, venues))
    (folder / "paper.toml").write_text(world_file(names, venues))
    return folder / "fund.toml"


async def timed(desk: api.Desk, stamps: dict[str, float]) -> api.Thought:
    """One pass to a cleared plan, noted in the ledger, with the instant at which each stage ended."""
    facts: list[tuple[str, Any]] = []

    def note(kind: str, fact: Any) -> None:
        facts.append((kind, fact))
        stamps[kind] = time.perf_counter()

    thought = await think.think(desk, think.next_cycle(desk.store), api.cause("bench"), note)
    assert thought.plan is not None, thought.decision
    assert thought.verdict is not None, thought.judgement
    verdict.clear(thought.plan, thought.verdict)
    stamps["cleared"] = time.perf_counter()
    lease = desk.store.acquire("cycle", api.holder(), 60)
    pen = Pen(desk.store, lease, thought.opened.cycle)
    write_terms(pen, facts[0][1])
    write(pen, *facts[1:])
    desk.store.release(lease)
    stamps["written"] = time.perf_counter()
    return thought


async def main() -> None:
    """Measure and print one JSON line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=9)
    asked.add_argument("--venues", type=int, default=6)
    asked.add_argument("--assets", type=int, default=25)
    options = asked.parse_args()
    totals: list[float] = []
    stages: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home:
        fund = make(Path(home), options.assets, options.venues)
        async with api.connect(api.load_settings(fund)) as desk:
            thought = await timed(desk, {})  # A rehearsal: imports, caches, files.
            for _ in range(options.runs):
                stamps: dict[str, float] = {}
                last = started = time.perf_counter()
                thought = await timed(desk, stamps)
                totals.append(stamps["cleared"] - started)
                for stage, at in stamps.items():
                    stages.setdefault(stage, []).append(at - last)
                    last = at
    line = {
        "bench": "cycle",
        "positions": sum(1 for b in thought.snapshot.balances if b.total),
        "accounts": options.venues * 2,
        "legs": len(thought.plan.legs) if thought.plan else 0,
        "runs": options.runs,
        "first_read_to_cleared_s": round(statistics.median(totals), 4),
        "line_s": 0.1,
        "stages_ms": {stage: round(1000 * statistics.median(taken), 2) for stage, taken in stages.items()},
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    asyncio.run(main())
