"""Reads venues' answers: whatever is not what it should be is a failure, and never zero, nothing or empty.

Every function raises Garbled, which names what was wrong and shows none of the answer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from trimtab.units import canon

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)


class Garbled(ValueError):
    """An answer that is not what the venue's documentation says it is."""


def record(answer: Any, what: str) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(answer, dict):
        raise Garbled(f"{what}: the answer is no object")
    return answer


def rows(answer: Any, what: str) -> list[Mapping[str, Any]]:
    """A list of objects."""
    if not isinstance(answer, list):
        raise Garbled(f"{what}: the answer is no list")
    return [record(row, what) for row in answer]


def within(row: Mapping[str, Any], name: str) -> Any:
    """A value that must be there."""
    if name not in row:
        raise Garbled(f"{name} is missing")
    return row[name]


def text(row: Mapping[str, Any], name: str) -> str:
    """A text."""
    value = within(row, name)
    if not isinstance(value, str):
        raise Garbled(f"{name} is no text")
    return value


def whole(row: Mapping[str, Any], name: str) -> int:
    """A whole number, as one or as text."""
    value = within(row, name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Garbled(f"{name} is no whole number")
    try:
        return int(value)
    except ValueError:
        raise Garbled(f"{name} is no whole number") from None


def flag(row: Mapping[str, Any], name: str) -> bool:
    """Yes or no."""
    value = within(row, name)
    if not isinstance(value, bool):
        raise Garbled(f"{name} is neither true nor false")
    return value


def number(row: Mapping[str, Any], name: str) -> Decimal:
    """A number that was written as text or as an integer: a float has lost digits already."""
    return exact(within(row, name), name)


def exact(value: Any, name: str) -> Decimal:
    """The number that a text or an integer writes."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Garbled(f"{name} is no exact number")
    try:
        return canon(Decimal(value))
    except (InvalidOperation, ValueError):
        raise Garbled(f"{name} is no number") from None


def instant(row: Mapping[str, Any], name: str) -> datetime:
    """An instant in milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=whole(row, name))


def written(row: Mapping[str, Any], name: str) -> datetime:
    """An instant written as `2026-01-05 07:30:00`, in UTC."""
    try:
        return datetime.fromisoformat(text(row, name)).replace(tzinfo=UTC)
    except ValueError:
        raise Garbled(f"{name} is no instant") from None


def blurred(stamp: datetime, at: datetime) -> bool:
    """Whether an instant cut to whole seconds leaves it open if it was before another."""
    return stamp < at < stamp + SECOND


def stamped(row: Mapping[str, Any], name: str) -> datetime:
    """An instant written as ISO 8601 with its zone."""
    try:
        told = datetime.fromisoformat(text(row, name))
    except ValueError:
        raise Garbled(f"{name} is no instant") from None
    if told.tzinfo is None:
        raise Garbled(f"{name} has no zone")
    return told.astimezone(UTC)


def optional(row: Mapping[str, Any], name: str) -> Decimal | None:
    """A number that may be empty or missing, or zero for none."""
    return None if row.get(name) in (None, "") else number(row, name) or None
