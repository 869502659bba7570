"""What the fund promised: clauses, each one rule in its final shape, and the findings of judging them.

New kinds of clause are new values of `kind` and rows in the checks' table, never new fields (D20 included).
"""

from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class Severity(StrEnum):
    """What a breach does: stop the plan, ask a person, or only tell."""

    BLOCK = "block"
    ASK = "ask"
    WARN = "warn"


class Basis(StrEnum):
    """What a clause's limit is a number of."""

    NAV = "nav"
    VALUE = "value"


class Moment(StrEnum):
    """When a clause must hold (D20)."""

    AT_TRADE = "at_trade"
    EVERY_STEP = "every_step"
    CLOSE_OF_DAY = "close_of_day"


class Clause(Noun, frozen=True, kw_only=True):
    """One promise. `scope` names what it binds (assets or venues; empty: each one by itself).

    `limit` is a fraction of NAV when `basis` is `nav`, and money in the base currency when it is `value`.
    """

    id: str
    kind: str
    words: str
    severity: Severity
    basis: Basis
    scope: tuple[str, ...] = ()
    limit: Decimal
    moment: Moment


class Mandate(Noun, frozen=True, kw_only=True):
    """All clauses of a fund, sorted by id."""

    clauses: tuple[Clause, ...] = ()


class Outcome(StrEnum):
    """The result of all checks together."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    ASK = "ask"
    BLOCK = "block"


class Finding(Noun, frozen=True, kw_only=True):
    """One clause judged on one subject at one moment: `wave` 0 is the present, n the state after wave n.

    `headroom` is limit minus value in the limit's unit, oriented so that a breach is negative.
    """

    clause: str
    kind: str
    subject: str
    severity: Severity
    wave: int
    value: Decimal
    limit: Decimal
    headroom: Decimal
    breached: bool
    because: str


class Verdict(Noun, frozen=True, kw_only=True):
    """The result of all checks on one plan (named by its hash): pass, ask or block, with every finding."""

    plan_hash: str
    outcome: Outcome
    findings: tuple[Finding, ...]
