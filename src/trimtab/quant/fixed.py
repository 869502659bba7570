"""Min-cost flow where using a group of edges at all costs a fixed amount, and then asks for a minimum.

Few groups are decided exactly, many by slopes, local search and mending; the answer says how, and its bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from trimtab.quant import flow, switches
from trimtab.quant.charges import Bools, Case, Charges, Ints, check, faults, times, total
from trimtab.quant.flow import Network

WHOLE: Final = 200
"""Up to so many groups that matter are decided by a search over whole numbers."""
CLOSE: Final = 4e-6
"""A bound that is less than the cost by this part of it is as good as the cost."""
LAST_RESORT: Final = 10
"""So many times more groups are decided so where nothing else was found."""
SLOPES: Final = 6
"""Solves in which fixed costs are spread over the flow of the solve before."""
CHASES: Final = 8
"""So often what is below its minimum may move on to groups that nothing uses yet."""
PATIENCE: Final = 6
"""The local search gives up after so many moves in a row that did not pay."""
WORTH: Final = 1e-3
"""Groups are opened for the hope of earning this part of the cost, or more."""
BATCH: Final = 8
"""So many groups are closed at once at first; the halves of what does not pay are tried next."""
STEEPEST: Final = 2**57
"""Prices times nodes stay below this."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A flow without a fault, its whole cost, and what no flow without a fault can cost less than.

    `exact` says that the bound is the cost, or less by a few millionths; `relaxed`, that it is what the groups would
    cost if each could be opened in part. With an epsilon the bound is that of the least cost all the same.
    """

    flows: Ints
    cost: int
    bound: int
    used: tuple[int, ...]
    proof: Literal["exact", "relaxed"]


def solve(
    network: Network, charges: Charges, *, epsilon: int = 0, rounds: int = 60, whole: int = WHOLE
) -> Answer | None:
    """The cheapest flow that pays and keeps the charges; None where none was found.

    Groups are closed for the sake of fewer groups while that costs at most `epsilon` in all. `rounds` limits the
    moves of the local search, `whole` the number of groups that are decided exactly. How groups are numbered has
    no say.
    """
    check(network, charges)
    case = Case(network, charges)
    relaxed = _trial(case, _spread(case), None)
    if relaxed is None:
        return None
    bound = times(network.costs + relaxed.rules.slopes[case.group], relaxed.flows)
    found = _searched(case, relaxed, rounds)
    if (found is None or found.cost > bound) and case.matters.sum() <= (LAST_RESORT if found is None else 1) * whole:
        found, proven = _decided(case, relaxed, found)
        bound = bound if proven is None else max(bound, proven)
    if found is None:
        return None
    proof: Literal["exact", "relaxed"] = "exact" if found.cost - bound <= CLOSE * abs(found.cost) else "relaxed"
    if epsilon or proof == "exact":
        found = _fewest(case, found, rounds, found.cost + epsilon)
    assert not faults(network, charges, found.flows), "an answer breaks a rule"
    used = tuple(sorted(int(g) for g in case.names[np.flatnonzero(found.sums)]))
    return Answer(found.flows, found.cost, min(bound, found.cost), used, proof)


@dataclass(frozen=True, eq=False)
class _Rules:
    """What a solve has to keep: closed groups, what edges carry at least, and what groups cost by unit carried."""

    closed: Bools
    floors: Ints
    slopes: Ints


@dataclass(frozen=True, eq=False)
class _Trial:
    """A flow under rules, its true cost, and the basis to go on from. `needed` groups could not be closed."""

    rules: _Rules
    flows: Ints
    sums: Ints
    cost: int
    potentials: Ints
    basis: Any
    needed: Bools

    @property
    def used(self) -> Bools:
        """The groups that carry something."""
        return self.sums > 0


_Move = Callable[[_Trial, Ints], _Trial | None]
"""What becomes of a flow when groups are closed or opened; None if that does not pay."""


def _spread(case: Case) -> _Rules:
    """All open but what cannot carry its minimum, each fixed cost spread over all that its group may carry.

    Slopes are rounded down, so that no flow seems dearer than it is.
    """
    return _Rules(case.hopeless, np.zeros_like(case.group), _slopes(case, case.room))


def _trial(case: Case, rules: _Rules, before: _Trial | None) -> _Trial | None:
    """Solve under rules, from a solve before; None where that is impossible."""
    network, floors = case.network, rules.floors
    capacities = np.where(rules.closed[case.group], 0, network.capacities) - floors
    if int(capacities.min(initial=0)) < 0:
        return None
    supplies = network.supplies
    if floors.any():
        supplies = supplies.copy()
        np.subtract.at(supplies, network.tails, floors)
        np.add.at(supplies, network.heads, floors)
    prices = network.costs + rules.slopes[case.group]
    asked = replace(network, capacities=capacities, costs=prices, supplies=supplies)
    found = flow.solve(asked, before.basis if before else None)
    if not found.feasible:
        return None
    flows = found.flows.astype(np.int64) + floors
    sums = case.sums(flows)
    cost = times(network.costs, flows) + total(case.fixed[sums > 0])
    needed = before.needed if before else np.zeros(len(case.fixed), dtype=bool)
    return _Trial(rules, flows, sums, cost, found.potentials, found.basis, needed)


def _searched(case: Case, relaxed: _Trial, rounds: int) -> _Trial | None:
    """What slopes, mending and closing dear groups come to, at its cheapest."""
    found = _mended(case, _sloped(case, relaxed))
    if found is None:
        return None
    thinned, plain = _thinned(case, found, rounds), _polished(case, found)
    return _widened(case, plain if thinned is found else _cheaper(plain, _polished(case, thinned)), rounds)


def _polished(case: Case, found: _Trial) -> _Trial:
    """The flow by true costs through the same groups, where that is cheaper."""
    return _cheaper(found, _opened(case, found, found.used, found.flows))


def _sloped(case: Case, relaxed: _Trial) -> _Trial:
    """Spread each fixed cost over what its group carried last, a few times; the cheapest flow seen.

    A group that carries nothing is priced once, as if all that passes the quieter of its ends went through it. Dynamic
    slope scaling, after Kim and Pardalos (1999).
    """
    best = last = relaxed
    slopes = _slopes(case, np.minimum(case.passing(relaxed.flows), case.room))
    for _ in range(SLOPES):
        slopes = np.where(last.used, _slopes(case, last.sums), slopes)
        found = _trial(case, replace(last.rules, slopes=slopes), last)
        assert found is not None, "prices alone made a problem impossible"
        best = found if found.cost < best.cost else best
        if np.array_equal(found.flows, last.flows):
            break
        last = found
    return best


def _slopes(case: Case, carried: Ints) -> Ints:
    """Each fixed cost by unit carried."""
    return np.minimum(case.fixed // np.maximum(carried, 1), STEEPEST // (case.network.nodes + 1))


def _mended(case: Case, trial: _Trial) -> _Trial | None:
    """Close what breaks a rule until nothing does; what cannot be closed is lifted to its minimum.

    The slopes of groups in use follow what they carry.
    """
    for turn in range(3 * len(case.fixed)):
        short = trial.used & (trial.sums < case.minimum)
        stuck = np.flatnonzero(short & trial.needed)
        if stuck.size:
            lifted = _lifted(case, trial, stuck[:1], trial.flows)
            if lifted is None:
                return None
            trial = lifted
            continue
        victims = _victims(case, trial, short)
        if not victims.size:
            return trial if _kept(case, trial) else None
        if turn >= CHASES and short.any():
            victims = np.concatenate([_idle(case, trial), victims])
        slopes = np.where(trial.used, _slopes(case, trial.sums), trial.rules.slopes)
        trial = _closed(case, replace(trial, rules=replace(trial.rules, slopes=slopes)), victims)
    return None


def _victims(case: Case, trial: _Trial, short: Bools) -> Ints:
    """What to close next: rivals but the greatest, or of the groups below their minimum the half furthest from it.

    Else, of groups that are too many, the half that saves least.
    """
    rivals = [g for one in case.rivals for g in _lesser(trial, one)]
    if rivals:
        return np.unique(rivals)
    places = np.flatnonzero(short)
    if places.size:
        part = trial.sums[places] / case.minimum[places]
        return np.sort(places[np.argsort(part, kind="stable")][: (len(places) + 1) // 2])
    free = _lightest(case, trial)
    return free[~trial.needed[free]][: (_surplus(case, trial) + 1) // 2]


def _idle(case: Case, trial: _Trial) -> Ints:
    """Open groups with a minimum that nothing uses."""
    return np.flatnonzero(~trial.used & (case.minimum > 1) & ~trial.rules.closed & ~trial.needed)


def _lesser(trial: _Trial, rivals: Ints) -> list[int]:
    """The used rivals that are not needed, but for the greatest where none is needed."""
    used = [int(g) for g in rivals if trial.sums[g] > 0]
    first = max(used, key=lambda g: (bool(trial.needed[g]), int(trial.sums[g]), -g), default=-1)
    return [g for g in used if g != first and not trial.needed[g]]


def _surplus(case: Case, trial: _Trial) -> int:
    most = case.charges.most
    return 0 if most is None else max(0, int(trial.used.sum()) - most)


def _kept(case: Case, trial: _Trial) -> bool:
    return not _surplus(case, trial) and all(trial.used[one].sum() <= 1 for one in case.rivals)


def _closed(case: Case, trial: _Trial, groups: Ints) -> _Trial:
    """Close groups; of those that cannot be closed together the halves, and a single one is needed from then on."""
    closed = trial.rules.closed.copy()
    closed[groups] = True
    floors = np.where(closed[case.group], 0, trial.rules.floors)
    found = _trial(case, _Rules(closed, floors, trial.rules.slopes), trial)
    if found is not None:
        return found
    if len(groups) > 1:
        middle = len(groups) // 2
        return _closed(case, _closed(case, trial, groups[:middle]), groups[middle:])
    needed = trial.needed.copy()
    needed[groups] = True
    return replace(trial, needed=needed)


def _lifted(case: Case, trial: _Trial, groups: Ints, flows: Ints) -> _Trial | None:
    """Hold groups at their minimum or more: what their edges carry by `flows`, and the rest on the cheapest."""
    floors = trial.rules.floors.copy()
    members, starts = case.order
    ends = np.append(starts, len(members))
    for group in groups:
        edges = members[ends[group] : ends[group + 1]]
        edges = edges[np.argsort(case.network.costs[edges], kind="stable")]
        side_by_side = len({*zip(case.network.tails[edges], case.network.heads[edges], strict=True)}) == 1
        rooms = (case.network.capacities,) if side_by_side else (flows, case.network.capacities)
        missing = int(case.minimum[group]) - int(floors[edges].sum())
        for room in rooms:
            for edge in edges:
                more = min(missing, max(0, int(room[edge]) - int(floors[edge])))
                floors[edge] += more
                missing -= more
        if missing > 0:
            return None
    return _trial(case, replace(trial.rules, floors=floors), trial)


def _lightest(case: Case, trial: _Trial) -> Ints:
    """Used groups, first those whose flow saves least at today's prices, then those that carry least."""
    edges, starts = case.order
    saved = np.maximum(_saved(case, trial), 0) * trial.flows.astype(np.float64)
    places = np.flatnonzero(trial.used)
    by_group = np.add.reduceat(saved[edges], starts)[places] if len(places) else saved[:0]
    return places[np.lexsort((trial.sums[places], by_group - case.fixed[places]))]


