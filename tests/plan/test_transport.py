"""Transport problems: the least cost, proven by whole numbers, against independent cases and every small network."""

import json
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from trimtab import checker
from trimtab.model.canonical import encode
from trimtab.model.plans import Status
from trimtab.model.problems import Demand, Edge, Transport
from trimtab.plan.transport import ship
from trimtab.units import canon

CASES = 28
VENUES = ("A", "B")
ASSETS = ("USDT", "BTC", "ETH", "SOL")
PAIRS = [(f"{a}@{v}", f"{b}@{v}") for v in VENUES for n, a in enumerate(ASSETS) for b in ASSETS[n + 1 :]]
MOVES = [(f"{a}@A", f"{a}@B") for a in ASSETS]
NODES = [f"{a}@{v}" for v in VENUES for a in ASSETS]
PARTS = 16
FAR = 10**9


def edge(name: str, ends: tuple[str, str], bps: str | int, capacity: str | None = None) -> Edge:
    most = None if capacity is None else canon(Decimal(capacity))
    return Edge(id=name, source=ends[0], target=ends[1], cost_bps=canon(Decimal(bps)), capacity=most)


def both(name: str, ends: tuple[str, str], bps: str | int) -> tuple[Edge, Edge]:
    return edge(f"{name} ->", ends, bps), edge(f"{name} <-", (ends[1], ends[0]), bps)


def problem(edges: list[Edge], **changes: str | int) -> Transport:
    demands = tuple(Demand(node=node, value=canon(Decimal(value))) for node, value in changes.items())
    return Transport(version=1, kind="transport", edges=tuple(edges), changes=demands)


def from_case(case: dict[str, Any]) -> Transport:
    """An independent case in our words; an edge that goes both ways is two."""
    edges = []
    for number, pair in enumerate(case["pairs"]):
        there = edge(f"{number}", (pair["a"], pair["b"]), str(pair["cost_bps"]))
        back = edge(f"{number} back", (pair["b"], pair["a"]), str(pair["cost_bps"]))
        edges += {"both": [there, back], "a_to_b": [there], "b_to_a": [back]}[pair["direction"]]
    return problem(edges, **{node: str(value) for node, value in case["delta_usd"].items()})


@pytest.mark.parametrize("number", range(CASES))
def test_independent_cases_are_solved_at_their_cost(number: int, shared: Path) -> None:
    case = json.loads((shared / "vectors" / "07_order_flow.json").read_text())["cases"][number]
    expected = case["expected"]

    answer = ship(from_case(case["inputs"]))

    assert (answer.status is not Status.INFEASIBLE) == expected["feasible"]
    assert checker.check(json.loads(encode(answer))) == []
    if expected["feasible"]:
        wanted = Decimal(str(expected["min_cost_usd"]))
        assert abs(answer.cost - wanted) <= max(wanted * Decimal("1E-9"), Decimal("1E-6"))


def shortest(links: list[tuple[str, str]], costs: list[int]) -> dict[tuple[str, str], int]:
    """Between any two nodes the cost of the cheapest way (Floyd and Warshall): an oracle without flows."""
    far = {(a, b): 0 if a == b else FAR for a in NODES for b in NODES}
    for (a, b), cost in zip(links, costs, strict=True):
        far[a, b] = far[b, a] = min(far[a, b], cost)
    for k, a, b in product(NODES, NODES, NODES):
        if (way := far[a, k] + far[k, b]) < far[a, b]:
            far[a, b] = way
    return far


@pytest.mark.parametrize("part", range(PARTS))
def test_every_network_of_two_venues_costs_what_its_shortest_ways_do(part: int) -> None:
    links, random = PAIRS + MOVES, Random(7)
    costs = [random.randint(1, 40) for _ in links]
    first, second, ends = "SOL@A", "BTC@A", ("USDT@B", "ETH@B")
    size = 2 ** len(links) // PARTS
    assert (len(links), size * PARTS) == (16, 65_536)
    for subset in range(part * size, (part + 1) * size):
        chosen = [n for n in range(len(links)) if subset >> n & 1]
        far = shortest([links[n] for n in chosen], [costs[n] for n in chosen])
        crossed = min(far[first, ends[0]] + far[second, ends[1]], far[first, ends[1]] + far[second, ends[0]])
        edges = [one for n in chosen for one in both(f"{n}", links[n], costs[n])]

        answer = ship(problem(edges, **{first: -10_000, second: -10_000, ends[0]: 10_000, ends[1]: 10_000}))

        assert (answer.status is Status.INFEASIBLE) == (crossed >= FAR)
        assert answer.cost == (0 if crossed >= FAR else crossed)


