"""All lines to one venue, made as they are needed, and how far its clock is from ours."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from trimtab.adapters.venues.exchange.line import Budget, Credentials, Line, Target
from trimtab.adapters.venues.exchange.table import Row
from trimtab.ports import Refused

MOST_AT_ONCE: Final = 32
"""So many questions to a venue are under way at once; orders and cancels do not wait for them."""

NOTICED_MS: Final = 1000
"""A clock that is off by less than this since it was measured is not what a request was turned away for."""


@dataclass
class Pair:
    """An account's two ways to the venue, so that no order waits behind a history."""

    acting: Line
    reading: Line


@dataclass
class Lines:
    """A venue's lines: one without a key, two for each account. `ahead_ms` is its clock against ours,
    `longest_wait_s` how long a call may wait for its rate limit. `movers` are keys that only move money, by account.
    """

    venue: str
    row: Row
    accounts: Mapping[str, Credentials]
    target: Target | None = None
    ahead_ms: int = 0
    longest_wait_s: float = 5.0
    movers: Mapping[str, Credentials] = field(default_factory=dict)
    wallet: Budget | None = field(init=False)
    _flight: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    _measured: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _public: Line | None = None
    _pairs: dict[str, Pair] = field(default_factory=dict)
    _moving: dict[str, Line] = field(default_factory=dict)
    _budgets: dict[str, Budget] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The wallet's calls are counted by network address: all lines share what there is."""
        self.wallet = Budget(self.row.wallet_budget, self.row.budget_s) if self.row.wallet_budget else None

    def public(self) -> Line:
        """The line of whoever asks without a key."""
        if self._public is None:
            self._public = Line(self.row, self.budget(""), target=self.target, longest_wait_s=self.longest_wait_s)
        return self._public

    async def of(self, account: str) -> Pair:
        """An account's lines, with the venue's clock known: a request is signed for the venue's time."""
        if account not in self.accounts:
            known = ", ".join(self.accounts)
            raise Refused(f"{self.venue}: no key was given for account {account}; known: {known}")
        async with self._turn:  # Whoever comes while it is measured waits for that.
            if not self._measured:
                await self.measure()
        if account not in self._pairs:
            self._pairs[account] = self._pair(account)
        return self._pairs[account]

    async def mover(self, account: str) -> Line:
        """The line by which money leaves: with the account's key for that, else with the one that trades (D29)."""
        pair = await self.of(account)
        if account not in self.movers:
            return pair.acting
        if account not in self._moving:
            self._moving[account] = self._line(account, self.movers[account], None)
        return self._moving[account]

    async def measure(self) -> None:
        """Compare the venue's clock with ours, as of the middle of the question."""
        before = time.time()
        told = await self.public().ask(self.row.clock, {}, self.row.told_ms)
        self.ahead_ms, self._measured = round(told - (before + time.time()) / 2 * 1000), True
        for line in self._keyed():
            line.ahead_ms = self.ahead_ms

    def budget(self, account: str) -> Budget:
        """What is used of a rate limit: an account's own where the venue counts keys, else this network address's."""
        counted = account if self.row.public_budget else ""
        if counted not in self._budgets:
            limit = self.row.budget if counted or not self.row.public_budget else self.row.public_budget
            self._budgets[counted] = Budget(limit, self.row.budget_s)
        return self._budgets[counted]

    async def close(self) -> None:
        """Let go of all connections."""
        for line in self._keyed():
            await line.close()
        if self._public is not None:
            await self._public.close()
        self._pairs.clear()
        self._moving.clear()
        self._public = None

    def _pair(self, account: str) -> Pair:
        keys = self.accounts[account]
        if self.row.rising:  # What is signed later must arrive later: one line, and one call at a time.
            line = self._line(account, keys, asyncio.Semaphore(1))
            return Pair(line, line)
        return Pair(self._line(account, keys, None), self._line(account, keys, self._flight))

    def _keyed(self) -> list[Line]:
        pairs = (line for pair in self._pairs.values() for line in (pair.acting, pair.reading))
        return [*pairs, *self._moving.values()]

    def _line(self, account: str, keys: Credentials, flight: asyncio.Semaphore | None) -> Line:
        return Line(
            self.row,
            self.budget(account),
            keys,
            self.target,
            longest_wait_s=self.longest_wait_s,
            ahead_ms=self.ahead_ms,
            moved=self._moved,
            wallet=self.wallet,
            flight=flight,
        )

    async def _moved(self) -> bool:
        """Whether the venue's clock is not where it was when it was last measured."""
        before = self.ahead_ms
        await self.measure()
        return abs(self.ahead_ms - before) > NOTICED_MS
