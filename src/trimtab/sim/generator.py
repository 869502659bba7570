"""Seeded prices without a past: the price at any second is computed directly, not by walking there.

A Brownian path is halved again and again (Lévy's construction): each second's value is the mean of two
neighbours further apart plus a draw that is a hash of (seed, name, second). Only hashing, +, -, *, / and square
roots are used, which give the same bits on every platform; the logarithm tables of a C library do not.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from math import sqrt
from typing import Final

YEAR_S: Final = 31_536_000
SPAN_S: Final = 1 << 26
"""The widest bridge, about 777 days; longer paths are chains of them."""


@dataclass(frozen=True)
class Motion:
    """How one asset's price moves: `price` at the start, in the world's unit; `volatility` by year (0.6 is 60 %)."""

    price: Decimal
    volatility: Decimal


@dataclass(frozen=True)
class Generator:
    """Prices of all assets from one seed. `correlation` of any two assets comes from one factor they share."""

    seed: str
    start: int
    end: int
    motions: Mapping[str, Motion]
    correlation: Decimal = Decimal("0.6")


def price(generator: Generator, asset: str, second: int) -> float | None:
    """The price of an asset at a second; None outside of the tape and for an asset it does not have.

    The median price stays what it was at the start: there is no drift.
    """
    motion = generator.motions.get(asset)
    if motion is None or not generator.start <= second < generator.end:
        return None
    if not motion.volatility:
        return float(motion.price)
    passed = second - generator.start
    shared, own = float(generator.correlation), 1.0 - float(generator.correlation)
    path = sqrt(shared) * walk(stream(generator.seed, ""), passed) + sqrt(own) * walk(
        stream(generator.seed, asset), passed
    )
    return float(motion.price) * exponential(float(motion.volatility) * path / sqrt(YEAR_S))


@lru_cache(maxsize=1024)
def stream(seed: str, name: str) -> bytes:
    """The key of one path's draws."""
    return blake2b(name.encode(), key=blake2b(seed.encode(), digest_size=32).digest(), digest_size=32).digest()


@lru_cache(maxsize=1 << 17)
def walk(key: bytes, second: int) -> float:
    """A standard Brownian path (variance one per second) that is 0 at second 0, at any second from there on."""
    if second == 0:
        return 0.0
    if second % SPAN_S == 0:
        return walk(key, second - SPAN_S) + sqrt(SPAN_S) * draw(key, second)
    reach = second & -second
    return (walk(key, second - reach) + walk(key, second + reach)) / 2 + sqrt(reach / 2) * draw(key, second)


def draw(key: bytes, second: int) -> float:
    """A number that is nearly standard normal (the sum of eight uniform ones), for one second of one path."""
    parts = struct.unpack("<8H", blake2b(second.to_bytes(8, "little"), key=key, digest_size=16).digest())
    total: int = sum(parts)
    return (total - 8 * 32767.5) / _DEVIATION


_DEVIATION: Final = sqrt(8 * (65536.0 * 65536.0 - 1.0) / 12.0)


def exponential(power: float) -> float:
    """Raise e to a power, by Taylor's series on a 1024th of it, squared ten times.

    math.exp may differ in its last bit from one platform to the next.
    """
    part = power / 1024.0
    total = term = 1.0
    for n in range(1, 12):
        term = term * part / n
        total += term
    for _ in range(10):
        total *= total
    return total
