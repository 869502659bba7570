"""The report for auditors: one noun over any number of cycles, as HTML that prints well, as CSV and as JSON."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from io import StringIO
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from trimtab import units
from trimtab.model.canonical import Noun, encode
from trimtab.model.mandate import Finding
from trimtab.model.valuation import AccountValue, Kind, Valuation
from trimtab.pages import chart, doubts, words
from trimtab.record.facts import Facts, Trade, whole


class Period(Noun, frozen=True, kw_only=True):
    """What a report is about: from `since` to `until`, in market time. None: from the first, to the last cycle."""

    since: datetime | None = None
    until: datetime | None = None


class Totals(Noun, frozen=True, kw_only=True):
    """A report in one line: values and costs in the base currency, the rest are counts."""

    nav_first: Decimal | None
    nav_last: Decimal | None
    traded: Decimal
    predicted: Decimal
    paid: Decimal
    acted: int
    breaches: int
    breaks: int


class Report(Noun, frozen=True, kw_only=True):
    """Cycles of one fund in a period, oldest first. With `faults` in its ledger a report proves nothing."""

    fund: str
    base: str
    period: Period
    totals: Totals
    cycles: tuple[Facts, ...]
    faults: tuple[str, ...] = ()


PRICELESS: Final = (Kind.UNPRICED, Kind.UNLISTED)

COLUMNS: Final = (
    "cycle",
    "record",
    "at",
    "id",
    "account",
    "subject",
    "side",
    "amount",
    "price",
    "value",
    "weight_before",
    "weight_target",
    "weight_after",
    "fee",
    "fee_asset",
    "predicted_cost",
    "paid_cost",
    "status",
    "because",
    "seal",
)
"""One row for each fact: `record` is fault, cycle, weight, trade, fill, finding, break or residual."""


@units.under_context
def compose(cycles: Iterable[Facts], period: Period, faults: Sequence[str] = ()) -> Report:
    """Put cycles into one report, by time; `faults` is what is wrong with their ledger.

    Raises ValueError for cycles of two funds.
    """
    inside = sorted((f for f in cycles if _within(f, period)), key=lambda f: (f.opened.at, f.first_seq))
    funds = sorted({facts.fund for facts in inside if facts.fund})
    if len(funds) > 1:
        raise ValueError(f"a report is about one fund, got cycles of {', '.join(funds)}")
    return Report(
        fund=funds[0] if funds else "",
        base=next((f.before.base for f in inside if f.before), ""),
        period=period,
        totals=_totals(inside),
        cycles=tuple(inside),
        faults=tuple(faults),
    )


@units.under_context
def report_html(cycles: Iterable[Facts], period: Period, faults: Sequence[str] = ()) -> str:
    """One self-contained page: no script, no outside resource; light on the screen, A4 on paper."""
    report = compose(cycles, period, faults)
    return _page().render(report=report, line=chart.line(navs(report.cycles)))


@units.under_context
def report_json(cycles: Iterable[Facts], period: Period, faults: Sequence[str] = ()) -> bytes:
    """The canonical bytes of the whole report."""
    return encode(compose(cycles, period, faults))


@units.under_context
def report_csv(cycles: Iterable[Facts], period: Period, faults: Sequence[str] = ()) -> str:
    """One table, one row for each fact, numbers plain; text that a spreadsheet would run as a formula is quoted."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({"record": "fault", "because": _cell(fault)} for fault in faults)
    for facts in compose(cycles, period).cycles:
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in _rows(facts))
    return out.getvalue()


def navs(cycles: Sequence[Facts]) -> list[tuple[datetime, Decimal]]:
    """Every net asset value that the cycles saw, in the order of time."""
    seen = [valuation for facts in cycles for valuation in (facts.before, facts.after) if valuation is not None]
    return [(valuation.at, valuation.nav) for valuation in seen if complete(valuation)]


def complete(seen: Valuation) -> bool:
    """Whether a net asset value is one: every account was seen, and nothing that counts is without a price."""
    return whole(seen) and not any(doubt.blocks and doubt.kind in PRICELESS for doubt in seen.doubts)


def breached(facts: Facts) -> tuple[Finding, ...]:
    """The findings of a cycle that broke a clause."""
    return tuple(f for f in facts.verdict.findings if f.breached) if facts.verdict else ()


def _within(facts: Facts, period: Period) -> bool:
    at = facts.opened.at
    return (period.since is None or at >= period.since) and (period.until is None or at < period.until)


