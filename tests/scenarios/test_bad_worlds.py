"""Bad input and bad worlds at the command line: what is said, the exit code, and that nothing is traded or lost."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from tests.scenarios.funds import at_desk, change, make_fund, on, trimtab
from trimtab.adapters.venues import paper
from trimtab.ports import LeaseHeld
from trimtab.sim.clockwork import open_clock

FILE_MISTAKES = {
    "an unknown key": ({"[costs]\nmax_cost_bps": "[costs]\nmax_cost_bsp"}, "did you mean"),
    "weights that do not sum to one": ({'SOL = "0.10"': 'SOL = "0.20"'}, "must sum to 1"),
    "a negative band": ({'band = "0.03"': 'band = "-0.03"'}, "band"),
    "an unknown asset": ({'LINK = "0.06"': 'LYNK = "0.06"'}, 'did you mean "LINK"'),
    "an account declared twice": ({"[accounts.reserve]": "[accounts.main]"}, "declared twice"),
    "a missing key file": ({'venue = "south"': 'venue = "south"\nkey = "file:no.key"'}, "no.key"),
    "an unknown venue": ({'venue = "south"': 'venue = "sotuh"'}, 'did you mean "south"'),
}


@pytest.mark.parametrize("case", FILE_MISTAKES)
def test_a_mistake_in_the_file_is_told_with_its_place_and_changes_nothing(case: str, tmp_path: Path) -> None:
    texts, said_so = FILE_MISTAKES[case]
    fund = make_fund(tmp_path, fund=texts)
    for command in ("state", "plan", "run"):
        said = on(fund, command, *(["--yes"] if command == "run" else []))
        assert said.code == 2, case
        assert said_so in said.err, said.err
    assert not (tmp_path / "paper.db").exists()


def test_a_fund_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    said = on(tmp_path / "fund.toml", "state")
    assert said.code == 2
    assert "trimtab init" in said.err


@pytest.mark.parametrize("command", ["show", "explain", "replay"])
def test_an_unknown_cycle_is_bad_input(command: str, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, command, "1").code == 2
    on(fund, "run", "--yes")
    said = on(fund, command, "77")
    assert said.code == 2
    assert "there is no cycle '77'" in said.err


def test_run_without_a_terminal_needs_yes(tmp_path: Path) -> None:
    said = on(make_fund(tmp_path), "run")
    assert said.code == 2
    assert "--yes" in said.err


def test_an_account_that_cannot_be_read_makes_the_fund_hold(tmp_path: Path) -> None:
    unreadable = "[venues.south.accounts.reserve]\nunreadable_from = 2026-01-01T00:00:00Z\n"
    table = "[venues.south.accounts.reserve.balances]"
    fund = make_fund(tmp_path, world={table: unreadable + table})
    assert on(fund, "state").code == 0
    assert "reserve" in on(fund, "state").out
    for command in ("plan", "run"):
        said = on(fund, command, *(["--yes"] if command == "run" else []))
        assert said.code == 3
        assert "cannot be read" in said.out + said.err
    assert traded(fund) == 0


def test_a_listing_that_vanished_leaves_the_goal_unmet_and_says_so(tmp_path: Path) -> None:
    gone = '"LTC/USDT" = { vanishes_at = 2026-01-01T00:00:00Z, filters'
    fund = make_fund(tmp_path, world={'"LTC/USDT" = { filters': gone})
    said = on(fund, "plan")
    assert said.code == 1
    assert "Hold, a listing has vanished: LTC" in said.out
    assert "[prices.fixed]" in said.out
    assert on(fund, "run", "--yes").code == 1
    assert traded(fund) == 0
    assert on(fund, "doctor").code == 1


def test_a_listing_that_is_halted_may_come_back(tmp_path: Path) -> None:
    halted = '"LTC/USDT" = { halted_from = 2026-01-01T00:00:00Z, filters'
    fund = make_fund(tmp_path, world={'"LTC/USDT" = { filters': halted})
    assert on(fund, "plan").code == 3
    assert on(fund, "run", "--yes").code == 3
    assert traded(fund) == 0


def test_a_market_that_has_closed_stops_everything_and_says_since_when(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, world={'seed = "trimtab"': 'seed = "trimtab"\ndays = 1'})
    clock = open_clock(tmp_path / "paper.toml")
    clock.step(clock.now() + timedelta(days=2))
    clock.close()
    for command in ("plan", "run"):
        said = on(fund, command, *(["--yes"] if command == "run" else []))
        assert said.code == 3
        assert "2026-01-06" in said.out
    assert "2026-01-06" in on(fund, "doctor").out
    assert traded(fund) == 0


def test_a_market_clock_that_goes_back_is_told_and_stays_told(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "run", "--yes").code == 0
    for file in tmp_path.glob("paper.sqlite*"):
        file.unlink()
    for command in ("plan", "run", "run"):
        said = on(fund, command, *(["--yes"] if command == "run" else []))
        assert said.code == 3
        assert "the clock says 2026-01-05" in said.out
        assert "but the last cycle ended at 2026-01-05" in said.out
        assert "cooldown" not in said.out
    assert traded(fund) == 0


def test_an_account_that_asks_for_a_key_refuses_a_stranger(tmp_path: Path) -> None:
    from trimtab.sim.world import hash_key

    table = "[venues.south.accounts.reserve.balances]"
    asks = f'[venues.south.accounts.reserve]\nkey_hash = "{hash_key("right", "salt")}"\n'
    fund = make_fund(tmp_path, world={table: asks + table})
    assert on(fund, "run", "--yes").code == 3
    (tmp_path / "south.key").write_text("wrong\n")
    (tmp_path / "south.key").chmod(0o600)
    change(fund, {'venue = "south"': 'venue = "south"\nkey = "file:south.key"'})
    assert on(fund, "run", "--yes").code == 3
    (tmp_path / "south.key").write_text("right\n")
    assert on(fund, "run", "--yes").code == 0


def test_two_runs_at_once_are_one_run_and_a_name(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund={"[limits]": "[limits]\nlease_wait_s = 0"})
    with at_desk(fund) as desk:
        lease = desk.store.acquire("cycle", "elsewhere:1:1", 60)
        said = on(fund, "run", "--yes")
        desk.store.release(lease)
    assert said.code == 3
    assert "elsewhere:1:1" in said.err
    assert traded(fund) == 0
    assert LeaseHeld.__name__ not in said.err


def test_a_ledger_that_cannot_be_written_stops_before_anything_is_sent(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    with at_desk(fund):
        pass
    with sqlite3.connect(tmp_path / "paper.db") as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    db.close()
    said = on(fund, "run", "--yes")
    assert said.code == 3
    assert "paper.db" in said.err
    assert traded(fund) == 0


def test_a_world_that_was_changed_under_its_state_is_refused(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    on(fund, "run", "--yes")
    change(tmp_path / "paper.toml", {'seed = "trimtab"': 'seed = "another"'})
    said = on(fund, "state")
    assert said.code == 2
    assert "paper" in said.err


def test_an_unknown_template_is_bad_input(tmp_path: Path) -> None:
    said = trimtab("init", tmp_path / "f", "--template", "papre")
    assert said.code == 2
    assert 'did you mean "paper"' in said.err


def traded(fund: Path) -> int:
    """How many orders the venues took."""
    count = 0
    for venue in ("north", "south"):
        connected = paper.connect(fund.with_name("paper.toml"), venue)
        count += len(connected.log())
        connected.close()
    return count


def test_accounts_that_go_dark_during_a_run_leave_what_is_not_known_unknown(tmp_path: Path) -> None:
    table = "[venues.south.accounts.reserve.balances]"
    dark = "[venues.south.accounts.reserve]\nunreadable_from = 2026-01-05T07:31:00Z\n"
    fund = make_fund(tmp_path, world={table: dark + table})
    said = on(fund, "run", "--yes")
    assert said.code == 3
    assert "reserve could not be read afterwards" in " ".join(said.out.split())
    told = " ".join(on(fund, "explain", "last").out.split())
    assert "What the fund is worth after it is not known" in told
    assert "worth 0.00" not in told

    close = on(fund, "reconcile")
    assert close.code == 3
    assert "Not compared: reserve" in close.out
    assert "no breaks" not in close.out
