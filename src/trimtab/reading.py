"""Reads parsed TOML by the shape of a struct and notes every mistake with its path, instead of stopping at the first.

Where a struct wants a tuple of structs, a table of tables does too: each key becomes its struct's `id`, or the first of
two fields (`BTC = 2`). What has an id is sorted by it, so that the order in a file changes nothing.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from msgspec import inspect

from trimtab import units

MISSING: Final = object()
"""What stands for a value that could not be read; its mistake has been noted."""


class Mistakes(ValueError):
    """A file with everything that is wrong in it: one line each, with its path and what would be right."""

    def __init__(self, file: str, found: Iterable[str]) -> None:
        self.found = tuple(found)
        count = "1 mistake" if len(self.found) == 1 else f"{len(self.found)} mistakes"
        super().__init__("\n".join((f"{file}: {count}", *(f"  {line}" for line in self.found))))


def shape_of(kind: type[msgspec.Struct]) -> inspect.StructType:
    """The shape of a struct, as `fields` and `read` want it."""
    shape = inspect.type_info(kind)
    assert isinstance(shape, inspect.StructType), f"{kind} is no struct"
    return shape


def meant(word: str, known: Iterable[str]) -> str:
    """What a writer may have meant: `; did you mean "binance"?`, else what is known, else nothing."""
    names = sorted(known)
    plain = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(word.lower(), plain, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{plain[close[0]]}"?'
    return f"; known: {', '.join(names)}" if names else ""


def fields(kind: inspect.StructType, table: dict[str, Any], path: str, mistakes: list[str]) -> dict[str, Any]:
    """Every field of a struct that could be read, defaults included; unknown and missing keys are noted."""
    tag = {kind.tag_field} if kind.tag_field else set()
    known = {field.encode_name: field for field in kind.fields}
    strange = [key for key in table if key not in known and key not in tag]
    mistakes.extend(f"{_under(path, key)}: unknown key{meant(key, known)}" for key in strange)
    found = {name: _field(field, table, path, mistakes) for name, field in known.items()}
    return {name: value for name, value in found.items() if value is not MISSING}


def read(kind: inspect.Type, value: Any, path: str, mistakes: list[str]) -> Any:  # shape decides
    """One value by its shape, or MISSING with its mistakes noted."""
    match kind:
        case inspect.Metadata():
            return _noted(kind, value, path, mistakes)
        case inspect.StructType():
            return _struct(kind, value, path, mistakes)
        case inspect.UnionType():
            return _union(kind, value, path, mistakes)
        case inspect.DictType():
            return _table(kind, value, path, mistakes)
        case inspect.VarTupleType():
            return _list(kind, value, path, mistakes)
        case inspect.EnumType():
            return _choice(kind, value, path, mistakes)
        case _:
            return _scalar(kind, value, path, mistakes)


def _under(path: str, key: str) -> str:
    name = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{key}"'
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)


def _wrong(path: str, right: str, value: Any, mistakes: list[str]) -> Any:
    mistakes.append(f"{path}: must be {right}, got {_shown(value)}")
    return MISSING


def _field(field: inspect.Field, table: dict[str, Any], path: str, mistakes: list[str]) -> Any:
    """A key that is wrong reads as its default where it has one, so that what depends on it is still checked."""
    inner = _under(path, field.encode_name)
    read_value = MISSING
    if field.encode_name in table:
        read_value = read(field.type, table[field.encode_name], inner, mistakes)
    elif field.required:
        mistakes.append(f"{inner}: missing{_purpose(field.type)}")
    if read_value is not MISSING or field.required:
        return read_value
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def _purpose(kind: inspect.Type) -> str:
    schema = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    return f" ({schema['description']})" if schema and "description" in schema else ""


def _noted(kind: inspect.Metadata, value: Any, path: str, mistakes: list[str]) -> Any:
    """A value with bounds, or one that no message may repeat."""
    extra = kind.extra or {}
    if extra.get("hidden"):
        if isinstance(value, str):
            return value
        mistakes.append(f"{path}: must be text")
        return MISSING
    found = read(kind.type, value, path, mistakes)
    if isinstance(found, Decimal):
        return _bounded(found, extra, path, mistakes)
    return found


def _bounded(value: Decimal, bounds: dict[str, str], path: str, mistakes: list[str]) -> Any:
    above, low, high = bounds.get("above"), bounds.get("low"), bounds.get("high")
    if above is not None and value <= Decimal(above):
        return _wrong(path, f"above {above}", value, mistakes)
    if low is not None and value < Decimal(low):
        return _wrong(path, f"at least {low}", value, mistakes)
    if high is not None and value > Decimal(high):
        return _wrong(path, f"at most {high}", value, mistakes)
    return value


def _struct(kind: inspect.StructType, value: Any, path: str, mistakes: list[str]) -> Any:
    if not isinstance(value, dict):
        return _wrong(path, "a table", value, mistakes)
    found = fields(kind, value, path, mistakes)
    complete = all(field.encode_name in found for field in kind.fields)
    return kind.cls(**{field.name: found[field.encode_name] for field in kind.fields}) if complete else MISSING


def _union(kind: inspect.UnionType, value: Any, path: str, mistakes: list[str]) -> Any:
    options = [option for option in kind.types if not isinstance(option, inspect.NoneType)]
    structs = [option for option in options if isinstance(option, inspect.StructType)]
    if len(structs) > 1:
        return _tagged(structs, value, path, mistakes)
    fitting = [option for option in options if isinstance(option, inspect.StructType) == isinstance(value, dict)]
    return read((fitting or options)[0], value, path, mistakes)


def _tagged(structs: list[inspect.StructType], value: Any, path: str, mistakes: list[str]) -> Any:
    if not isinstance(value, dict):
        return _wrong(path, "a table", value, mistakes)
    by_tag = {str(struct.tag): struct for struct in structs}
    key = _under(path, structs[0].tag_field or "kind")
    tag = value.get(structs[0].tag_field or "kind")
    if isinstance(tag, str) and tag in by_tag:
        return _struct(by_tag[tag], value, path, mistakes)
    missing = f"missing; one of {', '.join(by_tag)}"
    mistakes.append(f"{key}: {missing if tag is None else f'unknown kind {_shown(tag)}{meant(str(tag), by_tag)}'}")
    return MISSING


def _table(kind: inspect.DictType, value: Any, path: str, mistakes: list[str]) -> Any:
    if not isinstance(value, dict):
        return _wrong(path, "a table", value, mistakes)
    found = {key: read(kind.value_type, item, _under(path, key), mistakes) for key, item in value.items()}
    named = {key: read(kind.key_type, key, _under(path, key), mistakes) for key in found}
    return {key: item for key, item in found.items() if item is not MISSING and named[key] is not MISSING}


def _list(kind: inspect.VarTupleType, value: Any, path: str, mistakes: list[str]) -> Any:
    if isinstance(value, dict) and isinstance(kind.item_type, inspect.StructType):
        rows = [(_under(path, key), _row(kind.item_type, key, row)) for key, row in value.items()]
    elif isinstance(value, list):
        rows = [(_item(path, row, number), row) for number, row in enumerate(value, start=1)]
    else:
        return _wrong(path, "a list", value, mistakes)
    found = [read(kind.item_type, row, place, mistakes) for place, row in rows]
    named = all(hasattr(item, "id") for item in found)
    return tuple(sorted(found, key=lambda item: item.id) if named else [i for i in found if i is not MISSING])


def _row(kind: inspect.StructType, key: str, row: Any) -> Any:
    names = [field.encode_name for field in kind.fields]
    if len(names) == 2:
        return {names[0]: key, names[1]: row}
    return {"id": key, **row} if isinstance(row, dict) else row


def _item(path: str, item: Any, position: int) -> str:
    """An item is called by its id where it has one, else by its place, counted from 1."""
    name = item.get("id") if isinstance(item, dict) else None
    return _under(path, name) if isinstance(name, str) else f"{path}[{position}]"


def _choice(kind: inspect.EnumType, value: Any, path: str, mistakes: list[str]) -> Any:
    known = {str(member.value): member for member in kind.cls}
    if isinstance(value, str) and value in known:
        return known[value]
    mistakes.append(f"{path}: unknown value {_shown(value)}{meant(str(value), known)}")
    return MISSING


def _scalar(kind: inspect.Type, value: Any, path: str, mistakes: list[str]) -> Any:
    match kind:
        case inspect.StrType():
            return _text(kind, value, path, mistakes)
        case inspect.IntType():
            return _whole(kind, value, path, mistakes)
        case inspect.BoolType():
            return value if isinstance(value, bool) else _wrong(path, "true or false", value, mistakes)
        case inspect.DecimalType():
            return _decimal(value, path, mistakes)
        case inspect.DateTimeType():
            return _instant(value, path, mistakes)
        case _:
            raise AssertionError(f"{path}: no reader for {kind}")


def _text(kind: inspect.StrType, value: Any, path: str, mistakes: list[str]) -> Any:
    if not isinstance(value, str):
        return _wrong(path, "text in quotes", value, mistakes)
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return _wrong(path, "a name of letters, digits, dots, dashes and underscores", value, mistakes)
    return value


def _whole(kind: inspect.IntType, value: Any, path: str, mistakes: list[str]) -> Any:
    if not isinstance(value, int) or isinstance(value, bool):
        return _wrong(path, "a whole number", value, mistakes)
    if kind.ge is not None and value < kind.ge:
        return _wrong(path, f"at least {kind.ge}", value, mistakes)
    if kind.le is not None and value > kind.le:
        return _wrong(path, f"at most {kind.le}", value, mistakes)
    return value


def _decimal(value: Any, path: str, mistakes: list[str]) -> Any:
    """TOML's own numbers arrive as Decimals of their literal text, so 0.1 is exactly that."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return _wrong(path, 'a number such as "0.4"', value, mistakes)
    try:
        return units.canon(Decimal(value))
    except (InvalidOperation, ArithmeticError, ValueError):
        return _wrong(path, 'a finite number such as "0.4"', value, mistakes)


def _instant(value: Any, path: str, mistakes: list[str]) -> Any:
    right = "an instant with its zone, such as 2026-01-01T00:00:00Z"
    if isinstance(value, date | time) and not isinstance(value, datetime):
        return _wrong(path, right, value, mistakes)
    try:
        return units.utc(datetime.fromisoformat(value) if isinstance(value, str) else value)
    except (ValueError, AttributeError, TypeError):
        return _wrong(path, right, value, mistakes)
