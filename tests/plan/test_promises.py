"""What every plan promises, on funds drawn at random: bytes, money, the bound, the check, and the best there is."""

import itertools
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.plan.worlds import Case, case, cost, goals, ladder, listed, proven, with_bnb
from tests.small import D, keeping, policy, read
from trimtab import units
from trimtab.model.canonical import encode
from trimtab.model.holdings import AccountRead, Balance
from trimtab.model.ledger import Liquidity
from trimtab.model.plans import Status

PAIRS = tuple(f"{venue}:{pair}" for venue in ("north", "south") for pair in ("BTC/USDT", "ETH/BTC", "ETH/USDT"))
HUNDREDTHS = st.integers(0, 100)


@st.composite
def weights(draw: st.DrawFn) -> dict[str, str]:
    """Three weights that sum to one, as exact goals or as ranges about them."""
    first = draw(HUNDREDTHS)
    second = draw(st.integers(0, 100 - first))
    off = draw(st.sampled_from((0, 0, 2, 10)))
    exact = {"BTC": first, "ETH": second, "USDT": 100 - first - second}
    return {asset: f"{hundredth(n - off)}..{hundredth(n + off)}" for asset, n in exact.items()}


def hundredth(number: int) -> Decimal:
    """A weight within zero and one."""
    return units.canon(D(min(100, max(0, number))) / 100)


@st.composite
def problems(draw: st.DrawFn) -> Case:
    """Funds of three accounts at two venues, with books, filters, fees, and money kept back, of all sorts."""
    held = [
        read(
            account,
            BTC=str(draw(st.integers(0, 40))),
            ETH=str(draw(st.integers(0, 600))),
            USDT=str(draw(st.integers(0, 2_000_000))),
        )
        for account in ("a", "b", "c")
    ]
    names = draw(st.lists(st.sampled_from(PAIRS), min_size=1, unique=True))
    depth = st.lists(st.tuples(st.integers(1, 900), st.integers(-20, 110)), min_size=1, max_size=4).map(
        lambda levels: [(str(v * 1000), str(off)) for v, off in sorted(levels, key=lambda level: level[1])]
    )
    problem = case(
        goals(**draw(weights())),
        *held,
        books=[ladder(name, draw(depth)) for name in sorted(names)],
        pairs=listed(
            *sorted(names),
            step=draw(st.sampled_from(("0.00000001", "0.001", "0.1"))),
            min_notional=D(draw(st.sampled_from((0, 10, 5000)))) or None,
        ),
        fee_bps=str(draw(st.integers(-3, 60))),
        taken_from=draw(st.sampled_from(("received", "quote"))),
        law=policy(accounts=keeping("a", "USDT", str(draw(st.sampled_from((0, 1, 500_000)))))),
    )
    return with_bnb(problem) if draw(st.booleans()) else problem


@given(problems())
def test_every_promise_holds_for_any_fund(problem: Case) -> None:
    plan = proven(problem)
    assert (plan.status is Status.OPTIMAL) is (not plan.unmet)
    assert (plan.status is Status.INFEASIBLE) is bool(plan.unmet and not plan.legs)
    traded: dict[str, Decimal] = {}
    for change in plan.changes:
        traded[change.asset] = traded.get(change.asset, D(0)) + change.amount
    prices = {mark.asset: mark.price for mark in problem.marks.marks}
    lost = -sum((amount * prices[asset] for asset, amount in traded.items()), D(0))
    assert D("-1E-6") < cost(plan) - lost
    assert cost(plan) - lost < D("1E-6")


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_changes_no_byte(problem: Case, draw: random.Random) -> None:
    assert encode(shuffled(problem, draw).plan()) == encode(problem.plan())


def shuffled(problem: Case, draw: random.Random) -> Case:
    """The same problem with every list in another order."""

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(draw.sample(items, len(items)))

    law = problem.terms.policy
    mandate = replace(law.mandate, clauses=mixed(law.mandate.clauses))
    named = replace(law, assets=mixed(law.assets), accounts=mixed(law.accounts), mandate=mandate)
    return Case(
        replace(problem.decision, goals=mixed(problem.decision.goals)),
        replace(problem.snapshot, balances=mixed(problem.snapshot.balances)),
        replace(problem.marks, marks=mixed(problem.marks.marks)),
        replace(
            problem.terms, policy=named, instruments=mixed(problem.terms.instruments), fees=mixed(problem.terms.fees)
        ),
        Liquidity(ladders=mixed(problem.liquidity.ladders)),
    )


def test_the_same_problem_gives_the_same_bytes_again() -> None:
    problem = case(goals(BTC="0.4", ETH="0.3", USDT="0.3"), read("a", BTC="9"), read("b", BTC="9"), fee_bps="5")
    assert len({encode(problem.plan()) for _ in range(5)}) == 1


