"""SIGINT and SIGTERM: the process leaves with 130 and its state kept, and the next run goes on without a duplicate."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.screens import ROOT, read, shown, started, until
from tests.scenarios.funds import change
from trimtab import api
from trimtab.adapters.venues import paper


@pytest.fixture
def fund(tmp_path: Path) -> Path:
    """A fund whose market time runs: its cycle takes a few seconds of ours."""
    api.write_template("paper", tmp_path)
    change(tmp_path / "paper.toml", {"speed = 30": "speed = 120"})
    return tmp_path / "fund.toml"


def written(fund: Path, kind: str) -> bool:
    """Whether the ledger has an entry of this kind."""
    ledger = fund.with_name("paper.db")
    if not ledger.exists():
        return False
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        try:
            return db.execute("SELECT 1 FROM entries WHERE kind = ?", (kind,)).fetchone() is not None
        except sqlite3.OperationalError:  # The ledger is being made.
            return False


def orders(fund: Path) -> list[tuple[str, str]]:
    """Every order that the venues took."""
    taken = []
    for venue in ("north", "south"):
        connected = paper.connect(fund.with_name("paper.toml"), venue)
        taken += [(placed.order.account, placed.order.id) for placed in connected.log()]
        connected.close()
    return taken


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_is_finished_by_the_next_one_without_a_duplicate(
    stop: signal.Signals, fund: Path
) -> None:
    running = started(fund, "run", "--yes")
    until(lambda: written(fund, "started"), running)
    running.send_signal(stop)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert "state kept" in err
    assert not written(fund, "closed")

    said = shown("run", "--yes", "--fund", fund)
    assert said.code == 0, said.err
    assert "had been cut off" in said.err
    assert set(Counter(orders(fund)).values()) == {1}
    assert shown("replay", "1", "--fund", fund).code == 0
    assert shown("verify", "--fund", fund).code == 0
    assert shown("reconcile", "--fund", fund).code == 0


def test_a_question_that_is_interrupted_trades_nothing(fund: Path) -> None:
    said = answer(fund, b"\x03")
    assert said.returncode == 130
    assert not written(fund, "started")
    assert orders(fund) == []


@pytest.mark.parametrize("typed", [b"\n", b"no\n", b"\x04"])
def test_anything_but_yes_is_no(typed: bytes, fund: Path) -> None:
    said = answer(fund, typed)
    assert said.returncode == 1
    assert orders(fund) == []


def test_yes_is_yes_and_each_leg_fills_up_on_the_terminal(fund: Path) -> None:
    change(fund, {'schedule = "twap"': 'schedule = "immediate"'})
    said = answer(fund, b"y\n")
    assert said.returncode == 0, said.stdout
    assert b"(100%)" in said.stdout
    assert orders(fund) != []


ON_ITS_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C comes from here.
from trimtab.cli import main
main()
"""


def answer(fund: Path, typed: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Run on a terminal of its own, and type an answer when the question stands there."""
    mine, theirs = pty.openpty()
    command = [sys.executable, "-c", ON_ITS_TERMINAL, "run", "--fund", str(fund)]
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    running = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=env, start_new_session=True
    )
    os.close(theirs)
    seen, asked = b"", False
    while piece := read(mine):
        seen += piece
        if not asked and b"[y/N]" in seen:
            os.write(mine, typed)
            asked = True
    os.close(mine)
    return subprocess.CompletedProcess(command, running.wait(timeout=60), seen)
