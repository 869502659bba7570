"""The primal network simplex on arrays: plain functions, compiled as they are where numba is at hand.

Kiraly and Kovacs (2012), "Efficient implementations of minimum-cost flow algorithms"; Ahuja, Magnanti and Orlin
(1993), "Network Flows", chapter 11. The spanning tree is kept strongly feasible (from every node something can still
be sent to the root), which rules out cycling. Of an edge, `state` is 1 where its flow is nothing, -1 where it is the
capacity, 0 in the tree. Edges behind those with a tail are never priced: they can only leave the tree.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import Any, Final, NamedTuple

Array = Any
"""Of one of the types in `Kinds`."""

PARENT: Final = 0
EDGE: Final = 1
UP: Final = 2
NEXT: Final = 3
BACK: Final = 4
LAST: Final = 5
SIZE: Final = 6
FIELDS: Final = 7
"""The rows of the tree, by node: its parent (-1 above the root), the edge to it, 1 if that edge leaves the node and 0
if it enters, the nodes after and before in depth-first order, the last descendant, and how many these are with itself.
Rows lie one after the other: most time goes into walking along NEXT, which stays near the processor."""


def _link(tree: Array, one: int, other: int) -> None:
    """Put one node right before another."""
    tree[NEXT, one] = other
    tree[BACK, other] = one


def _cut(tree: Array, out: int, join: int) -> None:
    """Take a node and all below it out of the depth-first order and off the counts under `join`."""
    before, end, size = tree[BACK, out], tree[LAST, out], tree[SIZE, out]
    _link(tree, before, tree[NEXT, end])
    node = tree[PARENT, out]
    while node != join:
        tree[SIZE, node] -= size
        node = tree[PARENT, node]
    node = tree[PARENT, out]
    while node >= 0 and tree[LAST, node] == end:
        tree[LAST, node] = before
        node = tree[PARENT, node]


def _reroot(tree: Array, out: int, top: int) -> None:
    """Turn a cut-off tree with root `out` so that `top` is its root, keeping a depth-first order."""
    whole = tree[SIZE, out]
    child, last, size = top, tree[LAST, top], tree[SIZE, top]
    above, edge, up = tree[PARENT, top], tree[EDGE, top], tree[UP, top]
    before, after, tail = tree[BACK, top], tree[NEXT, last], last
    tree[SIZE, top] = whole
    while child != out:
        node, node_last, node_size = above, tree[LAST, above], tree[SIZE, above]
        node_edge, node_up, node_before = tree[EDGE, node], tree[UP, node], tree[BACK, node]
        above = tree[PARENT, node]
        own_last = before
        if node_last != last:
            own_last = node_last
            _link(tree, before, after)
            after = tree[NEXT, node_last]
        _link(tree, tail, node)
        tail = own_last
        tree[PARENT, node], tree[EDGE, node], tree[UP, node] = child, edge, 1 - up
        tree[SIZE, node] = whole - size
        child, last, size, edge, up, before = node, node_last, node_size, node_edge, node_up, node_before
    while child != top:
        tree[LAST, child] = tail
        child = tree[PARENT, child]
    tree[LAST, top] = tail


def _hang(tree: Array, top: int, under: int, join: int) -> None:
    """Put a cut-off tree right after a node, as the first of its children."""
    tail, size = tree[LAST, top], tree[SIZE, top]
    after = tree[NEXT, under]
    _link(tree, under, top)
    _link(tree, tail, after)
    tree[PARENT, top] = under
    node = under
    while node != join:
        tree[SIZE, node] += size
        node = tree[PARENT, node]
    node = under
    while node >= 0 and tree[LAST, node] == under:
        tree[LAST, node] = tail
        node = tree[PARENT, node]


def _entering(
    tails: Array, heads: Array, costs: Array, state: Array, prices: Array, start: int, block: int
) -> tuple[int, int]:
    """The edge that promises most in the first block with any that promises something, and where to look on; or -1."""
    edges = len(tails)
    best, found, at, left = 0, -1, start, edges
    while left > 0 and found < 0:
        stop = min(at + min(block, left), edges)
        left -= stop - at
        for edge in range(at, stop):
            promised = state[edge] * (costs[edge] + prices[tails[edge]] - prices[heads[edge]])
            if promised < best:
                best, found = promised, edge
        at = 0 if stop == edges else stop
    return found, at


def _join(tree: Array, first: int, second: int) -> int:
    """The lowest node above both."""
    while first != second:
        if tree[SIZE, first] < tree[SIZE, second]:
            first = tree[PARENT, first]
        else:
            second = tree[PARENT, second]
    return first


def _leaving(
    tree: Array, capacities: Array, flows: Array, ends: tuple[int, int, int], most: int
) -> tuple[int, int, int]:
    """How much can go round from join to first to second to join, below which node it is blocked, and on which side.

    Of equals the last on the way round is taken: it is what keeps the tree strongly feasible.
    """
    first, second, join = ends
    out, side = -1, 0
    while first != join:
        edge = tree[EDGE, first]
        room = flows[edge] if tree[UP, first] == 1 else capacities[edge] - flows[edge]
        if room < most:
            most, out, side = room, first, 1
        first = tree[PARENT, first]
    while second != join:
        edge = tree[EDGE, second]
        room = capacities[edge] - flows[edge] if tree[UP, second] == 1 else flows[edge]
        if room <= most:
            most, out, side = room, second, 2
        second = tree[PARENT, second]
    return most, out, side


def _push(tree: Array, flows: Array, node: int, join: int, amount: int) -> None:
    """Send an amount up the tree from a node; a negative one comes down."""
    while node != join:
        edge = tree[EDGE, node]
        if tree[UP, node] == 1:
            flows[edge] += amount
        else:
            flows[edge] -= amount
        node = tree[PARENT, node]


def _shift(tree: Array, prices: Array, top: int, change: int) -> None:
    """Add to the prices of a node and of all below it, or take from all others if they are fewer: it is the same."""
    node, last = top, tree[LAST, top]
    if 2 * tree[SIZE, top] > tree.shape[1]:
        node, last, change = tree[NEXT, last], tree[BACK, top], -change
    prices[node] += change
    while node != last:
        node = tree[NEXT, node]
        prices[node] += change


def _exchange(
    tree: Array, tails: Array, flows: Array, state: Array, edge: int, ends: tuple[int, int, int], out: int
) -> None:
    """Let the edge above `out` leave the tree and another enter, which hangs the cut-off part from its other end."""
    top, under, join = ends
    gone = tree[EDGE, out]
    state[gone] = 1 if flows[gone] == 0 else -1
    state[edge] = 0
    _cut(tree, out, join)
    _reroot(tree, out, top)
    _hang(tree, top, under, join)
    tree[EDGE, top] = edge
    tree[UP, top] = 1 if tails[edge] == top else 0


def pivot(
    tails: Array, heads: Array, costs: Array, capacities: Array, flows: Array, state: Array, prices: Array, tree: Array
) -> int:
    """Pivot until no edge promises anything, from a strongly feasible tree and its prices; how many it took."""
    block = max(int(len(tails) ** 0.5 / 2), 10)
    count, edge, at = 0, 0, 0
    while True:
        edge, at = _entering(tails, heads, costs, state, prices, at, block)
        if edge < 0:
            return count
        count += 1
        tail, head, way = tails[edge], heads[edge], state[edge]
        first, second = (tail, head) if way == 1 else (head, tail)
        join = _join(tree, first, second)
        amount, out, side = _leaving(tree, capacities, flows, (first, second, join), capacities[edge])
        if amount > 0:
            flows[edge] += way * amount
            _push(tree, flows, first, join, -amount)
            _push(tree, flows, second, join, amount)
        if side == 0:
            state[edge] = -way
            continue
        top, under = (first, second) if side == 1 else (second, first)
        reduced = costs[edge] + prices[tail] - prices[head]
        _exchange(tree, tails, flows, state, edge, (top, under, join), out)
        _shift(tree, prices, top, -reduced if top == tail else reduced)


def reprice(costs: Array, prices: Array, tree: Array) -> None:
    """Prices by which no edge of the tree gains or loses; the root's is nothing."""
    root = tree.shape[1] - 1
    prices[root] = 0
    node = tree[NEXT, root]
    while node != root:
        cost = costs[tree[EDGE, node]]
        prices[node] = prices[tree[PARENT, node]] + (-cost if tree[UP, node] == 1 else cost)
        node = tree[NEXT, node]


