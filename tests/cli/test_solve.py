"""The planner by itself, as a command: JSON in, JSON out, and exit codes that scripts can trust."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.cli.screens import ROOT, shown
from trimtab import checker
from trimtab.cli.app import app

PROBLEM: dict[str, Any] = {
    "version": 1,
    "base": "USD",
    "assets": [{"id": "BTC", "price": "60000"}, {"id": "USDT", "price": "1"}],
    "accounts": [{"id": "binance", "max_value": "5000000"}],
    "balances": [{"account": "binance", "asset": "BTC", "free": "1.5", "keep": "0"}],
    "targets": [{"asset": "BTC", "weight": "0.4", "band": "0"}, {"asset": "USDT", "weight": "0.6"}],
    "books": [
        {
            "id": "binance:BTC/USDT",
            "base": "BTC",
            "quote": "USDT",
            "step": "0.00001",
            "min_notional": "10",
            "depth": [{"value": "100000", "bps": "1.5"}, {"value": "400000", "bps": "4"}],
        }
    ],
    "markets": [{"id": "m1", "account": "binance", "book": "binance:BTC/USDT", "fee_bps": "10"}],
}
TRANSPORT: dict[str, Any] = {
    "version": 1,
    "kind": "transport",
    "edges": [
        {"id": "b", "from": "USDT", "to": "BTC", "cost_bps": "1.5"},
        {"id": "a", "from": "ETH", "to": "USDT", "cost_bps": "2.00"},
        {"id": "c", "from": "ETH", "to": "BTC", "cost_bps": 4, "capacity": "1000000"},
    ],
    "changes": {"ETH": "-1000000", "BTC": "1000000.00"},
}


Asked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """Runs the command on a problem in a file: its exit code, stdout and stderr."""

    def ask(problem: object, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "given.json"
        file.write_text(problem if isinstance(problem, str) else json.dumps(problem))
        said = shown("solve", *options, file)
        return said.code, said.out, said.err

    return ask


def test_a_problem_is_answered_with_a_plan_that_holds(asked: Asked) -> None:
    code, out, _ = asked(PROBLEM)

    answer = json.loads(out)
    assert code == 0
    assert (answer["status"], answer["unmet"], [leg["side"] for leg in answer["legs"]]) == ("optimal", [], ["sell"])
    assert checker.check(answer) == []


def test_the_same_problem_in_another_order_from_stdin_gives_the_same_bytes(asked: Asked) -> None:
    turned = {key: list(reversed(v)) if isinstance(v, list) else v for key, v in reversed(PROBLEM.items())}
    turned["books"] = PROBLEM["books"]

    piped = CliRunner().invoke(app, ["solve", "-"], input=json.dumps(turned))

    assert piped.stdout == asked(PROBLEM)[1]


def test_what_cannot_be_reached_is_said_on_stdout_and_by_the_exit_code(asked: Asked) -> None:
    code, out, _ = asked(PROBLEM | {"books": [], "markets": []})

    answer = json.loads(out)
    assert (code, answer["status"], answer["legs"]) == (1, "infeasible", [])
    assert [item["asset"] for item in answer["unmet"]] == ["BTC", "USDT"]


def test_every_mistake_is_told_at_once_with_its_path(asked: Asked) -> None:
    code, out, err = asked(PROBLEM | {"version": 2, "bokks": [], "accounts": []})

    assert (code, out) == (2, "")
    assert 'bokks: unknown key; did you mean "books"?' in err
    assert "version: must be 1, got 2" in err
    assert "unknown binance" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2: is no JSON"),
        ("[]", "must be a JSON object"),
        ('{"kind": "transprot"}', 'did you mean "transport"?'),
        ('{"version": 1, "version": 1}', "version: is there twice"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_problem_is_refused_in_words(text: str, said: str, asked: Asked) -> None:
    code, _, err = asked(text)

    assert code == 2
    assert said in err


def test_a_file_that_is_not_there_is_named() -> None:
    said = shown("solve", "nowhere.json")

    assert said.code == 2
    assert "nowhere.json: cannot be read" in said.err


def test_a_transport_problem_is_answered_exactly(asked: Asked) -> None:
    code, out, _ = asked(TRANSPORT)

    answer = json.loads(out)
    assert code == 0
    assert (answer["cost"], answer["bound"]) == ("350", "350")
    assert [(flow["id"], flow["value"]) for flow in answer["flows"]] == [("a", "1000000"), ("b", "1000000")]
    assert checker.check(answer) == []


def test_money_that_cannot_arrive_is_told_with_its_nodes(asked: Asked) -> None:
    code, out, _ = asked(TRANSPORT | {"edges": TRANSPORT["edges"][2:], "changes": {"ETH": "-2e6", "BTC": "2e6"}})

    answer = json.loads(out)
    assert (code, answer["status"], answer["flows"]) == (1, "infeasible", [])
    assert answer["because"] == ["2,000,000 must leave ETH, and the edges out of there carry 1,000,000"]


def test_a_plan_is_checked_without_a_solver(asked: Asked) -> None:
    plan = asked(PROBLEM)[1]

    assert asked(plan, "--check")[:2] == (0, "the plan holds\n")


def test_a_plan_that_claims_too_much_is_found_out(asked: Asked) -> None:
    answer = json.loads(asked(PROBLEM)[1])
    answer["legs"][0]["changes"][1]["amount"] = "60000"

    code, out, _ = asked(answer, "--check")

    assert code == 1
    assert "claims to change more than it can" in out


def test_what_is_no_plan_is_not_checked(asked: Asked) -> None:
    code, _, err = asked(PROBLEM, "--check")

    assert code == 2
    assert "is no plan of `trimtab solve`" in " ".join(err.split())


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "solve").glob("*.json")), ids=lambda file: file.stem)
def test_each_example_is_solved_and_its_plan_holds(file: Path, asked: Asked) -> None:
    said = shown("solve", file)

    assert said.code == 0
    assert asked(said.out, "--check")[:2] == (0, "the plan holds\n")
