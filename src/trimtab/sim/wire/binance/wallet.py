"""Balances, fees, and money in, out and between accounts, as Binance's wallet writes them.

A withdrawal is asked for gross: the account loses `amount`, and the fee comes out of it. Its history is told net, with
the fee beside it: `amount` + `transactionFee` is what the account lost. So Binance's own recorded rows are (28.75 XRP
with a fee of 0.25), and so bots that check balances against them add the two up; the documentation says neither.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from trimtab.model.assets import FeeTerms
from trimtab.model.holdings import Balance, Stage
from trimtab.ports import Refused
from trimtab.quant import fees
from trimtab.sim.faults import Fault
from trimtab.sim.refusals import Refusal
from trimtab.sim.rules import Network, Right
from trimtab.sim.state import Direction, Movement
from trimtab.sim.wire.binance.asked import (
    Asked,
    instrument,
    listed,
    ms,
    must,
    number,
    page,
    rate,
    span,
    symbol_of,
    text,
    whole,
)
from trimtab.sim.wire.binance.errors import MOVES, Rejected
from trimtab.sim.wire.keys import Permission
from trimtab.units import ONE, ZERO, canon

MAIL: Final = "@sim.invalid"
"""Sub-accounts are called by mail addresses; these are no one's."""
SENT: Final = {Stage.REQUESTED: 4, Stage.HELD: 2, Stage.RETURNED: 3}
"""How far a withdrawal is: processing, awaiting approval, rejected; 6, completed, is everything else."""
CAME: Final = {Stage.SEEN: 0, Stage.TRADABLE: 6, Stage.WITHDRAWABLE: 1}
"""How far a deposit is: pending, credited but not withdrawable, success."""
WRONG: Final = frozenset({"wrong network", "wrong deposit"})
"""Reasons for which a held deposit is a wrong one (7) and not one that waits for its owner (8)."""
LONGEST: Final = timedelta(days=90)
CONFIRMATIONS: Final = 12


def account(asked: Asked) -> Any:
    """Balances, rights and usual fees of an account."""
    read = asked.sim.read(asked.account)
    rows = [_balance(b) for b in read.balances]
    if asked.struck(Fault.STALE):
        rows = asked.memory.balances.get(asked.account, rows)
    asked.memory.balances.setdefault(asked.account, rows)
    if asked.params.get("omitZeroBalances") == "true":
        rows = [row for row in rows if {row["free"], row["locked"]} != {text(ZERO)}]
    terms = _usual(asked)
    rights = asked.sim.accounts[asked.account].rights
    return {
        "makerCommission": int(terms.maker_bps),
        "takerCommission": int(terms.taker_bps),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(terms),
        "canTrade": Right.TRADE in rights,
        "canWithdraw": Right.WITHDRAW in rights,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": ms(asked.sim.now()),
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": _number_of(asked.account),
    }


def commission(asked: Asked) -> Any:
    """What an account pays on a symbol. `discount` is the part that is still paid when it comes from another asset."""
    one = instrument(asked)
    terms = fees.terms_for(asked.sim.rules().fees, asked.account, one.id)
    nothing = dict.fromkeys(("maker", "taker", "buyer", "seller"), text(ZERO))
    return {
        "symbol": symbol_of(one),
        "standardCommission": _rates(terms),
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {
            "enabledForAccount": terms.third is not None,
            "enabledForSymbol": terms.third is not None,
            "discountAsset": terms.third or "BNB",
            "discount": text(ONE - (terms.discount or ZERO)),
        },
    }


def trade_fees(asked: Asked) -> Any:
    """What an account pays on each symbol."""
    chosen = [instrument(asked)] if "symbol" in asked.params else listed(asked).values()
    found = [(one, fees.terms_for(asked.sim.rules().fees, asked.account, one.id)) for one in chosen]
    return [
        {"symbol": symbol_of(one), "makerCommission": rate(t.maker_bps), "takerCommission": rate(t.taker_bps)}
        for one, t in found
    ]


def burn(asked: Asked) -> Any:
    """Whether fees are paid in BNB."""
    return {"spotBNBBurn": _usual(asked).third is not None, "interestBNBBurn": False}


