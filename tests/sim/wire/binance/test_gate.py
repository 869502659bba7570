"""Who gets in: keys, signatures over the bytes as they came, the window of time, permissions, addresses, budgets."""

import base64
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.sim.wire.wired import Wired, signed, wired
from trimtab.sim.faults import Fault, Plan, Planned
from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.wire import keys
from trimtab.sim.wire.keys import Kind, Permission

ACCOUNT = "GET /api/v3/account"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "50000"}


def now() -> int:
    return int(time.time() * 1000)


def test_a_private_question_needs_a_key_a_signature_and_a_time(site: Wired) -> None:
    key = site.sim.key("main")
    query, header = signed(key, {})

    assert site.send("GET", "/api/v3/account", query).code == -2014
    assert site.send("GET", "/api/v3/account", query, {"X-MBX-APIKEY": "0" * 64}).code == -2008
    assert site.send("GET", "/api/v3/account", f"timestamp={now()}", header).code == -1102
    assert site.send("GET", "/api/v3/account", signed(key, {"timestamp": ""})[0], header).code == -1102
    assert site.send("GET", "/api/v3/account", query, header).status == 200


def test_one_changed_byte_spoils_a_signature(site: Wired) -> None:
    query, header = signed(site.sim.key("main"), {"omitZeroBalances": "true"})

    assert site.send("GET", "/api/v3/account", query.replace("true", "True"), header).code == -1022
    assert site.send("GET", "/api/v3/account", query[:-1] + ("0" if query[-1] != "0" else "1"), header).code == -1022


def test_another_keys_signature_is_none(site: Wired) -> None:
    query, _ = signed(site.sim.key("main"), {})

    assert site.send("GET", "/api/v3/account", query, {"X-MBX-APIKEY": site.sim.key("sub").key}).code == -1022


def test_a_signed_body_counts_as_a_query_does(site: Wired) -> None:
    body, header = signed(site.sim.key("main"), ORDER)
    form = {**header, "Content-Type": "application/x-www-form-urlencoded"}

    assert site.send("POST", "/api/v3/order", headers=form, body=body).status == 200


def test_a_parameter_is_sent_once(site: Wired) -> None:
    key = site.sim.key("main")
    body, header = signed(key, ORDER)

    assert site.send("POST", "/api/v3/order", "symbol=ETHUSDT", header, body=body).code == -1101


@pytest.mark.parametrize(
    ("age_ms", "window", "code"),
    [(0, "5000", None), (4000, "5000", None), (6000, "5000", -1021), (6000, "60000", None), (-3000, "5000", -1021)],
)
def test_a_request_is_good_for_its_window(age_ms: int, window: str, code: int | None, site: Wired) -> None:
    assert site.ask(ACCOUNT, "main", timestamp=now() - age_ms, recvWindow=window).code == code


def test_a_window_has_a_limit(site: Wired) -> None:
    assert site.ask(ACCOUNT, "main", recvWindow="60001").code == -1131


def test_a_late_order_is_never_taken(site: Wired) -> None:
    assert site.ask("POST /api/v3/order", "main", **ORDER, timestamp=now() - 6000).code == -1021
    assert site.here.sim.log() == ()


def test_the_venues_clock_may_be_off_and_says_so(site: Wired) -> None:
    site.here.plan = Plan(faults=(Planned(fault=Fault.SKEWED, on=(1,)),))
    told = site.ask("GET /api/v3/time").json["serverTime"]

    assert 59_000 < told - now() < 61_000
    assert site.ask(ACCOUNT, "main").code == -1021
    assert site.ask(ACCOUNT, "main", timestamp=now() + 60_000).status == 200


READ_ONLY = keys.make("read", "main", Kind.HMAC, (Permission.READ,))
TRADER = keys.make("trader", "main", Kind.HMAC, keys.TRADING)
BOUND = keys.Key(id="bound", account="main", key="b" * 64, secret="s", ips=("127.0.0.7",), permissions=keys.EVERYTHING)


def test_a_key_does_what_it_may_and_nothing_else(tmp_path: Path) -> None:
    with wired(tmp_path, (READ_ONLY, TRADER)) as site:
        away = {
            "coin": "USDT",
            "network": "ETH",
            "amount": "100",
            "address": site.there.sim.address("other", "USDT", "ETH"),
        }

        assert site.ask(ACCOUNT, "read").status == 200
        assert site.ask("POST /api/v3/order", "read", **ORDER).code == -2015
        assert site.ask("POST /api/v3/order", "trader", **ORDER).status == 200
        assert site.ask("POST /sapi/v1/capital/withdraw/apply", "trader", **away).code == -2015
        assert site.ask("POST /sapi/v1/capital/withdraw/apply", "main", **away).status == 200


def test_a_key_says_what_it_may(tmp_path: Path) -> None:
    with wired(tmp_path, (TRADER, BOUND)) as site:
        told = site.ask("GET /sapi/v1/account/apiRestrictions", "trader").json
        named = ("ipRestrict", "enableReading", "enableSpotAndMarginTrading", "enableWithdrawals")

        assert [told[name] for name in named] == [False, True, True, False]


