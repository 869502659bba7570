"""Pictures of plans: well-formed whatever a name says, complete, without overlaps, the same bytes for the same plan."""

from decimal import ROUND_UP, Context, Decimal, localcontext
from itertools import combinations
from xml.etree.ElementTree import Element, fromstring

from msgspec.structs import replace

from tests import small, told
from tests.plan.problems import book, link, market, problem, solved, wants
from trimtab.model.answers import Answer
from trimtab.model.plans import Change, PlannedWeight, Status, Unmet
from trimtab.model.problems import Desired, Problem, Tracking
from trimtab.pages import picture

SVG = "{http://www.w3.org/2000/svg}"
BTC = "north:BTC/USDT"
D = Decimal


def read(drawing: str) -> Element:
    return fromstring(drawing)


def texts(drawing: str) -> str:
    """What is written on a picture, tooltips of legs left out."""
    return "\n".join("".join(found.itertext()) for found in read(drawing).iter(f"{SVG}text"))


def legs(drawing: str) -> list[Element]:
    return read(drawing).findall(f".//{SVG}g[@class='leg']")


def boxes(drawing: str) -> list[tuple[int, int, int, int]]:
    """The boxes of legs and of arrivals: left, top, right, bottom."""
    found = [one for leg in legs(drawing) for one in leg.iter(f"{SVG}rect") if one.get("rx")]
    sides = [[int(one.attrib[name]) for name in ("x", "y", "width", "height")] for one in found]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


