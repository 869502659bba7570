"""Money in and out as v2 tells it: one list per wallet that mixes sends, fills, conversions and internal moves.

Everything that confuses a reader of the real list is in this one: own withdrawals with and without
`transaction_amount`, deposits and withdrawals both called send and told apart by their sign alone, `status`
beside `network.status`, fills whose fee is on one side only, and rows that say pro_withdrawal and mean a deposit.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from trimtab.model.holdings import Balance, Stage
from trimtab.model.orders import Fill, Side
from trimtab.ports import Refused
from trimtab.quant.filters import Rule
from trimtab.sim.clock import EPOCH
from trimtab.sim.refusals import Ground, Refusal
from trimtab.sim.state import Direction, Movement, Placed
from trimtab.sim.wire.coinbase import ids
from trimtab.sim.wire.coinbase.asked import Asked, fields, text_of
from trimtab.sim.wire.coinbase.errors import Failure, wrong
from trimtab.sim.wire.coinbase.history import configuration
from trimtab.sim.wire.coinbase.wallets import find, old_page
from trimtab.units import canon, under_context

REASONS: Final[Mapping[Ground | Rule, tuple[str, str]]] = {
    Ground.FUNDS: ("INVALID_ARGUMENT", "You don't have that much."),
    Ground.MINIMUM: ("INVALID_ARGUMENT", "The amount is below the minimum."),
    Ground.ADDRESS: ("INVALID_ARGUMENT", "Please enter a valid email or address."),
    Ground.NETWORK: ("INVALID_ARGUMENT", "This network is not supported."),
    Ground.RIGHT: ("PERMISSION_DENIED", "This account may not send."),
}
ARRIVING: Final = {
    Stage.SEEN: ("pending", "pending"),
    Stage.TRADABLE: ("completed", "pending"),
    Stage.WITHDRAWABLE: ("completed", "confirmed"),
    Stage.HELD: ("waiting_for_clearing", "pending"),
}
"""Status and network status of a deposit. Credited and not yet free to leave looks like a contradiction here."""


class Row(NamedTuple):
    """One row before it is written: when, what kind, how much, and what only its kind has."""

    id: str
    type: str
    amount: Decimal
    at: datetime
    status: str = "completed"
    updated_at: datetime | None = None
    more: dict[str, Any] = {}  # noqa: RUF012  # never changed


def transactions(asked: Asked) -> Any:
    """GET v2/accounts/ID/transactions: newest first, 25 a page."""
    wallet = find(asked)
    return old_page(asked, [(row.id, _told(wallet, row)) for row in _rows(asked, wallet)])


def transaction(asked: Asked) -> Any:
    """GET v2/accounts/ID/transactions/ID."""
    wallet = find(asked)
    found = (row for row in _rows(asked, wallet) if row.id == asked.named["transaction_id"])
    row = next(found, None)
    if row is None:
        raise Failure("NOT_FOUND", "Not found")
    return {"data": _told(wallet, row)}


def send(asked: Asked) -> Any:
    """POST v2/accounts/ID/transactions: the amount leaves whole, the network's fee comes out of it.

    The same `idem` again answers with the transaction that it made, whatever else is body.
    """
    body, wallet = fields(asked), find(asked)
    if body.get("type") != "send":
        raise wrong("type: only send is supported")
    if body.get("currency") != wallet.asset:
        raise wrong(f"currency: this account holds {wallet.asset}")
    idem = str(body.get("idem") or "")
    before = [m for m in _out(asked, wallet.asset) if idem and m.reference == idem]
    transfer_id = before[0].transfer.id if before else _withdraw(asked, wallet.asset, body, idem)
    made = next(m for m in _out(asked, wallet.asset) if m.transfer.id == transfer_id)
    return {"data": _told(wallet, _sent(asked, made))}


def _withdraw(asked: Asked, asset: str, body: dict[str, Any], idem: str) -> str:
    carried = [one.id for one in asked.sim.rules().networks if one.asset == asset]
    network = body.get("network") or (carried[0] if carried else "")
    amount, address = ids.number(body.get("amount"), "amount"), text_of(body, "to")
    try:
        made = asked.sim.withdraw(asked.account, asset, amount, network=str(network), address=address, reference=idem)
    except Refused as error:
        cause = error.__cause__
        raise (
            Failure(*REASONS[cause.ground]) if isinstance(cause, Refusal) and cause.ground in REASONS else error
        ) from error
    return made.id


def _out(asked: Asked, asset: str) -> Iterator[Movement]:
    known = asked.sim.movements(asked.account)
    return (one for one in known if one.direction is Direction.OUT and one.transfer.asset == asset)


def _rows(asked: Asked, wallet: Balance) -> list[Row]:
    moved = (_moved(asked, wallet, movement) for movement in asked.sim.movements(asked.account))
    rows = [*_opening(asked, wallet), *_traded(asked, wallet), *(row for row in moved if row is not None)]
    return sorted(rows, key=lambda row: (row.at, row.id), reverse=True)


def _opening(asked: Asked, wallet: Balance) -> Iterator[Row]:
    """What was there when the world began came from the older exchange, long ago: its withdrawal is our deposit."""
    for one in asked.sim.accounts[asked.account].balances:
        if one.asset == wallet.asset and one.amount:
            row_id = ids.named("opening", asked.account, one.asset)
            yield Row(row_id, "pro_withdrawal", one.amount, EPOCH)


def _traded(asked: Asked, wallet: Balance) -> Iterator[Row]:
    for placed in asked.sim.orders(asked.account):
        product = placed.order.instrument.partition(":")[2]
        if wallet.asset in product.split("/"):
            yield from (_filled(asked, wallet, placed, fill) for fill in placed.fills)


@under_context
def _filled(asked: Asked, wallet: Balance, placed: Placed, fill: Fill) -> Row:
    """One side of a fill. The fee is told on the side of the base alone, though the quote has paid it.

    What was bought for a sum of quote is told as a conversion.
    """
    product = fill.instrument.partition(":")[2]
    is_base = wallet.asset == product.split("/")[0]
    amount = fill.amount if is_base else fill.amount * fill.price
    gains = is_base is (fill.side is Side.BUY)
    row_id = ids.named("fill", asked.sim.id, fill.id, wallet.asset)
    signed = canon(amount if gains else -amount)
    if "quote_size" in next(iter(configuration(placed).values())):
        fee = {"amount": ids.text(fill.fee), "currency": fill.fee_asset}
        trade = {"id": ids.named("trade", asked.sim.id, fill.id), "fee": fee}
        return Row(row_id, "trade", signed, fill.at, more={"trade": trade})
    told = {
        "fill_price": ids.text(fill.price),
        "product_id": product.replace("/", "-"),
        "order_id": ids.order_id(asked.sim.id, placed.seq),
        "order_side": fill.side.value,
        **({"commission": ids.text(fill.fee)} if is_base else {}),
    }
    return Row(row_id, "advanced_trade_fill", signed, fill.at, more={"advanced_trade_fill": told})


def _moved(asked: Asked, wallet: Balance, movement: Movement) -> Row | None:
    """A movement's row in this wallet; None where it is another asset's."""
    transfer = movement.transfer
    if transfer.asset != wallet.asset:
        return None
    if movement.direction is Direction.WITHIN:
        signed = -transfer.amount if transfer.source == asked.account else transfer.amount
        more = {"network": {"status": "off_blockchain"}}
        return Row(ids.named("move", transfer.id), "transfer", canon(signed), transfer.debited_at, more=more)
    if movement.direction is Direction.OUT:
        return _sent(asked, movement)
    return _received(movement)


@under_context
def _sent(asked: Asked, movement: Movement) -> Row:
    """A withdrawal. It has a hash once it is on chain; every second one tells its net amount, too."""
    transfer, way = movement.transfer, asked.sim.rules().network[movement.transfer.asset, movement.network]
    on_chain = transfer.stage is not Stage.REQUESTED
    seen = (movement.sent_at or transfer.debited_at) + timedelta(seconds=way.tradable_s)
    confirmed = on_chain and asked.sim.now() >= seen
    network: dict[str, Any] = {
        "status": "confirmed" if confirmed else "pending",
        "network_name": movement.network,
        "transaction_fee": {"amount": ids.text(transfer.fee), "currency": transfer.asset},
    }
    if on_chain:
        network["hash"] = transfer.id
    if transfer.id[-1] in "13579":
        net = canon(transfer.amount - transfer.fee)
        network["transaction_amount"] = {"amount": ids.text(net), "currency": transfer.asset}
    address = asked.sim.address(transfer.target, transfer.asset, movement.network)
    more = {"network": network, "idem": movement.reference, "to": {"resource": "address", "address": address}}
    return Row(
        ids.named("sent", transfer.id),
        "send",
        canon(-transfer.amount),
        transfer.debited_at,
        "completed" if on_chain else "pending",
        movement.sent_at if on_chain else None,
        more,
    )


@under_context
def _received(movement: Movement) -> Row:
    """A deposit: what arrives, and by which network; who sent it is not told."""
    transfer = movement.transfer
    status, network_status = ARRIVING[transfer.stage]
    network = {"status": network_status, "network_name": movement.network, "hash": transfer.id}
    source = {"resource": f"{movement.network}_network", "currency": transfer.asset}
    return Row(
        ids.named("received", transfer.id),
        "send",
        canon(transfer.amount - transfer.fee),
        movement.seen_at or transfer.debited_at,
        status,
        transfer.credited_at,
        {"network": network, "from": source, "description": transfer.because or None},
    )


def _told(wallet: Balance, row: Row) -> dict[str, Any]:
    path = f"/v2/accounts/{ids.wallet_id(wallet.account, wallet.asset)}/transactions/{row.id}"
    money = {"amount": ids.text(row.amount), "currency": wallet.asset}
    return {
        "id": row.id,
        "type": row.type,
        "status": row.status,
        "amount": money,
        "description": None,
        "created_at": ids.whole_stamp(row.at),
        "updated_at": ids.whole_stamp(row.updated_at or row.at),
        "resource": "transaction",
        "resource_path": path,
        **row.more,
    }
