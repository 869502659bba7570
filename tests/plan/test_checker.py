"""The checker takes no plan's word: whatever makes a plan worse than it says is found, leaf by leaf."""

import ast
import copy
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.plan.problems import D, book, c, document, held, link, market, problem, solved, wants
from trimtab import checker
from trimtab.model.canonical import encode
from trimtab.model.plans import Status
from trimtab.model.problems import Demand, Edge, Problem, Rule, Tracking, Transport
from trimtab.plan.transport import ship

NORTH, SOUTH = "north:BTC/USDT", "south:BTC/USDT"
Json = Any
Path_ = tuple[str | int, ...]


def busy(**more: Any) -> Problem:
    """A fund whose plan needs three waves; every kind of promise, of fee and of way stands in it."""
    return problem(
        [
            held("a", "BTC", "3", keep="0.5"),
            held("a", "BNB", "1", locked="1"),
            held("b", "BTC", "1"),
            held("b", "ETH", "40"),
            held("c", "USDT", "10000"),
        ],
        wants(rest="USDT", BTC="0.3", ETH="0.3", BNB="0.002", band="0.002"),
        book(NORTH, ("60000", "1"), ("400000", "3"), step="0.0001", min_notional="10"),
        book("north:ETH/USDT", ("500000", "2"), step="0.001"),
        book(SOUTH, ("1e6", "30"), min_amount="0.01"),
        market("a", NORTH, "10", "BNB"),
        market("b", NORTH, "8", "quote"),
        market("b", "north:ETH/USDT", "9"),
        market("c", SOUTH, "5"),
        link("BTC", "a", "b", "0.0002", minimum="0.01", maximum="5", latency_s=600),
        link("USDT", "b", "c", "1", minimum="10"),
        link("ETH", "b", "c", fee_bps="3"),
        link("USDT", "c", "b", "2", fee_bps="1", minimum="10"),
        Rule(kind="max_weight", assets=("BTC", "ETH"), limit=c("0.7")),
        Rule(kind="min_weight", asset="USDT", limit=c("0.1"), id="cash"),
        Rule(kind="max_account_weight", accounts=("b",), limit=c("0.6")),
        Rule(kind="max_turnover", limit=c("0.9")),
        ceilings={"c": "160000"},
        **more,
    )


PLAN: Json = document(solved(busy()))
NEAR: Json = document(
    solved(
        problem(
            {"a": {"BTC": "2"}},
            wants(USDT="1"),
            book(NORTH, ("10000", "1.5")),
            market("a", NORTH),
            tracking=Tracking.NEAREST,
        )
    )
)


def tampered(plan: Json, *changes: tuple[Path_, Any]) -> Json:
    """A copy with other values at these paths."""
    other = copy.deepcopy(plan)
    for path, value in changes:
        place = other
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return other


def at(plan: Json, path: Path_) -> Any:
    for step in path:
        plan = plan[step]
    return plan


