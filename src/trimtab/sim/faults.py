"""What goes wrong on purpose at a simulated venue's server: a plan of faults, by explicit schedule or by seed.

seed = "7"
[[faults]]
fault = "reset_after"
call = "POST /api/v3/order"        # "*" stands for anything
on = [1, 3]                        # which of the calls that match; or share = 0.1 of them, drawn by the seed
"""

from collections import Counter
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final

from trimtab.model.canonical import Noun
from trimtab.reading import Mistakes, read, shape_of


class Fault(StrEnum):
    """What can go wrong with one call. What needs a number takes it from `Planned.amount`."""

    REFUSED = "refused"
    """The port is closed after this call, for so many seconds; 0: until the server is told to listen again."""
    RESET_BEFORE = "reset_before"
    """The connection drops and nothing happened."""
    RESET_AFTER = "reset_after"
    """It happened, and the connection drops."""
    SHORT = "short"
    """It happened, and the answer ends before its Content-Length."""
    SLOW = "slow"
    """It happened, and the answer comes so many seconds later."""
    HTML = "html"
    """It happened, and the answer is 200 with a page for people."""
    TRUNCATED = "truncated"
    """It happened, and the answer is 200 with half of its JSON."""
    WRONG = "wrong"
    """It happened, and the answer is 200 with JSON of another kind."""
    BROKEN = "broken"
    """It happened, and the answer is this status (5xx) with a gateway's page."""
    LATE = "late"
    """An order is accepted so many seconds later, and nobody answers."""
    LIMITED = "limited"
    """Too many requests: 429, to be repeated after so many seconds; nothing happened."""
    BANNED = "banned"
    """The address is banned: 418, for so many seconds; nothing happens meanwhile."""
    UNKNOWN = "unknown"
    """It happened, and the venue says by this code that it does not know whether it did."""
    MAINTENANCE = "maintenance"
    """The venue is being repaired, and says so; nothing happened."""
    DUPLICATE = "duplicate"
    """An order was taken, and the venue says that its id is a duplicate."""
    PARTIAL = "partial"
    """Others take this share of the book just before the order comes."""
    UNLISTED = "unlisted"
    """The order is taken, and so many calls about orders do not know it yet."""
    STALE = "stale"
    """Balances are those of the first answer, under a fresh timestamp."""
    WILD = "wild"
    """Every price in this one answer is so many times the true one."""
    VANISHED = "vanished"
    """From now on the listing `subject` is not there."""
    REVOKED = "revoked"
    """From now on the key of this call is none."""
    SKEWED = "skewed"
    """From now on the venue's clock is so many seconds ahead."""


USUAL: Final = {
    Fault.SLOW: Decimal(5),
    Fault.BROKEN: Decimal(502),
    Fault.LATE: Decimal("4.2"),
    Fault.LIMITED: Decimal(1),
    Fault.BANNED: Decimal(120),
    Fault.UNKNOWN: Decimal(-1007),
    Fault.PARTIAL: Decimal("0.99"),
    Fault.UNLISTED: Decimal(2),
    Fault.WILD: Decimal(10),
    Fault.SKEWED: Decimal(60),
}
"""The number of a fault that names none."""


class Planned(Noun, frozen=True, kw_only=True):
    """One fault and when it strikes: on the calls `on` of those that match (counted from 1), on a share, or on all."""

    fault: Fault
    call: str = "*"
    on: tuple[int, ...] = ()
    share: Decimal = Decimal(1)
    amount: Decimal | None = None
    subject: str = ""

    @property
    def number(self) -> Decimal:
        """The amount, or what is usual for this fault."""
        return USUAL.get(self.fault, Decimal(0)) if self.amount is None else self.amount


class Plan(Noun, frozen=True, kw_only=True):
    """Everything that is to go wrong at one venue. Where several faults strike one call, the first is it."""

    seed: str = "1"
    faults: tuple[Planned, ...] = ()


NOTHING: Final = Plan()


def decode(table: dict[str, Any], file: str) -> Plan:
    """A plan from its parsed TOML. Raises Mistakes with every one."""
    mistakes: list[str] = []
    plan = read(shape_of(Plan), table, "", mistakes)
    if mistakes:
        raise Mistakes(file, mistakes)
    assert isinstance(plan, Plan), "a plan without mistakes was read"
    return plan


def struck(plan: Plan, seen: Counter[int], call: str) -> Planned | None:
    """The fault that this call meets; `seen` counts the calls that each planned fault has matched so far."""
    hits = [index for index, planned in enumerate(plan.faults) if fnmatchcase(call, planned.call)]
    seen.update(hits)
    return next((plan.faults[index] for index in hits if _strikes(plan, index, seen[index])), None)


def _strikes(plan: Plan, index: int, number: int) -> bool:
    planned = plan.faults[index]
    if planned.on:
        return number in planned.on
    drawn = int.from_bytes(sha256(f"{plan.seed}/{index}/{number}".encode()).digest()[:8])
    return drawn < planned.share * 2**64
