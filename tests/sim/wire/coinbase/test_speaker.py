"""Who may ask the simulated Coinbase, how often, and how it says no."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.sim.wire.coinbase.coinbases import WALL, Client, limit, write
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.gates import Allowance
from trimtab.sim.wire.coinbase.asked import USUAL, Habits
from trimtab.sim.wire.keys import Permission

V3 = "/api/v3/brokerage"
ORDER = {"client_order_id": "1", "product_id": "BTC-USD", "side": "BUY", "order_configuration": limit()}
SEND = {"type": "send", "currency": "USDC", "amount": "10", "to": "x"}


@pytest.mark.parametrize(
    ("line", "body", "needs"),
    [
        (f"GET {V3}/accounts", None, Permission.READ),
        (f"GET {V3}/orders/historical/batch", None, Permission.READ),
        (f"POST {V3}/orders", ORDER, Permission.TRADE),
        (f"POST {V3}/orders/batch_cancel", {"order_ids": ["x"]}, Permission.TRADE),
        (f"POST {V3}/portfolios/move_funds", {"funds": {}}, Permission.TRANSFER),
        ("POST /v2/accounts/USDC/transactions", SEND, Permission.WITHDRAW),
    ],
)
def test_every_endpoint_asks_for_its_permission_and_no_other(
    east: Client, line: str, body: Any, needs: Permission
) -> None:
    for permissions in ((needs,), tuple(set(Permission) - {needs})):
        key = msgspec.structs.replace(east.key, permissions=permissions)
        east.speaker.keys = {key.key: key}
        assert (east.reply(line, body).status == 403) is (needs not in permissions)


def test_a_missing_permission_is_said_in_both_shapes(east: Client) -> None:
    key = msgspec.structs.replace(east.key, permissions=())
    east.speaker.keys = {key.key: key}

    assert b'"error_details":"Missing required scopes"' in east.reply(f"GET {V3}/accounts").body
    assert b'{"errors":[{"id":"invalid_scope"' in east.reply("GET /v2/accounts").body


def test_both_interfaces_have_a_shape_for_errors(east: Client) -> None:
    new, old = east.reply(f"GET {V3}/products/NO-NO"), east.reply("GET /v2/nothing")

    assert (new.status, old.status) == (404, 404)
    assert sorted(msgspec.json.decode(new.body)) == ["error", "error_details", "message"]
    assert old.body == b'{"errors":[{"id":"not_found","message":"Not found"}]}'


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"a":' * 100_000, b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_object_is_refused(east: Client, body: bytes) -> None:
    from dataclasses import replace

    call = replace(east.call(f"POST {V3}/orders"), body=body)
    assert east.speaker.answer(call, None).status == 400


def test_keyed_calls_are_counted_by_account_and_keyless_by_address(tmp_path: Path) -> None:
    few = Habits(
        private=Allowance(name="private", most=3, window_s=Decimal(1)),
        public=Allowance(name="public", most=2, window_s=Decimal(1)),
    )
    east = Client(write(tmp_path), habits=few)
    keyed = [east.reply(f"GET {V3}/accounts") for _ in range(4)]
    keyless = [east.reply("GET /v2/time", token="") for _ in range(3)]

    assert [reply.status for reply in keyed] == [200, 200, 200, 429]
    assert [reply.headers["x-ratelimit-remaining"] for reply in keyed] == ["2", "1", "0", "0"]
    assert [reply.status for reply in keyless] == [200, 200, 429]
    assert east.reply("GET /v2/time", token="", peer="127.0.0.9").status == 200
    assert east.reply(f"GET {V3}/accounts", peer="127.0.0.9").status == 429
    assert keyed[3].headers["x-ratelimit-limit"] == "3"
    assert keyed[3].headers["x-ratelimit-reset"] == str(int(WALL.timestamp()) + 1)
    east.wall += timedelta(seconds=1)
    assert east.reply(f"GET {V3}/accounts").status == 200
    east.close()


def test_the_usual_limits_are_the_documented_ones() -> None:
    assert (USUAL.private.most, USUAL.public.most, USUAL.private.window_s) == (30, 10, Decimal(1))


def test_an_order_over_the_limit_is_not_taken(tmp_path: Path) -> None:
    east = Client(write(tmp_path), habits=Habits(private=Allowance(name="private", most=1, window_s=Decimal(1))))
    replies = [east.reply(f"POST {V3}/orders", {**ORDER, "client_order_id": str(n)}) for n in range(2)]

    assert [reply.status for reply in replies] == [200, 429]
    assert b"rate_limit_exceeded" in replies[1].body
    assert len(east.sim.log()) == 1
    east.close()


def test_a_world_whose_fees_coinbase_cannot_tell_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"venues.east.fees\[1\].taken_from: received"):
        Client(write(tmp_path, fees='taken_from = "quote" => taken_from = "received"'))


@pytest.mark.parametrize(
    ("fault", "status", "taken"),
    [(Fault.LIMITED, 429, 0), (Fault.BANNED, 429, 0), (Fault.MAINTENANCE, 503, 0), (Fault.UNKNOWN, 500, 1)],
)
def test_a_fault_answers_instead_and_the_order_is_there_or_is_not(
    east: Client, fault: Fault, status: int, taken: int
) -> None:
    assert east.reply(f"POST {V3}/orders", ORDER, Planned(fault=fault)).status == status
    assert len(east.sim.log()) == taken


def test_a_ban_lasts_as_long_as_it_was_planned(east: Client) -> None:
    east.reply("GET /v2/time", fault=Planned(fault=Fault.BANNED))
    east.wall += timedelta(seconds=119)
    assert east.reply("GET /v2/time").status == 429
    east.wall += timedelta(seconds=1)
    assert east.reply("GET /v2/time").status == 200


def test_a_revoked_key_opens_nothing_any_more(east: Client) -> None:
    assert east.reply(f"GET {V3}/accounts", fault=Planned(fault=Fault.REVOKED)).status == 401
    assert east.reply(f"POST {V3}/orders", ORDER).status == 401
    assert "was revoked" in east.speaker.memory.denials[-1]


def test_a_fault_may_revoke_another_key_than_the_callers(east: Client) -> None:
    assert east.reply(f"GET {V3}/accounts", fault=Planned(fault=Fault.REVOKED, subject="other")).status == 200
    assert east.reply(f"GET {V3}/accounts", fault=Planned(fault=Fault.REVOKED, subject="k")).status == 401
