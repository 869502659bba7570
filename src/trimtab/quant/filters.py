"""A venue's rules for an order (D5), checked exactly, and rounding to what a venue accepts.

Everything is Decimal: 0.3 is three times 0.1 here. A broken rule has a sentence; None means nothing is wrong.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from trimtab.model.assets import Filters
from trimtab.model.orders import OrderKind, Side
from trimtab.units import ONE, canon, floor_to, is_multiple, plain, round_to, under_context


class Rule(StrEnum):
    """Which of a venue's rules an order breaks; venues have a code or a name for each."""

    PRICE = "price"
    LOT = "lot"
    MARKET_LOT = "market_lot"
    NOTIONAL = "notional"
    PERCENT = "percent"
    ORDERS = "orders"
    POSITION = "position"


class Broken(NamedTuple):
    """A rule that an order breaks, and the sentence that says how."""

    rule: Rule
    because: str


class Precision(StrEnum):
    """What a venue's precision figure counts: decimals, significant digits, or the step itself."""

    DECIMAL_PLACES = "decimal_places"
    SIGNIFICANT_DIGITS = "significant_digits"
    TICK_SIZE = "tick_size"


class Rounding(StrEnum):
    """Which way to round; `round` takes a tie away from zero, as ccxt does, `truncate` goes towards zero."""

    ROUND = "round"
    UP = "round_up"
    DOWN = "round_down"
    TRUNCATE = "truncate"


_ROUNDINGS: Final = {
    Rounding.ROUND: ROUND_HALF_UP,
    Rounding.UP: ROUND_CEILING,
    Rounding.DOWN: ROUND_FLOOR,
    Rounding.TRUNCATE: ROUND_DOWN,
}


def refusal(
    filters: Filters,
    *,
    side: Side,
    kind: OrderKind,
    amount: Decimal,
    price: Decimal | None,
    average: Decimal | None,
) -> str | None:
    """Why the venue would refuse this order for its size or price, in a sentence; None if it would not."""
    found = broken(filters, side=side, kind=kind, amount=amount, price=price, average=average)
    return None if found is None else found.because


@under_context
def broken(
    filters: Filters,
    *,
    side: Side,
    kind: OrderKind,
    amount: Decimal,
    price: Decimal | None,
    average: Decimal | None,
) -> Broken | None:
    """The first rule that this order breaks by its size or price; None if it breaks none.

    `average` is the venue's average price: limit prices are bounded by it, market orders are valued at it.
    Where it is None neither is checked, as a venue without trades does. Raises ValueError where `price` is
    missing on a limit order.
    """
    if kind is OrderKind.MARKET:
        return _market_lot(filters, amount) or _notional(filters, amount, average)
    if price is None:
        raise ValueError("a limit order has no price; give it one, in quote per base")
    return (
        _price(filters, price)
        or _lot(filters, amount)
        or _notional(filters, amount, price)
        or _percent(filters, side, price, average)
    )


@under_context
def crowded(filters: Filters, *, side: Side, amount: Decimal, orders: int, position: Decimal) -> Broken | None:
    """The rule that one more order would break by what the account already has; None if it would break none.

    `orders` are its open orders on the instrument, `position` its base asset plus what its open buys may add.
    """
    if filters.max_orders is not None and orders >= filters.max_orders:
        return Broken(Rule.ORDERS, f"{orders} orders are open already, at most {filters.max_orders} are allowed")
    if side is Side.BUY and filters.max_position is not None and position + amount > filters.max_position:
        reach = plain(position + amount)
        most = plain(filters.max_position)
        return Broken(Rule.POSITION, f"the position could reach {reach}, at most {most} is allowed")
    return None


@under_context
def amount_down(filters: Filters, kind: OrderKind, amount: Decimal) -> Decimal:
    """The largest amount not above `amount` that fits the step, and the largest allowed order; it may be zero.

    It may still be below the venue's minimum: `refusal` says so.
    """
    step, _, most = lot_bounds(filters, kind)
    return floor_to(min(amount, most) if most is not None else amount, step)


@under_context
def price_within(filters: Filters, side: Side, price: Decimal) -> Decimal:
    """The nearest allowed price that is never worse than asked: buys are rounded down, sells up."""
    return round_to(price, filters.tick, ROUND_FLOOR if side is Side.BUY else ROUND_CEILING)


def lot_bounds(filters: Filters, kind: OrderKind) -> tuple[Decimal, Decimal | None, Decimal | None]:
    """Step, smallest and largest amount of one order. A market order obeys both sets of bounds at once."""
    if kind is OrderKind.LIMIT:
        return filters.step, filters.min_amount, filters.max_amount
    lows = [m for m in (filters.min_amount, filters.market_min_amount) if m is not None]
    highs = [m for m in (filters.max_amount, filters.market_max_amount) if m is not None]
    return filters.market_step or filters.step, max(lows, default=None), min(highs, default=None)


