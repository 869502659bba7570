"""One admitted question: whose it is, what is in it, and the venue it is put to; with how that venue behaves here."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from trimtab.sim import gates
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.venue import SimVenue
from trimtab.sim.wire.calls import Call
from trimtab.sim.wire.coinbase.errors import wrong
from trimtab.sim.wire.keys import Key
from trimtab.units import ONE, ZERO


class Repeats(StrEnum):
    """What becomes of an order whose client id was used before: sources disagree, so a client must bear both."""

    RETURNED = "returned"
    REFUSED = "refused"


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this Coinbase behaves where the real one may change, or is not known for certain.

    For `lag_s` of market time an order that rests is told as `young` and one that was cancelled as CANCEL_QUEUED,
    whatever has become of it. A token may be dated `leeway_s` ahead of the wall's clock.
    """

    repeats: Repeats = Repeats.RETURNED
    private: Allowance = gates.USUAL.private
    public: Allowance = gates.USUAL.public
    leeway_s: float = 1
    lag_s: Decimal = ZERO
    young: Literal["PENDING", "QUEUED"] = "PENDING"


USUAL: Final = Habits()


def habits(limits: Limits) -> Habits:
    """The usual ones, with what a world's file says of limits."""
    return Habits(private=limits.private, public=limits.public, leeway_s=limits.ahead_ms / 1000)


@dataclass
class Memory:
    """What faults have done to this server so far, and why tokens were turned away; nothing of it is the venue's."""

    vanished: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    unlisted: dict[int, int] = field(default_factory=dict)
    wallets: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    banned: dict[str, float] = field(default_factory=dict)
    denials: deque[str] = field(default_factory=lambda: deque(maxlen=100))


@dataclass(frozen=True)
class Asked:
    """One admitted question. `at` is wall time; the market's is `sim.now()`. A keyless question has no key.

    `named` is what the path's pattern names, `hidden` the numbers of orders that a fault keeps from being told.
    """

    sim: SimVenue
    habits: Habits
    memory: Memory
    call: Call
    query: tuple[tuple[str, str], ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    key: Key | None = None
    fault: Planned | None = None
    hidden: frozenset[int] = frozenset()

    @property
    def at(self) -> datetime:
        """Wall time."""
        return self.call.at

    @property
    def path(self) -> str:
        """The path as it was asked."""
        return self.call.path

    @property
    def account(self) -> str:
        """The account that the key opens."""
        assert self.key is not None, "a question about an account came without a key"
        return self.key.account

    @property
    def wildness(self) -> Decimal:
        """How many times the true price the prices of this answer are."""
        wild = self.struck(Fault.WILD)
        return ONE if wild is None else wild.number

    def struck(self, fault: Fault) -> Planned | None:
        """The fault to be played, if it is this one."""
        return self.fault if self.fault is not None and self.fault.fault is fault else None

    def one(self, name: str) -> str | None:
        """The first value of a query field; None where it is not there or empty."""
        return next((value for key, value in self.query if key == name and value), None)

    def many(self, *names: str) -> frozenset[str]:
        """Every value of a query field, whatever of its names was used; lists come as repeated fields."""
        return frozenset(value for key, value in self.query if key in names and value)


def fields(asked: Asked) -> dict[str, Any]:
    """The request's JSON object. Raises Failure where it is none."""
    try:
        found = msgspec.json.decode(asked.call.body or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise wrong(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise wrong("the body is not an object")
    return found


def text_of(table: Mapping[str, Any], name: str) -> str:
    """A text that must be there. Raises Failure where it is not, or is a number: numbers come as strings."""
    found = table.get(name)
    if not isinstance(found, str) or not found:
        raise wrong(f"{name}: must be a text that is not empty")
    return found


def count(asked: Asked, name: str, usual: int, most: int) -> int:
    """How many rows were asked for, never more than `most`. Raises Failure for what is no number above zero."""
    found = asked.one(name)
    if found is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,9}", found) or not int(found):
        raise wrong(f"{name}: must be a whole number above 0, got {found}")
    return min(int(found), most)


def page(rows: Sequence[tuple[str, Any]], after: str | None, size: int) -> tuple[list[Any], str]:
    """One page of rows (each with its id), and the id after which the next page begins; empty where none does.

    Raises Failure for a cursor that is no row's id.
    """
    ids = [row_id for row_id, _ in rows]
    if after is not None and after not in ids:
        raise wrong("the cursor is not one of this list")
    start = 0 if after is None else ids.index(after) + 1
    more = start + size < len(rows)
    return [row for _, row in rows[start : start + size]], ids[start + size - 1] if more else ""
