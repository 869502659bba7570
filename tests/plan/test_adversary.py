"""The planner against an oracle that knows only what a problem means: the same costs, the same verdict.

The oracle writes a problem as a linear programme of amounts, its rows dense, and solves it with SciPy. What a book may
not do both ways is branched on; what costs something by itself, or has a least size, is tried open and closed.
"""

import itertools
import os
import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.optimize import linprog  # type: ignore[import-untyped]  # scipy ships no types

from tests.plan.problems import D, book, c, ends, held, link, market, problem, solved, wants
from trimtab.model.answers import Answer, SolvedLeg
from trimtab.model.canonical import encode
from trimtab.model.plans import Status
from trimtab.model.problems import Desired, Objective, Problem, Rule, SharedBook, Stock, Tracking
from trimtab.plan.solve import solve
from trimtab.units import canon

PLENTY = 1e15
ROUNDING = 1e-6
"""What a solver's floats, and the margins of clauses, may change of a cost, as a share of the fund."""

LOTS = 0.02
"""What lots of the finest size may change of a cost."""

MISS = 0.225
BREACH = 0.9
"""What a unit of value costs by which a target is missed, or a clause that is breached already."""

NEVER = 1e5
"""What a miss costs where only a plan that reaches every target will do."""

Place = tuple[str, str]


@dataclass(frozen=True)
class Act:
    """Something that money can do: what one unit of it changes by place, in value, and of which slice it takes."""

    leg: str
    change: Mapping[Place, float]
    most: float
    slot: tuple[str, str, int] | None = None
    route: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Bound:
    """Parts times sizes may not pass `top`, but by `most` at a price."""

    parts: Any
    top: float
    price: float = 0.0
    most: float = 0.0


