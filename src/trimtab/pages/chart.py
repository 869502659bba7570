"""Small drawings as inline SVG, computed in Decimal so that they too are the same bytes everywhere."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trimtab import units
from trimtab.record.facts import WeightStory

WIDTH = 720
HEIGHT = 120
LEAST_POINTS = 3
"""A line through fewer points than this says nothing that two numbers do not."""


class Line(NamedTuple):
    """A polyline's points in a WIDTH by HEIGHT box, and what its edges mean."""

    points: str
    low: Decimal
    high: Decimal
    first: datetime
    last: datetime


class Band(NamedTuple):
    """Positions along a bar in percent of its width; None: not drawn."""

    left: str | None
    width: str | None
    target: str | None
    before: str | None
    after: str | None


def line(series: Sequence[tuple[datetime, Decimal]]) -> Line | None:
    """A line chart of values over time; None where there is too little to draw."""
    if len(series) < LEAST_POINTS:
        return None
    values = [value for _, value in series]
    low, high = min(values), max(values)
    first, last = series[0][0], series[-1][0]
    span = Decimal((last - first).total_seconds()) or units.ONE
    rise = (high - low) or units.ONE
    points = [
        f"{_place(Decimal((at - first).total_seconds()), span, WIDTH)},{_place(high - value, rise, HEIGHT)}"
        for at, value in series
    ]
    return Line(" ".join(points), low, high, first, last)


def scale(weights: Sequence[WeightStory]) -> Decimal:
    """The share that the full width of a bar stands for: a tenth more than the largest, in steps of 5%."""
    known = [w for story in weights for w in (story.before, story.high, story.after) if w is not None]
    largest = max((*known, Decimal("0.05")))
    return min(units.ceil_to(largest * Decimal("1.1"), Decimal("0.05")), units.ONE)


def band(story: WeightStory, whole: Decimal) -> Band:
    """Where a weight was, where it may be and where it ended, along one bar."""
    wide = None if story.low is None or story.high is None else _percent(story.high - max(story.low, units.ZERO), whole)
    low = None if story.low is None else max(story.low, units.ZERO)
    return Band(
        left=_at(low, whole),
        width=wide,
        target=_at(story.target, whole),
        before=_at(story.before, whole),
        after=_at(story.after, whole),
    )


def _at(weight: Decimal | None, whole: Decimal) -> str | None:
    return None if weight is None else _percent(weight, whole)


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{units.divide(part * 100, whole):.2f}%"


def _place(part: Decimal, whole: Decimal, length: int) -> str:
    return f"{units.divide(part * length, whole):.1f}"
