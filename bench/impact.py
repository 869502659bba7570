"""Square-root impact on a large fund: our refined flows against cvxpy with Clarabel's 3/2-power cones.

    python bench/impact.py [--runs 9] [--assets 300] [--venues 10] [--tolerance 0.001]

Assets x venues: trades both ways against four quotes in three steps of depth each, every step with its own square root;
transfers between all venues; goals for the whole fund that may be missed at a price. Money is in cents, cost in
millionths. The two are timed in turns, from the same arrays to an answer; one JSON line, medians. What compiling costs
is apart. The excess is over Clarabel's optimum, the gap is what ours proves without it.
"""

import argparse
import gc
import json
import platform
import statistics
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from trimtab.quant import convex
from trimtab.quant.convex import Bends, Refined
from trimtab.quant.flow import Network

cvxpy, sparse = import_module("cvxpy"), import_module("scipy.sparse")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

QUOTES = ((0, 1.0), (1, 0.3), (2, 0.25), (3, 0.15))
"""The first four assets, and the share of other assets that trade against each."""
STEPS = ((0.0, 1), (1.0, 3), (4.0, None))
"""How many slopes a step of depth is dearer, and how many depths it takes; None is no end."""
ENDLESS = 10**12
MISS = 60_000
IMPACT = 2_000
"""The average impact of trading a whole step, in millionths: 20 bps."""
SCALE = 1e5
"""The peer counts in thousands of dollars: it solves badly in cents."""


@dataclass(frozen=True)
class Fund:
    """A network, its edges that trade, and the depth that the square root of each is of."""

    network: Network
    trades: Ints
    depths: Floats


def made(assets: int, venues: int, seed: int, *, worth: float = 1e8) -> Fund:
    """A seeded fund: liquidity falls with rank, six balances of ten are not empty, goals are a quarter off."""
    draw = np.random.default_rng(seed)
    rank = np.arange(assets)
    listed = draw.random((venues, assets)) < np.clip(1.15 / (1 + rank / (0.25 * assets)), 0.15, 1.0)
    listed[:, :4] = listed[0, :] = True
    node = np.full((venues, assets), -1)
    node[listed] = np.arange(listed.sum())
    sinks = listed.sum() + rank
    weights = (rank + 3.0) ** -0.9 / ((rank + 3.0) ** -0.9).sum()
    share = draw.gamma(0.5, size=(venues, assets)) * listed * (draw.random((venues, assets)) < 0.6)
    share[0] += 1e-3
    held = (share / share.sum(axis=0) * weights * worth * 100).astype(np.int64)
    goals = weights * np.exp(draw.normal(0, 0.25, assets))
    goals = (goals / goals.sum() * held.sum()).astype(np.int64)
    goals[0] += held.sum() - goals.sum()
    supplies = np.zeros(listed.sum() + assets + 1, np.int64)
    supplies[node[listed]] = held[listed]
    supplies[sinks] -= goals
    trades, depths = traded(node, listed, draw)
    parts = [trades, moved(node, listed, draw), missed(node, listed, sinks, len(supplies) - 1)]
    tails, heads, capacities, costs = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((heads, tails))
    network = Network(
        nodes=len(supplies),
        tails=tails[order],
        heads=heads[order],
        capacities=capacities[order],
        costs=costs[order],
        supplies=supplies,
    )
    is_trade = order < len(depths)
    return Fund(network, np.flatnonzero(is_trade), depths[order[is_trade]])


Edges = tuple[Ints, Ints, Ints, Ints]
"""Tails, heads, capacities, costs."""


def traded(node: Ints, listed: npt.NDArray[np.bool_], draw: np.random.Generator) -> tuple[Edges, Floats]:
    """Trades both ways, and the depth of each step."""
    venue, asset = np.nonzero(listed)
    fee, liquid = draw.uniform(200, 1000, len(node)), np.maximum(2e4, 5e6 / (1 + np.arange(node.shape[1])))
    found: list[tuple[Ints, Ints, Ints, Ints, Floats]] = []
    for quote, chance in QUOTES:
        chosen = (asset > quote) & (draw.random(len(asset)) < chance)
        v, a = venue[chosen], asset[chosen]
        half = draw.uniform(50, 2000, len(v)) * (0.05 + a / node.shape[1])
        depth = (liquid[a] * draw.lognormal(0, 0.6, len(v)) * 100).astype(np.int64)
        slope = draw.uniform(200, 1500, len(v))
        for tails, heads in ((node[v, a], node[v, quote]), (node[v, quote], node[v, a])):
            for dearer, times in STEPS:
                room = depth * times if times else np.full(len(v), ENDLESS)
                cost = np.rint(fee[v] + half + dearer * slope).astype(np.int64)
                found.append((tails, heads, room, cost, np.where(room == ENDLESS, 3e8, room)))
    tails, heads, room, cost, depths = (np.concatenate(column) for column in zip(*found, strict=True))
    return (tails, heads, room, cost), depths


