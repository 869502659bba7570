"""The venue's own client for Python, unmodified, over TLS against the simulated Coinbase."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from coinbase.rest import RESTClient
from requests.adapters import HTTPAdapter

from tests.sim.wire.coinbase.coinbases import D, served, write
from trimtab.sim.wire.server import Running

HOST = "api.coinbase.com"


class ToPort(HTTPAdapter):
    """Every call goes to this machine; the name in it, which the token signs, stays the real one."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        assert request.url is not None
        request.headers["Host"] = HOST
        request.url = request.url.replace(f"https://{HOST}/", f"https://127.0.0.1:{self.port}/", 1)
        return super().send(request, *args, **more)


def client(sim: Running, account: str = "main", **changed: Any) -> RESTClient:
    key = sim.key(account)
    made = RESTClient(api_key=key.key, api_secret=key.secret, rate_limit_headers=True, **changed)
    made.session.verify = str(sim.told.certificates.ca)
    made.session.trust_env = False
    made.session.mount("https://", ToPort(sim.ports["east"]))
    return made


def told(tmp_path: Path, story: Callable[[RESTClient, Running], None]) -> None:
    """Tell a story in a thread of its own, while the server answers in this one."""

    async def both() -> None:
        async with served(write(tmp_path)) as sim:
            asked = client(sim)
            try:
                await asyncio.to_thread(story, asked, sim)
            finally:
                asked.session.close()

    asyncio.run(both())


def test_products_books_accounts_fees_and_permissions(tmp_path: Path) -> None:
    def story(asked: RESTClient, _: Running) -> None:
        assert [one.product_id for one in asked.get_products().products] == ["BTC-USD", "ETH-USD", "USDC-USD"]
        assert asked.get_public_product("BTC-USD").base_increment == "0.00001"
        assert len(asked.get_product_book("BTC-USD", limit=3).pricebook.asks) == 3
        assert asked.get_best_bid_ask(product_ids=["BTC-USD"]).pricebooks[0].product_id == "BTC-USD"
        first = asked.get_accounts(limit=3)
        rest = asked.get_accounts(limit=3, cursor=first.cursor)
        assert (len(first.accounts), first.has_next, len(rest.accounts), rest.has_next) == (3, True, 1, False)
        assert asked.get_account(rest.accounts[0].uuid).account.currency == "USDC"
        assert asked.get_transaction_summary().fee_tier["taker_fee_rate"] == "0.006"
        may = asked.get_api_key_permissions()
        assert (may.can_view, may.can_trade, may.can_transfer) == (True, True, True)
        assert asked.get_unix_time().epoch_seconds.isdigit()
        assert sorted(one.name for one in asked.get_portfolios().portfolios) == ["main", "sub"]

    told(tmp_path, story)


def test_orders_from_first_to_last(tmp_path: Path) -> None:
    def story(asked: RESTClient, _: Running) -> None:
        made = asked.limit_order_gtc_buy("ours", "BTC-USD", "0.5", "50000", post_only=True)
        order_id = made.success_response["order_id"]
        assert (made.success, made.success_response["client_order_id"]) == (True, "ours")
        assert asked.get_order(order_id).order.status == "OPEN"
        assert [one.client_order_id for one in asked.list_orders(order_status=["OPEN"]).orders] == ["ours"]
        gone = asked.cancel_orders([order_id, "none"]).results
        assert [(one.success, one.failure_reason) for one in gone] == [
            (True, "UNKNOWN_CANCEL_FAILURE_REASON"),
            (False, "UNKNOWN_CANCEL_ORDER"),
        ]
        asked.market_order_buy("by quote", "BTC-USD", quote_size="610")
        asked.limit_order_ioc_sell("ioc", "BTC-USD", "0.01", "59994")
        assert {one.side: one.size_in_quote for one in asked.get_fills(product_ids=["BTC-USD"]).fills} == {
            "SELL": False,
            "BUY": True,
        }
        refused = asked.limit_order_gtc_buy("poor", "BTC-USD", "30", "50000")
        assert (refused.success, refused.error_response["error"]) == (False, "INSUFFICIENT_FUND")

    told(tmp_path, story)


def test_the_older_interface_through_the_same_signed_calls(tmp_path: Path) -> None:
    def story(asked: RESTClient, sim: Running) -> None:
        address = sim.venues["west"].sim.address("far", "USDC", "base")
        body = {"type": "send", "to": address, "amount": "10", "currency": "USDC", "network": "base", "idem": "i"}
        sent = asked.post("/v2/accounts/USDC/transactions", data=body)["data"]
        rows = asked.get("/v2/accounts/USDC/transactions", params={"limit": 1})
        assert rows["data"][0]["id"] == sent["id"]
        assert D(rows["data"][0]["amount"]["amount"]) == -10
        assert int(rows["x-ratelimit-remaining"]) < int(rows["x-ratelimit-limit"])
        assert asked.get("/v2/time", public=True)["data"]["epoch"] > 0

    told(tmp_path, story)


def test_a_missing_permission_is_told_as_the_client_looks_for_it(tmp_path: Path) -> None:
    def story(asked: RESTClient, sim: Running) -> None:
        import msgspec

        speaker: Any = sim.venues["east"].speaker
        speaker.keys = {name: msgspec.structs.replace(key, permissions=()) for name, key in speaker.keys.items()}
        with pytest.raises(requests.HTTPError, match="Missing Required Scopes"):
            asked.get_accounts()

    told(tmp_path, story)
