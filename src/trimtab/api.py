"""The public face: what commands, a web page or another program may ask of trimtab. The only re-exporting file."""

import getpass
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from trimtab import checker
from trimtab.adapters.stores import holders, seals, sqlite
from trimtab.adapters.stores.sqlite import SqliteStore
from trimtab.cycle import doctor
from trimtab.cycle import replay as replaying
from trimtab.cycle.books import closing
from trimtab.cycle.cycle import Result, Wishes, agree, preview, run_cycle
from trimtab.cycle.inspection import Check
from trimtab.cycle.replay import Replayed, replay
from trimtab.cycle.saved import NoLongerHolds
from trimtab.cycle.standing import halted, standing
from trimtab.cycle.think import assess, compared, next_cycle
from trimtab.cycle.work import Interrupted, Watching
from trimtab.model.answers import Answer, Shipped
from trimtab.model.canonical import Noun, decode, encode
from trimtab.model.decision import Cause
from trimtab.model.ledger import Accepted, Draft, Entry, Lever
from trimtab.model.plans import Status
from trimtab.model.problems import Transport
from trimtab.model.thought import Thought
from trimtab.pages import report as pages
from trimtab.pages.explain import explain
from trimtab.pages.picture import drawn as picture
from trimtab.plan import solve as solving
from trimtab.plan import transport
from trimtab.ports import Desk, EdgeError, LeaseHeld, Store, Unavailable, Witness
from trimtab.reconcile.close import Close as Closing
from trimtab.record import entries as record
from trimtab.record import facts as folded
from trimtab.record import seal
from trimtab.record.facts import Facts
from trimtab.settings import Settings, load_record, problems, starting
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
    "Shipped",
    "Status",
    "Thought",
    "Verified",
    "Watching",
    "Wishes",
    "agree",
    "closing",
    "compared",
    "connect",
    "explain",
    "halted",
    "levers",
    "load_record",
    "load_settings",
    "picture",
    "preview",
    "reading",
    "records",
    "replay",
    "require_ledger",
    "run_cycle",
    "standing",
    "write_template",
]


class CheckedPlan(Noun, frozen=True, kw_only=True):
    """A cycle's plan, checked against its certificate without a solver."""

    cycle: str
    faults: tuple[str, ...]


