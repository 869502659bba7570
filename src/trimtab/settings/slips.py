"""What a person most likely meant by a line that is not TOML: a parser knows only what it did not expect.

A line may hold a key that was pasted without its quotes, so only figures and names are ever repeated, never text.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from trimtab.units import ZERO, canon, divide, plain

KEY: Final = r"""^\s*(?P<key>[A-Za-z0-9_."'-]+)\s*"""
COUNTED: Final = KEY.replace("(?P<key>", r"(?!(key|secret|store)\b)(?P<key>")
FIGURE: Final = r"""["']?(?P<figure>[+-]?[\d_]*\.?\d+)"""
COMMENT: Final = r"\s*(#.*)?$"
DOTS: Final = '"…"'
HUNDRED: Final = Decimal(100)

Told = Callable[[re.Match[str]], str]


def _share(found: re.Match[str]) -> str:
    part = plain(canon(divide(Decimal(found["figure"].replace("_", "")), HUNDRED)))
    return f'a share is written as a part of one: {found["key"]} = "{part}"'


def _comma(found: re.Match[str]) -> str:
    whole, part = found["whole"].replace(",", ""), found["part"]
    if len(part) == 3 and whole.strip("+-0"):
        return f"numbers are written without commas: {found['key']} = {whole}{part}"
    return f'decimals stand behind a point: {found["key"]} = "{whole or ZERO}.{part}"'


def _alone(found: re.Match[str]) -> str:
    return f"a number stands alone, since the key says its unit: {found['key']} = {found['figure']}"


def _zero(found: re.Match[str]) -> str:
    return f'a number begins with a digit: {found["key"]} = "0{found["figure"]}"'


def _said(words: str) -> Told:
    return lambda found: words.replace("KEY", found.groupdict().get("key") or "KEY").replace("DOTS", DOTS)


SLIPS: Final[tuple[tuple[str, Told], ...]] = (
    (r"[\u00a0\u200b\u2007\u202f\ufeff]", _said("it holds an invisible character that is no space; type it again")),
    (r"[\u2018-\u201f]", _said('quotes are straight: "…", as they are typed, not “…”')),
    (r"^\s*(//|;|--|/\*)", _said("a comment begins with #")),
    (r"^\s*\[\[[^\]]*\](?!\])", _said("a table that may be repeated stands in two brackets on each side: [[name]]")),
    (r"^\s*\[[^\]]*$", _said("a table's name stands between brackets: the ] is missing")),
    (r"^\s*\[+[^\]\"']*\s[^\]\"']*\]", _said("a table's name has no spaces; its parts are joined by dots: [a.b]")),
    (r"^\s*\[.*\]+\s*[^\s#]", _said("nothing but a comment stands behind a table's name; its keys follow below")),
    (rf"{KEY}(=\s*=|:=|=>|->)", _said("one = stands between a key and its value: KEY = DOTS")),
    (rf"{KEY}:", _said("a key and its value are joined by =: KEY = DOTS")),
    (rf"{KEY}={COMMENT}", _said("its value is missing: KEY = DOTS")),
    (rf"{COUNTED}=\s*{FIGURE}\s*%", _share),
    (rf"{COUNTED}=\s*(?P<whole>[+-]?\d[\d,]*),(?P<part>\d+){COMMENT}", _comma),
    (rf"{COUNTED}=\s*[$€£]\s*{FIGURE}", _alone),
    (rf"{COUNTED}=\s*(?P<figure>\d[\d_]*(\.\d+)?)\s*[A-Za-z]{{1,12}}{COMMENT}", _alone),
    (rf"{COUNTED}=\s*(?P<figure>\.\d+){COMMENT}", _zero),
    (rf"{KEY}=\s*(True|TRUE|yes|on){COMMENT}", _said("yes is written true: KEY = true")),
    (rf"{KEY}=\s*(False|FALSE|no|off){COMMENT}", _said("no is written false: KEY = false")),
    (rf"{KEY}=\s*(None|null|nil|none){COMMENT}", _said("what has no value is left out; remove the line")),
    (rf"{KEY}=\s*[+-]?0\d", _said("a number has no zeros before it, and an instant is written 2026-01-05T07:00:00Z")),
    (rf"{KEY}=[^\"'#{{]*=", _said("each key stands on a line of its own, with one = and its value")),
    (r"=[^#]*\{[^}]*,\s*\}", _said("no comma stands before a }")),
    (r"=[^#]*\{[^}]*$", _said("all that stands between { and } is on one line, the } too")),
    (rf"{KEY}=[^#]*[;,]{COMMENT}", _said("no comma or semicolon stands at the end of a line")),
    (rf"{KEY}=\s*(\"[^\"]*|'[^']*)$", _said("the quote at the end of the text is missing: KEY = DOTS")),
    (r"=[^#]*\"[^\"]*\\[^\"]*\"", _said("in \"…\" a backslash is written twice; in '…' it stands for itself")),
    (rf"{KEY}=\s*\[[^\]]*\][^#\s]", _said("nothing but a comment stands behind a list")),
    (rf"{KEY}=\s*\[", _said("a list has a comma between its items and a ] at its end")),
    (rf"{KEY}=\s*[^\"'\d\s{{\[+-]", _said("text stands in quotes: KEY = DOTS")),
    (rf"{KEY}=", _said("text stands in quotes, a number alone, and nothing but a comment behind: KEY = DOTS")),
    (r"^\s*\S+(\s+\S+)+\s*=", _said("a name has no spaces")),
    (r"^[^=]*$", _said('a line is a key and its value (id = "alpha"), a [table], or # a comment')),
)
"""What a line looks like, and what would be right; the first that fits tells."""


UNCLOSED: Final = (
    ("Unclosed array", "a list that begins here or above lacks a comma between its items, or its ]"),
    ("Unterminated string", "a text that begins above lacks its closing quotes"),
    ('Expected "', "a text that begins above lacks its closing quotes"),
)
"""What a parser notices only further down than where it is wrong."""


def unclosed(said: str) -> str:
    """What would be right where a parser missed the end of something; empty where it missed nothing."""
    return next((told for beginning, told in UNCLOSED if said.startswith(beginning)), "")


def right(line: str) -> str:
    """What would be right instead of a line that a parser refused; empty where nobody can guess."""
    for pattern, told in SLIPS:
        if found := re.search(pattern, line):
            return told(found)
    return ""
