"""Seeded planning problems as networks: assets on venues, and accounts on venues that share their books.

Money is in cents and a cost of one is a millionth, so that all numbers are integers. Every listed (venue, asset) is a
node, every asset has a node for the fund's target, and one node stands for missing a target, at 600 bps. Of the
assets the first four (say USDT, USDC, BTC, ETH) are listed everywhere and everything is traded against the first,
30 %, 25 % and 15 % of listings against the others; a side of a book is three segments: fee, half the spread, and an
impact that grows with what has been taken. Assets move between venues for a share of the amount, each way by itself.
Edges come sorted by tail, head and segment.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from trimtab.quant.flow import Network

Integers = npt.NDArray[np.int64]
Draw = np.random.Generator

MISSED = 60_000
ENDLESS = 10**12
"""Ten billion dollars in cents: what no problem here reaches."""
PAIRED = ((0, 1.0), (1, 0.3), (2, 0.25), (3, 0.15))
SEGMENTS = ((0.0, 1), (1.0, 3), (4.0, None))
"""Of a side of a book: how often the impact is added to the cost, and how often its depth can be taken."""


@dataclass(frozen=True, eq=False)
class Orders:
    """A problem, and which of its edges are trades."""

    network: Network
    trades: Integers


class Edges:
    """Edges as they are drawn, a batch at a time."""

    def __init__(self) -> None:
        self.batches: list[Integers] = []

    def add(self, tails: Any, heads: Any, costs: Any, capacities: Any = ENDLESS, segment: int = -1) -> None:
        """A batch of edges; segments of trades are numbered from 0, -1 is no trade."""
        self.batches.append(np.stack(np.broadcast_arrays(tails, heads, segment, costs, capacities)).astype(np.int64))

    def sorted(self, supplies: Integers) -> Orders:
        """All of them, as a problem."""
        table = np.concatenate(self.batches, axis=1)
        table = np.ascontiguousarray(table[:, np.lexsort(table[2::-1])])
        tails, heads, segments, costs, capacities = table
        return Orders(Network(len(supplies), tails, heads, capacities, costs, supplies), np.flatnonzero(segments >= 0))


@dataclass(frozen=True, eq=False)
class Market:
    """Which venue lists which asset, and the number of the node of each; -1 where it is not listed."""

    listed: npt.NDArray[np.bool_]
    node: Integers


def market(draw: Draw, assets: int, venues: int, first: int = 0) -> Market:
    """Large assets are listed nearly everywhere, small ones on one venue in seven, and on the first venue all."""
    chance = np.clip(1.15 / (1 + np.arange(assets) / (0.25 * assets)), 0.15, 1.0)
    listed = draw.random((venues, assets)) < chance
    listed[:, :4] = True
    listed[0, :] = True
    node = np.full((venues, assets), -1)
    node[listed] = first + np.arange(np.count_nonzero(listed))
    return Market(listed, node)


def books(draw: Draw, edges: Edges, where: Market) -> None:
    """Both sides of every book, in three segments each."""
    venues, assets = where.listed.shape
    fee = draw.uniform(200, 1000, (venues,))
    depth = np.maximum(2e4, 5e6 / (1 + np.arange(assets)))
    at, what = np.nonzero(where.listed)
    for quote, chance in PAIRED:
        paired = (what > quote) & (draw.random(len(what)) < chance)
        venue, asset = at[paired], what[paired]
        spread = draw.uniform(50, 2000, len(venue)) * (0.05 + asset / assets)
        deep = (depth[asset] * draw.lognormal(0, 0.6, len(venue)) * 100).astype(np.int64)
        slope = draw.uniform(200, 1500, len(venue))
        sold, bought = where.node[venue, asset], where.node[venue, quote]
        for segment, (impact, times) in enumerate(SEGMENTS):
            cost = np.round(fee[venue] + spread + impact * slope)
            most = deep * times if times else ENDLESS
            edges.add(sold, bought, cost, most, segment)
            edges.add(bought, sold, cost, most, segment)


def transfers(draw: Draw, edges: Edges, where: Market) -> None:
    """From a venue that lets an asset out to every other that lists it."""
    venues, assets = where.listed.shape
    share = draw.integers(0, 60, (venues, assets))
    leaves = where.listed & (draw.random((venues, assets)) < 0.85)
    for one, other in permutations(range(venues), 2):
        moved = np.flatnonzero(leaves[one] & where.listed[other])
        edges.add(where.node[one, moved], where.node[other, moved], share[one, moved] + 1)


def targets(edges: Edges, holders: Integers, assets: Integers, sinks: Integers, missed: int) -> None:
    """What a node holds may stay there and count; what an asset lacks or has too much is missed."""
    edges.add(holders, sinks[assets], 0)
    edges.add(missed, sinks, MISSED)
    edges.add(sinks, missed, 0)


def wanted(draw: Draw, weights: npt.NDArray[np.float64], held: Integers) -> Integers:
    """The fund's target by asset: some 25 % from the usual weights, and in sum what is held."""
    goal = weights * np.exp(draw.normal(0, 0.25, len(weights)))
    cents: Integers = np.floor(goal / goal.sum() * held.sum()).astype(np.int64)
    cents[0] += held.sum() - cents.sum()
    return cents


