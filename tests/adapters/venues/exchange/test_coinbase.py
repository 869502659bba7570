"""Coinbase behind the ports: what is unlike other venues, against the simulator and against answers as documented."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tests.adapters.venues.exchange.scripted import Script, said, scripted
from tests.contracts.sites import ETH, NOON, D, Site, client, order
from tests.contracts.test_venue import on_coinbase
from trimtab.adapters.clock import SimulatedClock, WallClock
from trimtab.adapters.venues.exchange.coinbase import CoinbaseVenue
from trimtab.adapters.venues.exchange.line import Credentials, Target
from trimtab.model.accounts import Access, Carried
from trimtab.model.holdings import Stage
from trimtab.model.orders import Order, OrderStatus, Side, TimeInForce, Withdrawal
from trimtab.ports import EdgeError, Inspection, Unavailable, Uncertain
from trimtab.sim.gates import Allowance
from trimtab.sim.wire import keys
from trimtab.sim.wire.coinbase.asked import Habits, Repeats
from trimtab.sim.wire.coinbase.speaker import CoinbaseSpeaker

T = TypeVar("T")

ACCOUNTS = "/api/v3/brokerage/accounts"
ORDERS = "/api/v3/brokerage/orders"
MINE = order(1, Side.BUY, "0.1", "50000")
KEY = keys.make("main", "main", keys.Kind.ES256)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with on_coinbase(tmp_path) as one:
        yield one


def behave(site: Site, **habits: Any) -> None:
    """Let the simulated venue behave otherwise, and without a rate limit."""
    speaker = site.server.venues["here"].speaker
    assert isinstance(speaker, CoinbaseSpeaker)
    endless = Allowance(name="any", most=10_000, window_s=Decimal(1))
    speaker.habits = Habits(private=endless, public=endless, **habits)


def another(site: Site) -> CoinbaseVenue:
    """The client of a process that has just begun and remembers nothing."""
    venue = client(site.server, "here", site.clock, site.truth, site.far)
    assert isinstance(venue, CoinbaseVenue)
    return venue


def restarted(site: Site, asking: Callable[[CoinbaseVenue], Coroutine[Any, Any, T]]) -> T:
    """What a new process is answered."""
    venue = another(site)
    try:
        return site.run(asking(venue))
    finally:
        site.run(venue.aclose())


def test_an_id_that_was_used_is_in_doubt_where_the_venue_refuses_it(site: Site) -> None:
    behave(site, repeats=Repeats.REFUSED)
    first = site.place(MINE)
    with pytest.raises(Uncertain):
        site.place(MINE)

    assert site.query(MINE) == first
    assert len(site.truth.log()) == 1


def test_the_same_order_sent_twice_is_one_order_where_the_venue_returns_it(site: Site) -> None:
    behave(site, repeats=Repeats.RETURNED)

    assert site.place(MINE) == site.place(MINE)
    assert len(site.truth.log()) == 1


@pytest.mark.parametrize("young", ["PENDING", "QUEUED"])
def test_an_order_on_its_way_on_or_off_the_book_is_open_and_seen(young: str, site: Site) -> None:
    behave(site, lag_s=D(2), young=young)
    assert site.place(MINE).status is OrderStatus.OPEN
    ended = site.cancel(MINE)
    assert ended is not None
    assert ended.status is OrderStatus.OPEN
    assert [one.client_id for one in site.run(site.here.read("main")).orders] == [MINE.id]

    site.after(3)
    told = site.query(MINE)
    assert told is not None
    assert told.status is OrderStatus.CANCELLED
    assert site.run(site.here.read("main")).orders == ()


def test_a_process_that_remembers_nothing_finds_and_cancels_its_order_by_its_id(site: Site) -> None:
    site.place(MINE)

    found = restarted(site, lambda venue: venue.query(MINE))
    ended = restarted(site, lambda venue: venue.cancel(MINE))

    assert found is not None
    assert ended is not None
    assert (found.status, ended.status) == (OrderStatus.OPEN, OrderStatus.CANCELLED)


def test_an_order_is_found_behind_a_hundred_others(site: Site) -> None:
    first = order(1, Side.BUY, "0.01", "1000", instrument=ETH)
    site.truth.place(first)
    for number in range(2, 130):
        site.truth.place(order(number, Side.BUY, "0.01", "1000", instrument=ETH))

    assert site.query(first) is not None
    assert len(site.run(site.here.read("main")).orders) == 129


def test_only_money_that_came_or_went_is_a_transfer_and_its_sign_says_which(site: Site) -> None:
    site.place(order(1, Side.BUY, "0.01", site.best(Side.BUY) + 50, time_in_force=TimeInForce.IOC))
    for number in (1, 2):  # Every second one tells its net amount too, which a careless reader takes for a deposit.
        address = site.far.address("other", "USDT", "ETH")
        site.run(site.here.withdraw(withdrawal(number, address)))
    told = site.run(site.here.transfers("main", NOON))

    assert [(t.source, t.target, t.amount, t.fee) for t in told] == [("main", "other", D(100), D(1))] * 2


def test_a_withdrawal_sent_twice_leaves_once(site: Site) -> None:
    one = withdrawal(1, site.far.address("other", "USDT", "ETH"))

    assert site.run(site.here.withdraw(one)) == site.run(site.here.withdraw(one))
    assert len(site.truth.movements("main")) == 1


def test_what_went_to_others_is_over_once_it_was_sent(site: Site) -> None:
    site.run(site.here.withdraw(withdrawal(1, site.truth.address("sub", "USDT", "ETH"))))
    (told,) = site.run(site.here.transfers("main", NOON))
    assert told.stage is Stage.REQUESTED
    site.after(3600)

    stranger = another(site)
    stranger.known = {}
    assert site.run(stranger.transfers("main", NOON + timedelta(minutes=30))) == ()
    site.run(stranger.aclose())


@pytest.mark.parametrize(("later", "clear"), [(0.0, True), (0.4, False), (1.0, True)])
def test_balances_read_in_the_second_in_which_money_moved_are_read_again(later: float, clear: bool, site: Site) -> None:
    """Its stamps are cut to whole seconds: within one, nobody can say whether the money is in the balance."""
    site.run(site.here.withdraw(withdrawal(1, site.far.address("other", "USDT", "ETH"))))
    site.after(later)
    site.run(site.here.read("main"))

    if clear:
        assert len(site.run(site.here.transfers("main", NOON))) == 1
    else:
        with pytest.raises(Unavailable, match="read again"):
            site.run(site.here.transfers("main", NOON))


def test_a_check_up_is_told_what_the_venue_says_and_no_more(site: Site) -> None:
    here = site.here
    assert isinstance(here, Inspection)

    skew = site.run(here.skew_s())
    assert skew is not None
    assert abs(skew) < 1
    assert site.run(here.access("main")) == Access(account="main", trade=True, transfer=True, withdraw=True)
    assert site.run(here.carried("main", ["USDT"])) == (Carried(asset="USDT", network="ETH"),)
    (budget,) = site.run(here.budgets("main"))
    assert (budget.limit, budget.window_s) == (30, 1)
    assert budget.used <= 30


def test_a_private_key_whose_line_ends_are_written_out_is_read(site: Site) -> None:
    held = site.held()
    venue = another(site)
    told = {name: Credentials(k.key, k.secret.replace("\n", "\\n")) for name, k in venue.accounts.items()}
    written = CoinbaseVenue("here", told, venue.assets, venue.clock, venue.target)

    read = site.run(written.read("main"))
    assert {b.asset: b.total for b in read.balances if b.total} == {asset: total for asset, (total, _) in held.items()}
    site.run(written.aclose())


def withdrawal(number: int, address: str) -> Withdrawal:
    return Withdrawal(id=f"{number:032x}", account="main", asset="USDT", amount=D(100), network="ETH", address=address)


def scripted_venue(folder: Path, asking: Callable[[Script, CoinbaseVenue], Coroutine[Any, Any, T]]) -> T:
    """What comes of asking a venue that says what it is told to."""

    async def work() -> T:
        async with scripted(folder) as script:
            told = {"main": Credentials(KEY.key, KEY.secret)}
            venue = CoinbaseVenue("here", told, frozenset({"BTC", "USD"}), WallClock(), script.target)
            try:
                return await asking(script, venue)
            finally:
                await venue.aclose()

    return asyncio.run(work())


def wallet(asset: str, free: str, **more: Any) -> dict[str, Any]:
    told = {"uuid": f"wallet-of-{asset}", "currency": asset, "type": "ACCOUNT_TYPE_CRYPTO"}
    money = {"available_balance": {"value": free, "currency": asset}, "hold": {"value": "0.5", "currency": asset}}
    return {**told, **money, **more}


def wallets(*rows: dict[str, Any], cursor: str = "") -> bytes:
    return said({"accounts": rows, "has_next": bool(cursor), "cursor": cursor, "size": len(rows)})


def no_orders(script: Script) -> None:
    script.says(f"{ORDERS}/historical/batch", said({"orders": [], "has_next": False, "cursor": ""}))


def test_balances_are_read_page_by_page(tmp_path: Path) -> None:
    async def asking(script: Script, venue: CoinbaseVenue) -> Any:
        no_orders(script)
        script.says(ACCOUNTS, wallets(wallet("BTC", "1"), cursor="next"), wallets(wallet("USD", "2")))
        read = await venue.read("main")
        assert "cursor=next" in script.heard(ACCOUNTS)[1].query
        return [(b.asset, b.total, b.free) for b in read.balances]

    assert scripted_venue(tmp_path, asking) == [("BTC", D("1.5"), D(1)), ("USD", D("2.5"), D(2))]


@pytest.mark.parametrize(
    "answer",
    [
        wallets(),
        wallets({"uuid": "w", "currency": "BTC", "available_balance": {"value": "1"}, "type": "ACCOUNT_TYPE_CRYPTO"}),
        wallets(wallet("BTC", "1", hold=None)),
        wallets(wallet("BTC", "")),
        wallets(wallet("BTC", "1"), wallet("BTC", "2")),
        wallets(wallet("BTC", "1"), cursor="for ever"),
        said({"accounts": None, "has_next": False, "cursor": ""}),
        said({}),
        said([]),
        said("<html>"),
    ],
)
def test_balances_that_are_not_what_they_should_be_are_no_balances(answer: bytes, tmp_path: Path) -> None:
    async def asking(script: Script, venue: CoinbaseVenue) -> None:
        no_orders(script)
        script.says(ACCOUNTS, wallets(wallet("BTC", "1")), answer)
        await venue.read("main")
        with pytest.raises(Unavailable):
            await venue.read("main")

    scripted_venue(tmp_path, asking)


def test_a_list_that_leads_back_to_itself_is_left_at_once(tmp_path: Path) -> None:
    async def asking(script: Script, venue: CoinbaseVenue) -> int:
        no_orders(script)
        script.says(ACCOUNTS, wallets(wallet("BTC", "1"), cursor="for ever"))
        with pytest.raises(Unavailable, match="does not end"):
            await venue.address("main", "USD", "ETH")
        return len(script.heard(ACCOUNTS))

    assert scripted_venue(tmp_path, asking) == 2


def soon(seconds: float) -> Order:
    until = WallClock().now() + timedelta(seconds=seconds)
    return order(1, Side.BUY, "0.1", "50000", instrument="here:BTC/USD", valid_until=until)


def placed(folder: Path, one: Order, *answers: bytes | None) -> tuple[EdgeError, list[Any]]:
    """How placing an order ends, and what reached the venue."""

    async def asking(script: Script, venue: CoinbaseVenue) -> tuple[EdgeError, list[Any]]:
        script.says(ORDERS, *answers)
        script.says(f"{ORDERS}/historical/number", None)
        with pytest.raises(EdgeError) as raised:
            await venue.place(one)
        return raised.value, script.heard(ORDERS)

    return scripted_venue(folder, asking)


def test_an_order_is_sent_as_it_is_meant_and_its_token_ends_with_its_time(tmp_path: Path) -> None:
    one = soon(20)
    _, (asked,) = placed(tmp_path, one, None)
    _, claims, _ = asked.headers["Authorization"].removeprefix("Bearer ").split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))

    assert one.valid_until.timestamp() - 2 < told["exp"] <= one.valid_until.timestamp()
    assert told["nbf"] <= time.time()
    assert json.loads(asked.body) == {
        "client_order_id": one.id,
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": {"limit_limit_gtc": {"base_size": "0.1", "limit_price": "50000", "post_only": False}},
    }


def test_an_order_with_too_little_time_left_is_not_sent(tmp_path: Path) -> None:
    error, asked = placed(tmp_path, soon(1), None)

    assert isinstance(error, Unavailable)
    assert asked == []


def taken(client_id: str) -> bytes:
    told = {"order_id": "number", "product_id": "BTC-USD", "side": "BUY", "client_order_id": client_id}
    return said({"success": True, "success_response": told})


@pytest.mark.parametrize(
    "answer",
    [
        taken(f"{1:032x}"),  # It was taken; where it stands, nobody says.
        taken("another"),
        said({"success": True}),
        said({"success": False, "error_response": {"error": "UNKNOWN_FAILURE_REASON"}}),
        said({"success": False, "error_response": {"error": "INVALID_REQUEST", "message": "used before"}}),
        said({"error": "INTERNAL", "message": "internal"}, 500),
        said({"error": "UNAVAILABLE", "message": "maintenance"}, 503),
        said("<html>", 403),
    ],
)
def test_an_order_whose_answer_says_too_little_is_in_doubt(answer: bytes, tmp_path: Path) -> None:
    error, asked = placed(tmp_path, soon(20), answer)

    assert isinstance(error, Uncertain)
    assert len(asked) == 1


def test_an_answer_about_another_order_is_not_followed(tmp_path: Path) -> None:
    async def asking(script: Script, venue: CoinbaseVenue) -> None:
        script.says(ORDERS, taken("another"))
        with pytest.raises(Uncertain, match="another order"):
            await venue.place(soon(20))
        assert script.heard(f"{ORDERS}/historical/number") == []

    scripted_venue(tmp_path, asking)


@pytest.mark.parametrize(
    "why",
    [
        {"error": "UNKNOWN_FAILURE_REASON", "preview_failure_reason": "PREVIEW_INSUFFICIENT_FUND"},
        {"error": "INSUFFICIENT_FUND", "new_order_failure_reason": "INSUFFICIENT_FUND"},
        {"error": "INVALID_PRODUCT_ID"},
    ],
)
def test_a_refusal_is_known_by_any_of_its_three_words(why: dict[str, str], tmp_path: Path) -> None:
    error, _ = placed(tmp_path, soon(20), said({"success": False, "error_response": {**why, "message": "no"}}))

    assert type(error).__name__ == "Denied"


def test_a_token_turned_away_by_a_clock_that_moved_is_no_revoked_key(tmp_path: Path) -> None:
    async def asking(script: Script, venue: CoinbaseVenue) -> None:
        no_orders(script)
        page = b"Unauthorized\n"
        head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: "
        denied = head + str(len(page)).encode() + b"\r\n\r\n" + page
        script.says(ACCOUNTS, wallets(wallet("BTC", "1")), denied, wallets(wallet("BTC", "1")), denied)
        await venue.read("main")
        script.ahead_s = 3600
        with pytest.raises(Unavailable, match="clock had moved"):
            await venue.read("main")
        await venue.read("main")
        with pytest.raises(EdgeError) as raised:
            await venue.read("main")
        assert type(raised.value).__name__ == "Denied"

    scripted_venue(tmp_path, asking)


def test_the_venues_count_of_what_is_left_is_believed(tmp_path: Path) -> None:
    async def asking(script: Script, venue: CoinbaseVenue) -> None:
        answer = {"can_view": True, "can_trade": True, "can_transfer": False}
        script.says("/api/v3/brokerage/key_permissions", said(answer, x_ratelimit_remaining="3"))
        await venue.access("main")
        (budget,) = await venue.budgets("main")
        assert (budget.used, budget.limit) == (27, 30)

    scripted_venue(tmp_path, asking)


def test_a_book_with_one_side_is_none_and_a_crossed_one_is_a_failure(tmp_path: Path) -> None:
    level = {"price": "100", "size": "1"}

    def book(**sides: list[dict[str, str]]) -> bytes:
        return said({"pricebook": {"product_id": "BTC-USD", "bids": [], "asks": [], **sides, "time": ""}})

    async def asking(script: Script, venue: CoinbaseVenue) -> None:
        script.says("/api/v3/brokerage/market/product_book", book(bids=[level]), book(bids=[level], asks=[level]))
        assert await venue.ladders(["here:BTC/USD"], 5) == ()
        with pytest.raises(Unavailable):
            await venue.ladders(["here:BTC/USD"], 5)

    scripted_venue(tmp_path, asking)


def test_nothing_that_a_venue_prints_of_itself_is_a_secret(site: Site) -> None:
    venue = another(site)
    told = repr(venue) + repr(venue.accounts) + str(msgspec.json.encode(venue.terms))

    assert all(keys.secret not in told and keys.key not in told for keys in venue.accounts.values())
    assert isinstance(venue.clock, SimulatedClock)
    assert isinstance(venue.target, Target)
