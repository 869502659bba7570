"""Venues' filters (D5) at their edges and just past them, and rounding against recorded reference cases."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trimtab.model.assets import Filters
from trimtab.model.orders import OrderKind, Side
from trimtab.quant import filters
from trimtab.quant.filters import Precision, Rounding, Rule

PLAIN = Filters(step=Decimal("0.00001"), tick=Decimal("0.01"))


def rules(max_orders: int | None = None, **more: str) -> Filters:
    numbers = {"step": PLAIN.step, "tick": PLAIN.tick} | {name: Decimal(value) for name, value in more.items()}
    return Filters(max_orders=max_orders, **numbers)


def limit(of: Filters, amount: str, price: str, side: Side = Side.BUY, average: str | None = None) -> str | None:
    return filters.refusal(
        of,
        side=side,
        kind=OrderKind.LIMIT,
        amount=Decimal(amount),
        price=Decimal(price),
        average=None if average is None else Decimal(average),
    )


def market(of: Filters, amount: str, average: str | None = "60000") -> str | None:
    return filters.refusal(
        of,
        side=Side.BUY,
        kind=OrderKind.MARKET,
        amount=Decimal(amount),
        price=None,
        average=None if average is None else Decimal(average),
    )


@pytest.mark.parametrize(
    ("of", "edge", "past", "because"),
    [
        (rules(tick="0.1"), ("1", "0.3"), ("1", "0.35"), "price 0.35 is not a multiple of the tick 0.1"),
        (rules(min_price="10"), ("1", "10"), ("1", "9.99"), "price 9.99 is below the smallest allowed, 10"),
        (rules(max_price="10"), ("1", "10"), ("1", "10.01"), "price 10.01 is above the largest allowed, 10"),
        (rules(), ("1", "0.01"), ("1", "0"), "price 0 is not above zero"),
        (rules(step="0.1"), ("0.3", "1"), ("0.35", "1"), "amount 0.35 is not a multiple of the step 0.1"),
        (rules(min_amount="0.3"), ("0.3", "1"), ("0.29999", "1"), "amount 0.29999 is below the smallest allowed, 0.3"),
        (rules(max_amount="3"), ("3", "1"), ("3.00001", "1"), "amount 3.00001 is above the largest allowed, 3"),
        (rules(), ("0.00001", "1"), ("-1", "1"), "amount -1 is not above zero"),
        (rules(min_notional="10"), ("0.1", "100"), ("0.1", "99.99"), "value 9.999 is below the smallest allowed, 10"),
        (rules(max_notional="10"), ("0.1", "100"), ("0.1", "100.01"), "value 10.001 is above the largest allowed, 10"),
    ],
)
def test_a_limit_order_is_refused_just_past_each_edge_and_told_why(
    of: Filters, edge: tuple[str, str], past: tuple[str, str], because: str
) -> None:
    assert limit(of, *edge) is None
    assert limit(of, *past) == because


@pytest.mark.parametrize(
    ("side", "edge", "past"),
    [(Side.BUY, "120", "120.01"), (Side.BUY, "20", "19.99"), (Side.SELL, "500", "500.01"), (Side.SELL, "80", "79.99")],
)
def test_prices_are_bounded_by_the_average_each_side_by_its_own(side: Side, edge: str, past: str) -> None:
    of = rules(bid_up="1.2", bid_down="0.2", ask_up="5", ask_down="0.8")
    assert limit(of, "1", edge, side, average="100") is None
    assert "times the average price 100" in (limit(of, "1", past, side, average="100") or "")


def test_without_an_average_price_nothing_is_bounded_by_it() -> None:
    assert limit(rules(bid_up="1.2"), "1", "1000") is None


@pytest.mark.parametrize(
    ("of", "edge", "past"),
    [
        (rules(market_step="0.1"), "0.3", "0.35"),
        (rules(market_min_amount="0.3"), "0.3", "0.29999"),
        (rules(market_max_amount="0.3"), "0.3", "0.30001"),
        (rules(max_amount="0.3", market_max_amount="9"), "0.3", "0.30001"),
        (rules(min_notional="60"), "0.001", "0.00099"),
        (rules(max_notional="60"), "0.001", "0.00101"),
    ],
)
def test_a_market_order_obeys_both_lots_and_is_valued_at_the_average(of: Filters, edge: str, past: str) -> None:
    assert market(of, edge) is None
    assert market(of, past) is not None


def test_a_market_step_of_zero_is_no_rule_of_its_own() -> None:
    assert market(rules(market_step="0"), "0.00001") is None


def test_a_market_order_has_no_price_to_refuse() -> None:
    assert market(rules(min_price="1", max_price="2", min_notional="1"), "1", average=None) is None


def test_a_limit_order_without_a_price_is_bad_input() -> None:
    with pytest.raises(ValueError, match="a limit order has no price"):
        filters.refusal(PLAIN, side=Side.BUY, kind=OrderKind.LIMIT, amount=Decimal(1), price=None, average=None)


@pytest.mark.parametrize(
    ("kind", "amount", "price", "rule"),
    [
        (OrderKind.LIMIT, "1", "0", Rule.PRICE),
        (OrderKind.LIMIT, "0", "10", Rule.LOT),
        (OrderKind.MARKET, "9", None, Rule.MARKET_LOT),
        (OrderKind.LIMIT, "1", "10", Rule.NOTIONAL),
        (OrderKind.LIMIT, "5", "100", Rule.PERCENT),
        (OrderKind.LIMIT, "5", "20", None),
    ],
)
def test_a_broken_rule_is_named(kind: OrderKind, amount: str, price: str | None, rule: Rule | None) -> None:
    found = filters.broken(
        rules(min_notional="50", market_max_amount="8", bid_up="2"),
        side=Side.BUY,
        kind=kind,
        amount=Decimal(amount),
        price=None if price is None else Decimal(price),
        average=Decimal(20),
    )

    assert (None if found is None else found.rule) == rule


def crowd(of: Filters, amount: str, orders: int, position: str, side: Side = Side.BUY) -> str | None:
    found = filters.crowded(of, side=side, amount=Decimal(amount), orders=orders, position=Decimal(position))
    return None if found is None else found.because


def test_one_order_more_than_allowed_is_refused() -> None:
    assert crowd(rules(max_orders=2), "1", 1, "0") is None
    assert crowd(rules(max_orders=2), "1", 2, "0") == "2 orders are open already, at most 2 are allowed"


def test_a_buy_beyond_the_largest_position_is_refused_and_a_sale_is_not() -> None:
    of = rules(max_position="5")
    assert crowd(of, "1", 0, "4") is None
    assert crowd(of, "1.00001", 0, "4") == "the position could reach 5.00001, at most 5 is allowed"
    assert crowd(of, "9", 0, "9", Side.SELL) is None


def test_amounts_are_rounded_down_to_the_step_of_their_kind_and_the_largest_order() -> None:
    of = rules(step="0.01", market_step="0.1", max_amount="5")
    assert filters.amount_down(of, OrderKind.LIMIT, Decimal("1.239")) == Decimal("1.23")
    assert filters.amount_down(of, OrderKind.MARKET, Decimal("1.239")) == Decimal("1.2")
    assert filters.amount_down(of, OrderKind.LIMIT, Decimal(9)) == Decimal(5)
    assert filters.amount_down(of, OrderKind.LIMIT, Decimal("0.009")) == 0


def test_prices_are_never_rounded_to_a_worse_one() -> None:
    assert filters.price_within(PLAIN, Side.BUY, Decimal("10.019")) == Decimal("10.01")
    assert filters.price_within(PLAIN, Side.SELL, Decimal("10.011")) == Decimal("10.02")
    assert filters.price_within(PLAIN, Side.SELL, Decimal("10.01")) == Decimal("10.01")


def test_a_tie_goes_away_from_zero() -> None:
    assert filters.to_precision(Decimal("2.5"), Precision.DECIMAL_PLACES, Decimal(0), Rounding.ROUND) == 3
    assert filters.to_precision(Decimal("-2.5"), Precision.DECIMAL_PLACES, Decimal(0), Rounding.ROUND) == -3


@pytest.mark.parametrize(
    ("mode", "precision"),
    [(Precision.DECIMAL_PLACES, "0.5"), (Precision.SIGNIFICANT_DIGITS, "0"), (Precision.TICK_SIZE, "0")],
)
def test_a_precision_that_makes_no_sense_is_bad_input(mode: Precision, precision: str) -> None:
    with pytest.raises(ValueError, match=r"precision|step"):
        filters.to_precision(Decimal(1), mode, Decimal(precision), Rounding.ROUND)


def rounded(kind: str, case: dict[str, Any]) -> Decimal:
    if kind == "round_significant":
        return rounded_to(case["value"], "significant_digits", case["digits"], "round")
    if kind == "step_rounding":
        return rounded_to(case["value"], "tick_size", case["step"], case["rounding"])
    if kind == "amount_to_contract_precision":
        precision, size = Decimal(case["precision"]), Decimal(case["contract_size"])
        return filters.contracts_down(Decimal(case["amount"]), Precision(case["mode"]), precision, size)
    value = case["amount"] if kind == "amount_to_precision" else case["price"]
    return rounded_to(value, case["mode"], case["precision"], case.get("rounding", "truncate"))


def rounded_to(value: str, mode: str, precision: str | int, rounding: str) -> Decimal:
    return filters.to_precision(Decimal(value), Precision(mode), Decimal(precision), Rounding(rounding))


def cases(shared: Path, *kinds: str) -> Iterator[dict[str, Any]]:
    document = json.loads((shared / "vectors" / "09_execution_filters.json").read_text())
    return (case for case in document["cases"] if case["kind"] in kinds)


def test_rounding_agrees_with_every_reference_case(shared: Path) -> None:
    found = list(
        cases(
            shared,
            "amount_to_precision",
            "price_to_precision",
            "amount_to_contract_precision",
            "round_significant",
            "step_rounding",
        )
    )
    wrong = [c["id"] for c in found if rounded(c["kind"], c["inputs"]) != Decimal(c["expected"]["result"])]
    assert (len(found), wrong) == (96, [])


NAMES = {
    "minPrice": "min_price",
    "maxPrice": "max_price",
    "tickSize": "tick",
    "minQty": "min_amount",
    "maxQty": "max_amount",
    "stepSize": "step",
    "minNotional": "min_notional",
    "maxNotional": "max_notional",
    "bidMultiplierUp": "bid_up",
    "bidMultiplierDown": "bid_down",
    "askMultiplierUp": "ask_up",
    "askMultiplierDown": "ask_down",
}
BOTH_SIDES = {"multiplierUp": ("bid_up", "ask_up"), "multiplierDown": ("bid_down", "ask_down")}
FINE = {"tick": "1E-10", "step": "1E-10"}


def binance(params: dict[str, str]) -> Filters:
    values = dict(FINE)
    for name, value in params.items():
        for ours in BOTH_SIDES.get(name) or (NAMES[name],):
            number = Decimal(value)
            values[ours] = f"{number.normalize():f}" if number else "0"
    return rules(None, **values)


def passes(case: dict[str, Any]) -> bool:
    side = Side(case.get("side", "BUY").lower())
    return limit(binance(case["params"]), case["quantity"], case["price"], side, case.get("average_price")) is None


def test_filters_agree_with_every_reference_case(shared: Path) -> None:
    found = list(cases(shared, "binance_filter"))
    wrong = [c["id"] for c in found if passes(c["inputs"]) != c["expected"]["passes"]]
    assert (len(found), wrong) == (19, [])
