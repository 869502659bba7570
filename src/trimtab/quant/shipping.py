"""Transport problems for callers that know no arrays: whole numbers in, whole numbers out, by the network simplex."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from trimtab import __version__
from trimtab.quant import flow
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
    """The flows by arc and the prices by node; or the nodes whose supplies are more than the arcs out of them carry."""

    flows: tuple[int, ...]
    potentials: tuple[int, ...]
    stranded: tuple[int, ...]


def version() -> str:
    """The solver is part of trimtab."""
    return __version__


def ship(arcs: Sequence[Arc], supplies: Sequence[int]) -> Shipment:
    """The cheapest way of bringing what leaves (positive) to where it arrives, exactly, however large the numbers."""
    network = Network(
        nodes=len(supplies),
        tails=np.array([arc.tail for arc in arcs], dtype=np.int64),
        heads=np.array([arc.head for arc in arcs], dtype=np.int64),
        capacities=_whole([arc.capacity for arc in arcs]),
        costs=_whole([arc.cost for arc in arcs]),
        supplies=_whole(supplies),
    )
    found = flow.solve(network)
    return Shipment(_plain(found.flows), _plain(found.potentials), _plain(found.stranded))


def _plain(numbers: Integers) -> tuple[int, ...]:
    return tuple(int(number) for number in numbers)


def _whole(numbers: Sequence[int]) -> Integers:
    """In 64 bits where they fit."""
    fits = all(-(2**62) < number < 2**62 for number in numbers)
    return np.array(numbers, dtype=np.int64 if fits else object)
