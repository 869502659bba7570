"""Planning a large fund, by step: reading the scene, writing the programme, solving, rounding, proving, certifying.

    python bench/plan.py [--runs 9] [--venues 6] [--accounts 2] [--assets 100] [--positions 300] [--levels 10]

Every venue lists every asset against USDT and a fifth of them against BTC. One JSON line, medians.
"""

import argparse
import json
import platform
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trimtab.model.accounts import Account
from trimtab.model.assets import Asset, FeeTerms, Filters, Instrument, TakenFrom
from trimtab.model.decision import Goal, Rebalance
from trimtab.model.holdings import Balance, Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.mandate import Mandate
from trimtab.model.policy import (
    CostPolicy,
    ExecutionPolicy,
    LimitPolicy,
    Policy,
    PricePolicy,
    Schedule,
    Target,
)
from trimtab.model.prices import Ladder, Level, Mark, Marks, Trust
from trimtab.plan import certificate, compose, costing, network
from trimtab.plan import plan as plans
from trimtab.plan import scene as scenes
from trimtab.quant import lp
from trimtab.units import canon, divide, floor_to, money, round_to, under_context

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
D = Decimal
Inputs = tuple[Rebalance, Snapshot, Marks, Terms, Liquidity]


def made(options: argparse.Namespace) -> Inputs:
    """A seeded fund whose assets are up to half off their equal weights."""
    draw = random.Random(options.seed)
    names = ["BTC", *(f"A{n:03d}" for n in range(options.assets - 2)), "USDT"]
    prices = {name: money(D(str(round(10 ** draw.uniform(-2, 3), 6)))) for name in names} | {"BTC": D(60000)}
    prices["USDT"] = D(1)
    venues = [f"v{n}" for n in range(options.venues)]
    accounts = [(f"{venue}{n}", venue) for venue in venues for n in range(options.accounts)]
    listed = [instrument(venue, pair, prices) for venue in venues for pair in pairs(names)]
    goals = tuple(Goal(asset=name, low=weight, high=weight) for name, weight in weights(names).items())
    return (
        Rebalance(at=AT, reasons=(), drifts=(), goals=goals),
        Snapshot(at=AT, balances=tuple(balances(options, accounts, prices, draw))),
        Marks(at=AT, base="USDT", marks=tuple(mark(name, price) for name, price in sorted(prices.items()))),
        Terms(
            policy=policy(names, accounts),
            instruments=tuple(sorted(listed, key=lambda i: i.id)),
            fees=tuple(fee(account, draw) for account, _ in accounts),
            venues=(),
        ),
        Liquidity(ladders=tuple(ladder(one, prices, draw, options.levels) for one in listed)),
    )


def pairs(names: list[str]) -> list[tuple[str, str]]:
    """Every asset against USDT and a fifth against BTC."""
    assets = [name for name in names if name != "USDT"]
    return [(name, "USDT") for name in assets] + [(name, "BTC") for name in assets[1::5]]


def weights(names: list[str]) -> dict[str, Decimal]:
    """Equal weights that sum to one."""
    each = D(1) / len(names)
    equal = {name: money(each) for name in names}
    equal["USDT"] = canon(1 - sum((equal[name] for name in names if name != "USDT"), D(0)))
    return dict(sorted(equal.items()))


def balances(
    options: argparse.Namespace, accounts: list[tuple[str, str]], prices: dict[str, Decimal], draw: random.Random
) -> list[Balance]:
    """So many positions of about the same value, USDT in every account among them."""
    places = [(account, name) for account, _ in accounts for name in sorted(prices) if name != "USDT"]
    chosen = draw.sample(places, options.positions - len(accounts)) + [(account, "USDT") for account, _ in accounts]
    found = []
    for account, asset in sorted(chosen):
        amount = floor_to(D(100000) * D(str(round(draw.uniform(0.5, 1.5), 4))) / prices[asset], D("0.00000001"))
        found.append(Balance(account=account, asset=asset, total=amount, free=amount, as_of=AT))
    return found


def instrument(venue: str, pair: tuple[str, str], prices: dict[str, Decimal]) -> Instrument:
    """A pair in lots of about a hundredth of a dollar."""
    lot = canon(D(1).scaleb(-2 - prices[pair[0]].adjusted()))
    tick = canon(D(1).scaleb(divide(prices[pair[0]], prices[pair[1]]).adjusted() - 5))
    filters = Filters(step=lot, tick=tick, min_notional=canon(money(D(5) / prices[pair[1]])))
    return Instrument(id=f"{venue}:{pair[0]}/{pair[1]}", venue=venue, base=pair[0], quote=pair[1], filters=filters)


