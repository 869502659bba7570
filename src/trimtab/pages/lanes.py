"""The drawing of a plan: a lane for each account, a column for each wave, and below them weights and doubts.

Everything stands on whole pixels and text is measured by a table of our own, so that no font and no machine changes
a byte. Colours are told apart by the colour-blind, and shapes say the same in black and white.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from html import escape
from typing import Final, NamedTuple

from trimtab import units
from trimtab.pages import words

CELL: Final = 270
"""Width of a leg's box."""
LANDING: Final = 230
"""Width of the box in which a transfer arrives."""
TALL: Final = 94
ROW: Final = TALL + 12
NAMES: Final = 150
"""Width of the accounts' names."""
MARGIN: Final = 24
GAP: Final = 44
"""Between two waves, where lines of waiting are drawn."""
TRACK: Final = 10
"""Between two arrows that go down or up side by side."""
LEAST_WIDTH: Final = 960
LINE: Final = 18
BAR: Final = 340

COLUMNS: Final = (MARGIN, MARGIN + 150, MARGIN + 240, MARGIN + 330)
SCALE: Final = MARGIN + 510
"""Where bars of weights begin."""

INK: Final = "#1a1a1a"
SOFT: Final = "#595959"
RULE: Final = "#bdbdbd"
DASHED: Final = f'fill="none" stroke="{SOFT}" stroke-dasharray="4 3" marker-end="url(#tip)"'
MARKS: Final = (
    f'<defs><marker id="head" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="5" markerHeight="5" orient="auto">'
    f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker>'
    f'<marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    f'<path d="M0 1L7 4L0 7z" fill="{SOFT}"/></marker></defs>'
)
DOTS: Final = "\N{HORIZONTAL ELLIPSIS}"
LEGEND: Final = (
    "Full bar: sell. Hollow bar: buy. Thick arrow: money sent between accounts. Dashed line: waits for. "
    "Legs of a wave may run together; costs are predicted."
)


class Kind(StrEnum):
    """What a leg does; its value is its colour."""

    SELL = "#d55e00"
    BUY = "#0072b2"
    SEND = "#333333"


class Step(NamedTuple):
    """A leg as it is drawn: four lines in the lane of its account; a transfer also arrives in another lane."""

    id: str
    wave: int
    account: str
    kind: Kind
    lines: tuple[str, ...]
    needs: tuple[str, ...]
    told: str
    target: str | None = None
    arrives: tuple[str, ...] = ()


class Share(NamedTuple):
    """An asset by weight: before, after (None where nothing is after), and its range (None: whatever is left)."""

    asset: str
    before: Decimal
    after: Decimal | None
    low: Decimal | None
    high: Decimal | None


class Sheet(NamedTuple):
    """Everything on a picture, in words, sorted as it is drawn."""

    title: str
    status: str
    facts: tuple[tuple[str, str], ...]
    accounts: tuple[str, ...]
    steps: tuple[Step, ...]
    shares: tuple[Share, ...]
    doubts: tuple[str, ...]
    possible: bool


class Spot(NamedTuple):
    """The top left corner of a box, and its width."""

    x: int
    y: int
    width: int

    @property
    def middle(self) -> int:
        """Half way down."""
        return self.y + TALL // 2


class Section(NamedTuple):
    """A part of the picture and where it ends."""

    parts: tuple[str, ...]
    bottom: int


class Column(NamedTuple):
    """A wave: where its boxes begin, its transfers, where these arrive, and where it ends."""

    wave: int
    x: int
    sends: tuple[str, ...]
    landing: int
    end: int


class Layout(NamedTuple):
    """Where everything stands."""

    columns: tuple[Column, ...]
    lanes: tuple[tuple[str, int, int], ...]
    starts: dict[str, Spot]
    landings: dict[str, Spot]
    width: int
    bottom: int


