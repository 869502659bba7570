"""All lines to one venue, made as they are needed, and how far its clock is from ours."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from trimtab.adapters.venues.exchange.line import Budget, Credentials, Line, Target
from trimtab.adapters.venues.exchange.table import Row
from trimtab.ports import Refused

NOTICED_MS: Final = 1000
"""A clock that is off by less than this since it was measured is not what a request was turned away for."""


@dataclass
class Pair:
    """An account's two ways to the venue, so that no order waits behind a history."""

    acting: Line
    reading: Line


@dataclass
class Lines:
    """A venue's lines: one without a key, two for each account. `ahead_ms` is its clock against ours."""

    venue: str
    row: Row
    accounts: Mapping[str, Credentials]
    target: Target | None = None
    ahead_ms: int = 0
    _measured: bool = False
    _public: Line | None = None
    _pairs: dict[str, Pair] = field(default_factory=dict)
    _budgets: dict[str, Budget] = field(default_factory=dict)

    def public(self) -> Line:
        """The line of whoever asks without a key."""
        if self._public is None:
            self._public = Line(self.row, self.budget(""), target=self.target)
        return self._public

    async def of(self, account: str) -> Pair:
        """An account's lines, with the venue's clock known: a request is signed for the venue's time."""
        if account not in self.accounts:
            known = ", ".join(self.accounts)
            raise Refused(f"{self.venue}: no key was given for account {account}; known: {known}")
        if not self._measured:
            await self.measure()
        if account not in self._pairs:
            self._pairs[account] = Pair(self._line(account), self._line(account))
        return self._pairs[account]

    async def measure(self) -> None:
        """Compare the venue's clock with ours, as of the middle of the question."""
        before = time.time()
        told = await self.public().ask(self.row.clock, {}, self.row.told_ms)
        self.ahead_ms, self._measured = round(told - (before + time.time()) / 2 * 1000), True
        for pair in self._pairs.values():
            pair.acting.ahead_ms = pair.reading.ahead_ms = self.ahead_ms

    def budget(self, account: str) -> Budget:
        """What is used of a rate limit: an account's own where the venue counts keys, else this network address's."""
        counted = account if self.row.public_budget else ""
        if counted not in self._budgets:
            limit = self.row.budget if counted or not self.row.public_budget else self.row.public_budget
            self._budgets[counted] = Budget(limit, self.row.budget_s)
        return self._budgets[counted]

    async def close(self) -> None:
        """Let go of all connections."""
        for pair in self._pairs.values():
            await pair.acting.close()
            await pair.reading.close()
        if self._public is not None:
            await self._public.close()
        self._pairs.clear()
        self._public = None

    def _line(self, account: str) -> Line:
        keys, budget = self.accounts[account], self.budget(account)
        return Line(self.row, budget, keys, self.target, ahead_ms=self.ahead_ms, moved=self._moved)

    async def _moved(self) -> bool:
        """Whether the venue's clock is not where it was when it was last measured."""
        before = self.ahead_ms
        await self.measure()
        return abs(self.ahead_ms - before) > NOTICED_MS
