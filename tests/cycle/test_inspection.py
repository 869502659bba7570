"""What a check-up says of clocks, keys, limits and routes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.scenarios.funds import at_desk, change, make_fund, on
from trimtab.cycle import doctor, inspection
from trimtab.cycle.inspection import Check
from trimtab.model.accounts import Access, Budget, Carried, Route
from trimtab.ports import Unavailable

D = Decimal
ROUTE = Route(id="home", asset="USDT", network="ETH", source="reserve", target="main", address="0xmain")


class Asked:
    """A venue that can be asked, in front of one that cannot."""

    def __init__(self, venue: Any, **answers: Any) -> None:
        self._venue, self._answers = venue, answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def skew_s(self) -> Decimal | None:
        if "skew" not in self._answers:
            raise Unavailable("nobody answers")
        skew: Decimal | None = self._answers["skew"]
        return skew

    async def access(self, account: str) -> Access:
        return Access(account=account, trade=True, withdraw=self._answers.get("withdraw", False), listed=True)

    async def budgets(self, account: str) -> tuple[Budget, ...]:
        return (Budget(name="weight", used=1200, limit=6000, window_s=60),)

    async def carried(self, account: str, assets: Sequence[str]) -> tuple[Carried, ...]:
        return tuple(Carried(asset=a, network="ETH", fee=D(1), minimum=D(10)) for a in assets)

    async def address(self, account: str, asset: str, network: str) -> str:
        return "0xmain"


def found(folder: Path, route: Route = ROUTE, **answers: Any) -> dict[str, Check]:
    """What is found at a fund whose venues answer so, by subject."""
    with at_desk(make_fund(folder)) as desk:
        venues: Any = {name: Asked(venue, **answers) for name, venue in desk.venues.items()}
        law = structs.replace(desk.policy, routes=(route,))
        checks = asyncio.run(inspection.venues(replace(desk, policy=law, venues=venues)))
    return {check.subject: check for check in checks}


def test_what_is_well_says_what_was_found(tmp_path: Path) -> None:
    told = found(tmp_path, skew=D("-0.02"))

    assert all(check.well for check in told.values())
    assert told["clock of north"].finding == "0.02 s behind this machine's, and corrected for"
    assert told["key of main"].finding == "may trade, may not withdraw"
    assert told["key of main, where from"].finding == "works from listed addresses only"
    assert told["rate limit of main"].finding == "1,200 of 6,000 weight used in 60 s"
    assert told["address of route home"].finding == "main receives USDT at it"
    assert told["network of route home"].finding == "fee 1 USDT, least 10 USDT"


def test_a_venue_that_does_not_answer_is_a_finding_and_the_others_are_asked_on(tmp_path: Path) -> None:
    told = found(tmp_path)

    assert (told["clock of north"].well, told["clock of north"].finding) == (False, "nobody answers")
    assert told["key of main"].well


def test_a_trading_key_that_can_withdraw_fails(tmp_path: Path) -> None:
    told = found(tmp_path, skew=D(0), withdraw=True)

    assert not told["key of main"].well
    assert told["key of main"].finding == "it may withdraw"


def test_an_address_that_is_not_the_venues_fails(tmp_path: Path) -> None:
    told = found(tmp_path, structs.replace(ROUTE, address="0xthief"), skew=D(0))

    assert not told["address of route home"].well
    assert "0xthief" in told["address of route home"].finding


def test_a_network_that_is_not_carried_fails(tmp_path: Path) -> None:
    told = found(tmp_path, structs.replace(ROUTE, network="TRX"), skew=D(0))

    assert told["network of route home"].finding == "reserve sends no USDT by TRX"


def one(checks: Any) -> Check:
    """The first of what was found."""
    first: Check = next(iter(checks))
    return first


@pytest.mark.parametrize(("ahead", "well"), [("1", True), ("-1", True), ("1.001", False), ("-60", False)])
def test_a_clock_may_be_a_second_off_and_no_more(ahead: str, well: bool) -> None:
    assert one(inspection.skew("clock", D(ahead))).well is well


@pytest.mark.parametrize(("used", "well"), [(79, True), (80, False)])
def test_a_rate_limit_that_is_nearly_used_fails(used: int, well: bool) -> None:
    budget = Budget(name="weight", used=used, limit=100, window_s=60)
    assert one(inspection.rates("limit", (budget,))).well is well


def test_what_the_venue_does_not_say_is_said() -> None:
    silent = "the venue does not say"

    assert one(inspection.skew("clock", None)).finding == silent
    assert one(inspection.rates("limit", ())).finding == silent
    first, second = inspection.key("key", Access(account="main"))
    assert first.finding == f"{silent} whether it may trade, {silent} whether it may not withdraw"
    assert (first.well, second.finding) == (True, silent)


def test_a_key_that_may_not_trade_fails_and_a_closed_network_too() -> None:
    assert not one(inspection.key("key", Access(account="main", trade=False))).well
    closed = Carried(asset="USDT", network="ETH", withdrawals=False)
    assert not one(inspection.carriage(ROUTE, "network", (closed,))).well


def test_a_target_below_the_least_order_fails(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert "target DOGE" not in on(fund, "doctor").out
    change(fund, {'DOGE = "0.04"': 'DOGE = "0.000001"', 'USDT = "0.10"': 'USDT = "0.139999"'})
    said = on(fund, "doctor")

    assert said.code == 1
    assert "target DOGE" in said.out
    assert "the least order 5" in said.out


def checked(fund: Path) -> dict[str, Check]:
    """What a whole check-up of a fund finds, by subject."""
    with at_desk(fund) as desk:
        return {check.subject: check for check in asyncio.run(doctor.examine(desk))}


def test_balances_older_than_the_fund_allows_fail(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={'source = "sim"': 'source = "wall"'})
    account = checked(fund)["account main"]
    assert not account.well
    assert account.fix == "compare the clock with the venue's"


def test_a_listed_asset_without_a_price_that_counts_is_not_called_unlisted(tmp_path: Path) -> None:
    halted = '"LTC/USDT" = { halted_from = 2026-01-01T00:00:00Z, filters'
    fund = make_fund(tmp_path, world={'"LTC/USDT" = { filters': halted})
    assert "no price that counts" in checked(fund)["price LTC"].fix


def test_an_asset_that_no_venue_lists_is_chosen_anew_or_given_a_price_by_people(tmp_path: Path) -> None:
    gone = '"LTC/USDT" = { vanishes_at = 2026-01-01T00:00:00Z, filters'
    fund = make_fund(tmp_path, world={'"LTC/USDT" = { filters': gone})
    assert "[prices.fixed]" in checked(fund)["price LTC"].fix


def test_a_venue_that_cannot_be_read_is_waited_for_before_its_assets_are_given_up(tmp_path: Path) -> None:
    class Dark:
        def __init__(self, venue: Any) -> None:
            self._venue = venue

        def __getattr__(self, name: str) -> Any:
            return getattr(self._venue, name)

        async def instruments(self) -> tuple[()]:
            raise Unavailable("dark")

    with at_desk(make_fund(tmp_path)) as desk:
        venues: Any = {name: Dark(venue) for name, venue in desk.venues.items()}
        found = {c.subject: c for c in asyncio.run(doctor.examine(replace(desk, venues=venues)))}
    assert found["price BTC"].finding == "north and south could not be read"
    assert found["price BTC"].fix == "wait until north and south can be read again"


class Unheard(Asked):
    """A venue that nothing was ever run against."""

    unproven = "known from documentation only"

    def __init__(self, venue: Any, *, trades: bool) -> None:
        super().__init__(venue, skew=D(0))
        self.trades = trades


@pytest.mark.parametrize("trades", [False, True])
def test_a_venue_that_nothing_was_run_against_is_well_only_by_the_funds_own_word(trades: bool, tmp_path: Path) -> None:
    with at_desk(make_fund(tmp_path)) as desk:
        venues: Any = {name: Unheard(venue, trades=trades) for name, venue in desk.venues.items()}
        told = {c.subject: c for c in asyncio.run(inspection.venues(replace(desk, venues=venues)))}

    check = told["venue north"]
    assert (check.finding, check.well) == ("known from documentation only", trades)
    assert trades or "unproven = true under [venues.north]" in check.fix
