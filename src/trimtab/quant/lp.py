"""Linear programmes: exact problems in, HiGHS inside, Decimals out; and the lower bound that any duals prove exactly.

Floats live between `solve` and its answer only. Presolve is off: on these problems it costs more than it saves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import highspy
import msgspec
import numpy as np
import numpy.typing as npt

from trimtab.units import ZERO, under_context

SOLVER: Final = "highs"

SIZE: Final = 1e6
"""What is at stake becomes this inside the solver, and a cost of one becomes COST: its tolerances are absolute."""
COST: Final = 1e4

TIE: Final = Decimal("1E-9")
"""The preference between equal columns, as a cost: a hundred times what the solver can tell apart."""

USUAL: Final[tuple[tuple[str, Any], ...]] = (
    ("output_flag", False),
    ("presolve", "off"),
    ("solver", "simplex"),
    ("threads", 1),
)
QUICK: Final[tuple[tuple[str, Any], ...]] = (
    *USUAL,
    ("simplex_scale_strategy", 0),
    ("simplex_dual_edge_weight_strategy", 1),
    ("dual_simplex_cost_perturbation_multiplier", 0.0),
)
"""Problems come scaled, and their ties are broken; Devex prices are cheaper than steepest edges here."""

DIGITS: Final = Decimal("1E-15")
"""Duals are rounded to this; any duals prove a bound, and what theirs loses by it is far below a cent."""

Options = tuple[tuple[str, Any], ...]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]


class Row(msgspec.Struct, frozen=True, gc=False):
    """`low <= sum of entries times values <= high`; None is no bound. Names are unique: duals are kept by name."""

    name: str
    low: Decimal | None
    high: Decimal | None


class Column(msgspec.Struct, frozen=True):
    """A variable from 0 to `high`, its cost by unit, and its entries by row position, sorted.

    Of equally cheap columns those of lower rank are used, and none rather than one; rank 0 has no say.
    """

    cost: Decimal
    high: Decimal
    entries: tuple[tuple[int, Decimal], ...]
    rank: int = 0


@dataclass(frozen=True)
class Table:
    """The columns of a problem; their order is part of it.

    The column at `late` touches most rows: a problem is solved without all but its first entry, and then from there.
    That takes half the time.
    """

    columns: tuple[Column, ...]
    late: int | None = None

    @cached_property
    def costs(self) -> Floats:
        """The costs."""
        return np.array([float(c.cost) for c in self.columns])

    @cached_property
    def preferences(self) -> Floats:
        """From one to two by rank; zero for those without."""
        ranks = np.array([c.rank for c in self.columns], dtype=np.float64)
        return np.where(ranks > 0, 1.0 + ranks / max(1.0, ranks.max(initial=0.0)), 0.0)

    @cached_property
    def highs(self) -> Floats:
        """The upper bounds."""
        return np.array([float(c.high) for c in self.columns])

    @cached_property
    def matrix(self) -> tuple[Places, Places, Floats]:
        """The entries column by column: where each column starts, their rows, their values."""
        starts = np.cumsum([0, *(len(c.entries) for c in self.columns)], dtype=np.int32)
        rows = np.array([row for c in self.columns for row, _ in c.entries], dtype=np.int32)
        values = np.array([float(value) for c in self.columns for _, value in c.entries], dtype=np.float64)
        return starts, rows, values

    @cached_property
    def early(self) -> Floats:
        """The values of the matrix without the late column's entries, but for its first."""
        starts, _, values = self.matrix
        early = values.copy()
        if self.late is not None:
            early[starts[self.late] + 1 : starts[self.late + 1]] = 0.0
        return early


@dataclass(frozen=True)
class Problem:
    """Minimise the sum of cost times value. `unit` is the size of what is at stake, for scaling."""

    unit: Decimal
    rows: tuple[Row, ...]
    table: Table


@dataclass(frozen=True)
class Solution:
    """A value for each column, a dual for each row, and the solver's basis, from which a like problem may start."""

    values: tuple[Decimal, ...]
    duals: tuple[Decimal, ...]
    basis: Any


def version() -> str:
    """The solver's version."""
    return str(_solver(USUAL).version())


def solve(problem: Problem, *, closed: Collection[int] = (), basis: Any = None, tie: Decimal = TIE) -> Solution:
    """Solve by the simplex method, one thread, no presolve; columns at `closed` positions are held at zero.

    `basis` is that of a like problem to start from, `tie` what preferring a column by its rank may cost. The same
    arguments give the same answer. A problem without a solution is a defect of whoever wrote it.
    """
    unit, model = float(problem.unit) / SIZE, _model(problem, closed, float(tie))
    if basis is None and problem.table.late is not None:
        model.a_matrix_.value_ = problem.table.early
        basis = _run(model, None).getBasis()
        model.a_matrix_.value_ = problem.table.matrix[2]
    solver = _run(model, basis)
    found = solver.getSolution()
    return Solution(
        values=tuple(_decimals(np.maximum(found.col_value, 0.0) * unit)),
        duals=tuple(value.quantize(DIGITS) for value in _decimals(np.array(found.row_dual) / COST)),
        basis=solver.getBasis(),
    )