@units.under_context
def svg(sheet: Sheet) -> str:
    """The picture as one document that needs nothing else."""
    head = _head(sheet)
    layout = _laid_out(sheet, head.bottom)
    width = max(LEAST_WIDTH, layout.width)
    sections = [head]
    if sheet.steps:
        sections.append(_legs(sheet, layout, width))
    sections.append(_doubts(sheet, sections[-1].bottom, width))
    sections.append(_shares(sheet, sections[-1].bottom))
    inside = "\n".join(part for section in sections for part in section.parts)
    height = sections[-1].bottom + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" font-family="Helvetica, Arial, sans-serif" font-size="12">\n'
        f"<title>{_safe(sheet.title)}</title>\n{MARKS}\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{inside}\n</svg>\n'
    )


def _head(sheet: Sheet) -> Section:
    """The title, how good the plan is, and its figures."""
    room = LEAST_WIDTH - 2 * MARGIN
    parts = [_text(MARGIN, 38, sheet.title, size=20, bold=True, room=room)]
    parts.append(_text(MARGIN, 60, f"Status: {sheet.status}", SOFT, 13, room=room))
    for row, (name, said) in enumerate(sheet.facts):
        y = 84 + LINE * row
        parts += [_text(MARGIN, y, name, SOFT), _text(MARGIN + 160, y, said, bold=not row, room=room - 160)]
    return Section(tuple(parts), 84 + LINE * len(sheet.facts))


def _laid_out(sheet: Sheet, top: int) -> Layout:
    """Give each box its place: rows within a lane are counted for each wave, so that boxes never meet."""
    columns = _columns(sheet)
    cells: dict[tuple[str, int, bool], list[str]] = {}
    for step in sheet.steps:
        cells.setdefault((step.account, step.wave, False), []).append(step.id)
        if step.target is not None:
            cells.setdefault((step.target, step.wave, True), []).append(step.id)
    rows, y = [], top + 34
    for account in sheet.accounts:
        tallest = max((len(ids) for (name, _, _), ids in cells.items() if name == account), default=1)
        rows.append((account, y, tallest * ROW + 12))
        y += tallest * ROW + 12
    tops = {account: start for account, start, _ in rows}
    places = {column.wave: column for column in columns}
    starts, landings = {}, {}
    for (account, wave, lands), ids in cells.items():
        for row, leg in enumerate(ids):
            at = tops[account] + 12 + row * ROW
            if lands:
                landings[leg] = Spot(places[wave].landing, at, LANDING)
            else:
                starts[leg] = Spot(places[wave].x, at, CELL)
    return Layout(columns, tuple(rows), starts, landings, columns[-1].end + MARGIN if columns else 0, y)


def _columns(sheet: Sheet) -> tuple[Column, ...]:
    columns: list[Column] = []
    x = MARGIN + NAMES
    for wave in sorted({step.wave for step in sheet.steps}):
        sends = tuple(step.id for step in sheet.steps if step.wave == wave and step.target is not None)
        landing = x + CELL + 24 + TRACK * len(sends)
        end = landing + LANDING if sends else x + CELL
        columns.append(Column(wave, x, sends, landing, end))
        x = end + GAP
    return tuple(columns)


def _legs(sheet: Sheet, layout: Layout, width: int) -> Section:
    """Lanes first, then lines of waiting, then boxes over them, and arrows of money on top."""
    parts: list[str] = []
    for row, (account, y, tall) in enumerate(layout.lanes):
        shade = "#f4f4f4" if row % 2 == 0 else "#ffffff"
        parts.append(f'<rect x="0" y="{y}" width="{width}" height="{tall}" fill="{shade}"/>')
        parts.append(_text(MARGIN, y + 30, account, size=14, bold=True, room=NAMES - 12))
    parts.extend(_text(column.x, layout.lanes[0][1] - 10, f"Wave {column.wave}", SOFT, 13) for column in layout.columns)
    for column in layout.columns[1:]:
        x = column.x - GAP // 2
        parts.append(f'<path d="M{x} {layout.lanes[0][1] - 24}V{layout.bottom}" stroke="{RULE}" fill="none"/>')
    parts.extend(_waits(sheet.steps, layout))
    parts.extend(_box(step, layout) for step in sheet.steps)
    parts.append(_text(MARGIN, layout.bottom + 22, LEGEND, SOFT, 11))
    return Section(tuple(parts), layout.bottom + 30)


