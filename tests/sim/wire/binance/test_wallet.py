"""Balances, fees and coins as Binance's wallet tells them."""

from tests.contracts.sites import NOON
from tests.sim.wire.wired import Wired

AT = int(NOON.timestamp() * 1000)


def test_an_account_tells_balances_rights_and_rates(site: Wired) -> None:
    told = site.ask("GET /api/v3/account", "sub").json

    assert (told["canTrade"], told["canWithdraw"], told["updateTime"]) == (True, False, AT)
    assert told["balances"] == [{"asset": "USDT", "free": "500.00000000", "locked": "0.00000000"}]
    assert told["commissionRates"] == {
        "maker": "0.00080000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000"
    }  # fmt: skip


def test_coins_tell_their_networks_fees_and_minimums(site: Wired) -> None:
    told = {one["coin"]: one for one in site.ask("GET /sapi/v1/capital/config/getall", "main").json}
    (network,) = told["USDT"]["networkList"]

    assert sorted(told) == ["BNB", "BTC", "ETH", "USDT"]
    assert told["USDT"]["free"] == "2000000.00000000"
    assert (network["network"], network["withdrawFee"], network["withdrawMin"]) == ("ETH", "1.00000000", "10.00000000")
    assert network["withdrawIntegerMultiple"] == "0.00000001"
