"""What a problem must keep beyond its form: names that exist, numbers in range, weights that sum to one.

Every mistake is told, each with its path and what would be right.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Final

from trimtab.model.orders import Side
from trimtab.model.problems import Problem, SharedBook, Transport
from trimtab.plan import depth
from trimtab.plan.ground import QUOTE, RECEIVED
from trimtab.units import BPS, ONE, ZERO, plain, under_context

DECIMALS: Final = 36
"""No asset is divided more finely; twice that still fits the house's context."""

RULES: Final = {
    "max_weight": "assets",
    "min_weight": "assets",
    "max_account_weight": "accounts",
    "max_turnover": "",
}
"""The kinds of clause, and what each needs to name."""


@under_context
def faults(problem: Problem | Transport) -> tuple[str, ...]:
    """Every mistake in a problem that its form does not show, each with its path; empty if there is none."""
    found = _shipping(problem) if isinstance(problem, Transport) else _faults(problem)
    return (*([] if problem.version == 1 else [f"version: must be 1, got {problem.version}"]), *found)


def _shipping(problem: Transport) -> Iterator[str]:
    yield from _repeated("edges", [edge.id for edge in problem.edges])
    yield from _repeated("changes", [demand.node for demand in problem.changes])
    for edge in problem.edges:
        if edge.source == edge.target:
            yield f"edges.{edge.id}.to: is where it comes from; name another node"
        for name in ("capacity", "fixed", "minimum"):
            value = getattr(edge, name)
            if value is not None and value < 0:
                yield f"edges.{edge.id}.{name}: must be at least 0, got {value}"
    total = sum((demand.value for demand in problem.changes), ZERO)
    if total:
        yield f"changes: sum to {total}; what leaves must arrive, so they must sum to 0"


def _faults(problem: Problem) -> Iterator[str]:
    yield from _repeated("assets", [a.id for a in problem.assets])
    yield from _repeated("accounts", [a.id for a in problem.accounts])
    yield from _repeated("balances", [f"{s.account} {s.asset}" for s in problem.balances])
    yield from _repeated("targets", [t.asset for t in problem.targets])
    yield from _repeated("books", [b.id for b in problem.books])
    ids = [*(m.id for m in problem.markets), *(t.id for t in problem.transfers)]
    yield from _repeated("legs", ids)
    legs = {f"{m.id} {side}" for m in problem.markets for side in m.sides}
    for link in problem.transfers:
        if any(begun in legs for begun in accumulate(link.id.split(" "), "{} {}".format)):
            yield f"transfers.{link.id}: begins with the name of an order; call it otherwise"
    yield from _repeated("clauses", [rule.name for rule in problem.clauses])
    yield from (f"assets.{a.id}.id: has a space in it" for a in problem.assets if " " in a.id)
    yield from _strange(problem)
    yield from _figures(problem)
    yield from _rules(problem)
    yield from _aims(problem)
    yield from _unpriced(problem)


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in sorted(Counter(names).items()):
        if count > 1:
            yield f"{what}: {name} is there twice; each may be there once"


def _strange(problem: Problem) -> Iterator[str]:
    """Names that are declared nowhere."""
    assets = {asset.id for asset in problem.assets}
    accounts = {account.id for account in problem.accounts}
    books = {book.id for book in problem.books}
    for path, name, known in _named(problem, assets, accounts, books):
        if name not in known:
            yield f"{path}: unknown {name}; known: {', '.join(sorted(known)) or 'none'}"


def _named(
    problem: Problem, assets: set[str], accounts: set[str], books: set[str]
) -> Iterator[tuple[str, str, set[str]]]:
    for stock in problem.balances:
        path = f"balances.{stock.account} {stock.asset}"
        yield f"{path}.account", stock.account, accounts
        yield f"{path}.asset", stock.asset, assets
    for aim in problem.targets:
        yield f"targets.{aim.asset}.asset", aim.asset, assets
    for book in problem.books:
        yield f"books.{book.id}.base", book.base, assets
        yield f"books.{book.id}.quote", book.quote, assets
    for way in problem.markets:
        yield f"markets.{way.id}.account", way.account, accounts
        yield f"markets.{way.id}.book", way.book, books
        yield f"markets.{way.id}.fee_from", way.fee_from, assets | {RECEIVED, QUOTE}
    for link in problem.transfers:
        yield f"transfers.{link.id}.asset", link.asset, assets
        yield f"transfers.{link.id}.from", link.source, accounts
        yield f"transfers.{link.id}.to", link.target, accounts
    for number, rule in enumerate(problem.clauses, start=1):
        for asset in rule.bound:
            yield f"clauses[{number}].assets", asset, assets
        for account in rule.accounts:
            yield f"clauses[{number}].accounts", account, accounts


def _figures(problem: Problem) -> Iterator[str]:
    """Numbers out of their range, and slices that get cheaper."""
    yield from _prices(problem)
    for path, value in _amounts(problem):
        if value is not None and value < 0:
            yield f"{path}: must be at least 0, got {value}"
    for way in problem.markets:
        if way.fee_bps >= BPS:
            yield f"markets.{way.id}.fee_bps: must be below 10000, got {way.fee_bps}"
    for link in problem.transfers:
        if link.fee_bps >= BPS:
            yield f"transfers.{link.id}.fee_bps: must be below 10000, got {link.fee_bps}"
        if link.source == link.target:
            yield f"transfers.{link.id}.to: is where it comes from; name another account"
        if link.maximum is not None and link.minimum > link.maximum:
            yield f"transfers.{link.id}.maximum: must be at least its minimum {link.minimum}, got {link.maximum}"
        if link.latency_s < 0:
            yield f"transfers.{link.id}.latency_s: must be at least 0, got {link.latency_s}"
    yield from _books(problem)


