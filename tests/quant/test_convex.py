from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import convex
from trimtab.quant.convex import Bends, Refined
from trimtab.quant.flow import Network

cvxpy = import_module("cvxpy")

Edge = tuple[int, int, int, int]
"""Tail, head, capacity, cost by unit."""


def network(supplies: Sequence[int], edges: Sequence[Edge]) -> Network:
    """A network of nodes with supplies, and edges in their order."""
    tails, heads, capacities, costs = (np.array(column, np.int64) for column in zip(*edges, strict=True))
    return Network(
        nodes=len(supplies),
        tails=tails,
        heads=heads,
        capacities=capacities,
        costs=costs,
        supplies=np.array(supplies, np.int64),
    )


def bends(coefficients: Sequence[float], *, power: float = 1.5) -> Bends:
    """The first edges are bent."""
    return Bends(np.arange(len(coefficients)), np.array(coefficients), power)


def lanes(amount: int, coefficients: Sequence[float]) -> Network:
    """An amount to bring over lanes side by side, each of which could take it all."""
    return network((amount, -amount), [(0, 1, amount, 0) for _ in coefficients])


def drawn(seed: int, *, nodes: int = 30) -> tuple[Network, Bends]:
    """A ring with chords, all of them bent, and supplies that sum to nothing."""
    draw = np.random.default_rng(seed)
    ring = [(n, (n + 1) % nodes, 10**12, int(draw.integers(0, 3000))) for n in range(nodes)]
    pairs = [(int(a), int(b)) for a, b in draw.choice(nodes, (6 * nodes, 2)) if a != b]
    chords = [(a, b, int(draw.integers(10**5, 10**8)), int(draw.integers(0, 2000))) for a, b in pairs]
    edges = sorted(ring + chords)
    supplies = draw.integers(-(10**7), 10**7, nodes)
    supplies[0] -= supplies.sum()
    return network(supplies.tolist(), edges), bends(draw.uniform(0.01, 1, len(edges)).tolist())


def exact(net: Network, bent: Bends) -> float:
    """The optimum by cones."""
    scale = 1e6
    carried = cvxpy.Variable(len(net.tails), nonneg=True)
    balance = np.zeros((net.nodes, len(net.tails)))
    balance[net.tails, np.arange(len(net.tails))] += 1
    balance[net.heads, np.arange(len(net.tails))] -= 1
    curved = cvxpy.multiply(bent.coefficients * scale**bent.power, cvxpy.power(carried[bent.edges], bent.power))
    paid = (net.costs * scale) @ carried + cvxpy.sum(curved)
    limits = [balance @ carried == net.supplies / scale, carried <= net.capacities / scale]
    problem = cvxpy.Problem(cvxpy.Minimize(paid / scale), limits)
    problem.solve(solver=cvxpy.CLARABEL)
    return float(problem.value) * scale


def conserves(net: Network, found: Refined) -> bool:
    """Whether a flow leaves every node with nothing, within the capacities."""
    left = net.supplies.copy()
    np.subtract.at(left, net.tails, found.flows)
    np.add.at(left, net.heads, found.flows)
    return not left.any() and bool(((found.flows >= 0) & (found.flows <= net.capacities)).all())


def test_two_lanes_share_so_that_their_marginal_costs_are_equal() -> None:
    found = convex.refine(lanes(1_000_000, (1, 2)), bends((1, 2)), tolerance=1e-6)
    assert found.flows.tolist() == pytest.approx([800_000, 200_000], rel=1e-2)
    assert found.cost == pytest.approx(8e5**1.5 + 2 * 2e5**1.5, rel=1e-6)


def test_a_lane_too_dear_is_left_alone() -> None:
    net = network((100, -100), [(0, 1, 100, 5), (0, 1, 100, 400)])
    assert convex.refine(net, bends((1, 1))).flows.tolist() == [100, 0]


