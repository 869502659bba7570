"""The network simplex against three solvers that are not ours, against its plain twin, and against itself."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import pylmcf  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog  # type: ignore[import-untyped]

from trimtab.quant import flow, simplex
from trimtab.quant.flow import Basis, Flow, Integers, Network

Edge = tuple[int, int, int, int]
"""Tail, head, capacity, cost."""


def network(supplies: Iterable[int], *edges: Edge) -> Network:
    """A network of edges and the supply of each node."""
    table = np.array(edges, np.int64).reshape(-1, 4)
    there = np.array(list(supplies), np.int64)
    return Network(len(there), table[:, 0], table[:, 1], table[:, 2], table[:, 3], there)


def chance(seed: int) -> Network:
    """A small network with everything that is awkward: ties, nothing to carry, parallel edges, loops, lone nodes."""
    draw = np.random.default_rng(seed)
    nodes, edges = int(draw.integers(1, 12)), int(draw.integers(0, 60))
    dear = int(draw.choice([1, 2, 10, 1000]))
    supplies = draw.integers(-4, 5, nodes) * (draw.random(nodes) < draw.choice([0.0, 0.3, 0.8]))
    supplies[-1] -= supplies.sum()
    return Network(
        nodes,
        draw.integers(0, nodes, edges),
        draw.integers(0, nodes, edges),
        draw.integers(0, int(draw.choice([2, 8, 30])), edges),
        draw.integers(-dear, dear + 1, edges),
        supplies,
    )


def tied(seed: int) -> Network:
    """A network where many flows cost the same: few costs, all ways alike."""
    draw = np.random.default_rng(seed)
    nodes, edges = 10, 60
    supplies = draw.integers(-3, 4, nodes)
    supplies[-1] -= supplies.sum()
    tails, heads = draw.integers(0, nodes, (2, edges))
    return Network(nodes, tails, heads, draw.integers(0, 9, edges), draw.integers(0, 2, edges), supplies)


def town(seed: int) -> Network:
    """A larger network that has a flow: a dear road goes all the way round."""
    draw = np.random.default_rng(seed)
    nodes, edges = 120, 2000
    supplies = draw.integers(-50, 51, nodes) * (draw.random(nodes) < 0.7)
    supplies[-1] -= supplies.sum()
    every = np.arange(nodes)
    return Network(
        nodes,
        np.append(draw.integers(0, nodes, edges), every),
        np.append(draw.integers(0, nodes, edges), (every + 1) % nodes),
        np.append(draw.integers(0, 40, edges), np.full(nodes, 10**6)),
        np.append(draw.integers(0, 100, edges), np.full(nodes, 1000)),
        supplies,
    )


def moved(one: Network, seed: int) -> Network:
    """The same edges another day: some costs, capacities and supplies are different."""
    draw = np.random.default_rng(seed)
    supplies = one.supplies + draw.integers(-1, 2, one.nodes)
    supplies[0] -= supplies.sum()
    return replace(
        one,
        supplies=supplies,
        capacities=np.maximum(0, one.capacities + draw.integers(-2, 3, len(one.tails))),
        costs=one.costs + draw.integers(-2, 3, len(one.tails)) * (draw.random(len(one.tails)) < 0.3),
    )


def as_networkx(one: Network) -> int | None:
    """The least cost, by networkx; None if there is no flow."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from((node, {"demand": -int(supply)}) for node, supply in enumerate(one.supplies))
    edges = zip(*(array.tolist() for array in (one.tails, one.heads, one.capacities, one.costs)), strict=True)
    graph.add_edges_from((tail, head, {"capacity": most, "weight": cost}) for tail, head, most, cost in edges)
    try:
        return int(nx.network_simplex(graph)[0])
    except nx.NetworkXUnfeasible:
        return None


def as_highs(one: Network) -> int | None:
    """The least cost, by scipy's HiGHS; None if there is no flow."""
    rows = np.zeros((one.nodes, len(one.tails)))
    np.add.at(rows, (one.tails, np.arange(len(one.tails))), 1.0)
    np.add.at(rows, (one.heads, np.arange(len(one.tails))), -1.0)
    bounds = np.stack([np.zeros(len(one.tails)), one.capacities], 1)
    found = linprog(one.costs, A_eq=rows, b_eq=one.supplies, bounds=bounds, method="highs")
    assert found.status in {0, 2}
    return round(found.fun) if found.status == 0 else None