def usual(assets: int) -> npt.NDArray[np.float64]:
    """Weights that fall with the rank, and sum to one."""
    weights = 1.0 / (np.arange(assets) + 3.0) ** 0.9
    return np.asarray(weights / weights.sum())


def orders(assets: int, venues: int, seed: int = 0, dollars: float = 1e8) -> Orders:
    """One account on each venue; six of ten listed balances are not nothing."""
    draw = np.random.default_rng(seed)
    where = market(draw, assets, venues)
    weights, count = usual(assets), int(np.count_nonzero(where.listed))
    share = draw.gamma(0.5, size=(venues, assets)) * where.listed * (draw.random((venues, assets)) < 0.6)
    share[0] += 1e-3
    balances = np.floor(share / share.sum(0) * weights * dollars * 100).astype(np.int64)
    sinks, missed = count + np.arange(assets), count + assets
    edges = Edges()
    books(draw, edges, where)
    transfers(draw, edges, where)
    targets(edges, where.node[where.listed], np.nonzero(where.listed)[1], sinks, missed)
    supplies = np.zeros(missed + 1, np.int64)
    supplies[where.node[where.listed]] = balances[where.listed]
    supplies[sinks] -= wanted(draw, weights, balances.sum(0))
    return edges.sorted(supplies)


def accounts(count: int, assets: int, venues: int, seed: int = 0, held: float = 0.04) -> Orders:
    """Many accounts, evenly on the venues, that hold a share of all (account, asset); a venue's books are shared.

    An account has a node for what it holds and for the first asset. It trades and moves through the venue's node of
    the asset, at its own fee each way, so what two accounts of one venue want to swap never meets the book.
    """
    draw = np.random.default_rng(seed)
    where = market(draw, assets, venues)
    hubs, venue = int(np.count_nonzero(where.listed)), np.arange(count) % venues
    has = where.listed[venue] & (
        draw.random((count, assets)) < held * where.listed[venue].size / where.listed[venue].sum()
    )
    has[:, 0] = True
    holder, asset = np.nonzero(has)
    own = hubs + np.arange(len(holder))
    sinks, missed = hubs + len(holder) + np.arange(assets), hubs + len(holder) + assets
    weights = usual(assets)
    share = draw.gamma(0.5, size=len(holder)) * weights[asset]
    balances = np.floor(share / share.sum() * count * 1e8).astype(np.int64)
    edges = Edges()
    books(draw, edges, where)
    transfers(draw, edges, where)
    fee = draw.integers(0, 300, count)
    edges.add(own, where.node[venue[holder], asset], fee[holder] + 1)
    edges.add(where.node[venue[holder], asset], own, 1)
    listed = where.node[where.listed]
    targets(edges, np.append(own, listed), np.append(asset, np.nonzero(where.listed)[1]), sinks, missed)
    supplies = np.zeros(missed + 1, np.int64)
    supplies[own] = balances
    supplies[sinks] -= wanted(draw, weights, np.bincount(asset, balances, assets).astype(np.int64))
    return edges.sorted(supplies)


def moved(problem: Orders, seed: int) -> Orders:
    """The same problem a little later: 5 % of trades cost up to 5 % more or less, 5 % of balances are 2 % lower.

    What is gone from the balances is gone from the largest target.
    """
    draw = np.random.default_rng(seed)
    network = problem.network
    costs, supplies = network.costs.copy(), network.supplies.copy()
    some = draw.choice(problem.trades, len(problem.trades) // 20, replace=False)
    costs[some] = np.maximum(1, costs[some] * draw.uniform(0.95, 1.05, len(some))).astype(np.int64)
    paid = np.flatnonzero(supplies > 100)
    paid = paid[draw.random(len(paid)) < 0.05]
    spent = supplies[paid] // 50
    supplies[paid] -= spent
    supplies[int(np.argmin(supplies))] += spent.sum()
    return Orders(
        Network(network.nodes, network.tails, network.heads, network.capacities, costs, supplies), problem.trades
    )
