"""A ledger that someone has changed: what each command says, its exit code, and that nothing is acted on by mistake."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.funds import change, make_fund, on
from tests.scenarios.test_processes import orders
from trimtab import api
from trimtab.record import seal

Row = list[Any]
COMMANDS = (
    ("verify",),
    ("replay", "1"),
    ("replay", "last"),
    ("report", "--format", "csv"),
    ("cycles",),
    ("show", "last"),
    ("explain", "last"),
    ("doctor",),
    ("state",),
    ("plan",),
    ("reconcile",),
    ("run", "--yes"),
)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund after one cycle that traded and one that held."""
    fund = make_fund(tmp_path_factory.mktemp("done"))
    assert [on(fund, "run", "--yes").code for _ in range(2)] == [0, 0]
    return fund


@pytest.fixture
def fund(done: Path, tmp_path: Path) -> Path:
    shutil.copytree(done.parent, tmp_path / "copy")
    return tmp_path / "copy" / done.name


def rows(fund: Path) -> list[Row]:
    with sqlite3.connect(fund.with_name("paper.db")) as db:
        found = [list(row) for row in db.execute("SELECT * FROM entries ORDER BY seq")]
    db.close()
    return found


def store(fund: Path, written: list[Row]) -> None:
    """Put these rows in the place of all that were there."""
    with sqlite3.connect(fund.with_name("paper.db")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM entries")
        db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", written)
    db.close()


def chained(written: list[Row]) -> list[Row]:
    """The rows with numbers and hashes made anew, as a forger would."""
    prev, made = seal.START, []
    for seq, row in enumerate(written, start=1):
        columns = (seq, *row[1:7], prev)
        prev = seal.link(columns)
        made.append([*columns, prev])
    return made


def dearer(written: list[Row]) -> tuple[list[Row], int]:
    """The first fill's price changed in its body, and the entry's number."""
    row = next(row for row in written if row[3] == "happened" and b'"price":"' in row[6])
    before, _, after = row[6].partition(b'"price":"')
    row[6] = before + b'"price":"' + (b"1" if after[:1] != b"1" else b"2") + after[1:]
    return written, row[0]


def seals(fund: Path) -> list[str]:
    return fund.with_name("seals.txt").read_text().split()


def test_a_changed_price_of_a_fill_is_named_by_verify_and_by_replay(fund: Path) -> None:
    written, number = dearer(rows(fund))
    store(fund, written)
    said = on(fund, "verify")
    assert said.code == 1
    assert said.out.count(f"Entry {number} was changed") == said.out.casefold().count(f"entry {number}") == 1
    assert said.out.splitlines()[-1].startswith("Seals prove nothing about a chain that does not hold")
    assert on(fund, "verify", "--head", seals(fund)[0]).code == 1
    assert on(fund, "replay", "1").code == 1
    assert on(fund, "replay", "2").code == 0


def test_nothing_acts_on_a_ledger_whose_past_was_changed(fund: Path) -> None:
    written, number = dearer(rows(fund))
    store(fund, written)
    taken = len(orders(fund))
    said = on(fund, "run", "--yes", "--because", "now")
    assert said.code == 2
    assert f"entry {number} was changed" in said.err
    assert len(orders(fund)) == taken
    assert on(fund, "doctor").code == 1


@pytest.mark.parametrize("form", ["html", "csv", "json"])
def test_a_report_of_a_changed_ledger_says_so_and_names_the_entry(form: str, fund: Path) -> None:
    told = "was changed: its columns do not have its hash"
    assert told not in on(fund, "report", "--format", form).out
    written, number = dearer(rows(fund))
    store(fund, written)
    assert f"ntry {number} {told}" in on(fund, "report", "--format", form).out


def test_a_whole_chain_made_anew_is_seen_by_a_seal_and_by_replay(fund: Path) -> None:
    written, _ = dearer(rows(fund))
    store(fund, chained(written))
    for arguments in ((), ("--head", seals(fund)[0])):
        said = on(fund, "verify", *arguments)
        assert said.code == 1
        assert f"Line 1 of the seals: entry {seals(fund)[0].partition(':')[0]} is not the one that was" in said.out
        assert "Line 2 of the seals: entry" in said.out
        assert said.out.splitlines()[-1].startswith("The ledger and its seals do not agree")
    assert on(fund, "replay", "1").code == 1
    fund.with_name("seals.txt").unlink()
    said = on(fund, "verify")
    assert said.code == 0
    assert "no seal was given" in said.out.casefold()


def test_a_tail_that_was_cut_off_is_seen_by_the_seals_and_named(fund: Path) -> None:
    first, last = seals(fund)
    store(fund, [row for row in rows(fund) if row[2] != "2"])
    said = on(fund, "verify", "--head", first)
    assert said.code == 1
    assert f"Line 2 of the seals: entry {last.partition(':')[0]} was sealed and is not there" in said.out
    assert "The seal that was given" not in said.out, "the given one is"
    assert on(fund, "verify", "--head", last).code == 1


def test_swapped_entries_are_both_named(fund: Path) -> None:
    written = rows(fund)
    first, second = written[19], written[20]
    first[0], second[0] = second[0], first[0]
    store(fund, written)
    said = on(fund, "verify")
    assert said.code == 1
    assert "Entry 20 was changed" in said.out
    assert "Entry 21 was changed" in said.out
    assert on(fund, "replay", "1").code == 1


def test_an_entry_put_in_the_midst_is_named(fund: Path) -> None:
    written = rows(fund)
    strange = [11, *written[10][1:]]
    store(fund, [*written[:10], strange, *([row[0] + 1, *row[1:]] for row in written[10:])])
    said = on(fund, "verify")
    assert said.code == 1
    assert "Entry 12 was changed" in said.out


@pytest.mark.parametrize("gone", ["ended", "reconciled", "valued", "observed", "planned"])
def test_a_cycle_robbed_of_an_entry_does_not_replay_even_in_a_chain_made_anew(gone: str, fund: Path) -> None:
    written = rows(fund)
    lost = [row for row in written if row[2] == "1" and row[3] == gone][-1]
    written.remove(lost)
    store(fund, chained(written))
    said = on(fund, "replay", "1")
    assert said.code == 1, said.out
    assert gone in said.out


def test_an_end_that_does_not_follow_from_the_run_is_named(fund: Path) -> None:
    written = rows(fund)
    end = next(row for row in written if row[3] == "closed")
    end[6] = end[6].replace(b"28 fills", b"82 fills")
    store(fund, chained(written))
    said = on(fund, "replay", "1")
    assert said.code == 1
    assert "closed" in said.out


Spoiler = Callable[[Row], None]


def spoilt(column: int, value: object) -> Spoiler:
    def spoil(row: Row) -> None:
        row[column] = value

    return spoil


SPOILT = {
    "a body that is no JSON": spoilt(6, b"{not json"),
    "a body without its fields": spoilt(6, b"{}"),
    "a body stored as text": spoilt(6, "{}"),
    "an unknown kind": spoilt(3, "voted"),
    "a time that is none": spoilt(1, "yesterday"),
    "a kind that is no text": spoilt(3, b"\xff"),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_last_entry_ends_no_command_with_a_traceback(what: str, command: tuple[str, ...], fund: Path) -> None:
    written = rows(fund)
    SPOILT[what](written[-1])
    store(fund, written)
    said = on(fund, *command)  # It raises where a command ends with a traceback.
    number = written[-1][0]
    if command == ("verify",):
        assert said.code == 1
    if command[0] == "run":
        assert said.code == 2
        assert "sealed last" in said.err or f"entry {number}" in said.err
    elif said.code == 2:
        assert f"entry {number}" in said.err


def test_an_old_copy_of_the_ledger_is_not_acted_on(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "halt", "--because", "a rumour").code == 0
    assert on(fund, "resume", "--because", "it was nothing").code == 0
    kept = rows(fund)
    assert on(fund, "run", "--yes").code == 0
    taken = len(orders(fund))
    store(fund, kept)
    change(fund, {'BTC = { weight = "0.35"': 'BTC = { weight = "0.15"'})
    change(fund, {'ETH = { weight = "0.25"': 'ETH = { weight = "0.45"'})

    said = on(fund, "run", "--yes")

    assert said.code == 2
    assert "sealed last" in " ".join(said.err.split())
    assert len(orders(fund)) == taken
    assert max(Counter(p.order.id for p in orders(fund)).values()) == 1
    assert on(fund, "doctor").code == 1


def delete(fund: Path) -> None:
    for file in fund.parent.glob("paper.db*"):
        file.unlink()


def test_a_ledger_that_was_deleted_is_not_begun_anew_beside_its_seals(fund: Path) -> None:
    delete(fund)
    assert on(fund, "run", "--yes", "--because", "now").code == 2
    assert on(fund, "halt", "--because", "what is this").code == 2
    assert not fund.with_name("paper.db").exists()
    fund.with_name("seals.txt").unlink()
    assert on(fund, "run", "--yes").code == 0


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] not in ("verify", "doctor", "state", "plan")])
def test_a_ledger_that_was_deleted_is_missed_by_every_command_that_reads_it(
    command: tuple[str, ...], fund: Path
) -> None:
    number = seals(fund)[-1].partition(":")[0]
    delete(fund)
    said = on(fund, *command)
    assert said.code == 2
    assert f"was sealed up to entry {number}, and there is none" in " ".join(said.err.split())
    assert "no cycle has run" not in said.err + said.out


