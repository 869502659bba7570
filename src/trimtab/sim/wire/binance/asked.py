"""One admitted question: whose it is, its parameters, and the venue it is put to; with what the server remembers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from trimtab.model.assets import Instrument, Listing
from trimtab.sim.clock import EPOCH, micros
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.venue import SimVenue
from trimtab.sim.wire.binance.errors import Rejected
from trimtab.sim.wire.keys import Key
from trimtab.units import canon

E = TypeVar("E", bound=StrEnum)

NUMBER: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
PLACES: Final = 8
DAY: Final = timedelta(days=1)
SEASON: Final = timedelta(days=90)
MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass
class Memory:
    """What faults have done to this server so far: nothing of it is the venue's."""

    vanished: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    unlisted: dict[tuple[str, str], int] = field(default_factory=dict)
    balances: dict[str, list[dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One admitted question. `at` is wall time; the market's is `sim.now()`. A public question has no key."""

    sim: SimVenue
    memory: Memory
    params: Mapping[str, str]
    at: datetime
    key: Key | None = None
    fault: Planned | None = None
    valid_for: timedelta = timedelta(seconds=5)

    @property
    def account(self) -> str:
        """The account that the key opens."""
        assert self.key is not None, "a question about an account came without a key"
        return self.key.account

    def struck(self, fault: Fault) -> Planned | None:
        """The fault to be played, if it is this one."""
        return self.fault if self.fault is not None and self.fault.fault is fault else None


def listed(asked: Asked) -> dict[str, Instrument]:
    """Every instrument that is there, by its symbol."""
    found = {symbol_of(one): one for one in asked.sim.rules().instruments if one.listing is not Listing.VANISHED}
    return {symbol: one for symbol, one in sorted(found.items()) if symbol not in asked.memory.vanished}


def symbol_of(instrument: Instrument) -> str:
    """BTCUSDT."""
    return instrument.base + instrument.quote


def instrument(asked: Asked) -> Instrument:
    """The instrument that was asked for."""
    return by_symbol(asked, must(asked, "symbol"))


def by_symbol(asked: Asked, symbol: str) -> Instrument:
    """The instrument with a symbol."""
    found = listed(asked).get(symbol)
    if found is None:
        raise Rejected(-1121)
    return found


def must(asked: Asked, name: str) -> str:
    """A parameter that has to be there."""
    value = asked.params.get(name, "")
    if not value:
        raise Rejected(-1102, name)
    return value


def number(asked: Asked, name: str, finest: int = PLACES) -> Decimal | None:
    """A number as an order's parameters carry it; None where it was not sent."""
    value = asked.params.get(name)
    if value is None:
        return None
    if not re.fullmatch(NUMBER, value):
        raise Rejected(-1100, name, NUMBER)
    found = canon(Decimal(value))
    if found != round(found, finest):
        raise Rejected(-1111, name)
    return found


def whole(asked: Asked, name: str, usual: int | None = None, most: int | None = None) -> int | None:
    """A whole number; `usual` where it was not sent, never more than `most`."""
    value = asked.params.get(name)
    if value is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise Rejected(-1100, name, "^[0-9]{1,18}$")
    return min(int(value), most) if most is not None else int(value)


def span(asked: Asked) -> tuple[datetime, datetime]:
    """From `startTime` to `endTime`, of market time: what is missing is open."""
    start, end = whole(asked, "startTime"), whole(asked, "endTime")
    first = EPOCH if start is None else _instant(start)
    return first, datetime.max.replace(tzinfo=UTC) if end is None else _instant(end) + timedelta(microseconds=999)


def within_a_day(asked: Asked) -> tuple[datetime, datetime]:
    """A span that is not longer than a day where both its ends are given."""
    start, end = span(asked)
    if {"startTime", "endTime"} <= set(asked.params) and end - start > DAY + MILLISECOND:
        raise Rejected(-1127)
    return start, end


def within_a_season(asked: Asked) -> tuple[datetime, datetime]:
    """A span that is not longer than ninety days: one that has no end ends now."""
    start, end = span(asked)
    if "startTime" in asked.params and min(end, asked.sim.now()) - start > SEASON:
        raise Rejected(-4047)
    return start, end


def _instant(milliseconds: int) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise Rejected(-1130, "timestamp") from error


def ms(at: datetime) -> int:
    """An instant as Binance writes it: whole milliseconds since 1970, the rest cut off."""
    return micros(at) // 1000


def text(value: Decimal) -> str:
    """A number as Binance writes it: plain, with eight places or all that it has."""
    places = max(PLACES, -int(value.as_tuple().exponent))
    return f"{value:.{places}f}"


def rate(basis_points: Decimal) -> str:
    """Basis points as the fraction that Binance writes."""
    return text(basis_points.scaleb(-4))


def page(asked: Asked, rows: list[Any], usual: int, most: int) -> list[Any]:
    """As many rows from `offset` on as were asked for."""
    start, limit = whole(asked, "offset", 0) or 0, whole(asked, "limit", usual, most) or usual
    return rows[start : start + limit]


def number_of(name: str) -> int:
    """A number for what Binance numbers and we name: its last digits, or one that is drawn from the whole name."""
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits) if digits else int.from_bytes(name.encode()[-6:])
