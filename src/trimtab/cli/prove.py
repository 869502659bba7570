"""Commands that prove: recompute, verify, reconcile, report."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.act import Who
from trimtab.cli.frame import DONE, FUND, NO, AsJson, CycleId, Fund, command, finish, show, show_json, tell


@command
def replay(cycle: CycleId = "last", fund: Fund = FUND, as_json: AsJson = False) -> int:
    """Recompute a past cycle from its entries and compare byte for byte."""
    from trimtab import api
    from trimtab.cli import history

    with api.records(api.load_settings(fund)) as store:
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
    as_json: AsJson = False,
) -> int:
    """Check the whole ledger's chain; with a seal kept elsewhere, that nothing was cut off or rewritten."""
    from trimtab import api
    from trimtab.cli import history

    verified = api.verify(api.load_settings(fund), head)
    if as_json:
        show_json(verified)
    else:
        show(history.verified(verified))
    return DONE if not verified.faults else NO


@command
def reconcile(
    fund: Fund = FUND,
    accept: Annotated[
        str | None, typer.Option(help="Let an account trade again whose breaks you have explained.", metavar="ACCOUNT")
    ] = None,
    because: Annotated[str | None, typer.Option(help="The explanation; it is recorded.")] = None,
    by: Who = None,
    as_json: AsJson = False,
) -> int:
    """The close: opening + fills + transfers + fees = closing, per account and asset; breaks with age."""
    from trimtab import api
    from trimtab.cli import history

    settings = api.load_settings(fund)
    if accept is not None:
        if not because:
            raise ValueError("--accept needs --because: the explanation of the break is part of the record")
        with api.levers(settings) as store:
            api.accept(store, settings, accept, by, because)
        tell(f"accepted: {accept} may trade again")
    with api.reading(settings) as desk:
        closing = finish(api.closing(desk))
    if as_json:
        show_json(closing)
    else:
        show(history.closing(closing))
    return NO if closing.breaks else DONE


@command
def report(
    fund: Fund = FUND,
    cycle: Annotated[str | None, typer.Option(help="One cycle; all of the period unless said.", metavar="ID")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this day on (UTC).", formats=["%Y-%m-%d"])] = None,
    until: Annotated[datetime | None, typer.Option(help="Up to this day (UTC).", formats=["%Y-%m-%d"])] = None,
    form: Annotated[str, typer.Option("--format", help="html, csv or json.")] = "html",
    out: Annotated[Path | None, typer.Option(help="The file; stdout unless said.", metavar="FILE")] = None,
) -> None:
    """For auditors: NAV, trades, costs, breaches and breaks of one cycle or a period."""
    from trimtab import api

    with api.records(api.load_settings(fund)) as store:
        wanted = api.Wanted(cycle=cycle, since=_day(since), until=_day(until))
        text = api.report(store, form, wanted)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        tell(f"wrote {out}")


def _day(given: datetime | None) -> datetime | None:
    return None if given is None else given.replace(tzinfo=UTC)