def as_lemon(one: Network) -> int:
    """The least cost, by LEMON, of a network that has a flow; it takes no negative costs."""
    order = np.lexsort((one.heads, one.tails))
    graph = pylmcf.Graph(one.nodes, one.tails[order], one.heads[order])
    graph.set_edge_costs(one.costs[order])
    graph.set_edge_capacities(one.capacities[order])
    graph.set_node_supply(one.supplies)
    graph.solve()
    return int(graph.total_cost())


def alike(one: Flow, other: Flow) -> bool:
    """Whether two answers are the same: flows and prices, or the stranded nodes."""
    names = ("flows", "potentials") if one.feasible else ("stranded",)
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return same and one.feasible == other.feasible


def plainly(one: Network, start: Basis | None = None) -> Flow:
    """Solved by the functions as they are written."""
    return flow._solved(one, start, simplex.PLAIN)


def is_sound(tree: Integers) -> bool:
    """Whether all that is written down about a tree follows from the parents."""
    root = tree.shape[1] - 1
    order, node = [root], int(tree[simplex.NEXT, root])
    while node != root:
        order.append(node)
        node = int(tree[simplex.NEXT, node])
    below = {node: [node] for node in order}
    for node in reversed(order[1:]):
        below[int(tree[simplex.PARENT, node])] += below[node]
    place = {node: at for at, node in enumerate(order)}
    return sorted(order) == list(range(root + 1)) and all(
        tree[simplex.BACK, tree[simplex.NEXT, node]] == node
        and tree[simplex.SIZE, node] == len(below[node])
        and tree[simplex.LAST, node] == max(below[node], key=place.__getitem__)
        and max(place[one] for one in below[node]) - place[node] == len(below[node]) - 1
        for node in order
    )


def test_the_cheaper_way_is_filled_first() -> None:
    found = flow.solve(network((5, 0, -5), (0, 2, 3, 1), (0, 1, 9, 1), (1, 2, 9, 1)))

    assert found.flows.tolist() == [3, 2, 2]
    assert found.cost == 7


def test_a_unit_is_worth_more_where_it_is_dearer_to_bring() -> None:
    found = flow.solve(network((1, -1), (0, 1, 2, 7)))

    assert found.potentials.tolist() == [0, 7]


def test_a_round_trip_that_earns_is_taken_to_its_capacity() -> None:
    found = flow.solve(network((0, 0), (0, 1, 4, -3), (1, 0, 6, 1)))

    assert found.flows.tolist() == [4, 4]
    assert found.cost == -8


def test_what_cannot_be_placed_is_named() -> None:
    found = flow.solve(network((5, 0, -5, 0), (0, 1, 9, 1), (1, 2, 4, 1), (3, 2, 9, 1)))

    assert not found.feasible
    assert found.stranded.tolist() == [0, 1]


def test_a_network_without_edges_or_supplies_has_a_flow() -> None:
    assert flow.solve(network((0, 0))).feasible
    assert flow.solve(network(())).feasible


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_networkx_finds_the_same_cost(start: int) -> None:
    for seed in range(start, start + 50):
        one = chance(seed)
        found = flow.solve(one)
        cost = as_networkx(one)
        assert (found.cost if found.feasible else None) == cost, seed
        assert flow.faults(one, found) == (), seed


def test_highs_finds_the_same_cost() -> None:
    for seed in range(1000, 1200):
        one = chance(seed)
        if len(one.tails):
            found = flow.solve(one)
            assert (found.cost if found.feasible else None) == as_highs(one), seed


def test_lemon_finds_the_same_cost() -> None:
    networks = [replace(one, costs=abs(one.costs)) for seed in range(2000, 2300) if len((one := chance(seed)).tails)]
    feasible = [(one, found) for one in networks if (found := flow.solve(one)).feasible]

    assert len(feasible) > 100
    for one, found in feasible:
        assert found.cost == as_lemon(one)


