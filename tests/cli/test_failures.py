"""What goes wrong is told on stderr, with its place and what would be right, and by the exit code."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.screens import ROOT, python, read, shown
from tests.scenarios.funds import Said, at_desk, make_fund
from trimtab import api

BAD_INPUT = {
    "an unknown command": (["stat"], "Did you mean 'state'"),
    "an unknown option": (["plan", "--savee", "x"], "--savee"),
    "a lever without a reason": (["halt"], "--because"),
    "a lever with an empty reason": (["halt", "--because", " "], "the reason is part of the record"),
    "an order without a reason": (["plan", "--because", ""], "the reason is part of the record"),
    "no cycle yet": (["explain"], "`trimtab run` makes the first one"),
    "no ledger yet": (["verify"], "`trimtab run` makes it"),
    "an unknown form of report": (["report", "--format", "xml"], "one of html, csv, json"),
    "no day": (["report", "--since", "2026-13-01"], "--since: '2026-13-01' is not a day; write it as 2026-01-05"),
    "a place that cannot be written": (["plan", "--save", "/nonexistent/plan.json"], "/nonexistent/plan.json: cannot"),
    "a saved plan that is not there": (["run", "--yes", "--plan", "/nonexistent"], "/nonexistent: cannot be read"),
    "acceptance without an explanation": (["reconcile", "--accept", "main"], "--accept needs --because"),
    "acceptance of no account": (["reconcile", "--accept", "mian", "--because", "x"], "main, reserve, trading"),
    "two cycles for one report": (["report", "1", "--cycle", "2"], "name one of them"),
    "a report of a cycle that is not there": (["report", "7"], "no cycle has run yet"),
    "too small a number": (["cycles", "--limit", "0"], "--limit"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_told_on_stderr_with_its_place(case: str, tmp_path: Path) -> None:
    arguments, said_so = BAD_INPUT[case]
    said = shown(*arguments, "--fund", make_fund(tmp_path), width=200)
    assert said.code == 2
    assert said_so in said.err
    assert said.out == ""


def test_a_file_that_is_no_saved_plan_is_bad_input(tmp_path: Path) -> None:
    kept = tmp_path / "plan.json"
    kept.write_text("{")
    said = shown("run", "--yes", "--plan", kept, "--fund", make_fund(tmp_path), width=200)
    assert said.code == 2
    assert "plan.json: not a plan saved by this version" in said.err


def test_a_seal_that_is_none_is_bad_input_and_a_foreign_one_is_found_out(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("run", "--yes", "--fund", fund).code == 0
    assert shown("verify", "--head", "30:abc", "--fund", fund).code == 2
    foreign = shown("verify", "--head", f"9999:{'0' * 64}", "--fund", fund, width=200)
    assert foreign.code == 1
    assert "The seal that was given: entry 9999 was sealed and is not there" in foreign.out
    assert "its end was cut off, or it was rewritten" in foreign.out
    assert "nothing is cut off" not in foreign.out


def test_where_there_is_no_plan_nothing_is_saved_and_the_answer_is_no(tmp_path: Path) -> None:
    fund, kept = make_fund(tmp_path), tmp_path / "plan.json"
    assert shown("run", "--yes", "--fund", fund).code == 0
    said = shown("plan", "--save", kept, "--fund", fund)
    assert said.code == 1
    assert "Nothing was saved" in said.err
    assert not kept.exists()


def test_a_halted_fund_is_told_on_every_look_with_who_why_and_since_when(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("halt", "--because", "a rumour", "--by", "Ann", "--fund", fund).code == 0
    for command, code in (("state", 0), ("plan", 0), ("run", 4)):
        said = shown(command, *(["--yes"] if command == "run" else []), "--fund", fund, width=200)
        assert said.code == code
        since = r"^The fund is halted by Ann since \d{4}(-\d\d){2} [\d:]{8} UTC \(a rumour\)"
        assert re.search(since, said.err, re.MULTILINE)


def test_a_check_up_says_who_halted_the_fund_and_why(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("halt", "--because", "a rumour", "--by", "Ann", "--fund", fund).code == 0
    said = shown("doctor", "--fund", fund, width=200)
    assert said.code == 1
    assert re.search(r"^FAIL  fund +halted by Ann since .* \(a rumour\)$", said.out, re.MULTILINE)


def test_a_second_halt_is_recorded_and_says_that_it_is_the_second(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("halt", "--because", "a rumour", "--by", "Ann", "--fund", fund).code == 0
    said = shown("halt", "--because", "it is true", "--by", "Bob", "--fund", fund, width=200)
    assert said.code == 0
    assert "Halted already by Ann since" in said.out
    assert "(a rumour); this reason is recorded too" in said.out
    told = shown("state", "--fund", fund, width=250).err
    assert re.search(r"halted by Ann since [^(]* \(a rumour\), by Bob since [^(]* \(it is true\)", told)


def test_resuming_a_fund_that_is_not_halted_changes_nothing_and_says_so(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    said = shown("resume", "--because", "why not", "--fund", fund)
    assert said.code == 0
    assert said.out == "The fund is not halted: there is nothing to resume, and nothing was recorded\n"
    assert not (tmp_path / "seals.txt").exists()


def test_a_look_tells_of_a_cycle_that_is_not_finished(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    watching = api.Watching(progress=lambda _: watching.stopping.set())
    with at_desk(fund) as desk, pytest.raises(api.Interrupted):
        asyncio.run(api.run_cycle(desk, api.Wishes(holder="gone", watching=watching)))
    for command in ("state", "plan"):
        assert "Cycle 1 is not finished" in shown(command, "--fund", fund).err
    assert shown("run", "--yes", "--fund", fund).code == 0
    assert shown("state", "--fund", fund).err == ""


def test_a_ledger_that_is_gone_is_told_by_every_command_in_the_same_words(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("run", "--yes", "--fund", fund).code == 0
    for file in tmp_path.glob("paper.db*"):
        file.unlink()
    answers = {c: shown(*c.split(), "--fund", fund, width=400) for c in ("state", "plan", "run --yes", "cycles")}
    assert {command: said.code for command, said in answers.items()} == dict.fromkeys(answers, 2) | {"state": 0}
    assert len({said.err.removeprefix("Error: ").casefold() for said in answers.values()}) == 1
    assert "a ledger was sealed up to entry 30, and there is none at" in answers["plan"].err
    assert "NAV" in answers["state"].out
    check = shown("doctor", "--fund", fund, width=200)
    assert check.code == 1
    assert "a ledger was sealed, and there is none now" in check.out


def test_a_halt_without_its_ledger_says_why_it_records_nothing(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("run", "--yes", "--fund", fund).code == 0
    for file in tmp_path.glob("paper.db*"):
        file.unlink()
    said = shown("halt", "--because", "a rumour", "--fund", fund, width=500)
    assert said.code == 2
    assert "Nothing was recorded, and no halt is needed" in said.err
    assert not (tmp_path / "paper.db").exists()


def test_a_simulator_without_its_world_says_what_writes_one(tmp_path: Path) -> None:
    said = shown("sim", "--world", tmp_path / "sim.toml", width=200)
    assert said.code == 2
    assert "`trimtab init --template exchange` writes" in said.err


def test_an_empty_folder_misses_its_file_before_anything_else(tmp_path: Path) -> None:
    said = shown("run", "--fund", tmp_path / "fund.toml", width=200)
    assert said.code == 2
    assert "there is no such file" in said.err
    assert "--yes" not in said.err


def test_a_folder_instead_of_a_file_is_answered_with_the_file_in_it(tmp_path: Path) -> None:
    said = shown("state", "--fund", make_fund(tmp_path).parent, width=200)
    assert said.code == 2
    assert f"is a folder; name the file in it: {tmp_path / 'fund.toml'}" in said.err


def test_a_run_that_waits_says_for_whom_and_how_long(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={"[limits]": "[limits]\nlease_wait_s = 1"})
    with at_desk(fund) as desk:
        lease = desk.store.acquire("cycle", "elsewhere:1:1", 60)
        said = shown("run", "--yes", "--fund", fund, width=200)
        desk.store.release(lease)
    assert said.code == 3
    waited, failed = said.err.splitlines()
    until = lease.expires.strftime("%Y-%m-%d %H:%M:%S UTC")
    assert waited == f"Waiting up to 1 s: the lease is held by elsewhere:1:1 until {until}"
    assert failed == f"Error: the lease is held by elsewhere:1:1 until {until}"


def test_a_defect_shows_where_it_is_and_no_local_variables() -> None:
    program = """
