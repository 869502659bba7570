"""The public face: what commands, a web page or another program may ask of trimtab. The only re-exporting file."""

import getpass
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from trimtab.adapters.stores import holders, seals, sqlite
from trimtab.adapters.stores.sqlite import SqliteStore
from trimtab.cycle import doctor
from trimtab.cycle.books import closing
from trimtab.cycle.cycle import Result, Wishes, agree, preview, run_cycle
from trimtab.cycle.inspection import Check
from trimtab.cycle.replay import Replayed, replay
from trimtab.cycle.saved import NoLongerHolds
from trimtab.cycle.think import assess, next_cycle
from trimtab.cycle.work import Interrupted, Watching
from trimtab.model.canonical import Noun, decode, encode
from trimtab.model.decision import Cause
from trimtab.model.ledger import Accepted, Entry, Lever
from trimtab.model.thought import Thought
from trimtab.pages import report as pages
from trimtab.pages.explain import explain
from trimtab.ports import Desk, EdgeError, LeaseHeld, Store
from trimtab.reconcile.close import Close as Closing
from trimtab.record import entries as record
from trimtab.record import facts as folded
from trimtab.record import seal
from trimtab.record.facts import Facts
from trimtab.settings import Settings, starting
from trimtab.settings import load as load_settings
from trimtab.settings.starting import write_template
from trimtab.wiring import clock_check, levers, reading, records
from trimtab.wiring import connected as connect

__all__ = [
    "Cause",
    "Check",
    "Closing",
    "Desk",
    "EdgeError",
    "Facts",
    "Interrupted",
    "LeaseHeld",
    "NoLongerHolds",
    "Replayed",
    "Result",
    "Settings",
    "Thought",
    "Verified",
    "Watching",
    "Wishes",
    "agree",
    "closing",
    "connect",
    "explain",
    "levers",
    "load_settings",
    "preview",
    "reading",
    "records",
    "replay",
    "run_cycle",
    "write_template",
]


class Verified(Noun, frozen=True, kw_only=True):
    """What checking the whole ledger found. `sealed` says whether a seal kept outside was there to compare with."""

    entries: int
    head: str
    faults: tuple[seal.Fault, ...]
    sealed: bool
    outside: str


def cause(because: str | None) -> Cause | None:
    """A person's order to rebalance now, if a reason was given. Raises ValueError for an empty one."""
    return None if because is None else Cause(by=getpass.getuser(), because=_reason(because))


def holder() -> str:
    """This process as the holder of a lease."""
    return holders.this_process()


async def look(desk: Desk) -> Thought:
    """Observe and value, and say whether anything would be due; nothing is planned and nothing written."""
    return await assess(desk, next_cycle(desk.store), None, lambda _kind, _fact: None)


def write_demo(folder: Path, tape: Path | None) -> tuple[Path, ...]:
    """The files of the demonstration's fund: generated prices, or a recording's."""
    if tape is None:
        return starting.write_template("paper", folder)
    return starting.write_template(starting.kind_for(tape), folder, (tape,))


def save_plan(thought: Thought, path: Path) -> None:
    """Keep a plan for later. Raises ValueError if there is none to keep, or the file cannot be written."""
    if thought.plan is None or thought.verdict is None:
        raise ValueError("there is no plan to save: nothing would be done")
    try:
        path.write_bytes(encode(thought))
    except OSError as error:
        raise ValueError(f"{path}: cannot be written: {error.strerror}") from None


def load_plan(path: Path) -> Thought:
    """A plan that was kept. Raises ValueError naming the file and what is wrong with it."""
    try:
        return decode(path.read_bytes(), Thought)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: not a plan saved by this version of trimtab: {error}") from None


def cycle_id(store: Store, wanted: str) -> str:
    """The id of a cycle, with `last` resolved. Raises ValueError if the ledger has no such cycle."""
    last = store.last("opened")
    if last is None:
        raise ValueError("no cycle has run yet; `trimtab run` makes the first one")
    if wanted == "last":
        return last.cycle
    if not any(True for _ in store.entries(cycle=wanted)) or not wanted:
        raise ValueError(f"there is no cycle {wanted!r}; there are 1 to {last.cycle}, and `trimtab cycles` lists them")
    return wanted


def entries_of(store: Store, wanted: str) -> tuple[Entry, ...]:
    """One cycle's entries."""
    return tuple(store.entries(cycle=cycle_id(store, wanted)))


def facts(store: Store, wanted: str) -> Facts:
    """One cycle folded into one noun, its terms included."""
    terms = tuple(store.entries(kinds=("genesis", "terms")))
    return folded.gather((*terms, *entries_of(store, wanted)))


def history(store: Store, limit: int) -> tuple[Facts, ...]:
    """The last cycles, newest first."""
    last = store.last("opened")
    newest = int(last.cycle) if last else 0
    return tuple(facts(store, str(n)) for n in range(newest, max(0, newest - limit), -1))


