"""Our network simplex beside networkx, HiGHS without presolve, and LEMON (pylmcf): JSON lines, one for each question.

    python bench/flow.py [--quick] [--runs 9] [--only cold,memory,hot,certificate,accounts,compile]

All solvers take the same arrays, so reading them in counts for everybody; edges come sorted, so LEMON need not sort.
Rounds are interleaved and medians are told; costs must agree to the last unit (HiGHS: to a millionth). What numba
compiles is compiled before, and that time is told by itself. Of networkx at 1000x20 there are three rounds, and the
peak of memory is that of a process which does nothing else.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench import _orders
from bench._orders import Orders
from trimtab.quant import flow
from trimtab.quant.flow import Network

Solver = Callable[[Network], int]
LINES: dict[str, dict[str, dict[str, int]]] = {
    "cold": {"300x10": {"networkx": 30, "highspy": 3}, "1000x20": {"networkx": 30}},
    "hot": {"300x10": {"networkx": 150}},
    "certificate": {"300x10": {"networkx": 300}},
}
"""How many times ours the others should take at least."""
SLOW_EDGES = 100_000
"""From here on networkx takes seconds, and has fewer rounds."""


def fresh(one: Network) -> Network:
    """The network as it comes: its arrays are checked again."""
    return Network(one.nodes, one.tails, one.heads, one.capacities, one.costs, one.supplies)


def by_trimtab(one: Network) -> int:
    """Our own cost."""
    return flow.solve(fresh(one)).cost


def by_networkx(one: Network) -> int:
    """What most would take first."""
    nx = import_module("networkx")
    graph = nx.MultiDiGraph()
    for node, supply in enumerate(one.supplies.tolist()):
        graph.add_node(node, demand=-supply)
    edges = zip(*(array.tolist() for array in (one.tails, one.heads, one.costs, one.capacities)), strict=True)
    graph.add_edges_from((tail, head, {"weight": cost, "capacity": most}) for tail, head, cost, most in edges)
    return int(nx.network_simplex(graph)[0])


def programme(one: Network) -> Any:
    """The network in HiGHS, in dollars and shares, presolve off."""
    highspy, edges = import_module("highspy"), len(one.tails)
    problem, solver = highspy.HighsLp(), highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("presolve", "off")
    ends, ways = np.empty(2 * edges, np.int32), np.ones(2 * edges)
    ends[0::2], ends[1::2], ways[1::2] = one.tails, one.heads, -1.0
    problem.num_col_, problem.num_row_ = edges, one.nodes
    problem.col_cost_ = one.costs * 1e-6
    problem.col_lower_, problem.col_upper_ = np.zeros(edges), one.capacities / 100
    problem.row_lower_ = problem.row_upper_ = one.supplies / 100
    problem.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    problem.a_matrix_.start_, problem.a_matrix_.index_ = np.arange(0, 2 * edges + 1, 2), ends
    problem.a_matrix_.value_ = ways
    solver.passModel(problem)
    return solver


def outcome(solver: Any) -> int:
    """Run HiGHS; its cost in our units."""
    solver.run()
    np.asarray(solver.getSolution().col_value)
    return round(1e8 * float(solver.getInfo().objective_function_value))


def by_highspy(one: Network) -> int:
    """From nothing."""
    return outcome(programme(one))


def lemon(one: Network) -> Any:
    """The network in LEMON."""
    graph = import_module("pylmcf").Graph(one.nodes, one.tails, one.heads)
    graph.set_edge_costs(one.costs)
    graph.set_edge_capacities(one.capacities)
    graph.set_node_supply(one.supplies)
    return graph


def by_pylmcf(one: Network) -> int:
    """From nothing."""
    return answered(lemon(one))


def answered(graph: Any) -> int:
    """Run LEMON; its cost."""
    graph.solve()
    graph.result()
    return int(graph.total_cost())


SOLVERS: dict[str, Solver] = {
    "trimtab": by_trimtab,
    "networkx": by_networkx,
    "highspy": by_highspy,
    "pylmcf": by_pylmcf,
}


def agree(costs: Iterable[int]) -> None:
    """All found the same cost; a float may be a millionth off."""
    least, *_, most = sorted(costs)
    assert most - least <= 1e-6 * abs(most), (least, most)


def interleaved(works: Mapping[str, Callable[[int], int]], rounds: Mapping[str, int]) -> dict[str, float]:
    """Milliseconds by name: medians of rounds in which everybody has a turn; each round is another problem, or not."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(max(rounds.values())):
        costs = []
        for name, work in works.items():
            if turn < rounds[name]:
                started = time.perf_counter()
                costs.append(work(turn))
                taken[name].append(time.perf_counter() - started)
        agree([*costs, costs[0]])
    return {name: round(1e3 * statistics.median(seconds), 3) for name, seconds in taken.items()}