def test_day_after_day_a_larger_network_is_solved_from_where_it_stood() -> None:
    one = town(1)
    basis = flow.solve(one).basis
    for day in range(20):
        one = replace(moved(one, day), costs=np.maximum(0, moved(one, day).costs))
        hot = flow.solve(one, basis)
        assert hot.cost == as_lemon(one), day
        assert alike(hot, flow.solve(one)), day
        assert is_sound(hot.basis.tree), day
        basis = hot.basis


def test_the_plain_twin_gives_the_same_bytes() -> None:
    for seed in range(150):
        one = chance(seed)
        compiled, plain = flow.solve(one), plainly(one)
        assert alike(compiled, plain), seed
        assert np.array_equal(compiled.potentials, plain.potentials), seed
        assert np.array_equal(compiled.basis.tree, plain.basis.tree), seed


def test_a_hot_start_gives_the_same_flow_as_a_cold_one() -> None:
    for seed in range(200):
        basis = flow.solve(one := tied(seed)).basis
        for day in range(3):
            one = moved(one, 1000 * seed + day)
            hot = flow.solve(one, basis)
            assert alike(hot, flow.solve(one)), seed
            assert flow.faults(one, hot) == (), seed
            assert is_sound(hot.basis.tree), seed
            basis = hot.basis


def test_a_hot_start_by_the_plain_twin_gives_the_same_bytes() -> None:
    for seed in range(60):
        one = tied(seed)
        other = moved(one, seed)
        basis = flow.solve(one).basis
        assert alike(flow.solve(other, basis), plainly(other, basis)), seed


def test_a_hot_start_on_the_same_network_pivots_no_more() -> None:
    one = tied(7)
    found = flow.solve(one)
    again = flow.solve(one, found.basis)

    assert np.array_equal(found.basis.tree[simplex.EDGE], again.basis.tree[simplex.EDGE])


def test_equally_cheap_flows_are_told_apart_by_the_places_of_their_edges() -> None:
    differing = 0
    for seed in range(1000):
        one = tied(seed)
        found = flow.solve(one)
        if not found.feasible:
            continue
        other = flow.solve(moved(one, seed))
        assert alike(found, flow.solve(one, other.basis)), seed
        reduced = one.costs + found.potentials[one.tails] - found.potentials[one.heads]
        differing += int(((reduced == 0) & (one.capacities > 0)).sum()) > one.nodes - 1
    assert differing > 400


def test_edges_given_in_another_order_and_sorted_back_give_the_same_flow() -> None:
    for seed in range(50):
        one = tied(seed)
        order = np.random.default_rng(seed).permutation(len(one.tails))
        ids = np.argsort(order)
        shuffled = [array[order] for array in (one.tails, one.heads, one.capacities, one.costs)]
        tails, heads, capacities, costs = (array[ids] for array in shuffled)
        sorted_back = Network(one.nodes, tails, heads, capacities, costs, one.supplies)
        assert alike(flow.solve(one), flow.solve(sorted_back)), seed


def test_amounts_beyond_64_bits_are_solved_exactly() -> None:
    dust, whale = 1, 10**30
    one = Network(
        3,
        np.array([0, 0, 1]),
        np.array([2, 1, 2]),
        np.array([whale, 2 * whale, 2 * whale], object),
        np.array([1, 1, 1], object),
        np.array([whale + dust, 0, -whale - dust], object),
    )
    found = flow.solve(one)

    assert found.flows.tolist() == [whale, dust, dust]
    assert found.cost == whale + 2 * dust
    assert flow.faults(one, found) == ()


def test_numbers_that_fit_but_whose_sums_do_not_are_solved_exactly() -> None:
    large = 2**62
    one = network((large, -large), (0, 1, large // 2, large), (0, 1, large - 1, 3))
    found = flow.solve(one)

    assert found.flows.tolist() == [1, large - 1]
    assert found.cost == large + 3 * (large - 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"supplies": np.array([1, 0])}, "supplies: sum to 1"),
        ({"supplies": np.array([0])}, r"supplies: an array of shape \(1,\)"),
        ({"tails": np.array([2])}, "tails: from 2 to 2; nodes are from 0 to 1"),
        ({"heads": np.array([-1])}, "heads: from -1"),
        ({"capacities": np.array([-1])}, "capacities: -1 at 0"),
        ({"costs": np.array([0.5])}, "costs: numbers of float64; they should be int64, or object"),
        ({"heads": np.array([1], object)}, "heads: numbers of object; they should be int64$"),
    ],
)
def test_what_is_no_network_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(network((0, 0), (0, 1, 1, 1)), **change)


