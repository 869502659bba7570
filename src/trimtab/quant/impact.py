"""How far an order moves the price against itself: models by name, each saying which move its figure is.

Every model gives the average over the order, which is what is paid, beside the figure of its own formula. Spread and
fees are not in it. An order is charged by one model: the walk where it is sent at once, another where it is scheduled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from trimtab.model.prices import Level
from trimtab.quant import trajectory
from trimtab.quant.trajectory import Frictions
from trimtab.units import BPS, CONTEXT, ONE, ZERO, money, under_context


class Measure(StrEnum):
    """Which price move a formula gives: the average over the order, or the one that stands when it has ended."""

    AVERAGE = "average"
    FINAL = "final"


@dataclass(frozen=True)
class Parent:
    """A whole order, not its slices: `amount` of an asset, the price before it in quote, and the days it takes."""

    amount: Decimal
    price: Decimal
    days: Decimal = ONE


@dataclass(frozen=True)
class Activity:
    """What the models read of a market: turnover in the asset's units, volatility as a fraction of price, the book.

    Volatility is for one day. `outstanding` is how many units exist; `levels` are the side that the order takes,
    best first.
    """

    daily_volume: Decimal = ZERO
    daily_volatility: Decimal = ZERO
    outstanding: Decimal = ZERO
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True)
class Impact:
    """The price move of one order in bps of its price: what a formula gives, which move that is, what is paid.

    `average_bps` is paid on the order's value. `lasting_bps` is what stays in the price for those who trade later,
    None where the model does not say. `parameters` are all that the formula was given beside the order.
    """

    model: str
    measure: Measure
    bps: Decimal
    average_bps: Decimal
    lasting_bps: Decimal | None
    parameters: tuple[tuple[str, Decimal], ...]


@under_context
def cost(impact: Impact, value: Decimal) -> Decimal:
    """What an impact costs on an order of a value, in the money of that value."""
    return money(value * impact.average_bps / BPS)


@under_context
def sqrt_final(parent: Parent, activity: Activity, *, coefficient: Decimal = ONE) -> Impact:
    """`coefficient * volatility * sqrt(amount / volume)`, for a coefficient fitted to the price when the order ends.

    An order that fills evenly pays two thirds of the final move, the mean of a square root.
    """
    final = _square_root(parent, activity, coefficient)
    return Impact("sqrt_final", Measure.FINAL, money(final), money(final * 2 / 3), None, _terms(activity, coefficient))


@under_context
def sqrt_average(parent: Parent, activity: Activity, *, coefficient: Decimal = ONE) -> Impact:
    """The same formula for a coefficient that was fitted to average prices paid: nothing is taken off it."""
    paid = money(_square_root(parent, activity, coefficient))
    return Impact("sqrt_average", Measure.AVERAGE, paid, paid, None, _terms(activity, coefficient))


def _square_root(parent: Parent, activity: Activity, coefficient: Decimal) -> Decimal:
    share = parent.amount / _above_zero("daily_volume", activity.daily_volume)
    return BPS * coefficient * activity.daily_volatility * share.sqrt()


def _terms(activity: Activity, coefficient: Decimal) -> tuple[tuple[str, Decimal], ...]:
    return (
        ("coefficient", coefficient),
        ("daily_volatility", activity.daily_volatility),
        ("daily_volume", activity.daily_volume),
    )


@under_context
def athl2005(
    parent: Parent,
    activity: Activity,
    *,
    gamma: Decimal = Decimal("0.314"),
    eta: Decimal = Decimal("0.142"),
    beta: Decimal = Decimal("0.6"),
    delta: Decimal = Decimal("0.25"),
) -> Impact:
    """Almgren, Thum, Hauptmann and Li, Direct Estimation of Equity Market Impact (2005), with their coefficients.

    Half the permanent move is paid on average while it builds up, and the whole of the temporary one. Fitted to US
    shares; a digital asset needs its own coefficients.
    """
    volume = _above_zero("daily_volume", activity.daily_volume)
    turned = _above_zero("outstanding", activity.outstanding) / volume
    share, sigma = parent.amount / volume, BPS * activity.daily_volatility
    permanent = gamma * sigma * share * CONTEXT.power(turned, delta)
    temporary = eta * sigma * CONTEXT.power(share / _above_zero("days", parent.days), beta)
    paid = money(permanent / 2 + temporary)
    return Impact(
        "athl2005",
        Measure.AVERAGE,
        paid,
        paid,
        money(permanent),
        (
            ("beta", beta),
            ("daily_volatility", activity.daily_volatility),
            ("daily_volume", activity.daily_volume),
            ("days", parent.days),
            ("delta", delta),
            ("eta", eta),
            ("gamma", gamma),
            ("outstanding", activity.outstanding),
        ),
    )


@under_context
def almgren_chriss(
    parent: Parent, activity: Activity, *, gamma: Decimal, eta: Decimal, aversion: Decimal = ZERO, periods: int = 1
) -> Impact:
    """The expected cost of the cheapest schedule of Almgren and Chriss (2000), linear impact, without its spread.

    `gamma` is in quote by unit, `eta` in quote by unit a day; `aversion` is by quote. More aversion trades sooner and
    pays more impact for less risk; the risk is not in this figure.
    """
    worth = _above_zero("price", parent.price)
    frictions = Frictions(volatility=activity.daily_volatility * worth, gamma=gamma, eta=eta)
    path = trajectory.optimal(parent.amount, parent.days, periods, frictions, aversion)
    paid = trajectory.cost(path, frictions) / (parent.amount * worth) if parent.amount else ZERO
    return Impact(
        "almgren_chriss",
        Measure.AVERAGE,
        money(BPS * paid),
        money(BPS * paid),
        money(BPS * gamma * parent.amount / worth),
        (
            ("aversion", aversion),
            ("daily_volatility", activity.daily_volatility),
            ("days", parent.days),
            ("eta", eta),
            ("gamma", gamma),
            ("periods", Decimal(periods)),
        ),
    )


@under_context
def walk(parent: Parent, activity: Activity) -> Impact:
    """The walk down the live book beyond its touch, for an order that is sent at once. The spread is not in it.

    Legs that share a book are walked together, as one parent. Raises ValueError where the book has less.
    """
    worth, left, off = _above_zero("price", parent.price), parent.amount, ZERO
    for level in activity.levels:
        taken = min(left, level.amount)
        off += taken * abs(level.price - activity.levels[0].price)
        left -= taken
    if left:
        raise ValueError(f"levels: they hold {parent.amount - left} of the {parent.amount} to be traded")
    paid = money(BPS * off / (parent.amount * worth)) if parent.amount else ZERO
    return Impact("walk", Measure.AVERAGE, paid, paid, None, (("levels", Decimal(len(activity.levels))),))


IMPACTS: Final[Mapping[str, Callable[..., Impact]]] = {
    "almgren_chriss": almgren_chriss,
    "athl2005": athl2005,
    "sqrt_average": sqrt_average,
    "sqrt_final": sqrt_final,
    "walk": walk,
}
"""Each takes a parent order and its market's activity, then the coefficients of the model by their names."""


def _above_zero(name: str, value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(f"{name}: {value} is not above zero")
    return value