def leaves(value: Json, path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all figures and words."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def is_figure(value: Any) -> bool:
    try:
        D(value)
    except (ArithmeticError, TypeError, ValueError):
        return False
    return True


def shown(path: Path_) -> str:
    return ".".join(str(step) for step in path)


def test_the_plans_that_are_tampered_with_hold() -> None:
    assert (checker.check(PLAN), checker.check(NEAR)) == ([], [])
    assert [leg["wave"] for leg in PLAN["legs"]] == [1, 1, 2, 3]


# What a plan says

SAID = [path for path in leaves(PLAN) if path[0] != "certificate"]
FIGURES = [path for path in SAID if is_figure(at(PLAN, path)) and path[-1] not in ("id", "needs", "version")]
"""Every figure outside the certificate; versions and the solver's name are no claim."""


def digits(figure: str | int) -> Iterator[str | int]:
    """The figure with its last digit, or its first, one up or down."""
    if isinstance(figure, int):
        yield from (figure + 1, figure - 1)
        return
    number = D(figure)
    last = D(1).scaleb(int(number.as_tuple().exponent))
    first = D(1).scaleb(number.adjusted()) if number else last
    for step in {last, -last, first, -first}:
        yield format(number + step, "f")


@pytest.mark.parametrize("path", FIGURES, ids=shown)
def test_any_digit_of_what_a_plan_says_is_checked(path: Path_) -> None:
    for other in digits(at(PLAN, path)):
        if path == ("bound",) and D(other) < D(PLAN["bound"]):
            continue  # A lower bound promises less.
        assert checker.check(tampered(PLAN, (path, other))), f"{at(PLAN, path)} became {other}"


def test_a_lower_bound_promises_less_and_holds() -> None:
    lower = D(PLAN["bound"]) - 1

    assert checker.check(tampered(PLAN, (("bound",), str(lower)), (("gap",), str(D(PLAN["cost"]) - lower)))) == []


def without(plan: Json, leg: int) -> Json:
    """The plan without one of its legs, and nobody who needs it."""
    gone = plan["legs"][leg]["id"]
    other = tampered(plan, (("legs", leg), None))
    for one in other["legs"]:
        one["needs"] = [name for name in one["needs"] if name != gone]
    return other


@pytest.mark.parametrize("leg", range(len(PLAN["legs"])))
def test_a_leg_that_is_left_out_is_missed(leg: int) -> None:
    assert checker.check(without(PLAN, leg))
    assert checker.check(tampered(PLAN, (("legs", leg), None)))


def test_a_plan_without_legs_is_not_optimal() -> None:
    nothing = dict.fromkeys(PLAN["costs"], "0")

    assert checker.check(PLAN | {"legs": [], "cost": "0", "bound": "0", "gap": "0", "costs": nothing, "latency_s": 0})


NEEDS = [("legs", n, "needs", k) for n, leg in enumerate(PLAN["legs"]) for k in range(len(leg["needs"]))]


@pytest.mark.parametrize("path", NEEDS, ids=shown)
def test_a_leg_that_does_not_wait_for_its_money_is_found(path: Path_) -> None:
    assert checker.check(tampered(PLAN, (path, None)))


@pytest.mark.parametrize(("leg", "needed"), [(0, "l1"), (0, "l4"), (1, "l9"), (2, "l3")])
def test_a_leg_needs_legs_that_come_before_it(leg: int, needed: str) -> None:
    other = copy.deepcopy(PLAN)
    other["legs"][leg]["needs"] = [needed]

    assert checker.check(other)


@pytest.mark.parametrize("leg", range(len(PLAN["legs"])))
def test_a_leg_on_another_market_is_found(leg: int) -> None:
    for market_id in ("a BTC/USDT", "USDT c to b", "ETH b to c", "nowhere"):
        assert checker.check(tampered(PLAN, (("legs", leg, "market"), market_id)))


@pytest.mark.parametrize("leg", [1, 2])
def test_an_order_on_the_other_side_is_found(leg: int) -> None:
    assert checker.check(tampered(PLAN, (("legs", leg, "side"), "buy")))


@pytest.mark.parametrize("leg", range(len(PLAN["legs"])))
def test_a_leg_that_stands_there_twice_is_found(leg: int) -> None:
    other = copy.deepcopy(PLAN)
    other["legs"].append(dict(other["legs"][leg], id="l9"))

    assert checker.check(other)


@pytest.mark.parametrize("part", ["takes", "changes"])
@pytest.mark.parametrize("leg", range(len(PLAN["legs"])))
def test_what_stands_in_a_leg_twice_is_found(leg: int, part: str) -> None:
    other = copy.deepcopy(PLAN)
    found = other["legs"][leg][part]
    found[-1:] = [dict(found[-1], amount=str(D(found[-1]["amount"]) / 2))] * 2

    assert checker.check(other)


@pytest.mark.parametrize("leg", range(len(PLAN["legs"])))
def test_a_change_that_is_left_out_is_found(leg: int) -> None:
    for number in range(len(PLAN["legs"][leg]["changes"])):
        assert checker.check(tampered(PLAN, (("legs", leg, "changes", number), None)))


def test_a_change_elsewhere_is_found() -> None:
    for n, leg in enumerate(PLAN["legs"]):
        for k in range(len(leg["changes"])):
            for name, other in (("account", "c"), ("account", "a"), ("asset", "BNB"), ("asset", "USDT")):
                path: Path_ = ("legs", n, "changes", k, name)
                assert at(PLAN, path) == other or checker.check(tampered(PLAN, (path, other))), shown(path)


def test_a_part_of_another_slice_is_found() -> None:
    first, second = (("legs", 2, "takes", n, "move") for n in (0, 1))

    assert checker.check(tampered(PLAN, (first, at(PLAN, second)), (second, at(PLAN, first))))
    assert checker.check(tampered(PLAN, (second, "b BTC/USDT sell 7 quote")))
    assert checker.check(tampered(PLAN, (second, "b BTC/USDT buy 2 quote")))


def test_a_miss_that_is_not_told_is_found() -> None:
    assert [one["asset"] for one in NEAR["unmet"]] == ["BTC", "USDT"]
    assert checker.check(tampered(NEAR, (("unmet",), [])))
    assert checker.check(tampered(NEAR, (("unmet", 0), None)))
    assert checker.check(tampered(NEAR, (("unmet",), []), (("status",), "optimal")))


def test_a_weight_that_is_left_out_is_found() -> None:
    for asset in PLAN["weights"]:
        assert checker.check(tampered(PLAN, (("weights", asset), None))), asset


# The problem that it is a plan of

TERMS: list[tuple[str, Path_, str]] = [
    ("less is there than the plan takes", ("balances", "a", "BTC", "free"), "1.62"),
    ("more must stay than the plan leaves", ("balances", "a", "BTC", "keep"), "1.9"),
    ("the first slice is shorter", ("books", NORTH, "depth", 0, "value"), "59999"),
    ("the second slice is shorter", ("books", NORTH, "depth", 1, "value"), "46000"),
    ("a slice is dearer", ("books", NORTH, "depth", 1, "bps"), "3.1"),
    ("a slice is cheaper, so that nothing proves the bound", ("books", NORTH, "depth", 1, "bps"), "1.1"),
    ("orders come in other steps", ("books", NORTH, "step"), "0.005"),
    ("orders must be larger", ("books", NORTH, "min_notional"), "200000"),
    ("orders must be more", ("books", "north:ETH/USDT", "min_amount"), "2.5"),
    ("a fee is higher", ("markets", "b BTC/USDT", "fee_bps"), "8.1"),
    ("a fee is taken elsewhere", ("markets", "b BTC/USDT", "fee_from"), "BNB"),
    ("a transfer costs more", ("transfers", "BTC a to b", "fee"), "0.00021"),
    ("a transfer costs a share", ("transfers", "BTC a to b", "fee_bps"), "1"),
    ("a transfer must be larger", ("transfers", "BTC a to b", "minimum"), "1.2"),
    ("a transfer must be smaller", ("transfers", "BTC a to b", "maximum"), "1.1"),
    ("a transfer goes elsewhere", ("transfers", "BTC a to b", "to"), "c"),
    ("a transfer comes from elsewhere", ("transfers", "BTC a to b", "from"), "c"),
    ("a transfer is of something else", ("transfers", "BTC a to b", "asset"), "ETH"),
    ("a target is higher", ("targets", "ETH", "weight"), "0.31"),
    ("a target is lower", ("targets", "ETH", "weight"), "0.29"),
    ("a band is narrower", ("targets", "BTC", "band"), "0.001"),
    ("a price is higher", ("assets", "BTC", "price"), "50001"),
    ("a price is lower", ("assets", "BTC", "price"), "49999"),
    ("another price is higher", ("assets", "ETH", "price"), "2501"),
    ("another price is lower", ("assets", "ETH", "price"), "2499"),
    ("an asset is divided less finely", ("assets", "BTC", "decimals"), "3"),
    ("an account holds less", ("accounts", "c", "max_value"), "29000"),
    ("too much is of a kind", ("clauses", "max_weight", "limit"), "0.6"),
    ("too little is of a kind", ("clauses", "min_weight", "limit"), "0.4"),
    ("too much is in an account", ("clauses", "max_account_weight", "limit"), "0.55"),
    ("too much is traded", ("clauses", "max_turnover", "limit"), "0.3"),
]


NAMES = {"balances": ("account", "asset"), "targets": ("asset",), "clauses": ("kind",)}
"""What the parts of a problem are known by, where that is not their id."""


def term(path: Path_) -> Path_:
    """Where a term of the problem stands, its lists entered by id."""
    asked = PLAN["certificate"]["problem"]
    found: list[str | int] = ["certificate", "problem", path[0]]
    names, rest = NAMES.get(str(path[0]), ("id",)), path[1:]
    if isinstance(rest[0], str):
        wanted, rest = rest[: len(names)], rest[len(names) :]
        found.append(next(n for n, one in enumerate(asked[path[0]]) if tuple(one[name] for name in names) == wanted))
    return (*found, *rest)


@pytest.mark.parametrize(("why", "path", "other"), TERMS, ids=[why for why, _, _ in TERMS])
def test_a_plan_of_another_problem_is_found(why: str, path: Path_, other: str) -> None:
    value: Any = int(other) if path[-1] == "decimals" else other

    assert checker.check(tampered(PLAN, (term(path), value)))


def test_a_market_that_is_closed_is_found() -> None:
    for part, ids in (("markets", "b BTC/USDT"), ("transfers", "USDT b to c")):
        assert checker.check(tampered(PLAN, (term((part, ids)), None)))
    assert checker.check(tampered(PLAN, (term(("markets", "b BTC/USDT", "sides")), ["buy"])))


# The bound


def test_no_duals_prove_more_than_the_least_cost() -> None:
    chance, rows = random.Random(5), [dual["row"] for dual in PLAN["certificate"]["duals"]]
    above = str(D(PLAN["cost"]) + D("0.01"))
    for _ in range(200):
        duals = [{"row": row, "value": str(round(chance.gauss(0, 1e-3), 12))} for row in rows]
        plan = PLAN | {"cost": above, "bound": above, "gap": "0"}
        plan["certificate"] = PLAN["certificate"] | {"duals": duals}
        assert any(fault.startswith("bound: ") for fault in checker.check(plan))


@pytest.mark.parametrize("number", range(len(PLAN["certificate"]["duals"])))
def test_a_dual_that_is_moved_proves_no_more(number: int) -> None:
    path: Path_ = ("certificate", "duals", number, "value")
    value, higher = D(at(PLAN, path)), str(D(PLAN["bound"]) + D("0.000001"))
    for other in (value * 2, value / 2, -value, value + D("0.0001"), value - D("0.0001")):
        assert checker.check(tampered(PLAN, (path, format(other, "f")), (("bound",), higher)))


def test_a_plan_without_duals_proves_nothing_above_zero() -> None:
    assert checker.check(tampered(PLAN, (("certificate", "duals"), [])))


def test_a_bound_that_a_cheaper_plan_undercuts_is_found() -> None:
    dear = document(
        solved(
            replace(
                busy(),
                books=tuple(
                    replace(one, depth=tuple(replace(part, bps=part.bps + 5) for part in one.depth))
                    for one in busy().books
                ),
            )
        )
    )

    assert checker.check(PLAN | {"bound": dear["bound"]})


# Transport

SHIPPED: Json = json.loads(
    encode(
        ship(
            Transport(
                version=1,
                kind="transport",
                edges=(
                    Edge(id="a", source="ETH", target="USDT", cost_bps=D(2)),
                    Edge(id="b", source="USDT", target="BTC", cost_bps=D("1.5")),
                    Edge(id="c", source="ETH", target="BTC", cost_bps=D(3), capacity=D(400000)),
                ),
                changes=(Demand(node="ETH", value=D(-1000000)), Demand(node="BTC", value=D(1000000))),
            )
        )
    )
)


def test_a_transport_plan_holds_and_any_figure_of_it_is_checked() -> None:
    assert checker.check(SHIPPED) == []
    for path in leaves(SHIPPED):
        if path[0] in ("cost", "flows") and is_figure(at(SHIPPED, path)):
            for other in digits(at(SHIPPED, path)):
                assert checker.check(tampered(SHIPPED, (path, other))), shown(path)


def test_a_bound_of_a_transport_plan_is_its_cost() -> None:
    assert checker.check(SHIPPED | {"bound": "331"})


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (("edges", 0, "cost_bps"), "1.4"),
        (("edges", 0, "cost_bps"), "2.1"),
        (("edges", 2, "capacity"), "399999"),
        (("edges", 2, "capacity"), "400001"),
        (("changes", "ETH"), "-1000001"),
    ],
)
def test_a_transport_plan_of_another_problem_is_found(path: Path_, other: str) -> None:
    asked = SHIPPED["certificate"]["problem"]
    place = path
    if path[0] == "changes" and isinstance(asked["changes"], list):
        place = ("changes", next(n for n, one in enumerate(asked["changes"]) if one["node"] == path[1]), "value")

    assert checker.check(tampered(SHIPPED, (("certificate", "problem", *place), other)))


