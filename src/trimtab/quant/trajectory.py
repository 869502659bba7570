"""Schedules that trade impact against risk: Almgren and Chriss (2000), and Obizhaeva and Wang (2013).

All in Decimals, with one square root and no exponential: the same on every machine, and sums are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise, repeat
from operator import mul
from typing import Final

from trimtab.units import ONE, ZERO, under_context

NONE: Final = Decimal("1E-60")
"""A pull of risk below this is none: it could not be told from rounding, and moves nothing that could be traded."""


@dataclass(frozen=True)
class Frictions:
    """What trading costs and risks, per unit of the asset and in the price's own money, not as fractions of it.

    `volatility` is by the square root of the time unit, `epsilon` half the spread and the fees, `gamma` the permanent
    impact of a unit, `eta` the temporary impact of a unit per time unit, `drift` the expected rise per time unit.
    """

    volatility: Decimal
    gamma: Decimal
    eta: Decimal
    epsilon: Decimal = ZERO
    drift: Decimal = ZERO


@dataclass(frozen=True)
class Trajectory:
    """What is still held after each period, the whole first and zero last; and how long a period is.

    `urgency` is kappa of the paper: without drift, what is held falls by a factor of e in a time of one over kappa.
    """

    holdings: tuple[Decimal, ...]
    period: Decimal
    urgency: Decimal

    @property
    @under_context
    def trades(self) -> tuple[Decimal, ...]:
        """What is traded in each period; negative where a drift makes it worth going back."""
        return tuple(before - after for before, after in pairwise(self.holdings))


@dataclass(frozen=True)
class Blocks:
    """A block at once, a constant rate by time unit, and a block at the end."""

    first: Decimal
    rate: Decimal
    last: Decimal


@under_context
def optimal(
    amount: Decimal, duration: Decimal, periods: int, frictions: Frictions, aversion: Decimal = ZERO
) -> Trajectory:
    """The trajectory of least expected cost plus `aversion` times variance, over equal periods.

    An aversion of zero trades evenly, an infinite one all in the first period. With a drift more than the whole may be
    sold or held on the way. Raises ValueError where time is none, or where impact is so permanent that the temporary
    part is not above zero in a period.
    """
    if periods < 1 or duration <= 0:
        raise ValueError(f"{periods} periods in {duration}: both must be above zero")
    period = duration / periods
    stiff = _stiffness(frictions, period)
    pull = aversion * frictions.volatility**2 * period**2 / stiff if aversion and frictions.volatility else ZERO
    pull = ZERO if pull < NONE else pull
    ratio = 1 / (1 + pull / 2 + (pull * (1 + pull / 4)).sqrt())
    shares = _shares(ratio, periods)
    lean = frictions.drift * period**2 / (2 * stiff)
    gains = _gains(shares, pull)
    holdings = tuple(amount * share + lean * gain for share, gain in zip(reversed(shares), gains, strict=True))
    return Trajectory(holdings, period, abs(ratio.ln()) / period)


def _stiffness(frictions: Frictions, period: Decimal) -> Decimal:
    """The temporary impact less what of the permanent one falls within a period: eta tilde of the paper."""
    stiff = frictions.eta - frictions.gamma * period / 2
    if stiff <= 0:
        raise ValueError(f"eta: {frictions.eta} is not above half of gamma by period, {frictions.gamma * period / 2}")
    return stiff


def _shares(ratio: Decimal, periods: int) -> tuple[Decimal, ...]:
    """sinh(j k) / sinh(N k) for j from 0 to N, written in powers of ratio = exp(-k); j / N in the limit of k = 0."""
    if ratio == 1:
        return tuple(Decimal(j) / periods for j in range(periods + 1))
    powers = tuple(accumulate(repeat(ratio, 2 * periods), initial=ONE, func=mul))
    whole = 1 - powers[-1]
    return tuple((powers[periods - j] - powers[periods + j]) / whole for j in range(periods + 1))


def _gains(shares: Sequence[Decimal], pull: Decimal) -> tuple[Decimal, ...]:
    """What a drift adds to the holdings after each period, by unit of drift; a parabola where risk does not pull."""
    last = len(shares) - 1
    if not pull:
        return tuple(Decimal(j * (last - j)) / 2 for j in range(last + 1))
    return tuple((1 - back - share) / pull for back, share in zip(reversed(shares), shares, strict=True))


@under_context
def cost(path: Trajectory, frictions: Frictions) -> Decimal:
    """The expected cost of a trajectory in the price's money: all impact and `epsilon`, less what the drift brings."""
    trades = path.trades
    permanent = frictions.gamma * path.holdings[0] ** 2 / 2
    spread = frictions.epsilon * sum(map(abs, trades), ZERO)
    temporary = _stiffness(frictions, path.period) / path.period * sum((trade**2 for trade in trades), ZERO)
    return permanent + spread + temporary - frictions.drift * path.period * sum(path.holdings[1:], ZERO)


@under_context
def variance(path: Trajectory, frictions: Frictions) -> Decimal:
    """The variance of what a trajectory costs, in the square of the price's money."""
    return frictions.volatility**2 * path.period * sum((held**2 for held in path.holdings[1:]), ZERO)


@under_context
def resilient(amount: Decimal, duration: Decimal, resilience: Decimal) -> Blocks:
    """The cheapest schedule where a book of even depth refills exponentially (Obizhaeva and Wang), risk not counted.

    `resilience` is by time unit: after one over it, a gap in the book has closed to a share of 1/e. The faster it
    refills, the more is traded on the way; a book that never refills is taken half at once and half at the end.
    """
    if resilience < 0 or duration <= 0:
        raise ValueError(f"resilience {resilience} in {duration}: zero or more, in a time above zero")
    block = amount / (resilience * duration + 2)
    return Blocks(first=block, rate=resilience * block, last=block)
