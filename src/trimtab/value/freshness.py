"""What a snapshot cannot be trusted for: accounts not read, read too late, or read as impossible.

Each of these blocks: nothing is traded on a picture of the fund that has a hole in it (D7, D19).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from trimtab.model.holdings import Balance, Snapshot
from trimtab.model.valuation import Doubt, Kind
from trimtab.units import plain


def doubts(snapshot: Snapshot, max_age_s: int) -> Iterator[Doubt]:
    """Every unknown, stale or negative account of a snapshot; `max_age_s` itself is still fresh."""
    for item in snapshot.unknown:
        yield Doubt(kind=Kind.UNKNOWN, subject=item.account, because=item.because, blocks=True)
    yield from _stale(snapshot, timedelta(seconds=max_age_s))
    yield from _negative(snapshot.balances)


def _stale(snapshot: Snapshot, most: timedelta) -> Iterator[Doubt]:
    """Accounts whose read is older than allowed, or as far ahead: a clock that wrong dates nothing."""
    for account, as_of in sorted(_oldest(snapshot.balances).items()):
        age = snapshot.at - as_of
        if abs(age) > most:
            yield Doubt(kind=Kind.STALE, subject=account, because=_aged(age, most), blocks=True)


def _oldest(balances: Iterable[Balance]) -> dict[str, datetime]:
    oldest: dict[str, datetime] = {}
    for balance in balances:
        oldest[balance.account] = min(balance.as_of, oldest.get(balance.account, balance.as_of))
    return oldest


def _aged(age: timedelta, most: timedelta) -> str:
    seconds = Decimal(abs(age) // timedelta(milliseconds=1)) / 1000
    told = "old" if age > timedelta() else "ahead of our clock"
    return f"its balances are {plain(seconds)} s {told}, at most {most // timedelta(seconds=1)} s are allowed"


def _negative(balances: Iterable[Balance]) -> Iterator[Doubt]:
    """Less than nothing that the venue does not call a loan is bad input; the account may not trade."""
    for balance in balances:
        if balance.free < 0 or balance.total < 0:
            short = f"{plain(balance.free)} free of {plain(balance.total)} in total"
            because = f"its {balance.asset} is negative: {short}; this account is frozen until that is explained"
            yield Doubt(kind=Kind.NEGATIVE, subject=balance.account, because=because, blocks=True)
