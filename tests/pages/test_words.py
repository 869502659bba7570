"""Numbers for people."""

from decimal import Decimal

import pytest

from trimtab.pages import words

D = Decimal


@pytest.mark.parametrize(
    ("number", "shown"),
    [("0.00000001", "0.00000001"), ("1234567.5", "1,234,567.5"), ("100", "100"), ("0.123456789", "0.12345679")],
)
def test_amounts_are_plain_and_grouped(number: str, shown: str) -> None:
    assert words.amount(D(number)) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("60000", "60,000.00"),
        ("999.99999", "1,000.00"),
        ("1000", "1,000.00"),
        ("1.23456", "1.2346"),
        ("0.000012345678", "0.00001235"),
    ],
)
def test_prices_have_the_decimals_their_size_deserves(number: str, shown: str) -> None:
    assert words.price(D(number)) == shown


def test_what_is_not_known_is_a_dash_and_never_zero() -> None:
    assert words.money(None, "USDT") == words.percent(None) == words.price(None) == words.DASH


def test_money_carries_its_unit() -> None:
    assert words.money(D("1234.5"), "USDT") == "1,234.50 USDT"


def test_cost_of_nothing_traded_is_a_dash() -> None:
    assert words.in_bps(D(1), D(0)) == words.DASH


@pytest.mark.parametrize(("names", "shown"), [([], ""), (["a"], "a"), (["a", "b", "c"], "a, b and c")])
def test_names_are_listed_as_people_do(names: list[str], shown: str) -> None:
    assert words.listed(names) == shown


def test_a_sentence_ends_once() -> None:
    assert [words.sentence(t) for t in ("done", "done.", "why?", "")] == ["done.", "done.", "why?", ""]
