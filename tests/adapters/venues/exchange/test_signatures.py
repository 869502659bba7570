"""What we lean on in ccxt is there, takes what we give it, and is the release that was tried."""

import ast
import asyncio
import importlib.metadata
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import ccxt.async_support as ccxt
import pytest

from trimtab.adapters.venues.exchange import binance, coinbase
from trimtab.adapters.venues.exchange.table import ROWS

PINNED: Final = "4.5.90"
MODULES: Final = {"binance": binance, "coinbase": coinbase}
VERBS: Final = ("_get_", "_post_", "_put_", "_delete_")

HAS: Final[dict[str, dict[str, object]]] = {
    "binance": {"withdraw": True, "transfer": True, "fetchTransfers": True, "fetchDepositAddress": True},
    "coinbase": {"withdraw": True, "transfer": True, "fetchTransfers": None, "fetchDepositAddress": "emulated"},
    "kraken": {"withdraw": True, "transfer": True, "fetchTransfers": None, "fetchDepositAddress": True},
    "okx": {"withdraw": True, "transfer": True, "fetchTransfers": True, "fetchDepositAddress": True},
    "bybit": {"withdraw": True, "transfer": True, "fetchTransfers": True, "fetchDepositAddress": True},
}
EVERYWHERE: Final = (
    "createOrder",
    "cancelOrder",
    "fetchBalance",
    "fetchDeposits",
    "fetchMyTrades",
    "fetchOpenOrders",
    "fetchOrder",
    "fetchOrderBook",
    "fetchTime",
    "fetchWithdrawals",
)
SIGNATURES: Final = {
    "sign": ["path", "api", "method", "params"],
    "withdraw": ["code", "amount", "address", "params"],
    "create_order": ["symbol", "type", "side", "amount", "price", "params"],
    "cancel_order": ["id", "symbol", "params"],
    "fetch_order": ["id", "symbol", "params"],
}


def methods(name: str) -> Iterator[str]:
    """Every method of ccxt that a venue's module names, and the one that tells its row the time."""
    source = Path(str(MODULES[name].__file__)).read_text()
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    yield from sorted({c for c in constants if isinstance(c, str) and c.isidentifier() and any(v in c for v in VERBS)})
    yield ROWS[name].clock


USED: Final = [(name, method) for name in MODULES for method in methods(name)]


def test_the_release_is_the_one_that_was_tried() -> None:
    assert importlib.metadata.version("ccxt") == PINNED


def test_the_modules_were_read() -> None:
    assert ("binance", "private_post_order") in USED
    assert ("coinbase", "v3_private_post_brokerage_orders") in USED
    assert len(USED) > 25


@pytest.mark.parametrize(("name", "method"), USED)
def test_every_method_that_is_used_takes_one_table_of_parameters(name: str, method: str) -> None:
    called: Callable[..., Any] = getattr(getattr(ccxt, name)(), method)

    inspect.signature(called).bind({"symbol": "BTCUSDT"})
    asked = called({})
    assert inspect.iscoroutine(asked)
    asked.close()


@pytest.mark.parametrize("name", sorted(HAS))
@pytest.mark.parametrize("method", sorted(SIGNATURES))
def test_parameters_stand_where_they_stood(name: str, method: str) -> None:
    told = [p for p in inspect.signature(getattr(getattr(ccxt, name), method)).parameters if p != "self"]

    assert told == SIGNATURES[method]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_errors_are_read_from_nine_values_in_their_order(name: str) -> None:
    told = list(inspect.signature(getattr(ccxt, name)().handle_errors).parameters)

    assert len(told) == 9
    assert told[1:7] == ["reason", "url", "method", "headers", "body", "response"]


@pytest.mark.parametrize("name", sorted(HAS))
def test_what_a_venue_can_do_has_not_changed(name: str) -> None:
    has = getattr(ccxt, name)().has

    assert {what: has[what] for what in HAS[name]} == HAS[name]
    assert [what for what in EVERYWHERE if not has[what]] == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_client_counts_milliseconds_and_seconds_as_we_correct_them(name: str) -> None:
    client = getattr(ccxt, name)({"apiKey": "k", "secret": "s"})
    client.options["timeDifference"] = -60_000
    before = client.milliseconds()

    assert client.nonce() - before >= 60_000
    assert inspect.isfunction(client.seconds)
    asyncio.run(client.close())
