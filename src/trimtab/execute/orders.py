"""The order of a slice: its id, its price guard, its bounds, and what a venue's silence about it means (D25, D26)."""

import hashlib
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Final

from trimtab.model.accounts import VenueTerms
from trimtab.model.assets import Filters, Instrument
from trimtab.model.canonical import encode
from trimtab.model.ledger import Terms
from trimtab.model.orders import Order, OrderKind, Side, TimeInForce
from trimtab.model.plans import OrderLeg
from trimtab.model.policy import ExecutionPolicy
from trimtab.model.runs import Slice
from trimtab.quant import filters
from trimtab.units import ceil_to, divide, floor_to

MARGIN: Final = timedelta(seconds=1)
"""Added to a venue's window and its clock's skew before its silence counts as absence (D25)."""


@dataclass(frozen=True)
class Source:
    """What the ids of a run's orders are derived from: the ledger's own random bytes, and the cycle."""

    genesis: str
    cycle: str


@dataclass(frozen=True)
class Rules:
    """All that binds the orders of one leg: its instrument's filters, its venue's terms, the fund's policy."""

    filters: Filters
    venue: VenueTerms
    execution: ExecutionPolicy

    @property
    def window(self) -> timedelta:
        """How long after it was sent an order may still be accepted."""
        return timedelta(seconds=max(self.execution.valid_s, self.venue.accept_window_s))

    @property
    def ask_every(self) -> timedelta:
        """The pause between two questions about one order."""
        return timedelta(seconds=self.execution.ask_every_s)

    @property
    def rest(self) -> timedelta:
        """How long an order may rest in the book."""
        return timedelta(seconds=self.execution.slice_rest_s)

    @property
    def deadline(self) -> timedelta:
        """How long a leg may take, from its start."""
        return timedelta(seconds=self.execution.deadline_s)


def rules(terms: Terms, leg: OrderLeg) -> Rules:
    """What binds the orders of a leg. The plan was made under these terms, so that what is missing is a defect."""
    listed = instrument(terms, leg.instrument)
    venue = next((v for v in terms.venues if v.venue == listed.venue), None)
    assert venue is not None, f"venue {listed.venue} is not in the terms of the cycle"
    return Rules(listed.filters, venue, terms.policy.execution)


def instrument(terms: Terms, name: str) -> Instrument:
    """An instrument of the cycle's terms, which are sorted by id."""
    place = bisect_left(terms.instruments, name, key=attrgetter("id"))
    found = terms.instruments[place] if place < len(terms.instruments) else None
    assert found is not None, f"instrument {name} is not in the terms of the cycle"
    assert found.id == name, f"instrument {name} is not in the terms of the cycle"
    return found


def order_id(genesis: str, cycle: str, leg: str, slice: int, attempt: int) -> str:  # noqa: A002  # the noun's word
    """32 hexadecimal digits that no other attempt, slice, leg, cycle or ledger can have (D26).

    The digits are the first half of a sha256 over a JSON list, in which no part can run into the next; as a UUID
    or as they are they fit every venue without loss.
    """
    return hashlib.sha256(encode((genesis, cycle, leg, slice, attempt))).hexdigest()[:32]


def guard(leg: OrderLeg, rules: Rules) -> Decimal:
    """The price no slice of a leg may trade beyond, on the instrument's ticks, never worse than the plan's."""
    return filters.price_within(rules.filters, leg.side, leg.limit_price)


def smallest(leg: OrderLeg, rules: Rules) -> Decimal:
    """The least amount that the venue takes at the leg's guard: one step, its minimum, or its minimum value."""
    limits = rules.filters
    least = max(limits.step, limits.min_amount or limits.step)
    price = guard(leg, rules)
    if limits.min_notional is not None and price > 0:
        least = max(least, divide(limits.min_notional, price))
    return ceil_to(least, limits.step)


def largest(leg: OrderLeg, rules: Rules) -> Decimal | None:
    """The most that the venue takes in one order at the leg's guard; None where it has no bound."""
    limits = rules.filters
    price = guard(leg, rules)
    bounds = [limits.max_amount] if limits.max_amount is not None else []
    if limits.max_notional is not None and price > 0:
        bounds.append(divide(limits.max_notional, price))
    return floor_to(min(bounds), limits.step) if bounds else None


def order(source: Source, leg: OrderLeg, piece: Slice, amount: Decimal, at: datetime, rules: Rules) -> Order:
    """The next attempt of a slice, sent at `at`: always a limit order at the leg's guard.

    `market` is sent as immediate-or-cancel, so that the guard holds whatever the book does meanwhile; `limit` rests.
    A resting order also carries an expiry a little after we would cancel it, in case nobody is there to (D27).
    """
    rests = rules.execution.order_kind == "limit"
    attempt = piece.attempt + 1
    return Order(
        id=order_id(source.genesis, source.cycle, leg.id, piece.index, attempt),
        leg=leg.id,
        slice=piece.index,
        attempt=attempt,
        account=leg.account,
        instrument=leg.instrument,
        side=leg.side,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
        amount=amount,
        limit_price=guard(leg, rules),
        valid_until=at + rules.window,
        expires_at=at + rules.window + rules.rest + MARGIN if rests else None,
    )


def refusal(order: Order, rules: Rules) -> str | None:
    """Why the venue's filters would refuse an order, as a sentence; None if they would not."""
    return filters.refusal(
        rules.filters, side=order.side, kind=order.kind, amount=order.amount, price=order.limit_price, average=None
    )


def sent_at(order: Order, rules: Rules) -> datetime:
    """When an order was given."""
    return order.valid_until - rules.window


class Silence(StrEnum):
    """What it means that a venue does not know an order."""

    NOTHING = "nothing"
    ABSENT = "absent"
    FORGOTTEN = "forgotten"


def silence(order: Order, asked_at: datetime, rules: Rules) -> Silence:
    """What it means that the venue, asked at `asked_at`, did not know an order that it never acknowledged (D25).

    Absence is proven only after the last instant at which the order could be accepted, skew and margin added, and
    only while the venue would still remember one that it had accepted at once. A venue with an acceptance window
    of zero decides before it answers: there absence is proof at any time within its memory.
    """
    skew = timedelta(seconds=rules.venue.skew_s)
    if forgotten(order, asked_at, rules):
        return Silence.FORGOTTEN
    if rules.venue.accept_window_s and asked_at <= order.valid_until + skew + MARGIN:
        return Silence.NOTHING
    return Silence.ABSENT


def forgotten(order: Order, at: datetime, rules: Rules) -> bool:
    """Whether the venue may have dropped an order from its memory by `at`, had it ended as soon as it was sent."""
    memory = timedelta(seconds=rules.venue.retention_s - rules.venue.skew_s)
    return at > sent_at(order, rules) + memory


def spends(leg: OrderLeg) -> str:
    """The asset that a leg gives away."""
    return leg.quote if leg.side is Side.BUY else leg.base


def receives(leg: OrderLeg) -> str:
    """The asset that a leg brings in."""
    return leg.base if leg.side is Side.BUY else leg.quote