def test_a_basis_of_other_edges_is_refused() -> None:
    basis = flow.solve(network((1, 0, -1), (0, 1, 1, 1), (1, 2, 1, 1))).basis

    with pytest.raises(ValueError, match="a basis of 3 nodes and 2 edges"):
        flow.solve(network((1, -1), (0, 1, 1, 1)), basis)
    with pytest.raises(ValueError, match="a basis of other edges"):
        flow.solve(network((1, 0, -1), (0, 2, 1, 1), (1, 2, 1, 1)), basis)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"flows": np.array([3, 2, 1])}, "what arrives is not what leaves at node 1"),
        ({"flows": np.array([4, 1, 1])}, "flow above the capacity at edge 0"),
        ({"flows": np.array([6, -1, -1])}, "flow below nothing at edge 1"),
        ({"flows": np.array([2, 3, 3])}, "a cheaper way is left unused at edge 0"),
        ({"potentials": np.array([0, 0, 2])}, "a dearer way is used at edge 1"),
        ({"potentials": np.array([0])}, "the flow belongs to another network"),
        ({"feasible": False, "stranded": np.array([0])}, "have 5 to send and ways out for 12"),
    ],
)
def test_a_flow_that_its_numbers_do_not_prove_is_told(change: dict[str, Any], says: str) -> None:
    one = network((5, 0, -5), (0, 2, 3, 1), (0, 1, 9, 1), (1, 2, 9, 1))
    found = flow.solve(one)

    assert flow.faults(one, found) == ()
    assert says in "; ".join(flow.faults(one, replace(found, **change)))


def test_prices_too_large_for_64_bits_prove_nothing_by_running_over() -> None:
    one = network((1, -1), (0, 1, 2, 1))
    found = flow.solve(one)
    large = replace(found, potentials=np.array([2**62, -(2**62) - 2**61]))

    assert flow.faults(one, large) != ()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_flow_is_proven_by_its_own_numbers(data: st.DataObject) -> None:
    nodes = data.draw(st.integers(1, 6))
    place, amount = st.integers(0, nodes - 1), st.integers(0, 5)
    edges = data.draw(st.lists(st.tuples(place, place, amount, st.integers(-3, 3)), max_size=16))
    supplies = data.draw(st.lists(st.integers(-4, 4), min_size=nodes, max_size=nodes))
    supplies[0] -= sum(supplies)
    one = network(supplies, *edges)
    found = flow.solve(one)

    assert flow.faults(one, found) == ()
    assert is_sound(found.basis.tree)


def test_the_largest_supplies_that_64_bits_can_say_are_placed() -> None:
    least = -(2**63)
    one = network((2**62, 2**62, least), (0, 2, 2**63 - 1, 1), (1, 2, 2**63 - 1, 2))

    assert flow.solve(one).cost == 3 * 2**62


def test_without_numba_the_plain_twin_answers() -> None:
    asked = (
        "import sys; sys.modules['numba'] = None; import numpy as np; from trimtab.quant import flow, simplex;"
        "one, places = np.array([1]), np.array([0]); assert simplex.fastest() is simplex.PLAIN;"
        "print(flow.solve(flow.Network(2, places, one, one, one, np.array([1, -1]))).cost)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "1"


def test_where_nothing_can_be_written_each_process_compiles_anew() -> None:
    names: dict[str, Any] = {"__name__": "nowhere"}
    exec(compile(Path(simplex.__file__).read_text(), "<nowhere>", "exec"), names)

    assert alike(flow._solved(tied(3), None, names["fastest"]()), flow.solve(tied(3)))


def test_importing_compiles_nothing_and_brings_no_numba() -> None:
    asked = "import sys; import trimtab.quant.flow; print('numba' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"
