"""Reads parsed TOML into nouns and notes every mistake with its path, instead of stopping at the first.

A table of tables becomes a tuple of nouns, each with its key as `id`; a noun of two fields may be written as
`key = value`. Tuples of nouns with an id are sorted by it, so that the order in the file changes nothing.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, Final

from msgspec import inspect

from trimtab import units
from trimtab.model.canonical import Noun

MISSING: Final = object()
"""What stands for a value that could not be read; its mistake has been noted."""

WORDS: Final = {
    inspect.StrType: "text in quotes",
    inspect.IntType: "a whole number",
    inspect.DecimalType: 'a finite number such as "0.4"',
    inspect.DateTimeType: "an instant with its zone, such as 2026-01-01T00:00:00Z",
}


def read(kind: type[Noun], table: dict[str, Any], path: str, mistakes: list[str]) -> Any:
    """A noun from a table, or MISSING with its mistakes noted."""
    shape = inspect.type_info(kind)
    assert isinstance(shape, inspect.StructType), f"{kind} is no noun"
    return _noun(shape, table, path, mistakes)


def _noun(shape: inspect.StructType, table: Any, path: str, mistakes: list[str]) -> Any:
    if not isinstance(table, dict):
        return _wrong(path, "a table", table, mistakes)
    known = {field.encode_name: field for field in shape.fields}
    strange = [key for key in table if key not in known]
    mistakes.extend(f"{_under(path, key)}: unknown key{_meant(key, list(known))}" for key in strange)
    found = {
        name: _value(field.type, table[name], _under(path, name), mistakes)
        for name, field in known.items()
        if name in table
    }
    missing = [name for name, field in known.items() if field.required and name not in table]
    mistakes.extend(f"{_under(path, name)}: missing" for name in missing)
    if missing or MISSING in found.values():
        return MISSING
    return shape.cls(**found)


def _value(shape: inspect.Type, value: Any, path: str, mistakes: list[str]) -> Any:
    match shape:
        case inspect.UnionType():
            inner = next(option for option in shape.types if not isinstance(option, inspect.NoneType))
            return _value(inner, value, path, mistakes)
        case inspect.StructType():
            return _noun(shape, value, path, mistakes)
        case inspect.VarTupleType():
            return _tuple(shape.item_type, value, path, mistakes)
        case inspect.EnumType():
            return _choice(shape, value, path, mistakes)
        case _:
            return _scalar(shape, value, path, mistakes)


def _tuple(item: inspect.Type, value: Any, path: str, mistakes: list[str]) -> Any:
    if isinstance(item, inspect.StructType) and isinstance(value, dict):
        value, paths = _rows(item, value, path)
    elif isinstance(value, list):
        paths = [f"{path}[{number}]" for number in range(1, len(value) + 1)]
    else:
        return _wrong(path, "a list", value, mistakes)
    found = [_value(item, one, place, mistakes) for one, place in zip(value, paths, strict=True)]
    if MISSING in found:
        return MISSING
    return tuple(sorted(found, key=lambda noun: noun.id) if all(hasattr(noun, "id") for noun in found) else found)


def _rows(item: inspect.StructType, table: dict[str, Any], path: str) -> tuple[list[Any], list[str]]:
    """The rows of a table of tables (its keys are ids), or of `key = value` for nouns of two fields."""
    names = [field.encode_name for field in item.fields]
    rows = [
        {names[0]: key, names[1]: row} if len(names) == 2 else {"id": key, **row} if isinstance(row, dict) else row
        for key, row in sorted(table.items())
    ]
    return rows, [_under(path, key) for key in sorted(table)]


def _choice(shape: inspect.EnumType, value: Any, path: str, mistakes: list[str]) -> Any:
    known = {str(member.value): member for member in shape.cls}
    if isinstance(value, str) and value in known:
        return known[value]
    mistakes.append(f"{path}: unknown value {_shown(value)}{_meant(str(value), list(known))}")
    return MISSING


def _scalar(shape: inspect.Type, value: Any, path: str, mistakes: list[str]) -> Any:
    match shape, value:
        case (inspect.StrType(), str()):
            return value
        case (inspect.IntType(), int()) if not isinstance(value, bool):
            return value
        case (inspect.DecimalType(), str() | int() | Decimal()) if not isinstance(value, bool):
            for number in _decimals(value):
                return number
        case (inspect.DateTimeType(), datetime()) if value.tzinfo is not None:
            return units.utc(value)
    return _wrong(path, WORDS[type(shape)], value, mistakes)


def _decimals(value: str | int | Decimal) -> Iterator[Decimal]:
    """The one canonical number that a value writes, or none."""
    try:
        yield units.canon(Decimal(value))
    except (InvalidOperation, ValueError):
        return


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _meant(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; known: {', '.join(sorted(known))}"


def _wrong(path: str, right: str, value: Any, mistakes: list[str]) -> Any:
    mistakes.append(f"{path}: must be {right}, got {_shown(value)}")
    return MISSING


def _shown(value: Any) -> str:
    match value:
        case str():
            return f'"{value}"'
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)
