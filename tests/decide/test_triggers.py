"""When to act: bands, calendars and intervals, and the clocks of real places."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.small import T0, later, target, valuation
from trimtab.decide.drift import drifts, outside
from trimtab.decide.triggers import Sight, hybrid, newest, periodic, threshold
from trimtab.model.decision import Past, Slot
from trimtab.model.policy import Calendar, Hybrid, Periodic, Threshold


def sight(btc: str, eth: str, *, at: datetime = T0, past: Past | None = None, sol: str = "0") -> Sight:
    strays = outside(drifts(valuation(BTC=btc, ETH=eth, SOL=sol), target(BTC="0.6", ETH="0.4")))
    return Sight(at, past or Past(), strays)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rhythm(anchor: str, calendar: Calendar | None = None, zone: str = "UTC", **more: Any) -> Periodic:
    return Periodic(id="slot", anchor=utc(anchor), calendar=calendar, zone=zone, **more)


def due(trigger: Periodic, at: str) -> str | None:
    slot = newest(trigger, utc(at))
    return None if slot is None else f"{slot:%Y-%m-%d %H:%M}"


def test_threshold_holds_at_the_edge_of_the_band() -> None:
    assert threshold(Threshold(id="drift"), sight("0.64", "0.36")) is None


def test_threshold_fires_just_past_the_edge_and_says_why() -> None:
    fired = threshold(Threshold(id="drift"), sight("0.6401", "0.3601"))
    assert fired is not None
    assert fired.reason.because == "BTC at 64.01%, target 60.00%, band 4.00%"


def test_threshold_names_the_widest_drift_and_counts_the_others() -> None:
    two = threshold(Threshold(id="drift"), sight("0.5", "0.5"))
    three = threshold(Threshold(id="drift"), sight("0.45", "0.45", sol="0.1"))
    assert two is not None
    assert two.reason.because == "BTC at 50.00%, target 60.00%, band 4.00% (1 other is outside its band)"
    assert three is not None
    assert three.reason.because.endswith("(2 others are outside their bands)")


def test_hybrid_fires_when_nothing_came_before() -> None:
    fired = hybrid(Hybrid(id="h", spacing_s=3600), sight("0.7", "0.3"))
    assert fired is not None
    assert "no rebalance came before" in fired.reason.because


@pytest.mark.parametrize(("seconds", "fires"), [(3599.999, False), (3600, True)])
def test_hybrid_waits_for_its_spacing(seconds: float, fires: bool) -> None:
    past = Past(rebalanced_at=T0)
    fired = hybrid(Hybrid(id="h", spacing_s=3600), sight("0.7", "0.3", at=later(seconds), past=past))
    assert (fired is not None) is fires


def test_hybrid_holds_inside_the_band_however_long_ago() -> None:
    assert hybrid(Hybrid(id="h", spacing_s=1), sight("0.6", "0.4", past=Past(rebalanced_at=later(-99)))) is None


def test_an_interval_counts_from_its_anchor() -> None:
    trigger = rhythm("2026-03-01T00:00", interval_s=6 * 3600)
    assert due(trigger, "2026-02-28T23:59") is None
    assert due(trigger, "2026-03-01T00:00") == "2026-03-01 00:00"
    assert due(trigger, "2026-03-01T05:59:59") == "2026-03-01 00:00"
    assert due(trigger, "2026-03-03T06:00") == "2026-03-03 06:00"


def test_daily_keeps_the_local_hour_through_summer_and_winter() -> None:
    trigger = rhythm("2026-01-05T07:00", Calendar.DAILY, "Europe/Zurich")
    assert due(trigger, "2026-03-28T12:00") == "2026-03-28 07:00"
    assert due(trigger, "2026-03-29T05:59") == "2026-03-28 07:00"
    assert due(trigger, "2026-03-29T06:00") == "2026-03-29 06:00"
    assert due(trigger, "2026-10-25T06:59") == "2026-10-24 06:00"
    assert due(trigger, "2026-10-25T07:00") == "2026-10-25 07:00"


def test_a_time_that_the_clocks_skip_falls_an_hour_later() -> None:
    trigger = rhythm("2026-03-20T01:30", Calendar.DAILY, "Europe/Zurich")
    assert due(trigger, "2026-03-29T01:29") == "2026-03-28 01:30"
    assert due(trigger, "2026-03-29T01:30") == "2026-03-29 01:30"
    assert due(trigger, "2026-03-30T00:30") == "2026-03-30 00:30"


def test_a_time_that_the_clocks_repeat_counts_once_at_its_first_pass() -> None:
    trigger = rhythm("2026-10-20T00:30", Calendar.DAILY, "Europe/Zurich")
    assert due(trigger, "2026-10-25T00:30") == "2026-10-25 00:30"
    assert due(trigger, "2026-10-25T01:30") == "2026-10-25 00:30"
    assert due(trigger, "2026-10-26T01:29") == "2026-10-25 00:30"


def test_an_anchor_in_the_second_pass_is_still_the_first_slot() -> None:
    trigger = rhythm("2026-10-25T01:30", Calendar.DAILY, "Europe/Zurich")
    assert due(trigger, "2026-10-25T01:29") is None
    assert due(trigger, "2026-10-25T01:30") == "2026-10-25 01:30"


def test_weekly_keeps_the_local_weekday() -> None:
    trigger = rhythm("2026-01-04T15:30", Calendar.WEEKLY, "Asia/Tokyo")  # Monday, half past midnight there
    assert due(trigger, "2026-01-11T15:29") == "2026-01-04 15:30"
    assert due(trigger, "2026-01-11T15:30") == "2026-01-11 15:30"
    assert due(trigger, "2026-01-14T00:00") == "2026-01-11 15:30"


def test_monthly_keeps_the_day_or_takes_the_last_of_the_month() -> None:
    trigger = rhythm("2026-01-31T12:00", Calendar.MONTHLY)
    assert due(trigger, "2026-02-28T11:59") == "2026-01-31 12:00"
    assert due(trigger, "2026-02-28T12:00") == "2026-02-28 12:00"
    assert due(trigger, "2026-03-30T12:00") == "2026-02-28 12:00"
    assert due(trigger, "2026-04-30T12:00") == "2026-04-30 12:00"
    assert due(rhythm("2024-01-30T12:00", Calendar.MONTHLY), "2024-03-01T00:00") == "2024-02-29 12:00"


@given(
    at=st.datetimes(datetime(2025, 6, 1), datetime(2028, 6, 1)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001
    anchor=st.datetimes(datetime(2025, 1, 1), datetime(2025, 5, 1)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001
    calendar=st.sampled_from(list(Calendar)),
    zone=st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_the_newest_slot_is_never_ahead_nor_a_whole_period_behind(
    at: datetime, anchor: datetime, calendar: Calendar, zone: str
) -> None:
    trigger = Periodic(id="slot", anchor=anchor, calendar=calendar, zone=zone)
    slot = newest(trigger, at)
    longest = {Calendar.DAILY: 1, Calendar.WEEKLY: 7, Calendar.MONTHLY: 31}[calendar]
    assert slot is not None
    assert timedelta() <= at - slot <= timedelta(days=longest, hours=1)
    assert newest(trigger, slot) == slot


def test_a_slot_fires_until_it_is_consumed_and_names_itself() -> None:
    trigger = rhythm("2026-03-02T07:00", Calendar.DAILY, "Europe/Zurich")
    fired = periodic(trigger, sight("0.6", "0.4"))
    assert fired is not None
    assert fired.slot == Slot(trigger="slot", at=utc("2026-03-02T07:00"))
    assert fired.reason.because == "its slot of 2026-03-02 08:00:00 (Europe/Zurich, daily) is due"
    assert periodic(trigger, sight("0.6", "0.4", past=Past(slots=(fired.slot,)))) is None


def test_slots_that_were_missed_are_not_made_up_for() -> None:
    trigger = rhythm("2026-01-01T00:00", interval_s=86400)
    used = Past(slots=(Slot(trigger="slot", at=utc("2026-02-01T00:00")), Slot(trigger="tea", at=T0)))
    fired = periodic(trigger, sight("0.6", "0.4", past=used))
    assert fired is not None
    assert fired.slot == Slot(trigger="slot", at=utc("2026-03-02T00:00"))
