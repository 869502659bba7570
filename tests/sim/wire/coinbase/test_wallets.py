"""What the simulated Coinbase says that an account holds."""

from pathlib import Path

import msgspec
import pytest

from tests.sim.wire.coinbase.coinbases import Client, D, limit, write
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.wire.keys import Permission

V3 = "GET /api/v3/brokerage"


def wallets(east: Client, fault: Planned | None = None) -> dict[str, tuple[str, str, str]]:
    rows = east.ask(f"{V3}/accounts?limit=250", fault=fault)["accounts"]
    return {row["currency"]: (row["available_balance"]["value"], row["hold"]["value"], row["type"]) for row in rows}


def test_every_asset_has_a_wallet_with_what_is_available_and_what_orders_hold(east: Client) -> None:
    east.send("1", limit("0.5", "50000"))

    assert wallets(east) == {
        "BTC": ("2.00000001", "0", "ACCOUNT_TYPE_CRYPTO"),
        "ETH": ("0", "0", "ACCOUNT_TYPE_CRYPTO"),
        "USD": ("974850", "25150", "ACCOUNT_TYPE_FIAT"),
        "USDC": ("5000", "0", "ACCOUNT_TYPE_CRYPTO"),
    }


def test_wallets_come_page_by_page(east: Client) -> None:
    first = east.ask(f"{V3}/accounts?limit=3")
    rest = east.ask(f"{V3}/accounts?limit=3&cursor={first['cursor']}")

    assert (first["size"], first["has_next"], rest["size"], rest["has_next"], rest["cursor"]) == (3, True, 1, False, "")
    assert [one["currency"] for one in first["accounts"] + rest["accounts"]] == ["BTC", "ETH", "USD", "USDC"]


def test_the_older_interface_tells_totals_only_and_turns_its_own_pages(east: Client) -> None:
    east.send("1", limit("0.5", "50000"))
    first = east.ask("GET /v2/accounts?limit=3")
    rest = east.ask(f"GET {first['pagination']['next_uri']}")

    assert [(one["currency"]["code"], one["balance"]["amount"]) for one in first["data"] + rest["data"]] == [
        ("BTC", "2.00000001"),
        ("ETH", "0"),
        ("USD", "1000000"),
        ("USDC", "5000"),
    ]
    assert rest["pagination"]["next_uri"] is None


def test_a_wallet_is_known_by_one_id_to_both_interfaces_and_by_its_currency_to_the_older(east: Client) -> None:
    wallet = east.wallet("USDC")
    assert east.ask(f"{V3}/accounts/{wallet}")["account"]["currency"] == "USDC"
    assert east.ask(f"GET /v2/accounts/{wallet}") == east.ask("GET /v2/accounts/USDC")
    assert east.reply("GET /v2/accounts/DOGE").status == 404


def test_the_wallets_of_another_account_cannot_be_named(east: Client, tmp_path: Path) -> None:
    sub = Client(tmp_path / "sim.toml", account="sub")
    assert sub.wallet("USDC") != east.wallet("USDC")
    assert sub.reply(f"{V3}/accounts/{east.wallet('USDC')}").status == 404
    sub.close()


def test_an_account_that_cannot_be_read_is_unavailable_and_never_empty(tmp_path: Path) -> None:
    unread = "[venues.east.accounts.main]\n => [venues.east.accounts.main]\nunreadable_from = 2026-01-01T12:00:00Z\n"
    east = Client(write(tmp_path, unread=unread))
    for line in (f"{V3}/accounts", "GET /v2/accounts", "GET /v2/accounts/BTC/transactions"):
        assert east.reply(line).status == 503
    east.close()


def test_stale_balances_are_the_first_that_were_told(east: Client) -> None:
    before = wallets(east)
    east.send("1", limit("0.5", "50000"))
    assert wallets(east, Planned(fault=Fault.STALE)) == before
    assert wallets(east) != before


def test_there_is_an_address_for_each_network_that_carries_the_asset(east: Client) -> None:
    rows = east.ask("GET /v2/accounts/USDC/addresses")["data"]

    assert {row["network"]: row["address"] for row in rows} == {
        network: east.sim.address("main", "USDC", network) for network in ("ethereum", "base")
    }
    assert east.ask("GET /v2/accounts/ETH/addresses")["data"] == []


@pytest.mark.parametrize(
    ("permissions", "told"),
    [
        ((Permission.READ,), (True, False, False)),
        ((Permission.READ, Permission.TRADE), (True, True, False)),
        ((Permission.READ, Permission.WITHDRAW), (True, False, True)),
        ((Permission.READ, Permission.TRANSFER), (True, False, True)),
    ],
)
def test_a_key_can_ask_what_it_may_do(
    east: Client, permissions: tuple[Permission, ...], told: tuple[bool, bool, bool]
) -> None:
    key = msgspec.structs.replace(east.key, permissions=permissions)
    east.speaker.keys = {key.key: key}
    answer = east.ask(f"{V3}/key_permissions")
    assert (answer["can_view"], answer["can_trade"], answer["can_transfer"]) == told
    assert answer["portfolio_type"] == "DEFAULT"


def test_money_moves_between_the_portfolios_of_one_family_and_no_further(east: Client) -> None:
    family = {one["name"]: one["uuid"] for one in east.ask(f"{V3}/portfolios")["portfolios"]}
    assert sorted(family) == ["main", "sub"]
    move = {
        "funds": {"value": "100.5", "currency": "USD"},
        "source_portfolio_uuid": family["main"],
        "target_portfolio_uuid": family["sub"],
    }

    assert "id" not in east.ask("POST /api/v3/brokerage/portfolios/move_funds", move)
    assert wallets(east)["USD"][0] == "999899.5"
    assert (east.rows("USD")[0]["type"], east.rows("USD")[0]["amount"]["amount"]) == ("transfer", "-100.5")
    (mine,) = (b for b in east.sim.read("sub").balances if b.asset == "USD")
    assert mine.total == D("600.5")
    much = {**move, "funds": {"value": "9999999", "currency": "USD"}}
    assert east.reply("POST /api/v3/brokerage/portfolios/move_funds", much).status == 400
    other = {**move, "target_portfolio_uuid": "other"}
    assert east.reply("POST /api/v3/brokerage/portfolios/move_funds", other).status == 404
