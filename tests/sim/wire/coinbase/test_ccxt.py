"""ccxt's own class, unmodified, over TLS against the simulated Coinbase: what its manual promises, and its traps."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt
import pytest

from tests.sim.wire.coinbase.coinbases import NOON, PATIENT, D, connected, served, write
from trimtab.sim.faults import Fault, Plan, Planned
from trimtab.sim.gates import Allowance
from trimtab.sim.wire.coinbase.asked import Habits
from trimtab.sim.wire.server import Running

V3 = {"v3": True}


def run(asked: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asked)


async def wallet(exchange: Any, code: str) -> str:
    return next(str(one["id"]) for one in await exchange.fetch_accounts() if one["code"] == code)


async def failure(asked: Coroutine[Any, Any, Any]) -> type[BaseException] | None:
    try:
        await asked
    except ccxt.BaseError as error:
        return type(error)
    return None


def test_markets_balances_and_books(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            markets = await exchange.load_markets()
            assert sorted(markets) == ["BTC/USD", "ETH/USD", "USDC/USD"]
            assert markets["BTC/USD"]["precision"] == {"amount": "0.00001", "price": "0.01"}
            assert markets["BTC/USD"]["limits"]["cost"] == {"min": "5", "max": None}
            assert (markets["BTC/USD"]["active"], markets["BTC/USD"]["taker"]) == (True, "0.006")
            assert (await exchange.fetch_balance(V3))["total"] == {
                "BTC": "2.00000001",
                "ETH": "0",
                "USD": "1000000",
                "USDC": "5000",
            }
            book = await exchange.fetch_order_book("BTC/USD", 2)
            assert (len(book["bids"]), len(book["asks"]), book["datetime"]) == (2, 2, "2026-01-01T12:00:00.000Z")
            assert book["bids"][0][0] < book["asks"][0][0]
            assert sorted(await exchange.fetch_bids_asks()) == sorted(markets)
            assert (await exchange.fetch_trading_fees())["BTC/USD"]["maker"] == "0.004"
            assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 60_000

    run(story())


def test_the_market_is_read_without_a_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim, account=None) as exchange:
            assert sorted(await exchange.load_markets()) == ["BTC/USD", "ETH/USD", "USDC/USD"]
            assert (await exchange.fetch_order_book("ETH/USD"))["bids"]

    run(story())


def test_an_order_is_created_fetched_listed_and_cancelled(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            made = await exchange.create_order("BTC/USD", "limit", "buy", "0.5", "50000", {"client_order_id": "ours"})
            assert (made["clientOrderId"], made["status"], made["filled"]) == ("ours", None, None)
            found = await exchange.fetch_order(made["id"])
            assert {name: found[name] for name in ("status", "amount", "price", "filled", "timeInForce")} == {
                "status": "open",
                "amount": "0.5",
                "price": "50000",
                "filled": "0",
                "timeInForce": "GTC",
            }
            assert [one["id"] for one in await exchange.fetch_open_orders("BTC/USD")] == [made["id"]]
            assert (await exchange.fetch_balance(V3))["USD"] == {"free": "974850", "used": "25150", "total": "1000000"}
            assert (await exchange.cancel_order(made["id"]))["id"] == made["id"]
            assert (await exchange.fetch_order(made["id"]))["status"] == "canceled"
            assert await exchange.fetch_open_orders("BTC/USD") == []
            assert await failure(exchange.cancel_order(made["id"])) is ccxt.BadRequest

    run(story())


@pytest.mark.parametrize(
    ("kind", "price", "params", "status"),
    [
        ("limit", "60006", {"timeInForce": "IOC"}, "closed"),
        ("limit", "60006", {"timeInForce": "FOK"}, "closed"),
        ("limit", "50000", {"timeInForce": "PO"}, "open"),
        ("limit", "50000", {"timeInForce": "GTD", "end_time": "2026-01-01T13:00:00Z"}, "open"),
        ("market", "60006", {}, "closed"),
        ("market", None, {"cost": "610"}, "closed"),
    ],
)
def test_every_type_that_it_knows_is_taken(
    tmp_path: Path, kind: str, price: str | None, params: dict[str, Any], status: str
) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            made = await exchange.create_order("BTC/USD", kind, "buy", "0.01", price, params)
            assert (await exchange.fetch_order(made["id"]))["status"] == status

    run(story())


def test_trades_tell_price_amount_and_fee(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            await exchange.create_order("BTC/USD", "market", "sell", "0.01")
            await exchange.create_order("BTC/USD", "market", "buy", "0", None, {"cost": "610"})
            sold, bought = sorted(await exchange.fetch_my_trades("BTC/USD"), key=lambda one: one["side"], reverse=True)
            assert {name: sold[name] for name in ("amount", "price", "cost", "fee", "takerOrMaker")} == {
                "amount": "0.01",
                "price": "59994",
                "cost": "599.94",
                "fee": {"currency": "USD", "cost": "3.59964"},
                "takerOrMaker": "taker",
            }
            assert D(bought["cost"]) + D(bought["fee"]["cost"]) <= 610
            assert bought["amount"] == "0.0101"

    run(story())


def test_a_withdrawal_from_one_venue_arrives_at_the_other(tmp_path: Path) -> None:
    async def story(sim: Running) -> None:
        async with connected(sim) as east, connected(sim, "west", "far") as west:
            target = (await west.fetch_deposit_addresses_by_network("USDC"))["ERC20"]["address"]
            where = {"accountId": await wallet(east, "USDC"), "network": "ethereum", "idem": "ours"}
            sent = await east.withdraw("USDC", "100", target, where)
            assert (await east.withdraw("USDC", "100", target, where))["id"] == sent["id"]
            sim.venues["east"].sim.clock.step(NOON + timedelta(seconds=700))
            crypto = {"currencyType": "crypto"}
            (out,) = (one for one in await raw(east) if one["type"] == "send")
            arrived = [one for one in await west.fetch_deposits("USDC", None, None, crypto) if one["network"]]
            assert [(one["txid"], one["amount"], one["status"]) for one in arrived] == [
                (out["network"]["hash"], "99", "ok")
            ]
            assert out["idem"] == "ours"
            assert (await west.fetch_balance(V3))["USDC"]["total"] == "399"
            assert await west.fetch_deposits("USDC") == []

    async def raw(exchange: Any) -> list[dict[str, Any]]:
        answer = await exchange.v2PrivateGetAccountsAccountIdTransactions({"account_id": "USDC"})
        rows: list[dict[str, Any]] = answer["data"]
        return rows

    async def told() -> None:
        async with served(write(tmp_path)) as sim:
            await story(sim)

    run(told())


def test_what_it_believes_of_withdrawals_is_wrong_and_the_sign_of_the_row_is_right(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            address = sim.venues["west"].sim.address("far", "USDC", "ethereum")
            where = {"accountId": await wallet(exchange, "USDC"), "network": "ethereum"}
            for amount in ("100", "50"):
                await exchange.withdraw("USDC", amount, address, where)
            crypto = {"currencyType": "crypto"}
            out = await exchange.fetch_withdrawals("USDC", None, None, crypto)
            into = await exchange.fetch_deposits("USDC", None, None, crypto)
            assert [one["amount"] for one in out] == ["50"]
            assert sorted(one["amount"] for one in into) == ["5000", "99"]
            rows = [one["info"] for one in (*out, *into) if one["info"]["type"] == "send"]
            assert sorted(one["amount"]["amount"] for one in rows) == ["-100", "-50"]

    run(story())


def test_every_error_becomes_the_class_that_it_should(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            await exchange.load_markets()
            speaker = sim.venues["east"].speaker
            order = ("BTC/USD", "limit", "buy")
            assert await failure(exchange.create_order(*order, "30", "50000")) is ccxt.InsufficientFunds
            assert await failure(exchange.create_order(*order, "301", "50000")) is ccxt.ExchangeError
            assert await failure(exchange.fetch_order("none")) is ccxt.ExchangeError
            speaker.habits = Habits(private=Allowance(name="private", most=1, window_s=Decimal(3600)))  # type: ignore[attr-defined]
            assert await failure(exchange.fetch_accounts()) in (None, ccxt.RateLimitExceeded)
            assert await failure(exchange.fetch_accounts()) is ccxt.RateLimitExceeded
            speaker.habits = PATIENT  # type: ignore[attr-defined]
            sim.venues["east"].plan = Plan(faults=(Planned(fault=Fault.REVOKED),))
            assert await failure(exchange.fetch_accounts()) is ccxt.AuthenticationError

    run(story())


@pytest.mark.parametrize("fault", [Fault.LATE, Fault.RESET_AFTER, Fault.SHORT])
def test_an_order_whose_answer_is_lost_was_sent_once_and_is_there(tmp_path: Path, fault: Fault) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            await exchange.load_markets()
            line, east = "POST /api/v3/brokerage/orders", sim.venues["east"]
            east.plan = Plan(faults=(Planned(fault=fault, call=line),))
            order = ("BTC/USD", "limit", "buy", "0.5", "50000", {"client_order_id": "ours"})
            assert await failure(exchange.create_order(*order)) is not None
            east.sim.clock.step(NOON + timedelta(seconds=60))
            assert [one["clientOrderId"] for one in await exchange.fetch_orders("BTC/USD")] == ["ours"]
            assert east.calls.count(line) == 1

    run(story())


def test_a_clock_that_is_off_by_a_minute_reads_like_a_revoked_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            await exchange.load_markets()
            sim.venues["east"].plan = Plan(faults=(Planned(fault=Fault.SKEWED, amount=D(-60), on=(1,)),))
            assert await failure(exchange.fetch_accounts()) is ccxt.AuthenticationError
            skew_s = (await exchange.fetch_time()) / 1000 - exchange.seconds()
            assert -62 < skew_s < -58
            seconds = exchange.seconds
            exchange.seconds = lambda: seconds() + int(skew_s) - 1
            assert await failure(exchange.fetch_accounts()) is None

    run(story())


def test_an_answer_carries_its_rate_limit(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(write(tmp_path)) as sim, connected(sim) as exchange:
            await exchange.fetch_time()
            headers = {name.lower(): value for name, value in exchange.last_response_headers.items()}
            assert headers["x-ratelimit-limit"] == "10000"
            assert int(headers["x-ratelimit-remaining"]) < 10_000
            assert int(headers["x-ratelimit-reset"]) > exchange.seconds() - 60

    run(story())
