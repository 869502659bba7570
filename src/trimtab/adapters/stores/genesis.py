"""The first entry of a ledger, and the clock that stamps entries."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from trimtab.model.ledger import Genesis
from trimtab.record import entries, seal

Now = Callable[[], datetime]
"""Wall time, aware UTC. Market time is in the bodies of entries."""


def wall() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def row(fund: str, at: datetime) -> seal.Row:
    """The first entry of a new ledger, with 16 random bytes that make its ids unlike any other ledger's."""
    first = Genesis(fund=fund, nonce=secrets.token_hex(16), created_at=at)
    return seal.chained([entries.draft("genesis", "", first)], (0, seal.START), seal.stamp(at), 0)[0]
