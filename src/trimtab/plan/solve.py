"""The planner by itself: a problem in, the cheapest legs out, with the prices that prove it."""

from collections.abc import Sequence

from trimtab.model.answers import Answer
from trimtab.model.plans import Dual, Status
from trimtab.model.problems import Problem, Tracking
from trimtab.plan import answer, law, misses, programme, rounding, search
from trimtab.plan.answer import Outcome
from trimtab.plan.ground import Ground
from trimtab.plan.programme import Programme
from trimtab.plan.rounding import Sent
from trimtab.quant import lp
from trimtab.units import ZERO, canon, under_context


@under_context
def solve(problem: Problem) -> Answer:
    """The cheapest legs that bring every asset to its target.

    The same problem gives the same bytes, however its lists are ordered. Raises ValueError with every mistake in it.
    """
    if found := law.faults(problem):
        raise ValueError("\n".join(found))
    ground = Ground(ordered(problem))
    if ground.nav <= 0:
        raise ValueError("balances: there is nothing of value; give balances of assets that have a price")
    made = programme.programme(ground, _grouped(ground))
    point = search.best(made)
    sents = tuple(rounding.sent(ground, search.wanted(made, point.values)))
    missed = misses.missed(made, sents, point.tried)
    if missed.hard and (problem.objective.tracking is Tracking.EXACT or not sents):
        return answer.answer(Outcome(made, (), sents, prove(made, ()), missed, point.because), Status.INFEASIBLE)
    status = Status.FEASIBLE if missed.hard or point.because else Status.OPTIMAL
    return answer.answer(Outcome(made, sents, sents, prove(made, sents), missed, point.because), status)


def ordered(problem: Problem) -> Problem:
    """The same problem with its lists sorted by id; slices and clauses keep their order, which means something."""
    return Problem(
        version=problem.version,
        base=problem.base,
        assets=tuple(sorted(problem.assets, key=lambda asset: asset.id)),
        accounts=tuple(sorted(problem.accounts, key=lambda account: account.id)),
        balances=tuple(sorted(problem.balances, key=lambda stock: (stock.account, stock.asset))),
        targets=tuple(sorted(problem.targets, key=lambda aim: aim.asset)),
        books=tuple(sorted(problem.books, key=lambda book: book.id)),
        markets=tuple(sorted(problem.markets, key=lambda way: way.id)),
        transfers=tuple(sorted(problem.transfers, key=lambda link: link.id)),
        clauses=tuple(sorted(problem.clauses, key=lambda rule: rule.name)),
        objective=problem.objective,
    )


def _grouped(ground: Ground) -> frozenset[str]:
    """The legs that are used whole or not at all; none of those without a fixed fee where they are too many."""
    found = frozenset(leg for leg in ground.legs if ground.problem.objective.leg or ground.selective(leg))
    return found if len(found) <= search.FEW else frozenset()


def prove(made: Programme, sents: Sequence[Sent]) -> tuple[Dual, ...]:
    """The duals of the programme whose goals these legs meet."""
    widened = programme.widened(made.problem(), misses.sums(made, sents))
    found = lp.solve(widened, tie=ZERO).duals
    duals = (Dual(row=row.name, value=canon(dual)) for row, dual in zip(widened.rows, found, strict=True) if dual)
    return tuple(sorted(duals, key=lambda dual: dual.row))