def _books(problem: Problem) -> Iterator[str]:
    decimals = {asset.id: asset.decimals for asset in problem.assets}
    for way in problem.markets:
        if not way.sides or len(set(way.sides)) < len(way.sides):
            yield f"markets.{way.id}.sides: must be buy, sell or both, each once"
    for book in problem.books:
        yield from _slopes(book)
        yield from depth.faults(book)
        if book.base == book.quote:
            yield f"books.{book.id}.quote: is its base; name another asset"
        unit = ONE.scaleb(-decimals.get(book.base, DECIMALS))
        if book.step % unit:
            yield f"books.{book.id}.step: must be a multiple of {plain(unit)}, the smallest unit of {book.base}"


def _prices(problem: Problem) -> Iterator[str]:
    for asset in problem.assets:
        if asset.price is not None and asset.price <= 0:
            yield f"assets.{asset.id}.price: must be above 0, got {asset.price}"
        if not 0 <= asset.decimals <= DECIMALS:
            yield f"assets.{asset.id}.decimals: must be from 0 to {DECIMALS}, got {asset.decimals}"
        if asset.id == problem.base and asset.price not in (None, ONE):
            yield f"assets.{asset.id}.price: must be 1, since {problem.base} is the base currency; got {asset.price}"


def _rules(problem: Problem) -> Iterator[str]:
    for number, rule in enumerate(problem.clauses, start=1):
        path = f"clauses[{number}]"
        if rule.kind not in RULES:
            yield f"{path}.kind: unknown {rule.kind}; known: {', '.join(RULES)}"
        elif RULES[rule.kind] == "assets" and not rule.bound:
            yield f"{path}.assets: missing; {rule.kind} binds an asset or several"
        elif RULES[rule.kind] == "accounts" and not rule.accounts:
            yield f"{path}.accounts: missing; {rule.kind} binds accounts"


def _amounts(problem: Problem) -> Iterator[tuple[str, Decimal | None]]:
    for account in problem.accounts:
        yield f"accounts.{account.id}.max_value", account.max_value
    for stock in problem.balances:
        path = f"balances.{stock.account} {stock.asset}"
        yield from ((f"{path}.free", stock.free), (f"{path}.keep", stock.keep), (f"{path}.locked", stock.locked))
    for book in problem.books:
        path = f"books.{book.id}"
        yield from ((f"{path}.step", book.step), (f"{path}.min_amount", book.min_amount))
        yield f"{path}.min_notional", book.min_notional
        yield from ((f"{path}.depth[{n}].value", part.value) for n, part in enumerate(book.depth, start=1))
    for link in problem.transfers:
        path = f"transfers.{link.id}"
        yield from ((f"{path}.fee", link.fee), (f"{path}.minimum", link.minimum), (f"{path}.maximum", link.maximum))
    for number, rule in enumerate(problem.clauses, start=1):
        yield f"clauses[{number}].limit", rule.limit
    aim = problem.objective
    yield from (("objective.gap", aim.gap), ("objective.leg", aim.leg), ("objective.time_limit_s", aim.time_limit_s))


def _slopes(book: SharedBook) -> Iterator[str]:
    """A book gets dearer the more is taken from it, and no sale brings less than nothing."""
    for side in Side:
        last = None
        for number, part in enumerate(book.depth, start=1):
            if part.side not in (None, side):
                continue
            path = f"books.{book.id}.depth[{number}].bps"
            if last is not None and part.bps < last:
                yield f"{path}: {part.bps} comes after {last}; the best slice comes first"
            if side is Side.SELL and part.bps >= BPS:
                yield f"{path}: must be below 10000 for a sale, got {part.bps}"
            last = part.bps


def _aims(problem: Problem) -> Iterator[str]:
    """Weights are fractions that sum to one, but for what one asset may be left (D18)."""
    left = [aim.asset for aim in problem.targets if aim.remainder]
    if len(left) > 1:
        yield f"targets: {', '.join(left)} are all the remainder; only one may be"
    for aim in problem.targets:
        path = f"targets.{aim.asset}"
        if aim.remainder == (aim.weight is not None):
            yield f"{path}: needs a weight or remainder = true, one of them"
        if aim.weight is not None and not 0 <= aim.weight <= 1:
            yield f"{path}.weight: must be from 0 to 1, got {aim.weight}"
        if not 0 <= aim.band <= 1:
            yield f"{path}.band: must be from 0 to 1, got {aim.band}"
    total = sum((aim.weight for aim in problem.targets if aim.weight is not None), ZERO)
    if (total > 1) if left else (total != 1):
        yield f"targets: the weights sum to {total}; they must sum to {'at most 1' if left else '1'}"


def _unpriced(problem: Problem) -> Iterator[str]:
    """An asset that is to be traded needs a price; one that nobody can or wants to trade does not."""
    bare = {asset.id for asset in problem.assets if asset.price is None}
    traded = {asset for book in problem.books for asset in (book.base, book.quote)}
    wanted = {aim.asset for aim in problem.targets}
    moved = {link.asset for link in problem.transfers} | {way.fee_from for way in problem.markets}
    for asset in sorted(bare & (traded | wanted | moved)):
        why = "is a target" if asset in wanted else "is traded, transferred or pays fees"
        yield f"assets.{asset}.price: missing; {asset} {why}, so it needs one"
