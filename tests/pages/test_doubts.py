"""Doubts as people are told them: times that they know, each thing once, and counted where there are many."""

import pytest
from msgspec.structs import replace

from tests import told
from trimtab.model.decision import Cause, Hold, HoldKind
from trimtab.model.valuation import Doubt, Kind
from trimtab.pages import doubts, words
from trimtab.pages.explain import explain
from trimtab.pages.report import Period, report_html
from trimtab.record.facts import gather


def stale(subject: str, seconds: str = "27,657,397.585") -> Doubt:
    because = f"its balances are {seconds} s old, at most 900 s are allowed"
    return Doubt(kind=Kind.STALE, subject=subject, because=because, blocks=True)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (119.9, "119 s"), (120, "2 min"), (7199, "119 min"), (172799, "47 h"), (27657397.585, "320 days")],
)
def test_an_age_is_told_in_the_largest_unit_that_leaves_two_of_it(seconds: float, shown: str) -> None:
    assert words.age(seconds) == shown


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("its balances are 27,657,397.585 s old", "its balances are 320 days old"),
        ("no answer within 10 s", "no answer within 10 s"),
        ("plan_max_age_s is 7200", "plan_max_age_s is 7200"),
        ("it is 930 s old, at most 900 s are allowed", "it is 930 s old, at most 900 s are allowed"),
        ("sold 1,500 SOL", "sold 1,500 SOL"),
    ],
)
def test_seconds_are_told_as_people_tell_them(told: str, shown: str) -> None:
    assert doubts.spoken(told) == shown


def test_what_is_said_of_several_instruments_is_said_once() -> None:
    told = "north:BTC/USDT is 7300 s old; north:ETH/BTC is not quoted; south:BTC/USDT is 7250 s old"
    assert doubts.spoken(told) == "north:BTC/USDT and south:BTC/USDT are 2 h old; north:ETH/BTC is not quoted"


def test_doubts_that_say_the_same_are_one() -> None:
    [(kind, subjects, because)] = doubts.grouped([stale("main"), stale("reserve", "27,657,399")])
    assert (kind, subjects) == (Kind.STALE, "main and reserve")
    assert because == "their balances are 320 days old, at most 15 min are allowed"


def unpriced(subject: str, because: str) -> Doubt:
    return Doubt(kind=Kind.UNPRICED, subject=subject, because=because, blocks=True)


def hold(*found: Doubt) -> Hold:
    because = "; ".join(f"{d.subject}: {d.because}" for d in found)
    return Hold(at=told.T0, kind=HoldKind.DOUBTFUL, because=because, drifts=())


def test_doubts_of_few_kinds_are_told_in_full_whomever_they_concern() -> None:
    found = [stale(name) for name in ("main", "reserve", "trading", "vault")]
    told_so = "main, reserve, trading and vault: their balances are 320 days old, at most 15 min are allowed"
    assert doubts.held(hold(*found), found) == told_so


def test_where_nothing_could_be_read_no_sum_is_told() -> None:
    facts = gather(told.held())
    assert facts.before is not None
    unknown = Doubt(kind=Kind.UNKNOWN, subject="main", because="no answer within 10 s", blocks=True)
    blind = replace(facts.before, accounts=(), holdings=(), nav=told.D(0), doubts=(unknown,))
    story = explain(replace(facts, before=blind))
    assert "nothing could be read, so what the fund was worth is not known" in story
    assert "worth 0.00" not in story
    assert "How far it was off" not in story
    page = report_html([replace(facts, before=blind)], Period())
    assert "Nothing could be read." in page
    assert "0.00%" not in page


def test_few_doubts_are_told_in_full() -> None:
    found = [unpriced("BTC", "north:BTC/USDT is not quoted")]
    assert doubts.held(hold(*found), found) == "BTC: north:BTC/USDT is not quoted"


def test_many_doubts_are_counted_and_their_reason_told_where_it_is_one() -> None:
    alike = [unpriced(a, f"north:{a}/USDT is not quoted") for a in ("BTC", "ETH", "SOL", "XRP")]
    assert doubts.held(hold(*alike), alike) == "BTC, ETH and 2 others have no price: every instrument is not quoted"
    several = [*alike, unpriced("LTC", "no venue lists it")]
    assert doubts.held(hold(*several), several) == "BTC, ETH and 3 others have no price"


def test_another_reason_to_hold_is_not_replaced_by_the_doubts() -> None:
    found = [unpriced(a, "no venue lists it") for a in ("BTC", "ETH", "SOL")]
    back = Hold(at=told.T0, kind=HoldKind.DOUBTFUL, because="the clock says yesterday", drifts=())
    assert doubts.held(back, found) == "the clock says yesterday"


def test_a_market_that_closed_says_when_and_not_what_time_it_is() -> None:
    because = (
        "north:A/B the market of A/B is closed: its tape has ended at 2026-01-07T07:30:00Z; it runs from "
        "2026-01-05T07:30:00Z until 2026-01-06T07:30:00Z"
    )
    assert doubts.spoken(because) == "north:A/B is closed: the tape ended at 2026-01-06 07:30:00 UTC"


def test_a_refusal_that_came_again_is_counted() -> None:
    came = "north: it came at 2026-01-05T07:3{0}:39.021000+00:00 and was valid until 2026-01-05T07:3{0}:35Z"
    assert doubts.once("; ".join(came.format(n) for n in range(4))) == (
        "north: it came at 2026-01-05 07:30:39 UTC and was valid until 2026-01-05 07:30:35 UTC (and 3 more like it)"
    )
    assert doubts.once("too small; the price moved") == "too small; the price moved"


def test_what_a_person_wrote_is_quoted_as_it_is() -> None:
    facts = told.done()
    asked = replace(gather(facts).opened, cause=Cause(by="Ann", because="we waited 7200 s"))
    assert "we waited 7200 s" in explain(replace(gather(facts), opened=asked))
