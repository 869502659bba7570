"""The glossary and the code use the same words: a row names the type that means it, and a noun has a row."""

import importlib
import pkgutil
import re

import pytest

from tests.house.source import ROOT
from trimtab import model, ports

HOMES = [
    ports,
    *(importlib.import_module(f"trimtab.model.{part.name}") for part in pkgutil.iter_modules(model.__path__)),
]
ROW = re.compile(
    r"^\| (?P<word>[^|]+?) +\| (?P<means>[^|]+?) +\| (?P<not_>[^|]*?) *\| (?P<type>[^|]+?) +\|$", re.MULTILINE
)


def rows() -> list[re.Match[str]]:
    text = (ROOT / "docs" / "glossary.md").read_text()
    return [row for row in ROW.finditer(text) if row["word"] != "word" and not row["word"].startswith("--")]


def types_named() -> set[str]:
    return {name for row in rows() for name in re.findall(r"`(\w+)`", row["type"])}


def types_there() -> set[str]:
    """The public types that the nouns and the ports are made of; Noun itself is no word of the trade."""
    things = [
        thing for home in HOMES for thing in vars(home).values() if getattr(thing, "__module__", "") == home.__name__
    ]
    return {thing.__name__ for thing in things if isinstance(thing, type) and not thing.__name__.startswith("_")} - {
        "Noun"
    }


def test_each_row_names_its_type_or_says_that_it_is_a_number_or_comes_later() -> None:
    said = [row["word"] for row in rows() if not re.fullmatch(r"(`\w+`(, `\w+`)*|\(number\)|\(later\))", row["type"])]
    assert len(rows()) > 40
    assert said == []


def test_each_type_that_the_glossary_names_exists() -> None:
    assert types_named() - types_there() == set()


def test_each_type_of_the_nouns_and_the_ports_has_a_row() -> None:
    assert types_there() - types_named() == set()


@pytest.mark.parametrize("word", ["owed", "withdrawable", "managed", "rights", "remainder", "flow", "book mark"])
def test_what_will_come_already_has_its_word(word: str) -> None:
    assert word in {row["word"] for row in rows()}