@dataclass
class Oracle:
    """A problem's least cost, from the words of its form alone. Amounts are in value at the marks."""

    asked: Problem
    miss: float = MISS
    acts: list[Act] = field(default_factory=list)
    fixed: dict[str, tuple[Place, float]] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.price = {a.id: float(a.price) for a in self.asked.assets if a.price is not None}
        self.there = {
            (s.account, s.asset): float(s.free + s.locked) * self.price.get(s.asset, 0.0) for s in self.asked.balances
        }
        self.free = {
            (s.account, s.asset): max(0.0, float(s.free - s.keep)) * self.price.get(s.asset, 0.0)
            for s in self.asked.balances
        }
        self.nav = sum(self.there.values())
        for way in self.asked.markets:
            for side in way.sides:
                self._orders(way, str(side))
        for one in self.asked.transfers:
            mark = self.price[one.asset]
            source, target = (one.source, one.asset), (one.target, one.asset)
            kept = 1.0 - max(0.0, float(one.fee_bps)) / 1e4
            most = PLENTY if one.maximum is None else float(one.maximum) * mark
            self.acts.append(Act(one.id, {source: -1.0, target: kept}, most, route=(one.source, one.target)))
            if one.fee:
                self.fixed[one.id] = (target, float(one.fee) * mark)
            if one.minimum or one.fee:
                self.least[one.id] = max(float(one.minimum), float(one.fee)) * mark

    def _orders(self, way: Any, side: str) -> None:
        where: SharedBook = next(b for b in self.asked.books if b.id == way.book)
        base, quote = (way.account, where.base), (way.account, where.quote)
        leg, rate = f"{way.id} {side}", max(0.0, float(way.fee_bps)) / 1e4
        for number, part in enumerate(where.depth):
            if part.side is not None and str(part.side) != side:
                continue
            off = max(0.0, float(part.bps)) / 1e4
            level = 1.0 + off if side == "buy" else 1.0 - off
            gain, spend = (base, quote) if side == "buy" else (quote, base)
            change = {base: 1.0, quote: -level} if side == "buy" else {base: -1.0, quote: level}
            slot = (where.id, side, number)
            for payer in self._payers(way.fee_from, gain, quote, way.account):
                due = rate * (1.0 if payer == gain == base else level)
                whole = dict(change)
                whole[payer] = whole.get(payer, 0.0) - due
                self.acts.append(Act(leg, whole, float(part.value), slot))
            assert spend != gain
        if where.min_notional or where.min_amount:
            quoted = float(where.min_notional) * self.price[where.quote]
            self.least[leg] = max(quoted, float(where.min_amount) * self.price[where.base])

    @staticmethod
    def _payers(fee_from: str, gain: tuple[str, str], quote: tuple[str, str], account: str) -> list[tuple[str, str]]:
        if fee_from == "received":
            return [gain]
        if fee_from == "quote":
            return [quote]
        return [(account, fee_from), gain]

    def cost(self) -> float | None:
        """The least cost; None if there is no way. With least sizes, all sets of legs are tried."""
        if self.least:
            return min((x for x in self._opened() if x is not None), default=None)
        return self._branched(frozenset())

    @property
    def legs(self) -> frozenset[str]:
        return frozenset(act.leg for act in self.acts)

    def _opened(self) -> Iterator[float | None]:
        for many in range(len(self.legs) + 1):
            for used in itertools.combinations(sorted(self.legs), many):
                if not self._forbidden(frozenset(used)):
                    found = self._least(self.legs - set(used), set(used) & self.least.keys())
                    yield found[0] if found else None

    def _forbidden(self, used: frozenset[str]) -> bool:
        """Whether legs trade a book both ways, or lead money round in a circle."""
        if any(not (sides[0].isdisjoint(used) or sides[1].isdisjoint(used)) for sides in self._sides()):
            return True
        ways = {self._ends(act) for act in self.acts if act.leg in used}
        while ways:
            kept = {way for way in ways if any(way[1] == other[0] for other in ways)}
            if kept == ways:
                return True
            ways = kept
        return False

    @staticmethod
    def _ends(act: Act) -> tuple[tuple[str, str], tuple[str, str]]:
        return min(act.change, key=lambda p: act.change[p]), max(act.change, key=lambda p: act.change[p])

    def _sides(self) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        """The legs that buy from a book, and those that sell to it."""
        for one in self.asked.books:
            buy, sell = (
                frozenset(a.leg for a in self.acts if a.slot and a.slot[:2] == (one.id, side))
                for side in ("buy", "sell")
            )
            yield buy, sell

    def _branched(self, closed: frozenset[str]) -> float | None:
        """The least cost with legs closed; a book that is traded both ways is tried one way and the other."""
        found = self._least(closed, ())
        if found is None:
            return None
        cost, sizes = found
        busy = {self.acts[n].leg for n, v in sizes.items() if v > self.nav * 1e-9}
        both = next((legs for legs in self._sides() if busy & legs[0] and busy & legs[1]), None)
        if both is None:
            return cost
        return min((x for x in (self._branched(closed | legs) for legs in both) if x is not None), default=None)

    def _least(self, closed: Collection[str], used: Collection[str]) -> tuple[float, dict[int, float]] | None:
        """One linear programme: its cost, misses included, and the size of each act."""
        acts, fixed = self.acts, dict[Place, float]()
        for leg in set(used) & self.fixed.keys():
            place, fee = self.fixed[leg]
            fixed[place] = fixed.get(place, 0.0) + fee
        places = sorted({*self.there, *(p for a in acts for p in a.change)})
        moves = {p: np.array([a.change.get(p, 0.0) for a in acts]) for p in places}
        start = {p: self.there.get(p, 0.0) - fixed.get(p, 0.0) for p in places}
        rows = [Bound(-moves[p], self.free.get(p, 0.0) - fixed.get(p, 0.0)) for p in places]
        rows += [Bound(np.array([-float(a.leg == leg) for a in acts]), -self.least[leg]) for leg in used]
        rows += [*self._rooms(), *self._shares(moves, start)]
        soft = [row for row in rows if row.price]
        table = [[*row.parts, *(-float(row is other) for other in soft)] for row in rows]
        bounds = [(0.0, 0.0 if a.leg in closed else min(a.most, 2 * self.nav) / self.nav) for a in acts]
        found = linprog(
            [*(-sum(moves.values(), np.zeros(len(acts)))), *(row.price for row in soft)],
            A_ub=table,
            b_ub=[row.top / self.nav for row in rows],
            bounds=[*bounds, *((0.0, row.most / self.nav) for row in soft)],
            method="highs",
        )
        if found.status != 0:
            return None
        return sum(fixed.values()) + found.fun * self.nav, dict(enumerate(found.x[: len(acts)] * self.nav))

    def _rooms(self) -> Iterator[Bound]:
        """What slices, ceilings and turnover leave room for."""
        acts = self.acts
        for slot in sorted({a.slot for a in acts if a.slot}):
            yield Bound(np.array([float(a.slot == slot) for a in acts]), next(a.most for a in acts if a.slot == slot))
        for account in self.asked.accounts:
            if account.max_value is not None:
                now = sum(v for p, v in self.there.items() if p[0] == account.id)
                yield Bound(np.array([_room(a, account.id) for a in acts]), float(account.max_value) - now)
        for rule in self.asked.clauses:
            if rule.kind == "max_turnover":
                yield Bound(np.array([float(a.slot is not None) for a in acts]), float(rule.limit) * self.nav)

    def _shares(self, moves: Mapping[Place, Any], start: Mapping[Place, float]) -> Iterator[Bound]:
        """What every share of the whole must not pass: a target may be missed at its price, a breach not widened."""
        whole, now = sum(moves.values(), np.zeros(len(self.acts))), sum(start.values())
        for mine, low, high, price in self._promises(moves):
            row, at = sum((moves[p] for p in mine), np.zeros(len(self.acts))), sum(start[p] for p in mine)
            before = sum(self.there.get(p, 0.0) for p in mine)
            for parts, top, breach in (
                (row - high * whole, high * now - at, before - high * self.nav),
                (low * whole - row, at - low * now, low * self.nav - before),
            ):
                yield Bound(parts, top, price, PLENTY if price == self.miss else max(0.0, breach))

    def _promises(self, places: Collection[Place]) -> Iterator[tuple[list[Place], float, float, float]]:
        """The places that a promise sums, between which shares of the whole they end, and the price of a miss."""
        aims = {aim.asset: aim for aim in self.asked.targets}
        for asset in self.price:
            aim, mine = aims.get(asset, Desired(asset=asset, weight=D(0))), [p for p in places if p[1] == asset]
            if aim.weight is not None:
                yield mine, max(0.0, float(aim.weight - aim.band)), min(1.0, float(aim.weight + aim.band)), self.miss
        for rule in self.asked.clauses:
            mine = [p for p in places if p[1] in rule.bound or p[0] in rule.accounts]
            if rule.kind == "min_weight":
                yield mine, float(rule.limit), 1.0, BREACH
            elif rule.kind != "max_turnover":
                yield mine, 0.0, float(rule.limit), BREACH

    def paid(self, answer: Answer) -> float:
        """What an answer costs, what it misses at the same prices."""
        end = {p: float(amount) * self.price.get(p[1], 0.0) for p, amount in ends(self.asked, answer).items()}
        whole, total = sum(end.values()), float(answer.cost)
        for mine, low, high, price in self._promises(end):
            at = sum(end[p] for p in mine)
            total += price * max(0.0, low * whole - at, at - high * whole)
        return total