class Verified(Noun, frozen=True, kw_only=True):
    """What checking the whole ledger found. `sealed` says whether a seal kept outside was there to compare with.

    `plans` are those that were checked, where that was asked for.
    """

    entries: int
    head: str
    faults: tuple[seal.Fault, ...]
    sealed: bool
    outside: str
    plans: tuple[CheckedPlan, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.faults and not any(plan.faults for plan in self.plans)


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


def solve(text: str, name: str) -> Answer | Shipped:
    """The cheapest plan of a problem in JSON. Raises ValueError with every mistake in it, each with its path."""
    problem = problems.read(text, name)
    return transport.ship(problem) if isinstance(problem, Transport) else solving.solve(problem)


class Checked(Noun, frozen=True, kw_only=True):
    """What checking a plan found, without a solver."""

    holds: bool
    faults: tuple[str, ...]


def check_plan(text: str, name: str) -> Checked:
    """Check a plan of `solve` without a solver. Raises ValueError for what is no such plan."""
    try:
        faults = tuple(checker.check(json.loads(text)))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise ValueError(f"{name}: is no plan of `trimtab solve`: {lacks}") from None
    return Checked(holds=not faults, faults=faults)


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


def require_ledger(settings: Settings) -> None:
    """Raise ValueError where the ledger was sealed and its file is gone: that is no fund without a past."""
    if wrong := _missed(settings):
        raise ValueError(wrong.because)


def pull(store: Store, settings: Settings, kind: str, by: str | None, because: str) -> None:
    """Pull a person's lever: `halted` or `resumed`. It is sealed outside at once, so that nobody can undo it unseen."""
    lever = Lever(by=by or getpass.getuser(), because=_reason(because))
    _write(store, seals.SealFile(settings.seals), record.draft(kind, "", lever))


async def accept(desk: Desk, account: str, by: str | None, because: str) -> Accepted:
    """Let an account trade again, and accept the breaks that the close shows in it now.

    Raises ValueError for an account that the fund does not have.
    """
    known = [a.id for a in desk.policy.accounts]
    if account not in known:
        raise ValueError(f"there is no account {account!r}; the fund has {', '.join(known)}")
    lever = Accepted(
        account=account,
        by=by or getpass.getuser(),
        because=_reason(because),
        breaks=tuple(b for b in (await closing(desk)).breaks if b.account == account and b.observed is not None),
    )
    _write(desk.store, desk.witness, record.draft("accepted", "", lever))
    return lever


def _write(store: Store, witness: Witness, lever: Draft) -> None:
    [entry] = store.append([lever], None)
    try:
        witness.keep(seal.seal(entry))
    except EdgeError as error:
        raise Unavailable(f"it is in the ledger and holds, but {error}") from error


def verify(settings: Settings, head: str | None) -> Verified:
    """Check the whole chain, and against seals kept outside: the one given, and each of the fund's own file."""
    lines = seals.SealFile(settings.seals).kept()
    if settings.store.exists():
        store = sqlite.open_readonly(settings.store)
        try:
            return _verified(store, lines, head)
        finally:
            store.close()
    if missed := _missed(settings, head):
        return Verified(entries=0, head="", faults=(missed,), sealed=True, outside="what was sealed is gone")
    raise ValueError(f"there is no ledger at {settings.store}; `trimtab run` makes it")


def with_plans(found: Verified, settings: Settings) -> Verified:
    """The same, every stored plan checked too; where the chain is broken no plan can be trusted, and none is."""
    if found.faults:
        return found
    with records(settings) as store:
        last = store.last("opened")
        checked = ((str(n), replaying.plan_faults(store, str(n))) for n in range(1, int(last.cycle) + 1 if last else 1))
        plans = tuple(CheckedPlan(cycle=cycle, faults=faults) for cycle, faults in checked if faults is not None)
    return msgspec.structs.replace(found, plans=plans)


def _missed(settings: Settings, head: str | None = None) -> seal.Fault | None:
    """The fault of a ledger that was sealed and whose file is gone."""
    last = seal.newest((*seals.SealFile(settings.seals).kept(), head or ""))
    if settings.store.exists() or last is None:
        return None
    seq, _ = seal.parse(last)
    because = (
        f"a ledger was sealed up to entry {seq}, and there is none at {settings.store}: bring it back before anything "
        f"acts, or, to begin anew, move {settings.seals.name} away with it"
    )
    return seal.Fault(seq=seq, because=because)


def _verified(store: SqliteStore, lines: Sequence[str], head: str | None) -> Verified:
    """Every entry is read once: for the chain, and for the hashes that the seals are compared with."""
    last, hash_ = store.end()
    wanted = {seal.parse(text)[0] for text in (*lines, head) if text and seal.SEAL(text.strip())}
    hashes: dict[int, str] = {}
    chain = tuple(seal.faults(_noted(store.rows(), wanted, hashes)))
    refuted = [*seal.refuted(lines, hashes, last)]
    if head and (wrong := seal.unmet(head, hashes, last)):
        refuted.append(seal.Fault(seq=seal.parse(head)[0], because=f"the seal that was given: {wrong}"))
    kept = seal.newest(lines) is not None
    return Verified(
        entries=last,
        head=f"{last}:{hash_}" if last else "",
        faults=(*chain, *refuted),
        sealed=kept or bool(head),
        outside=_outside(head, kept) if not (chain or refuted) else _refuted(bool(refuted)),
    )


def _noted(rows: Iterable[seal.Row], wanted: Collection[int], hashes: dict[int, str]) -> Iterator[seal.Row]:
    for row in rows:
        if row[0] in wanted:
            hashes[row[0]] = row[8]
        yield row


def _outside(head: str | None, kept: bool) -> str:
    if head:
        own = ", and with every seal of the fund's own file" if kept else ""
        return f"compared with the seal that was given{own}: nothing is cut off its end or rewritten before it"
    if kept:
        return "compared with every seal of the fund's own file; a seal kept elsewhere proves more (--head SEAL)"
    return "no seal was given: a tail that was cut off, or a chain rewritten as a whole, cannot be seen (--head SEAL)"


def _refuted(sealed: bool) -> str:  # private: whether seals show it, or the chain alone
    if sealed:
        return "the ledger and its seals do not agree: its end was cut off, or it was rewritten, or the seals were"
    return "seals prove nothing about a chain that does not hold: mend it from a copy that verifies"


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
