"""Fixed costs and minimums: the exact branch against every subset of groups, the search against that, and no fault."""

import itertools
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy.optimize import linprog  # type: ignore[import-untyped]  # scipy ships no types

from trimtab.quant import charges as charged
from trimtab.quant import fixed, flow
from trimtab.quant.charges import Bools, Charges, Ints, faults
from trimtab.quant.fixed import Answer
from trimtab.quant.flow import Network


@dataclass
class Sketch:
    """A network and its groups, drawn edge by edge."""

    supplies: list[int]
    edges: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    groups: list[tuple[int, int]] = field(default_factory=list)
    most: int | None = None
    rivals: tuple[tuple[int, ...], ...] = ()

    def way(self, tail: int, head: int, cost: int, room: int = 1000) -> "Sketch":
        """An edge in no group."""
        self.edges.append((tail, head, cost, room, -1))
        return self

    def group(self, fixed: int, minimum: int, *slices: tuple[int, int, int, int]) -> "Sketch":
        """A group of edges: tail, head, cost, room."""
        self.edges += [(*one, len(self.groups)) for one in slices]
        self.groups.append((fixed, minimum))
        return self

    def network(self) -> Network:
        tails, heads, costs, rooms, _ = (whole(part) for part in zip(*self.edges, strict=True))
        return Network(len(self.supplies), tails, heads, rooms, costs, whole(self.supplies))

    def charges(self) -> Charges:
        groups = whole([edge[4] for edge in self.edges])
        fixed, minimum = whole([one for one, _ in self.groups]), whole([one for _, one in self.groups])
        return Charges(groups, fixed, minimum, self.most, self.rivals)


def whole(values: object) -> Ints:
    return np.array(values, dtype=np.int64)


def drawn(seed: int, groups: int) -> Sketch:
    """A small problem of orders in slices and transfers; most can be met by a dear way too."""
    draw = random.Random(seed)
    nodes = draw.randint(3, 6)
    amounts = [draw.randint(0, 20) for _ in range(nodes)]
    supplies = [one - other for one, other in zip(amounts, amounts[1:] + amounts[:1], strict=True)]
    sketch = Sketch(supplies)
    for _ in range(groups):
        tail, head = draw.sample(range(nodes), 2)
        cost, costs = draw.randint(-1, 9), []
        for _ in range(draw.choice((1, 1, 2, 3))):
            costs.append((tail, head, cost, draw.randint(3, 25)))
            cost += draw.randint(0, 6)
        sketch.group(draw.choice((0, 0, 5, 40, 150)), draw.choice((0, 1, 4, 9, 18)), *costs)
    for _ in range(draw.randint(0, 3)):
        tail, head = draw.sample(range(nodes), 2)
        sketch.way(tail, head, draw.randint(0, 9), draw.randint(1, 9))
    if draw.random() < 0.8:
        for node in range(nodes):
            sketch.way(node, (node + 1) % nodes, 30)
    if draw.random() < 0.3:
        sketch.rivals = (tuple(draw.sample(range(groups), 2)), tuple(draw.sample(range(groups), 3)))
    sketch.most = draw.randint(1, groups) if draw.random() < 0.3 else None
    return sketch


def least(network: Network, charges: Charges) -> int | None:
    """The least cost over every subset of groups, each used at its minimum or more; None if there is none."""
    found = [
        worth
        for chosen in itertools.product((False, True), repeat=len(charges.fixed))
        if allowed(charges, chosen) and (worth := held(network, charges, np.array(chosen, dtype=bool))) is not None
    ]
    return min(found, default=None)


def allowed(charges: Charges, chosen: tuple[bool, ...]) -> bool:
    rivals = all(sum(chosen[g] for g in one) <= 1 for one in charges.rivals)
    return rivals and (charges.most is None or sum(chosen) <= charges.most)


def held(network: Network, charges: Charges, chosen: Bools) -> int | None:
    """The least cost of using just these groups; the slices of one have the same ends, so the cheapest fill first."""
    open_to = (charges.group < 0) | chosen[charges.group]
    rooms, floors = np.where(open_to, network.capacities, 0), np.zeros_like(network.costs)
    for group in np.flatnonzero(chosen):
        missing = charges.minimum[group]
        for edge in sorted(np.flatnonzero(charges.group == group), key=lambda edge: network.costs[edge]):
            floors[edge] = min(missing, rooms[edge])
            missing -= floors[edge]
        if missing:
            return None
    supplies = network.supplies.copy()
    np.subtract.at(supplies, network.tails, floors)
    np.add.at(supplies, network.heads, floors)
    found = flow.solve(replace(network, capacities=rooms - floors, supplies=supplies))
    return found.cost + int(network.costs @ floors + charges.fixed[chosen].sum()) if found.feasible else None