def _room(act: Act, account: str) -> float:
    """The room below a ceiling that a transfer takes up, or leaves."""
    if act.route is None:
        return 0.0
    return float(act.route[1] == account) - float(act.route[0] == account)


def whole(drawn: float, digits: int = 4) -> str:
    """A drawn number with so many digits behind the point."""
    return str(round(drawn, digits))


@dataclass
class Drawn:
    """A problem drawn from a seed: up to three assets over two venues and three accounts."""

    chance: random.Random
    fussy: bool = False
    """Whether anything has fixed fees or least sizes."""

    thirds: bool = True
    """Whether fees may be taken from a third asset."""

    def problem(self) -> Problem:
        draw = self.chance
        assets = ["USDT", "BTC", "ETH", "BNB"][: draw.randint(2, 3 if self.fussy else 4)]
        accounts = ["north1", "south1"] if self.fussy else draw.choice([["north1"], ["north1", "north2", "south1"]])
        stocks = [
            held(a, x, free := self.amount(x), keep=whole(float(free) * draw.choice([0, 0, 0.1, 0.5])))
            for a in accounts
            for x in assets
            if draw.random() < 0.8
        ] or [held("north1", "USDT", "1000")]
        books = [
            self.book(f"{venue}:{pair}") for venue in sorted({a[:-1] for a in accounts}) for pair in self.pairs(assets)
        ]
        ways = [
            market(a, one.id, draw.choice(["0", "5", "10"]), self.payer(one, assets))
            for one in books
            for a in accounts
            if one.id.startswith(a[:-1])
        ]
        links = [
            self.link(x, a, b) for a in accounts for b in accounts for x in assets if a != b and draw.random() < 0.4
        ]
        ceilings = {}
        if draw.random() < 0.2:
            links = [one for one in links if one.source != accounts[0]]
            now = sum((s.free * D(PRICE[s.asset]) for s in stocks if s.account == accounts[0]), D(0))
            ceilings = {accounts[0]: str(now + draw.randint(0, 50_000))}
        return problem(stocks, self.targets(assets), *books, *ways, *links, *self.rules(assets), ceilings=ceilings)

    def payer(self, where: SharedBook, assets: list[str]) -> str:
        third = [] if self.fussy or not self.thirds else [x for x in assets if x not in (where.base, where.quote)]
        return self.chance.choice(["received", "quote", *third[-1:]])

    def amount(self, asset: str) -> str:
        return whole(float(10 ** self.chance.uniform(2, 6)) / float(PRICE[asset]))

    def pairs(self, assets: list[str]) -> list[str]:
        found = [f"{x}/USDT" for x in assets[1:] if self.chance.random() < 0.9]
        return found + [f"{x}/BTC" for x in assets[2:] if self.chance.random() < 0.3]

    def book(self, name: str) -> SharedBook:
        draw = self.chance
        offs = sorted(draw.uniform(-1, 30) for _ in range(draw.randint(1, 3)))
        least = {"min_notional": draw.choice(["0", "5000"])} if self.fussy and name.endswith("USDT") else {}
        return book(name, *((whole(10 ** draw.uniform(3, 6), 2), whole(off, 2)) for off in offs), **least)

    def link(self, asset: str, source: str, target: str) -> Any:
        draw, price = self.chance, float(PRICE[asset])
        fee, more = "0", dict[str, Any]()
        if self.fussy:
            fee = whole(draw.choice([0, 5, 50]) / price, 6)
            more["minimum"] = whole(draw.choice([0, 0, 2000]) / price, 6)
        if draw.random() < 0.3:
            more["maximum"] = whole(10 ** draw.uniform(4, 6) / price, 4)
        return link(asset, source, target, fee, fee_bps=draw.choice(["0", "0", "2"]), **more)

    def targets(self, assets: list[str]) -> list[Desired]:
        draw = self.chance
        parts = [draw.randint(0, 5) for _ in assets]
        total = max(1, sum(parts))
        band = c(draw.choice(["0", "0", "0.02"]))
        weights = [canon(D(n) / total).quantize(D("0.0001")) for n in parts]
        weights[0] = max(D(0), 1 - sum(weights[1:], D(0)))
        weights[-1] = 1 - sum(weights[:-1], D(0))
        if draw.random() < 0.3:
            aims = [Desired(asset=x, weight=canon(w), band=band) for x, w in zip(assets[1:], weights[1:], strict=True)]
            return [*aims, Desired(asset="USDT", remainder=True)]
        return [Desired(asset=x, weight=canon(w), band=band) for x, w in zip(assets, weights, strict=True)]

    def rules(self, assets: list[str]) -> list[Rule]:
        draw, found = self.chance, []
        if draw.random() < 0.15:
            found.append(Rule(kind="max_weight", assets=tuple(assets[1:]), limit=c(whole(draw.uniform(0.5, 1), 2))))
        if draw.random() < 0.15:
            found.append(Rule(kind="max_turnover", limit=c(whole(draw.uniform(0.2, 1.5), 2))))
        return found


