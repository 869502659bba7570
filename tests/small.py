"""A small fund in the domain's words, for tests of what is valued, decided and checked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests import law
from trimtab import units
from trimtab.model.accounts import Account, Keep
from trimtab.model.assets import Asset, FeeTerms, Filters, Instrument, TakenFrom
from trimtab.model.decision import Cause, Past
from trimtab.model.holdings import AccountRead, Balance, Snapshot, Stage, Transfer
from trimtab.model.ledger import Opened, Terms
from trimtab.model.mandate import Basis, Clause, Mandate, Moment, Severity
from trimtab.model.orders import Side
from trimtab.model.plans import Costs, OrderLeg, Plan, Status
from trimtab.model.policy import (
    FixedPrice,
    Policy,
    PricePolicy,
    Target,
    TargetWeight,
    Threshold,
)
from trimtab.model.prices import Mark, Marks, Quote, Trust
from trimtab.model.valuation import AccountValue, Holding, Valuation

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
D = Decimal
PRICES = {"BTC": "60000", "ETH": "3000", "USDT": "1"}
ACCOUNTS = {"a": "north", "b": "south", "c": "north"}


def later(seconds: float) -> datetime:
    """An instant after T0, or before it."""
    return T0 + timedelta(seconds=seconds)


def read(account: str, at: datetime = T0, **amounts: str) -> AccountRead:
    """An account in which everything is free and withdrawable."""
    balances = tuple(balance(account, asset, amount, at=at) for asset, amount in amounts.items())
    return AccountRead(account=account, as_of=at, balances=balances)


def balance(
    account: str, asset: str, total: str, *, free: str | None = None, leaves: str | None = "", at: datetime = T0
) -> Balance:
    """All of it free unless said otherwise; `leaves` is what is withdrawable (None: the venue does not say)."""
    return Balance(
        account=account,
        asset=asset,
        total=D(total),
        free=D(total if free is None else free),
        withdrawable=None if leaves is None else D(leaves or free or total),
        as_of=at,
    )


def transfer(stage: Stage, **more: Any) -> Transfer:
    """1,000,000 USDT from a to b, fee 1, debited at T0."""
    usual = Transfer(
        id="w1", asset="USDT", amount=D(1000000), fee=D(1), source="a", target="b", stage=stage, debited_at=T0
    )
    return replace(usual, **more)


def snapshot(*reads: AccountRead, at: datetime = T0, **more: Any) -> Snapshot:
    """What these reads say, with nothing in transit."""
    return Snapshot(at=at, balances=tuple(b for r in reads for b in r.balances), **more)


def instrument(name: str, **more: Any) -> Instrument:
    """A pair by its id, such as north:BTC/USDT, that trades in any size."""
    venue, pair = name.split(":")
    base, quote = pair.split("/")
    filters = Filters(step=D("0.00000001"), tick=D("0.01"))
    return replace(Instrument(id=name, venue=venue, base=base, quote=quote, filters=filters), **more)


def quote(name: str, mid: str, *, spread: str = "0", depth: str = "1", at: datetime = T0) -> Quote:
    """A touch around a middle, with the same amount on both sides."""
    half = D(spread) / 2
    return Quote(
        instrument=name,
        bid=units.canon(D(mid) - half),
        ask=units.canon(D(mid) + half),
        bid_amount=D(depth),
        ask_amount=D(depth),
        as_of=at,
    )


def marks(**prices: str) -> Marks:
    """Marks that several sources agree on."""
    return Marks(
        at=T0,
        base="USDT",
        marks=tuple(
            Mark(asset=asset, price=D(price), as_of=T0, sources=(), trust=Trust.AGREED)
            for asset, price in sorted((PRICES | prices).items())
        ),
    )


def prices(**more: Any) -> PricePolicy:
    """North and south are trusted; a touch may be a minute old, a percent wide and a percent apart."""
    usual = replace(law.PRICES, sources=("north", "south", "west", "east", "core"))
    return replace(usual, **more)


def fixed(asset: str, price: str) -> FixedPrice:
    """A price that the file assumes."""
    return FixedPrice(asset=asset, price=D(price), because="it is redeemed at that")


def target(**weights: str) -> Target:
    """Weights with a band of four percent each."""
    return Target(weights=tuple(TargetWeight(asset=a, weight=D(w), band=D("0.04")) for a, w in weights.items()))


def policy(*clauses: Clause, **more: Any) -> Policy:
    """Sixty percent BTC, forty ETH; accounts a and c at north, b at south."""
    usual = law.policy(
        assets=tuple(Asset(id=asset, decimals=8) for asset in sorted(PRICES)),
        accounts=tuple(Account(id=a, venue=v) for a, v in ACCOUNTS.items()),
        prices=prices(),
        target=target(BTC="0.6", ETH="0.4"),
        triggers=(Threshold(id="drift"),),
        mandate=Mandate(clauses=tuple(sorted(clauses, key=lambda c: c.id))),
    )
    return replace(usual, **more)


def keeping(account: str, asset: str, amount: str) -> tuple[Account, ...]:
    """The accounts of the fund, one of which keeps something back."""
    kept = (Keep(asset=asset, amount=D(amount)),)
    return tuple(Account(id=a, venue=v, keep=kept if a == account else ()) for a, v in ACCOUNTS.items())


def terms(policy: Policy, *instruments: Instrument, fee_bps: str = "0", taken_from: str = "received") -> Terms:
    """The law, what is listed (by default everything against USDT, and ETH/BTC), and what trading costs."""
    pairs = [instrument(f"{v}:{p}") for v in ("north", "south") for p in ("BTC/USDT", "ETH/BTC", "ETH/USDT")]
    fees = tuple(
        FeeTerms(account=a, maker_bps=D(fee_bps), taker_bps=D(fee_bps), taken_from=TakenFrom(taken_from))
        for a in sorted(ACCOUNTS)
    )
    return Terms(policy=policy, instruments=instruments or tuple(pairs), fees=fees, venues=())


def holding(asset: str, weight: str | None, *, nav: str = "100") -> Holding:
    """An asset by its weight in a fund worth a hundred; without one it has no price."""
    if weight is None:
        return Holding(asset=asset, amount=D(1), price=None, value=None, weight=None, oldest=T0)
    value = units.canon(D(weight) * D(nav))
    return Holding(asset=asset, amount=value, price=D(1), value=value, weight=D(weight), oldest=T0)


def valuation(*accounts: AccountValue, nav: str = "100", **weights: str) -> Valuation:
    """A fund by its weights."""
    holdings = tuple(holding(asset, weight, nav=nav) for asset, weight in sorted(weights.items()))
    return Valuation(at=T0, base="USDT", nav=D(nav), holdings=holdings, accounts=accounts)


def opened(
    at: datetime = T0, past: Past | None = None, cause: Cause | None = None, last_at: datetime | None = None
) -> Opened:
    """The head of a cycle."""
    return Opened(cycle="1", at=at, terms_hash="", version="0", past=past or Past(), cause=cause, last_at=last_at)


def clause(kind: str, limit: str, *scope: str, **more: Any) -> Clause:
    """A blocking clause on a share of NAV, judged at the end."""
    usual = Clause(
        id=kind.replace("_", "-"),
        kind=kind,
        words="",
        severity=Severity.BLOCK,
        basis=Basis.NAV,
        scope=scope,
        limit=D(limit),
        moment=Moment.AT_TRADE,
    )
    return replace(usual, **more)


def leg(text: str, **more: Any) -> OrderLeg:
    """A leg such as `l1 a buys 0.1 north:BTC/USDT`, at its mark, without cost."""
    name, account, verb, amount, listed = text.split()
    base, quoted = listed.split(":")[1].split("/")
    price = units.money(D(PRICES[base]) / D(PRICES[quoted]))
    usual = OrderLeg(
        id=name,
        account=account,
        instrument=listed,
        base=base,
        quote=quoted,
        side=Side.BUY if verb == "buys" else Side.SELL,
        amount=D(amount),
        mark_price=price,
        limit_price=price,
        value=units.money(D(amount) * D(PRICES[base])),
        costs=Costs(fee=D(0), spread=D(0), impact=D(0)),
        wave=1,
    )
    return replace(usual, **more)


def plan(*legs: OrderLeg, **more: Any) -> Plan:
    """A plan of these legs; what it says of itself otherwise is wrong on purpose."""
    usual = Plan(
        at=T0,
        base="USDT",
        nav=D(-1),
        status=Status.OPTIMAL,
        solver="by hand",
        solver_version="1",
        legs=legs,
        changes=(),
        weights=(),
        costs=Costs(fee=D(0), spread=D(0), impact=D(0)),
        traded=units.canon(sum((found.value for found in legs), D(0))),
        bound=D(0),
        gap=D(0),
    )
    return replace(usual, **more)


def reordered(items: Sequence[Any], order: Sequence[int]) -> list[Any]:
    """The same items in another order."""
    return [items[n] for n in order]