@pytest.mark.parametrize("kept", ["in the file", "given"])
def test_verify_says_of_a_ledger_that_was_deleted_that_it_was_sealed_and_is_gone(kept: str, fund: Path) -> None:
    last = seals(fund)[-1]
    delete(fund)
    if kept == "given":
        fund.with_name("seals.txt").unlink()
    said = on(fund, "verify", *(["--head", last] if kept == "given" else []))
    assert said.code == 1
    assert f"was sealed up to entry {last.partition(':')[0]}, and there is none" in " ".join(said.out.split())
    assert said.out.splitlines()[-1] == "What was sealed is gone"
    assert "trimtab run" not in said.out + said.err
    assert json.loads(on(fund, "verify", "--json", "--head", last).out)["entries"] == 0


def test_any_line_of_the_seals_that_the_ledger_does_not_meet_is_named(fund: Path) -> None:
    first, last = seals(fund)
    number = first.partition(":")[0]
    fund.with_name("seals.txt").write_text(f"{number}:{'0' * 64}\n{last}\n")
    said = on(fund, "verify")
    assert said.code == 1
    assert f"Line 1 of the seals: entry {number} is not the one that was sealed" in said.out
    assert said.out.casefold().count(f"entry {number}") == 1
    fund.with_name("seals.txt").write_text(f"{last}\n{first}\n")
    said = on(fund, "verify")
    assert said.code == 1
    assert "Line 2 of the seals" in said.out
    assert "lines were moved" in said.out
    assert on(fund, "run", "--yes").code == 0, "the latest seal is met"


