"""Money in, out and between accounts as Binance's wallet tells it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.contracts.sites import NOON
from tests.sim.wire.wired import Answer, Wired

AT = int(NOON.timestamp() * 1000)
OUT, CAME = "GET /sapi/v1/capital/withdraw/history", "GET /sapi/v1/capital/deposit/hisrec"


def send(site: Wired, amount: str = "1000", key: str = "main", **more: str) -> Answer:
    address = site.ask("GET /sapi/v1/capital/deposit/address", "other", "there", coin="USDT", network="ETH").json[
        "address"
    ]
    told = {"coin": "USDT", "network": "ETH", "address": address, "amount": amount, **more}
    return site.ask("POST /sapi/v1/capital/withdraw/apply", key, **told)


def after(site: Wired, seconds: int) -> None:
    site.clock.step(NOON.replace(minute=seconds // 60, second=seconds % 60))


def test_a_withdrawal_takes_exactly_what_was_asked_and_is_told_net(site: Wired) -> None:
    made = send(site, withdrawOrderId="w1")
    (row,) = site.ask(OUT, "main").json
    held = {one["asset"]: one["free"] for one in site.ask("GET /api/v3/account", "main").json["balances"]}

    assert made.json == {"id": row["id"]}
    assert held["USDT"] == "1999000.00000000"
    assert (row["amount"], row["transactionFee"], row["status"], row["txId"]) == ("999.00000000", "1.00000000", 4, "")
    assert (row["applyTime"], row["withdrawOrderId"], row["network"]) == ("2026-01-01 12:00:00", "w1", "ETH")


def test_a_deposit_goes_through_its_codes(site: Wired) -> None:
    send(site)
    codes, rows = [], []
    for seconds in (0, 239, 240, 599, 600, 1799, 1800):
        after(site, seconds)
        rows = site.ask(CAME, "other", "there").json
        codes.append((seconds, [(row["status"], "completeTime" in row) for row in rows]))

    assert codes == [
        (0, []), (239, []), (240, [(0, False)]), (599, [(0, False)]),
        (600, [(6, True)]), (1799, [(6, True)]), (1800, [(1, True)]),
    ]  # fmt: skip
    (row,) = rows
    assert (row["insertTime"], row["completeTime"]) == (AT + 240_000, AT + 600_000)
    assert row["txId"] == site.ask(OUT, "main").json[0]["txId"]


@pytest.mark.parametrize(("because", "code"), [("travel rule", 8), ("wrong network", 7)])
def test_a_held_deposit_waits_for_its_owner_or_is_wrong(because: str, code: int, site: Wired) -> None:
    sent = send(site).json["id"]
    after(site, 241)
    site.there.sim.hold(sent, because)
    after(site, 1800)

    (row,) = site.ask(CAME, "other", "there").json
    assert (row["status"], "completeTime" in row) == (code, False)
    assert site.ask(CAME, "other", "there", status=code).json == [row]
    assert site.ask(CAME, "other", "there", status=1).json == []


def test_what_was_credited_and_is_held_is_credited_and_cannot_leave(site: Wired) -> None:
    sent = send(site).json["id"]
    after(site, 601)
    site.there.sim.hold(sent, "review")

    assert site.ask(CAME, "other", "there").json[0]["status"] == 6


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "9"}, -4022),
        ({"amount": "3000000"}, -4026),
        ({"network": "TRX"}, -4019),
        ({"coin": "XRP"}, -4018),
        ({"address": "paper-0"}, -4033),
        ({"amount": "1.123456789"}, -4022),
        ({"amount": "abc"}, -1100),
        ({"key": "sub", "amount": "100"}, -4015),
    ],
)
def test_a_withdrawal_that_may_not_be_has_its_code(changes: dict[str, str], code: int, site: Wired) -> None:
    assert send(site, **changes).code == code
    assert site.ask(OUT, "main").json == []


def test_histories_are_cut_by_time_coin_reference_and_page(site: Wired) -> None:
    for number in range(3):
        after(site, number)
        send(site, str(100 + number), withdrawOrderId=f"w{number}")

    def amounts(**asked: Any) -> list[Decimal]:
        return [Decimal(row["amount"]) + Decimal(row["transactionFee"]) for row in site.ask(OUT, "main", **asked).json]

    assert amounts() == [102, 101, 100]
    assert amounts(startTime=AT + 1000) == [102, 101]
    assert amounts(endTime=AT + 999) == [100]
    assert amounts(withdrawOrderId="w1") == [101]
    assert amounts(offset=1, limit=1) == [101]
    assert amounts(coin="BTC") == []
    assert amounts(status=4) == [102, 101, 100]
    assert site.ask(OUT, "main", startTime=AT - 91 * 86_400_000).code == -4047
    assert site.ask(OUT, "main", startTime=AT - 89 * 86_400_000).status == 200


def test_an_address_is_the_accounts_own_and_of_a_network_that_is_carried(site: Wired) -> None:
    told = site.ask("GET /sapi/v1/capital/deposit/address", "main", coin="USDT").json

    assert told["address"] == site.here.sim.address("main", "USDT", "ETH")
    assert site.ask("GET /sapi/v1/capital/deposit/address", "main", coin="BTC").code == -4019
    assert site.ask("GET /sapi/v1/capital/deposit/address", "main", coin="XRP").code == -4018


def test_money_moves_within_a_family_and_both_ends_tell_it(site: Wired) -> None:
    told = {"fromAccountType": "SPOT", "toAccountType": "SPOT", "asset": "USDT", "amount": "300"}
    (sub,) = site.ask("GET /sapi/v1/sub-account/list", "main").json["subAccounts"]
    moved = site.ask("POST /sapi/v1/sub-account/universalTransfer", "main", **told, toEmail=sub["email"]).json
    history = site.ask("GET /sapi/v1/sub-account/universalTransfer", "main").json

    assert (history["totalCount"], history["result"][0]["tranId"]) == (1, moved["tranId"])
    assert (history["result"][0]["toEmail"], history["result"][0]["amount"]) == (sub["email"], "300.00000000")
    assert site.ask("GET /api/v3/account", "sub").json["balances"][0]["free"] == "800.00000000"
    strange = site.ask("POST /sapi/v1/sub-account/universalTransfer", "main", **told, toEmail="somebody@else")
    assert strange.code == -4003


def test_a_sub_account_without_the_right_moves_nothing(site: Wired) -> None:
    moved = site.ask("POST /sapi/v1/sub-account/transfer/subToMaster", "sub", asset="USDT", amount="100")

    assert moved.code == -4015
    assert site.ask("POST /sapi/v1/sub-account/transfer/subToMaster", "main", asset="USDT", amount="1").code == -4003


def test_other_wallets_are_not_there(site: Wired) -> None:
    told = {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}

    assert site.ask("POST /sapi/v1/asset/transfer", "main", **told).code == -1130
    assert site.ask("GET /sapi/v1/asset/transfer", "main", type="MAIN_UMFUTURE").json == {"total": 0, "rows": []}