def solved(sketch: Sketch, **how: int) -> Answer | None:
    """The answer, that has no fault and costs what it says."""
    network, charges = sketch.network(), sketch.charges()
    answer = fixed.solve(network, charges, **how)
    if answer is not None:
        assert faults(network, charges, answer.flows) == ()
        assert charged.cost(network, charges, answer.flows) == answer.cost
        assert answer.bound <= answer.cost
    return answer


def sketches(count: int) -> Iterator[Sketch]:
    return (drawn(seed, 3 + seed % 5) for seed in range(count))


def test_few_groups_are_decided_as_by_trying_every_subset() -> None:
    for sketch in [*sketches(250), *(drawn(seed, 10) for seed in range(1000, 1008))]:
        answer, best = solved(sketch), least(sketch.network(), sketch.charges())
        assert (None if answer is None else answer.cost) == best
        assert answer is None or (answer.proof, answer.bound) == ("exact", answer.cost)


def test_the_search_comes_close_to_the_best_subset_and_its_bound_never_passes_it() -> None:
    excess, missed = [], 0
    for sketch in sketches(400):
        answer, best = solved(sketch, whole=0), least(sketch.network(), sketch.charges())
        if best is None:
            assert answer is None
        elif answer is None:
            missed += 1
        else:
            assert answer.bound <= best <= answer.cost
            excess.append((answer.cost - best) / max(1, abs(best)))
    assert len(excess) > 300
    assert missed <= len(excess) / 100
    assert max(excess) < 1.5
    assert sum(excess) / len(excess) < 0.03


def test_the_relaxations_bound_holds_without_any_search() -> None:
    for sketch in sketches(150):
        answer = solved(sketch, whole=0, rounds=0)
        best = least(sketch.network(), sketch.charges())
        assert answer is None or (best is not None and answer.bound <= best <= answer.cost)


def test_where_the_search_finds_nothing_a_few_more_groups_are_decided_exactly() -> None:
    sketch = drawn(282, 5)
    assert solved(sketch, whole=0) is None
    answer = solved(sketch, whole=1)
    assert answer is not None
    assert answer.cost == least(sketch.network(), sketch.charges())


def test_slices_in_different_places_are_one_order_with_one_minimum() -> None:
    """Three accounts, one book: none reaches the minimum alone."""
    sketch = Sketch([4, 4, 4, -12]).group(10, 12, (0, 3, 1, 50), (1, 3, 1, 50), (2, 3, 1, 50))
    for node in range(3):
        sketch.way(node, 3, 5)
    both = solved(sketch), solved(sketch, whole=0)
    assert [answer and (answer.cost, answer.used) for answer in both] == [(22, (0,))] * 2


def test_an_order_over_three_accounts_is_lifted_to_its_minimum_by_what_each_can_give() -> None:
    """Nine go a cheap way and three are left: the order takes ten, as it must, and two go the cheap way."""
    sketch = Sketch([4, 4, 4, -12]).group(0, 10, (0, 3, 5, 50), (1, 3, 5, 50), (2, 3, 5, 50))
    for node in range(3):
        sketch.way(node, 3, 1, 3).way(node, 3, 30)
    answer = solved(sketch)
    assert answer is not None
    assert (answer.cost, answer.bound) == (52, 52)


@pytest.mark.parametrize("seed", range(30))
def test_groups_whose_slices_lie_anywhere_are_bounded_by_every_subset(seed: int) -> None:
    sketch = drawn(seed, 4)
    draw = random.Random(seed)
    for place, edge in enumerate(sketch.edges):
        tail, head = draw.sample(range(len(sketch.supplies)), 2)
        sketch.edges[place] = (tail, head, *edge[2:])
    answer, best = solved(sketch), least_anywhere(sketch.network(), sketch.charges())
    if answer is None:
        assert best is None
    else:
        assert best is not None
        assert answer.bound <= math.ceil(best - 1e-6) <= answer.cost


