"""Which groups of edges to open, decided by a search over whole numbers: HiGHS inside, a choice and a bound outside.

Only the choice is used: flows are solved again in integers by whoever asked.
"""

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from trimtab.quant.flow import Network

SIZE: Final = 1e5
"""The most that any edge need carry becomes this inside the solver, whose tolerances are absolute."""
COST: Final = 1e2
"""And the dearest unit costs this."""
GAP: Final = 1e-7
"""The search ends when nothing can be cheaper by more than this part of the cost."""
DOUBT: Final = 1e-6
"""This part of its bound is given up for what the solver's tolerances may have won."""
NODES: Final = 5_000
"""The search ends after so many nodes, so that it ends, and ends alike, on any machine."""

OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("output_flag", False),
    ("threads", 1),
    ("random_seed", 0),
    ("mip_rel_gap", GAP),
    ("mip_abs_gap", 0.0),
    ("mip_max_nodes", NODES),
    ("mip_feasibility_tolerance", 1e-9),
    ("primal_feasibility_tolerance", 1e-9),
)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Entries = list[tuple[Any, Any, Any]]


@dataclass(frozen=True, eq=False)
class Question:
    """A network and the groups that may be opened: where each begins to carry, it carries `least` and costs `fixed`.

    `group` is a group's place by edge, their number for an edge that is always open. No edge need carry more than
    `reach`, no group more than `room`. `barred` groups stay closed.
    """

    network: Network
    group: Ints
    fixed: Ints
    least: Ints
    reach: Ints
    room: Ints
    barred: Bools
    most: int | None
    rivals: tuple[Ints, ...]


@dataclass(frozen=True, eq=False)
class Choice:
    """The groups to open, about what edges then carry, and what nothing costs less than, by the solver's word.

    `opened` is None where nothing was found, `bound` where nothing was proven.
    """

    opened: Bools | None
    flows: Ints
    bound: int | None


def choose(question: Question, start: tuple[Ints, Bools] | None) -> Choice:
    """Search for the groups to open, from a flow and its open groups where these are known.

    One thread, the same seed, a limit on nodes instead of time: the same question has the same answer.
    """
    unit, dear = _units(question)
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy ships no types for it
    for option, value in OPTIONS:
        solver.setOptionValue(option, value)
    solver.passModel(_model(question, unit, dear))
    if start is not None:
        begun = highspy.HighsSolution()
        begun.col_value = np.concatenate([start[0] / unit, start[1].astype(np.float64)])
        solver.setSolution(begun)
    solver.run()
    return _choice(question, solver, unit, dear)


def _units(question: Question) -> tuple[float, float]:
    """What a unit of flow and a unit of cost are inside."""
    dearest = float(np.abs(question.network.costs).max(initial=0))
    unit = max(1.0, float(question.reach.max(initial=0))) / SIZE
    return unit, COST / max(dearest, float(question.fixed.max(initial=0)) / SIZE / unit, 1e-3)


def _choice(question: Question, solver: Any, unit: float, dear: float) -> Choice:
    edges, found, bound = len(question.group), solver.getInfo(), None
    if np.isfinite(found.mip_dual_bound):
        proven = found.mip_dual_bound * unit / dear
        bound = int(np.ceil(proven - DOUBT * max(1.0, abs(proven))))
    if found.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Choice(None, np.zeros(edges, dtype=np.int64), bound)
    values = np.array(solver.getSolution().col_value)
    flows = np.floor(np.maximum(values[:edges] * unit, 0.0) + DOUBT).astype(np.int64)
    return Choice(values[edges:] > 0.5, flows, bound)


def _model(question: Question, unit: float, dear: float) -> Any:
    """Columns: what edges carry, then one switch by group. Rows: nodes, room, least, most, rivals."""
    network, groups, edges = question.network, len(question.fixed), len(question.group)
    inside = np.flatnonzero(question.group < groups)
    group, switch, place = question.group[inside], edges + np.arange(groups), np.arange(groups)
    carried = np.flatnonzero(network.tails != network.heads)
    tails, heads, ones = network.tails[carried], network.heads[carried], np.ones(len(carried))
    balance = network.supplies / unit
    entries: Entries = [(tails, carried, ones), (heads, carried, -ones)]
    lows, highs, rows = [balance], [balance], network.nodes
    for bound, low, high in (
        (question.room, np.full(groups, -np.inf), np.zeros(groups)),
        (question.least, np.zeros(groups), np.full(groups, np.inf)),
    ):
        entries += [(rows + group, inside, np.ones(len(inside))), (rows + place, switch, -bound / unit)]
        lows, highs, rows = [*lows, low], [*highs, high], rows + groups
    limits = [] if question.most is None else [(place, question.most)]
    for chosen, limit in [*limits, *((one, 1) for one in question.rivals)]:
        entries.append((np.full(len(chosen), rows), switch[chosen], np.ones(len(chosen))))
        lows, highs, rows = [*lows, np.array([-np.inf])], [*highs, np.array([float(limit)])], rows + 1
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = edges + groups, rows
    model.col_cost_ = np.concatenate([network.costs * dear, question.fixed * (dear / unit)])
    model.col_lower_ = np.zeros(edges + groups)
    model.col_upper_ = np.concatenate([question.reach / unit, np.where(question.barred, 0.0, 1.0)])
    model.row_lower_, model.row_upper_ = np.concatenate(lows), np.concatenate(highs)
    _fill(model, entries)
    model.integrality_ = [highspy.HighsVarType.kContinuous] * edges + [highspy.HighsVarType.kInteger] * groups
    return model


def _fill(model: Any, entries: Entries) -> None:
    """Write the entries column by column."""
    rows, columns, values = (np.concatenate(list(part)) for part in zip(*entries, strict=True))
    order = np.lexsort((rows, columns))
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(columns[order], np.arange(model.num_col_ + 1)).astype(np.int32)
    model.a_matrix_.index_, model.a_matrix_.value_ = rows[order].astype(np.int32), values[order].astype(np.float64)