@pytest.mark.parametrize("lever", ["halt", "resume"])
def test_a_lever_pulled_before_the_first_cycle_cannot_be_lost_unseen(lever: str, tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    assert on(fund, "halt", "--because", "a rumour").code == 0
    before = rows(fund)
    if lever == "resume":
        assert on(fund, "resume", "--because", "it was nothing").code == 0
        store(fund, before)
    else:
        delete(fund)
    assert on(fund, "run", "--yes").code == 2
    assert on(fund, "verify").code == 1
    assert not orders(fund)


def test_each_lever_is_sealed_and_the_cycles_seals_follow_in_order(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    for lever in ("halt", "resume"):
        assert on(fund, lever, "--because", "a drill").code == 0
    assert on(fund, "run", "--yes").code == 0
    assert on(fund, "reconcile", "--accept", "main", "--because", "a drill").code == 0
    numbers = [int(line.partition(":")[0]) for line in seals(fund)]
    assert numbers[:2] == [2, 3]
    assert len(numbers) == 4
    assert numbers == sorted(numbers)
    assert on(fund, "verify").code == 0


def test_a_seal_cut_short_by_a_crash_stops_nobody(fund: Path) -> None:
    with fund.with_name("seals.txt").open("a") as file:
        file.write("37:ab")
    assert on(fund, "verify").code == 0
    assert on(fund, "run", "--yes").code == 0
    assert json.loads(on(fund, "verify", "--json").out)["sealed"]
    assert not api.verify(api.load_settings(fund), None).faults


def test_stored_plans_are_checked_without_a_solver(fund: Path) -> None:
    said = on(fund, "verify", "--plans")
    assert said.code == 0
    assert "1 plan holds by the certificate" in said.out


def test_a_plan_forged_with_a_better_bound_is_found_by_its_own_numbers_in_a_chain_made_anew(fund: Path) -> None:
    written = rows(fund)
    row = next(row for row in written if row[3] == "planned")
    plan = json.loads(row[6])
    row[6] = json.dumps({**plan, "bound": plan["costs"]["fee"]}, sort_keys=True, separators=(",", ":")).encode()
    store(fund, chained(written))
    fund.with_name("seals.txt").unlink()

    said = on(fund, "verify", "--plans", "--json")

    assert said.code == 1
    found = json.loads(said.out)
    assert found["faults"] == []
    assert [(plan["cycle"], plan["faults"]) for plan in found["plans"]] == [
        ("1", ["bound: the plan says other than its legs and inputs give"])
    ]
    assert on(fund, "verify").code == 0
