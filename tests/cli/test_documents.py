"""--json: one document on stdout that decodes into its noun, and nothing else there."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.screens import shown
from tests.scenarios.funds import make_fund
from trimtab import api
from trimtab.cycle.inspection import Check
from trimtab.model.canonical import decode, encode
from trimtab.model.thought import Thought
from trimtab.reconcile.close import Close
from trimtab.record.facts import Facts


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund after its first cycle."""
    fund = make_fund(tmp_path_factory.mktemp("done"))
    assert shown("run", "--yes", "--fund", fund).code == 0
    return fund


@pytest.mark.parametrize(
    ("command", "noun"),
    [("state", Thought), ("plan", Thought), ("explain", Facts), ("reconcile", Close), ("verify", api.Verified)],
)
def test_a_document_is_the_canonical_form_of_its_noun(command: str, noun: Any, done: Path) -> None:
    document = shown(command, "--json", "--fund", done).out.removesuffix("\n").encode()
    assert encode(decode(document, noun)) == document


def test_lists_of_nouns_decode_one_by_one(done: Path) -> None:
    cycles = json.loads(shown("cycles", "--json", "--fund", done).out)
    checks = json.loads(shown("doctor", "--json", "--fund", done).out)
    assert [decode(msgspec.json.encode(found), Facts).cycle for found in cycles] == ["1"]
    assert all(decode(msgspec.json.encode(found), Check).well for found in checks)


def test_a_report_in_json_is_the_same_by_either_option(done: Path) -> None:
    assert shown("report", "--json", "--fund", done).out == shown("report", "--format", "json", "--fund", done).out


@pytest.mark.parametrize("one", [("1",), ("--cycle", "1"), ("last",), ("1", "--cycle", "1")])
def test_a_report_takes_its_cycle_as_every_other_command_does(one: tuple[str, ...], done: Path) -> None:
    cycles = json.loads(shown("report", *one, "--json", "--fund", done).out)["cycles"]
    assert [facts["cycle"] for facts in cycles] == ["1"]


def test_levers_in_json_are_their_entries_and_null_where_none_was_pulled(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    halted, resumed, again = (
        json.loads(shown(lever, "--because", "a rumour", "--by", "Ann", "--json", "--fund", fund).out)
        for lever in ("halt", "resume", "resume")
    )
    assert [halted["kind"], resumed["kind"], again] == ["halted", "resumed", None]
    assert halted["body"] == {"because": "a rumour", "by": "Ann"}
    assert resumed["prev"] == halted["hash"]


def test_a_run_in_json_is_quiet_and_its_document_is_the_cycle(tmp_path: Path) -> None:
    said = shown("run", "--yes", "--json", "--fund", make_fund(tmp_path))
    facts = decode(said.out.removesuffix("\n").encode(), Facts)
    assert said.code == 0
    assert said.err == ""
    assert facts.closed is not None
    assert facts.closed.outcome == "done"


def test_a_saved_plan_and_the_plan_in_json_are_one_document(tmp_path: Path) -> None:
    fund, kept = make_fund(tmp_path), tmp_path / "plan.json"
    said = shown("plan", "--json", "--save", kept, "--fund", fund)
    assert said.out.removesuffix("\n") == kept.read_text()
    assert said.err.startswith("Saved to")


def test_off_a_terminal_a_run_tells_each_leg_once_on_stderr(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    legs = [leg["id"] for leg in json.loads(shown("plan", "--json", "--fund", fund).out)["plan"]["legs"]]
    said = shown("run", "--yes", "--fund", fund, width=200)
    told = said.err.splitlines()
    assert [line.split()[0] for line in told] == legs
    assert all(line.endswith("(100%)") for line in told)
