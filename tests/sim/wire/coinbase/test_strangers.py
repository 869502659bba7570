"""Whatever is sent, the simulated Coinbase answers it, and nothing happens that was not asked for."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sim.wire.coinbase.coinbases import Client, limit, write
from trimtab.sim.wire.calls import Reply

ORDERS = "POST /api/v3/brokerage/orders"
WORDS = st.text(max_size=8) | st.sampled_from(["BUY", "SELL", "BTC-USD", "BTC/USD", "USDC", "send", "ethereum"])
NUMBERS = st.sampled_from(["0", "-1", "1e9999999", "1E-9999999", "NaN", "Infinity", "0.00001", "9" * 40, "\uff11", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
CONFIGURATIONS = st.dictionaries(
    st.sampled_from([*limit(), "market_market_ioc", "limit_limit_gtd", "sor_limit_ioc"]),
    st.dictionaries(st.sampled_from(["base_size", "quote_size", "limit_price", "end_time", "post_only"]), VALUES)
    | VALUES,
    max_size=2,
)
BODIES = VALUES | st.fixed_dictionaries(
    {},
    optional={
        "client_order_id": WORDS,
        "product_id": WORDS,
        "side": WORDS,
        "order_configuration": CONFIGURATIONS | VALUES,
        "order_ids": VALUES,
        "type": WORDS,
        "to": WORDS,
        "amount": NUMBERS | VALUES,
        "currency": WORDS,
        "network": VALUES,
        "idem": VALUES,
        "funds": VALUES,
        "source_portfolio_uuid": VALUES,
        "target_portfolio_uuid": VALUES,
    },
)
POSTS = (
    ORDERS,
    f"{ORDERS}/batch_cancel",
    "POST /api/v3/brokerage/portfolios/move_funds",
    "POST /v2/accounts/USDC/transactions",
)
GETS = (
    "/api/v3/brokerage/orders/historical/batch",
    "/api/v3/brokerage/orders/historical/fills",
    "/api/v3/brokerage/accounts",
    "/api/v3/brokerage/products",
    "/api/v3/brokerage/product_book",
    "/v2/accounts/USDC/transactions",
)
FIELDS = "limit cursor start_date end_date product_id product_ids order_status starting_after start_sequence_timestamp"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path: Path = tmp_path_factory.mktemp("strangers")
    client = Client(write(path))
    yield client
    client.close()


def answered(reply: Reply) -> bool:
    return reply.status in (200, 400, 404) and len(reply.body) > 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.sampled_from(POSTS), body=BODIES)
def test_every_body_is_answered(stranger: Client, line: str, body: Any) -> None:
    assert answered(stranger.reply(line, body))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(GETS),
    name=st.sampled_from(FIELDS.split()),
    value=st.text(st.characters(codec="ascii"), max_size=12)
    | st.sampled_from(["9" * 5000, "0001-01-01T00:00:00+14:00"]),
)
def test_every_query_is_answered(stranger: Client, path: str, name: str, value: str) -> None:
    from urllib.parse import quote

    assert answered(stranger.reply(f"GET {path}?{name}={quote(value)}"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(max_size=30) | st.lists(st.text("abcXYZ019-_", max_size=9), max_size=4).map(".".join))
def test_every_token_that_is_none_is_turned_away(stranger: Client, token: str) -> None:
    assert stranger.reply("GET /v2/accounts", token=token).status == 401
