"""Fixed fees and minimums: a whole plan for a fund, against HiGHS as a mixed-integer programme with its time limit.

    python bench/fixed.py [--runs 9] [--assets 300] [--venues 10] [--aum 1e7] [--seeds 1,2,3,4,5] [--quick]

One JSON line by seed: medians, money in dollars. `--quick` leaves out the peer, that takes half a minute a seed.

The funds are those of `_orders.py`, with a fee for each transfer and a minimum for each order; a dollar is 10^8.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from scipy import sparse  # type: ignore[import-untyped]  # scipy ships no types

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench import _orders
from bench._orders import Integers
from trimtab.quant import charges as charged
from trimtab.quant import fixed
from trimtab.quant.charges import Charges
from trimtab.quant.flow import Network

LINES = {"ms": 150, "stretch_ms": 60, "of_peer": 0.7, "stretch_of_peer": 0.3}
DOLLAR = 10**8
"""A dollar as cents times millionths."""
QUOTES = 4


@dataclass(frozen=True, eq=False)
class Instance:
    """A network, its charges, and the most that each group may sensibly carry, for those who need a big number."""

    network: Network
    charges: Charges
    rooms: Integers


def made(assets: int, venues: int, seed: int, aum: float) -> Instance:
    """A fund of so many dollars; an order is a pair of nodes and asks for 10 to 100, a transfer costs 1 to 30."""
    problem = _orders.orders(assets, venues, seed, aum)
    network, trades, draw = problem.network, problem.trades, np.random.default_rng([seed, 1])
    ends = network.tails * network.nodes + network.heads
    pairs, orders = np.unique(ends[trades], return_inverse=True)
    moves = (network.costs > 0) & (network.costs < _orders.MISSED)
    moves[trades] = False
    transfers = np.flatnonzero(moves)
    group = np.full(len(ends), -1, dtype=np.int64)
    group[trades], group[transfers] = orders, len(pairs) + np.arange(len(transfers))
    fees = np.round(draw.uniform(1, 30, network.nodes) * DOLLAR).astype(np.int64)[network.tails[transfers]]
    least = np.ceil(draw.uniform(10, 100, len(pairs)) * 100).astype(np.int64)
    fixed_costs = np.concatenate([np.zeros(len(pairs), dtype=np.int64), fees])
    minimum = np.concatenate([least, np.zeros(len(fees), dtype=np.int64)])
    first = np.concatenate([trades[np.unique(orders, return_index=True)[1]], transfers])
    return Instance(network, Charges(group, fixed_costs, minimum), rooms(network, assets)[first])


def rooms(network: Network, assets: int) -> Integers:
    """The most that an edge may carry: all there is or should be of its asset, of a quote half of everything."""
    holders = network.nodes - 1 - assets
    held, most = np.flatnonzero((network.tails < holders) & (network.heads >= holders)), -network.supplies[holders:-1]
    asset = np.zeros(network.nodes, dtype=np.int64)
    asset[network.tails[held]] = network.heads[held] - holders
    there = np.zeros(assets, dtype=np.int64)
    np.add.at(there, asset[:holders], network.supplies[:holders])
    most = np.maximum(most, there)
    most[:QUOTES] = there.sum() // 2
    found: Integers = most[np.maximum(asset[network.tails], asset[network.heads])]
    return found


def peer(instance: Instance, limit_s: float) -> dict[str, Any]:
    """HiGHS with its usual settings: dollars, a switch by group, the tightest big number that is known."""
    started = time.perf_counter()
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy ships no types for it
    for option, value in (("output_flag", False), ("time_limit", limit_s), ("mip_rel_gap", 1e-4)):
        solver.setOptionValue(option, value)
    solver.passModel(programme(instance))
    solver.run()
    took, found = time.perf_counter() - started, solver.getInfo()
    return {
        "ms": round(1000 * took),
        "cost": round(float(found.objective_function_value), 2),
        "bound": round(float(found.mip_dual_bound), 2),
        "status": solver.modelStatusToString(solver.getModelStatus()),
    }


def programme(instance: Instance) -> Any:
    """Columns: dollars by edge, switches by group. Rows: nodes, the most and the least of each group."""
    network, charges = instance.network, instance.charges
    edges, groups, nodes = len(network.tails), len(charges.fixed), network.nodes
    inside, place, one = np.flatnonzero(charges.group >= 0), np.arange(groups), np.ones(edges)
    group, every = charges.group[inside], np.arange(edges)
    parts = [
        (network.tails, every, one),
        (network.heads, every, -one),
        (nodes + group, inside, one[inside]),
        (nodes + place, edges + place, -instance.rooms / 100),
        (nodes + groups + group, inside, one[inside]),
        (nodes + groups + place, edges + place, -charges.minimum / 100),
    ]
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    matrix = sparse.csc_matrix((values, (rows, columns)), shape=(nodes + 2 * groups, edges + groups))
    most = float(np.maximum(network.supplies, 0).sum()) / 100
    model, balance, infinite = highspy.HighsLp(), network.supplies / 100, np.full(groups, np.inf)
    model.num_col_, model.num_row_ = edges + groups, nodes + 2 * groups
    model.col_cost_ = np.concatenate([network.costs * 1e-6, charges.fixed / DOLLAR])
    model.col_lower_ = np.zeros(edges + groups)
    model.col_upper_ = np.concatenate([np.minimum(network.capacities / 100, most), np.ones(groups)])
    model.row_lower_ = np.concatenate([balance, -infinite, np.zeros(groups)])
    model.row_upper_ = np.concatenate([balance, np.zeros(groups), infinite])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kContinuous] * edges + [kinds.kInteger] * groups
    return model


def measured(instance: Instance, runs: int) -> dict[str, Any]:
    """Our plan, timed once what numba compiles is compiled; the runs agree to the byte."""
    network, charges = instance.network, instance.charges
    answers, walls, works = [fixed.solve(network, charges)], [], []
    for _ in range(runs):
        started, worked = time.perf_counter(), time.process_time()
        answers.append(fixed.solve(network, charges))
        walls.append(1000 * (time.perf_counter() - started))
        works.append(1000 * (time.process_time() - worked))
    answer = answers[0]
    assert answer is not None, "every fund may miss its target, so every instance has an answer"
    assert len({one.flows.tobytes() for one in answers if one is not None}) == 1, "the runs differ"
    return {
        "ms": round(statistics.median(walls), 1),
        "worst_ms": round(max(walls), 1),
        "cpu_ms": round(statistics.median(works), 1),
        "cost": round(answer.cost / DOLLAR, 2),
        "bound": round(answer.bound / DOLLAR, 2),
        "proof": answer.proof,
        "groups_used": len(answer.used),
        "faults": len(charged.faults(network, charges, answer.flows)),
    }


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("runs", 9), ("assets", 300), ("venues", 10)):
        asked.add_argument(f"--{name}", type=int, default=usual)
    asked.add_argument("--aum", type=float, default=1e7)
    asked.add_argument("--seeds", default="1,2,3,4,5")
    asked.add_argument("--limit_s", type=float, default=30.0)
    asked.add_argument("--quick", action="store_true")
    options = asked.parse_args()
    for seed in map(int, options.seeds.split(",")):
        instance = made(options.assets, options.venues, seed, options.aum)
        line = {
            "bench": "fixed",
            "assets": options.assets,
            "venues": options.venues,
            "aum": options.aum,
            "seed": seed,
            "edges": len(instance.network.tails),
            "groups": len(instance.charges.fixed),
            "runs": options.runs,
            "ours": measured(instance, options.runs),
            "lines": LINES,
            "python": platform.python_version(),
        }
        if not options.quick:
            line["peer"] = peer(instance, options.limit_s)
            line["of_peer"] = round(line["ours"]["cost"] / line["peer"]["cost"], 3)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
