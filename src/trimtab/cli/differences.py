"""Where two stored bodies differ, path by path: what a person reads of a replay that does not hold."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

ABSENT: Final = object()
NOTHING: Final = "(nothing)"
LONGEST: Final = 60
"""A value longer than this is cut in its middle, where hashes and sentences say least."""


class Place(NamedTuple):
    """One place where two bodies differ, and what each says there."""

    path: str
    stored: str
    derived: str


def places(stored: bytes, derived: bytes) -> list[Place]:
    """Every place where they differ; the whole where one of them is no JSON, or nothing."""
    try:
        return list(_places("", json.loads(stored), json.loads(derived)))
    except ValueError:
        return [Place("the whole", _short(stored.decode(errors="replace")), _short(derived.decode(errors="replace")))]


def _places(path: str, stored: Any, derived: Any) -> Iterator[Place]:
    if isinstance(stored, dict) and isinstance(derived, dict):
        yield from _inside(path, stored, derived, ".{}".format)
    elif isinstance(stored, list) and isinstance(derived, list):
        yield from _inside(path, dict(_named(stored)), dict(_named(derived)), "[{}]".format)
    elif stored != derived or type(stored) is not type(derived):
        yield Place(path.removeprefix(".") or "the whole", _told(stored), _told(derived))


def _inside(path: str, stored: dict[str, Any], derived: dict[str, Any], step: Any) -> Iterator[Place]:
    for name in (*stored, *(name for name in derived if name not in stored)):
        yield from _places(f"{path}{step(name)}", stored.get(name, ABSENT), derived.get(name, ABSENT))


def _named(items: list[Any]) -> Iterator[tuple[str, Any]]:
    """Each item by its id where all have their own, else by its place, counted from 1."""
    ids = [item.get("id") or item.get("asset") if isinstance(item, dict) else None for item in items]
    known = all(isinstance(name, str) for name in ids) and len(set(ids)) == len(ids)
    yield from zip(map(str, ids) if known else map(str, range(1, len(items) + 1)), items, strict=True)


def _told(value: Any) -> str:
    if value is ABSENT:
        return NOTHING
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    if not text:
        return NOTHING
    half = (LONGEST - 3) // 2
    return text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"
