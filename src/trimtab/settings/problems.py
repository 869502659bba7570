"""Reads a problem of `trimtab solve` from JSON: every mistake at once, each with its path."""

import json
from decimal import Decimal
from typing import Any, Final

from trimtab import reading
from trimtab.model.problems import Problem, Transport
from trimtab.plan import law
from trimtab.reading import Mistakes

KINDS: Final[dict[str, type[Problem | Transport]]] = {"rebalance": Problem, "transport": Transport}


def read(text: str, name: str) -> Problem | Transport:
    """A problem, checked as a whole. Raises Mistakes with all that is wrong in it."""
    raw = _parsed(text, name)
    kind = raw.get("kind", "rebalance")
    if kind not in KINDS:
        raise Mistakes(name, [f'kind: unknown kind "{kind}"{reading.meant(str(kind), KINDS)}'])
    mistakes: list[str] = []
    shape = reading.shape_of(KINDS[kind])
    found = reading.read(shape, raw, "", mistakes)
    if found is not reading.MISSING:
        mistakes += law.faults(found)
    if mistakes:
        raise Mistakes(name, mistakes)
    problem: Problem | Transport = found
    return problem


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        raw = json.loads(text, parse_float=Decimal, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise Mistakes(name, [f"line {error.lineno}, column {error.colno}: is no JSON: {error.msg}"]) from None
    except RecursionError:
        raise Mistakes(name, ["is nested too deeply to be a problem"]) from None
    except KeyError as error:
        raise Mistakes(name, [f"{error.args[0]}: is there twice in one object; each key may be there once"]) from None
    if not isinstance(raw, dict):
        raise Mistakes(name, ["must be a JSON object with version, base, assets, ..."])
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key)
        found[key] = value
    return found