def _saturate(tails: Array, heads: Array, capacities: Array, flows: Array, state: Array, excess: Array) -> None:
    """Fill the edges that are at their capacities, and move what stands at their ends."""
    for edge in range(len(tails)):
        if state[edge] == -1:
            flows[edge] = capacities[edge]
            excess[tails[edge]] -= capacities[edge]
            excess[heads[edge]] += capacities[edge]


def _settled(capacity: int, up: int, amount: int) -> tuple[int, int]:
    """What an edge of the tree can carry of an amount to be sent up, and its state: 0 if that is all of it."""
    flow = amount if up == 1 else -amount
    if 0 < flow < capacity or (flow == 0 and up == 1 and capacity > 0) or (flow == capacity > 0 and up == 0):
        return flow, 0
    return (0, 1) if flow <= 0 else (capacity, -1)


def repair(
    tails: Array, heads: Array, capacities: Array, flows: Array, state: Array, excess: Array, tree: Array
) -> int:
    """Give a tree of earlier days the flows of today's supplies; how many nodes had to be hung from the root instead.

    `excess` holds the supplies, and is used up. An edge that would carry less than nothing or more than its capacity
    leaves the tree at that bound, and so does one that would end its strong feasibility; what it cannot carry goes
    by the artificial edge, which is dear.
    """
    root, cuts = tree.shape[1] - 1, 0
    _saturate(tails, heads, capacities, flows, state, excess)
    node = tree[BACK, root]
    while node != root:
        edge, up, amount = tree[EDGE, node], tree[UP, node], excess[node]
        ahead = tree[BACK, node]
        if edge >= len(tails):
            tree[UP, node] = 1 if amount >= 0 else 0
            flows[edge] = abs(amount)
        else:
            flow, bound = _settled(capacities[edge], up, amount)
            flows[edge] = flow
            excess[tree[PARENT, node]] += flow if up == 1 else -flow
            excess[node] -= flow if up == 1 else -flow
            if bound != 0:
                state[edge] = bound
                cuts += 1
        node = ahead
    return _cut_loose(len(tails), flows, state, excess, tree, cuts)