@dataclass(frozen=True)
class Found:
    """The best point that a search over whole numbers came upon, and a lower bound of the least cost that it proved.

    The bound rests on the solver's word, unlike that of `bound`. `ended` says that nothing cheaper exists, give or take
    the gap that was asked for.
    """

    values: tuple[Decimal, ...]
    bound: Decimal
    ended: bool


def search(
    problem: Problem, whole: Collection[int], *, closed: Collection[int] = (), gap: Decimal, limit_s: Decimal
) -> Found | None:
    """Solve with the columns at `whole` positions used to their bound or not at all; None if nothing was found.

    One thread, the same seed: the same arguments give the same answer unless the time runs out. `gap` is a part of
    the least cost.
    """
    unit, model = float(problem.unit) / SIZE, _model(problem, closed, float(TIE))
    counts = np.zeros(model.num_col_, dtype=bool)
    counts[list(whole)] = True
    _in_counts(model, counts)
    solver = _solver((("output_flag", False), ("threads", 1), ("mip_rel_gap", float(gap)), ("mip_abs_gap", 1e-6)))
    solver.setOptionValue("time_limit", float(limit_s))
    solver.passModel(model)
    solver.run()
    found = solver.getInfo()
    if found.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    values = np.maximum(np.array(solver.getSolution().col_value), 0.0)
    values = np.where(counts, values * problem.table.highs, values * unit)
    bound = Decimal(repr(found.mip_dual_bound / COST * unit)) if np.isfinite(found.mip_dual_bound) else ZERO
    return Found(tuple(_decimals(values)), bound, solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)


def _in_counts(model: Any, counts: npt.NDArray[np.bool_]) -> None:
    """Write the columns that are used whole or not at all in parts of their bound: none or one."""
    upper, costs = np.array(model.col_upper_), np.array(model.col_cost_)
    starts, values = np.array(model.a_matrix_.start_), np.array(model.a_matrix_.value_)
    costs[counts] *= upper[counts]
    for place in np.flatnonzero(counts):
        values[starts[place] : starts[place + 1]] *= upper[place]
    upper[counts] = np.minimum(upper[counts], 1.0)
    model.col_upper_, model.col_cost_, model.a_matrix_.value_ = upper, costs, values
    kinds = [highspy.HighsVarType.kInteger if one else highspy.HighsVarType.kContinuous for one in counts]
    model.integrality_ = kinds


def _run(model: Any, basis: Any) -> Any:
    """Run the solver; where it stops short of an optimum, again from nothing, then again in its own way."""
    status = None
    for options, start in ((QUICK, basis), (QUICK, None), (USUAL, None)):
        solver = _solver(options)
        solver.passModel(model)
        if start is not None:
            solver.setBasis(start)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return solver
    raise AssertionError(f"the solver ended with {status}")


def _solver(options: Options) -> Any:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy ships no types for it
    for option, value in options:
        solver.setOptionValue(option, value)
    return solver


@under_context
def bound(problem: Problem, duals: Mapping[str, Decimal]) -> Decimal:
    """A lower bound of the least cost, exact for any duals whatever: weak duality over finite columns.

    A dual whose row has no bound on the side that it asks for proves nothing and counts as zero.
    """
    used = [_usable(row, duals.get(row.name, ZERO)) for row in problem.rows]
    proven = sum((_worth(row, dual) for row, dual in zip(problem.rows, used, strict=True)), ZERO)
    for column in problem.table.columns:
        reduced = column.cost
        for row, value in column.entries:
            if used[row]:
                reduced -= used[row] * value
        if reduced < 0:
            proven += reduced * column.high
    return proven


def _usable(row: Row, dual: Decimal) -> Decimal:
    return ZERO if (row.low if dual > 0 else row.high) is None else dual


def _worth(row: Row, dual: Decimal) -> Decimal:
    side = row.low if dual > 0 else row.high
    return ZERO if side is None else side * dual


def _model(problem: Problem, closed: Collection[int], tie: float) -> Any:
    table, unit, infinite = problem.table, float(problem.unit) / SIZE, highspy.kHighsInf
    starts, rows, values = table.matrix
    highs = table.highs / unit
    highs[list(closed)] = 0.0
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(highs), len(problem.rows)
    model.col_cost_ = (table.costs + tie * table.preferences) * COST
    model.col_lower_, model.col_upper_ = np.zeros(len(highs)), highs
    model.row_lower_ = _edges((row.low for row in problem.rows), -infinite, unit)
    model.row_upper_ = _edges((row.high for row in problem.rows), infinite, unit)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, rows, values
    return model


def _edges(edges: Iterable[Decimal | None], absent: float, unit: float) -> Floats:
    return np.array([absent if edge is None else float(edge) / unit for edge in edges])


def _decimals(values: Sequence[float] | Floats) -> Iterable[Decimal]:
    return (Decimal(repr(float(value))) if value else ZERO for value in values)
