"""What groups of edges charge for being used: a fixed amount, and a minimum to carry.

A transfer with a fee of its own is a group of one edge; an order with a minimum notional is a group of all its slices.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.quant.flow import Network

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EXACT: Final = 2**62
"""Sums that stay below this are exact in 64 bits; greater ones are taken in Python's integers."""


@dataclass(frozen=True, eq=False)
class Charges:
    """What groups of edges cost and ask for, in the network's units: `fixed` as cost times flow, `minimum` as flow.

    `group` is a group's number by edge, -1 for an edge in none. At most `most` groups are used, and at most one
    of each set of `rivals`.
    """

    group: Ints
    fixed: Ints
    minimum: Ints
    most: int | None = None
    rivals: tuple[tuple[int, ...], ...] = ()


def cost(network: Network, charges: Charges, flows: Ints) -> int:
    """What a flow costs with the fixed costs of the groups that it uses."""
    fixed = sum((int(charges.fixed[g]) for g in _carried(charges, flows)), 0)
    return times(network.costs, flows) + fixed


def faults(network: Network, charges: Charges, flows: Ints) -> tuple[str, ...]:
    """Every rule that a flow breaks, in words; none for a flow that may be used."""
    found = [f"edge {e} carries {flows[e]}, not from 0 to {network.capacities[e]}" for e in _outside(network, flows)]
    left = network.supplies.astype(np.int64)
    np.subtract.at(left, network.tails, flows)
    np.add.at(left, network.heads, flows)
    found += [f"node {n} is left with {left[n]}" for n in np.flatnonzero(left)]
    carried = _carried(charges, flows)
    found += [
        f"group {g} carries {amount}, less than its minimum {charges.minimum[g]}"
        for g, amount in carried.items()
        if amount < charges.minimum[g]
    ]
    if charges.most is not None and len(carried) > charges.most:
        found.append(f"{len(carried)} groups are used, more than {charges.most}")
    rivals = [[g for g in sorted(set(one)) if g in carried] for one in charges.rivals]
    found += [f"of rivals {', '.join(map(str, one))} all are used" for one in rivals if len(one) > 1]
    return tuple(found)


def _carried(charges: Charges, flows: Ints) -> dict[int, int]:
    """What each group carries that is used."""
    sums = np.zeros(len(charges.fixed), dtype=np.int64)
    inside = charges.group >= 0
    np.add.at(sums, charges.group[inside], flows[inside])
    used = np.zeros(len(charges.fixed), dtype=bool)
    used[charges.group[inside & (flows != 0)]] = True
    return {int(g): int(sums[g]) for g in np.flatnonzero(used)}


def _outside(network: Network, flows: Ints) -> Ints:
    return np.flatnonzero((flows < 0) | (flows > network.capacities))


def check(network: Network, charges: Charges) -> None:
    """Refuse charges that do not fit the network: ValueError says what would."""
    groups, group = len(charges.fixed), charges.group
    for name in ("capacities", "costs", "supplies"):
        if getattr(network, name).dtype != np.int64:
            raise ValueError(f"{name}: numbers of {getattr(network, name).dtype}; int64 is right where groups charge")
    if len(group) != len(network.tails):
        raise ValueError(f"group: {len(group)} entries for {len(network.tails)} edges; one for each is right")
    if len(charges.minimum) != groups:
        raise ValueError(f"minimum: {len(charges.minimum)} entries for {groups} fixed costs; one for each is right")
    if group.size and not -1 <= int(group.min()) <= int(group.max()) < groups:
        raise ValueError(f"group: from {group.min()} to {group.max()}; -1 or a number below {groups} is right")
    for name, values in (("fixed", charges.fixed), ("minimum", charges.minimum)):
        if groups and int(values.min()) < 0:
            raise ValueError(f"{name}: {values.min()}; zero or more is right")
    if charges.most is not None and charges.most < 0:
        raise ValueError(f"most: {charges.most}; zero or more, or None, is right")
    if any(not 0 <= g < groups for one in charges.rivals for g in one):
        raise ValueError(f"rivals: {charges.rivals}; numbers of groups, from 0 to {groups - 1}, are right")


