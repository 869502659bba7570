"""Transport problems for callers that know no arrays: whole numbers in, whole numbers out, by the network simplex."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from trimtab import __version__
from trimtab.quant import fixed, flow
from trimtab.quant.charges import Charges
from trimtab.quant.flow import Integers, Network

SOLVER: Final = "flow"


class Arc(NamedTuple):
    """A way from one node to another, by their places: its cost for each unit, and the most it carries."""

    tail: int
    head: int
    cost: int
    capacity: int


@dataclass(frozen=True)
class Shipment:
    """The flows by arc, their cost, and the prices by node; or the nodes whose supplies exceed the arcs out of them.

    `bound` is what no flow costs less than: the cost itself, but for arcs that charge for being used.
    """

    flows: tuple[int, ...]
    potentials: tuple[int, ...]
    stranded: tuple[int, ...]
    cost: int
    bound: int


def version() -> str:
    """The solver is part of trimtab."""
    return __version__


def ship(arcs: Sequence[Arc], supplies: Sequence[int]) -> Shipment:
    """The cheapest way of bringing what leaves (positive) to where it arrives, exactly, however large the numbers."""
    found = flow.solve(_network(arcs, supplies))
    return Shipment(
        _plain(found.flows), _plain(found.potentials), _plain(found.stranded), cost=found.cost, bound=found.cost
    )


def ship_charged(arcs: Sequence[Arc], supplies: Sequence[int], charged: Sequence[tuple[int, int]]) -> Shipment | None:
    """The same where each arc asks for a fixed cost and a least flow if it is used; None where no such flow was found.

    There are no prices then: the bound rests on the search. Raises ValueError for numbers beyond 64 bits.
    """
    network = _network(arcs, supplies)
    asking = [n for n, (cost, least) in enumerate(charged) if cost or least]
    group = np.full(len(arcs), -1, dtype=np.int64)
    group[asking] = np.arange(len(asking))
    costs, least = (np.array([charged[n][part] for n in asking], dtype=np.int64) for part in (0, 1))
    found = fixed.solve(network, Charges(group, costs, least))
    return None if found is None else Shipment(_plain(found.flows), (), (), cost=found.cost, bound=found.bound)


def _network(arcs: Sequence[Arc], supplies: Sequence[int]) -> Network:
    return Network(
        nodes=len(supplies),
        tails=np.array([arc.tail for arc in arcs], dtype=np.int64),
        heads=np.array([arc.head for arc in arcs], dtype=np.int64),
        capacities=_whole([arc.capacity for arc in arcs]),
        costs=_whole([arc.cost for arc in arcs]),
        supplies=_whole(supplies),
    )


def _plain(numbers: Integers) -> tuple[int, ...]:
    return tuple(int(number) for number in numbers)


def _whole(numbers: Sequence[int]) -> Integers:
    """In 64 bits where they fit."""
    fits = all(-(2**62) < number < 2**62 for number in numbers)
    return np.array(numbers, dtype=np.int64 if fits else object)