def test_a_key_that_is_bound_to_an_address_is_none_elsewhere(tmp_path: Path) -> None:
    with wired(tmp_path, (BOUND,)) as site:
        query, header = signed(BOUND, {})

        assert site.send("GET", "/api/v3/account", query, header).code == -2015
        assert site.send("GET", "/api/v3/account", query, header, local="127.0.0.7").status == 200


def test_a_key_may_be_revoked_in_the_middle(site: Wired) -> None:
    assert site.ask(ACCOUNT, "main").status == 200
    site.here.plan = Plan(faults=(Planned(fault=Fault.REVOKED, on=(1,)),))

    answers = [site.ask(ACCOUNT, "main") for _ in range(2)]
    assert [(one.status, one.code) for one in answers] == [(401, -2015)] * 2
    assert site.ask(ACCOUNT, "sub").status == 200


def test_an_ed25519_key_signs_the_same_bytes(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key = keys.Key(id="ed", account="main", kind=Kind.ED25519, key="e" * 64, public=pem.decode())
    with wired(tmp_path, (key,)) as site:
        query = urlencode({"timestamp": now()})
        signature = quote(base64.b64encode(private.sign(query.encode())).decode(), safe="")
        header = {"X-MBX-APIKEY": key.key}

        assert site.send("GET", "/api/v3/account", f"{query}&signature={signature}", header).status == 200
        assert site.send("GET", "/api/v3/account", f"{query}0&signature={signature}", header).code == -1022


LONG_S = Decimal(10**9)
"""A window that does not end while a test runs."""
LITTLE = Limits(
    weight=Allowance(name="1M", most=45, window_s=LONG_S),
    wallet=Allowance(name="1M", most=45, window_s=LONG_S),
    orders=(Allowance(name="10S", most=2, window_s=LONG_S), Allowance(name="1D", most=100, window_s=LONG_S)),
    strikes=2,
    ban_s=Decimal(100),
)


def test_weights_add_up_in_the_headers(tmp_path: Path) -> None:
    with wired(tmp_path, limits=LITTLE) as site:
        first = site.ask(ACCOUNT, "main").headers
        second = site.ask("GET /api/v3/depth", symbol="BTCUSDT", limit=500).headers
        sapi = site.ask("GET /sapi/v1/capital/config/getall", "main").headers

        assert (first["X-MBX-USED-WEIGHT-1M"], second["X-MBX-USED-WEIGHT-1M"]) == ("20", "45")
        assert sapi["X-SAPI-USED-IP-WEIGHT-1M"] == "10"


def test_who_asks_too_much_has_to_wait_and_who_does_not_wait_is_banned(tmp_path: Path) -> None:
    with wired(tmp_path, limits=LITTLE) as site:
        answers = [site.ask(ACCOUNT, "main") for _ in range(7)]

        assert [one.status for one in answers] == [200, 200, 429, 429, 418, 418, 418]
        assert {one.code for one in answers[2:]} == {-1003}
        assert 0 < int(answers[2].headers["Retry-After"]) <= LONG_S
        assert 90 < int(answers[4].headers["Retry-After"]) <= 100
        assert site.send("GET", "/api/v3/ping", local="127.0.0.9").status == 200


def test_orders_are_counted_by_account(tmp_path: Path) -> None:
    with wired(tmp_path, limits=LITTLE) as site:
        answers = [site.ask("POST /api/v3/order", "main", **ORDER) for _ in range(3)]

        assert [one.status for one in answers] == [200, 200, 429]
        assert (answers[1].headers["X-MBX-ORDER-COUNT-10S"], answers[2].code) == ("2", -1015)
        assert len(site.here.sim.log()) == 2
        assert site.ask("POST /api/v3/order", "sub", **{**ORDER, "quantity": "0.001"}).status == 200


def test_limits_are_told_with_the_symbols(site: Wired) -> None:
    told = site.ask("GET /api/v3/exchangeInfo").json["rateLimits"]

    assert told[0] == {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}
    assert told[1] == {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100}
    assert told[2] == {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000}


def test_an_account_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    gone = "[venues.here.accounts.main]\n => [venues.here.accounts.main]\nunreadable_from = 2026-01-01T12:00:00Z\n"
    with wired(tmp_path, gone=gone) as site:
        answer = site.ask(ACCOUNT, "main")

        assert (answer.status, answer.code) == (503, -1000)
        assert site.ask(ACCOUNT, "sub").status == 200


def test_what_is_asked_of_one_symbol_or_one_order_weighs_less(tmp_path: Path) -> None:
    with wired(tmp_path) as site:
        asked: list[tuple[str, dict[str, Any]]] = [
            ("GET /api/v3/openOrders", {}),
            ("GET /api/v3/openOrders", {"symbol": "BTCUSDT"}),
            ("GET /api/v3/myTrades", {"symbol": "BTCUSDT"}),
            ("GET /api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": 1}),
        ]
        answers = [site.ask(line, "main", **params) for line, params in asked]
        used = [int(answer.headers["X-MBX-USED-WEIGHT-1M"]) for answer in answers]

        assert used == [80, 86, 106, 111]


def test_every_call_is_counted_by_its_name(site: Wired) -> None:
    for _ in range(3):
        site.ask(ACCOUNT, "main")
    site.ask("GET /api/v3/time")

    assert site.ask("GET /sim/calls").json == {"GET /api/v3/account": 3, "GET /api/v3/time": 1}
