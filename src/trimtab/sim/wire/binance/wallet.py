"""Balances, fees, rights and coins of an account, as Binance's wallet writes them."""

from typing import Any, Final

from trimtab.model.assets import FeeTerms
from trimtab.model.holdings import Balance
from trimtab.quant import fees
from trimtab.sim.faults import Fault
from trimtab.sim.rules import Network, Right
from trimtab.sim.wire.binance.asked import (
    Asked,
    instrument,
    listed,
    ms,
    number_of,
    rate,
    symbol_of,
    text,
)
from trimtab.sim.wire.keys import Permission
from trimtab.units import ONE, ZERO, canon

CONFIRMATIONS: Final = 12
"""Blocks after which a deposit is credited; twice as many, and it may leave."""


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
        "uid": number_of(asked.account),
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


def status(asked: Asked) -> Any:
    """Whether the venue is at work."""
    repairs = asked.struck(Fault.MAINTENANCE) is not None
    return {"status": 1, "msg": "system_maintenance"} if repairs else {"status": 0, "msg": "normal"}


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