def restrictions(asked: Asked) -> Any:
    """What the key may do. Which addresses it is bound to is not told, only whether it is to any."""
    assert asked.key is not None, "a key's rights were asked for without a key"
    may, rights = asked.key.permissions, asked.sim.accounts[asked.account].rights
    return {
        "ipRestrict": bool(asked.key.ips),
        "createTime": 0,
        "enableReading": Permission.READ in may,
        "enableWithdrawals": Permission.WITHDRAW in may and Right.WITHDRAW in rights,
        "enableInternalTransfer": Permission.TRANSFER in may,
        "permitsUniversalTransfer": Permission.TRANSFER in may,
        "enableSpotAndMarginTrading": Permission.TRADE in may,
        "enableMargin": False,
        "enableFutures": False,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
    }


def status(_: Asked) -> Any:
    """Whether the venue is at work."""
    return {"status": 0, "msg": "normal"}


def nothing(_: Asked) -> Any:
    """A list of what is not simulated here: margin pairs."""
    return []


def coins(asked: Asked) -> Any:
    """Every asset with its networks and what the account has of it."""
    held = {balance.asset: balance for balance in asked.sim.read(asked.account).balances}
    rules = asked.sim.rules()
    return [
        {
            "coin": asset.id,
            "name": asset.id,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "trading": True,
            "isLegalMoney": False,
            **_amounts(held.get(asset.id)),
            "networkList": [_network(way, asset.decimals) for way in rules.networks if way.asset == asset.id],
        }
        for asset in rules.assets
    ]


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
    return {"subAccounts": [{"subUserId": _number_of(one), "email": one + MAIL, "isFreeze": False} for one in mine]}


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
        "id": str(_number_of(transfer.id)),
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
        return _number_of(asked.sim.move(asked.account, source, target, asked.params["asset"], amount).id)
    except Refused as error:
        raise _refused(error) from error


def _refused(error: Refused) -> Exception:
    cause = error.__cause__
    return Rejected(*MOVES[cause.ground]) if isinstance(cause, Refusal) else error


def _within(asked: Asked, direction: Direction) -> list[Movement]:
    """Movements of one kind that began in the span that was asked for, latest first; of all coins or of one."""
    start, end = span(asked, LONGEST)
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
        "tranId": _number_of(transfer.id),
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


def _usual(asked: Asked) -> FeeTerms:
    """An account's terms on everything that has none of its own."""
    return next(t for t in asked.sim.rules().fees if t.account == asked.account and t.instrument is None)


def _rates(terms: FeeTerms) -> dict[str, str]:
    return {"maker": rate(terms.maker_bps), "taker": rate(terms.taker_bps), "buyer": text(ZERO), "seller": text(ZERO)}


def _balance(balance: Balance) -> dict[str, str]:
    locked = canon(balance.total - balance.free)
    return {"asset": balance.asset, "free": text(balance.free), "locked": text(locked)}


def _amounts(balance: Balance | None) -> dict[str, str]:
    free = ZERO if balance is None else balance.free
    locked = ZERO if balance is None else canon(balance.total - balance.free)
    shown = {"free": text(free), "locked": text(locked)}
    return {**shown, **dict.fromkeys(("freeze", "withdrawing", "ipoing", "ipoable", "storage"), text(ZERO))}


def _network(way: Network, decimals: int) -> dict[str, Any]:
    return {
        "network": way.id,
        "coin": way.asset,
        "name": way.id,
        "withdrawIntegerMultiple": text(ONE.scaleb(-decimals)),
        "isDefault": True,
        "depositEnable": True,
        "withdrawEnable": True,
        "depositDesc": "",
        "withdrawDesc": "",
        "withdrawFee": text(way.fee),
        "withdrawMin": text(way.minimum),
        "withdrawMax": text(canon(ONE.scaleb(10))),
        "minConfirm": CONFIRMATIONS,
        "unLockConfirm": 2 * CONFIRMATIONS,
        "estimatedArrivalTime": -(-way.tradable_s // 60),
        "sameAddress": False,
        "busy": False,
        "resetAddressStatus": False,
        "addressRegex": "",
        "memoRegex": "",
    }


def _written(at: datetime) -> str:
    """An instant as the history of withdrawals writes it: whole seconds, the rest cut off."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _number_of(name: str) -> int:
    """A number for what Binance numbers and we name: its last digits, or one that is drawn from the whole name."""
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits) if digits else int.from_bytes(name.encode()[-6:])
