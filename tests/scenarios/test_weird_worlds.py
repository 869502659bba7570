"""Odd files, folders, zones and disks: each command still answers with a sentence and the right exit code."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.scenarios.funds import change, make_fund, on
from tests.scenarios.test_bad_worlds import traded
from tests.scenarios.test_kills import run as run_to_death
from trimtab import api

LINK = {"LINK = 8\n": "", 'LINK = "0.06"\n': "", 'BTC = { weight = "0.35"': 'BTC = { weight = "0.41"'}


def say(fund: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command of the real program, in an environment of its own."""
    bound = BOUND if os.geteuid() == 0 else ()
    command = [*bound, sys.executable, "-c", "from trimtab.cli import main; main()", *arguments, "--fund", str(fund)]
    around = {**os.environ, "COLUMNS": "100", **environment}
    return subprocess.run(command, capture_output=True, text=True, env=around, timeout=120, check=False)


def assert_told(said: "subprocess.CompletedProcess[str]", code: int, *parts: str) -> None:
    """The exit code, every part in the answer, and no traceback."""
    text = " ".join((said.stdout + said.stderr).split())
    assert "Traceback" not in text, text
    assert said.returncode == code, text
    for part in parts:
        assert part in text, text


def test_a_fund_file_with_windows_line_ends_is_read(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    fund.write_bytes(fund.read_bytes().replace(b"\n", b"\r\n"))
    assert on(fund, "plan").code == 0


def test_a_fund_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    fund.write_bytes(b"\xef\xbb\xbf" + fund.read_bytes())
    assert on(fund, "plan").code == 0


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 1_000_000, b"[" * 1_000_000, b"a = " + b"9" * 1_000_000, b"x" * 1_000_000]
)
def test_a_megabyte_of_garbage_is_a_short_message(garbage: bytes, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    fund.write_bytes(garbage)
    said = on(fund, "plan")
    assert said.code == 2
    assert "line 1" in said.err or "not TOML" in said.err or "too" in said.err, said.err[:300]
    assert len(said.err) < 2000


def test_names_that_are_not_ascii_are_refused_with_their_place(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={"[accounts.reserve]": '[accounts."réserve"]'})
    said = on(fund, "plan")
    assert said.code == 2
    assert "réserve" in said.err


def test_words_that_are_not_ascii_go_through_to_the_report(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={"No venue holds more": "Kein Börsenplatz hält 价 mehr \\u202e als"})
    assert on(fund, "run", "--yes", "--because", "Quartalsende 日本 \u202e").code == 0
    out = tmp_path / "report.html"
    assert on(fund, "report", "--out", out).code == 0
    assert "日本" in on(fund, "explain", "last").out
    assert "日本" in out.read_text(encoding="utf-8")


def test_a_store_that_is_a_link_is_the_same_ledger(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "paper.db").symlink_to(tmp_path / "elsewhere" / "ledger.db")
    assert on(fund, "run", "--yes").code == 0
    assert on(fund, "verify").code == 0
    assert (tmp_path / "elsewhere" / "ledger.db").exists()


@pytest.mark.parametrize("name", ["paper.db", "paper.sqlite", "seals.txt"])
def test_a_file_of_ours_that_is_a_folder_is_told(name: str, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    (tmp_path / name).mkdir()
    said = say(fund, "run", "--yes")
    assert_told(said, said.returncode, name)
    assert said.returncode in (2, 3)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns", "Nowhere/Nothing", "<+1245>-12:45"])
def test_the_zone_of_the_machine_changes_nothing(zone: str, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert say(fund, "plan", "--json", TZ=zone).stdout == say(fund, "plan", "--json", TZ="UTC").stdout
    assert_told(say(fund, "run", "--yes", TZ=zone), 0)
    assert_told(say(fund, "replay", "last"), 0)


def test_an_open_umask_and_a_tight_one_both_work(tmp_path: Path) -> None:
    for mask in (0o000, 0o077):
        folder = tmp_path / f"{mask}"
        folder.mkdir()
        before = os.umask(mask)
        try:
            assert_told(say(make_fund(folder), "run", "--yes"), 0)
        finally:
            os.umask(before)


BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
"""What makes file modes bind a process of root too."""


@contextmanager
def still(folder: Path) -> Iterator[None]:
    """The folder and all in it as a disk that nobody can write to."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_a_folder_that_cannot_be_written_stops_a_run_and_leaves_the_record_readable(tmp_path: Path) -> None:
    folder = tmp_path / "fund"
    folder.mkdir()
    fund = make_fund(folder)
    assert on(fund, "run", "--yes").code == 0
    taken = traded(fund)
    with still(folder):
        assert_told(say(fund, "run", "--yes", "--because", "now"), 3, "paper")
        for command in (
            ("verify",),
            ("explain", "last"),
            ("cycles",),
            ("replay", "last"),
            ("report", "--format", "csv"),
        ):
            assert_told(say(fund, *command), 0)
    assert traded(fund) == taken


def test_seals_that_cannot_be_written_are_told_and_kept_by_the_next_run(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={'id = "paper"': 'id = "paper"\nseals = "sealed/seals.txt"'})
    (tmp_path / "sealed").mkdir()
    with still(tmp_path / "sealed"):
        assert_told(say(fund, "run", "--yes"), 3, "seals.txt", "cannot be written")
    assert_told(say(fund, "run", "--yes"), 0)
    assert len((tmp_path / "sealed" / "seals.txt").read_text().split()) == 2
    assert_told(say(fund, "verify"), 0)


def test_a_world_of_another_fund_is_refused(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    db = sqlite3.connect(tmp_path / "paper.sqlite")
    db.execute("CREATE TABLE other (x)")
    db.commit()
    db.close()
    assert_told(say(fund, "plan"), 2, "paper.sqlite")


@pytest.mark.parametrize("account", ["main", "reserve"])
def test_an_unfinished_cycle_keeps_the_accounts_it_trades_with(account: str, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert run_to_death(fund, "after order", "3").returncode == -9
    home = {"main": "north", "reserve": "south"}[account]
    line = {f'[accounts.{account}]\nvenue = "{home}"\n': ""}
    change(fund, line)
    said = say(fund, "run", "--yes")
    assert_told(said, 2, "is not finished", account)
    change(fund, {"[assets]": f'[accounts.{account}]\nvenue = "{home}"\n[assets]'})
    assert_told(say(fund, "run", "--yes"), 0)
    assert_told(say(fund, "reconcile"), 0)


def test_the_books_close_over_an_asset_that_is_not_held_any_more(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "run", "--yes").code == 0
    change(fund, LINK)
    assert_told(say(fund, "reconcile"), 0)
    assert_told(say(fund, "replay", "1"), 0)


def test_a_file_that_changes_between_plan_and_run_is_read_by_the_run(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "plan").code == 0
    change(fund, {'BTC = { weight = "0.35"': 'BTC = { weight = "0.30"', 'LINK = "0.06"': 'LINK = "0.11"'})
    assert on(fund, "run", "--yes").code == 0
    with api.records(api.load_settings(fund)) as store:
        reached = {w.asset: w.after for w in api.facts(store, "last").weights}
    assert abs((reached["LINK"] or 0) - Decimal("0.11")) < Decimal("0.005")