PRICE = {"BTC": "50000", "ETH": "2500", "BNB": "500", "USDT": "1"}


# Against the oracle


def told(seed: int, found: float, wanted: float, nav: float) -> str:
    return f"seed {seed}: costs {found}, the oracle {wanted}, of {nav}"


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_exact_plans_cost_what_the_oracle_says_and_are_refused_where_it_knows_no_way(first: int) -> None:
    for seed in range(first, first + 50):
        asked = Drawn(random.Random(seed)).problem()
        oracle, answer = Oracle(asked, NEVER), solved(asked)
        wanted, possible = oracle.cost(), answer.status is not Status.INFEASIBLE
        assert wanted is not None
        assert possible == (wanted < oracle.nav / 50), told(seed, float(answer.cost), wanted, oracle.nav)
        if possible:
            found = Oracle(asked).paid(answer)
            assert abs(found - wanted) < oracle.nav * ROUNDING + LOTS, told(seed, found, wanted, oracle.nav)


def test_the_draws_hold_both_plans_and_refusals() -> None:
    found = {solved(Drawn(random.Random(seed)).problem()).status for seed in range(30)}

    assert found == {Status.OPTIMAL, Status.INFEASIBLE}


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_what_cannot_be_reached_is_come_as_near_as_the_oracle_comes(first: int) -> None:
    for seed in range(first, first + 50):
        drawn = Drawn(random.Random(seed), thirds=False).problem()
        asked = replace(drawn, clauses=(), objective=Objective(tracking=Tracking.NEAREST))
        oracle, answer = Oracle(asked), solved(asked)
        wanted = oracle.cost()
        assert wanted is not None
        found = oracle.paid(answer)
        assert abs(found - wanted) < oracle.nav * ROUNDING + LOTS, told(seed, found, wanted, oracle.nav)


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_whole_decisions_are_as_good_as_the_best_of_all_sets_of_legs(first: int) -> None:
    for seed in range(first, first + 20):
        drawn = Drawn(random.Random(seed), fussy=True).problem()
        asked = replace(drawn, clauses=(), objective=Objective(tracking=Tracking.NEAREST))
        oracle = Oracle(asked)
        if len(oracle.legs) > 8:
            continue
        wanted, found = oracle.cost(), oracle.paid(solved(asked))
        assert wanted is not None
        spare = oracle.nav * 1e-5 + 0.005 * max(oracle.least.values(), default=0.0)
        assert -oracle.nav * 1e-5 < found - wanted < spare, told(seed, found, wanted, oracle.nav)


