"""The linear programme of a problem: a row for each promise, a column for each move. All flows are value at the marks.

Whoever checks a plan writes the same rows by the same names, so that the duals of its bound can be read by anyone.
A promise that cannot be kept is missed at a price above any trade's: the programme always has an answer.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from trimtab.model.problems import Rule
from trimtab.plan.ground import NOISE, Ground, Move, Place
from trimtab.quant.lp import Column, Problem, Row, Table
from trimtab.units import ONE, ZERO, divide

BREACH: Final = Decimal("0.9")
"""What all breaches of laws cost together by a unit of value: less than the unit, so that none is burnt for them."""

MISS: Final = Decimal("0.25")
"""What missing a target by a unit costs, as a part of a breach: moving a unit mends two, and a breach is worse."""

TARGETS: Final = ("low ", "high ")
LAWS: Final = ("ceiling ", "clause ")
PROMISES: Final = (*TARGETS, *LAWS)
"""What the names of the rows that may be missed begin with."""

Entry = tuple[int, Decimal]


@dataclass
class Programme:
    """A programme while it is written and once it is: rows, columns, and where the moves and uses stand.

    `misses` are the columns by which promises may be missed, with the names of their rows.
    """

    ground: Ground
    rows: list[Row] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    moves: dict[str, int] = field(default_factory=dict)
    movers: dict[int, Move] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    misses: dict[int, str] = field(default_factory=dict)

    def row(self, name: str, low: Decimal | None, high: Decimal | None) -> int:
        """Add a row; where it stands."""
        self.places[name] = len(self.rows)
        self.rows.append(Row(name, low, high))
        return self.places[name]

    def column(self, high: Decimal, entries: Iterable[Entry], *, cost: Decimal = ZERO, rank: int = 0) -> int:
        """Add a column, several entries on one row added up; where it stands."""
        summed: dict[int, Decimal] = {}
        for place, value in entries:
            summed[place] = summed.get(place, ZERO) + value
        kept = tuple(sorted((place, value) for place, value in summed.items() if value))
        self.columns.append(Column(cost, high, kept, rank))
        return len(self.columns) - 1

    def problem(self) -> Problem:
        """What has been written."""
        return Problem(self.ground.nav, tuple(self.rows), Table(tuple(self.columns), late=0))


def programme(ground: Ground, grouped: Collection[str] = (), *, scale: Decimal = ONE) -> Programme:
    """Write the programme of a problem that is worth something.

    The legs in `grouped` get a column that says whether they are used, with their least size; transfers that have a
    fixed fee always do. Promises cost `scale` times as much to miss: with one, no fee is paid to look nearer; where
    targets must be met exactly, no fee is too much.
    """
    made = Programme(ground)
    made.row("lost", ZERO, ZERO)
    shared = _shared(made)
    for place in sorted({move.source for move in ground.moves} | {m.third for m in ground.moves if m.third}):
        made.row(f"stock {place[0]} {place[1]}", None, ground.free(place) * ground.prices[place[1]])
    for place in sorted({move.third for move in ground.moves if move.third}):
        made.row(f"aside {place[0]} {place[1]}", None, ground.free(place) * ground.prices[place[1]])
    edges = [*_goals(made), *_clauses(made)]
    for account in ground.problem.accounts:
        if account.max_value is not None:
            made.row(f"ceiling {account.id}", None, account.max_value - ground.within(account.id))
    made.column(ground.nav, [(0, -ONE), *edges])
    _elastic(made, scale)
    for rank, move in enumerate(sorted(ground.moves, key=lambda m: (-ground.free(m.source), m.name)), start=1):
        entries = [*_entries(made, move), *((shared[move.shared], ONE) for _ in (1,) if move.shared in shared)]
        made.moves[move.name] = made.column(move.most, entries, cost=move.lost, rank=rank)
        made.movers[made.moves[move.name]] = move
    for leg in ground.legs:
        if leg in grouped or ground.fixed(leg):
            _use(made, leg)
    for pair in ground.rivals:
        if made.uses.keys() >= {*pair}:
            _either(made, pair)
    return made


def _shared(made: Programme) -> dict[str, int]:
    """A row for each slice that several moves take from."""
    users: dict[str, list[Move]] = {}
    for move in made.ground.moves:
        if move.shared:
            users.setdefault(move.shared, []).append(move)
    return {
        name: made.row(f"depth {name}", None, moves[0].most) for name, moves in sorted(users.items()) if len(moves) > 1
    }


def _goals(made: Programme) -> Iterator[Entry]:
    """The rows of the goals, and what a unit of value lost changes on each."""
    ground = made.ground
    for asset, aim in ground.aims.items():
        if aim.weight is not None:
            worth, (low, high) = ground.worth(asset), ground.goal(aim)
            yield made.row(f"low {asset}", low * ground.nav - worth, None), low
            yield made.row(f"high {asset}", None, high * ground.nav - worth), high


def _clauses(made: Programme) -> Iterator[Entry]:
    """The rows of the clauses that bind weights, and what a unit of value lost changes on each."""
    ground = made.ground
    for rule in ground.problem.clauses:
        name, whole = f"clause {rule.name}", rule.limit * ground.nav
        if rule.kind == "max_turnover":
            made.row(name, None, whole)
            continue
        now = sum((ground.worth(asset) for asset in rule.bound), ZERO)
        now += sum((ground.within(account) for account in rule.accounts), ZERO)
        if rule.kind == "min_weight":
            yield made.row(name, whole - now, None), rule.limit
        else:
            yield made.row(name, None, whole - now), rule.limit


def _elastic(made: Programme, scale: Decimal) -> None:
    """What each promise may be missed by: a law by no more than it is already, so that no breach is made or widened."""
    broken = sum(1 for row in made.rows if row.name.startswith(LAWS) and _breach(row))
    breach = divide(scale * BREACH, Decimal(max(1, broken)))
    for row in made.rows:
        if not row.name.startswith(PROMISES):
            continue
        sign, most, cost = ONE if row.high is None else -ONE, made.ground.widest, breach * MISS
        if row.name.startswith(LAWS):
            most, cost = _breach(row), breach
            most += margin(made.ground) if most else ZERO
        if most:
            made.misses[made.column(most, [(made.places[row.name], sign)], cost=cost)] = row.name


def _breach(row: Row) -> Decimal:
    """By how much a law is missed if nothing is done."""
    return max(ZERO, ZERO if row.high is None else -row.high, ZERO if row.low is None else row.low)


def margin(ground: Ground) -> Decimal:
    """What rounding to whole lots may change of anything, by value."""
    return sum((ground.lot(leg) for leg in ground.ways), NOISE * ground.nav * len(ground.legs))


def _entries(made: Programme, move: Move) -> Iterator[Entry]:
    """What one unit of a move changes on every row that it touches, but for the slice it takes from."""
    yield 0, move.lost
    yield from moving(made, move.source, -move.out)
    yield from moving(made, move.target, move.into)
    if move.third:
        yield from moving(made, move.third, -move.aside)
        yield made.places[f"aside {move.third[0]} {move.third[1]}"], move.aside
    if not move.shared:
        yield from _roomy(made, move)
    else:
        for rule in made.ground.problem.clauses:
            if rule.kind == "max_turnover":
                yield made.places[f"clause {rule.name}"], ONE


def _roomy(made: Programme, move: Move) -> Iterator[Entry]:
    """The room that a transfer takes below the ceiling of its target, and leaves below that of its source."""
    for (account, _), value in ((move.target, ONE), (move.source, -ONE)):
        place = made.places.get(f"ceiling {account}")
        if place is not None:
            yield place, value


def moving(made: Programme, place: Place, value: Decimal) -> Iterator[Entry]:
    """What so much value coming to a place changes."""
    account, asset = place
    names = [f"low {asset}", f"high {asset}"]
    names += [f"clause {rule.name}" for rule in made.ground.problem.clauses if _binds(rule, place)]
    yield from ((made.places[name], value) for name in names if name in made.places)
    stock = made.places.get(f"stock {account} {asset}")
    if stock is not None:
        yield stock, -value


def _binds(rule: Rule, place: Place) -> bool:
    return place[0] in rule.accounts or place[1] in rule.bound


def _use(made: Programme, leg: str) -> None:
    """A leg that is used or not: its fixed fee, its least and its most. It is used whole at the net asset value.

    So a use is of the size of what flows, whatever the currency.
    """
    ground = made.ground
    most = ground.most(leg)
    least = min(ground.least(leg), most) if ground.selective(leg) or ground.problem.objective.leg else ZERO
    over = made.row(f"most {leg}", None, ZERO)
    under = made.row(f"least {leg}", ZERO, None)
    for move in ground.moves_of[leg]:
        place = made.moves[move.name]
        column = made.columns[place]
        made.columns[place] = Column(
            column.cost, column.high, (*column.entries, (over, ONE), (under, ONE)), column.rank
        )
    fixed = divide(ground.fixed(leg), ground.nav)
    entries = [(0, fixed), (over, -divide(most, ground.nav)), (under, -divide(least, ground.nav))]
    if fixed:
        entries += moving(made, ground.moves_of[leg][0].target, -fixed)
    made.uses[leg] = made.column(ground.nav, entries, cost=fixed)


def _either(made: Programme, pair: tuple[str, str]) -> None:
    """At most one of two legs is used."""
    row = made.row(f"either {pair[0]} or {pair[1]}", None, made.ground.nav)
    for leg in pair:
        column = made.columns[made.uses[leg]]
        made.columns[made.uses[leg]] = Column(column.cost, column.high, (*column.entries, (row, ONE)), column.rank)


def tightened(made: Programme) -> Problem:
    """The problem with ceilings and clauses closer by what rounding to whole lots may cost."""
    problem, width = made.problem(), margin(made.ground)
    rows = [_closer(row, width) if row.name.startswith(LAWS) else row for row in problem.rows]
    return Problem(problem.unit, tuple(rows), problem.table)


def _closer(row: Row, width: Decimal) -> Row:
    """A law that holds is closed in on as far as doing nothing keeps it."""
    if row.low is not None:
        return Row(row.name, row.low + width if row.low > 0 else min(ZERO, row.low + width), None)
    assert row.high is not None
    return Row(row.name, None, row.high - width if row.high < 0 else max(ZERO, row.high - width))


def widened(made: Programme, sums: Mapping[int, Decimal]) -> Problem:
    """The programme with every goal as wide as a point with these sums by row needs.

    Left out is what no bound rests on: that fees are paid of what is there at first, which is our own caution, and that
    orders are used whole or not at all, of which the relaxed programme knows next to nothing.
    """
    problem, links = made.problem(), made.ground.links
    rows = list(problem.rows)
    for place, row in enumerate(rows):
        kind, _, leg = row.name.partition(" ")
        if kind in ("aside", "either") or (kind in ("most", "least") and leg not in links):
            rows[place] = Row(row.name, None, None)
        elif row.name.startswith(PROMISES):
            found = sums.get(place, ZERO)
            low = None if row.low is None else min(row.low, found)
            high = None if row.high is None else max(row.high, found)
            rows[place] = Row(row.name, low, high)
    return Problem(problem.unit, tuple(rows), problem.table)


def sums(made: Programme, values: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """The sums by row of a point, its value lost worked out."""
    found: dict[int, Decimal] = {}
    for place, value in values.items():
        for row, entry in made.columns[place].entries:
            found[row] = found.get(row, ZERO) + entry * value
    lost = found.get(0, ZERO)
    for row, entry in made.columns[0].entries:
        found[row] = found.get(row, ZERO) + entry * lost
    return found
