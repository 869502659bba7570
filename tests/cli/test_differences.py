"""Where a replay differs, a person sees which fields, and no more of them than fit."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.screens import shown
from tests.scenarios.funds import make_fund
from trimtab.cli import history
from trimtab.cli.differences import NOTHING, Place, places
from trimtab.cli.frame import console
from trimtab.cycle.replay import Difference, Replayed


def between(stored: Any, derived: Any) -> list[Place]:
    return places(json.dumps(stored).encode(), json.dumps(derived).encode())


def test_a_field_is_named_by_its_path() -> None:
    assert between({"a": {"b": 1, "c": "x"}}, {"a": {"b": 2, "c": "x"}}) == [Place("a.b", "1", "2")]


def test_items_are_called_by_their_ids_and_else_by_their_place() -> None:
    stored, derived = [{"id": "l1", "n": "1"}, {"id": "l2", "n": "1"}], [{"id": "l2", "n": "2"}, {"id": "l1", "n": "1"}]
    assert between({"legs": stored}, {"legs": derived}) == [Place("legs[l2].n", "1", "2")]
    assert between({"n": [1, 2]}, {"n": [1, 3]}) == [Place("n[2]", "2", "3")]


def test_what_is_on_one_side_only_is_nothing_on_the_other() -> None:
    assert between({"a": 1}, {"b": [1]}) == [Place("a", "1", NOTHING), Place("b", NOTHING, "[1]")]
    assert places(b'{"a":1}', b"") == [Place("the whole", '{"a":1}', NOTHING)]


def test_a_number_and_its_text_differ() -> None:
    assert between({"a": 1}, {"a": "1"}) == [Place("a", "1", "1")]
    assert between({"a": 1}, {"a": True}) == [Place("a", "1", "true")]


def test_long_values_are_cut_in_their_middle() -> None:
    [place] = between({"a": "x" * 500 + "1"}, {"a": "x" * 500 + "2"})
    assert len(place.stored) <= 60
    assert place.stored.endswith("x1")


@pytest.mark.parametrize("width", [60, 80])
def test_many_differences_fit_the_screen_and_are_counted(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    stored = {f"a long name of a field, the {n}th": {"value": "x" * 300} for n in range(40)}
    derived = {name: {"value": "y" * 300} for name in stored}
    wrong = Difference(7, "valued", json.dumps(stored).encode(), json.dumps(derived).encode())
    shown_on = console(sys.stdout)
    shown_on.width = width
    shown_on.print(history.replayed(Replayed("1", 1, (wrong,), (), None)))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert "and 28 more; --json has all" in lines[-1]


def test_a_replay_that_holds_says_nothing_of_fields(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("run", "--yes", "--fund", fund).code == 0
    assert "stored" not in shown("replay", "--fund", fund).out
