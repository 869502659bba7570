"""Linear programmes: right answers, the same each time, and a bound that holds for any duals whatever."""

import itertools
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import lp
from trimtab.quant.lp import Column, Problem, Row, Table

D = Decimal
SMALL = st.integers(-4, 4)


def column(cost: str, high: str, *entries: str, rank: int = 0) -> Column:
    """A column with an entry on each row, from the first."""
    found = tuple((place, D(entry)) for place, entry in enumerate(entries) if D(entry))
    return Column(cost=D(cost), high=D(high), entries=found, rank=rank)


def problem(rows: tuple[Row, ...], *columns: Column, unit: str = "100") -> Problem:
    """A programme about so much money."""
    return Problem(unit=D(unit), rows=rows, table=Table(columns=columns))


NEED = (Row("need", D(10), None),)


def test_the_cheaper_of_two_ways_is_taken_first_and_only_as_far_as_it_goes() -> None:
    solved = lp.solve(problem(NEED, column("0.002", "20", "1"), column("0.001", "6", "1")))
    assert [round(value, 6) for value in solved.values] == [4, 6]


def test_duals_prove_the_cost_to_the_last_digit_that_matters() -> None:
    asked = problem(NEED, column("0.002", "20", "1"), column("0.001", "6", "1"))
    proven = lp.bound(asked, {"need": lp.solve(asked).duals[0]})
    assert abs(proven - D("0.014")) < D("1E-9")


def test_without_duals_nothing_is_proven() -> None:
    assert lp.bound(problem(NEED, column("0.002", "20", "1")), {}) == 0


def test_of_equal_ways_the_one_of_lower_rank_is_used() -> None:
    ways = (column("0.001", "20", "1", rank=2), column("0.001", "20", "1", rank=1))
    assert [round(value, 6) for value in lp.solve(problem(NEED, *ways)).values] == [0, 10]
    assert [round(value, 6) for value in lp.solve(problem(NEED, *ways[::-1])).values] == [10, 0]


def test_a_closed_column_is_not_used() -> None:
    asked = problem(NEED, column("0.002", "20", "1"), column("0.001", "20", "1"))
    assert [round(value, 6) for value in lp.solve(asked, closed=(1,)).values] == [10, 0]


def test_a_basis_of_before_leads_to_the_same_answer() -> None:
    asked = problem(NEED, column("0.002", "20", "1"), column("0.001", "6", "1"))
    first = lp.solve(asked)
    assert lp.solve(asked, basis=first.basis).values == first.values


def test_the_same_problem_gives_the_same_digits() -> None:
    asked = problem(NEED, *(column(f"0.00{n}", "3", "1") for n in range(1, 8)))
    assert len({(s.values, s.duals) for s in (lp.solve(asked) for _ in range(5))}) == 1


def test_a_dual_for_a_side_that_a_row_does_not_have_proves_nothing() -> None:
    asked = problem(NEED, column("0.002", "20", "1"))
    assert lp.bound(asked, {"need": D(-5)}) == 0
    assert lp.bound(asked, {"need": D("0.002")}) == D("0.02")


def test_a_dual_of_an_unknown_row_proves_nothing() -> None:
    assert lp.bound(problem(NEED, column("0.002", "20", "1")), {"want": D(1)}) == 0


def test_the_bound_is_the_same_under_any_context_of_the_caller() -> None:
    asked = problem(NEED, column("0.0020000000000000000001", "20", "1"))
    with localcontext(prec=3):
        assert lp.bound(asked, {"need": D("0.0020000000000000000001")}) == D("0.020000000000000000001")


@st.composite
def programmes(draw: st.DrawFn) -> Problem:
    """Two rows and three columns with whole numbers, so that every whole point can be tried."""
    rows = []
    for place in range(2):
        low = draw(st.none() | SMALL)
        rows.append(Row(f"r{place}", None if low is None else D(low), D((low or 0) + draw(st.integers(0, 6)))))
    columns = [column(str(draw(SMALL)), "3", str(draw(SMALL)), str(draw(SMALL))) for _ in range(3)]
    return problem(tuple(rows), *columns)


@given(programmes(), st.decimals(-5, 5, places=2), st.decimals(-5, 5, places=2))
def test_no_point_of_a_problem_costs_less_than_any_duals_prove(asked: Problem, first: Decimal, second: Decimal) -> None:
    proven = lp.bound(asked, {"r0": first, "r1": second})
    for point in itertools.product(range(4), repeat=3):
        sums = [D(0), D(0)]
        for number, one in zip(point, asked.table.columns, strict=True):
            for row, entry in one.entries:
                sums[row] += number * entry
        allowed = all(
            (row.low is None or row.low <= found) and (row.high is None or found <= row.high)
            for row, found in zip(asked.rows, sums, strict=True)
        )
        cost = sum((number * one.cost for number, one in zip(point, asked.table.columns, strict=True)), D(0))
        assert not allowed or proven <= cost
