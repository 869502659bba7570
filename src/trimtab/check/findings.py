"""How a finding is made: a number against its limit, oriented so that a breach has negative headroom."""

from decimal import Decimal

from trimtab.model.mandate import Clause, Finding, Severity
from trimtab.units import ONE, ZERO, canon, money


def at_most(clause: Clause, subject: str, wave: int, value: Decimal, because: str) -> Finding:
    """A number that may not exceed the clause's limit."""
    return _finding(clause, (subject, wave, because), money(value), clause.limit - money(value))


def at_least(clause: Clause, subject: str, wave: int, value: Decimal, because: str) -> Finding:
    """A number that may not fall below the clause's limit."""
    return _finding(clause, (subject, wave, because), money(value), money(value) - clause.limit)


def _finding(clause: Clause, told: tuple[str, int, str], value: Decimal, headroom: Decimal) -> Finding:
    subject, wave, because = told
    return Finding(
        clause=clause.id,
        kind=clause.kind,
        subject=subject,
        severity=clause.severity,
        wave=wave,
        value=value,
        limit=clause.limit,
        headroom=canon(headroom),
        breached=headroom < 0,
        because=because,
    )


def measured(kind: str, subject: str, wave: int, numbers: tuple[Decimal, Decimal], because: str) -> Finding:
    """A rule that holds for every fund, whatever its mandate: (value, limit), and a breach blocks."""
    value, limit = (money(number) for number in numbers)
    return Finding(
        clause=kind,
        kind=kind,
        subject=subject,
        severity=Severity.BLOCK,
        wave=wave,
        value=value,
        limit=limit,
        headroom=canon(limit - value),
        breached=value > limit,
        because=because,
    )


def fault(kind: str, subject: str, wave: int, because: str) -> Finding:
    """Something that may not be at all: one where none is allowed."""
    return measured(kind, subject, wave, (ONE, ZERO), because)