def _cut_loose(edges: int, flows: Array, state: Array, excess: Array, tree: Array, cuts: int) -> int:
    """Hang each node whose edge has left the tree from the root, with what it could not send."""
    root, left = tree.shape[1] - 1, cuts
    node = tree[BACK, root]
    while left > 0:
        ahead = tree[BACK, node]
        if state[tree[EDGE, node]] != 0:
            _cut(tree, node, root)
            _hang(tree, node, root, root)
            artificial = edges + node
            tree[EDGE, node] = artificial
            tree[UP, node] = 1 if excess[node] >= 0 else 0
            flows[artificial] = abs(excess[node])
            state[artificial] = 0
            left -= 1
        node = ahead
    return cuts


class Kinds(NamedTuple):
    """The types that the functions take: of amounts and costs, of tails and heads, of the tree, of states."""

    amounts: Any
    ends: Any
    tree: Any
    state: Any


class Kernel(NamedTuple):
    """The three ways into this module, all compiled or all plain, and the types of the arrays they take."""

    repair: Callable[..., Any]
    reprice: Callable[..., Any]
    pivot: Callable[..., Any]
    kinds: Kinds


PLAIN: Final = Kernel(repair, reprice, pivot, Kinds(object, object, object, object))
"""Python's own integers: slow, and none is too large."""

_PARTS: Final = (
    _link, _cut, _reroot, _hang, _entering, _join, _leaving, _push, _shift, _exchange,
    _saturate, _settled, _cut_loose, repair, reprice, pivot,
)  # fmt: skip


@cache
def fastest() -> Kernel:
    """The compiled functions where numba can be imported, else the plain ones; the first call compiles."""
    try:
        numba = import_module("numba")
    except ImportError:
        return PLAIN
    names = dict(globals())
    for part in _PARTS:
        twin = FunctionType(part.__code__, names, part.__name__)
        try:
            names[part.__name__] = numba.njit(cache=True)(twin)
        except RuntimeError:  # Nowhere to write: compiled anew by each process.
            names[part.__name__] = numba.njit(twin)
    return Kernel(names["repair"], names["reprice"], names["pivot"], Kinds("int64", "uint32", "int32", "int8"))