def _waits(steps: Sequence[Step], layout: Layout) -> Iterator[str]:
    """A dashed line to each leg from every leg that it waits for."""
    for step in steps:
        end = layout.starts[step.id]
        for need in step.needs:
            start = layout.landings.get(need, layout.starts[need])
            x, to = start.x + start.width, end.x - 6
            bend = x + GAP // 2
            path = f"M{x} {start.middle}C{bend} {start.middle} {to - GAP // 2} {end.middle} {to} {end.middle}"
            yield f'<path class="needs" d="{path}" {DASHED}/>'


def _box(step: Step, layout: Layout) -> str:
    """One leg: its box, and of a transfer its arrow and the box it arrives in."""
    spot = layout.starts[step.id]
    inside = [_frame(spot, step.kind), *_lines(spot, step.lines, step.id)]
    if step.needs:
        inside.append(_text(spot.x + 16, spot.y + 86, f"after {', '.join(step.needs)}", SOFT, 11, room=spot.width - 24))
    if step.target is not None:
        landing = layout.landings[step.id]
        inside += [_arrow(step.id, spot, landing, layout.columns), _frame(landing, step.kind)]
        inside += _lines(landing, step.arrives, step.id)
    return f'<g class="leg"><title>{_safe(step.told)}</title>{"".join(inside)}</g>'


def _frame(spot: Spot, kind: Kind) -> str:
    """A box with a bar at its left: full for what is sold, hollow for what is bought, none for what is sent."""
    box = f'<rect x="{spot.x}" y="{spot.y}" width="{spot.width}" height="{TALL}" rx="4" fill="#ffffff" stroke="{INK}"/>'
    if kind is Kind.SEND:
        return box
    fill = "#ffffff" if kind is Kind.BUY else kind.value
    bar = (
        f'<rect x="{spot.x + 4}" y="{spot.y + 5}" width="5" height="{TALL - 10}" fill="{fill}" stroke="{kind.value}"/>'
    )
    return box + bar


def _lines(spot: Spot, lines: Iterable[str], name: str) -> Iterator[str]:
    shown = _fitted(name, 70, 11)
    yield _text(spot.x + spot.width - 8 - _wide(shown, 11), spot.y + 18, name, SOFT, 11, room=70)
    first = spot.width - 36 - _wide(shown, 11)
    for row, line in enumerate(lines):
        at = spot.y + 18 + row * 17
        yield _text(spot.x + 16, at, line, size=12, bold=not row, room=spot.width - 24 if row else first)


def _arrow(name: str, start: Spot, end: Spot, columns: Sequence[Column]) -> str:
    """Out of a box, down or up on a track of its own, and into another; in and out on different heights."""
    column = next(one for one in columns if name in one.sends)
    track = start.x + CELL + 12 + TRACK * column.sends.index(name)
    path = f"M{start.x + CELL} {start.middle - 8}H{track}V{end.middle + 8}H{end.x - 8}"
    return f'<path class="money" d="{path}" fill="none" stroke="{INK}" stroke-width="2" marker-end="url(#head)"/>'


def _doubts(sheet: Sheet, top: int, width: int) -> Section:
    """Why there is no plan, what it does not reach, or that nothing has to be done."""
    heading = "What it does not reach, and why" if sheet.possible else "Why it cannot be done"
    if not sheet.doubts and not sheet.steps and sheet.possible:
        said = "Nothing has to be done: every target is met already."
        return Section((_text(MARGIN, top + 28, said, size=15, bold=True),), top + 44)
    if not sheet.doubts:
        return Section((), top)
    room = width - 2 * MARGIN - 44
    lines = [
        (line, "" if row else "\N{BULLET}")
        for doubt in sheet.doubts
        for row, line in enumerate(_wrapped(doubt, room, 13))
    ]
    tall = 42 + 20 * len(lines)
    box = (
        f'<rect x="{MARGIN}" y="{top + 12}" width="{width - 2 * MARGIN}" height="{tall}" rx="4" fill="#fff8e5"'
        f' stroke="{INK}" stroke-dasharray="6 3"/>'
    )
    parts = [box, _text(MARGIN + 14, top + 36, heading, size=14, bold=True)]
    for row, (line, bullet) in enumerate(lines):
        y = top + 60 + 20 * row
        parts += [_text(MARGIN + 14, y, bullet, size=13), _text(MARGIN + 28, y, line, size=13)]
    return Section(tuple(parts), top + 12 + tall)


