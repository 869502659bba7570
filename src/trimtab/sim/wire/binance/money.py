"""Money in, out and between accounts, as Binance's wallet writes it.

A withdrawal is asked for gross: the account loses `amount`, and the fee comes out of it. Its history is told net, with
the fee beside it: `amount` + `transactionFee` is what the account lost. So Binance's own recorded rows are (28.75 XRP
with a fee of 0.25), and so bots that check balances against them add the two up; the documentation says neither.
"""

from datetime import UTC, datetime
from typing import Any, Final

from trimtab.model.holdings import Stage
from trimtab.ports import Refused
from trimtab.sim.refusals import Refusal
from trimtab.sim.state import Direction, Movement
from trimtab.sim.wire.binance.asked import (
    Asked,
    ms,
    must,
    number,
    number_of,
    page,
    text,
    whole,
    within_a_season,
)
from trimtab.sim.wire.binance.errors import MOVES, Rejected
from trimtab.sim.wire.binance.wallet import CONFIRMATIONS
from trimtab.units import canon

MAIL: Final = "@sim.invalid"
"""Sub-accounts are called by mail addresses; these are no one's."""
SENT: Final = {Stage.REQUESTED: 4, Stage.HELD: 2, Stage.RETURNED: 3}
"""How far a withdrawal is: processing, awaiting approval, rejected; 6, completed, is everything else."""
CAME: Final = {Stage.SEEN: 0, Stage.TRADABLE: 6, Stage.WITHDRAWABLE: 1}
"""How far a deposit is: pending, credited but not withdrawable, success."""
WRONG: Final = frozenset({"wrong network", "wrong deposit"})
"""Reasons for which a held deposit is a wrong one (7) and not one that waits for its owner (8)."""


def address(asked: Asked) -> Any:
    """Where the account receives a coin; on its first network where none is named."""
    coin = must(asked, "coin")
    ways = [way.id for way in asked.sim.rules().networks if way.asset == coin]
    network = asked.params.get("network") or next(iter(ways), None)
    if coin not in asked.sim.rules().asset:
        raise Rejected(-4018)
    if network is None or network not in ways:
        raise Rejected(-4019)
    return {"coin": coin, "address": asked.sim.address(asked.account, coin, network), "tag": "", "url": ""}


def withdraw(asked: Asked) -> Any:
    """Send money out: the account loses exactly `amount`, and the network's fee comes out of it."""
    coin, target, amount = must(asked, "coin"), must(asked, "address"), number(asked, "amount", 18)
    ways = [way.id for way in asked.sim.rules().networks if way.asset == coin]
    network = asked.params.get("network") or next(iter(ways), "")
    if coin not in asked.sim.rules().asset:
        raise Rejected(-4018)
    if network not in ways:
        raise Rejected(-4019)
    if amount is None:
        raise Rejected(-1102, "amount")
    try:
        sent = asked.sim.withdraw(
            asked.account,
            coin,
            amount,
            network=network,
            address=target,
            reference=asked.params.get("withdrawOrderId", ""),
        )
    except Refused as error:
        raise _refused(error) from error
    return {"id": sent.id}


def withdrawals(asked: Asked) -> Any:
    """What left the account, latest first."""
    found = [m for m in _within(asked, Direction.OUT) if asked.params.get("withdrawOrderId") in (None, m.reference)]
    return page(asked, [withdrawal(asked, m) for m in _by_status(asked, found, sent_status)], 1000, 1000)


def deposits(asked: Asked) -> Any:
    """What came into the account, latest first."""
    found = [m for m in _within(asked, Direction.IN) if asked.params.get("txId") in (None, m.transfer.id)]
    return page(asked, [deposit(asked, m) for m in _by_status(asked, found, came_status)], 1000, 1000)


def move(asked: Asked) -> Any:
    """Move money between the accounts of one family; an end that is not named is the main account."""
    head = asked.sim.accounts[asked.account].parent or asked.account
    source, target = (_named(asked.params.get(end), head) for end in ("fromEmail", "toEmail"))
    if {must(asked, "fromAccountType"), must(asked, "toAccountType")} != {"SPOT"}:
        raise Rejected(-1130, "fromAccountType")
    told = _moved(asked, source, target)
    return {"tranId": told, "clientTranId": asked.params.get("clientTranId", "")}


def to_main(asked: Asked) -> Any:
    """Move money from a sub-account to its main account, by its own key."""
    head = asked.sim.accounts[asked.account].parent
    if head is None:
        raise Rejected(-4003)
    return {"txnId": str(_moved(asked, asked.account, head))}


def moves(asked: Asked) -> Any:
    """Movements between accounts of the family, latest first."""
    found = _within(asked, Direction.WITHIN)
    return {"result": page(asked, [_within_row(m) for m in found], 500, 500), "totalCount": len(found)}


def sub_accounts(asked: Asked) -> Any:
    """The sub-accounts of the key's account."""
    mine = [one.id for one in asked.sim.accounts.values() if one.parent == asked.account]
    return {"subAccounts": [{"subUserId": number_of(one), "email": one + MAIL, "isFreeze": False} for one in mine]}


