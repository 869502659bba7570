"""A transport problem: money over edges at the least cost, in whole numbers, with the potentials that prove it.

Values and costs become integers without loss, so that flows, cost and potentials are exact and the gap is zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trimtab.model.answers import Flowed, Potentials, Shipped, Solver
from trimtab.model.plans import Status
from trimtab.model.problems import Edge, Transport
from trimtab.plan import law
from trimtab.quant import shipping
from trimtab.quant.shipping import Arc
from trimtab.units import BPS, ONE, ZERO, canon, divide, plain, under_context


@under_context
def ship(problem: Transport) -> Shipped:
    """The cheapest flows, or the nodes that cannot be reached. The same problem gives the same bytes.

    Raises ValueError with every mistake in it, and where its figures are too fine and too large at once.
    """
    if found := law.faults(problem):
        raise ValueError("\n".join(found))
    edges = sorted(problem.edges, key=lambda edge: edge.id)
    wanted = {demand.node: demand.value for demand in problem.changes}
    nodes = sorted({*wanted, *(edge.source for edge in edges), *(edge.target for edge in edges)})
    place = {node: number for number, node in enumerate(nodes)}
    grain, price = _grain([*wanted.values(), *(e.capacity or ZERO for e in edges)]), _grain(_cost(e) for e in edges)
    moved = sum((value for value in wanted.values() if value > 0), ZERO)
    arcs = [
        Arc(place[e.source], place[e.target], _whole(_cost(e), price), _whole(_most(e, moved), grain)) for e in edges
    ]
    shipped = shipping.ship(arcs, [_whole(-wanted.get(node, ZERO), grain) for node in nodes])
    flows = [(edge, flow * grain) for edge, flow in zip(edges, shipped.flows, strict=True) if flow]
    potentials = {node: canon(value * price) for node, value in zip(nodes, shipped.potentials, strict=True)}
    cost = canon(divide(sum((flow * _cost(edge) for edge, flow in flows), ZERO), BPS))
    solved = Transport(
        version=1, kind="transport", edges=tuple(edges), changes=tuple(sorted(problem.changes, key=lambda d: d.node))
    )
    return Shipped(
        version=1,
        status=Status.INFEASIBLE if shipped.stranded else Status.OPTIMAL,
        engine=Solver(name=shipping.SOLVER, version=shipping.version()),
        cost=ZERO if shipped.stranded else cost,
        bound=ZERO if shipped.stranded else cost,
        flows=() if shipped.stranded else tuple(Flowed(id=edge.id, value=canon(flow)) for edge, flow in flows),
        certificate=Potentials(problem=solved, potentials={} if shipped.stranded else potentials),
        because=(*_stranded([nodes[n] for n in shipped.stranded], edges, wanted), *_rebates(edges)),
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


def _stranded(nodes: Sequence[str], edges: Sequence[Edge], wanted: Mapping[str, Decimal]) -> Iterable[str]:
    """Why money cannot arrive, in words."""
    if nodes:
        leaving = -sum((wanted.get(node, ZERO) for node in nodes), ZERO)
        out = [edge for edge in edges if edge.source in nodes and edge.target not in nodes]
        carried = sum((edge.capacity or ZERO for edge in out), ZERO)
        yield f"{plain(leaving)} must leave {', '.join(nodes)}, and the edges out of there carry {plain(carried)}"


def _rebates(edges: Sequence[Edge]) -> Iterable[str]:
    paying = [edge.id for edge in edges if edge.cost_bps < 0]
    if paying:
        yield f"{', '.join(paying)}: a negative cost counts as 0; a rebate is no profit to plan on"