def times(costs: Ints, flows: Ints) -> int:
    """The exact sum of costs times flows."""
    used = np.flatnonzero(flows)
    costs, flows = costs[used], flows[used]
    if np.abs(costs.astype(np.float64) * flows).sum() < EXACT:
        return int((costs * flows).sum())
    return sum(int(cost) * int(flow) for cost, flow in zip(costs, flows, strict=True))


def total(values: Ints) -> int:
    """The exact sum."""
    return int(values.sum()) if float(values.sum(dtype=np.float64)) < EXACT else sum(map(int, values))


@dataclass(frozen=True, eq=False)
class Case:
    """The problem with its groups numbered by their first edge, so that the caller's numbers have no say.

    Arrays by group have one more place than there are groups: the last is for edges in none.
    """

    network: Network
    charges: Charges

    @cached_property
    def names(self) -> Ints:
        """The caller's numbers of the groups that have edges."""
        numbers, first = np.unique(self.charges.group, return_index=True)
        kept = numbers >= 0
        return numbers[kept][np.argsort(first[kept], kind="stable")]

    @cached_property
    def group(self) -> Ints:
        """The group of each edge; the number of groups for edges in none."""
        places = np.full(len(self.charges.fixed) + 1, len(self.names), dtype=np.int64)
        places[self.names] = np.arange(len(self.names))
        return places[self.charges.group]

    @cached_property
    def fixed(self) -> Ints:
        """The fixed costs."""
        return np.append(self.charges.fixed[self.names], 0)

    @cached_property
    def minimum(self) -> Ints:
        """The minimums."""
        return np.append(self.charges.minimum[self.names], 0)

    @cached_property
    def rivals(self) -> tuple[Ints, ...]:
        """The sets of rivals, those of one or none left out."""
        places = {int(name): place for place, name in enumerate(self.names)} if self.charges.rivals else {}
        found = sorted({tuple(sorted({places[g] for g in one if g in places})) for one in self.charges.rivals})
        return tuple(np.array(one, dtype=np.int64) for one in found if len(one) > 1)

    @cached_property
    def matters(self) -> Bools:
        """Groups whose use is a question: the others cost and ask for nothing."""
        found = (self.fixed > 0) | (self.minimum > 1) | (self.charges.most is not None)
        for one in self.rivals:
            found[one] = True
        found[-1] = False
        return found

    @cached_property
    def reach(self) -> Ints:
        """The most that an edge need carry in some cheapest flow.

        A flow is paths, that carry the supply, and cycles; one that costs nothing or more is there only to lift a group
        to its minimum, and one that earns is limited by an edge that earns.
        """
        network = self.network
        gain = total(network.capacities[network.costs < 0])
        most = total(np.maximum(network.supplies, 0)) + gain + total(self.minimum)
        found: Ints = np.minimum(network.capacities, min(most, EXACT))
        return found

    @cached_property
    def room(self) -> Ints:
        """The most that each group need carry."""
        found, about = np.zeros(len(self.fixed), dtype=np.int64), np.bincount(self.group, self.reach, len(self.fixed))
        np.add.at(found, self.group, self.reach)
        return np.where(about < EXACT, found, EXACT)

    @cached_property
    def hopeless(self) -> Bools:
        """Groups that cannot carry their minimum."""
        return (self.room < self.minimum) & self.matters

    @cached_property
    def order(self) -> tuple[Ints, Ints]:
        """The edges group by group, and where each group starts."""
        edges = np.argsort(self.group, kind="stable")[: int((self.group < len(self.names)).sum())]
        return edges, np.searchsorted(self.group[edges], np.arange(len(self.names)))

    def sums(self, flows: Ints) -> Ints:
        """What each group carries."""
        edges, starts = self.order
        return np.append(np.add.reduceat(flows[edges], starts) if len(starts) else flows[:0], 0)

    def passing(self, flows: Ints) -> Ints:
        """What passes the quieter end of an edge, the greatest of each group."""
        network, (edges, starts) = self.network, self.order
        through = np.maximum(network.supplies, 0)
        np.add.at(through, network.heads, flows)
        quieter = np.minimum(through[network.tails], through[network.heads])
        return np.append(np.maximum.reduceat(quieter[edges], starts) if len(starts) else flows[:0], 0)