def between_wallets(_: Asked) -> Any:
    """A transfer to another wallet of the same account, which has none here but the spot wallet."""
    raise Rejected(-1130, "type")


def wallet_moves(_: Asked) -> Any:
    """Transfers between wallets of the account: none."""
    return {"total": 0, "rows": []}


def sent_status(movement: Movement) -> int:
    """How far a withdrawal is, as a code."""
    return SENT.get(movement.transfer.stage, 6)


def came_status(movement: Movement) -> int:
    """How far a deposit is, as a code. What is held after its credit is credited and not withdrawable."""
    transfer = movement.transfer
    if transfer.stage is not Stage.HELD:
        return CAME[transfer.stage]
    return 6 if transfer.credited_at is not None else 7 if transfer.because in WRONG else 8


def withdrawal(asked: Asked, movement: Movement) -> dict[str, Any]:
    """A row of the history of withdrawals."""
    transfer, code = movement.transfer, sent_status(movement)
    sent = code == 6
    named = {"withdrawOrderId": movement.reference} if movement.reference else {}
    ended = {"completeTime": _written(movement.sent_at)} if sent and movement.sent_at else {}
    return {
        "id": transfer.id,
        "amount": text(canon(transfer.amount - transfer.fee)),
        "transactionFee": text(transfer.fee),
        "coin": transfer.asset,
        "status": code,
        "address": asked.sim.address(transfer.target, transfer.asset, movement.network),
        "addressTag": "",
        "txId": transfer.id if sent else "",
        "applyTime": _written(transfer.debited_at),
        **ended,
        "network": movement.network,
        "transferType": 0,
        **named,
        "info": transfer.because,
        "confirmNo": CONFIRMATIONS if sent else 0,
        "walletType": 0,
        "txKey": "",
    }


def deposit(asked: Asked, movement: Movement) -> dict[str, Any]:
    """A row of the history of deposits."""
    transfer, code = movement.transfer, came_status(movement)
    assert movement.seen_at is not None, f"deposit {transfer.id} is told before it was seen"
    credited = {} if transfer.credited_at is None else {"completeTime": ms(transfer.credited_at)}
    return {
        "id": str(number_of(transfer.id)),
        "amount": text(canon(transfer.amount - transfer.fee)),
        "coin": transfer.asset,
        "network": movement.network,
        "status": code,
        "address": asked.sim.address(transfer.target, transfer.asset, movement.network),
        "addressTag": "",
        "txId": transfer.id,
        "insertTime": ms(movement.seen_at),
        **credited,
        "transferType": 0,
        "confirmTimes": f"{CONFIRMATIONS if credited else 0}/{CONFIRMATIONS}",
        "unlockConfirm": 2 * CONFIRMATIONS,
        "walletType": 0,
    }


def _moved(asked: Asked, source: str, target: str) -> int:
    amount = number(asked, "amount", 18)
    if amount is None or must(asked, "asset") not in asked.sim.rules().asset:
        raise Rejected(*((-1102, "amount") if amount is None else (-4018,)))
    try:
        return number_of(asked.sim.move(asked.account, source, target, asked.params["asset"], amount).id)
    except Refused as error:
        raise _refused(error) from error


def _refused(error: Refused) -> Exception:
    cause = error.__cause__
    return Rejected(*MOVES[cause.ground]) if isinstance(cause, Refusal) else error


def _within(asked: Asked, direction: Direction) -> list[Movement]:
    """Movements of one kind that began in the span that was asked for, latest first; of all coins or of one."""
    start, end = within_a_season(asked)
    coin = asked.params.get("coin")
    found = [m for m in asked.sim.movements(asked.account) if m.direction is direction]
    fit = [m for m in found if start <= _began(m) <= end and coin in (None, m.transfer.asset)]
    return sorted(fit, key=lambda m: (_began(m), m.transfer.id), reverse=True)


def _began(movement: Movement) -> datetime:
    """When the account first saw it: its debit, or the deposit on chain."""
    return movement.seen_at or movement.transfer.debited_at


def _by_status(asked: Asked, found: list[Movement], code: Any) -> list[Movement]:
    wanted = whole(asked, "status")
    return [m for m in found if wanted in (None, code(m))]


def _within_row(movement: Movement) -> dict[str, Any]:
    transfer = movement.transfer
    return {
        "tranId": number_of(transfer.id),
        "fromEmail": transfer.source + MAIL,
        "toEmail": transfer.target + MAIL,
        "asset": transfer.asset,
        "amount": text(transfer.amount),
        "createTimeStamp": ms(transfer.debited_at),
        "fromAccountType": "SPOT",
        "toAccountType": "SPOT",
        "status": "SUCCESS",
        "clientTranId": "",
    }


def _named(mail: str | None, head: str) -> str:
    if not mail:
        return head
    if not mail.endswith(MAIL):
        raise Rejected(-4003)
    return mail.removesuffix(MAIL)


def _written(at: datetime) -> str:
    """An instant as the history of withdrawals writes it: whole seconds, the rest cut off."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
