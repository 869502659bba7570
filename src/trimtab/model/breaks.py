"""Expected against observed: what reconciliation found."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trimtab.model.canonical import Noun


class BreakCause(StrEnum):
    """What explains a difference, where anything does."""

    FOREIGN = "foreign"
    LATE_FILL = "late_fill"
    TRANSIT = "transit"
    UNREAD = "unread"
    UNEXPLAINED = "unexplained"


class Break(Noun, frozen=True, kw_only=True):
    """Expected and observed disagree for one asset in one account; `raw` is the difference in smallest units."""

    account: str
    asset: str
    expected: Decimal
    observed: Decimal | None
    raw: str
    cause: BreakCause
    because: str
    since: datetime


class Posting(Noun, frozen=True, kw_only=True):
    """One line of double entry: `amount` enters (or leaves, negative) an account of the fund, because of `source`.

    Postings of one source sum to zero per asset: what leaves an account enters another, a venue or a cost.
    """

    source: str
    account: str
    asset: str
    amount: Decimal
    at: datetime


class Reconciled(Noun, frozen=True, kw_only=True):
    """The result of one cycle's reconciliation: postings, breaks, and predicted cost beside paid cost."""

    at: datetime
    postings: tuple[Posting, ...]
    breaks: tuple[Break, ...]
    predicted_cost: Decimal
    paid_cost: Decimal