def test_an_edge_takes_no_more_than_its_capacity_and_the_rest_goes_round() -> None:
    direct = edge("direct", ("ETH", "BTC"), 1, "400")
    answer = ship(
        problem([direct, *both("a", ("ETH", "USDT"), 3), *both("b", ("USDT", "BTC"), 4)], ETH=-1000, BTC=1000)
    )

    assert {flow.id: flow.value for flow in answer.flows} == {"direct": 400, "a ->": 600, "b ->": 600}
    assert answer.cost == answer.bound == Decimal("0.46")


def test_a_rebate_is_no_profit_to_plan_on() -> None:
    answer = ship(problem([edge("paid", ("ETH", "BTC"), -2), edge("back", ("BTC", "ETH"), 1)], ETH=-1000, BTC=1000))

    assert answer.cost == 0
    assert [flow.id for flow in answer.flows] == ["paid"]
    assert answer.because == ("paid: a negative cost counts as 0; a rebate is no profit to plan on",)


def test_the_smallest_and_the_largest_amounts_stand_in_one_problem() -> None:
    edges = [edge("a", ("ETH", "BTC"), "0.000000000001"), edge("b", ("SOL", "BTC"), "123456.789")]
    answer = ship(
        problem(edges, ETH="-0.000000000000000001", SOL="-1000000000000", BTC="1000000000000.000000000000000001")
    )

    assert answer.cost == Decimal("12345678900000.0000000000000000000000000000000001")
    assert checker.check(json.loads(encode(answer))) == []


def test_the_order_of_edges_changes_nothing_where_ways_cost_the_same() -> None:
    edges = [one for a in "WXYZ" for one in (*both(f"s{a}", ("S", a), 5), *both(f"t{a}", (a, "T"), 5))]
    for seed in range(50):
        turned = Random(seed).sample(edges, len(edges))
        assert encode(ship(problem(turned, S=-100, T=100))) == encode(ship(problem(edges, T=100, S=-100)))


def test_what_does_not_sum_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="changes: sum to 1; what leaves must arrive"):
        ship(problem([edge("a", ("ETH", "BTC"), 1)], ETH=-1, BTC=2))


def charged(name: str, ends: tuple[str, str], bps: int, fixed: int = 0, minimum: int = 0) -> Edge:
    return Edge(
        id=name,
        source=ends[0],
        target=ends[1],
        cost_bps=Decimal(bps),
        fixed=Decimal(fixed),
        minimum=Decimal(minimum),
    )


@pytest.mark.parametrize(
    ("value", "used", "cost"),
    [(20_000, ["free"], "10"), (100_000, ["fixed"], "30"), (400_000, ["large"], "40")],
)
def test_fixed_costs_and_minimums_are_weighed_against_each_other(value: int, used: list[str], cost: str) -> None:
    edges = [
        charged("free", ("A", "B"), 5),
        charged("fixed", ("A", "B"), 2, fixed=10),
        charged("large", ("A", "B"), 1, minimum=300_000),
    ]
    answer = ship(problem(edges, A=-value, B=value))

    assert [flow.id for flow in answer.flows] == used
    assert answer.cost == answer.bound == Decimal(cost)
    assert checker.check(json.loads(encode(answer))) == []


def test_a_minimum_above_the_need_is_out_of_reach() -> None:
    answer = ship(problem([charged("large", ("A", "B"), 1, minimum=300_000)], A=-1000, B=1000))

    assert answer.status is Status.INFEASIBLE
    assert answer.because == ("no flow was found that keeps the minimums of the edges that it uses",)
