"""Order operations a second of our book with the full rules, beside a bare SortedDict book on the same stream.

    python bench/matching.py [--operations 200000] [--runs 9]

60 % limit orders, 30 % cancels, 10 % market orders from 64 owners. The peer has price-time priority and nothing
else: no owners, no order kinds, no level clean-up on cancel. Runs are interleaved; one JSON line, medians.
"""

import argparse
import json
import platform
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sortedcontainers import SortedDict

from trimtab.sim.book import Book, Force

LIMIT, CANCEL, MARKET = 0, 1, 2


class Operation(NamedTuple):
    """One line of the stream; `target` is the order that a cancel names."""

    what: int
    side: int
    ticks: int
    lots: int
    target: int
    owner: str
    force: Force


def stream(count: int, seed: int = 0) -> list[Operation]:
    """A seeded stream around a wandering middle; cancels name one of the last 200 limit orders."""
    draw = random.Random(seed)
    middle, placed, operations = 5_000, [0], []
    for number in range(count):
        what = draw.choices((LIMIT, CANCEL, MARKET), (60, 30, 10))[0]
        side = draw.randrange(2)
        middle += draw.choice((-1, 0, 1)) if draw.random() < 0.02 else 0
        away = min(int(draw.expovariate(0.105)) + 1, 500) - 2
        force = draw.choices((Force.REST, Force.IOC, Force.FOK, Force.POST_ONLY), (85, 5, 5, 5))[0]
        target = placed[-1 - draw.randrange(min(200, len(placed)))]
        ticks = middle + (away if side else -away)
        operations.append(Operation(what, side, ticks, draw.randrange(1, 100), target, str(number % 64), force))
        if what == LIMIT:
            placed.append(number)
    return operations


def ours(operations: Sequence[Operation]) -> int:
    """Lots traded by our book."""
    book, traded = Book(), 0
    for number, (what, side, ticks, lots, target, owner, force) in enumerate(operations):
        if what == CANCEL:
            book.cancel(target)
            continue
        price = ticks if what == LIMIT else None
        outcome = book.place(number, owner, side, lots, price, force if what == LIMIT else Force.IOC)
        traded += sum(match.lots for match in outcome.matches)
    return traded


def peer(operations: Sequence[Operation]) -> int:
    """Lots traded by the bare book."""
    sides: tuple[SortedDict, SortedDict] = (SortedDict(), SortedDict())
    live: dict[int, list[int]] = {}
    traded = 0
    for number, (what, side, ticks, lots, target, _, _) in enumerate(operations):
        if what == CANCEL:
            order = live.pop(target, None)
            if order:
                order[1] = 0
            continue
        against = sides[1 - side]
        left = lots
        while left and against:
            best, queue = against.peekitem(-1 if side else 0)
            if what == LIMIT and (best < ticks if side else best > ticks):
                break
            while queue and left:
                order = queue[0]
                taken = min(left, order[1])
                left -= taken
                order[1] -= taken
                traded += taken
                if not order[1]:
                    queue.popleft()
                    live.pop(order[0], None)
            if not queue:
                del against[best]
        if what == LIMIT and left:
            live[number] = [number, left]
            sides[side].setdefault(ticks, deque()).append(live[number])
    return traded


def seconds(run: Callable[[Sequence[Operation]], int], operations: Sequence[Operation]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    run(operations)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--operations", type=int, default=200_000)
    options.add_argument("--runs", type=int, default=9)
    asked = options.parse_args()
    operations = stream(asked.operations)
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(asked.runs):
        times["ours"].append(seconds(ours, operations))
        times["peer"].append(seconds(peer, operations))
    rate = {name: round(asked.operations / statistics.median(taken)) for name, taken in times.items()}
    line = {
        "bench": "matching",
        "operations": asked.operations,
        "runs": asked.runs,
        "operations_per_s": rate["ours"],
        "peer_operations_per_s": rate["peer"],
        "ratio": round(rate["ours"] / rate["peer"], 3),
        "line": 300_000,
        "traded_lots": [ours(operations), peer(operations)],
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
