"""What commands show, compared with golden files at two widths; nothing is wider than the screen.

To accept a new screen: TRIMTAB_GOLDEN=write pytest tests/cli.
"""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.screens import shown
from tests.scenarios.funds import make_fund
from trimtab.sim.clockwork import open_clock

GOLDEN = Path(__file__).parent / "golden"
ENDED = ("cycles", "show", "explain", "replay", "verify", "reconcile", "state", "plan", "doctor")
SECRET_OF_THE_RUN = re.compile(r"\b[0-9a-f]{64}\b|\(highs [0-9.]+\)")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund after a cycle, a while later."""
    fund = make_fund(tmp_path_factory.mktemp("done"))
    assert shown("run", "--yes", "--fund", fund).code == 0
    clock = open_clock(fund.with_name("paper.toml"))
    clock.step(clock.now() + timedelta(hours=1))
    clock.close()
    return fund


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("command", ["state", "plan"])
def test_a_screen_reads_as_its_golden_file(command: str, width: int, tmp_path: Path) -> None:
    said = shown(command, "--fund", make_fund(tmp_path), width=width)
    now = SECRET_OF_THE_RUN.sub(lambda found: re.sub(r"[0-9a-f]", "x", found[0]), said.out)
    golden = GOLDEN / f"{command}-{width}.txt"
    if os.environ.get("TRIMTAB_GOLDEN") == "write":
        golden.write_text(now)

    assert said.code == 0
    assert now == golden.read_text()


def test_a_plan_is_told_in_the_order_in_which_a_person_decides(tmp_path: Path) -> None:
    out = shown("plan", "--fund", make_fund(tmp_path)).out
    parts = ["Rebalance (drift)", "asset ", "Wave 1", "Trades", "Costs", "Proof", "Checks", "Unknown", "Plan", "Next"]
    places = [re.search(rf"^{re.escape(part)}", out, re.MULTILINE) for part in parts]

    assert all(places)
    assert [p.start() for p in places if p] == sorted(p.start() for p in places if p)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("more", [(), ("-v",)], ids=["", "verbose"])
@pytest.mark.parametrize("command", ENDED)
def test_no_line_is_wider_than_the_screen_or_ends_in_spaces(
    command: str, more: tuple[str, ...], width: int, done: Path
) -> None:
    said = shown(command, *more, "--fund", done, width=width)
    lines = said.out.splitlines()

    assert lines
    assert [line for line in lines if len(line) > width and not holds_a_seal(line)] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_seal_is_whole_on_the_narrowest_screen(done: Path) -> None:
    assert re.search(r"\b\d+:[0-9a-f]{64}$", shown("verify", "--fund", done, width=40).out, re.MULTILINE)


def test_seals_are_whole_in_lists_too(done: Path) -> None:
    out = shown("cycles", "-v", "--fund", done).out
    assert len(re.findall(r"(?:seal \d+:|plan )[0-9a-f]{64}$", out, re.MULTILINE)) == 2


STALE = {'source = "sim"': 'source = "wall"'}


def test_failures_that_say_the_same_are_one_line_and_ages_are_told_as_people_do(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund=STALE)
    out = shown("doctor", "--fund", fund, width=200).out
    assert len(re.findall(r"^FAIL  account ", out, re.MULTILINE)) == 2
    assert re.search(r"^FAIL  account main and trading +5 assets, \d+ days old$", out, re.MULTILINE)
    assert out.count("fix: see why its venues give no price that counts") == 1
    assert out.count("fix: as above") == 7


def test_doubts_are_told_once_and_counted_in_the_reason_to_hold(tmp_path: Path) -> None:
    fund = make_fund(tmp_path, fund=STALE)
    out = shown("plan", "--fund", fund, width=300).out
    hold, *rest = out.splitlines()
    assert re.fullmatch(r"Hold, the picture is not complete: main, reserve and trading are stale: .*; AVAX, .*", hold)
    stale = [line for line in rest if line.startswith("Stale: ")]
    assert len(stale) == 1
    assert re.match(r"Stale: main, reserve and trading: their balances are \d+ days old", stale[0])
    assert not re.search(r"\d{4,} s\b", out)


def test_a_value_that_leaves_something_out_says_what(tmp_path: Path) -> None:
    unreadable = "[venues.south.accounts.reserve]\nunreadable_from = 2026-01-01T00:00:00Z\n"
    table = "[venues.south.accounts.reserve.balances]"
    said = shown("state", "--fund", make_fund(tmp_path, world={table: unreadable + table}))
    assert re.match(r"NAV [\d,.]+ USDT at [^,]+ UTC, not counting reserve$", said.out.splitlines()[0])


def test_where_nothing_could_be_read_no_table_pretends_that_it_was(tmp_path: Path) -> None:
    world = {
        f"[venues.{venue}.accounts.{account}.balances]": (
            f"[venues.{venue}.accounts.{account}]\nunreadable_from = 2026-01-01T00:00:00Z\n"
            f"[venues.{venue}.accounts.{account}.balances]"
        )
        for venue, account in (("north", "main"), ("north", "trading"), ("south", "reserve"))
    }
    fund = make_fund(tmp_path, world=world)
    state, plan = shown("state", "--fund", fund), shown("plan", "--fund", fund)
    assert (state.code, plan.code) == (3, 3)
    assert state.out.startswith("NAV \N{EN DASH} at ")
    assert "0.00" not in state.out + plan.out
    assert "Next: mend what cannot be seen" in plan.out


def test_breaks_with_the_same_words_are_one_line(tmp_path: Path) -> None:
    table = "[venues.south.accounts.reserve.balances]"
    dark = "[venues.south.accounts.reserve]\nunreadable_from = 2026-01-05T07:31:00Z\n"
    said = shown("run", "--yes", "--fund", make_fund(tmp_path, world={table: dark + table}), width=200)
    lines = [line for line in said.out.splitlines() if line.startswith("Break: ")]
    assert len(lines) == 1
    assert lines[0].startswith("Break: reserve BTC, ETH, ")


def test_a_run_that_was_blocked_names_the_clause_and_shows_no_trades(tmp_path: Path) -> None:
    promise = 'trades no more than half of the fund."\nlimit = '
    fund = make_fund(tmp_path, fund={f'{promise}"0.5"': f'{promise}"0.05"'})
    said = shown("run", "--yes", "--fund", fund)
    assert said.code == 1
    assert "blocked" in said.out
    assert "max-turnover" in said.out
    assert "fills" not in said.out


def holds_a_seal(line: str) -> bool:
    """A seal is one word, to be copied whole."""
    return re.search(r"[0-9a-f]{64}", line) is not None


@pytest.mark.parametrize("width", [80, 120])
def test_the_help_of_every_command_fits_the_screen(width: int) -> None:
    for command in ([], ["run"], ["report"], ["reconcile"], ["init"], ["demo"]):
        assert [line for line in shown(*command, "--help", width=width).out.splitlines() if len(line) > width] == []


def test_a_run_is_told_within_the_width_of_the_screen(tmp_path: Path) -> None:
    said = shown("run", "--yes", "--fund", make_fund(tmp_path))
    assert said.code == 0
    assert [line for line in (said.out + said.err).splitlines() if len(line) > 80] == []


def test_a_hold_says_so_and_shows_no_legs(done: Path) -> None:
    said = shown("plan", "--fund", done)
    assert said.code == 0
    assert said.out.startswith("Hold: ")
    assert "Wave" not in said.out
    assert "Checks" not in said.out
    assert "Next: nothing to do" in said.out


def test_sentences_keep_their_indentation_where_they_go_on(done: Path) -> None:
    lines = shown("explain", "--fund", done, width=60).out.splitlines()
    places = [n for n, line in enumerate(lines) if line.startswith("  ") and not line.startswith("    ")]
    assert any(lines[n + 1].startswith("    ") for n in places)


def test_each_amount_of_the_close_is_whole_at_every_width(done: Path) -> None:
    narrow, wide = shown("reconcile", "--fund", done, width=60).out, shown("reconcile", "--fund", done, width=200).out
    figures = set(re.findall(r"\d[\d,]*\.\d{6,}", wide))
    assert len(figures) > 3
    assert figures <= set(re.findall(r"\d[\d,]*\.\d{6,}", narrow))


def test_verbose_names_the_files_and_every_finding(done: Path, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    brief, full = shown("plan", "--fund", fund), shown("plan", "-v", "--fund", fund)
    assert "BTC, 7 others" in brief.out
    assert full.out.count("max-asset") == 8
    assert str(fund) in full.err
    assert "opened" in shown("show", "--fund", done).out
    assert '"terms_hash"' in shown("show", "-v", "--fund", done).out
