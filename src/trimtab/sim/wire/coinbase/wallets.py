"""What an account holds, as wallets of one asset each; its portfolios, its key's permissions, its addresses."""

from collections.abc import Iterator
from typing import Any, Final

from trimtab.model.holdings import Balance
from trimtab.sim.clock import EPOCH
from trimtab.sim.faults import Fault
from trimtab.sim.wire.coinbase import ids
from trimtab.sim.wire.coinbase.asked import Asked, count, fields, page, text_of
from trimtab.sim.wire.coinbase.errors import Failure, wrong
from trimtab.sim.wire.coinbase.products import currency
from trimtab.sim.wire.keys import Permission
from trimtab.units import ZERO, canon, under_context

PAGE: Final = 49
OLD_PAGE: Final = 25
FAMILY: Final = {True: "DEFAULT", False: "CONSUMER"}


def accounts(asked: Asked) -> Any:
    """GET accounts: every wallet with what is available and what orders hold, page by page."""
    now = [(ids.wallet_id(asked.account, one.asset), _wallet(one)) for one in held(asked)]
    first = asked.memory.wallets.setdefault(asked.account, now)
    rows = first if asked.struck(Fault.STALE) else now
    part, cursor = page(rows, asked.one("cursor"), count(asked, "limit", PAGE, 250))
    return {"accounts": part, "has_next": bool(cursor), "cursor": cursor, "size": len(part)}


def account(asked: Asked) -> Any:
    """GET accounts/UUID."""
    return {"account": _wallet(find(asked))}


def old_accounts(asked: Asked) -> Any:
    """GET v2/accounts: totals only; what orders hold is in them and is not told."""
    rows = [(ids.wallet_id(asked.account, one.asset), _old_wallet(asked, one)) for one in held(asked)]
    return old_page(asked, rows)


def old_account(asked: Asked) -> Any:
    """GET v2/accounts/ID."""
    return {"data": _old_wallet(asked, find(asked))}


def addresses(asked: Asked) -> Any:
    """GET v2/accounts/ID/addresses: one for each network that carries the asset here."""
    one = find(asked)
    found = [
        _address(asked, one.asset, network.id) for network in asked.sim.rules().networks if network.asset == one.asset
    ]
    return old_page(asked, [(row["id"], row) for row in found])


def nothing(asked: Asked) -> Any:
    """GET v2 deposits and withdrawals: transfers of fiat by bank, of which there are none here."""
    find(asked)
    return old_page(asked, [])


def permissions(asked: Asked) -> Any:
    """GET key_permissions: sending out and moving within are one permission here, and IP lists are not told."""
    may = asked.key.permissions if asked.key else ()
    return {
        "can_view": Permission.READ in may,
        "can_trade": Permission.TRADE in may,
        "can_transfer": Permission.TRANSFER in may or Permission.WITHDRAW in may,
        "portfolio_uuid": ids.portfolio_id(asked.account),
        "portfolio_type": _kind(asked, asked.account),
    }


def portfolios(asked: Asked) -> Any:
    """GET portfolios: the accounts of the key's own family."""
    rows = [
        {"name": one, "uuid": ids.portfolio_id(one), "type": _kind(asked, one), "deleted": False}
        for one in _family(asked)
    ]
    return {"portfolios": rows}


def move(asked: Asked) -> Any:
    """POST portfolios/move_funds: at once, without an id, and again each time it is body."""
    body = fields(asked)
    funds = body.get("funds")
    if not isinstance(funds, dict):
        raise wrong("funds: must be an object with value and currency")
    known = {ids.portfolio_id(one): one for one in _family(asked)}
    ends = [text_of(body, f"{end}_portfolio_uuid") for end in ("source", "target")]
    if not known.keys() >= set(ends):
        raise Failure("NOT_FOUND", "portfolio was not found")
    source, target = (known[end] for end in ends)
    amount = ids.number(funds.get("value"), "funds.value")
    asked.sim.move(asked.account, source, target, text_of(funds, "currency"), amount)
    return {"source_portfolio_uuid": ends[0], "target_portfolio_uuid": ends[1]}


