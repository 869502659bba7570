"""Linear programmes: exact problems in, HiGHS inside, Decimals out; and the exact bound that any duals prove.

Floats live between `solve` and its answer only. Presolve is off: on these problems it costs more than it saves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import highspy
import numpy as np

from trimtab.units import ZERO, under_context

SOLVER: Final = "highs"
DIGITS: Final = Decimal("1E-15")
"""Duals are rounded to this: what the bound loses by it is far below a cent."""

TIE: Final = 1e-9
"""Added to costs by rank, inside the solver only, so that of two equal plans the earlier columns win."""


@dataclass(frozen=True)
class Row:
    """`low <= sum <= high`; None is no bound on that side. Names are unique: duals are kept by name."""

    name: str
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True)
class Column:
    """A variable from 0 to `high` with its cost by unit, and its entries by row position."""

    name: str
    cost: Decimal
    high: Decimal
    entries: tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True)
class Problem:
    """Minimise the sum of cost times value. The order of rows and columns is part of the problem."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Solution:
    """A value for each column and a dual for each row. `solved` False: the solver gave up, and all are zero."""

    values: tuple[Decimal, ...]
    duals: tuple[Decimal, ...]
    solved: bool


def version() -> str:
    """The solver's version."""
    return str(highspy.Highs().version())  # type: ignore[no-untyped-call]


def solve(problem: Problem) -> Solution:
    """Solve by the dual simplex method, one thread, without presolve. The same problem gives the same answer."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (("output_flag", False), ("presolve", "off"), ("solver", "simplex"), ("threads", 1)):
        solver.setOptionValue(option, value)
    solver.passModel(_model(problem))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return Solution((ZERO,) * len(problem.columns), (ZERO,) * len(problem.rows), solved=False)
    found = solver.getSolution()
    return Solution(_decimals(found.col_value), _decimals(found.row_dual), solved=True)


@under_context
def bound(problem: Problem, duals: Sequence[Decimal]) -> Decimal:
    """A lower bound of the least cost, exact for any duals whatever (weak duality over finite columns).

    A dual whose row has no bound on the side that it asks for proves nothing and counts as zero.
    """
    used = [_usable(row, dual) for row, dual in zip(problem.rows, duals, strict=True)]
    proven = sum((_worth(row, dual) for row, dual in zip(problem.rows, used, strict=True)), ZERO)
    for column in problem.columns:
        reduced = column.cost - sum((used[row] * value for row, value in column.entries), ZERO)
        proven += min(ZERO, reduced) * column.high
    return proven


def _usable(row: Row, dual: Decimal) -> Decimal:
    return ZERO if (row.low if dual > 0 else row.high) is None else dual


def _worth(row: Row, dual: Decimal) -> Decimal:
    side = row.low if dual > 0 else row.high
    return ZERO if side is None else side * dual


def _model(problem: Problem) -> highspy.HighsLp:
    columns, rows = problem.columns, problem.rows
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(columns), len(rows)
    ties = np.arange(len(columns)) * (TIE / max(1, len(columns)))
    model.col_cost_ = np.array([float(c.cost) for c in columns]) + ties
    model.col_lower_ = np.zeros(len(columns))
    model.col_upper_ = np.array([float(c.high) for c in columns])
    model.row_lower_ = np.array([-highspy.kHighsInf if r.low is None else float(r.low) for r in rows])
    model.row_upper_ = np.array([highspy.kHighsInf if r.high is None else float(r.high) for r in rows])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.cumsum([0, *(len(c.entries) for c in columns)])
    model.a_matrix_.index_ = np.array([row for c in columns for row, _ in c.entries])
    model.a_matrix_.value_ = np.array([float(value) for c in columns for _, value in c.entries])
    return model


def _decimals(values: Sequence[float]) -> tuple[Decimal, ...]:
    return tuple(Decimal(repr(float(value))).quantize(DIGITS) for value in values)