def _totals(cycles: Sequence[Facts]) -> Totals:
    seen = navs(cycles)
    return Totals(
        nav_first=seen[0][1] if seen else None,
        nav_last=seen[-1][1] if seen else None,
        traded=units.canon(sum((f.traded for f in cycles), units.ZERO)),
        predicted=units.canon(
            sum((words.total(f.plan.costs) or units.ZERO for f in cycles if f.plan and f.started), units.ZERO)
        ),
        paid=units.canon(sum((words.total(f.ended.paid) or units.ZERO for f in cycles if f.ended), units.ZERO)),
        acted=sum(1 for f in cycles if f.started),
        breaches=sum(len(breached(f)) for f in cycles),
        breaks=sum(len(f.reconciled.breaks) for f in cycles if f.reconciled),
    )


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("trimtab.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        money=words.money,
        percent=words.percent,
        amount=words.amount,
        price=words.price,
        instant=words.instant,
        sentence=words.sentence,
        spoken=doubts.spoken,
        total=words.total,
    )
    environment.tests["complete"] = complete
    environment.globals.update(
        account_values=_account_values,
        band=chart.band,
        bps=words.in_bps,
        breached=breached,
        count=words.count,
        end=_end,
        ended=doubts.ended,
        findings=_findings,
        grouped=doubts.grouped,
        held=doubts.held,
        nothing_seen=doubts.nothing_seen,
        scale=chart.scale,
        undone=doubts.undone,
    )
    return environment.get_template("report.html.j2")


def _account_values(facts: Facts) -> dict[str, AccountValue]:
    return {account.account: account for account in facts.after.accounts} if facts.after else {}


def _end(facts: Facts) -> datetime:
    """When a cycle ended in market time; an open one ends where it began."""
    return facts.closed.at if facts.closed else facts.opened.at


def _findings(facts: Facts) -> list[Finding]:
    """The tightest finding of each clause and subject, breaches first: a plan of many waves repeats the others."""
    tightest: dict[tuple[str, str], Finding] = {}
    for finding in facts.verdict.findings if facts.verdict else ():
        key = (finding.clause, finding.subject)
        known = tightest.get(key)
        if known is None or (not finding.breached, finding.headroom) < (not known.breached, known.headroom):
            tightest[key] = finding
    return sorted(tightest.values(), key=lambda f: (not f.breached, f.clause, f.subject))


def _cell(value: object) -> str:
    """Plain numbers, ISO instants; text beginning with = + - @ is kept from being a formula."""
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            text = str(value)
            return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text


Row = dict[str, object]


def _rows(facts: Facts) -> Iterator[Row]:
    for row in (*_cycle_rows(facts), *_weight_rows(facts), *_trade_rows(facts), *_judged_rows(facts)):
        yield {"cycle": facts.cycle, "seal": facts.seal, **row}


def _cycle_rows(facts: Facts) -> Iterator[Row]:
    yield {
        "record": "cycle",
        "at": facts.opened.at,
        "id": facts.plan_hash,
        "subject": facts.fund,
        "amount": facts.traded,
        "value": facts.before.nav if facts.before else None,
        "predicted_cost": words.total(facts.plan.costs) if facts.plan else None,
        "paid_cost": words.total(facts.ended.paid) if facts.ended else None,
        "status": facts.closed.outcome if facts.closed else "open",
        "because": facts.closed.because if facts.closed else "",
    }


def _weight_rows(facts: Facts) -> Iterator[Row]:
    for weight in facts.weights:
        yield {
            "record": "weight",
            "subject": weight.asset,
            "weight_before": weight.before,
            "weight_target": weight.target,
            "weight_after": weight.after,
        }


def _trade_rows(facts: Facts) -> Iterator[Row]:
    for trade in facts.trades:
        yield {
            "record": "trade",
            "id": trade.leg,
            "account": trade.account,
            "subject": trade.instrument,
            "side": trade.side,
            "amount": trade.done,
            "price": trade.average,
            "value": trade.value,
            "predicted_cost": words.total(trade.predicted),
            "status": status(trade),
            "because": trade.undone,
        }
    for fill in facts.fills:
        yield {
            "record": "fill",
            "at": fill.at,
            "id": fill.id,
            "account": fill.account,
            "subject": fill.instrument,
            "side": fill.side,
            "amount": fill.amount,
            "price": fill.price,
            "fee": fill.fee,
            "fee_asset": fill.fee_asset,
        }


def status(trade: Trade) -> str:
    """How much of a leg was done, in a word."""
    if trade.done == trade.planned:
        return "done"
    return "partly done" if trade.done else "not done"


def _judged_rows(facts: Facts) -> Iterator[Row]:
    for finding in facts.verdict.findings if facts.verdict else ():
        yield {
            "record": "finding",
            "id": finding.clause,
            "subject": finding.subject,
            "amount": finding.value,
            "value": finding.limit,
            "status": "breached" if finding.breached else "kept",
            "because": finding.because,
        }
    for item in facts.reconciled.breaks if facts.reconciled else ():
        yield {
            "record": "break",
            "at": item.since,
            "account": item.account,
            "subject": item.asset,
            "amount": item.observed,
            "value": item.expected,
            "status": item.cause,
            "because": item.because,
        }
    for residual in facts.ended.residuals if facts.ended else ():
        yield {"record": "residual", "id": residual.leg, "amount": residual.amount, "because": residual.because}
