"""The one style that all screens share: tables of plain figures, and sentences broken at the width of the terminal.

Nothing is wider than the screen and no figure is ever broken: sentences wrap, and columns that do not fit go on
below, with the first column said again.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rich.console import Console, ConsoleOptions
from rich.text import Text

GAP = 2
NARROWEST = 24
"""A column of sentences with less room than this goes under its row instead."""
UNDER = 4
"""How far a note under its row is indented."""


class Screen(Console):
    """A console that leaves a broken pipe to its caller, who knows the exit code."""

    def on_broken_pipe(self) -> None:
        """Tell the caller."""
        raise BrokenPipeError


@dataclass(frozen=True)
class Column:
    """One column: figures stand right, words left; a unit stands close behind its figure; a note may wrap."""

    title: str
    kind: str

    @property
    def right(self) -> bool:
        """Whether its cells end at the same place."""
        return self.kind == "right"


@dataclass
class Table:
    """A table that fits the screen whatever its width."""

    columns: tuple[Column, ...]
    title: str = ""
    rows: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    def add_row(self, *cells: str, style: str = "") -> None:
        """Add one row: a cell for each column."""
        assert len(cells) == len(self.columns), "a row has a cell for each column"
        self.rows.append((cells, style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """The lines, for a terminal of this width."""
        if self.title:
            yield Text(self.title, "bold", no_wrap=True)
        for place, chosen in enumerate(_blocks(self, options.max_width)):
            if place:
                yield Text()
            yield from _lines(self, chosen, options.max_width)


def table(*columns: tuple[str, str], title: str = "") -> Table:
    """A table; each column is a title and `left`, `right`, `unit` (close to the figure before it) or `note`."""
    made = tuple(Column(name, kind) for name, kind in columns)
    assert not any(c.kind == "note" for c in made[:-1]), "a note is the last column"
    return Table(made, title)


def wrapped(text: str, width: int) -> str:
    """Sentences broken at a width; each keeps its indentation, and goes on two columns further in."""
    return "\n".join(_wrapped(line, width) for line in text.splitlines())


def _wrapped(line: str, width: int) -> str:
    start = line[: len(line) - len(line.lstrip())]
    further = f"{start}  "
    broken = textwrap.wrap(line, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
    return "\n".join(broken)


@dataclass
class Sentence:
    """One sentence that wraps with its continuation indented; the beginning may be bold."""

    text: str
    style: str = ""
    lead: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """The lines, for a terminal of this width."""
        lines = Text(wrapped(self.lead + self.text, options.max_width), self.style, no_wrap=True, overflow="ignore")
        lines.stylize("bold", 0, len(self.lead))
        yield lines


def _widths(shown: Table) -> list[int]:
    cells = [[column.title, *(row[place] for row, _ in shown.rows)] for place, column in enumerate(shown.columns)]
    return [max(map(len, column)) for column in cells]


def _spaces(columns: Sequence[Column]) -> list[int]:
    """The space before each column: none before the first, one before a unit."""
    return [0, *(1 if column.kind == "unit" else GAP for _, column in pairwise(columns))]


def _blocks(shown: Table, width: int) -> list[list[int]]:
    """Which columns stand side by side; the first column begins each block, a unit stays with its figure."""
    widths, spaces = _widths(shown), _spaces(shown.columns)
    blocks: list[list[int]] = [[0]]
    used = widths[0]
    for group in _groups(shown.columns):
        note = shown.columns[group[0]].kind == "note"
        wanted = sum(widths[place] + spaces[place] for place in group)
        if used + wanted > width and len(blocks[-1]) > 1 and not note:
            blocks.append([0])
            used = widths[0]
        blocks[-1] += group
        used += wanted
    return blocks


def _groups(columns: Sequence[Column]) -> list[list[int]]:
    groups: list[list[int]] = []
    for place, column in enumerate(columns):
        if column.kind == "unit":
            groups[-1].append(place)
        elif place:
            groups.append([place])
    return groups


def _lines(shown: Table, chosen: Sequence[int], width: int) -> Iterator[Text]:
    columns = [shown.columns[place] for place in chosen]
    widths = [_widths(shown)[place] for place in chosen]
    noted = columns[-1].kind == "note"
    before = sum(widths[:-1]) + sum(_spaces(columns)) if noted else 0
    below = noted and before + _least(shown, width - UNDER) > width
    if noted:
        widths[-1] = min(widths[-1], width - (UNDER if below else before))
    heads = columns[:-1] if below else columns
    total = min(width, sum(widths[: len(heads)]) + sum(_spaces(heads)))
    yield Text(_row([c.title for c in heads], heads, widths), "bold", no_wrap=True)
    yield Text("─" * total, "dim", no_wrap=True)
    for cells, style in shown.rows:
        row = [cells[place] for place in chosen]
        for line in _below(row, columns, widths) if below else _beside(row, columns, widths):
            yield Text(line, style, no_wrap=True)


def _least(shown: Table, most: int) -> int:
    """The room that a note needs beside its row: for some words, and for the longest that fits the screen at all."""
    longest = max((len(word) for row, _ in shown.rows for word in row[-1].split()), default=0)
    return max(min(_widths(shown)[-1], NARROWEST), longest if longest <= most else 0)


def _beside(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    """A row with its note to the right; what the note goes on with has nothing before it."""
    notes = _note(row[-1], widths[-1]) if columns[-1].kind == "note" else [row[-1]]
    for place, note in enumerate(notes):
        yield _row([*(row[:-1] if not place else [""] * (len(row) - 1)), note], columns, widths)


def _below(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    """A row with its note under it."""
    yield _row(row[:-1], columns[:-1], widths)
    yield from (" " * UNDER + note for note in _note(row[-1], widths[-1]) if note)


def _note(text: str, width: int) -> list[str]:
    """A note in lines; a word longer than the room is broken, since it is no figure."""
    lines = [wrapped for line in text.splitlines() for wrapped in textwrap.wrap(line, width, break_on_hyphens=False)]
    return lines or [""]


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    spaces = _spaces(columns)
    padded = (
        " " * space + (cell.rjust(size) if column.right else cell.ljust(size))
        for cell, column, size, space in zip(cells, columns, widths, spaces, strict=False)
    )
    return "".join(padded).rstrip()