# What every plan promises

SEEDS = st.integers(0, 10**9)
ASKED = SEEDS.map(lambda seed: Drawn(random.Random(seed)).problem())
FUSSY = SEEDS.map(lambda seed: Drawn(random.Random(seed), fussy=True).problem())
NEARLY = st.one_of(ASKED, FUSSY).map(lambda asked: replace(asked, objective=Objective(tracking=Tracking.NEAREST)))
"""Plans that come near are plans too: few draws at random can be reached exactly."""

EXAMPLES = int(os.environ.get("TRIMTAB_EXAMPLES", "60"))
"""More of them by hand, where there is time."""


def priced(asked: Problem) -> Mapping[str, Decimal]:
    return {asset.id: asset.price for asset in asked.assets if asset.price is not None}


@settings(max_examples=EXAMPLES)
@given(NEARLY)
def test_what_a_plan_costs_is_what_the_fund_is_worth_less(asked: Problem) -> None:
    answer, price = solved(asked), priced(asked)

    before = sum((s.free + s.locked) * price[s.asset] for s in asked.balances)
    after = sum(amount * price[asset] for (_, asset), amount in ends(asked, answer).items())
    assert before - after == answer.cost
    assert 0 <= answer.bound <= answer.cost
    assert answer.gap == answer.cost - answer.bound


def closed_sets(answer: Answer) -> Iterator[frozenset[str]]:
    """Every set of legs that contains what its legs need."""
    for many in range(len(answer.legs) + 1):
        for some in itertools.combinations(answer.legs, many):
            names = frozenset(leg.id for leg in some)
            if all(names >= set(leg.needs) for leg in some):
                yield names


def beside(answer: Answer, done: frozenset[str]) -> list[SolvedLeg]:
    """The legs that may run when these are done."""
    return [leg for leg in answer.legs if leg.id not in done and done >= set(leg.needs)]


def worst(asked: Problem, answer: Answer, done: frozenset[str]) -> dict[Place, Decimal]:
    """The least that can be free anywhere: what runs has spent all that it spends and brought nothing."""
    there = {(s.account, s.asset): s.free for s in asked.balances}
    spending = [one for leg in beside(answer, done) for one in leg.changes if one.amount < 0]
    for one in [*(one for leg in answer.legs if leg.id in done for one in leg.changes), *spending]:
        there[one.account, one.asset] = there.get((one.account, one.asset), D(0)) + one.amount
    return there


