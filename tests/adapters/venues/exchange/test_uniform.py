"""Venues by ccxt's uniform methods, against answers written by hand from their documentation, ccxt unmodified."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.adapters.venues.exchange.documented import (
    BYBIT,
    KEYS,
    KRAKEN,
    MADE_MS,
    OKX,
    OURS,
    WITH_PHRASE,
    Site,
    bybit,
    kraken,
    okx,
)
from tests.adapters.venues.exchange.scripted import Script, said, scripted
from trimtab import settings, wiring
from trimtab.adapters.clock import WallClock
from trimtab.adapters.venues.exchange.others import MANNERS
from trimtab.adapters.venues.exchange.uniform import UniformVenue
from trimtab.cycle import inspection, observe
from trimtab.model.assets import Listing, TakenFrom
from trimtab.model.holdings import Stage
from trimtab.model.orders import Order, OrderKind, OrderStatus, Side, TimeInForce, Withdrawal
from trimtab.ports import EdgeError, Inspection, Refused, Unavailable, Uncertain, Unproven

T = TypeVar("T")
D = Decimal
SITES = pytest.mark.parametrize("site", [BYBIT, KRAKEN, OKX], ids=lambda site: site.name)


def play(
    folder: Path,
    site: Site,
    asking: Callable[[Script, UniformVenue], Coroutine[Any, Any, T]],
    *,
    proven: bool = True,
    **instead: Any,
) -> T:
    """What comes of asking a venue that answers as it is documented."""

    async def work() -> T:
        async with scripted(folder) as script:
            site.open(script, **instead)
            assets = frozenset({"BTC", "USD", "USDT"})
            told = {"main": WITH_PHRASE if site.name == "okx" else KEYS}
            manner = MANNERS[site.name]
            venue = UniformVenue("here", told, assets, WallClock(), manner, trades=proven, target=script.target)
            try:
                return await asking(script, venue)
            finally:
                await venue.aclose()

    return asyncio.run(work())


def failure(folder: Path, site: Site, act: str, **instead: Any) -> EdgeError:
    """How a method ends at a venue with these answers; whatever was sent was sent once."""

    async def asking(script: Script, venue: UniformVenue) -> EdgeError:
        with pytest.raises(EdgeError) as raised:
            await METHODS[act](venue, order(site))
        for path in (site.paths["place"], site.paths["cancel"]):
            assert len(script.heard(path)) <= 1
        return raised.value

    return play(folder, site, asking, **instead)


METHODS: dict[str, Callable[[UniformVenue, Order], Coroutine[Any, Any, Any]]] = {
    "instruments": lambda venue, _: venue.instruments(),
    "ladders": lambda venue, one: venue.ladders([one.instrument], 5),
    "read": lambda venue, _: venue.read("main"),
    "fees": lambda venue, _: venue.fees("main"),
    "transfers": lambda venue, _: venue.transfers("main", WallClock().now()),
    "place": lambda venue, one: venue.place(one),
    "query": lambda venue, one: venue.query(one),
    "cancel": lambda venue, one: venue.cancel(one),
    "access": lambda venue, _: venue.access("main"),
}
ASKS = {
    "instruments": ("markets",),
    "ladders": ("book",),
    "read": ("balance", "open"),
    "fees": ("fee",),
    "transfers": ("deposits", "withdrawals"),
    "query": ("closed", "trades"),
    "access": ("key",),
}


def order(site: Site, **more: Any) -> Order:
    told = {
        "id": OURS,
        "leg": "l1",
        "slice": 0,
        "attempt": 1,
        "account": "main",
        "instrument": site.instrument,
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "amount": D("0.1"),
        "limit_price": D(50000),
        "valid_until": WallClock().now() + timedelta(seconds=30),
    }
    return Order(**{**told, **more})


def unknown(site: Site, *paths: str) -> dict[str, Any]:
    """The answers of a venue that does not know our order where it looks for it."""
    return {path: site.unknown[path] for path in paths if path in site.unknown}


@SITES
def test_listings_are_told_with_their_rules_to_the_digit(site: Site, tmp_path: Path) -> None:
    (one,) = play(tmp_path, site, lambda _, venue: venue.instruments())

    assert (one.id, one.listing, one.filters.step, one.filters.tick) == (
        site.instrument,
        Listing.TRADING,
        D("1E-8"),
        D("0.1"),
    )
    assert one.filters.min_amount in (D("0.00001"), D("0.00005"))


@SITES
def test_a_book_keeps_its_digits(site: Site, tmp_path: Path) -> None:
    (book,) = play(tmp_path, site, lambda _, venue: venue.ladders([site.instrument], 5))

    assert [(one.price, one.amount) for one in (*book.bids, *book.asks)] == [
        (D("50000.1"), D("0.123")),
        (D("50000.2"), D("1.5")),
    ]


@SITES
def test_balances_and_open_orders_are_read_to_the_smallest_unit(site: Site, tmp_path: Path) -> None:
    read = play(tmp_path, site, lambda _, venue: venue.read("main"))

    assert {b.asset: (b.total, b.free) for b in read.balances} == {
        "BTC": (D("2.0000000001"), D("1.5000000001")),
        site.instrument.partition("/")[2]: (D("70.1"), D("70.1")),
    }
    (one,) = read.orders
    assert (one.client_id, one.instrument, one.side, one.amount, one.price) == (
        OURS,
        site.instrument,
        Side.BUY,
        D("0.1"),
        D(50000),
    )


@SITES
def test_fees_are_the_accounts_own_in_basis_points(site: Site, tmp_path: Path) -> None:
    (terms,) = play(tmp_path, site, lambda _, venue: venue.fees("main"))

    in_quote = site.name == "kraken"
    assert (terms.maker_bps, terms.taker_bps) == ((D(25), D(40)) if in_quote else (D(8), D(10)))
    assert terms.taken_from is (TakenFrom.QUOTE if in_quote else TakenFrom.RECEIVED)


@SITES
def test_money_that_moved_is_told_from_both_directions(site: Site, tmp_path: Path) -> None:
    since = datetime.fromtimestamp(MADE_MS / 1000, UTC)
    told = {t.id: t for t in play(tmp_path, site, lambda _, venue: venue.transfers("main", since))}

    out, back = told["hash-out"], told["hash-in"]
    assert (out.source, out.target, out.amount, out.fee, out.stage) == (
        "main",
        "far-away",
        D("0.3001"),
        D("0.0001"),
        Stage.REQUESTED,
    )
    assert (back.target, back.amount, back.stage) == ("main", D("0.7"), Stage.WITHDRAWABLE)


@SITES
def test_an_order_goes_out_once_with_our_id_and_digits_and_is_asked_about(site: Site, tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> tuple[Any, str]:
        told = await venue.place(order(site))
        (sent,) = script.heard(site.paths["place"])
        return told, sent.body

    told, body = play(tmp_path, site, asking)

    assert (told.order_id, told.status, told.filled) == (
        (OURS, OrderStatus.FILLED, D("0.1")) if site.name == "okx" else (OURS, OrderStatus.OPEN, D(0))
    )
    assert body.count(OURS) == 1
    named = {"kraken": f"cl_ord_id={OURS}", "okx": f'"clOrdId":"{OURS}"', "bybit": f'"orderLinkId":"{OURS}"'}
    digits = {"kraken": "volume=0.1", "okx": '"sz":"0.1"', "bybit": '"qty":"0.1"'}
    assert named[site.name] in body.replace(": ", ":")
    assert digits[site.name] in body.replace(": ", ":")


def test_what_a_venue_needs_beside_is_sent_with_the_order(tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> str:
        await venue.place(order(OKX if venue.manner.row.id == "okx" else KRAKEN))
        return next(one.body for one in script.asked if OURS in one.body)

    assert '"tdMode":"cash"' in play(tmp_path / "a", OKX, asking).replace(": ", ":")
    body = play(tmp_path / "b", KRAKEN, asking)
    assert "oflags=fciq" in body
    assert "deadline=20" in body


@SITES
@pytest.mark.parametrize("force", [TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY])
def test_how_long_an_order_rests_is_told_in_the_venues_words(force: TimeInForce, site: Site, tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> str:
        await venue.place(order(site, time_in_force=force))
        return script.heard(site.paths["place"])[0].body.replace(": ", ":")

    words = {
        ("kraken", "ioc"): "timeinforce=IOC",
        ("kraken", "fok"): "timeinforce=FOK",
        ("kraken", "post_only"): "oflags=fciq%2Cpost",
        ("okx", "ioc"): '"ordType":"ioc"',
        ("okx", "fok"): '"ordType":"fok"',
        ("okx", "post_only"): '"ordType":"post_only"',
        ("bybit", "ioc"): '"timeInForce":"IOC"',
        ("bybit", "fok"): '"timeInForce":"FOK"',
        ("bybit", "post_only"): '"timeInForce":"PostOnly"',
    }
    assert words[site.name, force.value] in play(tmp_path, site, asking)


@SITES
def test_an_order_that_ended_is_found_by_our_id_with_its_fills_and_fees(site: Site, tmp_path: Path) -> None:
    told = play(tmp_path, site, lambda _, venue: venue.query(order(site)), **unknown(site, "open"))

    assert told is not None
    assert (told.status, told.filled) == (OrderStatus.FILLED, D("0.1"))
    (fill,) = told.fills
    expected = (D("12.5"), "USD") if site.name == "kraken" else (D("0.0001"), "BTC")
    assert (fill.amount, fill.price, fill.fee, fill.fee_asset) == (D("0.1"), D(50000), *expected)


@SITES
def test_an_order_that_no_list_knows_is_not_known(site: Site, tmp_path: Path) -> None:
    assert play(tmp_path, site, lambda _, venue: venue.query(order(site)), **unknown(site, "open", "closed")) is None


@SITES
def test_a_cancel_goes_by_our_id_and_says_where_the_order_ended(site: Site, tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> tuple[Any, str]:
        told = await venue.cancel(order(site))
        (sent,) = script.heard(site.paths["cancel"])
        return told, sent.body

    told, body = play(tmp_path, site, asking, **unknown(site, "open"))

    assert told is not None
    assert told.status is OrderStatus.FILLED
    assert OURS in body


@SITES
def test_a_known_refusal_is_one(site: Site, tmp_path: Path) -> None:
    words, answer = site.refusal
    told = failure(tmp_path, site, "place", place=answer)

    assert type(told).__name__ == "Denied"
    assert words in str(told).lower()


@SITES
@pytest.mark.parametrize(
    "name", ["nothing", "a page", "half", "of another kind", "empty", "a gateway", "in doubt", "new"]
)
def test_whatever_is_no_known_refusal_leaves_an_order_in_doubt(name: str, site: Site, tmp_path: Path) -> None:
    novel = {"kraken": kraken(None, "EOrder:Brand new"), "okx": okx(code="59999"), "bybit": bybit({}, 179999, "new")}
    answers = {
        "nothing": None,
        "a page": said("<html>maintenance</html>"),
        "half": said({"result": {}}, length=4000),
        "of another kind": said([]),
        "empty": said({}),
        "a gateway": said("<html>bad gateway</html>", 502),
        "in doubt": said(site.doubt),
        "new": said(novel[site.name]),
    }

    async def asking(script: Script, venue: UniformVenue) -> None:
        await venue.instruments()
        script.answers[site.paths["place"]] = [answers[name]]
        with pytest.raises(Uncertain):
            await venue.place(order(site))
        assert len(script.heard(site.paths["place"])) == 1

    play(tmp_path, site, asking)


@SITES
def test_a_repeated_id_is_in_doubt_since_an_order_is_behind_it(site: Site, tmp_path: Path) -> None:
    repeated = {
        "kraken": kraken(None, "EOrder:Duplicate cl_ord_id"),
        "okx": okx({"clOrdId": OURS, "sCode": "51016", "sMsg": "Duplicated client order ID"}, code="1"),
        "bybit": bybit({}, 170141, "Duplicate clientOrderId"),
    }
    assert isinstance(failure(tmp_path, site, "place", place=repeated[site.name]), Uncertain)


@SITES
def test_a_busy_venue_has_done_nothing(site: Site, tmp_path: Path) -> None:
    assert isinstance(failure(tmp_path, site, "place", place=site.busy), Unavailable)


@SITES
def test_a_revoked_key_is_a_refusal(site: Site, tmp_path: Path) -> None:
    assert isinstance(failure(tmp_path, site, "read", balance=site.revoked), Refused)


@SITES
@pytest.mark.parametrize("page", ["<html>maintenance</html>", {}, []], ids=["page", "empty", "other"])
@pytest.mark.parametrize("act", sorted(ASKS))
def test_no_reading_comes_of_an_answer_that_is_none(act: str, page: Any, site: Site, tmp_path: Path) -> None:
    for asked in ASKS[act]:
        folder = tmp_path / asked
        folder.mkdir()
        more = unknown(site, "open") if act == "query" else {}
        assert isinstance(failure(folder, site, act, **{**more, asked: said(page)}), Unavailable), asked


@SITES
def test_an_account_that_holds_nothing_all_at_once_is_not_believed(site: Site, tmp_path: Path) -> None:
    nothing = {"kraken": kraken({}), "okx": okx({"details": []}), "bybit": bybit({"list": [{"coin": []}]})}

    async def asking(_: Script, venue: UniformVenue) -> None:
        await venue.read("main")
        with pytest.raises(Unavailable):
            await venue.read("main")

    play(tmp_path, site, asking, balance=[site.usual["balance"], nothing[site.name]])


@SITES
def test_where_nothing_was_proven_it_reads_and_does_not_trade(site: Site, tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> None:
        (one,) = await venue.instruments()
        assert (one.listing, one.notice) == (Listing.HALTED, venue.unproven)
        assert (await venue.read("main")).balances
        with pytest.raises(Refused, match="documentation only"):
            await venue.place(order(site))
        assert not script.heard(site.paths["place"])

    play(tmp_path, site, asking, proven=False)


@SITES
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": D("0.100000001")}, "step"),
        ({"limit_price": D("50000.05")}, "tick"),
        ({"kind": OrderKind.MARKET, "limit_price": None}, "limit"),
        ({"instrument": "here:XRP/USDT"}, "not listed"),
    ],
)
def test_what_would_be_rounded_or_misread_is_refused_unsent(
    wrong: dict[str, Any], words: str, site: Site, tmp_path: Path
) -> None:
    async def asking(script: Script, venue: UniformVenue) -> None:
        with pytest.raises(Refused, match=words):
            await venue.place(order(site, **wrong))
        assert not script.heard(site.paths["place"])

    play(tmp_path, site, asking)


@SITES
def test_money_does_not_leave_by_it(site: Site, tmp_path: Path) -> None:
    away = Withdrawal(id="w", account="main", asset="BTC", network="BTC", address="a", amount=D(1))

    async def asking(script: Script, venue: UniformVenue) -> None:
        with pytest.raises(Refused, match="sends no money"):
            await venue.withdraw(away)
        with pytest.raises(Refused):
            await venue.address("main", "BTC", "BTC")
        assert script.asked == []

    play(tmp_path, site, asking)


@SITES
def test_a_key_says_what_it_may_do(site: Site, tmp_path: Path) -> None:
    access = play(tmp_path, site, lambda _, venue: venue.access("main"))

    assert (access.trade, access.withdraw, access.listed) == (True, True, True)


@SITES
def test_a_check_up_can_say_that_it_is_unproven_and_what_it_is_asked_is_answered(site: Site, tmp_path: Path) -> None:
    async def asking(_: Script, venue: UniformVenue) -> None:
        assert isinstance(venue, Unproven)
        assert isinstance(venue, Inspection)
        assert "documentation only" in venue.unproven
        skew = await venue.skew_s()
        assert skew is not None
        (calls,) = await venue.budgets("main")
        assert calls.limit == venue.manner.row.budget
        assert await venue.carried("main", ["BTC"]) == ()

    play(tmp_path, site, asking)


def test_a_pass_phrase_that_is_missing_is_told_and_never_guessed() -> None:
    with pytest.raises(
        ValueError, match=r"accounts\.main\.secret: okx has a pass phrase too; write it on a second line"
    ):
        UniformVenue("here", {"main": KEYS}, frozenset({"BTC"}), WallClock(), MANNERS["okx"])


def test_the_pass_phrase_goes_with_every_signed_question(tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> dict[str, str]:
        await venue.read("main")
        return dict(script.heard(OKX.paths["balance"])[0].headers)

    assert play(tmp_path, OKX, asking)["OK-ACCESS-PASSPHRASE"] == "the-phrase"


def test_krakens_numbers_of_requests_rise_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    async def asking(script: Script, venue: UniformVenue) -> list[int]:
        await venue.instruments()
        await asyncio.gather(*(venue.read("main") for _ in range(4)))
        return [int(one.body.partition("nonce=")[2].partition("&")[0]) for one in script.asked if "nonce=" in one.body]

    numbers = play(tmp_path, KRAKEN, asking)

    assert len(numbers) == 8
    assert numbers == sorted(set(numbers))


FUND = """[fund]
id = "one"
base = "USD"
[venues.there]
kind = "kraken"
[accounts.main]
venue = "there"
key = "file:key"
secret = "file:secret"
wire = {{ connect = "127.0.0.1:{port}", ca = "ca.pem" }}
[assets]
BTC = 10
USD = 4
[targets]
band = "0.05"
[targets.weights]
BTC = "0.5"
USD = "0.5"
[triggers.drift]
kind = "threshold"
[costs]
max_cost_bps = "40"
"""


def test_a_fund_on_such_a_venue_is_read_and_a_check_up_says_why_it_is_not_traded(tmp_path: Path) -> None:
    async def work() -> None:
        async with scripted(tmp_path) as script:
            KRAKEN.open(script)
            (tmp_path / "fund.toml").write_text(FUND.format(port=script.target.port))
            (tmp_path / "ca.pem").write_bytes(script.target.ca.read_bytes())
            for name, content in (("key", KEYS.key), ("secret", KEYS.secret)):
                (tmp_path / name).write_text(content)
                (tmp_path / name).chmod(0o600)
            async with wiring.reading(settings.load(tmp_path / "fund.toml")) as desk:
                known, seen = await observe.terms(desk), await observe.accounts(desk)
                checks = {c.subject: c for c in await inspection.venues(desk)}

            assert not seen.unknown
            assert {b.asset: b.total for b in seen.balances} == {"BTC": D("2.0000000001"), "USD": D("70.1")}
            assert [(i.id, i.listing) for i in known.instruments] == [("there:BTC/USD", Listing.HALTED)]
            assert not checks["venue there"].well
            assert "unproven = true under [venues.there]" in checks["venue there"].fix
            assert checks["key of main"].finding == "it may withdraw"

    asyncio.run(work())
