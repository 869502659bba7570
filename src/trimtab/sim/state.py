"""What one simulated venue remembers, in rows that can be kept anywhere, and the list of those a request changed.

Rows are frozen and replaced, never changed in place. A State may hold only part of the venue's rows. What every
request needs: all live orders (`Placed.live`) and unfinished movements of the venue, and all balances of the
accounts that it names and of those with live orders or deposits. `place`, `query` and `cancel` also need the
ended orders with the id they name. Everything else (the old log, finished movements, other accounts) may stay
where it is.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.holdings import Transfer
from trimtab.model.orders import Fill, Order, OrderStatus
from trimtab.sim.rules import Consumed, Rules


@dataclass(frozen=True)
class Stock:
    """One asset in one account, in raw units: all of it, and the part that open orders lock."""

    account: str
    asset: str
    total: int = 0
    locked: int = 0

    @property
    def free(self) -> int:
        """What can be traded now."""
        return self.total - self.locked


@dataclass(frozen=True)
class Placed:
    """One order in the venue's log. `seq` is its place in time; `status` None: arrived and not yet accepted.

    `locked` is what it still locks, in raw units of the asset it pays with.
    """

    seq: int
    order: Order
    arrived_at: datetime
    accepts_at: datetime
    status: OrderStatus | None = None
    filled: Decimal = Decimal(0)
    locked: int = 0
    fills: tuple[Fill, ...] = ()
    changed_at: datetime | None = None
    because: str = ""

    @property
    def live(self) -> bool:
        """Whether it may still change: it waits for acceptance or rests in the book."""
        return self.status in (None, OrderStatus.OPEN)


class Direction(StrEnum):
    """Which end of a transfer this venue is."""

    OUT = "out"
    IN = "in"
    WITHIN = "within"


@dataclass(frozen=True)
class Movement:
    """A transfer as this venue knows it, with the instants at which its stage will change by itself.

    An outward one ends as sent at `sent_at`; an inward one is seen, tradable and withdrawable at its three.
    `finished_at` None: it is not finished. `reference` is what the client called it.
    """

    transfer: Transfer
    direction: Direction
    network: str = ""
    reference: str = ""
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    tradable_at: datetime | None = None
    withdrawable_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def key(self) -> tuple[str, Direction]:
        """What tells it from others: both ends of one transfer may be at this venue."""
        return self.transfer.id, self.direction


@dataclass(frozen=True)
class Changes:
    """The rows that changed since the last time they were taken, each whole and in order, to be stored as they are."""

    balances: tuple[Stock, ...]
    orders: tuple[Placed, ...]
    movements: tuple[Movement, ...]
    consumed: tuple[Consumed, ...]
    next_order: int
    next_fill: int
    next_transfer: int


@dataclass
class State:
    """The rows of a venue, or the part of them that a request needs (see above), and the next free numbers."""

    balances: dict[tuple[str, str], Stock] = field(default_factory=dict)
    orders: dict[int, Placed] = field(default_factory=dict)
    movements: dict[tuple[str, Direction], Movement] = field(default_factory=dict)
    next_order: int = 1
    next_fill: int = 1
    next_transfer: int = 1
    consumed: list[Consumed] = field(default_factory=list)
    _live: dict[int, Placed] = field(default_factory=dict)
    _named: defaultdict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    _balances: set[tuple[str, str]] = field(default_factory=set)
    _orders: set[int] = field(default_factory=set)
    _movements: set[tuple[str, Direction]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Index the orders that were loaded."""
        for placed in self.orders.values():
            self._index(placed)

    def live(self, instrument: str | None = None) -> Iterator[Placed]:
        """Live orders in the order of their arrival, of one instrument or of all."""
        for seq in sorted(self._live):
            if instrument in (None, self._live[seq].order.instrument):
                yield self._live[seq]

    def named(self, account: str, order_id: str) -> tuple[Placed, ...]:
        """The orders of an account with one client id, earliest first."""
        return tuple(self.orders[seq] for seq in sorted(self._named.get((account, order_id), ())))

    def stock(self, account: str, asset: str) -> Stock:
        """The row of one asset in one account; an asset that was never there is zero."""
        return self.balances.get((account, asset)) or Stock(account, asset)

    def keep_stock(self, stock: Stock) -> None:
        """Replace a balance."""
        assert 0 <= stock.locked <= stock.total, f"{stock}: a lock or a free balance below zero"
        self.balances[stock.account, stock.asset] = stock
        self._balances.add((stock.account, stock.asset))

    def keep_order(self, placed: Placed) -> None:
        """Add or replace an order."""
        self.orders[placed.seq] = placed
        self._orders.add(placed.seq)
        self._index(placed)

    def keep_movement(self, movement: Movement) -> None:
        """Add or replace a movement."""
        self.movements[movement.key] = movement
        self._movements.add(movement.key)

    def _index(self, placed: Placed) -> None:
        self._named[placed.order.account, placed.order.id].add(placed.seq)
        if placed.live:
            self._live[placed.seq] = placed
        else:
            self._live.pop(placed.seq, None)

    def take_changes(self) -> Changes:
        """What changed since the last call, sorted; the list starts anew."""
        changes = Changes(
            balances=tuple(self.balances[key] for key in sorted(self._balances)),
            orders=tuple(self.orders[key] for key in sorted(self._orders)),
            movements=tuple(self.movements[key] for key in sorted(self._movements)),
            consumed=tuple(self.consumed),
            next_order=self.next_order,
            next_fill=self.next_fill,
            next_transfer=self.next_transfer,
        )
        for touched in (self._balances, self._orders, self._movements):
            touched.clear()
        self.consumed.clear()
        return changes


def living(state: State) -> State:
    """The part of a state that every request needs: ended orders stay where they are kept, so that it does not grow."""
    return State(
        balances=state.balances,
        orders={placed.seq: placed for placed in state.live()},
        movements=state.movements,
        next_order=state.next_order,
        next_fill=state.next_fill,
        next_transfer=state.next_transfer,
    )


@dataclass
class Exchange:
    """One simulated venue: what it is and what it remembers. The functions of this package act on it."""

    rules: Rules
    state: State = field(default_factory=State)
