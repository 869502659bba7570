"""Problems of `trimtab solve` in the domain's words, and what every answer to one must keep."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab import checker
from trimtab.model.answers import Answer, SolvedLeg
from trimtab.model.canonical import encode
from trimtab.model.orders import Side
from trimtab.model.problems import (
    Depth,
    Desired,
    Holder,
    Link,
    Objective,
    PricedAsset,
    Problem,
    Rule,
    SharedBook,
    Stock,
    Way,
)
from trimtab.plan.solve import solve
from trimtab.units import canon

D = Decimal
PRICES: Mapping[str, str | None] = {"BTC": "50000", "ETH": "2500", "BNB": "500", "USDT": "1", "USDC": "1"}
DECIMALS = {"BTC": 8, "ETH": 18, "BNB": 8, "USDT": 6, "USDC": 6}
DEEP = (("1e9", "2"),)
"""A book without end at 2 bps."""

Held = Mapping[str, Mapping[str, str]]


def c(number: str) -> Decimal:
    """A number as nouns want it."""
    return canon(D(number))


def held(account: str, asset: str, free: str, *, keep: str = "0", locked: str = "0") -> Stock:
    """What an account has of an asset."""
    return Stock(account=account, asset=asset, free=c(free), keep=c(keep), locked=c(locked))


def wants(band: str = "0", *, rest: str | None = None, **weights: str) -> tuple[Desired, ...]:
    """Weights by asset, all with one band; `rest` is the asset that is left whatever the others leave."""
    aims = [Desired(asset=asset, weight=c(weight), band=c(band)) for asset, weight in weights.items()]
    return (*aims, Desired(asset=rest, remainder=True)) if rest else tuple(aims)


def book(name: str, *depth: tuple[str, ...], step: str = "0", **more: str) -> SharedBook:
    """A venue's book by its id, such as north:BTC/USDT: slices as (value, bps) or (value, bps, side)."""
    base, quote = name.partition(":")[2].split("/")
    slices = tuple(
        Depth(value=c(part[0]), bps=c(part[1]), side=Side(part[2]) if len(part) > 2 else None) for part in depth or DEEP
    )
    figures: dict[str, Any] = {key: c(value) for key, value in more.items()}
    return SharedBook(id=name, base=base, quote=quote, depth=slices, step=c(step), **figures)


def market(account: str, where: str, fee: str = "0", fee_from: str = "received", *sides: str) -> Way:
    """An account's way to a book, on both sides unless said otherwise."""
    pair = where.partition(":")[2]
    open_sides = tuple(Side(side) for side in sides or ("buy", "sell"))
    return Way(id=f"{account} {pair}", account=account, book=where, fee_bps=c(fee), fee_from=fee_from, sides=open_sides)


def link(asset: str, source: str, target: str, fee: str = "0", *, latency_s: int = 0, **more: str) -> Link:
    """A transfer that may be made."""
    figures = {key: c(value) for key, value in more.items()}
    return Link(
        id=f"{asset} {source} to {target}",
        asset=asset,
        source=source,
        target=target,
        fee=c(fee),
        latency_s=latency_s,
        **figures,
    )


def problem(
    balances: Held | Sequence[Stock],
    targets: Sequence[Desired],
    *ways: SharedBook | Way | Link | Rule,
    prices: Mapping[str, str | None] | None = None,
    decimals: Mapping[str, int] | None = None,
    ceilings: Mapping[str, str] | None = None,
    **aim: Any,
) -> Problem:
    """A whole problem; its assets and accounts are those that are mentioned, at the usual prices."""
    stocks = tuple(balances) if not isinstance(balances, Mapping) else _stocks(balances)
    books = tuple(way for way in ways if isinstance(way, SharedBook))
    markets = tuple(way for way in ways if isinstance(way, Way))
    links = tuple(way for way in ways if isinstance(way, Link))
    rules = tuple(way for way in ways if isinstance(way, Rule))
    fees = {way.fee_from for way in markets} - {"received", "quote"}
    assets = {*(s.asset for s in stocks), *(t.asset for t in targets), *fees, *(x.asset for x in links)}
    assets |= {asset for one in books for asset in (one.base, one.quote)}
    accounts = {*(s.account for s in stocks), *(m.account for m in markets)}
    accounts |= {account for x in links for account in (x.source, x.target)}
    marks, fine, rooms = {**PRICES, **(prices or {})}, {**DECIMALS, **(decimals or {})}, ceilings or {}
    return Problem(
        version=1,
        base="USD",
        assets=tuple(_asset(name, marks.get(name), fine.get(name, 18)) for name in sorted(assets)),
        accounts=tuple(Holder(id=a, max_value=c(rooms[a]) if a in rooms else None) for a in sorted(accounts)),
        balances=stocks,
        targets=tuple(targets),
        books=books,
        markets=markets,
        transfers=links,
        clauses=rules,
        objective=Objective(**aim),
    )


def _asset(name: str, price: str | None, decimals: int) -> PricedAsset:
    return PricedAsset(id=name, price=None if price is None else c(price), decimals=decimals)


def _stocks(balances: Held) -> tuple[Stock, ...]:
    return tuple(held(account, asset, free) for account, there in balances.items() for asset, free in there.items())


def document(answer: Answer) -> Any:
    """An answer as another program reads it."""
    return json.loads(encode(answer))


def solved(asked: Problem) -> Answer:
    """The answer to a problem, which holds before the checker and never claims a bound above its cost."""
    answer = solve(asked)
    assert checker.check(document(answer)) == []
    assert answer.bound <= answer.cost
    return answer


def legs(answer: Answer) -> list[tuple[str, str, str]]:
    """The legs by market, side (empty for a transfer) and amount, in the order of their ids."""
    return [(leg.market, str(leg.side or ""), str(leg.amount)) for leg in answer.legs]


def change(leg: SolvedLeg, asset: str, account: str | None = None) -> Decimal:
    """What a leg changes of an asset."""
    return sum((e.amount for e in leg.changes if e.asset == asset and account in (None, e.account)), D(0))


def ends(asked: Problem, answer: Answer) -> dict[tuple[str, str], Decimal]:
    """What is in every place once all legs are done, locked money included."""
    found = {(s.account, s.asset): s.free + s.locked for s in asked.balances}
    for leg in answer.legs:
        for one in leg.changes:
            found[one.account, one.asset] = found.get((one.account, one.asset), D(0)) + one.amount
    return found