def fullest(asked: Problem, answer: Answer, done: frozenset[str]) -> dict[str, Decimal]:
    """The most that any account can be worth by transfers: what runs has arrived and has not yet left."""
    price, links = priced(asked), {one.id: one for one in asked.transfers}
    within = dict.fromkeys((a.id for a in asked.accounts), D(0))
    for s in asked.balances:
        within[s.account] += (s.free + s.locked) * price[s.asset]
    moving = [leg for leg in answer.legs if leg.market in links]
    for leg in moving:
        if leg.id in done or leg in beside(answer, done):
            within[links[leg.market].target] += leg.value
        if leg.id in done:
            within[links[leg.market].source] -= leg.value
    return within


@settings(max_examples=EXAMPLES)
@given(NEARLY)
def test_every_prefix_keeps_every_floor_and_ceiling_however_much_of_its_last_legs_is_done(asked: Problem) -> None:
    answer = solved(asked)
    if len(answer.legs) > 12:
        return
    floors = {(s.account, s.asset): min(s.free, s.keep) for s in asked.balances}
    before = fullest(asked, answer, frozenset())
    for done in closed_sets(answer):
        for place, amount in worst(asked, answer, done).items():
            assert amount >= floors.get(place, D(0)), (done, place)
        for account, value in fullest(asked, answer, done).items():
            most = next(a.max_value for a in asked.accounts if a.id == account)
            assert most is None or value <= max(most, before[account]), (done, account)


@settings(max_examples=EXAMPLES)
@given(NEARLY)
def test_no_book_is_traded_both_ways_and_no_slice_beyond_its_end(asked: Problem) -> None:
    answer = solved(asked)

    wheres = {way.id: way.book for way in asked.markets}
    trades = {(wheres[leg.market], leg.side) for leg in answer.legs if leg.market in wheres}
    assert len({name for name, _ in trades}) == len(trades)
    price, taken = priced(asked), dict[tuple[str, int], Decimal]()
    for leg in answer.legs:
        for part in leg.takes if leg.market in wheres else ():
            where = wheres[leg.market], int(part.move.split()[-2])
            taken[where] = taken.get(where, D(0)) + part.amount
    for one in asked.books:
        for number, slot in enumerate(one.depth, start=1):
            assert taken.get((one.id, number), D(0)) * price[one.base] <= slot.value


@settings(max_examples=EXAMPLES)
@given(NEARLY, SEEDS.map(random.Random))
def test_the_same_problem_in_any_order_gives_the_same_bytes(asked: Problem, chance: random.Random) -> None:
    lists = ("assets", "accounts", "balances", "targets", "books", "markets", "transfers", "clauses")
    turned = {name: tuple(chance.sample(getattr(asked, name), len(getattr(asked, name)))) for name in lists}

    assert encode(solve(replace(asked, **turned))) == encode(solve(asked))


@settings(max_examples=EXAMPLES)
@given(ASKED)
def test_the_end_of_a_plan_that_reached_its_targets_moves_nothing_worth_a_word(asked: Problem) -> None:
    first = solved(asked)
    if first.status is not Status.OPTIMAL:
        return
    keeps = {(s.account, s.asset): s for s in asked.balances}
    there = tuple(
        replace(keeps.get(p, Stock(account=p[0], asset=p[1], free=D(0))), free=canon(amount))
        for p, amount in sorted(ends(asked, first).items())
    )

    again = solved(replace(asked, balances=there))

    nav = sum(float(s.free * priced(asked)[s.asset]) for s in there)
    assert again.status is Status.OPTIMAL
    assert float(again.cost) < nav * ROUNDING + LOTS


@settings(max_examples=EXAMPLES)
@given(st.integers(1, 400), st.integers(0, 100), st.integers(0, 100))
def test_lots_never_buy_or_sell_more_than_was_asked(step: int, now: int, aim: int) -> None:
    def sent(lot: str) -> Decimal:
        there = {"a": {"BTC": whole(now / 20), "USDT": str(5000 * (100 - now))}}
        weights = {"BTC": whole(aim / 100), "USDT": whole(1 - aim / 100)}
        asked = problem(there, wants(**weights), book("north:BTC/USDT", step=lot), market("a", "north:BTC/USDT", "10"))
        return sum((leg.amount for leg in solved(asked).legs), D(0))

    fine, coarse = sent("0"), sent(whole(step / 1000))

    assert coarse <= fine
    assert coarse % c(whole(step / 1000)) == 0