def least_anywhere(network: Network, charges: Charges) -> float | None:
    """As `least`, for groups of any shape, in floats: a linear programme for each subset."""
    edges, groups = len(network.tails), len(charges.fixed)
    balance = np.zeros((network.nodes, edges))
    np.add.at(balance, (network.tails, np.arange(edges)), 1)
    np.add.at(balance, (network.heads, np.arange(edges)), -1)
    member = (charges.group == np.arange(groups)[:, None]).astype(float)
    found = []
    for chosen in itertools.product((False, True), repeat=groups):
        if not allowed(charges, chosen):
            continue
        room = np.where((charges.group < 0) | np.array(chosen)[charges.group], network.capacities, 0)
        kept = np.array(chosen) & (charges.minimum > 0)
        least_of = {"A_ub": -member[kept], "b_ub": -charges.minimum[kept].astype(float)} if kept.any() else {}
        columns = np.stack([np.zeros(edges), room], axis=1)
        answer = linprog(network.costs, A_eq=balance, b_eq=network.supplies, bounds=columns, **least_of)
        if answer.status == 0:
            found.append(float(answer.fun) + float(charges.fixed[np.array(chosen)].sum()))
    return min(found, default=None)


EITHER = [{}, {"whole": 0}]


@pytest.mark.parametrize("how", EITHER)
def test_a_dear_direct_transfer_is_used_only_when_enough_goes_through(how: dict[str, int]) -> None:
    for amount, used in ((9, ()), (11, (0,))):
        sketch = Sketch([amount, -amount]).group(100, 0, (0, 1, 0, 1000)).way(0, 1, 10)
        answer = solved(sketch, **how)
        assert answer is not None
        assert (answer.used, answer.cost) == (used, min(10 * amount, 100))


@pytest.mark.parametrize("how", EITHER)
def test_a_round_that_earns_is_worth_its_fixed_cost_though_nothing_is_supplied(how: dict[str, int]) -> None:
    answer = solved(Sketch([0, 0]).way(0, 1, -5, 50).group(10, 0, (1, 0, 1, 100)), **how)
    assert answer is not None
    assert (answer.flows.tolist(), answer.cost) == ([50, 50], 10 - 200)


@pytest.mark.parametrize("how", EITHER)
def test_a_minimum_that_cannot_be_met_is_told_by_no_answer(how: dict[str, int]) -> None:
    assert solved(Sketch([5, -5]).group(0, 9, (0, 1, 1, 100)), **how) is None
    assert solved(Sketch([5, -5]).group(0, 101, (0, 1, 1, 60), (0, 1, 2, 40)).way(1, 0, 1), **how) is None


@pytest.mark.parametrize("how", EITHER)
def test_a_minimum_above_the_need_is_met_when_the_rest_can_come_back(how: dict[str, int]) -> None:
    answer = solved(Sketch([5, -5]).group(3, 9, (0, 1, 1, 100)).way(1, 0, 2), **how)
    assert answer is not None
    assert (answer.flows.tolist(), answer.cost) == ([9, 4], 9 + 8 + 3)


@pytest.mark.parametrize("how", EITHER)
def test_a_minimum_above_the_need_sends_the_money_another_way_when_that_is_cheaper(how: dict[str, int]) -> None:
    answer = solved(Sketch([5, -5]).group(3, 9, (0, 1, 1, 100)).way(1, 0, 2).way(0, 1, 3), **how)
    assert answer is not None
    assert (answer.used, answer.cost) == ((), 15)


@pytest.mark.parametrize("how", EITHER)
def test_a_group_at_exactly_its_minimum_keeps_it(how: dict[str, int]) -> None:
    answer = solved(Sketch([9, -9]).group(0, 9, (0, 1, 1, 100)), **how)
    assert answer is not None
    assert answer.used == (0,)
    assert solved(Sketch([8, -8]).group(0, 9, (0, 1, 1, 100)), **how) is None


def three_ways(most: int | None = None, rivals: tuple[tuple[int, ...], ...] = ()) -> Sketch:
    """Twelve units by three transfers of six each, ever dearer, or past them all for ten each."""
    sketch = Sketch([12, -12], most=most, rivals=rivals).way(0, 1, 10)
    for cost in (1, 2, 3):
        sketch.group(0, 0, (0, 1, cost, 6))
    return sketch


