"""Money in and out as the older interface tells it, with everything that confuses its readers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.sim.wire.coinbase.coinbases import Client, D, limit, write

HOUR = 3600


@dataclass
class Pair:
    """Two venues of one world; time passes for both."""

    east: Client
    west: Client

    def after(self, seconds: float) -> None:
        self.east.step(seconds)

    def send(self, amount: str = "100", network: str = "ethereum", **more: Any) -> dict[str, Any]:
        """USDC from east to west, as the answer tells it."""
        found: dict[str, Any] = self.east.ask(*self.asked(amount, network, **more))["data"]
        return found

    def asked(self, amount: str, network: str = "ethereum", **more: Any) -> tuple[str, dict[str, Any]]:
        body = {"type": "send", "to": self.address(network), "amount": amount, "currency": "USDC", "network": network}
        return f"POST /v2/accounts/{self.east.wallet('USDC')}/transactions", {**body, **more}

    def address(self, network: str = "ethereum") -> str:
        return self.west.sim.address("far", "USDC", network)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    path = write(tmp_path)
    one = Pair(Client(path), Client(path, "west", "far"))
    yield one
    one.east.close()
    one.west.close()


def sends(client: Client, asset: str = "USDC") -> list[dict[str, Any]]:
    return [row for row in client.rows(asset) if row["type"] == "send"]


def stages(client: Client) -> tuple[str, str]:
    row = sends(client)[0]
    return row["status"], row["network"]["status"]


def amounts(rows: list[dict[str, Any]]) -> list[Decimal]:
    return [D(row["amount"]["amount"]) for row in rows]


def test_what_is_sent_is_gross_and_the_fee_comes_out_of_it(pair: Pair) -> None:
    row = pair.send("100.5", idem="i1", description="to the other")

    assert (row["type"], row["status"], row["amount"]) == ("send", "pending", {"amount": "-100.5", "currency": "USDC"})
    assert row["network"]["transaction_fee"] == {"amount": "1", "currency": "USDC"}
    assert (row["idem"], row["to"]["address"], row["network"]["network_name"]) == ("i1", pair.address(), "ethereum")
    assert pair.east.ask("GET /v2/accounts/USDC")["data"]["balance"]["amount"] == "4899.5"


def test_the_same_idem_sends_once_and_answers_with_the_first(pair: Pair) -> None:
    first, again = pair.send("100", idem="i1"), pair.send("200", idem="i1")
    other, none, also_none = pair.send("100", idem="i2"), pair.send("100"), pair.send("100")

    assert again == first
    assert len({row["id"] for row in (first, other, none, also_none)}) == 4
    assert sum(amounts(sends(pair.east))) == D(-400)


def test_an_idem_belongs_to_one_wallet(pair: Pair) -> None:
    pair.send("100", idem="i1")
    target = pair.west.sim.address("far", "BTC", "bitcoin")
    body = {"type": "send", "to": target, "amount": "1", "currency": "BTC", "idem": "i1"}
    assert pair.east.ask("POST /v2/accounts/BTC/transactions", body)["data"]["amount"]["amount"] == "-1"


def test_both_ends_name_one_hash_and_each_its_own_stages(pair: Pair) -> None:
    sent = pair.send()
    assert "hash" not in sent["network"]
    assert (stages(pair.east), sends(pair.west)) == (("pending", "pending"), [])
    pair.after(240)
    assert (stages(pair.east), stages(pair.west)) == (("completed", "pending"), ("pending", "pending"))
    pair.after(360)
    assert (stages(pair.east), stages(pair.west)) == (("completed", "confirmed"), ("completed", "pending"))
    pair.after(1200)
    assert (stages(pair.east), stages(pair.west)) == (("completed", "confirmed"), ("completed", "confirmed"))
    (out,), (into,) = sends(pair.east), sends(pair.west)
    assert out["network"]["hash"] == into["network"]["hash"]
    assert (out["amount"]["amount"], into["amount"]["amount"]) == ("-100", "99")


def test_stamps_are_whole_seconds_of_the_market(pair: Pair) -> None:
    pair.after(0.75)
    pair.send()
    pair.after(HOUR)
    (out,), (into,) = sends(pair.east), sends(pair.west)

    assert (out["created_at"], out["updated_at"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:04:00Z")
    assert (into["created_at"], into["updated_at"]) == ("2026-01-01T12:04:00Z", "2026-01-01T12:10:00Z")


def test_a_deposit_that_is_held_waits_and_says_why(pair: Pair) -> None:
    pair.send()
    pair.after(300)
    pair.west.sim.hold("east-t1", "travel rule")

    assert stages(pair.west) == ("waiting_for_clearing", "pending")
    assert sends(pair.west)[0]["description"] == "travel rule"
    pair.west.sim.release("east-t1")
    pair.after(HOUR)
    assert stages(pair.west) == ("completed", "confirmed")


def test_who_sent_a_deposit_is_not_told(pair: Pair) -> None:
    pair.send()
    pair.after(HOUR)
    told = msgspec.json.encode(sends(pair.west)).decode()
    assert "main" not in told
    assert "to" not in sends(pair.west)[0]


def test_every_second_withdrawal_tells_its_net_amount_too(pair: Pair) -> None:
    rows = [pair.send(str(100 + number)) for number in range(4)]
    assert [row["network"].get("transaction_amount", {}).get("amount") for row in rows] == ["99", None, "101", None]


def test_the_networks_of_an_asset_differ_and_the_first_is_usual(pair: Pair) -> None:
    assert pair.send("100", "base")["network"]["transaction_fee"]["amount"] == "0.1"
    line, body = pair.asked("100", "base")
    del body["network"]
    assert pair.east.ask(line, body)["data"]["network"]["network_name"] == "base"
    assert pair.send("100", "ethereum")["network"]["transaction_fee"]["amount"] == "1"


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"amount": "5000.01"}, 400, "You don't have that much."),
        ({"amount": "9"}, 400, "The amount is below the minimum."),
        ({"amount": "100.0000001"}, 400, "The amount is below the minimum."),
        ({"amount": "-5"}, 400, "The amount is below the minimum."),
        ({"amount": 100}, 400, "amount: numbers are sent as strings"),
        ({"to": "0xnobody"}, 400, "Please enter a valid email or address."),
        ({"network": "solana"}, 400, "Please enter a valid email or address."),
        ({"currency": "BTC"}, 400, "currency: this account holds USDC"),
        ({"type": "transfer"}, 400, "type: only send is supported"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_leaves(
    pair: Pair, change: dict[str, Any], status: int, message: str
) -> None:
    line, body = pair.asked("100")
    reply = pair.east.reply(line, {**body, **change})
    error = msgspec.json.decode(reply.body)["errors"][0]

    assert (reply.status, error["id"], error["message"]) == (status, "validation_error", message)
    assert sends(pair.east) == []


def test_a_deposit_that_has_not_matured_cannot_be_sent_on(pair: Pair) -> None:
    pair.send("1000")
    pair.after(700)
    home = pair.east.sim.address("main", "USDC", "ethereum")
    back = {"type": "send", "to": home, "currency": "USDC", "network": "ethereum"}
    line = "POST /v2/accounts/USDC/transactions"

    assert pair.west.ask("GET /v2/accounts/USDC")["data"]["balance"]["amount"] == "1299"
    assert pair.west.reply(line, {**back, "amount": "301"}).status == 400
    assert pair.west.reply(line, {**back, "amount": "300"}).status == 201


def test_a_fill_is_a_row_in_both_wallets_and_its_fee_in_one(east: Client) -> None:
    east.send("1", limit("0.5", "60006"))
    (base,) = (row for row in east.rows("BTC") if row["type"] == "advanced_trade_fill")
    (quote,) = (row for row in east.rows("USD") if row["type"] == "advanced_trade_fill")

    assert (base["amount"]["amount"], quote["amount"]["amount"]) == ("0.5", "-30003")
    assert base["advanced_trade_fill"]["commission"] == "180.018"
    assert "commission" not in quote["advanced_trade_fill"]
    assert base["advanced_trade_fill"]["order_id"] == quote["advanced_trade_fill"]["order_id"]


def test_what_was_bought_for_a_sum_is_told_as_a_conversion(east: Client) -> None:
    east.send("1", {"market_market_ioc": {"quote_size": "610"}})
    assert [row["type"] for row in east.rows("BTC")] == ["trade", "pro_withdrawal"]


def test_what_was_there_at_the_start_says_that_it_was_withdrawn(east: Client) -> None:
    (row,) = east.rows("BTC")
    assert (row["type"], row["amount"]["amount"]) == ("pro_withdrawal", "2.00000001")


def test_rows_come_newest_first_in_pages_of_25_without_gap_or_repetition(pair: Pair) -> None:
    for number in range(30):
        pair.send(str(10 + number))
        pair.after(1)
    first = pair.east.ask("GET /v2/accounts/USDC/transactions")
    rows = pair.east.rows("USDC")
    assert pair.east.ask("GET /v2/accounts/USDC/transactions?limit=1000")["pagination"]["limit"] == 100
    assert (len(first["data"]), first["pagination"]["limit"]) == (25, 25)
    assert first["pagination"]["next_uri"].endswith(f"starting_after={first['data'][-1]['id']}")
    assert [row["id"] for row in rows[:25]] == [row["id"] for row in first["data"]]
    assert amounts(rows[:30]) == [D(-10 - number) for number in reversed(range(30))]
    assert max(Counter(row["id"] for row in rows).values()) == 1


def test_one_row_can_be_asked_for(pair: Pair) -> None:
    row = pair.send()
    path = f"/v2/accounts/{pair.east.wallet('USDC')}/transactions"
    assert row["resource_path"] == f"{path}/{row['id']}"
    assert pair.east.ask(f"GET {row['resource_path']}")["data"] == row
    assert pair.east.reply(f"GET {path}/none").status == 404


def test_bank_transfers_are_asked_for_in_vain(pair: Pair) -> None:
    pair.send()
    for kind in ("deposits", "withdrawals"):
        assert pair.east.ask(f"GET /v2/accounts/USDC/{kind}")["data"] == []


def test_the_rows_of_a_wallet_and_the_fees_of_its_fills_add_up_to_its_balance(pair: Pair) -> None:
    east = pair.east
    east.send("1", limit("0.5", "60006"))
    east.send("2", {"market_market_ioc": {"quote_size": "4321.01"}})
    east.send("3", {"market_market_ioc": {"base_size": "0.3"}}, body={"side": "SELL"})
    pair.send("77", "base")
    fees = sum(
        (D(one["commission"]) for one in east.ask("GET /api/v3/brokerage/orders/historical/fills")["fills"]), D()
    )
    pair.after(HOUR)

    for asset in ("BTC", "USD", "USDC"):
        total = D(east.ask(f"GET /v2/accounts/{asset}")["data"]["balance"]["amount"])
        assert sum(amounts(east.rows(asset))) - (fees if asset == "USD" else 0) == total
