"""Marks: converted, compared, and never taken from a touch that cannot be trusted."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.small import T0, D, fixed, instrument, later, policy, prices, quote, terms
from trimtab.model.assets import Listing
from trimtab.model.canonical import encode
from trimtab.model.prices import Mark, Marks, Quote, Trust, Unpriced
from trimtab.value.marks import choose


def chosen(quotes: Sequence[Quote], *, base: str = "USDT", **rules: Any) -> Marks:
    """Marks from these touches, all of which are listed."""
    law = policy(base=base, prices=prices(**rules), assets=())
    return choose(T0, quotes, terms(law, *(instrument(name) for name in sorted({q.instrument for q in quotes}))))


def mark(found: Marks, asset: str) -> Mark:
    return next(m for m in found.marks if m.asset == asset)


def unpriced(found: Marks, asset: str) -> Unpriced:
    assert asset not in {m.asset for m in found.marks}
    return next(u for u in found.unpriced if u.asset == asset)


def btc(*mids: str, **rules: Any) -> Marks:
    """BTC/USDT quoted at as many venues."""
    venues = ("north", "south", "west", "east", "core")
    return chosen([quote(f"{v}:BTC/USDT", mid) for v, mid in zip(venues, mids, strict=False)], **rules)


def test_the_base_currency_is_one_by_definition() -> None:
    assert mark(chosen([]), "USDT").price == 1


def test_d13_a_mid_is_converted_by_its_quotes_own_mark() -> None:
    found = chosen([quote("north:BTC/USDC", "22700"), quote("north:USDC/USD", "0.88")], base="USD")
    assert (mark(found, "BTC").price, mark(found, "BTC").trust) == (D(19976), Trust.SINGLE)


def test_d13_a_currency_is_marked_before_what_is_quoted_in_it() -> None:
    touches = [
        quote("north:BTC/USD", "19976"),
        quote("south:BTC/USDC", "22700"),
        quote("north:USDC/USD", "0.88"),
        quote("south:ETH/BTC", "0.05"),
    ]
    found = chosen(touches, base="USD")
    assert (mark(found, "BTC").price, mark(found, "BTC").trust) == (D(19976), Trust.AGREED)
    assert mark(found, "BTC").sources == ("north:BTC/USD", "south:BTC/USDC")
    assert mark(found, "ETH").price == D("998.8")


def test_an_asset_that_others_are_quoted_in_is_marked_through_them_where_nothing_quotes_it() -> None:
    found = chosen([quote("north:USDT/EUR", "0.8"), quote("north:BTC/EUR", "40000")])
    assert (mark(found, "EUR").price, mark(found, "BTC").price) == (D("1.25"), D(50000))


def test_depth_counts_in_units_of_the_asset_that_is_priced() -> None:
    found = chosen([quote("north:USDT/EUR", "0.8"), quote("south:USDT/EUR", "0.796")])
    assert mark(found, "EUR").price == D("1.253132832080").normalize()  # 2 USDT for 1.596 EUR


def test_two_currencies_quoted_in_each_other_do_not_wait_for_ever() -> None:
    touches = [quote("north:USDC/DAI", "1"), quote("north:DAI/USDC", "1"), quote("south:DAI/USDT", "0.99")]
    found = chosen([*touches, quote("south:USDC/USDT", "0.99")])
    assert {m.asset: m.price for m in found.marks} == {"DAI": D("0.99"), "USDC": D("0.99"), "USDT": D(1)}


def test_one_venue_alone_is_a_single_source_however_many_books_it_has() -> None:
    touches = [quote("north:BTC/USDT", "60000"), quote("north:BTC/USDC", "60000"), quote("north:USDC/USDT", "1")]
    assert mark(chosen(touches), "BTC").trust is Trust.SINGLE


def test_two_venues_that_agree_are_weighted_by_their_depth() -> None:
    found = chosen([quote("north:BTC/USDT", "60000", depth="3"), quote("south:BTC/USDT", "60100", depth="1")])
    assert (mark(found, "BTC").price, mark(found, "BTC").trust) == (D(60025), Trust.AGREED)


def test_two_venues_without_depth_count_the_same() -> None:
    found = chosen([quote("north:BTC/USDT", "60000", depth="0"), quote("south:BTC/USDT", "60100", depth="0")])
    assert mark(found, "BTC").price == D(60050)


def test_two_venues_at_the_limit_of_disagreement_agree() -> None:
    assert mark(btc("199", "201"), "BTC").price == D(200)


def test_two_venues_past_it_leave_the_asset_unpriced_and_both_figures_are_told() -> None:
    found = unpriced(btc("199", "201.01"), "BTC")
    assert found.because == "north says 199 and south says 201.01: 100.50 bps apart, at most 100 bps are allowed"
    assert found.last == D("201.01")


def test_three_venues_give_their_median_and_an_outlier_is_rejected() -> None:
    assert mark(btc("100", "100.5", "100.2"), "BTC").price == D("100.2")
    rejected = mark(btc("100", "100.5", "150"), "BTC")
    assert (rejected.price, rejected.trust) == (D("100.25"), Trust.AGREED)
    assert rejected.sources == ("north:BTC/USDT", "south:BTC/USDT")


def test_three_venues_of_which_no_two_agree_leave_the_asset_unpriced() -> None:
    assert "west says 300" in unpriced(btc("100", "200", "300"), "BTC").because


def test_those_that_agree_must_be_more_than_half() -> None:
    assert unpriced(btc("100", "100", "200", "200"), "BTC").last == D(200)
    assert unpriced(btc("50", "100", "100.5", "200"), "BTC").last == D(200)
    assert unpriced(btc("1", "50", "100", "100.1", "300"), "BTC").last == D(300)
    assert mark(btc("1", "99.9", "100", "100.1", "300"), "BTC").price == D(100)


def test_books_of_one_venue_that_contradict_each_other_are_no_source() -> None:
    touches = [quote("north:BTC/USDT", "60000"), quote("north:BTC/USDC", "70000"), quote("north:USDC/USDT", "1")]
    assert "north:BTC/USDC says 70,000" in unpriced(chosen(touches), "BTC").because
    found = chosen([*touches, quote("south:BTC/USDT", "60000")])
    assert (mark(found, "BTC").sources, mark(found, "BTC").trust) == (("south:BTC/USDT",), Trust.SINGLE)


def test_a_touch_at_the_age_limit_counts_and_an_older_one_does_not() -> None:
    assert mark(chosen([quote("north:BTC/USDT", "1", at=later(-60))]), "BTC").as_of == later(-60)
    assert "is 61 s old" in unpriced(chosen([quote("north:BTC/USDT", "1", at=later(-61))]), "BTC").because


def test_a_touch_from_the_future_counts_as_little() -> None:
    assert "ahead of our clock" in unpriced(chosen([quote("north:BTC/USDT", "1", at=later(61))]), "BTC").because


def test_a_mark_is_as_old_as_the_oldest_price_in_it() -> None:
    touches = [quote("north:BTC/USDC", "1", at=later(-5)), quote("north:USDC/USDT", "1", at=later(-9))]
    assert mark(chosen(touches), "BTC").as_of == later(-9)


def test_a_touch_at_the_widest_spread_counts_and_a_wider_one_does_not() -> None:
    assert mark(chosen([quote("north:BTC/USDT", "200", spread="2")]), "BTC").price == 200
    found = unpriced(chosen([quote("north:BTC/USDT", "200", spread="2.02")]), "BTC")
    assert found.because == "north:BTC/USDT is 101.00 bps wide, at most 100 bps are allowed"
    assert found.last == D(200)


@pytest.mark.parametrize(
    ("bid", "ask", "because"),
    [
        ("101", "100", "is crossed (bid 101, ask 100)"),
        ("0", "100", "has a price that is not above zero (bid 0, ask 100)"),
        ("-1", "100", "has a price that is not above zero"),
        (None, "100", "has an empty side"),
        ("100", None, "has an empty side"),
    ],
)
def test_a_senseless_touch_is_refused_and_said_and_bounds_nothing(
    bid: str | None, ask: str | None, because: str
) -> None:
    sides = {name: None if text is None else D(text) for name, text in (("bid", bid), ("ask", ask))}
    found = unpriced(chosen([replace(quote("north:BTC/USDT", "1"), **sides)]), "BTC")
    assert found.because.startswith(f"north:BTC/USDT {because}")
    assert found.last is None


def test_a_price_too_small_to_be_told_from_zero_is_no_mark() -> None:
    touch = replace(quote("north:BTC/USDT", "1"), bid=D("1E-13"), ask=D("1E-13"))
    assert "too small" in unpriced(chosen([touch]), "BTC").because


def test_a_venue_that_is_not_among_the_sources_is_not_heard() -> None:
    found = unpriced(chosen([quote("north:BTC/USDT", "1")], sources=("south",)), "BTC")
    assert found.because == "north:BTC/USDT is at north, which is not among the sources"


def test_sources_are_named_in_the_order_of_trust() -> None:
    touches = [quote("north:BTC/USDT", "1"), quote("south:BTC/USDT", "1")]
    assert mark(chosen(touches, sources=("south", "north")), "BTC").sources == ("south:BTC/USDT", "north:BTC/USDT")


def test_a_halted_listing_is_no_source() -> None:
    law = terms(policy(assets=()), instrument("north:BTC/USDT", listing=Listing.HALTED))
    assert "is halted" in unpriced(choose(T0, [quote("north:BTC/USDT", "1")], law), "BTC").because


def test_what_is_listed_and_not_quoted_says_so() -> None:
    law = terms(policy(assets=()), instrument("north:BTC/USDT"))
    assert unpriced(choose(T0, [], law), "BTC").because == "north:BTC/USDT is not quoted"


def test_an_asset_of_the_fund_that_nobody_lists_is_unpriced() -> None:
    law = terms(policy(prices=prices(sources=("north",))), instrument("north:BTC/USDT"))
    assert unpriced(choose(T0, [quote("north:BTC/USDT", "1")], law), "ETH").because == "no venue lists it"


def test_an_asset_is_not_called_unlisted_while_a_source_cannot_be_read() -> None:
    law = terms(policy(prices=prices(sources=("north", "south"))), instrument("north:BTC/USDT"))
    told = unpriced(choose(T0, [quote("north:BTC/USDT", "1")], law), "ETH").because
    assert told == "south could not be read, and no other venue lists it"
    nobody = replace(law, instruments=())
    assert unpriced(choose(T0, [], nobody), "ETH").because == "north and south could not be read"


@pytest.mark.parametrize(
    ("listed", "quotable"),
    [
        (["north:BTC/USDT", "south:BTC/USDT"], False),
        (["north:BTC/USDT", "south:ETH/USDT"], True),
        (["north:BTC/USDT"], True),
    ],
    ids=["by no source", "by one that does not quote it now", "perhaps by a source that did not answer"],
)
def test_an_asset_may_be_quoted_again_unless_every_source_says_that_it_is_not_listed(
    listed: list[str], quotable: bool
) -> None:
    law = terms(policy(prices=prices(sources=("north", "south"))), *map(instrument, listed))
    assert unpriced(choose(T0, [quote("north:BTC/USDT", "1")], law), "ETH").listed is quotable


@pytest.mark.parametrize(("listing", "quotable"), [(Listing.VANISHED, False), (Listing.HALTED, True)])
def test_a_listing_that_vanished_is_none(listing: Listing, quotable: bool) -> None:
    gone = replace(instrument("south:ETH/USDT"), listing=listing)
    law = terms(policy(prices=prices(sources=("north", "south"))), instrument("north:BTC/USDT"), gone)
    assert unpriced(choose(T0, [quote("north:BTC/USDT", "1")], law), "ETH").listed is quotable


def test_a_price_that_leads_nowhere_is_no_mark() -> None:
    found = chosen([quote("north:BTC/EUR", "1")])
    assert unpriced(found, "BTC").because == "north:BTC/EUR leads to no asset with a price"


def test_a_fixed_price_is_the_price_whatever_venues_say_and_is_marked_as_assumed() -> None:
    found = chosen([quote("north:USDC/USDT", "0.9")], fixed=(fixed("USDC", "1"),))
    assert (mark(found, "USDC").price, mark(found, "USDC").trust) == (D(1), Trust.ASSUMED)


def test_what_rests_on_an_assumption_alone_is_assumed_too() -> None:
    assumed = (fixed("USDC", "1"),)
    touches = [quote("north:BTC/USDC", "60000"), quote("south:BTC/USDC", "60000")]
    assert mark(chosen(touches, fixed=assumed), "BTC").trust is Trust.ASSUMED
    assert mark(chosen(touches[:1], fixed=assumed), "BTC").trust is Trust.ASSUMED
    confirmed = [quote("north:BTC/USDC", "60000"), quote("south:BTC/USDT", "60000")]
    assert mark(chosen(confirmed, fixed=assumed), "BTC").trust is Trust.AGREED


@given(
    order=st.permutations(range(6)),
    mids=st.lists(st.decimals("0.9", "1.1", places=4), min_size=6, max_size=6),
    limit=st.integers(1, 2000),
)
def test_marks_do_not_depend_on_the_order_of_quotes_or_instruments(
    order: list[int], mids: list[Decimal], limit: int
) -> None:
    names = [f"{v}:{p}" for v in ("north", "south", "west") for p in ("BTC/USDC", "USDC/USDT")]
    touches = [quote(name, str(mid)) for name, mid in zip(names, mids, strict=True)]
    listed = [instrument(name) for name in names]
    rules = policy(prices=prices(max_disagreement_bps=D(limit)))
    first = choose(T0, touches, terms(rules, *listed))
    turned = choose(T0, [touches[n] for n in order], terms(rules, *(listed[n] for n in order)))
    assert encode(first) == encode(turned)
    assert {m.asset for m in first.marks}.isdisjoint(u.asset for u in first.unpriced)


@given(mids=st.lists(st.integers(90, 110), min_size=1, max_size=5))
def test_a_mark_is_never_outside_the_prices_it_came_from(mids: list[int]) -> None:
    found = btc(*(str(mid) for mid in mids))
    assert all(min(mids) <= m.price <= max(mids) for m in found.marks if m.asset == "BTC")