@under_context
def to_precision(value: Decimal, mode: Precision, precision: Decimal, rounding: Rounding) -> Decimal:
    """Round a value as a venue's precision figure says.

    Decimal places may be negative (-1 is tens). Significant digits count from the value's own first digit.
    Raises ValueError for a figure that makes no sense: a fraction of a digit, no digits, a step of zero.
    """
    return round_to(value, _grid(value, mode, precision), _ROUNDINGS[rounding])


@under_context
def contracts_down(amount: Decimal, mode: Precision, precision: Decimal, contract_size: Decimal) -> Decimal:
    """The largest amount not above `amount` that is a whole, allowed number of contracts of `contract_size`.

    Only decimal places and a step size make sense here.
    """
    return canon(to_precision(amount / contract_size, mode, precision, Rounding.TRUNCATE) * contract_size)


def _grid(value: Decimal, mode: Precision, precision: Decimal) -> Decimal:
    if mode is Precision.TICK_SIZE:
        return precision
    if precision != precision.to_integral_value():
        raise ValueError(f"precision {precision}: {mode} must be a whole number")
    if mode is Precision.DECIMAL_PLACES:
        return ONE.scaleb(-int(precision))
    if precision < 1:
        raise ValueError(f"precision {precision}: at least one significant digit is needed")
    return ONE.scaleb((value.adjusted() if value else 0) - int(precision) + 1)


def _price(filters: Filters, price: Decimal) -> Broken | None:
    if price <= 0:
        return Broken(Rule.PRICE, f"price {plain(price)} is not above zero")
    if filters.min_price is not None and price < filters.min_price:
        return Broken(Rule.PRICE, f"price {plain(price)} is below the smallest allowed, {plain(filters.min_price)}")
    if filters.max_price is not None and price > filters.max_price:
        return Broken(Rule.PRICE, f"price {plain(price)} is above the largest allowed, {plain(filters.max_price)}")
    if not is_multiple(price, filters.tick):
        return Broken(Rule.PRICE, f"price {plain(price)} is not a multiple of the tick {plain(filters.tick)}")
    return None


def _lot(filters: Filters, amount: Decimal) -> Broken | None:
    return _amount(Rule.LOT, amount, (filters.step, filters.min_amount, filters.max_amount))


def _market_lot(filters: Filters, amount: Decimal) -> Broken | None:
    step = filters.market_step or filters.step
    bounds = step, filters.market_min_amount, filters.market_max_amount
    return _lot(filters, amount) or _amount(Rule.MARKET_LOT, amount, bounds)


def _amount(rule: Rule, amount: Decimal, bounds: tuple[Decimal, Decimal | None, Decimal | None]) -> Broken | None:
    step, least, most = bounds
    if amount <= 0:
        return Broken(rule, f"amount {plain(amount)} is not above zero")
    if least is not None and amount < least:
        return Broken(rule, f"amount {plain(amount)} is below the smallest allowed, {plain(least)}")
    if most is not None and amount > most:
        return Broken(rule, f"amount {plain(amount)} is above the largest allowed, {plain(most)}")
    if not is_multiple(amount, step):
        return Broken(rule, f"amount {plain(amount)} is not a multiple of the step {plain(step)}")
    return None


def _notional(filters: Filters, amount: Decimal, price: Decimal | None) -> Broken | None:
    if price is None:
        return None
    notional = amount * price
    if filters.min_notional is not None and notional < filters.min_notional:
        return Broken(
            Rule.NOTIONAL, f"value {plain(notional)} is below the smallest allowed, {plain(filters.min_notional)}"
        )
    if filters.max_notional is not None and notional > filters.max_notional:
        return Broken(
            Rule.NOTIONAL, f"value {plain(notional)} is above the largest allowed, {plain(filters.max_notional)}"
        )
    return None


def _percent(filters: Filters, side: Side, price: Decimal, average: Decimal | None) -> Broken | None:
    if average is None:
        return None
    buys = side is Side.BUY
    up, down = (filters.bid_up, filters.bid_down) if buys else (filters.ask_up, filters.ask_down)
    if up is not None and price > average * up:
        return Broken(
            Rule.PERCENT,
            f"a {side} at {plain(price)} is more than {plain(up)} times the average price {plain(average)}",
        )
    if down is not None and price < average * down:
        return Broken(
            Rule.PERCENT,
            f"a {side} at {plain(price)} is less than {plain(down)} times the average price {plain(average)}",
        )
    return None