def moved(node: Ints, listed: npt.NDArray[np.bool_], draw: np.random.Generator) -> Edges:
    """Transfers from each venue to each other one that lists the asset too."""
    price, movable = draw.integers(0, 60, node.shape), listed & (draw.random(node.shape) < 0.85)
    pairs = [(v, u) for v in range(len(node)) for u in range(len(node)) if u != v]
    assets = [np.flatnonzero(movable[v] & listed[u]) for v, u in pairs]
    tails = np.concatenate([node[v, a] for (v, _), a in zip(pairs, assets, strict=True)])
    heads = np.concatenate([node[u, a] for (_, u), a in zip(pairs, assets, strict=True)])
    costs = np.concatenate([price[v, a] + 1 for (v, _), a in zip(pairs, assets, strict=True)])
    return tails, heads, np.full(len(tails), ENDLESS), costs


def missed(node: Ints, listed: npt.NDArray[np.bool_], sinks: Ints, slack: int) -> Edges:
    """From every balance to its asset's goal, for nothing; and what is left of a goal or beyond it, at a price."""
    venue, asset = np.nonzero(listed)
    spare = np.full(len(sinks), slack)
    tails = np.concatenate((node[venue, asset], spare, sinks))
    heads = np.concatenate((sinks[asset], sinks, spare))
    costs = np.concatenate((np.zeros(len(venue), np.int64), np.full(len(sinks), MISS), np.zeros(len(sinks), np.int64)))
    return tails, heads, np.full(len(tails), ENDLESS), costs


def ours(fund: Fund, tolerance: float) -> Refined:
    """Refined flows."""
    bends = Bends(fund.trades, IMPACT / np.sqrt(fund.depths))
    return convex.refine(fund.network, bends, tolerance=tolerance)


def peer(fund: Fund) -> float:
    """The optimum of cvxpy and Clarabel, in millionths of a cent."""
    net = fund.network
    edges = len(net.tails)
    rows, columns = np.concatenate((net.tails, net.heads)), np.tile(np.arange(edges), 2)
    signs = np.repeat((1.0, -1.0), edges)
    balance = sparse.csc_matrix((signs, (rows, columns)), shape=(net.nodes, edges))
    carried = cvxpy.Variable(edges, nonneg=True)
    bent = cvxpy.multiply(IMPACT * np.sqrt(SCALE / fund.depths), cvxpy.power(carried[fund.trades], 1.5))
    paid = (net.costs / 1000.0) @ carried + cvxpy.sum(bent) / 1000.0
    limits = [balance @ carried == net.supplies / SCALE, carried <= net.capacities / SCALE]
    problem = cvxpy.Problem(cvxpy.Minimize(paid), limits)
    problem.solve(solver=cvxpy.CLARABEL)
    return float(problem.value) * 1000.0 * SCALE


def timed(work: Any, *given: Any) -> tuple[Any, float]:
    """What it gives, and how many milliseconds it took; what others left behind is cleared away before."""
    gc.collect()
    started = time.perf_counter()
    return work(*given), 1000 * (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("runs", 9), ("assets", 300), ("venues", 10), ("seed", 0)):
        asked.add_argument(f"--{name}", type=int, default=usual)
    asked.add_argument("--tolerance", type=float, default=1e-3)
    options = asked.parse_args()
    fund = made(options.assets, options.venues, options.seed)
    _, first_ms = timed(ours, fund, options.tolerance)
    runs = [(timed(peer, fund), timed(ours, fund, options.tolerance)) for _ in range(options.runs)]
    best, found = runs[0][0][0], runs[0][1][0]
    peer_ms = statistics.median(run[0][1] for run in runs)
    ours_ms = statistics.median(run[1][1] for run in runs)
    line = {
        "bench": "impact",
        "assets": options.assets,
        "venues": options.venues,
        "nodes": fund.network.nodes,
        "edges": len(fund.network.tails),
        "bent": len(fund.trades),
        "dollars": round(found.cost / 1e8, 2),
        "rounds": found.rounds,
        "excess": round(found.cost / best - 1, 6),
        "gap": round((found.cost - found.bound) / found.cost, 6),
        "line_excess": 0.001,
        "cvxpy_ms": round(peer_ms, 1),
        "ms": round(ours_ms, 1),
        "first_ms": round(first_ms, 1),
        "times": round(peer_ms / ours_ms, 1),
        "line_times": 30,
        "runs": options.runs,
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