from trimtab.cli.app import app
from trimtab.cli.frame import command

@app.command()
@command
def burst() -> None:
    key = "do-not-" + "print-me"
    raise AssertionError("a defect")

app(["burst"])
"""
    burst = python(program)
    _, err = burst.communicate(timeout=30)
    assert burst.returncode not in (0, 2, 3, 4, 130)
    assert "Traceback" in err
    assert "a defect" in err
    assert "do-not-print-me" not in err


@pytest.mark.parametrize("command", ["show", "report", "plan", "explain"])
def test_a_reader_that_leaves_is_no_failure(command: str, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("run", "--yes", "--fund", fund).code == 0
    running = python("from trimtab.cli import main; main()", command, "--fund", str(fund))
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(timeout=30) == 0
    running.stderr.close()


@pytest.mark.parametrize(("colours", "escapes"), [({"NO_COLOR": "1"}, False), ({}, True)])
def test_a_terminal_gets_styles_unless_it_wants_none(colours: dict[str, str], escapes: bool, tmp_path: Path) -> None:
    said = on_terminal(colours, "state", "--fund", str(make_fund(tmp_path)))
    assert said.code == 0
    assert "NAV" in said.out
    assert ("\x1b" in said.out) is escapes


def test_a_page_is_not_poured_onto_a_terminal(tmp_path: Path) -> None:
    fund = str(make_fund(tmp_path))
    said = on_terminal({}, "report", "--fund", fund)
    assert said.code == 2
    assert "--out report.html" in " ".join(said.out.split())
    assert on_terminal({}, "report", "--format", "csv", "--fund", fund).code == 0
    assert on_terminal({}, "report", "--out", str(tmp_path / "report.html"), "--fund", fund).code == 0


def test_no_colour_holds_for_help_too() -> None:
    assert "\x1b" not in on_terminal({"NO_COLOR": "1"}, "--help").out


def on_terminal(more: dict[str, str], *arguments: str) -> Said:
    """What a command shows on a terminal of 80 columns."""
    mine, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color", "COLUMNS": "80"} | more
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", *arguments]
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=env)
    os.close(theirs)
    shown_on_it = b""
    while piece := read(mine):
        shown_on_it += piece
    os.close(mine)
    return Said(running.wait(timeout=30), shown_on_it.decode(), "")