def _shares(sheet: Sheet, top: int) -> Section:
    """A line for each asset: what it was, is to be and will be, as figures and as bars."""
    if not sheet.shares:
        return Section((), top)
    whole = max(units.ONE, *(part for one in sheet.shares for part in (one.before, one.after or units.ZERO)))
    names = ("Weights", "now", "after", "target")
    parts = [_text(x, top + 34, name, SOFT if x else INK, 13) for x, name in zip(COLUMNS, names, strict=True)]
    parts.append(_text(SCALE, top + 34, "hollow bar: now \u00b7 full bar: after \u00b7 line: target", SOFT, 11))
    for row, share in enumerate(sheet.shares):
        parts.extend(_share(share, top + 58 + row * 26, whole))
    return Section(tuple(parts), top + 58 + 26 * len(sheet.shares))


def _share(share: Share, y: int, whole: Decimal) -> Iterator[str]:
    told = (share.asset, words.percent(share.before), words.percent(share.after), _goal(share))
    for x, text, room in zip(COLUMNS, told, (140, 80, 80, 170), strict=True):
        yield _text(x, y, text, size=13, bold=x == COLUMNS[0], room=room)
    before, after = (_along(max(part or units.ZERO, units.ZERO), whole) for part in (share.before, share.after))
    yield f'<rect x="{SCALE}" y="{y - 13}" width="{before}" height="8" fill="#ffffff" stroke="{SOFT}"/>'
    yield f'<rect x="{SCALE}" y="{y - 5}" width="{after}" height="9" fill="#0072b2"/>'
    for edge in dict.fromkeys(edge for edge in (share.low, share.high) if edge is not None):
        x = SCALE + _along(min(max(edge, units.ZERO), whole), whole)
        yield f'<path d="M{x} {y - 16}V{y + 7}" stroke="{INK}" stroke-width="2"/>'


def _goal(share: Share) -> str:
    if share.low is None or share.high is None:
        return "whatever is left"
    low, high = words.percent(max(share.low, units.ZERO)), words.percent(share.high)
    return low if low == high else f"{low} to {high}"


def _along(part: Decimal, whole: Decimal) -> int:
    return int(units.divide(part * BAR, whole).to_integral_value())


def _text(x: int, y: int, said: str, ink: str = INK, size: int = 12, *, bold: bool = False, room: int = 0) -> str:
    """A line of text, shortened to its room where it has one; then the tooltip has all of it."""
    shown = _fitted(said, room, size, bold=bold) if room else said
    heavy = ' font-weight="bold"' if bold else ""
    whole = f"<title>{_safe(said)}</title>" if shown != said else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{ink}"{heavy}>{_safe(shown)}{whole}</text>'


def _fitted(said: str, room: int, size: int, *, bold: bool = False) -> str:
    grown = size + bold
    if _wide(said, grown) <= room:
        return said
    end = len(said)
    while end and _wide(said[:end] + DOTS, grown) > room:
        end -= 1
    return said[:end].rstrip() + DOTS


def _wide(said: str, size: int) -> int:
    """The most pixels that a text takes, in the widest of the usual fonts."""
    return sum(_advance(character) for character in said) * size // 1000 + 1


def _advance(character: str) -> int:
    """Thousandths of the font's size."""
    if unicodedata.east_asian_width(character) in "WF":
        return 1050
    if character in "MWmw@%":
        return 950
    if character in "ilj.,:;|'! ":
        return 370
    return 720 if character.isupper() or not character.isascii() else 640


def _wrapped(said: str, room: int, size: int) -> Iterator[str]:
    """Text in lines no wider than the room; a word wider than that is shortened."""
    line = ""
    for word in said.split():
        longer = f"{line} {word}".lstrip()
        if line and _wide(longer, size) > room:
            yield _fitted(line, room, size)
            longer = word
        line = longer
    yield _fitted(line, room, size)


def _safe(said: str) -> str:
    """Text as XML may hold it: escaped, and what cannot be printed replaced."""
    return escape("".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in said))
