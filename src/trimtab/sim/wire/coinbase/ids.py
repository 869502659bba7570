"""How Coinbase writes what the simulator knows: uuids, product ids, numbers and instants, and back.

Nothing is remembered: every id follows from the venue's own, so it is the same after a restart.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid5

from trimtab.model.assets import Instrument
from trimtab.sim.wire.coinbase.errors import wrong
from trimtab.units import canon, utc

ROOT: Final = UUID("6b8f3c0e-52d1-4f6a-9b7e-000000000000")
"""Names of this simulator begin here."""

FIAT: Final = frozenset({"AUD", "BRL", "CAD", "CHF", "EUR", "GBP", "JPY", "SGD", "USD"})
"""What is money of a state here, and everything else is crypto."""

NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII).fullmatch
_NUMBERED: Final = 12


def named(*parts: str) -> str:
    """The uuid of something that has a name."""
    return str(uuid5(ROOT, "/".join(parts)))


def wallet_id(account: str, asset: str) -> str:
    """The uuid of one asset in one account; v2 and v3 know it by the same."""
    return named("wallet", account, asset)


def portfolio_id(account: str) -> str:
    """The uuid of a portfolio, which is what an account is here."""
    return named("portfolio", account)


def order_id(venue: str, seq: int) -> str:
    """The uuid of the venue's order with this number, which its last twelve digits hold."""
    return f"{named('order', venue, str(seq))[:-_NUMBERED]}{seq:0{_NUMBERED}x}"


def order_number(venue: str, written: str) -> int | None:
    """The number in an order's uuid; None where it is none of this venue's."""
    try:
        seq = int(written[-_NUMBERED:], 16)
    except ValueError:
        return None
    return seq if seq >= 0 and written == order_id(venue, seq) else None


def product_id(instrument: Instrument) -> str:
    """BTC-USD."""
    return f"{instrument.base}-{instrument.quote}"


def text(value: Decimal) -> str:
    """A number as it leaves: exactly, and never with an exponent."""
    return f"{value:f}"


def number(written: object, path: str) -> Decimal:
    """A number as it comes: a string. Raises Failure for anything else."""
    if not isinstance(written, str):
        raise wrong(f"{path}: numbers are sent as strings")
    if not NUMBER(written):
        raise wrong(f"{path}: {written} is not a number")
    return canon(Decimal(written))


def instant(written: object, path: str) -> datetime:
    """An instant as it comes: ISO 8601 with a zone. Raises Failure for anything else."""
    try:
        return utc(datetime.fromisoformat(str(written)))
    except (ValueError, OverflowError) as error:
        raise wrong(f"{path}: {written} is not an instant in ISO 8601 with its zone") from error


def stamp(at: datetime) -> str:
    """An instant as v3 writes it, to the microsecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def whole_stamp(at: datetime) -> str:
    """An instant as v2 writes it: whole seconds, the rest cut off."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(at: datetime, since: datetime) -> Decimal:
    """Seconds between two instants, exactly."""
    return Decimal((at - since) // timedelta(microseconds=1)).scaleb(-6)