def ladder(one: Instrument, prices: dict[str, Decimal], draw: random.Random, levels: int) -> Ladder:
    """A book about the mark: each level twice as far from it as the one before, and half as deep again."""
    mid = divide(prices[one.base], prices[one.quote])
    half, value = D(str(round(draw.uniform(0.3, 5), 3))), D(str(round(draw.uniform(3000, 30000), 2)))
    sides: tuple[list[Level], list[Level]] = ([], [])
    for number in range(levels):
        away = mid * half * D(str(1.6**number)) / 10000
        size = max(one.filters.step, floor_to(value * D(str(1.3**number)) / prices[one.base], one.filters.step))
        for side, price in zip(sides, (mid - away, mid + away), strict=True):
            side.append(Level(price=round_to(price, one.filters.tick), amount=size))
    bids = tuple(level for level in sides[0] if level.price > 0)
    return Ladder(instrument=one.id, bids=bids, asks=tuple(sides[1]), as_of=AT)


def mark(name: str, price: Decimal) -> Mark:
    """A mark that is agreed on."""
    return Mark(asset=name, price=price, as_of=AT, sources=(), trust=Trust.AGREED)


def fee(account: str, draw: random.Random) -> FeeTerms:
    """Fees from 2 to 26 bps, taken from what is received or from the quote."""
    taken = draw.choice((TakenFrom.RECEIVED, TakenFrom.QUOTE))
    return FeeTerms(account=account, maker_bps=D(2), taker_bps=D(draw.randrange(2, 27)), taken_from=taken)


def policy(names: list[str], accounts: list[tuple[str, str]]) -> Policy:
    """The least law that a plan needs."""
    return Policy(
        fund="bench",
        base="USDT",
        assets=tuple(Asset(id=name, decimals=8) for name in sorted(names)),
        accounts=tuple(Account(id=account, venue=venue) for account, venue in accounts),
        prices=PricePolicy(
            sources=(), max_age_s=60, max_spread_bps=D(100), max_disagreement_bps=D(100), max_unpriced_weight=D(0)
        ),
        target=Target(weights=()),
        triggers=(),
        costs=CostPolicy(max_cost_bps=D(50)),
        mandate=Mandate(),
        execution=ExecutionPolicy(
            schedule=Schedule.IMMEDIATE,
            order_kind="limit",
            duration_s=0,
            slices=1,
            price_tolerance_bps=D(100),
            slice_rest_s=30,
            deadline_s=60,
            max_attempts=3,
            valid_s=5,
            ask_every_s=2,
            cooldown_s=0,
        ),
        limits=LimitPolicy(
            max_balance_age_s=60,
            max_read_rounds=3,
            lease_wait_s=1,
            lease_ttl_s=30,
            plan_max_age_s=600,
            read_timeout_s=5,
        ),
    )


@under_context
def stepped(inputs: Inputs) -> dict[str, float]:
    """The steps of one plan, each with its wall time; the sum of them is not quite the whole."""
    stamps: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = work()
        stamps[step] = time.perf_counter() - started
        return found

    scene = timed("scene", lambda: scenes.arrange(*inputs))
    net = timed("build", lambda: network.network(scene))
    problem = net.problem()
    timed("first_solve", lambda: lp.solve(problem))
    sized, solution = timed("solve_and_round", lambda: plans.solve(net, problem))
    priced = timed("price", lambda: costing.price(scene, sized))
    duals = timed("prove", lambda: plans.prove(compose.widened(net, problem, priced), solution))
    proof = compose.Proof(net, lp.SOLVER, lp.version(), duals)
    timed("compose", lambda: compose.compose(AT, scene, priced, proof))
    plan = timed("plan", lambda: plans.plan(*inputs))
    faults = timed("certify", lambda: certificate.faults(plan, *inputs))
    assert faults == (), faults
    return stamps


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("runs", 9), ("venues", 6), ("accounts", 2), ("assets", 100), ("positions", 300)):
        asked.add_argument(f"--{name}", type=int, default=usual)
    asked.add_argument("--levels", type=int, default=10)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    inputs = made(options)
    plan = plans.plan(*inputs)
    scene = scenes.arrange(*inputs)
    problem = network.network(scene).problem()
    runs = [stepped(inputs) for _ in range(options.runs)]
    line = {
        "bench": "plan",
        "positions": options.positions,
        "accounts": options.venues * options.accounts,
        "assets": options.assets,
        "books": len(inputs[4].ladders),
        "levels": options.levels,
        "columns": len(problem.table.columns),
        "rows": len(problem.rows),
        "legs": len(plan.legs),
        "status": plan.status,
        "cost": str(plan.costs.fee + plan.costs.spread + plan.costs.impact),
        "bound": str(plan.bound),
        "traded": str(plan.traded),
        "runs": options.runs,
        "line_ms": 50,
        "ms": {step: round(1000 * statistics.median(run[step] for run in runs), 2) for step in runs[0]},
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