def rounds(names: Iterable[str], one: Orders, runs: int) -> dict[str, int]:
    """How often each has its turn."""
    slow = len(one.network.tails) > SLOW_EDGES
    return {name: min(runs, 3) if slow and name == "networkx" else runs for name in names}


def ratios(milliseconds: Mapping[str, float]) -> dict[str, float]:
    """How many times ours the others take."""
    return {name: round(each / milliseconds["trimtab"], 1) for name, each in milliseconds.items() if name != "trimtab"}


def size(one: Orders) -> dict[str, int]:
    """How large a problem is."""
    return {"nodes": one.network.nodes, "edges": len(one.network.tails), "trades": len(one.trades)}


def cold(name: str, one: Orders, runs: int) -> dict[str, Any]:
    """From arrays to the answer."""
    works = {solver: lambda _, solve=solve: solve(one.network) for solver, solve in SOLVERS.items()}
    taken = interleaved(works, counted := rounds(works, one, runs))
    told = {"ms": taken, "times_ours": ratios(taken), "line": LINES["cold"].get(name, {}), "rounds": counted}
    return {"bench": "flow.cold", "size": name, **size(one), **told}


def hot(name: str, one: Orders, runs: int) -> dict[str, Any]:
    """A little moves before each round: networkx starts anew, the others from where they stood a round before."""
    later = [one]
    for seed in range(runs):
        later.append(_orders.moved(later[-1], seed))
    basis = [flow.solve(one.network).basis]
    before, graph = programme(one.network), lemon(one.network)
    every = np.arange(one.network.nodes, dtype=np.int32)
    agree([outcome(before), answered(graph)])

    def ours(turn: int) -> int:
        found = flow.solve(fresh(later[turn + 1].network), basis[-1])
        basis.append(found.basis)
        return found.cost

    def highs(turn: int) -> int:
        was, now = later[turn].network, later[turn + 1].network
        changed = np.flatnonzero(now.costs != was.costs).astype(np.int32)
        before.changeColsCost(len(changed), changed, now.costs[changed] * 1e-6)
        before.changeRowsBounds(len(every), every, now.supplies / 100, now.supplies / 100)
        return outcome(before)

    def lemons(turn: int) -> int:
        graph.set_edge_costs(later[turn + 1].network.costs)
        graph.set_node_supply(later[turn + 1].network.supplies)
        return answered(graph)

    works: dict[str, Callable[[int], int]] = {
        "trimtab": ours,
        "networkx": lambda turn: by_networkx(later[turn + 1].network),
        "highspy": highs,
        "pylmcf": lemons,
    }
    taken = interleaved(works, counted := rounds(works, one, runs))
    told = {"ms": taken, "times_ours": ratios(taken), "line": LINES["hot"].get(name, {}), "rounds": counted}
    return {"bench": "flow.hot", "size": name, **size(one), **told}


def certificate(name: str, one: Orders, runs: int) -> dict[str, Any]:
    """Checking an answer by its prices, and finding it."""
    found = flow.solve(one.network)

    def checked(_: int) -> int:
        assert flow.faults(one.network, found) == ()
        return found.cost

    works: dict[str, Callable[[int], int]] = {"trimtab": checked, "networkx": lambda _: by_networkx(one.network)}
    taken = interleaved(works, rounds(works, one, runs))
    told = {"ms": taken, "times_ours": ratios(taken), "line": LINES["certificate"].get(name, {})}
    return {"bench": "flow.certificate", "size": name, **size(one), **told}


