"""Numbers of money: the one Decimal context, canonical Decimals, raw integers, steps, basis points, UTC instants.

Python's default context keeps 28 digits and would silently round a uint256, which has 78. Nothing here
reads the ambient context of the caller: results are the same under any `decimal.getcontext()`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

PRECISION: Final = 100
"""Digits kept: a uint256 has 78, and a price times an amount still fits."""

CONTEXT: Final = Context(prec=PRECISION, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
EXACT: Final = Context(
    prec=PRECISION, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact]
)

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
BPS: Final = Decimal(10_000)
UNIT: Final = Decimal("0.000000000001")
"""Derived money (values, weights, costs, prices) is rounded to this before it enters a noun; amounts never are."""


def under_context(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function under the house's Decimal context, whatever the caller's is.

    Every public stage function that does arithmetic on Decimals wears it.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(CONTEXT):
            return function(*args, **kwargs)

    return run


def canon(value: Decimal) -> Decimal:
    """Write a number in its one canonical form: no trailing zeros, no positive exponent, no -0.

    Raises ValueError for NaN and infinities, and if more than PRECISION digits would be needed.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    if not value:
        return ZERO
    plain = EXACT.normalize(value)
    if plain.as_tuple().exponent > 0:  # type: ignore[operator]  # finite, so an int
        plain = plain.quantize(ONE, context=EXACT)
    return plain


def money(value: Decimal) -> Decimal:
    """Round derived money (a value, weight, cost, price) half-even to UNIT, in canonical form."""
    return canon(value.quantize(UNIT, context=CONTEXT))


def divide(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide under the house's context: 100 digits, half-even. Round the result before storing it."""
    return CONTEXT.divide(numerator, denominator)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`, in canonical form."""
    return _to_step(value, step, ROUND_FLOOR)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`, in canonical form."""
    return _to_step(value, step, ROUND_CEILING)


def round_to(value: Decimal, step: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The multiple of `step` nearest to `value`; ties by `rounding` (a constant of `decimal`)."""
    return _to_step(value, step, rounding)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of steps, exactly (0.3 is three times 0.1 here)."""
    return not EXACT.remainder(value, step)


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        raise ValueError(f"a step must be above zero, got {step}")
    whole = CONTEXT.divide(value, step).quantize(ONE, rounding=rounding, context=CONTEXT)
    return canon(CONTEXT.multiply(whole, step))


def to_raw(amount: Decimal, decimals: int) -> int:
    """An amount as an integer of its smallest unit (satoshi, wei). Raises ValueError where it is finer than that."""
    scaled = amount.scaleb(decimals, context=CONTEXT)
    raw = int(scaled)
    if raw != scaled:
        raise ValueError(f"{amount} has more than {decimals} decimals")
    return raw


def from_raw(raw: int, decimals: int) -> Decimal:
    """An integer of smallest units as a canonical amount."""
    return canon(Decimal(raw).scaleb(-decimals, context=CONTEXT))


def bps(part: Decimal, whole: Decimal) -> Decimal:
    """`part` in basis points of `whole`, rounded as money; zero where `whole` is zero."""
    return money(CONTEXT.divide(CONTEXT.multiply(part, BPS), whole)) if whole else ZERO


def utc(instant: datetime) -> datetime:
    """The same instant as an aware UTC datetime. Raises ValueError for a naive one: its zone is unknown."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; write it with Z or an offset")
    return instant.astimezone(UTC)


def plain(value: Decimal, places: int | None = None) -> str:
    """A number for people: never an exponent, thousands separated; rounded half-even to `places` where given."""
    shown = value if places is None else value.quantize(Decimal(1).scaleb(-places), context=CONTEXT)
    return f"{shown:,f}"
