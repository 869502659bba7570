"""The planner by itself: a problem in, the cheapest legs out, with the prices that prove it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from trimtab.model.answers import Answer
from trimtab.model.plans import Dual, Status
from trimtab.model.problems import Problem, Tracking
from trimtab.plan import answer, depth, law, misses, programme, rounding, search
from trimtab.plan.answer import Outcome
from trimtab.plan.ground import Ground
from trimtab.plan.programme import Programme
from trimtab.plan.rounding import Sent
from trimtab.quant import lp
from trimtab.units import ONE, ZERO, canon, under_context

EXACTLY: Final = Decimal(1000)
"""So many times its price is it to miss a promise where targets must be met exactly: no fixed fee is too much."""


@under_context
def solve(problem: Problem) -> Answer:
    """The cheapest legs that bring every asset to its target.

    The same problem gives the same bytes, however its lists are ordered. Raises ValueError with every mistake in it.
    """
    if wrong := law.faults(problem):
        raise ValueError("\n".join(wrong))
    ground = Ground(depth.drawn(ordered(problem)))
    if ground.nav <= 0:
        raise ValueError("balances: there is nothing of value; give balances of assets that have a price")
    if problem.objective.tracking is Tracking.EXACT:
        found = _found(ground, EXACTLY)
        if not found.missed.hard:
            return _answered(found)
    found = _found(ground, ONE)
    if found.missed.hard and (problem.objective.tracking is Tracking.EXACT or not found.sents):
        refused = replace(found, sents=(), duals=prove(found.made, ()))
        return answer.answer(refused, Status.INFEASIBLE)
    return _answered(found)


def _found(ground: Ground, scale: Decimal) -> Outcome:
    """The cheapest legs where missing a promise costs so many times its price."""
    made = programme.programme(ground, _grouped(ground), scale=scale)
    point = search.best(made)
    sents = tuple(rounding.sent(ground, search.wanted(made, point.values)))
    missed = misses.missed(made, sents, point.tried)
    return Outcome(made, sents, sents, prove(made, sents), missed, point.because)


def _answered(found: Outcome) -> Answer:
    missed = found.missed
    return answer.answer(found, Status.FEASIBLE if missed.hard or missed.dust or found.because else Status.OPTIMAL)


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
    every = ground.problem.objective.leg
    shared = {leg for pair in ground.rivals for leg in pair}
    found = frozenset(leg for leg in ground.legs if every or ground.selective(leg) or leg in shared)
    return found if len(found) <= search.FEW else frozenset()


def prove(made: Programme, sents: Sequence[Sent]) -> tuple[Dual, ...]:
    """The duals of the programme whose goals these legs meet."""
    widened = programme.widened(made, misses.sums(made, sents))
    found = lp.solve(widened, tie=ZERO).duals
    duals = (Dual(row=row.name, value=canon(dual)) for row, dual in zip(widened.rows, found, strict=True) if dual)
    return tuple(sorted(duals, key=lambda dual: dual.row))