def accounts(count: int, assets: int, venues: int, runs: int) -> dict[str, Any]:
    """Many accounts that share the books of their venues."""
    one = _orders.accounts(count, assets, venues)
    works = {
        solver: lambda _, solve=solve: solve(one.network) for solver, solve in SOLVERS.items() if solver != "networkx"
    }
    taken = interleaved(works, rounds(works, one, runs))
    name, line = f"{count} accounts x {assets} x {venues}", {"highspy": 2}
    return {"bench": "flow.accounts", "size": name, **size(one), "ms": taken, "times_ours": ratios(taken), "line": line}


def growth(points: Iterable[tuple[int, float]]) -> float:
    """The power of a count by which time grows, by least squares."""
    counts, milliseconds = np.log(np.array(list(points)).T)
    return round(float(np.polyfit(counts, milliseconds, 1)[0]), 2)


def child(*arguments: str, **environment: str) -> dict[str, Any]:
    """What this file prints in a process of its own."""
    program = [sys.executable, str(Path(__file__).resolve()), *arguments]
    said = subprocess.run(program, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


def peak() -> float:
    """The most memory that this process has had, in MiB; getrusage would also tell of its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def alone(solver: str, name: str) -> dict[str, Any]:
    """One solution in this process: seconds, and the peak of memory before and after."""
    one = sized(name)
    before = peak()
    started = time.perf_counter()
    SOLVERS[solver](one.network)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "before": before, "peak": peak()}


def memory(name: str) -> dict[str, Any]:
    """The peak of memory of each alone, in MiB, and what the process had before: numpy and the problem."""
    told = {solver: child("--alone", solver, name) for solver in SOLVERS}
    peak = {solver: round(each["peak"]) for solver, each in told.items()}
    share = round(peak["trimtab"] / peak["networkx"], 2)
    before = round(told["trimtab"]["before"])
    return {"bench": "flow.memory", "size": name, "peak_mib": peak, "before_mib": before, "share": share, "line": 0.5}


def compiling() -> dict[str, Any]:
    """Seconds of a first solution in a new process: nothing compiled yet, and compiled by a process before."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = (child("--alone", "trimtab", "20x3", NUMBA_CACHE_DIR=folder)["seconds"] for _ in range(2))
    return {"bench": "flow.compile", "first_s": round(first, 2), "cached_s": round(second, 2)}


def sized(name: str) -> Orders:
    """The problem of a size such as 300x10."""
    assets, venues = name.split("x")
    return _orders.orders(int(assets), int(venues))


def main() -> None:
    """Measure and print JSON lines."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="small problems, three rounds")
    asked.add_argument("--runs", type=int, default=9)
    asked.add_argument("--only", default="compile,cold,memory,hot,certificate,accounts")
    asked.add_argument("--alone", nargs=2, metavar=("SOLVER", "SIZE"), help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.alone:
        print(json.dumps(alone(*options.alone)))
        return
    middle, large, runs = ("40x4", "100x5", 3) if options.quick else ("300x10", "1000x20", options.runs)
    counts = (20, 40) if options.quick else (75, 150, 300, 600, 1200)
    problem = sized(middle)
    flow.solve(problem.network)  # Compiles.
    rows: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
        "compile": lambda: [compiling()],
        "cold": lambda: (cold(name, sized(name), runs) for name in (middle, large)),
        "memory": lambda: [memory(large)],
        "hot": lambda: (hot(name, sized(name), runs) for name in (middle, large)),
        "certificate": lambda: [certificate(middle, problem, runs)],
        "accounts": lambda: spread(counts, runs),
    }
    for row in options.only.split(","):
        for line in rows[row]():
            print(json.dumps({**line, "runs": runs, "python": platform.python_version()}), flush=True)


def spread(counts: Iterable[int], runs: int) -> Iterable[dict[str, Any]]:
    """Accounts of several counts, and by which power of nodes and of edges time grows with them."""
    lines = [accounts(count, 150, 12, runs) for count in counts]
    yield from lines
    power = {
        counted: {name: growth((line[counted], line["ms"][name]) for line in lines) for name in lines[0]["ms"]}
        for counted in ("nodes", "edges")
    }
    points = [(line["nodes"], line["edges"], line["ms"]["trimtab"]) for line in lines]
    yield {"bench": "flow.growth", "points": points, "power": power}


if __name__ == "__main__":
    main()