def held(asked: Asked) -> tuple[Balance, ...]:
    """A row for every asset of the venue, held or not, by name."""
    read = asked.sim.read(asked.account)
    there = {one.asset: one for one in read.balances}
    none = {
        asset.id: Balance(account=asked.account, asset=asset.id, total=ZERO, free=ZERO, as_of=read.as_of)
        for asset in asked.sim.rules().assets
    }
    return tuple(balance for _, balance in sorted({**none, **there}.items()))


def find(asked: Asked) -> Balance:
    """The wallet that a path names by its uuid, or as v2 may by its currency. Raises Failure where there is none."""
    name = asked.named["account_id"]
    for one in held(asked):
        if name in (one.asset, ids.wallet_id(asked.account, one.asset)):
            return one
    raise Failure("NOT_FOUND", f"account {name} was not found")


def old_page(body: Asked, rows: list[tuple[str, Any]]) -> Any:
    """A page as v2 turns it: 25 rows unless body, and the address of the next."""
    size = count(body, "limit", OLD_PAGE, 250 if body.path == "/v2/accounts" else 100)
    part, after = page(rows, body.one("starting_after"), size)
    pagination = {
        "ending_before": None,
        "starting_after": body.one("starting_after"),
        "previous_ending_before": None,
        "next_starting_after": after or None,
        "limit": size,
        "order": "desc",
        "previous_uri": None,
        "next_uri": f"{body.path}?limit={size}&starting_after={after}" if after else None,
    }
    return {"pagination": pagination, "data": part}


def _family(asked: Asked) -> Iterator[str]:
    members = asked.sim.rules().member
    head = members[asked.account].parent or asked.account
    return (one.id for one in members.values() if head in (one.id, one.parent))


def _kind(asked: Asked, name: str) -> str:
    return FAMILY[asked.sim.rules().member[name].parent is None]


@under_context
def _wallet(one: Balance) -> dict[str, Any]:
    fiat = one.asset in ids.FIAT
    return {
        "uuid": ids.wallet_id(one.account, one.asset),
        "name": f"{one.asset} Wallet",
        "currency": one.asset,
        "available_balance": {"value": ids.text(one.free), "currency": one.asset},
        "default": True,
        "active": True,
        "created_at": None,
        "updated_at": None,
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if fiat else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": ids.text(canon(one.total - one.free)), "currency": one.asset},
        "retail_portfolio_id": ids.portfolio_id(one.account),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def _old_wallet(asked: Asked, one: Balance) -> dict[str, Any]:
    wallet = ids.wallet_id(one.account, one.asset)
    return {
        "id": wallet,
        "name": f"{one.asset} Wallet",
        "primary": False,
        "type": "fiat" if one.asset in ids.FIAT else "wallet",
        "currency": currency(one.asset, asked.sim.rules().asset[one.asset].decimals),
        "balance": {"amount": ids.text(one.total), "currency": one.asset},
        "created_at": None,
        "updated_at": None,
        "resource": "account",
        "resource_path": f"/v2/accounts/{wallet}",
        "allow_deposits": True,
        "allow_withdrawals": True,
    }


def _address(asked: Asked, asset: str, network: str) -> dict[str, Any]:
    found = asked.sim.address(asked.account, asset, network)
    row, wallet = ids.named("address", found), ids.wallet_id(asked.account, asset)
    opened = ids.whole_stamp(EPOCH)
    return {
        "id": row,
        "address": found,
        "address_info": {"address": found},
        "name": None,
        "created_at": opened,
        "updated_at": opened,
        "network": network,
        "uri_scheme": network,
        "resource": "address",
        "resource_path": f"/v2/accounts/{wallet}/addresses/{row}",
        "warnings": [],
        "address_label": f"{asset} address ({network})",
        "default_receive": True,
        "deposit_uri": f"{network}:{found}",
        "callback_url": None,
    }
