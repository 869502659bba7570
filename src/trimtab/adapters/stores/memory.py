"""A ledger that lives as long as its process: for dry runs before a fund has a file, rehearsals and tests.

It follows the same rules as the file, and chains its entries the same way.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from trimtab.adapters.stores import genesis, leases
from trimtab.adapters.stores.genesis import Now, wall
from trimtab.model.ledger import Draft, Entry, Lease, noun
from trimtab.record import entries as record
from trimtab.record import events, seal


class MemoryStore:
    """A store without a file. `cycles` and `rebalancing_events` are what `publish` last derived, by cycle."""

    def __init__(self, fund: str, now: Now = wall) -> None:
        self._now = now
        self._rows = [genesis.row(fund, now())]
        self._leases: dict[str, Lease] = {}
        self.cycles: dict[str, events.CycleRow] = {}
        self.rebalancing_events: dict[str, events.RebalancingEvent] = {}

    def append(self, drafts: Sequence[Draft], lease: Lease | None) -> tuple[Entry, ...]:
        """Write entries all at once. Raises Fenced."""
        drafts = tuple(drafts)
        leases.require_right(drafts, lease, self._leases.get(leases.WRITING))
        last = self._rows[-1]
        rows = seal.chained(drafts, (last[0], last[8]), seal.stamp(self._now()), lease.epoch if lease else 0)
        self._rows.extend(rows)
        return tuple(record.entry(row) for row in rows)

    def entries(self, *, after: int = 0, cycle: str | None = None, kinds: Sequence[str] = ()) -> Iterator[Entry]:
        """Entries in order, optionally of one cycle or of some kinds."""
        wanted = set(kinds)
        for row in self.rows(after):
            if cycle in {None, row[2]} and (not wanted or row[3] in wanted):
                yield record.entry(row)

    def rows(self, after: int = 0) -> Iterator[seal.Row]:
        """Entries as stored, for `seal.faults`."""
        yield from self._rows[after:]

    def head(self) -> Entry | None:
        """The last entry."""
        return record.entry(self._rows[-1])

    def last(self, kind: str) -> Entry | None:
        """The last entry of one kind."""
        return next((record.entry(row) for row in reversed(self._rows) if row[3] == kind), None)

    def acquire(self, name: str, holder: str, ttl_s: int) -> Lease:
        """Take the lease with a higher epoch. Raises LeaseHeld while another living holder has it."""
        lease = leases.taken(self._leases.get(name), name, holder, self._now(), ttl_s)
        self._leases[name] = lease
        return lease

    def renew(self, lease: Lease, ttl_s: int) -> Lease:
        """Hold it longer, counted from now. Raises Fenced if it was taken over."""
        leases.require(self._leases.get(lease.name), lease)
        longer = replace(lease, expires=self._now() + timedelta(seconds=ttl_s))
        self._leases[lease.name] = longer
        return longer

    def release(self, lease: Lease) -> None:
        """Give it back; giving back a lost lease is no error."""
        known = self._leases.get(lease.name)
        if known and (known.epoch, known.holder) == (lease.epoch, lease.holder):
            self._leases[lease.name] = replace(known, holder="")

    def halted(self) -> bool:
        """Whether the last lever pulled was a halt."""
        halt, resumption = self.last("halted"), self.last("resumed")
        return halt is not None and (resumption is None or resumption.seq < halt.seq)

    def publish(self) -> None:
        """Bring the derived rows up to the head of the ledger."""
        fund = noun(record.entry(self._rows[0])).fund
        for cycle in dict.fromkeys(row[2] for row in self._rows if row[2]):
            entries = tuple(self.entries(cycle=cycle))
            self.cycles[cycle] = events.cycle_row(entries)
            event = events.event(fund, entries)
            if event is not None:
                self.rebalancing_events[cycle] = event