def _saved(case: Case, trial: _Trial) -> Ints:
    """What a unit on each edge saves at today's prices."""
    network = case.network
    return trial.potentials[network.heads] - trial.potentials[network.tails] - network.costs


def _thinned(case: Case, best: _Trial, rounds: int) -> _Trial:
    """Close groups with a fixed cost, the dearest by unit carried first, while that makes the flow cheaper."""
    places = np.flatnonzero(best.used & (case.fixed > 0))
    groups = places[np.argsort(-(case.fixed[places] / best.sums[places]), kind="stable")]
    return _moved(best, groups, (rounds, PATIENCE), lambda now, batch: _without(case, now, batch, now.cost - 1))


def _widened(case: Case, best: _Trial, rounds: int) -> _Trial:
    """Open groups at their minimum while that makes the flow cheaper."""
    return _moved(best, _promising(case, best), (rounds, PATIENCE), lambda now, batch: _with(case, now, batch))


def _fewest(case: Case, best: _Trial, rounds: int, limit: int) -> _Trial:
    """Close groups, those that save least first, while the flow costs no more than the limit."""

    def fewer(now: _Trial, batch: Ints) -> _Trial | None:
        found = _without(case, now, batch, limit)
        return found if found is not None and found.used.sum() < now.used.sum() else None

    return _moved(best, _lightest(case, best), (rounds, rounds), fewer)


