"""Measures recorded books for the model of sim/depth.py: half spread, and the money at each distance from the touch.

`python bench/calibrate_depth.py STREAM.jsonl.gz [MORE.jsonl.gz ...]`: files of one pair, in order of time (Binance spot
streams that hold a snapshot). One JSON line: means over every second and both sides, in units of the quote.
"""

import argparse
import gzip
import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from trimtab.sim import l2
from trimtab.sim.depth import DEPTH
from trimtab.sim.l2 import Pairs, Reel

DISTANCES = tuple(float(distance) for distance, _ in DEPTH)
WHOLE_BOOK = 1_000_000


def lines(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with gzip.open(path, "rb") as file:
            yield from file


def money(levels: Pairs) -> list[float]:
    """The money of one side in each band of distance from its best price; a band ends at its own distance."""
    best, found = float(levels[0][0]), [0.0] * len(DISTANCES)
    for price, amount in levels:
        away = abs(float(price) / best - 1) * 10_000
        band = next((number for number, distance in enumerate(DISTANCES) if away <= distance + 1e-9), None)
        if band is None:
            break
        found[band] += float(price * amount)
    return found


def measured(reel: Reel) -> dict[str, object]:
    """One recording's table."""
    first, end = l2.span(reel.recording)
    spreads, bands = [], []
    for second in range(first, end):
        levels = l2.levels(reel, second)
        assert levels is not None, "every second of a recording has a book"
        bid, ask = float(levels[0][0][0]), float(levels[1][0][0])
        spreads.append((ask - bid) / (ask + bid) * 10_000)
        bands += [money(side) for side in levels]
        reel.tops.clear()
    means = [statistics.fmean(column) for column in zip(*bands, strict=True)]
    return {
        "seconds": end - first,
        "half_spread_bps": round(statistics.fmean(spreads), 4),
        "half_spread_bps_median": round(statistics.median(spreads), 4),
        "money": {f"{distance:g}": round(mean) for distance, mean in zip(DISTANCES, means, strict=True)},
        "total": round(sum(means)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("streams", nargs="+", type=Path, help="recorded streams of one pair, in order of time")
    paths = parser.parse_args().streams
    reel = Reel(l2.read(lines(paths)), depth=WHOLE_BOOK)
    model = dict(DEPTH)
    print(json.dumps({"streams": [path.name for path in paths], **measured(reel), "model": model}))


if __name__ == "__main__":
    main()
