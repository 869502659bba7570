"""What the planner answers to a problem: legs with their costs and waves, and what proves that nothing is cheaper.

Unlike other nouns an answer is a document for other programs: weights stand by asset, and every field is written.
"""

from decimal import Decimal

from trimtab.model.canonical import Noun
from trimtab.model.orders import Side
from trimtab.model.plans import Dual, Status
from trimtab.model.problems import Problem, Transport


class Kinds(Noun, frozen=True, kw_only=True):
    """Cost by kind, in the base currency: of transfers what is proportional and what is fixed."""

    fee: Decimal
    spread: Decimal
    impact: Decimal
    transfer: Decimal
    fixed: Decimal


class Taken(Noun, frozen=True, kw_only=True):
    """How much a leg takes of one move: a slice of a book (base units) or a transfer (what leaves)."""

    move: str
    amount: Decimal


class Effect(Noun, frozen=True, kw_only=True):
    """What a leg changes in one account, fees included (negative leaves)."""

    account: str
    asset: str
    amount: Decimal


class SolvedLeg(Noun, frozen=True, kw_only=True):
    """An order on a market or a transfer over a link; it may start when all legs in `needs` have ended.

    `amount` is in base units, or what leaves; `value` at the marks. `latency_s` is how long it is expected to take.
    """

    id: str
    kind: str
    market: str
    side: Side | None = None
    amount: Decimal
    value: Decimal
    costs: Kinds
    wave: int
    needs: tuple[str, ...]
    latency_s: int
    takes: tuple[Taken, ...]
    changes: tuple[Effect, ...]


class Shortfall(Noun, frozen=True, kw_only=True):
    """An asset that does not reach its target, by how much value, and why."""

    asset: str
    value: Decimal
    because: str


class Proof(Noun, frozen=True, kw_only=True):
    """What lets anyone check a plan without a solver: the problem as it was read, and a price for each promise."""

    problem: Problem
    duals: tuple[Dual, ...]


class Solver(Noun, frozen=True, kw_only=True):
    """Who found the plan."""

    name: str
    version: str


class Answer(Noun, frozen=True, kw_only=True):
    """The cheapest plan of a problem, or why there is none.

    `weights` are those after, of the value after costs; `latency_s` is how long the longest chain of legs takes;
    `breached` are the laws that the plan leaves broken, as they were or less.
    `bound` is what no plan costs less than that ends as near to its targets, before lots; `gap` is cost minus bound.
    """

    version: int
    status: Status
    engine: Solver
    cost: Decimal
    costs: Kinds
    bound: Decimal
    gap: Decimal
    legs: tuple[SolvedLeg, ...]
    weights: dict[str, Decimal]
    latency_s: int
    unmet: tuple[Shortfall, ...]
    breached: tuple[str, ...]
    because: tuple[str, ...]
    certificate: Proof


class Flowed(Noun, frozen=True, kw_only=True):
    """The value that goes over an edge."""

    id: str
    value: Decimal


class Potentials(Noun, frozen=True, kw_only=True):
    """The price of value at each node, in basis points, and the problem as it was read: no edge undercuts them."""

    problem: Transport
    potentials: dict[str, Decimal]


class Shipped(Noun, frozen=True, kw_only=True):
    """The cheapest flows of a transport problem, with the potentials that prove it; or the nodes out of reach."""

    version: int
    status: Status
    engine: Solver
    cost: Decimal
    bound: Decimal
    flows: tuple[Flowed, ...]
    certificate: Potentials
    because: tuple[str, ...]