def apart(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def crossing(north: str = "north", south: str = "south") -> Problem:
    """Dollars in one account, of which half is to be bitcoin that only the other can buy, which has ether to sell."""
    return problem(
        {north: {"USDT": "100000"}, south: {"ETH": "1"}},
        wants(BTC="0.5", USDT="0.5"),
        book(BTC, ("400000", "3"), step="0.00001"),
        book("north:ETH/USDT"),
        market(south, BTC, "10"),
        market(south, "north:ETH/USDT", "5"),
        link("USDT", north, south, "1", latency_s=600),
    )


def wide(accounts: int) -> Problem:
    """So many accounts, each with bitcoin and ether to sell, and all their money to be sent to one."""
    names = [f"account-{n:02}" for n in range(accounts)]
    ways = [market(name, book_id) for name in names for book_id in (BTC, "north:ETH/USDT", "north:BNB/USDT")]
    links = [link("USDT", name, names[0], "1", latency_s=60) for name in names[1:]]
    return problem(
        {name: {"BTC": "1", "ETH": "10"} for name in names},
        wants(BNB="1"),
        book(BTC),
        book("north:ETH/USDT"),
        book("north:BNB/USDT"),
        *[way for way in ways if way.book != "north:BNB/USDT" or way.account == names[0]],
        *links,
    )


def refused() -> Answer:
    return solved(problem({"a": {"USDT": "1000"}}, wants(BTC="1"), tracking=Tracking.EXACT))


# What it tells


def test_every_leg_is_drawn_once() -> None:
    answer = solved(crossing())

    drawn = [leg.findtext(f"{SVG}title", "").partition(":")[0] for leg in legs(picture.drawn(answer))]

    assert sorted(drawn) == [leg.id for leg in answer.legs]
    assert len(drawn) > 1


def test_a_transfer_is_an_arrow_with_what_leaves_what_arrives_and_how_long_it_takes() -> None:
    drawing = picture.drawn(solved(crossing()))

    arrows = read(drawing).findall(f".//{SVG}path[@class='money']")

    assert len(arrows) == 1
    assert "to south, 10 min" in texts(drawing)
    assert "from north, 10 min" in texts(drawing)


def test_an_order_tells_what_it_is_worth_and_what_it_costs() -> None:
    written = texts(picture.drawn(told.plan()))

    assert "Sell 1 BTC" in written
    assert "worth 60,000.00 USDT\ncosts 64.75, 10.79 bps" in written


def test_the_money_of_an_order_is_what_it_changes() -> None:
    buying = small.leg("l1 a buys 0.1 north:BTC/USDT")
    changes = (
        Change(leg="l1", account="a", asset="BTC", amount=D("0.1")),
        Change(leg="l1", account="a", asset="USDT", amount=D("-6003.5")),
    )

    assert "for 6,003.50 USDT" in texts(picture.drawn(small.plan(buying, changes=changes)))


def test_a_line_of_waiting_leads_from_each_leg_that_is_needed() -> None:
    answer = solved(crossing())

    lines = read(picture.drawn(answer)).findall(f".//{SVG}path[@class='needs']")

    assert len(lines) == sum(len(leg.needs) for leg in answer.legs) > 0


def test_the_whole_cost_is_told_in_money_and_against_the_value() -> None:
    drawing = picture.drawn(told.plan())

    assert "134.25 USDT, 1.34 bps of the value" in texts(drawing)
    assert "134.10 USDT (gap 0.15)" in texts(drawing)


def test_the_longest_chain_is_told() -> None:
    assert "Longest chain\n10 min" in texts(picture.drawn(solved(crossing())))


def test_weights_before_are_worked_out_from_all_that_is_held() -> None:
    asked = problem({"a": {"BTC": "1", "USDT": "150000"}}, wants(BTC="0.25", USDT="0.75"))

    written = texts(picture.drawn(solved(asked)))

    assert "BTC\n25.00%\n25.00%\n25.00%" in written
    assert "USDT\n75.00%\n75.00%\n75.00%" in written


def test_a_band_is_told_as_a_range_and_a_remainder_in_words() -> None:
    asked = problem({"a": {"BTC": "1", "USDT": "150000"}}, wants("0.05", BTC="0.25", rest="USDT"))

    written = texts(picture.drawn(solved(asked)))

    assert "20.00% to 30.00%" in written
    assert "whatever is left" in written


def test_an_empty_plan_says_that_nothing_has_to_be_done() -> None:
    drawing = picture.drawn(solved(problem({"a": {"USDT": "1000"}}, wants(USDT="1"))))

    assert "Nothing has to be done" in texts(drawing)
    assert not legs(drawing)


def test_a_plan_without_legs_that_misses_its_targets_does_not_say_that_all_is_well() -> None:
    stuck = small.plan(nav=D(1000), unmet=(Unmet(asset="ETH", because="orders are smaller than the least"),))

    written = texts(picture.drawn(stuck))

    assert "No legs for 1,000.00 USDT" in written
    assert "Nothing has to be done" not in written


def test_what_cannot_be_done_says_why_and_promises_no_weights() -> None:
    answer = refused()

    written = texts(picture.drawn(answer)).replace("\n", " ")

    assert answer.status is Status.INFEASIBLE
    assert "Why it cannot be done" in written
    assert all(one.because.split()[0] in written for one in answer.unmet)
    assert "Nothing has to be done" not in written
    assert "USDT 100.00% \N{EN DASH}" in written


def test_a_plan_that_does_not_reach_everything_says_what() -> None:
    short = replace(told.plan(), unmet=(Unmet(asset="ETH", because="no venue sells it"),))

    assert "ETH: no venue sells it." in texts(picture.drawn(short))


# How it is drawn


def test_names_are_text_whatever_they_say() -> None:
    answer = solved(crossing("<b>&", "\"'\x00<script>"))

    drawing = picture.drawn(answer)

    assert "<b>&" in texts(drawing)
    assert "\N{REPLACEMENT CHARACTER}<script>" in texts(drawing)
    assert not list(read(drawing).iter("script"))


def test_a_long_name_is_shortened_and_told_in_full_by_its_tooltip() -> None:
    name = "an account with a name that no lane has room for"

    drawing = picture.drawn(solved(crossing(south=name)))
    tips = [tip.text for text in read(drawing).iter(f"{SVG}text") for tip in text.iter(f"{SVG}title")]

    assert name in tips
    assert f"to {name}, 10 min" in tips
    assert "\N{HORIZONTAL ELLIPSIS}" in drawing


def test_forty_legs_on_twelve_accounts_neither_meet_nor_leave_the_picture() -> None:
    answer = solved(wide(12))

    drawing = picture.drawn(answer)
    placed, page = boxes(drawing), read(drawing)

    assert len(answer.legs) >= 30
    assert len(placed) == len(answer.legs) + sum(leg.kind == "transfer" for leg in answer.legs)
    assert all(apart(one, other) for one, other in combinations(placed, 2))
    assert max(box[2] for box in placed) < int(page.attrib["width"])
    assert max(box[3] for box in placed) < int(page.attrib["height"])


def test_weights_that_are_more_than_the_whole_or_less_than_nothing_stay_on_their_scale() -> None:
    odd = (PlannedWeight(asset="BTC", before=D("1.5"), low=D("-0.1"), high=D(3), after=D("-0.5")),)

    page = read(picture.drawn(replace(told.plan(), weights=odd)))

    assert all(int(rect.attrib["width"]) >= 0 for rect in page.iter(f"{SVG}rect"))
    assert all(
        int(rect.get("x", "0")) + int(rect.attrib["width"]) <= int(page.attrib["width"])
        for rect in page.iter(f"{SVG}rect")
    )
    marks = [path.attrib["d"] for path in page.findall(f"{SVG}path") if path.get("stroke-width") == "2"]
    assert [int(mark[1:].split()[0]) for mark in marks] == [534, 534 + 340]


def test_dust_is_not_told_as_nothing() -> None:
    assert "Sell less than 0.00000001 BTC" in texts(
        picture.drawn(small.plan(small.leg("l1 a sells 0.000000000000000001 north:BTC/USDT")))
    )


def test_nothing_is_loaded_from_elsewhere() -> None:
    drawing = picture.drawn(solved(crossing()))

    assert "<script" not in drawing
    assert "href" not in drawing
    assert drawing.count("http") == 1


def test_the_order_of_the_input_changes_no_byte() -> None:
    asked = crossing()
    turned = replace(
        asked,
        balances=asked.balances[::-1],
        targets=asked.targets[::-1],
        assets=asked.assets[::-1],
        accounts=asked.accounts[::-1],
        markets=asked.markets[::-1],
    )

    assert picture.drawn(solved(asked)) == picture.drawn(solved(turned))


def test_the_order_of_legs_and_weights_changes_no_byte() -> None:
    made = told.plan()
    turned = replace(made, legs=made.legs[::-1], changes=made.changes[::-1], weights=made.weights[::-1])

    assert picture.drawn(made) == picture.drawn(turned)


def test_the_callers_decimal_context_changes_no_byte() -> None:
    plan = told.plan()
    usual = picture.drawn(plan)

    with localcontext(Context(prec=3, rounding=ROUND_UP)):
        assert picture.drawn(plan) == usual


def test_an_asset_that_is_held_and_not_wanted_is_to_be_nothing() -> None:
    selling = problem(
        {"a": {"ETH": "1", "USDT": "7500"}},
        (Desired(asset="USDT", weight=D(1)),),
        book("north:ETH/USDT"),
        market("a", "north:ETH/USDT"),
    )

    assert "ETH\n25.00%\n0.00%\n0.00%" in texts(picture.drawn(solved(selling)))