@pytest.mark.parametrize("how", EITHER)
@pytest.mark.parametrize(("most", "cost"), [(None, 18), (2, 18), (1, 66), (0, 120)])
def test_no_more_groups_are_used_than_allowed(how: dict[str, int], most: int | None, cost: int) -> None:
    answer = solved(three_ways(most=most), **how)
    assert answer is not None
    assert answer.cost == cost


@pytest.mark.parametrize("how", EITHER)
def test_of_rivals_one_is_used(how: dict[str, int]) -> None:
    answer = solved(three_ways(rivals=((0, 1),)), **how)
    assert answer is not None
    assert (answer.used, answer.cost) == ((0, 2), 24)


@pytest.mark.parametrize("how", EITHER)
def test_a_small_saving_is_given_up_for_fewer_groups(how: dict[str, int]) -> None:
    """Two transfers of six at one and two, or one of twelve at two: six dearer."""
    sketch = Sketch([12, -12]).group(0, 0, (0, 1, 1, 6)).group(0, 0, (0, 1, 2, 12))
    costs = [solved(sketch, epsilon=epsilon, **how) for epsilon in (0, 5, 6)]
    assert [answer and (answer.cost, answer.used) for answer in costs] == [(18, (0, 1)), (18, (0, 1)), (24, (1,))]


def test_fewer_groups_cost_no_more_than_epsilon_in_all() -> None:
    fewer = 0
    for sketch in sketches(120):
        answer, thin = solved(sketch), solved(sketch, epsilon=40)
        if answer is None or thin is None:
            continue
        assert thin.cost <= answer.cost + 40
        assert len(thin.used) <= len(answer.used)
        fewer += len(thin.used) < len(answer.used)
    assert fewer > 10


@pytest.mark.parametrize("how", [*EITHER, {"epsilon": 10}, {"whole": 0, "epsilon": 10}])
def test_how_groups_are_numbered_has_no_say(how: dict[str, int]) -> None:
    for seed in range(60):
        sketch = drawn(seed, 6)
        answer, numbers = solved(sketch, **how), list(range(6))
        random.Random(seed).shuffle(numbers)
        again = solved(renumbered(sketch, numbers), **how)
        assert (answer is None) == (again is None)
        if answer is not None and again is not None:
            assert answer.flows.tobytes() == again.flows.tobytes()
            assert (answer.cost, answer.bound, answer.proof) == (again.cost, again.bound, again.proof)
            assert tuple(sorted(numbers[g] for g in answer.used)) == again.used


@pytest.mark.parametrize("how", EITHER)
def test_how_groups_that_are_alike_are_numbered_has_no_say(how: dict[str, int]) -> None:
    sketch, seen = Sketch([24, -24], rivals=((0, 1), (2, 3))), set()
    for _ in range(4):
        sketch.group(3, 2, (0, 1, 1, 6))
    sketch.way(0, 1, 9)
    for numbers in itertools.permutations(range(4)):
        answer = solved(renumbered(sketch, list(numbers)), **how)
        assert answer is not None
        seen.add(answer.flows.tobytes())
    assert len(seen) == 1


def renumbered(sketch: Sketch, numbers: list[int]) -> Sketch:
    groups = [sketch.groups[numbers.index(place)] for place in range(len(numbers))]
    edges = [(*edge[:4], numbers[edge[4]] if edge[4] >= 0 else -1) for edge in sketch.edges]
    rivals = tuple(tuple(numbers[g] for g in one) for one in sketch.rivals[::-1])
    return Sketch(sketch.supplies, edges, groups, sketch.most, rivals)


def test_many_groups_are_searched_and_keep_every_rule() -> None:
    for seed in range(6):
        sketch = drawn(seed, 260)
        sketch.most, sketch.rivals = (40 if seed % 2 else None), ((0, 1), (2, 3, 4))
        for node in range(len(sketch.supplies)):
            sketch.way(node, (node + 1) % len(sketch.supplies), 40)
        answer = solved(sketch)
        assert answer is not None
        assert answer.proof == "relaxed" or answer.cost == answer.bound


