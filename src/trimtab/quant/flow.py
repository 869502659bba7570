"""Flows of least cost through a network, exactly: integers in, integers out, with the prices that prove them.

The same network gives the same flows however they were found: of equally cheap flows one is chosen by the places of
the edges alone, so callers sort edges by their ids. Solved by the network simplex of `quant.simplex`.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trimtab.quant.simplex import BACK, EDGE, FIELDS, LAST, NEXT, PARENT, PLAIN, SIZE, UP, Kernel, Kinds, fastest

Integers = npt.NDArray[Any]
"""Of int64; or of Python's integers (dtype object) where a number, or a sum of them, does not fit."""

SAFE: Final = 2**62
"""What no number inside may reach if it is to be kept in 64 bits."""

RANK_BITS: Final = 40
"""The size of the numbers that choose between equally cheap flows: two ways are taken for equal once in 2^40."""

TIE_ROUNDS: Final = 8
"""How often ways that look alike are given new numbers before that is taken for a defect."""


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes from 0, and edges that carry whole units from tail to head, up to a finite capacity, at a cost for each.

    A positive supply leaves its node, a negative one arrives there; they sum to nothing. Costs may have any sign.
    Arrays of int64; amounts and costs may also be Python's integers (dtype object). Numbers that are too large for
    64 bits, alone or in sum, are solved exactly too, but some seventy times slower: choose capacities that can be
    reached. Raises ValueError if the arrays do not describe a network.
    """

    nodes: int
    tails: Integers
    heads: Integers
    capacities: Integers
    costs: Integers
    supplies: Integers

    def __post_init__(self) -> None:
        """Refuse what is no network."""
        for name in ("tails", "heads", "capacities", "costs", "supplies"):
            _check_whole(name, getattr(self, name), self.nodes if name == "supplies" else len(self.tails))
        for name in ("tails", "heads"):
            ends = getattr(self, name)
            if len(ends) and not 0 <= ends.min() <= ends.max() < self.nodes:
                raise ValueError(f"{name}: from {ends.min()} to {ends.max()}; nodes are from 0 to {self.nodes - 1}")
        if len(self.capacities) and self.capacities.min() < 0:
            raise ValueError(f"capacities: {self.capacities.min()} at {self.capacities.argmin()}; 0 is the least")
        if (left := _total(self.supplies)) != 0:
            raise ValueError(f"supplies: sum to {left}; what leaves must arrive, so they sum to 0")


@dataclass(frozen=True, eq=False)
class Basis:
    """Where a solution stands: its tree, and which other edges are full. Good for any network with the same edges."""

    tree: Integers
    state: Integers


@dataclass(frozen=True, eq=False)
class Flow:
    """A flow of least cost, with the price of a unit at each node; or the nodes of a cut that cannot let enough out.

    `feasible` flows are optimal by their prices: no edge with room leads to a node where a unit is worth more than
    at its tail with the cost added, none with flow to one where it is worth less. If not feasible, `stranded` are
    nodes whose supplies together exceed what the edges out of them carry, and the flows place what can be placed.
    """

    feasible: bool
    flows: Integers
    potentials: Integers
    cost: int
    basis: Basis
    stranded: Integers


@dataclass(frozen=True, eq=False)
class _Work:
    """What the simplex works on: the network's edges, the way out, and an artificial edge for each node.

    The artificial root is the last node. The way out leads there from node 0 and costs nothing; the artificial edges
    lead there or from there, cost more than any way through the network, and are not priced: once out of the tree
    they stay out. So in the end everything that can reach node 0 hangs from it, whatever it hung from before, and a
    strongly feasible tree of least cost is one and no other.
    """

    tails: Integers
    heads: Integers
    costs: Integers
    capacities: Integers
    flows: Integers
    state: Integers
    prices: Integers
    tree: Integers


def solve(network: Network, start: Basis | None = None) -> Flow:
    """The flow of least cost. A start from the basis of a network with the same edges is quicker and changes nothing.

    Raises ValueError if the basis belongs to other edges.
    """
    if start is not None:
        _check_basis(network, start)
    kernel = fastest() if _narrow(network) else PLAIN
    return _solved(network, start, kernel)


def faults(network: Network, flow: Flow) -> tuple[str, ...]:
    """What keeps a flow from being proven by its own numbers, exactly and without a solver; nothing if it is proven."""
    if not flow.feasible:
        return _cut_faults(network, flow.stranded)
    if len(flow.flows) != len(network.tails) or len(flow.potentials) != network.nodes:
        return ("the flow belongs to another network",)
    flows, prices, costs = flow.flows, flow.potentials, network.costs
    if max(map(_largest, (flows, prices, costs, network.supplies))) * (len(flows) + 2) >= SAFE:
        flows, prices, costs = (array.astype(object) for array in (flows, prices, costs))
    reduced = costs + prices[network.tails] - prices[network.heads]
    used = np.flatnonzero(flows)
    balance = network.supplies.astype(flows.dtype)
    np.subtract.at(balance, network.tails[used], flows[used])
    np.add.at(balance, network.heads[used], flows[used])
    wrong = {
        "flow below nothing at edge": flows < 0,
        "flow above the capacity at edge": flows > network.capacities,
        "a cheaper way is left unused at edge": (reduced < 0) & (flows < network.capacities),
        "a dearer way is used at edge": (reduced > 0) & (flows > 0),
        "what arrives is not what leaves at node": balance != 0,
    }
    return tuple(f"{what} {np.flatnonzero(where)[0]}" for what, where in wrong.items() if where.any())


def _cut_faults(network: Network, stranded: Integers) -> tuple[str, ...]:
    """What keeps a set of nodes from showing that there is no flow."""
    inside = np.zeros(network.nodes, bool)
    inside[stranded] = True
    out = inside[network.tails] & ~inside[network.heads]
    supply, way = _total(network.supplies[inside]), _total(network.capacities[out])
    return () if supply > way else (f"the stranded nodes have {supply} to send and ways out for {way}",)


def _total(array: Integers) -> int:
    """The exact sum."""
    if array.dtype != object and _largest(array) * len(array) >= SAFE:
        array = array.astype(object)
    return int(array.sum())


def _largest(array: Integers) -> int:
    """The largest size of a number in an array; nothing if it is empty."""
    return max(int(array.max()), -int(array.min())) if len(array) else 0


def _check_whole(name: str, array: Integers, length: int) -> None:
    """Refuse an array of the wrong length or kind."""
    if array.shape != (length,):
        raise ValueError(f"{name}: an array of shape {array.shape}; it should be ({length},)")
    if array.dtype != np.int64 and (array.dtype != object or name in {"tails", "heads"}):
        or_object = "" if name in {"tails", "heads"} else ", or object for Python's integers"
        raise ValueError(f"{name}: numbers of {array.dtype}; they should be int64{or_object}")


def _check_basis(network: Network, start: Basis) -> None:
    """Refuse a basis of other edges."""
    edges, nodes = len(network.tails), network.nodes
    if start.tree.shape != (FIELDS, nodes + 1) or len(start.state) != edges + 1:
        raise ValueError(
            f"start: a basis of {start.tree.shape[1] - 1} nodes and {len(start.state) - 1} edges; "
            f"the network has {nodes} and {edges}"
        )
    child, edge = np.arange(nodes), start.tree[EDGE, :nodes]
    real = edge < edges
    child, edge = child[real], edge[real]
    parent, up = start.tree[PARENT, child], start.tree[UP, child] == 1
    tails, heads = np.where(up, child, parent), np.where(up, parent, child)
    if not (np.array_equal(network.tails[edge], tails) and np.array_equal(network.heads[edge], heads)):
        raise ValueError("start: a basis of other edges; it should come from a network with the same tails and heads")


def _dear(network: Network) -> int:
    """The cost of an artificial edge: more than any way through the network can save."""
    return (_largest(network.costs) + 1) * (network.nodes + 1)


def _narrow(network: Network) -> bool:
    """Whether everything that can come up while solving stays well inside 64 bits."""
    if any(array.dtype == object for array in (network.capacities, network.costs, network.supplies)):
        return False
    amounts = float(np.abs(network.supplies, dtype=float).sum()) + float(network.capacities.sum(dtype=float))
    places = len(network.tails) + network.nodes
    return amounts < SAFE / 2 and 8 * _dear(network) < SAFE and places < 2**31 - 1


def _solved(network: Network, start: Basis | None, kernel: Kernel) -> Flow:
    """Solve by the given functions."""
    work = _opened(network, kernel) if start is None else _reopened(network, start, kernel)
    edges, nodes = len(network.tails), network.nodes
    feasible = not work.flows[edges:].any()
    if feasible:
        _settle(_closed(work, kernel), kernel)
    flows = _fitted(work.flows[:edges])
    return Flow(
        feasible=feasible,
        flows=flows,
        potentials=_fitted(work.prices[:nodes] - work.prices[0]),
        cost=_product(network.costs, flows),
        basis=Basis(work.tree.astype(np.int32, copy=False), work.state[: edges + 1].astype(np.int8)),
        stranded=np.zeros(0, np.int64) if feasible else _stranded(network, work),
    )


def _fitted(array: Integers) -> Integers:
    """In 64 bits where they do."""
    return array.astype(np.int64) if _largest(array) < SAFE else array


def _product(costs: Integers, flows: Integers) -> int:
    """What flows cost, exactly."""
    used = np.flatnonzero(flows)
    costs, flows = costs[used], flows[used]
    if _largest(costs) * _largest(flows) * len(used) >= SAFE:
        costs, flows = costs.astype(object), flows.astype(object)
    return int((costs * flows).sum())


def _run(work: _Work, kernel: Kernel) -> int:
    """Pivot to the end from a tree and flows that fit; how many pivots it took."""
    kernel.reprice(work.costs, work.prices, work.tree)
    return int(
        kernel.pivot(
            work.tails, work.heads, work.costs, work.capacities, work.flows, work.state, work.prices, work.tree
        )
    )


def _among(work: _Work, places: Integers) -> _Work:
    """The same work on some of its edges in another order: those of the tree are among them, artificial ones last."""
    real = places[: len(places) - (len(work.costs) - len(work.tails))]
    where = np.zeros(len(work.costs) + 1, np.int64)
    where[places] = np.arange(len(places))
    where[-1] = -1
    tree = work.tree.copy()
    tree[EDGE] = where[tree[EDGE].astype(np.int64)]
    return _Work(
        tails=work.tails[real],
        heads=work.heads[real],
        costs=work.costs[places],
        capacities=work.capacities[places],
        flows=work.flows[places],
        state=work.state[places],
        prices=work.prices.copy(),
        tree=tree,
    )


def _put_back(work: _Work, places: Integers, part: _Work) -> None:
    """Take over what was found on some of the edges, but not their prices."""
    work.flows[places], work.state[places], work.tree[:] = part.flows, part.state, part.tree
    where = np.append(places, -1)
    work.tree[EDGE] = where[part.tree[EDGE].astype(np.int64)]


def _blank(network: Network, kinds: Kinds) -> _Work:
    """Nothing flows yet, and there is no tree."""
    edges, nodes = len(network.tails), network.nodes
    amounts: Any = kinds.amounts
    room = _total(np.maximum(network.supplies, 0)) + _total(network.capacities) + 1
    dear = np.full(nodes, _dear(network), amounts)
    return _Work(
        tails=np.append(network.tails, 0).astype(kinds.ends),
        heads=np.append(network.heads, nodes).astype(kinds.ends),
        costs=np.concatenate([network.costs, np.zeros(1, amounts), dear]).astype(amounts, copy=False),
        capacities=np.concatenate([network.capacities, np.full(nodes + 1, room, amounts)]).astype(amounts, copy=False),
        flows=np.zeros(edges + 1 + nodes, amounts),
        state=np.ones(edges + 1 + nodes, kinds.state),
        prices=np.zeros(nodes + 1, amounts),
        tree=np.zeros((FIELDS, nodes + 1), kinds.tree),
    )


def _opened(network: Network, kernel: Kernel) -> _Work:
    """Solved from nothing: every supply goes to the root, and every demand is met from there."""
    edges, root = len(network.tails) + 1, network.nodes
    every = np.arange(root + 1)
    work = _blank(network, kernel.kinds)
    tree = work.tree
    tree[PARENT], tree[EDGE], tree[UP, :root] = root, edges + every, network.supplies >= 0
    tree[NEXT], tree[BACK], tree[LAST], tree[SIZE] = every + 1, every - 1, every, 1
    last = (root - 1) % (root + 1)
    tree[NEXT, root], tree[BACK, 0], tree[BACK, root] = 0, root, last
    tree[PARENT, root], tree[EDGE, root], tree[LAST, root], tree[SIZE, root] = -1, -1, last, root + 1
    work.state[edges:], work.flows[edges:] = 0, np.abs(network.supplies.astype(work.flows.dtype))
    places = np.concatenate([_shuffled(edges), np.arange(edges, len(work.costs))])
    part = _among(work, places)
    _run(part, kernel)
    _put_back(work, places, part)
    work.prices[:] = part.prices
    return work


def _reopened(network: Network, start: Basis, kernel: Kernel) -> _Work:
    """Solved from an old tree, which carries the new supplies as far as it can."""
    work = _blank(network, kernel.kinds)
    work.tree[:] = start.tree
    work.state[: len(start.state)] = start.state
    work.state[start.tree[EDGE, :-1]] = 0
    excess = np.append(network.supplies, 0).astype(work.flows.dtype)
    kernel.repair(work.tails, work.heads, work.capacities, work.flows, work.state, excess, work.tree)
    _run(work, kernel)
    return work


def _closed(work: _Work, kernel: Kernel) -> _Work:
    """With artificial edges priced as well, if parts of the network still hang from them: which is then decided too."""
    root = len(work.prices) - 1
    hung = work.tree[EDGE, :root] >= len(work.tails)
    if not hung.any():
        return work
    every = np.arange(root, dtype=np.int64).astype(work.tails.dtype)
    tails, heads = np.concatenate([work.tails, every]), np.concatenate([work.heads, np.full_like(every, root)])
    whole = replace(work, tails=tails, heads=heads)
    _run(whole, kernel)
    return whole


def _settle(work: _Work, kernel: Kernel) -> None:
    """Of equally cheap flows take the one that the places of the edges choose.

    The edges whose flow may change at no cost are in play, each at a number drawn from its place; the least sum of
    them is a flow of its own, unless two ways have the same sum, and then new numbers decide between these.
    """
    edges, nodes = len(work.tails), len(work.prices)
    tails, heads = work.tails.astype(np.int64), work.heads.astype(np.int64)
    places = np.flatnonzero(
        (work.costs[:edges] + work.prices[tails] - work.prices[heads] == 0) & (work.capacities[:edges] > 0)
    )
    for salt in range(TIE_ROUNDS):
        if not work.state[places].any():
            return
        drawn = _drawn(edges, nodes, salt)[places].astype(work.costs.dtype)
        everywhere = np.concatenate([places, np.arange(edges, len(work.costs))])
        part = _among(work, everywhere)
        part.costs[: len(places)], part.costs[len(places) :] = drawn, 0
        _run(part, kernel)
        _put_back(work, everywhere, part)
        places = places[drawn + part.prices[tails[places]] - part.prices[heads[places]] == 0]
    raise AssertionError(f"flows still alike after {TIE_ROUNDS} draws")


@lru_cache(maxsize=8)
def _shuffled(edges: int) -> Integers:
    """An order of the edges in which any few in a row are of all kinds: what is looked at promises more."""
    return np.argsort(_drawn(edges, 0, 0), kind="stable")


@lru_cache(maxsize=8)
def _drawn(edges: int, nodes: int, salt: int) -> Integers:
    """A number for each place, as good as chance and always the same (splitmix64, Steele and others 2014)."""
    bits = min(RANK_BITS, 59 - nodes.bit_length())
    mixed = np.arange(1, edges + 1, dtype=np.uint64) + np.uint64(salt << RANK_BITS)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


def _stranded(network: Network, work: _Work) -> Integers:
    """All nodes that what could not be placed can still reach."""
    edges, nodes = len(network.tails), network.nodes
    hung = (work.tree[EDGE, :nodes] == edges + 1 + np.arange(nodes)) & (work.tree[UP, :nodes] == 1)
    reached = np.array(hung & (work.flows[edges + 1 :] > 0), bool)
    reached[0] |= work.flows[edges] > 0
    tails, heads = network.tails.astype(np.int64), network.heads.astype(np.int64)
    ahead, behind = work.flows[:edges] < network.capacities, work.flows[:edges] > 0
    before = -1
    while before != (before := int(reached.sum())):
        reached[heads[ahead & reached[tails]]] = True
        reached[tails[behind & reached[heads]]] = True
    return np.flatnonzero(reached)
