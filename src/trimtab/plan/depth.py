"""Books whose depth is not known but modelled: the slices that an impact model and a spread stand for."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from trimtab.model.problems import Curve, Depth, Problem, SharedBook
from trimtab.quant import curves, impact
from trimtab.quant.impact import Activity, Impact, Parent
from trimtab.units import BPS, ONE, ZERO, canon, divide, plain

MODELS: Final = ("athl2005", "sqrt_average", "sqrt_final")
"""The models that need no more than a market's activity."""


def drawn(problem: Problem) -> Problem:
    """The same problem with depth for every book that has a curve instead."""
    prices = {asset.id: asset.price for asset in problem.assets}
    books = (
        _drawn(book, prices[book.base] or ONE) if book.impact and not book.depth else book for book in problem.books
    )
    return replace(problem, books=tuple(books))


def _drawn(book: SharedBook, price: Decimal) -> SharedBook:
    curve = book.impact
    assert curve is not None
    tolerance = curve.most * curve.tolerance_bps / BPS
    pieces = curves.pieces(lambda value: _cost(curve, value, price), curve.most, tolerance=tolerance)
    depth = (Depth(value=canon(one.width), bps=canon(one.rate_bps + curve.half_spread_bps)) for one in pieces)
    return replace(book, depth=tuple(depth))


def _cost(curve: Curve, value: Decimal, price: Decimal) -> Decimal:
    return impact.cost(_impact(curve, value, price), value)


def _impact(curve: Curve, value: Decimal, price: Decimal) -> Impact:
    """What an order of a value does by the curve's model."""
    activity = Activity(
        daily_volume=curve.daily_volume, daily_volatility=curve.daily_volatility, outstanding=curve.outstanding
    )
    found: Impact = impact.IMPACTS[curve.model](Parent(divide(value, price), price, curve.days), activity)
    return found


def faults(book: SharedBook) -> Iterator[str]:
    """What is wrong with a book's curve, each with its path."""
    curve, path = book.impact, f"books.{book.id}.impact"
    if curve is None:
        return
    if curve.model not in MODELS:
        yield f"{path}.model: unknown {curve.model}; known: {', '.join(MODELS)}"
    for name in ("most", "daily_volume", "days", "tolerance_bps"):
        if getattr(curve, name) <= 0:
            yield f"{path}.{name}: must be above 0, got {getattr(curve, name)}"
    for name in ("daily_volatility", "half_spread_bps"):
        if getattr(curve, name) < 0:
            yield f"{path}.{name}: must be at least 0, got {getattr(curve, name)}"
    if curve.model == "athl2005" and curve.outstanding <= ZERO:
        yield f"{path}.outstanding: must be above 0 for athl2005, got {curve.outstanding}"


def told(problem: Problem) -> Iterator[str]:
    """What modelled books assume, in words: the model, its terms, and whether its figure is an average or final."""
    for book in problem.books:
        if curve := book.impact:
            price = next(asset.price for asset in problem.assets if asset.id == book.base) or ONE
            found = _impact(curve, curve.most, price)
            units = {"daily_volume": f" {book.base}", "outstanding": f" {book.base}"}
            terms = ", ".join(f"{name} {value:f}{units.get(name, '')}" for name, value in found.parameters)
            yield (
                f"{book.id} is modelled by {found.model} ({terms}), whose figure is the {found.measure} move: "
                f"an order of {plain(curve.most)} {problem.base} pays {plain(found.average_bps, 2)} bps beside half "
                "the spread"
            )