def readable(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries with their bodies as JSON, for people and scripts; the stored bytes are in the ledger."""
    return [{**msgspec.to_builtins(e, builtin_types=(datetime,)), "body": msgspec.Raw(e.body)} for e in entries]


def pull(store: Store, kind: str, by: str | None, because: str) -> None:
    """Pull a person's lever: `halted` or `resumed`."""
    fact = Lever(by=by or getpass.getuser(), because=_reason(because))
    store.append([record.draft(kind, "", fact)], None)


def accept(store: Store, settings: Settings, account: str, by: str | None, because: str) -> None:
    """Let a frozen account trade again. Raises ValueError for an account that the fund does not have."""
    known = [a.id for a in settings.policy.accounts]
    if account not in known:
        raise ValueError(f"there is no account {account!r}; the fund has {', '.join(known)}")
    fact = Accepted(account=account, by=by or getpass.getuser(), because=_reason(because))
    store.append([record.draft("accepted", "", fact)], None)


def verify(settings: Settings, head: str | None) -> Verified:
    """Check the whole chain, and against seals kept outside: the one given, and the last of the fund's own file."""
    if not settings.store.exists():
        raise ValueError(f"there is no ledger at {settings.store}; `trimtab run` makes it")
    store = sqlite.open_readonly(settings.store)
    try:
        return _verified(store, seals.SealFile(settings.seals).kept(), head)
    finally:
        store.close()


def _verified(store: SqliteStore, kept: Sequence[str], head: str | None) -> Verified:
    last, hash_ = store.end()
    outside = tuple(text for text in (head, seal.newest(kept)) if text)
    missing = {text: fault for text in outside if (fault := _missing(store, text)) is not None}
    return Verified(
        entries=last,
        head=f"{last}:{hash_}" if last else "",
        faults=(*seal.faults(store.rows()), *missing.values()),
        sealed=bool(outside),
        outside=_refuted(head in missing) if missing else _outside(head, bool(outside)),
    )


def _missing(store: SqliteStore, text: str) -> seal.Fault | None:
    """What a seal shows to be cut off or rewritten; only the end of the ledger is read again."""
    seq, _ = seal.parse(text)
    return seal.head_fault(store.rows(after=min(seq, store.end()[0]) - 1), text)


def _outside(head: str | None, kept: bool) -> str:
    if head:
        return "compared with the seal that was given: nothing is cut off its end or rewritten before it"
    if kept:
        return "compared with the last seal of the fund's own file; a seal kept elsewhere proves more (--head SEAL)"
    return "no seal was given: a tail that was cut off, or a chain rewritten as a whole, cannot be seen (--head SEAL)"


def _refuted(given: bool) -> str:  # private: which of the two seals it is about
    kept = "that was given" if given else "in the fund's own file"
    return f"the seal {kept} is not in this ledger: its end was cut off, or it was rewritten"


def _reason(because: str) -> str:
    if not because.strip():
        raise ValueError("--because is empty: the reason is part of the record")
    return because.strip()


class Wanted(Noun, frozen=True, kw_only=True):
    """Which cycles a report is about: one, or all that were opened from `since` to before `until`."""

    cycle: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def report(store: Store, form: str, wanted: Wanted) -> str:
    """A report as `html`, `csv` or `json`. Raises ValueError for another form or an unknown cycle."""
    if form not in FORMS:
        raise ValueError(f"--format: unknown form {form!r}; one of {', '.join(FORMS)}")
    period = pages.Period(since=wanted.since, until=wanted.until)
    if wanted.cycle is not None:
        chosen: tuple[Facts, ...] = (facts(store, wanted.cycle),)
    else:
        chosen = history(store, sys.maxsize)
    rendered = FORMS[form](chosen, period, changed(store))
    return rendered.decode() if isinstance(rendered, bytes) else rendered


def changed(store: Store) -> tuple[str, ...]:
    """What is wrong with the chain of a ledger, one sentence for each entry; empty while it holds."""
    return tuple(fault.because for fault in seal.faults(seal.row(entry) for entry in store.entries()))


FORMS: Final[dict[str, Callable[[Sequence[Facts], pages.Period, Sequence[str]], str | bytes]]] = {
    "html": pages.report_html,
    "csv": pages.report_csv,
    "json": pages.report_json,
}


async def examine(fund: Path) -> tuple[Check, ...]:
    """A check-up of everything that the fund's file names. A file with mistakes is the one finding."""
    try:
        settings = load_settings(fund)
    except ValueError as error:
        return (Check(subject="file", finding=str(error), well=False, fix="mend the lines named above"),)
    well = Check(subject="file", finding=f"{settings.path}: fund {settings.policy.fund}", well=True)
    try:
        async with reading(settings) as desk:
            return (well, clock_check(settings), *await doctor.examine(desk))
    except (EdgeError, ValueError) as error:
        return (well, Check(subject="connection", finding=str(error), well=False, fix="mend this and check again"))