def test_a_potential_that_is_moved_no_longer_fits() -> None:
    for node, value in SHIPPED["certificate"]["potentials"].items():
        assert checker.check(tampered(SHIPPED, (("certificate", "potentials", node), str(D(value) + 1))))


# The file itself

SOURCE = Path(checker.__file__)


def test_the_checker_imports_the_standard_library_alone() -> None:
    tree = ast.parse(SOURCE.read_text())
    froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]

    assert {name.partition(".")[0] for name in (*froms, *names)} <= sys.stdlib_module_names


def alone(plan: Json) -> tuple[int, str]:
    """The checker as a program, without this package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", SOURCE], input=json.dumps(plan), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_the_checker_runs_by_itself_and_says_so_by_its_exit_code() -> None:
    assert alone(PLAN) == (0, "the plan holds\n")
    code, said = alone(PLAN | {"cost": "1"})
    assert code == 1
    assert "cost" in said


def test_the_word_of_the_status_is_not_what_convinces() -> None:
    assert PLAN["status"] == Status.OPTIMAL
    assert "optimal" not in SOURCE.read_text().replace('"""', "")


@pytest.mark.parametrize("text", ["{", "{}", "[]", "[" * 100_000])
def test_run_alone_on_what_is_no_plan_it_says_so_in_one_line(text: str) -> None:
    done = subprocess.run([sys.executable, checker.__file__], input=text, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("stdin: is no plan of `trimtab solve`: ")
    assert done.stderr.count("\n") == 1
