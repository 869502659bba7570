"""Commands that prove: recompute, verify, reconcile, report."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.act import Who
from trimtab.cli.frame import (
    DONE,
    FUND,
    NO,
    OUTSIDE,
    AsJson,
    CycleId,
    Fund,
    Verbose,
    command,
    finish,
    ledger,
    record_of,
    settings_of,
    show,
    show_json,
    tell,
    write,
    write_file,
)


@command
def replay(cycle: CycleId = "last", fund: Fund = FUND, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Recompute a past cycle from its entries and compare byte for byte."""
    from trimtab import api
    from trimtab.cli import history

    with ledger(fund, verbose=verbose) as store:
        result = api.replay(store, api.cycle_id(store, cycle))
    if as_json:
        show_json(result)
    else:
        show(history.replayed(result))
    return DONE if result.holds else NO


@command
def verify(
    fund: Fund = FUND,
    head: Annotated[str | None, typer.Option(help="A seal kept elsewhere, SEQ:HASH.", metavar="SEAL")] = None,
    plans: Annotated[bool, typer.Option("--plans", help="Also check every stored plan, without a solver.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Check the whole ledger's chain; with a seal kept elsewhere, that nothing was cut off or rewritten."""
    from trimtab import api
    from trimtab.cli import history

    settings = record_of(fund, verbose=verbose)
    verified = api.verify(settings, head)
    if plans:
        verified = api.with_plans(verified, settings)
    if as_json:
        show_json(verified)
    else:
        show(history.verified(verified))
    return DONE if verified.holds else NO


@command
def reconcile(
    fund: Fund = FUND,
    accept: Annotated[
        str | None, typer.Option(help="Let an account trade again whose breaks you have explained.", metavar="ACCOUNT")
    ] = None,
    because: Annotated[str | None, typer.Option(help="The explanation; it is recorded.", metavar="WHY")] = None,
    by: Who = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """The close: opening + fills + transfers + fees = closing, per account and asset; breaks with age."""
    from trimtab import api
    from trimtab.cli import codes, history
    from trimtab.pages import words

    settings = settings_of(fund, verbose=verbose)
    api.require_ledger(settings)
    if accept is not None and not because:
        raise ValueError("--accept needs --because: the explanation of the break is part of the record")

    async def close() -> api.Closing:
        if accept is None:
            async with api.reading(settings) as desk:
                return await api.closing(desk)
        async with api.connect(settings) as desk:
            lever = await api.accept(desk, accept, by, because or "")
            tell(f"Accepted: {words.count(len(lever.breaks), 'break')} of {accept}, which may trade again")
            return await api.closing(desk)

    closing = finish(close())
    if as_json:
        show_json(closing)
    else:
        show(history.closing(closing))
    if closing.breaks:
        return codes.of_breaks(closing.breaks)
    return OUTSIDE if history.uncompared(closing) else DONE


@command
def report(
    one: Annotated[
        str | None, typer.Argument(help="One cycle; all of the period unless said.", metavar="ID", show_default=False)
    ] = None,
    fund: Fund = FUND,
    cycle: Annotated[str | None, typer.Option(help="The same as ID.", metavar="ID")] = None,
    since: Annotated[
        str | None, typer.Option(help="From this day on, such as 2026-01-05 (UTC).", metavar="DAY")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this day, itself not included (UTC).", metavar="DAY")] = None,
    form: Annotated[str, typer.Option("--format", help="html, csv or json.", metavar="FORM")] = "html",
    out: Annotated[Path | None, typer.Option(help="The file; stdout unless said.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    verbose: Verbose = False,
) -> None:
    """For auditors: NAV, trades, costs, breaches and breaks of one cycle or a period."""
    from trimtab import api

    if out is None and form == "html" and not as_json and sys.stdout.isatty():
        raise ValueError("a page is not read on a terminal: add --out report.html, or --format csv or json")
    if one is not None and cycle not in (None, one):
        raise ValueError(f"--cycle {cycle} and {one}: a report is about one cycle or a period; name one of them")
    with ledger(fund, verbose=verbose) as store:
        period = (_day("--since", since), _day("--until", until))
        wanted = api.Wanted(cycle=cycle if one is None else one, since=period[0], until=period[1])
        text = api.report(store, "json" if as_json else form, wanted)
    if out is None:
        write(text)
    else:
        write_file(out, text)
        tell(f"wrote {out}, {len(text.encode()):,} bytes")


def _day(option: str, given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        return datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{option}: {given!r} is not a day; write it as 2026-01-05") from None
