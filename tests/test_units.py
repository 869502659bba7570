"""Numbers of money: canonical forms, steps, raw units, and independence of the caller's Decimal context."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import units

D = Decimal
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=D("-1e30"), max_value=D("1e30"), places=18)
steps = st.sampled_from([D("0.00000001"), D("0.001"), D("0.05"), D(1), D(25), D("1E+3")])


@pytest.mark.parametrize(
    ("given_form", "canonical_form"),
    [("1.50", "1.5"), ("-0", "0"), ("0E-8", "0"), ("1E+3", "1000"), ("0.00000001", "1E-8"), ("100", "100")],
)
def test_a_number_has_one_canonical_form(given_form: str, canonical_form: str) -> None:
    assert str(units.canon(D(given_form))) == canonical_form


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_not_a_finite_number_has_no_canonical_form(bad: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        units.canon(D(bad))


def test_a_number_with_more_digits_than_the_house_keeps_is_refused_and_not_rounded() -> None:
    with pytest.raises(Inexact):
        units.canon(D("1" * 101))


@given(amounts)
def test_the_canonical_form_is_the_same_number(value: Decimal) -> None:
    assert units.canon(value) == value


@given(amounts, steps)
def test_rounding_down_and_up_enclose_the_value_within_one_step(value: Decimal, step: Decimal) -> None:
    low, high = units.floor_to(value, step), units.ceil_to(value, step)
    assert low <= value <= high
    assert high - low in (0, step)
    assert units.is_multiple(low, step)
    assert units.is_multiple(high, step)


def test_a_third_of_a_tenth_is_no_multiple_and_three_tenths_are() -> None:
    assert units.is_multiple(D("0.3"), D("0.1"))
    assert not units.is_multiple(D("0.3000000001"), D("0.1"))


@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_a_step_must_be_above_zero(step: str) -> None:
    with pytest.raises(ValueError, match="a step must be above zero"):
        units.floor_to(D(1), D(step))


@given(st.integers(min_value=0, max_value=2**256 - 1), st.integers(min_value=0, max_value=30))
def test_raw_integers_survive_the_way_to_an_amount_and_back(raw: int, decimals: int) -> None:
    assert units.to_raw(units.from_raw(raw, decimals), decimals) == raw


def test_an_amount_finer_than_its_smallest_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 8 decimals"):
        units.to_raw(D("0.000000001"), 8)


@given(amounts, steps, st.integers(min_value=1, max_value=12))
def test_results_do_not_depend_on_the_callers_context(value: Decimal, step: Decimal, digits: int) -> None:
    expected = units.canon(value), units.floor_to(value, step), units.money(value), units.bps(value, step)
    with localcontext(Context(prec=digits)):
        assert (units.canon(value), units.floor_to(value, step), units.money(value), units.bps(value, step)) == expected


def test_a_function_under_the_context_keeps_every_digit_of_a_uint256() -> None:
    @units.under_context
    def successor(value: Decimal) -> Decimal:
        return value + 1

    with localcontext(Context(prec=5)):
        assert successor(D(2**256 - 1)) == 2**256


def test_basis_points_of_nothing_are_zero() -> None:
    assert units.bps(D(5), D(0)) == 0
    assert units.bps(D(15), D(10_000)) == 15


def test_an_instant_is_the_same_in_utc_and_a_naive_one_is_refused() -> None:
    zoned = datetime(2024, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    assert units.utc(zoned) == datetime(2024, 1, 1, tzinfo=UTC)
    assert units.utc(zoned).tzinfo is UTC
    with pytest.raises(ValueError, match="has no time zone"):
        units.utc(datetime(2024, 1, 1))  # noqa: DTZ001  # the point of the test


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        ("1E-8", None, "0.00000001"),
        ("1234567.5", 2, "1,234,567.50"),
        ("1E+6", None, "1,000,000"),
        ("-0.005", 2, "-0.00"),
    ],
)
def test_people_see_plain_numbers(value: str, places: int | None, shown: str) -> None:
    assert units.plain(D(value), places) == shown
