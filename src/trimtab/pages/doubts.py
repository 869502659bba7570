"""What is in doubt, as people are told it: shorter than the ledger has it, and each thing once.

Only our own sentences are made shorter. What a person wrote is quoted as it is.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from trimtab.model.decision import Hold
from trimtab.model.ledger import CycleOutcome
from trimtab.model.runs import Residual
from trimtab.model.valuation import Doubt, Kind, Valuation
from trimtab.pages import words
from trimtab.record.facts import Facts

FEW: Final = 2
"""So many different doubts are told in full where they are the reason for holding still."""

SECONDS: Final = re.compile(r"(?<![\w.,-])(\d[\d,]*(?:\.\d+)?) s\b")
QUOTED: Final = re.compile(r"^(\S+/\S+) (is|has) (.*)$")
CLOSED: Final = re.compile(
    r"(?:(\S+/\S+) )?the market of (\S+) is closed: its tape has ended at \S+; it runs from \S+ until (\S+?)T(\S+?)Z"
)
INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")
FIGURES: Final = re.compile(r"[\d.,:]+")
MANY: Final = {"is": "are", "has": "have"}
STANDING: Final = {
    Kind.UNKNOWN: ("is unknown", "are unknown"),
    Kind.STALE: ("is stale", "are stale"),
    Kind.UNPRICED: ("has no price", "have no price"),
    Kind.UNLISTED: ("is listed nowhere", "are listed nowhere"),
    Kind.NEGATIVE: ("is negative", "are negative"),
}


def spoken(because: str) -> str:
    """A sentence with lengths of time that people know, and what is said of several instruments said once."""
    alike = words.together(_parts(because))
    return "; ".join(_joined(names, rest) for rest, names in alike.items())


def grouped(doubts: Iterable[Doubt]) -> list[tuple[Kind, str, str]]:
    """Doubts that say the same are one: their kind, their subjects, and why."""
    alike = words.together(((d.kind, spoken(d.because)), d.subject) for d in doubts)
    return [(kind, words.listed(names), _of_all(because, names)) for (kind, because), names in alike.items()]


def nothing_seen(seen: Valuation) -> bool:
    """Whether no account at all could be read: then there are no sums to tell, and a zero would be a lie."""
    return not seen.accounts and any(doubt.kind is Kind.UNKNOWN for doubt in seen.doubts)


def held(hold: Hold, doubts: Iterable[Doubt]) -> str:
    """Why nothing is done. Where many doubts are the reason they are counted: each is told elsewhere."""
    return _held(hold.because, doubts)


def ended(facts: Facts) -> str:
    """Why a cycle ended, or that it has not."""
    if facts.closed is None:
        return "not finished"
    if facts.closed.outcome is not CycleOutcome.HELD:
        return facts.closed.because
    return _held(facts.closed.because, facts.before.doubts if facts.before else ())


def undone(residual: Residual, facts: Facts) -> str:
    """What a leg failed to do, and why: a refusal that came again is counted, and not told again."""
    trade = next((trade for trade in facts.trades if trade.leg == residual.leg), None)
    what = f"{trade.base} on {trade.instrument} from {trade.account}" if trade else f"of leg {residual.leg}"
    return f"{words.amount(residual.amount)} {what}: {once(residual.because)}"


def once(because: str) -> str:
    """A sentence whose parts differ in nothing but their figures, by the first of them and how often they came."""
    told = INSTANT.sub(lambda found: f"{found[1]} {found[2]} UTC", because)
    alike = words.together((FIGURES.sub("", part), part) for part in told.split("; "))
    return "; ".join(p[0] if len(p) == 1 else f"{p[0]} (and {len(p) - 1} more like it)" for p in alike.values())


def _held(because: str, doubts: Iterable[Doubt]) -> str:
    blocking = [doubt for doubt in doubts if doubt.blocks]
    if not blocking or not all(doubt.because in because for doubt in blocking):
        return spoken(because)
    told = grouped(blocking)
    if len(told) <= FEW:
        return "; ".join(f"{subjects}: {why}" for _, subjects, why in told)
    kinds = words.together((doubt.kind, doubt) for doubt in blocking)
    return "; ".join(_counted(kind, alike) for kind, alike in kinds.items())


def _counted(kind: Kind, alike: Sequence[Doubt]) -> str:
    """Whom it concerns, and why where that is the same for all."""
    reasons = {said for doubt in alike for said, _ in _parts(doubt.because)}
    told = f"{words.few([doubt.subject for doubt in alike])} {STANDING[kind][len(alike) > 1]}"
    if len(reasons) > 1:
        return told
    [(verb, rest)] = reasons
    return f"{told}: {f'every instrument {verb} {rest}' if verb else _of_all(rest, [d.subject for d in alike])}"


def _timed(part: str) -> str:
    """Unless two lengths of time would become the same: one of them may be the limit of the other."""
    figures = SECONDS.findall(part)
    lengths = {figure: words.age(Decimal(figure.replace(",", ""))) for figure in figures}
    if len(set(lengths.values())) < len(lengths):
        return part
    return SECONDS.sub(lambda found: lengths[found[1]], part)


def _parts(because: str) -> list[tuple[tuple[str, str], str]]:
    """What a sentence says, part by part, each with the instrument that it says it of."""
    plainer = CLOSED.sub(
        lambda found: f"{found[1] or found[2]} is closed: the tape ended at {found[3]} {found[4]} UTC", because
    )
    return [_split(_timed(part)) for part in plainer.split("; ")]


def _split(part: str) -> tuple[tuple[str, str], str]:
    """What is said of an instrument, and its id; of anything else, the whole and nothing."""
    found = QUOTED.match(part)
    return (("", part), "") if found is None else ((found[2], found[3]), found[1])


def _joined(names: Sequence[str], said: tuple[str, str]) -> str:
    verb, rest = said
    return rest if not verb else f"{words.listed(list(names))} {verb if len(names) == 1 else MANY[verb]} {rest}"


def _of_all(because: str, names: Sequence[str]) -> str:
    return because if len(names) == 1 else re.sub(r"^its\b", "their", because)
