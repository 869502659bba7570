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
"""Of int64 where compiled; of Python's integers (dtype object) where plain, so that no product is too large."""

PARENT: Final = 0
EDGE: Final = 1
UP: Final = 2
NEXT: Final = 3
BACK: Final = 4
LAST: Final = 5
SIZE: Final = 6
FIELDS: Final = 8
"""The columns of the tree, by node: its parent (-1 above the root), the edge to it, 1 if that edge leaves the node
and 0 if it enters, the nodes after and before in depth-first order, the last descendant, and the count of them. A row
fills a line of the processor's cache."""


def _link(tree: Array, one: int, other: int) -> None:
    """Put one node right before another."""
    tree[one, NEXT] = other
    tree[other, BACK] = one


def _cut(tree: Array, out: int, join: int) -> None:
    """Take a node and all below it out of the depth-first order and off the counts under `join`."""
    before, end, size = tree[out, BACK], tree[out, LAST], tree[out, SIZE]
    _link(tree, before, tree[end, NEXT])
    node = tree[out, PARENT]
    while node != join:
        tree[node, SIZE] -= size
        node = tree[node, PARENT]
    node = tree[out, PARENT]
    while node >= 0 and tree[node, LAST] == end:
        tree[node, LAST] = before
        node = tree[node, PARENT]


def _reroot(tree: Array, out: int, top: int) -> None:
    """Turn a cut-off tree with root `out` so that `top` is its root, keeping a depth-first order."""
    whole = tree[out, SIZE]
    child, last, size = top, tree[top, LAST], tree[top, SIZE]
    above, edge, up = tree[top, PARENT], tree[top, EDGE], tree[top, UP]
    before, after, tail = tree[top, BACK], tree[last, NEXT], last
    tree[top, SIZE] = whole
    while child != out:
        node, node_last, node_size = above, tree[above, LAST], tree[above, SIZE]
        node_edge, node_up, node_before = tree[node, EDGE], tree[node, UP], tree[node, BACK]
        above = tree[node, PARENT]
        own_last = before
        if node_last != last:
            own_last = node_last
            _link(tree, before, after)
            after = tree[node_last, NEXT]
        _link(tree, tail, node)
        tail = own_last
        tree[node, PARENT], tree[node, EDGE], tree[node, UP] = child, edge, 1 - up
        tree[node, SIZE] = whole - size
        child, last, size, edge, up, before = node, node_last, node_size, node_edge, node_up, node_before
    while child != top:
        tree[child, LAST] = tail
        child = tree[child, PARENT]
    tree[top, LAST] = tail


def _hang(tree: Array, top: int, under: int, join: int) -> None:
    """Put a cut-off tree right after a node, as the first of its children."""
    tail, size = tree[top, LAST], tree[top, SIZE]
    after = tree[under, NEXT]
    _link(tree, under, top)
    _link(tree, tail, after)
    tree[top, PARENT] = under
    node = under
    while node != join:
        tree[node, SIZE] += size
        node = tree[node, PARENT]
    node = under
    while node >= 0 and tree[node, LAST] == under:
        tree[node, LAST] = tail
        node = tree[node, PARENT]


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
        if tree[first, SIZE] < tree[second, SIZE]:
            first = tree[first, PARENT]
        else:
            second = tree[second, PARENT]
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
        edge = tree[first, EDGE]
        room = flows[edge] if tree[first, UP] == 1 else capacities[edge] - flows[edge]
        if room < most:
            most, out, side = room, first, 1
        first = tree[first, PARENT]
    while second != join:
        edge = tree[second, EDGE]
        room = capacities[edge] - flows[edge] if tree[second, UP] == 1 else flows[edge]
        if room <= most:
            most, out, side = room, second, 2
        second = tree[second, PARENT]
    return most, out, side


def _push(tree: Array, flows: Array, node: int, join: int, amount: int) -> None:
    """Send an amount up the tree from a node; a negative one comes down."""
    while node != join:
        edge = tree[node, EDGE]
        if tree[node, UP] == 1:
            flows[edge] += amount
        else:
            flows[edge] -= amount
        node = tree[node, PARENT]


def _shift(tree: Array, prices: Array, top: int, change: int) -> None:
    """Add to the prices of a node and of all below it, or take from all others if they are fewer: it is the same."""
    node, last = top, tree[top, LAST]
    if 2 * tree[top, SIZE] > len(tree):
        node, last, change = tree[last, NEXT], tree[top, BACK], -change
    prices[node] += change
    while node != last:
        node = tree[node, NEXT]
        prices[node] += change


def _exchange(
    tree: Array, tails: Array, flows: Array, state: Array, edge: int, ends: tuple[int, int, int], out: int
) -> None:
    """Let the edge above `out` leave the tree and another enter, which hangs the cut-off part from its other end."""
    top, under, join = ends
    gone = tree[out, EDGE]
    state[gone] = 1 if flows[gone] == 0 else -1
    state[edge] = 0
    _cut(tree, out, join)
    _reroot(tree, out, top)
    _hang(tree, top, under, join)
    tree[top, EDGE] = edge
    tree[top, UP] = 1 if tails[edge] == top else 0


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
    root = len(tree) - 1
    prices[root] = 0
    node = tree[root, NEXT]
    while node != root:
        cost = costs[tree[node, EDGE]]
        prices[node] = prices[tree[node, PARENT]] + (-cost if tree[node, UP] == 1 else cost)
        node = tree[node, NEXT]


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
    root, cuts = len(tree) - 1, 0
    _saturate(tails, heads, capacities, flows, state, excess)
    node = tree[root, BACK]
    while node != root:
        edge, up, amount = tree[node, EDGE], tree[node, UP], excess[node]
        ahead = tree[node, BACK]
        if edge >= len(tails):
            tree[node, UP] = 1 if amount >= 0 else 0
            flows[edge] = abs(amount)
        else:
            flow, bound = _settled(capacities[edge], up, amount)
            flows[edge] = flow
            excess[tree[node, PARENT]] += flow if up == 1 else -flow
            excess[node] -= flow if up == 1 else -flow
            if bound != 0:
                state[edge] = bound
                cuts += 1
        node = ahead
    return _cut_loose(len(tails), flows, state, excess, tree, cuts)


def _cut_loose(edges: int, flows: Array, state: Array, excess: Array, tree: Array, cuts: int) -> int:
    """Hang each node whose edge has left the tree from the root, with what it could not send."""
    root, left = len(tree) - 1, cuts
    node = tree[root, BACK]
    while left > 0:
        ahead = tree[node, BACK]
        if state[tree[node, EDGE]] != 0:
            _cut(tree, node, root)
            _hang(tree, node, root, root)
            artificial = edges + node
            tree[node, EDGE] = artificial
            tree[node, UP] = 1 if excess[node] >= 0 else 0
            flows[artificial] = abs(excess[node])
            state[artificial] = 0
            left -= 1
        node = ahead
    return cuts


class Kernel(NamedTuple):
    """The three ways into this module, all compiled or all plain."""

    repair: Callable[..., Any]
    reprice: Callable[..., Any]
    pivot: Callable[..., Any]


PLAIN: Final = Kernel(repair, reprice, pivot)

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
    return Kernel(names["repair"], names["reprice"], names["pivot"])
