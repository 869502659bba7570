"""Triggers: rules that say act now, each with the sentence it leaves behind. A new one is one more row in TRIGGERS."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from trimtab.model.decision import Drift, Past, Reason, Slot
from trimtab.model.policy import Calendar, Hybrid, Periodic, Threshold


@dataclass(frozen=True)
class Sight:
    """What a trigger may look at: the instant, what came before, and the drifts outside their bands, widest first."""

    at: datetime
    past: Past
    strays: tuple[Drift, ...]


class Fired(NamedTuple):
    """Why a trigger fired; a periodic one also says which of its slots this uses up."""

    reason: Reason
    slot: Slot | None = None


def threshold(trigger: Threshold, sight: Sight) -> Fired | None:
    """Fire when an asset has left its band; its edges are inside."""
    return Fired(Reason(trigger=trigger.id, because=strayed(sight.strays))) if sight.strays else None


def hybrid(trigger: Hybrid, sight: Sight) -> Fired | None:
    """Fire when an asset has left its band, but not before `spacing_s` have passed since the last rebalance."""
    last, spacing = sight.past.rebalanced_at, timedelta(seconds=trigger.spacing_s)
    if not sight.strays or (last is not None and sight.at - last < spacing):
        return None
    since = "no rebalance came before" if last is None else f"the last rebalance was at {last:%Y-%m-%d %H:%M:%S} UTC"
    return Fired(Reason(trigger=trigger.id, because=f"{strayed(sight.strays)}; {since}"))


def periodic(trigger: Periodic, sight: Sight) -> Fired | None:
    """Fire once for the newest slot that is due; slots that were missed before it are not made up for."""
    due = newest(trigger, sight.at)
    used = next((slot.at for slot in sight.past.slots if slot.trigger == trigger.id), None)
    if due is None or (used is not None and due <= used):
        return None
    local = due.astimezone(ZoneInfo(trigger.zone))
    rhythm = trigger.calendar or f"every {trigger.interval_s} s"
    because = f"its slot of {local:%Y-%m-%d %H:%M:%S} ({trigger.zone}, {rhythm}) is due"
    return Fired(Reason(trigger=trigger.id, because=because), Slot(trigger=trigger.id, at=due))


TRIGGERS: Final[Mapping[type, Callable[[Any, Sight], Fired | None]]] = {
    Threshold: threshold,
    Periodic: periodic,
    Hybrid: hybrid,
}
"""What each kind of trigger in a file does. `manual` is no row: it is a person's order, which a cycle opens with."""


def newest(trigger: Periodic, at: datetime) -> datetime | None:
    """The newest slot that is not after `at`; None before the anchor, which is the first.

    Calendar slots keep the anchor's local time of day. A time that the clocks skip in spring falls as much later,
    one that they repeat in autumn counts once, at its first pass. A month without the anchor's day uses its last.
    """
    if at < trigger.anchor:
        return None
    if trigger.interval_s is not None:
        interval = timedelta(seconds=trigger.interval_s)
        return trigger.anchor + (at - trigger.anchor) // interval * interval
    assert trigger.calendar is not None, "a periodic trigger has an interval or a calendar"
    zone = ZoneInfo(trigger.zone)
    first = trigger.anchor.astimezone(zone)
    day = _day(trigger.calendar, first.date(), at.astimezone(zone).date())
    slot = _instant(day, first)
    if slot > at:
        slot = _instant(_day(trigger.calendar, first.date(), day - timedelta(days=1)), first)
    return max(slot, trigger.anchor)


def _day(calendar: Calendar, first: date, until: date) -> date:
    """The newest day of the rhythm that is not after `until`."""
    match calendar:
        case Calendar.DAILY:
            return until
        case Calendar.WEEKLY:
            return until - timedelta(days=(until - first).days % 7)
        case Calendar.MONTHLY:
            this = _in_month(until, first.day)
            return this if this <= until else _in_month(until.replace(day=1) - timedelta(days=1), first.day)


def _in_month(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _instant(day: date, first: datetime) -> datetime:
    """That day at the anchor's local time. `fold=0` reads a skipped time by the old offset, a repeated one as first."""
    return datetime.combine(day, first.time().replace(fold=0), first.tzinfo).astimezone(UTC)


def strayed(strays: tuple[Drift, ...]) -> str:
    """Name the widest drift, and how many others have left their bands."""
    match len(strays) - 1:
        case 0:
            more = ""
        case 1:
            more = " (1 other is outside its band)"
        case others:
            more = f" ({others} others are outside their bands)"
    return f"{told(strays[0])}{more}"


def told(drift: Drift) -> str:
    """One drift for people: BTC at 64.01%, target 60.00%, band 4.00%."""
    width: Decimal = max(drift.high - drift.target, drift.target - drift.low)
    return f"{drift.asset} at {drift.actual:.2%}, target {drift.target:.2%}, band {width:.2%}"