def test_a_fund_that_has_carried_out_its_plan_has_nothing_left_to_do() -> None:
    """D4: no churn."""
    problem = case(goals(BTC="0.4", ETH="0.3", USDT="0.3"), read("a", BTC="9", USDT="5"), fee_bps="5")
    plan = problem.plan()
    amounts = {(b.account, b.asset): b.total for b in problem.snapshot.balances}
    for change in plan.changes:
        place = change.account, change.asset
        amounts[place] = amounts.get(place, D(0)) + change.amount
    rounded = {place: units.floor_to(amount, D("0.00000001")) for place, amount in amounts.items()}
    balances = tuple(
        Balance(account=account, asset=asset, total=amount, free=amount, as_of=problem.snapshot.at)
        for (account, asset), amount in sorted(rounded.items())
    )
    done = replace(problem.snapshot, balances=balances)
    again = proven(Case(problem.decision, done, problem.marks, problem.terms, problem.liquidity))
    assert again.traded < D("0.01")


COARSE = ("north:BTC/USDT", "north:ETH/USDT", "south:BTC/USDT")


def small(held: tuple[AccountRead, ...], offs: tuple[int, ...], wanted: dict[str, str]) -> Case:
    """A fund in coarse lots, of which every possible plan can be listed."""
    books = [
        ladder(name, [("60000", str(off)), ("900000", str(off + 3))]) for name, off in zip(COARSE, offs, strict=True)
    ]
    pairs = tuple(
        replace(one, filters=replace(one.filters, step=D(1) if one.base == "BTC" else D(20))) for one in listed(*COARSE)
    )
    return case(goals(**wanted), *held, books=books, pairs=pairs, fee_bps="10")


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_in_whole_lots_that_ends_in_its_goals_is_cheaper_than_the_bound(seed: int) -> None:
    draw = random.Random(seed)
    held = (
        read("a", BTC=str(draw.randint(0, 3)), ETH=str(20 * draw.randint(0, 3)), USDT="70000"),
        read("b", BTC=str(draw.randint(2, 4)), USDT="70000"),
        read("c", BTC="1"),
    )
    offs = tuple(draw.randint(1, 30) for _ in COARSE)
    wanted = {"BTC": draw.choice(("0.2..0.4", "0.1..0.3", "0.7..0.9")), "ETH": "0..0.6", "USDT": "0..1"}
    problem = small(held, offs, wanted)
    plan = proven(problem)
    found = (judged(problem, lots) for lots in itertools.product(range(-2, 3), repeat=4))
    assert plan.bound <= min(price for price in found if price is not None) + D("1E-6")


PLACES = (("a", 0), ("c", 0), ("a", 1), ("b", 2))
"""The account and the book of each choice: a and c share the first book."""


def judged(problem: Case, lots: tuple[int, ...]) -> Decimal | None:
    """What trading so many lots costs by hand; None if it overdraws an account or leaves a goal."""
    free = {(b.account, b.asset): b.total for b in problem.snapshot.balances}
    prices = {"BTC": D(60000), "ETH": D(3000), "USDT": D(1)}
    total, ladders = D(0), problem.liquidity.ladders
    for index in range(3):
        mine = [(account, n) for (account, place), n in zip(PLACES, lots, strict=True) if place == index and n]
        if len({n > 0 for _, n in mine}) > 1:
            return None
        base = COARSE[index].split(":")[1].split("/")[0]
        size = D(1) if base == "BTC" else D(20)
        walked = D(0)
        for account, n in mine:
            amount, levels = abs(n) * size, ladders[index].asks if n > 0 else ladders[index].bids
            before, walked = walked, walked + amount
            moved = walk(levels, walked) - walk(levels, before)
            sign = 1 if n > 0 else -1
            guard = prices[base] * (1 + sign * D("0.01"))
            fee = (amount * prices[base] if n > 0 else moved) * D("0.001")
            total += sign * (moved - amount * prices[base]) + fee
            free[account, base] = free.get((account, base), D(0)) + sign * amount
            free[account, "USDT"] = free.get((account, "USDT"), D(0)) - sign * amount * guard
    if any(amount < 0 for amount in free.values()):
        return None
    return total if within(problem, lots, total) else None


def walk(levels: tuple[Any, ...], amount: Decimal) -> Decimal:
    """The quote for an amount."""
    moved = D(0)
    for level in levels:
        taken = min(amount, level.amount)
        moved += taken * level.price
        amount -= taken
    return moved


def within(problem: Case, lots: tuple[int, ...], lost: Decimal) -> bool:
    """Whether the fund ends inside all its goals."""
    prices = {"BTC": D(60000), "ETH": D(3000)}
    held = {asset: D(0) for asset in ("BTC", "ETH", "USDT")}
    for balance in problem.snapshot.balances:
        held[balance.asset] += balance.total
    nav = held["BTC"] * 60000 + held["ETH"] * 3000 + held["USDT"] - lost
    value = {asset: held[asset] * prices[asset] for asset in prices}
    for (_, place), n in zip(PLACES, lots, strict=True):
        base = COARSE[place].split(":")[1].split("/")[0]
        received = D("0.999") if n > 0 else D(1)
        value[base] += n * received * 60000
    shares = {asset: amount / nav for asset, amount in value.items()}
    shares["USDT"] = 1 - shares["BTC"] - shares["ETH"]
    return all(goal.low <= shares[goal.asset] <= goal.high for goal in problem.decision.goals)