def test_a_straight_lane_takes_what_would_bend_too_far() -> None:
    net = network((1000, -1000), [(0, 1, 1000, 0), (0, 1, 1000, 15)])
    found = convex.refine(net, bends((1,)), tolerance=1e-5)
    assert found.flows[0] == pytest.approx(100, abs=3)


@pytest.mark.parametrize("seed", range(5))
def test_refined_flows_agree_with_cones(seed: int) -> None:
    net, bent = drawn(seed)
    found, best = convex.refine(net, bent), exact(net, bent)
    assert conserves(net, found)
    assert found.rounds < 8
    assert found.bound <= best * (1 + 1e-6)
    assert best * (1 - 1e-6) <= found.cost <= best * 1.001


@pytest.mark.parametrize("power", [1.2, 2.0, 3.0])
def test_other_powers_are_met_as_well(power: float) -> None:
    net, _ = drawn(7)
    bent = bends(np.full(len(net.tails), 1000.0 / 1e6 ** (power - 1)).tolist(), power=power)
    found, best = convex.refine(net, bent), exact(net, bent)
    assert found.bound <= best * (1 + 1e-6)
    assert best * (1 - 1e-6) <= found.cost <= best * 1.001


def test_a_finer_tolerance_is_proven_too() -> None:
    found = convex.refine(*drawn(11), tolerance=1e-5)
    assert found.cost - found.bound <= found.cost * 1e-5


def test_the_same_problem_has_the_same_answer() -> None:
    one, other = (convex.refine(*drawn(3)) for _ in range(2))
    assert one.flows.tobytes() == other.flows.tobytes()
    assert (one.cost, one.bound, one.rounds) == (other.cost, other.bound, other.rounds)


@given(
    amount=st.integers(1, 14),
    rates=st.tuples(*[st.integers(0, 40)] * 3),
    coefficients=st.tuples(*[st.integers(1, 30)] * 3),
    caps=st.tuples(*[st.integers(0, 14)] * 3),
)
def test_no_whole_split_is_below_the_bound_or_much_below_the_cost(
    amount: int, rates: tuple[int, ...], coefficients: tuple[int, ...], caps: tuple[int, ...]
) -> None:
    net = network((amount, -amount), [(0, 1, cap, rate) for cap, rate in zip(caps, rates, strict=True)])
    splits = [
        (one, two, amount - one - two)
        for one in range(caps[0] + 1)
        for two in range(caps[1] + 1)
        if 0 <= amount - one - two <= caps[2]
    ]
    costs = [sum(r * n + c * n**1.5 for n, r, c in zip(split, rates, coefficients, strict=True)) for split in splits]
    found = convex.refine(net, bends(coefficients))
    assert found.last.feasible is bool(splits)
    if splits:
        assert found.bound <= min(costs) <= found.cost <= min(costs) + amount
        assert conserves(net, found)


def test_a_network_that_cannot_carry_its_supplies_says_so() -> None:
    assert not convex.refine(network((9, -9), [(0, 1, 5, 1)]), bends((1,))).last.feasible


def test_nothing_to_carry_costs_nothing() -> None:
    found = convex.refine(lanes(0, (1, 2)), bends((1, 2)))
    assert (found.flows.tolist(), found.cost, found.bound) == ([0, 0], 0, 0)


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        (bends((1, 0)), "a power of 1.5 and the coefficients must be above 1 and above 0"),
        (bends((1, 1), power=1.0), "a power of 1.0 and"),
        (Bends(np.array((1, 0)), np.ones(2)), "not in the order of the network"),
    ],
)
def test_what_is_no_bend_is_refused(bent: Bends, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        convex.refine(lanes(5, (1, 2)), bent)


def test_numbers_beyond_64_bits_are_refused() -> None:
    net = replace(lanes(5, (1,)), costs=np.array([10**30], object))
    with pytest.raises(ValueError, match="network: its numbers are beyond 64 bits; bent edges need coarser units"):
        convex.refine(net, bends((1,)))


def test_a_rate_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="costs: a rate of -1 is below zero"):
        convex.refine(network((9, -9), [(0, 1, 9, -1)]), bends((1,)))
