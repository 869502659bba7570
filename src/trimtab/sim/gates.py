"""How much a simulated exchange lets its clients ask, as a world's file may say: `[venues.NAME.limits]`.

All of it is wall time. The numbers that stand where a file says nothing are the real exchanges', so that a test that
waits for the next window may say a shorter one. None of it decides what the market does: it may change under a world.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from trimtab.model.canonical import Noun


class Allowance(Noun, frozen=True, kw_only=True):
    """What one address or account may use up in each window of `window_s`, under a name for its header."""

    name: str = "1M"
    most: int
    window_s: Decimal


class Limits(Noun, frozen=True, kw_only=True):
    """What a venue allows, and when patience ends.

    Binance: `weight` of its own API and of the `wallet`'s by address, `orders` by account. Whoever asks `strikes` times
    more within a window that is used up is banned for `ban_s`, for twice as long each time after that, and never for
    longer than `longest_ban_s`. A signed request is good for `receive_ms` where it says nothing, and may ask for
    `longest_receive_ms`. Coinbase: `private` calls by account, `public` ones by address. Both: a request may be dated
    `ahead_ms` ahead of the server's clock.
    """

    weight: Allowance = Allowance(most=6000, window_s=Decimal(60))
    wallet: Allowance = Allowance(most=12000, window_s=Decimal(60))
    orders: tuple[Allowance, ...] = (
        Allowance(name="10S", most=100, window_s=Decimal(10)),
        Allowance(name="1D", most=200_000, window_s=Decimal(86_400)),
    )
    private: Allowance = Allowance(name="1S", most=30, window_s=Decimal(1))
    public: Allowance = Allowance(name="1S", most=10, window_s=Decimal(1))
    strikes: int = 10
    ban_s: Decimal = Decimal(120)
    longest_ban_s: Decimal = Decimal(259_200)
    receive_ms: int = 5000
    longest_receive_ms: int = 60_000
    ahead_ms: int = 1000


USUAL: Final = Limits()

ALLOWANCES: Final = ("weight", "wallet", "private", "public")
BANS: Final = ("strikes", "ban_s", "longest_ban_s")
WINDOWS: Final = ("receive_ms", "longest_receive_ms")
KNOWN: Final = {
    "binance": frozenset({"weight", "wallet", "orders", *BANS, *WINDOWS, "ahead_ms"}),
    "coinbase": frozenset({"private", "public", "ahead_ms"}),
}
"""The limits that each protocol has."""


def mistakes(wire: str, limits: Limits) -> Iterator[str]:
    """What is wrong with a venue's limits, each with its path below `limits`."""
    known = KNOWN.get(wire, frozenset())
    for name in limits.__struct_fields__:
        if getattr(limits, name) != getattr(USUAL, name) and name not in known:
            yield f".{name}: {_foreign(wire, known)}"
    told = [(f".{name}", getattr(limits, name)) for name in ALLOWANCES]
    told += [(f".orders[{number}]", allowance) for number, allowance in enumerate(limits.orders, start=1)]
    for path, allowance in told:
        yield from _above(f"{path}.most", allowance.most)
        yield from _above(f"{path}.window_s", allowance.window_s)
    for name in (*BANS, *WINDOWS, "ahead_ms"):
        yield from _above(f".{name}", getattr(limits, name))
    if limits.receive_ms > limits.longest_receive_ms:
        yield f".receive_ms: must be at most longest_receive_ms ({limits.longest_receive_ms}), got {limits.receive_ms}"


def _foreign(wire: str, known: frozenset[str]) -> str:
    if not wire:
        return 'goes with a protocol, such as wire = "binance"'
    return f"{wire} has no such limit; it has {', '.join(sorted(known))}" if known else f"{wire} has no limits"


def _above(path: str, value: int | Decimal) -> Iterator[str]:
    if value <= 0:
        yield f"{path}: must be above 0, got {value}"