def test_what_nothing_charges_for_is_solved_as_it_is() -> None:
    answer = solved(Sketch([3, -3]).way(0, 1, 2, 2).way(0, 1, 5).group(0, 1, (0, 1, 9, 9)))
    assert answer is not None
    assert (answer.cost, answer.bound, answer.used, answer.proof) == (9, 9, (), "exact")


def test_no_edges_carry_nothing_and_a_supply_without_a_way_has_no_answer() -> None:
    nothing = whole([])
    free = Charges(nothing, nothing, nothing)
    answer = fixed.solve(Network(1, nothing, nothing, nothing, nothing, whole([0])), free)
    assert answer is not None
    assert (answer.cost, answer.used) == (0, ())
    assert fixed.solve(Network(2, nothing, nothing, nothing, nothing, whole([1, -1])), free) is None


def test_an_edge_from_a_node_to_itself_is_no_obstacle() -> None:
    sketch = Sketch([5, -5]).group(7, 3, (0, 0, 1, 9)).group(7, 3, (0, 1, 1, 9)).way(0, 1, 9)
    answer = solved(sketch)
    assert answer is not None
    assert (answer.cost, answer.used) == (12, (1,))


@pytest.mark.parametrize("how", EITHER)
def test_costs_beyond_64_bits_are_exact(how: dict[str, int]) -> None:
    amount = 10**13
    sketch = Sketch([amount, -amount]).group(10**18 + 1, 0, (0, 1, 10**9, 10**14)).way(0, 1, 10**9 + 10**6, 10**14)
    answer = solved(sketch, **how)
    assert answer is not None
    assert answer.cost == 10**22 + 10**18 + 1


def broken(flows: list[int], most: int | None = None) -> tuple[str, ...]:
    """The faults of a flow through two groups that are rivals, and a way past them."""
    sketch = Sketch([9, -9], most=most, rivals=((0, 1),)).group(5, 4, (0, 1, 1, 20)).group(5, 4, (0, 1, 1, 20))
    sketch.way(0, 1, 7, 5)
    return faults(sketch.network(), sketch.charges(), whole(flows))


@pytest.mark.parametrize(
    ("flows", "most", "found"),
    [
        ([4, 0, 5], None, ()),
        ([3, 0, 6], None, ("edge 2 carries 6, not from 0 to 5", "group 0 carries 3, less than its minimum 4")),
        ([9, 0, 0], 0, ("1 groups are used, more than 0",)),
        ([10, 0, -1], None, ("edge 2 carries -1, not from 0 to 5",)),
        ([5, 4, 0], 2, ("of rivals 0, 1 all are used",)),
        ([8, 0, 0], None, ("node 0 is left with 1", "node 1 is left with -1")),
    ],
)
def test_each_fault_is_told(flows: list[int], most: int | None, found: tuple[str, ...]) -> None:
    assert broken(flows, most) == found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"group": [0]}, "group: 1 entries for 2 edges; one for each is right"),
        ({"group": [0, 2]}, "group: from 0 to 2; -1 or a number below 1 is right"),
        ({"minimum": [1, 2]}, "minimum: 2 entries for 1 fixed costs; one for each is right"),
        ({"fixed": [-1]}, "fixed: -1; zero or more is right"),
        ({"minimum": [-3]}, "minimum: -3; zero or more is right"),
        ({"most": -1}, "most: -1; zero or more, or None, is right"),
        ({"rivals": ((0, 1),)}, "rivals: ((0, 1),); numbers of groups, from 0 to 0, are right"),
    ],
)
def test_charges_that_do_not_fit_are_refused(wrong: dict[str, object], said: str) -> None:
    sketch = Sketch([1, -1]).group(1, 1, (0, 1, 1, 9)).way(0, 1, 5)
    arrays = {name: whole(value) if isinstance(value, list) else value for name, value in wrong.items()}
    with pytest.raises(ValueError, match=re.escape(said)):
        fixed.solve(sketch.network(), replace(sketch.charges(), **arrays))  # type: ignore[arg-type]  # wrong on purpose


def test_numbers_beyond_64_bits_are_refused() -> None:
    sketch = Sketch([1, -1]).way(0, 1, 5)
    network = replace(sketch.network(), costs=np.array([10**30], dtype=object))
    with pytest.raises(ValueError, match="costs: numbers of object; int64 is right"):
        fixed.solve(network, sketch.charges())
