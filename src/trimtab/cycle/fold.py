"""Read a cycle back from its entries: the same fold serves recovery, replay and the commands that show."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trimtab.check import verdict
from trimtab.execute import run as runs
from trimtab.model.decision import Decision, Judgement
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Closed, Entry, Liquidity, Opened, Quoted, Started, Terms, noun
from trimtab.model.mandate import Verdict
from trimtab.model.plans import Cleared, Plan
from trimtab.model.prices import Marks
from trimtab.model.runs import Ended, Run
from trimtab.ports import Store
from trimtab.value import marks


@dataclass(frozen=True)
class Told:
    """What a cycle's entries tell, up to where they go. What was not reached is None."""

    terms: Terms
    genesis: str
    opened: Opened
    snapshot: Snapshot | None = None
    quoted: Quoted | None = None
    decision: Decision | None = None
    liquidity: Liquidity | None = None
    plan: Plan | None = None
    judgement: Judgement | None = None
    verdict: Verdict | None = None
    started: Started | None = None
    ended: Ended | None = None
    closed: Closed | None = None


FIELDS = {
    "observed": "snapshot",
    "quoted": "quoted",
    "decided": "decision",
    "looked": "liquidity",
    "planned": "plan",
    "judged": "judgement",
    "checked": "verdict",
    "started": "started",
    "ended": "ended",
    "closed": "closed",
}


def told(store: Store, entries: Sequence[Entry]) -> Told:
    """Fold one cycle's entries. Raises ValueError where its terms or the genesis are not in the ledger."""
    opened: Opened = noun(entries[0])
    assert entries[0].kind == "opened", f"cycle {opened.cycle} begins with {entries[0].kind}"
    found: dict[str, object] = {}
    for entry in entries:
        name = FIELDS.get(entry.kind)
        if name and name not in found:  # The look before comes first; the look after a run is read where it is needed.
            found[name] = noun(entry)
    return Told(terms=_terms(store, opened), genesis=nonce(store), opened=opened, **found)  # type: ignore[arg-type]


def marks_of(cycle: Told) -> Marks:
    """The marks that the cycle decided by, chosen again from what it noted."""
    assert cycle.snapshot is not None
    assert cycle.quoted is not None
    return marks.choose(cycle.snapshot.at, cycle.quoted.quotes, cycle.terms)


def cleared(cycle: Told) -> Cleared:
    """The cleared plan, cleared again from what is stored. Raises ValueError if the stored verdict does not pass."""
    assert cycle.plan is not None
    assert cycle.verdict is not None
    return verdict.clear(cycle.plan, cycle.verdict)


def started_run(cycle: Told) -> Run:
    """The run as it was before its first event."""
    assert cycle.started is not None
    return runs.start(cleared(cycle), cycle.terms, cycle.started, cycle.opened.cycle, cycle.genesis)


def rebuilt(cycle: Told, entries: Iterable[Entry]) -> Run:
    """The run as it was after the last event that was written."""
    run = started_run(cycle)
    for entry in entries:
        if entry.kind == "happened":
            for event in noun(entry).events:
                run, _ = runs.step(run, event, cycle.terms)
    return run


def nonce(store: Store) -> str:
    """The 16 random bytes of the ledger's genesis, in hexadecimal."""
    first = store.last("genesis")
    if first is None:
        raise ValueError("the ledger has no genesis entry: it was not made by trimtab, or its head was cut off")
    return str(noun(first).nonce)


def _terms(store: Store, opened: Opened) -> Terms:
    for entry in store.entries(kinds=("terms",)):
        if hashlib.sha256(entry.body).hexdigest() == opened.terms_hash:
            return noun(entry)  # type: ignore[no-any-return]
    raise ValueError(f"cycle {opened.cycle}: its terms {opened.terms_hash} are not in the ledger")
