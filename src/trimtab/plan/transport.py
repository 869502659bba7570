"""A transport problem: money over edges at the least cost, in whole numbers, with the potentials that prove it.

Values and costs become integers without loss, so that flows, cost and potentials are exact and the gap is zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trimtab.model.answers import Flowed, Potentials, Shipped, Solver
from trimtab.model.plans import Status
from trimtab.model.problems import Edge, Transport
from trimtab.plan import law
from trimtab.quant import shipping
from trimtab.quant.shipping import Arc, Shipment
from trimtab.units import BPS, ONE, ZERO, canon, divide, plain, under_context


@under_context
def ship(problem: Transport) -> Shipped:
    """The cheapest flows, or the nodes that cannot be reached. The same problem gives the same bytes.

    Raises ValueError with every mistake in it; with fixed costs or minimums also for figures that are too fine and too
    large at once.
    """
    if found := law.faults(problem):
        raise ValueError("\n".join(found))
    edges = tuple(sorted(problem.edges, key=lambda edge: edge.id))
    demands = tuple(sorted(problem.changes, key=lambda demand: demand.node))
    net = _net(Transport(version=1, kind="transport", edges=edges, changes=demands))
    shipped = shipping.ship(net.arcs, net.supplies)
    if shipped.stranded:
        return _refused(net, _stranded([net.nodes[n] for n in shipped.stranded], net.problem))
    if any(edge.fixed or edge.minimum for edge in edges):
        charged = [(_whole(e.fixed * BPS, net.price) * int(1 / net.grain), _whole(e.minimum, net.grain)) for e in edges]
        whole = shipping.ship_charged(net.arcs, net.supplies, charged)
        if whole is None:
            return _refused(net, ["no flow was found that keeps the minimums of the edges that it uses"])
        shipped = whole
    return _shipped(net, shipped)


@dataclass(frozen=True)
class Net:
    """A problem in whole numbers: values are multiples of `grain`, costs by value of `price` (basis points)."""

    problem: Transport
    nodes: tuple[str, ...]
    grain: Decimal
    price: Decimal
    arcs: tuple[Arc, ...]
    supplies: tuple[int, ...]


def _net(problem: Transport) -> Net:
    edges, wanted = problem.edges, {demand.node: demand.value for demand in problem.changes}
    nodes = tuple(sorted({*wanted, *(edge.source for edge in edges), *(edge.target for edge in edges)}))
    place = {node: number for number, node in enumerate(nodes)}
    grain = _grain([*wanted.values(), *(e.capacity or ZERO for e in edges), *(e.minimum for e in edges)])
    price = _grain([*(_cost(e) for e in edges), *(e.fixed * BPS for e in edges)])
    moved = sum((value for value in wanted.values() if value > 0), ZERO)
    arcs = (
        Arc(place[e.source], place[e.target], _whole(_cost(e), price), _whole(_most(e, moved), grain)) for e in edges
    )
    return Net(problem, nodes, grain, price, tuple(arcs), tuple(_whole(-wanted.get(n, ZERO), grain) for n in nodes))


def _shipped(net: Net, found: Shipment) -> Shipped:
    """The flows as money, with the potentials that prove them; where edges charge for being used there are none."""
    unit = divide(net.grain * net.price, BPS)
    cost, bound = canon(found.cost * unit), canon(found.bound * unit)
    flows = zip(net.problem.edges, found.flows, strict=True)
    potentials = zip(net.nodes, found.potentials, strict=False)
    searched = ["a cheaper choice of edges may exist: the bound is not reached"] if bound < cost else []
    return Shipped(
        version=1,
        status=Status.FEASIBLE if searched else Status.OPTIMAL,
        engine=Solver(name=shipping.SOLVER, version=shipping.version()),
        cost=cost,
        bound=bound,
        flows=tuple(Flowed(id=edge.id, value=canon(flow * net.grain)) for edge, flow in flows if flow),
        certificate=Potentials(
            problem=net.problem, potentials={node: canon(value * net.price) for node, value in potentials}
        ),
        because=(*searched, *_rebates(net.problem.edges)),
    )


def _refused(net: Net, because: Iterable[str]) -> Shipped:
    return Shipped(
        version=1,
        status=Status.INFEASIBLE,
        engine=Solver(name=shipping.SOLVER, version=shipping.version()),
        cost=ZERO,
        bound=ZERO,
        flows=(),
        certificate=Potentials(problem=net.problem, potentials={}),
        because=(*because, *_rebates(net.problem.edges)),
    )


def _cost(edge: Edge) -> Decimal:
    """What an edge costs, in basis points. A rebate is no profit to plan on (D4)."""
    return max(ZERO, edge.cost_bps)


def _most(edge: Edge, moved: Decimal) -> Decimal:
    """More than all money where there is no capacity: such an edge is never full."""
    return moved + ONE if edge.capacity is None else min(moved + ONE, edge.capacity)


def _grain(values: Iterable[Decimal]) -> Decimal:
    """The largest power of ten that all values are whole multiples of, at most one."""
    found = (int(canon(value).as_tuple().exponent) for value in values)
    return ONE.scaleb(min(0, min(found, default=0)))


def _whole(value: Decimal, grain: Decimal) -> int:
    return int(value / grain)


def _stranded(nodes: Sequence[str], problem: Transport) -> Iterable[str]:
    """Why money cannot arrive, in words."""
    leaving = -sum((demand.value for demand in problem.changes if demand.node in nodes), ZERO)
    out = [edge for edge in problem.edges if edge.source in nodes and edge.target not in nodes]
    carried = sum((edge.capacity or ZERO for edge in out), ZERO)
    yield f"{plain(leaving)} must leave {', '.join(nodes)}, and the edges out of there carry {plain(carried)}"


def _rebates(edges: Sequence[Edge]) -> Iterable[str]:
    paying = [edge.id for edge in edges if edge.cost_bps < 0]
    if paying:
        yield f"{', '.join(paying)}: a negative cost counts as 0; a rebate is no profit to plan on"
