"""What goes wrong is told on stderr, with its place and what would be right, and by the exit code."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.screens import ROOT, python, read, shown
from tests.scenarios.funds import Said, make_fund

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
    assert "its end was cut off, or it was rewritten" in foreign.out
    assert "nothing is cut off" not in foreign.out


def test_where_there_is_no_plan_nothing_is_saved_and_the_answer_is_no(tmp_path: Path) -> None:
    fund, kept = make_fund(tmp_path), tmp_path / "plan.json"
    assert shown("run", "--yes", "--fund", fund).code == 0
    said = shown("plan", "--save", kept, "--fund", fund)
    assert said.code == 1
    assert "Nothing was saved" in said.err
    assert not kept.exists()


def test_a_halted_fund_is_told_on_every_look(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert shown("halt", "--because", "a rumour", "--fund", fund).code == 0
    for command in ("state", "plan"):
        said = shown(command, "--fund", fund)
        assert said.code == 0
        assert "The fund is halted" in said.err


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
