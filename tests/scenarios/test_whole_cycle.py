"""A fund rebalanced end to end by the commands a user types, on the paper template."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.scenarios.funds import change, make_fund, on, trimtab
from trimtab import api
from trimtab.adapters.stores.seals import SealFile


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund after its first cycle."""
    fund = make_fund(tmp_path_factory.mktemp("done"))
    ran = on(fund, "run", "--yes")
    assert ran.code == 0, ran.err + ran.out
    return fund


def test_a_new_fund_is_off_its_targets_and_state_says_so(tmp_path: Path) -> None:
    said = on(make_fund(tmp_path), "state")
    assert said.code == 0
    assert "NAV" in said.out
    assert "Rebalance (drift)" in said.out


def test_a_plan_is_a_dry_run_that_leaves_no_trace(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    on(fund, "state")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    said = on(fund, "plan")
    assert said.code == 0
    for part in ("Rebalance", "Wave 1", "Costs", "Proof", "Checks: pass", "Plan  ", "Next: trimtab run"):
        assert part in said.out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert not (tmp_path / "paper.db").exists()


def test_the_same_plan_twice_is_the_same_document(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "plan", "--json").out == on(fund, "plan", "--json").out


def test_a_run_ends_on_target_within_a_tenth_of_a_percent(done: Path) -> None:
    with api.records(api.load_settings(done)) as store:
        facts = api.facts(store, "last")
    assert all(abs((s.after or Decimal(0)) - (s.target or Decimal(0))) < Decimal("0.005") for s in facts.weights)


def test_a_run_reconciles_to_the_raw_unit(done: Path) -> None:
    with api.records(api.load_settings(done)) as store:
        facts = api.facts(store, "last")
    assert facts.reconciled is not None
    assert facts.reconciled.breaks == ()
    said = on(done, "reconcile")
    assert said.code == 0, said.out
    assert "no breaks" in said.out


def test_a_second_run_holds_and_says_why(done: Path) -> None:
    said = on(done, "run", "--yes")
    assert said.code == 0
    assert "held" in said.out


def test_every_cycle_replays_byte_for_byte(done: Path) -> None:
    assert on(done, "replay", "1").code == 0
    assert "equal byte for byte" in on(done, "replay", "last").out


def test_the_ledger_verifies_against_the_seal_that_was_printed(done: Path) -> None:
    seal = SealFile(done.with_name("seals.txt")).kept()[0]
    said = on(done, "verify", "--head", seal)
    assert said.code == 0
    assert "the chain holds" in said.out


def test_explain_tells_the_trigger_the_cost_and_the_end_in_sentences(done: Path) -> None:
    said = on(done, "explain", "1")
    assert said.code == 0
    assert "drift" in said.out
    assert "USDT" in said.out


@pytest.mark.parametrize("form", ["html", "csv", "json"])
def test_a_report_can_be_had_in_each_form(done: Path, form: str, tmp_path: Path) -> None:
    out = tmp_path / f"report.{form}"
    assert on(done, "report", "--format", form, "--out", out).code == 0
    assert "BTC" in out.read_text()


@pytest.mark.parametrize("command", ["state", "plan", "cycles", "show", "explain", "replay", "verify", "reconcile"])
def test_every_command_that_shows_something_gives_one_json_document(done: Path, command: str) -> None:
    argument = ["1"] if command in ("show", "explain", "replay") else []
    said = on(done, command, *argument, "--json")
    assert json.loads(said.out) is not None
    assert len(said.out.strip().splitlines()) == 1


def test_cycles_lists_them_newest_first(done: Path) -> None:
    said = on(done, "cycles")
    assert said.code == 0
    assert "done" in said.out


def test_a_saved_plan_runs_once_and_no_second_time(tmp_path: Path) -> None:
    fund, kept = make_fund(tmp_path), tmp_path / "plan.json"
    assert on(fund, "plan", "--save", kept).code == 0
    ran = on(fund, "run", "--plan", kept, "--yes")
    assert ran.code == 0, ran.err
    assert on(fund, "replay", "last").code == 0
    again = on(fund, "run", "--plan", kept, "--yes")
    assert again.code == 1
    assert "another cycle has run since" in again.err


def test_a_saved_plan_does_not_hold_under_another_law(tmp_path: Path) -> None:
    fund, kept = make_fund(tmp_path), tmp_path / "plan.json"
    on(fund, "plan", "--save", kept)
    change(fund, {'max_cost_bps = "40"': 'max_cost_bps = "41"'})
    said = on(fund, "run", "--plan", kept, "--yes")
    assert said.code == 1
    assert "the fund's file" in said.err


def test_a_saved_plan_that_was_edited_does_not_hold(tmp_path: Path) -> None:
    fund, kept = make_fund(tmp_path), tmp_path / "plan.json"
    on(fund, "plan", "--save", kept)
    document = json.loads(kept.read_text())
    document["plan"]["legs"][0]["amount"] = "0.00001"
    kept.write_text(json.dumps(document))
    said = on(fund, "run", "--plan", kept, "--yes")
    assert said.code == 1
    assert "the file was changed" in said.err


def test_a_halted_fund_does_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "halt", "--because", "a rumour").code == 0
    halted = on(fund, "run", "--yes")
    assert halted.code == 4
    assert "halted" in halted.err
    assert on(fund, "resume", "--because", "it was nothing").code == 0
    assert on(fund, "run", "--yes").code == 0


def test_a_manual_rebalance_is_recorded_with_who_and_why(done: Path) -> None:
    said = on(done, "plan", "--because", "the committee said so")
    assert "the committee said so" in said.out


def test_init_refuses_to_overwrite(tmp_path: Path) -> None:
    assert trimtab("init", tmp_path).code == 0
    said = trimtab("init", tmp_path)
    assert said.code == 2
    assert "is there already" in said.err


def test_doctor_finds_nothing_wrong_with_a_new_fund(tmp_path: Path) -> None:
    said = on(make_fund(tmp_path), "doctor")
    assert said.code == 0, said.out
    assert "account main" in said.out
