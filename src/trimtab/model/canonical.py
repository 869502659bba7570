"""The one byte form of every noun, and its hash.

These bytes are what is stored, hashed, shown and replayed. Construction refuses what is not canonical
(a trailing zero, -0, a naive time) rather than mending it, so two equal nouns never differ in bytes. A field
that has its default is not written: a noun that gains one keeps the bytes, and the hashes, that it had before.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

T = TypeVar("T")

CANONICAL: Final = re.compile(r"0|-?(?:[1-9]\d*(?:\.\d*[1-9])?(?:E-\d+)?|0\.\d*[1-9])").fullmatch


class Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every noun is: immutable, keyword-only, strict when decoded, canonical by construction."""

    def __post_init__(self) -> None:
        """Refuse Decimals and times that are not in canonical form."""
        decimals, times = _checked(type(self))
        for read, name in decimals:
            value = read(self)
            if value is not None and not CANONICAL(str(value)):
                raise ValueError(f"{type(self).__name__}.{name}: {value} is not canonical; use units.canon")
        for read, name in times:
            instant = read(self)
            if instant is not None and instant.tzinfo is not UTC:
                raise ValueError(f"{type(self).__name__}.{name}: {instant} is not in UTC; use units.utc")


Reader = tuple[Callable[[Any], Any], str]
_CHECKED: dict[type, tuple[tuple[Reader, ...], tuple[Reader, ...]]] = {}


def _checked(noun: type) -> tuple[tuple[Reader, ...], tuple[Reader, ...]]:
    known = _CHECKED.get(noun)
    if known is None:
        hints = get_type_hints(noun)
        decimals = tuple((attrgetter(n), n) for n, t in hints.items() if t in (Decimal, Decimal | None))
        times = tuple((attrgetter(n), n) for n, t in hints.items() if t in (datetime, datetime | None))
        known = _CHECKED[noun] = (decimals, times)
    return known


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(noun: object) -> bytes:
    """The canonical bytes of a noun: JSON, keys sorted, Decimals as strings, times in UTC with Z."""
    return _ENCODER.encode(noun)


def decode(raw: bytes, kind: type[T]) -> T:
    """A noun from stored bytes. Raises msgspec.ValidationError with the path of what does not fit."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    return decoder.decode(raw)  # type: ignore[no-any-return]


def digest(noun: object) -> str:
    """sha256 over the canonical bytes, in hexadecimal."""
    return hashlib.sha256(encode(noun)).hexdigest()
