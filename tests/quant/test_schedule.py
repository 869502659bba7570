import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import schedule

D = Decimal


def vectors(shared: Path, kind: str) -> list[dict[str, Any]]:
    """The published cases of one kind."""
    found = json.loads((shared / "vectors" / "09_execution_filters.json").read_text())["cases"]
    return [case for case in found if case["kind"] == kind]


def test_slices_agree_with_a_published_twap(shared: Path) -> None:
    cases = vectors(shared, "twap_slices")
    assert cases
    for case in cases:
        given_, expected = case["inputs"], case["expected"]
        count = int(Decimal(str(given_["horizon_secs"])) / Decimal(str(given_["interval_secs"])))
        slices = schedule.split(D(given_["quantity"]), count, step=D(given_["step"]))
        assert len(slices) == expected["n_orders"], case["id"]
        assert sum(slices) == D(expected["sum"]), case["id"]
        assert (slices[0], slices[-1]) == (D(expected["regular_slice"]), D(expected["last_slice"])), case["id"]


def test_slices_keep_the_published_invariants(shared: Path) -> None:
    cases = vectors(shared, "twap_invariants")
    assert len(cases) > 20
    for case in cases:
        given_, expected = case["inputs"], case["expected"]
        least = D(given_.get("min_qty", "0"))
        slices = schedule.split(D(given_["quantity"]), given_["slices"], step=D(given_["step"]), smallest=least)
        assert sum(slices) == D(expected["sum"]), case["id"]
        assert all(piece % D(given_["step"]) == 0 for piece in slices), case["id"]
        if "max_number_of_slices" in expected:
            assert len(slices) <= expected["max_number_of_slices"], case["id"]
            assert min(slices) >= D(expected["every_slice_at_least"]), case["id"]
        else:
            larger = D(expected["base_slice"]) + D(given_["step"])
            assert slices.count(larger) == expected["slices_one_step_larger"], case["id"]
            assert slices.count(D(expected["base_slice"])) == len(slices) - slices.count(larger), case["id"]
            assert max(slices) - min(slices) <= D(expected["max_minus_min_at_most"]), case["id"]


@given(
    lots=st.integers(1, 10**15),
    slices=st.integers(1, 300),
    places=st.integers(-2, 18),
    least=st.integers(0, 10**6),
)
def test_no_lot_is_lost_or_created(lots: int, slices: int, places: int, least: int) -> None:
    step = D(1).scaleb(-places)
    made = schedule.split(lots * step, slices, step=step, smallest=least * step)
    assert sum(made) == lots * step
    assert max(made) - min(made) <= step
    assert 1 <= len(made) <= slices
    assert min(made) >= least * step or len(made) == 1


def test_a_minimum_is_met_exactly_at_its_edge() -> None:
    assert schedule.split(D("0.3"), 5, step=D("0.01"), smallest=D("0.1")) == (D("0.1"), D("0.1"), D("0.1"))
    assert schedule.split(D("0.3"), 5, step=D("0.01"), smallest=D("0.11")) == (D("0.15"), D("0.15"))


def test_an_amount_below_the_minimum_stays_whole() -> None:
    assert schedule.split(D("0.05"), 4, step=D("0.01"), smallest=D("0.1")) == (D("0.05"),)


@pytest.mark.parametrize(("amount", "slices"), [("0.015", 2), ("-1", 2), ("1", 0)])
def test_what_cannot_be_split_is_refused(amount: str, slices: int) -> None:
    with pytest.raises(ValueError, match=r"amount|slices"):
        schedule.split(D(amount), slices, step=D("0.01"))
