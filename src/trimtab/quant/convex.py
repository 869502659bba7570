"""Cheapest flows where edges grow dearer with use: straight pieces about the last answer, solved again and again.

Every round gives a flow, whose true cost is known, and potentials, which prove a bound by themselves. The rounds end
when the two meet within a tolerance, so that nobody has to trust how the pieces were chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.quant import flow
from trimtab.quant.flow import Basis, Flow, Network
from trimtab.quant.simplex import EDGE, UP

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ROUNDS: Final = 16
"""More rounds than this gain nothing: amounts are integers, and windows close by a square root a round."""

COARSE: Final = (0.0, 1 / 64, 1 / 8, 1.0)
"""Where the first pieces begin and end, as shares of the most that an edge could carry."""
SPREAD: Final = 2.5
"""The widest windows about an answer: from so many times less to so many times more."""
FADE: Final = 8.0
"""An edge that carried nothing is tried with pieces this many times shorter than before."""
SLACK: Final = 0.5
"""Edges that cost more than this share of the mean marginal impact too much are left out; less of it each round."""

ROUNDING: Final = 1e-12
"""The sum of some hundred thousand floats is off by less than this share of the sum of their sizes."""


@dataclass(frozen=True)
class Bends:
    """Edges of a network which cost `coefficients * flow ** power` on top of their rate, in the network's cost units.

    The power is above one. With a square-root impact it is 3/2.
    """

    edges: Ints
    coefficients: Floats
    power: float = 1.5


@dataclass(frozen=True)
class Refined:
    """A flow, what it truly costs, rounded up, and what every flow costs at least, rounded down.

    Where `last`, the answer of the last round, is not feasible, it says why, and the rest says nothing.
    """

    flows: Ints
    cost: int
    bound: int
    rounds: int
    last: Flow


@dataclass(frozen=True)
class _Problem:
    """A network with bends, the most that each edge could carry, and the same of the bent ones."""

    network: Network
    bends: Bends
    most: Ints
    room: Floats


@dataclass(frozen=True)
class _Cut:
    """A network in pieces, those of an edge side by side: the edge that each belongs to, and the flow it starts from.

    `firsts` are the first pieces of every edge, or where they would be.
    """

    pieces: Network
    owners: Ints
    starts: Ints
    firsts: Ints


@dataclass(frozen=True)
class _Answer:
    """What a round found: flows, those of the bent edges, and what they truly cost; by its potentials the reduced
    costs, what each bent edge would carry by itself, and the bound; and the mean marginal cost of what is bent.
    """

    flows: Ints
    carried: Ints
    cost: float
    reduced: Ints
    alone: Floats
    bound: float
    rate: float


@dataclass(frozen=True)
class _Windows:
    """Where the pieces of each bent edge are finest: from `centres / spreads` to `centres * spreads`."""

    centres: Floats
    spreads: Floats


def refine(network: Network, bends: Bends, *, tolerance: float = 1e-3) -> Refined:
    """The cheapest flow of a network with bends, within a share of its cost that is proven, or as near as ROUNDS bring.

    Edges that the last potentials make too dear are left out of a round, and come back when they no longer are; the
    bound is always over all of them. Raises ValueError where a bend is none, or its edges are not in order; for rates
    below zero, which would let money go round for ever; and for numbers beyond 64 bits, since floats are used inside.
    """
    problem = _posed(network, bends)
    cut = _cut(problem, problem.room[:, None] * np.array(COARSE), np.ones(len(problem.most), np.bool_))
    last = flow.solve(cut.pieces)
    if not last.feasible:
        return Refined(np.zeros_like(problem.most), 0, 0, 1, last)
    answers = [_read(problem, cut, last)]
    windows = _Windows(problem.room * COARSE[1], np.full(len(problem.room), SPREAD))
    while not _met(answers, tolerance) and len(answers) < ROUNDS:
        now = answers[-1]
        windows = _moved(windows, now)
        used = now.reduced <= now.rate * SLACK ** len(answers)
        was, cut = cut, _cut(problem, _knots(windows, now, problem.room), used)
        last = flow.solve(cut.pieces, _start(was, cut, last.basis, now.flows))
        answers.append(_read(problem, cut, last))
    best = min(answers, key=lambda one: one.cost)
    return Refined(best.flows, ceil(best.cost), floor(max(one.bound for one in answers)), len(answers), last)


def _posed(network: Network, bends: Bends) -> _Problem:
    """The problem, if it is one."""
    if any(array.dtype != np.int64 for array in (network.capacities, network.costs, network.supplies)):
        raise ValueError("network: its numbers are beyond 64 bits; bent edges need coarser units")
    if (network.costs < 0).any():
        raise ValueError(f"costs: a rate of {network.costs.min()} is below zero")
    if bends.power <= 1 or not (bends.coefficients > 0).all():
        raise ValueError(f"bends: a power of {bends.power} and the coefficients must be above 1 and above 0")
    if (np.diff(bends.edges) <= 0).any():
        raise ValueError("bends: the edges are not in the order of the network, each once")
    most = np.minimum(network.capacities, network.supplies[network.supplies > 0].sum())
    return _Problem(network, bends, most, most[bends.edges].astype(np.float64))


def _met(answers: Sequence[_Answer], tolerance: float) -> bool:
    """Whether the least cost and the greatest bound are near enough."""
    least = min(one.cost for one in answers)
    return least - max(one.bound for one in answers) <= tolerance * least


def _read(problem: _Problem, cut: _Cut, last: Flow) -> _Answer:
    """What the flow of a cut network is on the uncut one, and what its potentials say there."""
    network, bends = problem.network, problem.bends
    flows = np.zeros_like(problem.most)
    np.add.at(flows, cut.owners, last.flows)
    carried = flows[bends.edges]
    bent = _bent(bends, carried)
    cost = float((network.costs * flows.astype(np.float64)).sum() + bent.sum())
    reduced = network.costs + last.potentials[network.tails] - last.potentials[network.heads]
    paid = np.maximum(0, -reduced[bends.edges])
    alone = np.minimum(problem.room, (paid / (bends.power * bends.coefficients)) ** (1 / (bends.power - 1)))
    return _Answer(
        flows=flows,
        carried=carried,
        cost=cost * (1 + ROUNDING),
        reduced=reduced,
        alone=alone,
        bound=_bound(problem, last.potentials, reduced, alone),
        rate=bends.power * float(bent.sum()) / max(1, int(carried.sum())),
    )


def _bound(problem: _Problem, potentials: Ints, reduced: Ints, alone: Floats) -> float:
    """The Lagrangian bound of any potentials, rounded down: what every edge saves at most, each by itself."""
    bends = problem.bends
    saved = np.minimum(0, reduced) * problem.most.astype(np.float64)
    saved[bends.edges] = reduced[bends.edges] * alone + _bent(bends, alone)
    given = -problem.network.supplies * potentials.astype(np.float64)
    return float(given.sum() + saved.sum() - ROUNDING * (np.abs(given).sum() + np.abs(saved).sum()))


def _bent(bends: Bends, flows: Ints | Floats) -> Floats:
    """What the bends add, for the flows of their edges."""
    return np.asarray(bends.coefficients * _raised(flows, bends.power), np.float64)


def _raised(flows: Ints | Floats, power: float) -> Floats:
    """A power of flows; the usual one by a root, which is many times faster."""
    return np.asarray(flows * np.sqrt(flows) if power == 1.5 else flows**power, np.float64)


def _cut(problem: _Problem, knots: Floats, used: npt.NDArray[np.bool_]) -> _Cut:
    """The network with its bent edges cut at their knots, and without the edges that are not used."""
    network, bends = problem.network, problem.bends
    live = used[bends.edges]
    ends, edges = _whole(knots[live]), bends.edges[live]
    widths = np.diff(ends, axis=1)
    kept = widths > 0
    counts = used.astype(np.int64)
    counts[edges] = kept.sum(axis=1)
    owners = np.repeat(np.arange(len(used)), counts)
    bent = np.zeros(len(used), np.bool_)
    bent[edges] = True
    bent = bent[owners]
    starts, capacities, costs = np.zeros_like(owners), problem.most[owners], network.costs[owners]
    starts[bent], capacities[bent] = ends[:, :-1][kept], widths[kept]
    rises = np.diff(_raised(ends, bends.power), axis=1) * bends.coefficients[live, None]
    costs[bent] += _whole(rises[kept] / widths[kept])
    tails, heads = network.tails[owners], network.heads[owners]
    pieces = replace(network, tails=tails, heads=heads, capacities=capacities, costs=costs)
    return _Cut(pieces, owners, starts, np.cumsum(counts) - counts)


def _start(was: _Cut, cut: _Cut, basis: Basis, flows: Ints) -> Basis:
    """The tree of the last round on finer pieces, whose knots are where that round's flows ended.

    An edge of the tree becomes the piece that still has room to send more, or less, towards the root.
    """
    held = np.clip(flows[cut.owners] - cut.starts, 0, cut.pieces.capacities)
    some, full = held > 0, held == cut.pieces.capacities
    above = cut.firsts + np.bincount(cut.owners[full], minlength=len(flows))
    below = cut.firsts + np.bincount(cut.owners[some], minlength=len(flows)) - 1
    tree = basis.tree.copy()
    edges, upwards = tree[EDGE, :-1], tree[UP, :-1] == 1
    owners = was.owners[np.minimum(edges, len(was.owners) - 1)]
    real = edges < len(was.owners)
    artificial = edges - len(was.owners) + len(cut.owners)
    tree[EDGE, :-1] = np.where(real, np.where(upwards, above[owners], below[owners]), artificial)
    state = np.where(some & full, -1, 1).astype(basis.state.dtype)
    return Basis(tree, np.concatenate((state, basis.state[len(was.owners) :])))


def _moved(windows: _Windows, now: _Answer) -> _Windows:
    """Windows about the last answer: narrower where the flow was well within, wider again where it was not.

    A flow often sticks to the end of a piece; what its potentials would have it carry does not. The middle between
    the two is the better guess.
    """
    flows, spreads = now.carried, windows.spreads
    within = (flows > windows.centres / spreads + 1) & (flows < windows.centres * spreads - 1)
    narrower = np.where(within | (flows == 0), np.sqrt(spreads), np.minimum(spreads**2, SPREAD))
    guess = np.sqrt(flows * np.clip(now.alone, flows / spreads, flows * spreads))
    return _Windows(np.where(flows > 0, guess, np.maximum(1.0, windows.centres / FADE)), narrower)


def _knots(windows: _Windows, now: _Answer, room: Floats) -> Floats:
    """Where pieces end: the window, its middle, the flow so far, and what an edge could carry at most."""
    centres, spreads = windows.centres, windows.spreads
    known = np.where(now.carried > 0, now.carried, centres)
    middle = np.minimum(known, centres), np.maximum(known, centres)
    ends = np.column_stack((np.zeros_like(room), centres / spreads, *middle, centres * spreads, room))
    return np.asarray(np.minimum(ends, room[:, None]), np.float64)


def _whole(floats: Floats) -> Ints:
    return np.rint(floats).astype(np.int64)
