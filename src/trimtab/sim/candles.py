"""Recorded candles as a price at every second, by a stated path through each candle.

A candle that rose (close at or above open) is taken to have gone open, low, high, close; one that fell, open,
high, low, close; a third of its time for each stretch, in straight lines. It is the path that the recorded
extremes allow and that trends with the candle; what really happened inside is not in the file.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """Candles of one symbol in order of time. `starts` are whole seconds; prices are in the symbol's quote."""

    starts: Sequence[int]
    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]


@dataclass(frozen=True)
class Candles:
    """Candles of one length for several assets, all priced in `unit`, which is worth 1 by definition."""

    unit: str
    length_s: int
    series: Mapping[str, Series]


def price(candles: Candles, asset: str, second: int) -> float | None:
    """The price of an asset at a second; None outside of its candles, gaps included."""
    if asset == candles.unit:
        return 1.0
    series = candles.series.get(asset)
    if series is None:
        return None
    index = bisect_right(series.starts, second) - 1
    if index < 0 or second >= series.starts[index] + candles.length_s:
        return None
    path = _path(series, index)
    stretch, rest = divmod(3 * (second - series.starts[index]), candles.length_s)
    return path[stretch] + (path[stretch + 1] - path[stretch]) * (rest / candles.length_s)


def span(candles: Candles, asset: str) -> tuple[int, int] | None:
    """The first second of an asset's candles and the first one after them."""
    series = candles.series.get(asset)
    if series is None or not series.starts:
        return None
    return series.starts[0], series.starts[-1] + candles.length_s


def _path(series: Series, index: int) -> tuple[float, float, float, float]:
    first, last = series.open[index], series.close[index]
    low, high = series.low[index], series.high[index]
    return (first, low, high, last) if last >= first else (first, high, low, last)
