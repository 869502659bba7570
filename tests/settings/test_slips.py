"""A line that is not TOML is answered with what was meant, and never repeats what may be a secret."""

import tomllib
from pathlib import Path

import pytest

from tests.fundfile import GOOD, mistakes
from trimtab.settings import slips

MEANT = {
    "SOL = 12%": 'SOL = "0.12"',
    'SOL = "12%': 'SOL = "0.12"',
    "SOL = 0,12": 'SOL = "0.12"',
    "limit = 1,250,000": "limit = 1250000",
    "duration_s = 240s": "duration_s = 240",
    "limit = $20": "limit = 20",
    "band = .4": 'band = "0.4"',
    "id = alpha": 'text stands in quotes: id = "…"',
    'id = "alpha': "the quote at the end of the text is missing",
    'SOL == "0.4"': "one = stands between",
    "SOL = = 0.4": "one = stands between",
    "a = 1 b = 2": "a line of its own",
    "SOL: 0.4": "joined by =",
    "SOL = \N{LEFT DOUBLE QUOTATION MARK}0.4\N{RIGHT DOUBLE QUOTATION MARK}": "quotes are straight",
    "SOL\N{NO-BREAK SPACE}= 0.4": "an invisible character",
    "[targets.weights": "the ] is missing",
    "[[mandate.clause]": "two brackets on each side",
    "[targets weights]": "joined by dots",
    'SOL = { weight = "0.35", }': "no comma stands before a }",
    'SOL = { weight = "0.35",': "on one line",
    'SOL = "0.4",': "no comma or semicolon",
    "// a note": "a comment begins with #",
    "on = True": "on = true",
    "key = None": "is left out",
    'key = "file:C:\\keys\\main"': "a backslash is written twice",
    "from = 01": "2026-01-05T07:00:00Z",
    "just words": "a line is a key and its value",
}


@pytest.mark.parametrize("line", MEANT)
def test_a_slip_is_answered_with_what_was_meant(line: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(line + "\n")
    assert MEANT[line] in slips.right(line)


@pytest.mark.parametrize(
    "line", ["secret = 12345abc", "key = 0.12345%", "secret = 12,345", 'key = "12345', "key = 12345x"]
)
def test_what_may_be_a_secret_is_never_repeated(line: str) -> None:
    assert slips.right(line)
    assert "12" not in slips.right(line)


def test_the_answer_names_the_line_of_the_file(tmp_path: Path) -> None:
    assert mistakes(tmp_path, GOOD.replace("USDT = 0.4", "USDT = 40%")) == (
        'line 17: not TOML: a share is written as a part of one: USDT = "0.4"',
    )


def test_a_list_that_nobody_closed_is_looked_for_above(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, '[prices]\nsources = [\n "north"\n "south"\n]\n')
    assert told.startswith("line 4: not TOML: a list that begins here or above lacks a comma")


def test_where_nobody_can_guess_the_parser_speaks(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "= 4\n") == ("line 1: not TOML: Invalid statement",)


def test_a_slip_in_the_world_is_told_as_one_in_the_fund(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("speed = 30x\n")
    (told,) = mistakes(tmp_path, GOOD)
    assert told.startswith("venues.north.world: paper.toml, line 1: not TOML: a number stands alone")
    assert told.endswith("speed = 30")