def _moved(best: _Trial, groups: Ints, limits: tuple[int, int], move: _Move) -> _Trial:
    """Try a move on batches of groups, and on the halves of a batch that does not pay.

    The limits are moves in all, and in a row that do not pay.
    """
    stack = [groups[at : at + BATCH] for at in range(0, len(groups), BATCH)][::-1]
    vain = 0
    for _ in range(limits[0]):
        if not stack or vain == limits[1]:
            break
        batch = stack.pop()
        found = move(best, batch)
        best, vain = (best, vain + 1) if found is None else (found, 0)
        if found is None and len(batch) > 1:
            stack += [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
    return best


def _promising(case: Case, trial: _Trial) -> Ints:
    """Closed groups that would earn their fixed cost and more at today's prices."""
    (edges, starts), saved = case.order, _saved(case, trial)
    best = np.append(np.maximum.reduceat(saved[edges], starts) if len(starts) else saved[:0], 0)
    amount = np.maximum(case.minimum, np.minimum(case.passing(trial.flows), case.room))
    gain = best.astype(np.float64) * amount - case.fixed
    places = np.flatnonzero(~trial.used & (gain > max(0, trial.cost) * WORTH) & ~case.hopeless)
    return places[np.argsort(-gain[places], kind="stable")]


def _with(case: Case, trial: _Trial, groups: Ints) -> _Trial | None:
    """The flow with groups opened and held at their minimum, mended; None where that is impossible or not cheaper."""
    closed = trial.rules.closed.copy()
    closed[groups] = False
    opened = replace(trial, rules=replace(trial.rules, closed=closed))
    lifted = _lifted(case, opened, groups, trial.flows)
    found = None if lifted is None else _mended(case, lifted)
    return found if found is not None and found.cost < trial.cost else None


def _without(case: Case, trial: _Trial, groups: Ints, limit: int) -> _Trial | None:
    """The flow without groups, mended; None where that is impossible or costs more than the limit."""
    closed = _closed(case, trial, groups[trial.used[groups]])
    found = _mended(case, closed) if closed.cost <= limit else None
    return found if found is not None and found.cost <= limit else None


def _decided(case: Case, relaxed: _Trial, found: _Trial | None) -> tuple[_Trial | None, int | None]:
    """The better of what was found and what a search over whole numbers opens; and its bound."""
    places = np.flatnonzero(case.matters)
    seats = np.full(len(case.fixed), len(places), dtype=np.int64)
    seats[places] = np.arange(len(places))
    question = switches.Question(
        network=case.network,
        group=seats[case.group],
        fixed=case.fixed[places],
        least=case.minimum[places],
        reach=case.reach,
        room=case.room[places],
        barred=relaxed.rules.closed[places],
        most=case.charges.most,
        rivals=tuple(seats[one] for one in case.rivals),
    )
    choice = switches.choose(question, None if found is None else (found.flows, found.used[places]))
    opened = None
    if choice.opened is not None:
        opened = _opened(case, relaxed, np.append(choice.opened, False)[seats], choice.flows)
    return (opened if found is None else _cheaper(found, opened)), choice.bound


def _cheaper(first: _Trial, second: _Trial | None) -> _Trial:
    return second if second is not None and second.cost < first.cost else first


def _opened(case: Case, before: _Trial, used: Bools, flows: Ints) -> _Trial | None:
    """The cheapest flow by true costs that uses no other of the groups that matter."""
    rules = _Rules(case.matters & ~used, np.zeros_like(before.flows), np.zeros_like(case.fixed))
    found = _trial(case, rules, before)
    if found is not None and (found.used & (found.sums < case.minimum)).any():
        found = _lifted(case, found, np.flatnonzero(used & (case.minimum > 1)), flows)
    return found
