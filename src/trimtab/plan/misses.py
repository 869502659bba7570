"""Which promises a plan misses, by how much, and whether lots and smallest orders alone explain it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from trimtab.plan import programme
from trimtab.plan.programme import Programme
from trimtab.plan.rounding import Sent
from trimtab.units import ZERO

TRIFLE: Final = Decimal("1E-9")
"""A target missed by less than this share of the fund is met."""


SMALL: Final = Decimal("1E-4")
"""A target that smallest orders leave by less than this share of the fund is met, too: a basis point."""


@dataclass(frozen=True)
class Missed:
    """By the name of its row, what a promise is missed by, in value, and why.

    For want of a way (hard), only for orders being too small to be sent (dust), or for lots and next to nothing (lots).
    """

    hard: Mapping[str, Decimal]
    dust: Mapping[str, Decimal]
    lots: Mapping[str, Decimal]


def sums(made: Programme, sents: Sequence[Sent]) -> dict[int, Decimal]:
    """The sums by row of a plan's legs."""
    ground = made.ground
    values = {made.moves[m.name]: part * ground.price(m) for one in sents for m, part in one.parts}
    values |= {made.uses[one.leg]: ground.nav for one in sents if one.leg in made.uses}
    return programme.sums(made, values)


def missed(made: Programme, sents: Sequence[Sent], tried: Mapping[str, Decimal]) -> Missed:
    """What the legs miss. `tried` are the legs that were wanted and what each may leave undone: that explains dust."""
    found = sums(made, sents)
    classes: tuple[dict[str, Decimal], ...] = ({}, {}, {})
    spilt, trifle = _spilt(made, sents, tried), _lots(made, tried)
    for name in sorted(made.misses.values()):
        row = made.rows[made.places[name]]
        at = found.get(made.places[name], ZERO)
        off = max(ZERO if row.low is None else row.low - at, ZERO if row.high is None else at - row.high)
        if off > made.ground.nav * TRIFLE:
            explained = name.startswith(programme.TARGETS) and off <= _slack(made, name, tried, spilt)
            classes[(2 if off <= trifle else 1) if explained else 0][name] = off
    return Missed(*classes)


def _lots(made: Programme, tried: Mapping[str, Decimal]) -> Decimal:
    """What lots may leave of any target, and what nobody would call a miss."""
    return sum((made.ground.rest(leg) for leg in sorted(tried)), made.ground.nav * SMALL + _caution(made))


def _spilt(made: Programme, sents: Sequence[Sent], tried: Mapping[str, Decimal]) -> Decimal:
    """All that lots and left-out legs did not move: it may be missing wherever its money was to go."""
    went = {one.leg for one in sents}
    ground = made.ground
    return sum((ground.rest(n) if n in went else tried[n] for n in sorted(tried)), _caution(made))


def _caution(made: Programme) -> Decimal:
    """What staying clear of laws may leave of a target that stands at the edge of one, beside next to nothing."""
    laws = any(row.name.startswith(programme.LAWS) for row in made.rows)
    return made.ground.nav * TRIFLE + (2 * programme.margin(made.ground) if laws else ZERO)


def _slack(made: Programme, name: str, tried: Mapping[str, Decimal], spilt: Decimal) -> Decimal:
    """What whole lots and smallest orders may leave of a target."""
    asset = name.partition(" ")[2]
    return sum((tried[leg] for leg in sorted(tried) if asset in made.ground.touches(leg)), spilt)
