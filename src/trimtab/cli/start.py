"""Commands that begin: a demonstration, a new fund's folder, a check-up."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.frame import FUND, NO, AsJson, Fund, Verbose, again, command, finish, show, show_json, tell, write


@command
def demo(
    tape: Annotated[
        Path | None, typer.Option(help="Recorded candles or an L2 stream instead of generated prices.", metavar="FILE")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Keep the demonstration's fund in this folder.", metavar="DIR")
    ] = None,
) -> int:
    """A whole fund on simulated venues, from state to report; no keys, no network."""
    from trimtab.cli import demonstration

    return demonstration.show_all(tape, folder)


@command
def init(
    folder: Annotated[
        Path, typer.Argument(help="Where to write the files.", metavar="DIR", show_default="this folder")
    ] = Path(),
    template: Annotated[
        str, typer.Option(help="Which kind of fund: paper, candles, l2 or exchange.", metavar="NAME")
    ] = "paper",
) -> None:
    """Write a commented fund.toml, ready to be edited."""
    from trimtab import api

    try:
        written = api.write_template(template, folder)
    except OSError as error:
        raise ValueError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    served = "serve its exchanges by `trimtab sim` in that folder, then " if template == "exchange" else ""
    write("".join(f"wrote {path}\n" for path in written) + f"\nNext: {served}{again('plan', folder)}\n")


@command
def doctor(fund: Fund = FUND, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Check the file, the keys, the clock, the store and every venue; one line each, with the fix."""
    from trimtab import api
    from trimtab.cli import views

    findings = finish(api.examine(fund))
    if as_json:
        show_json(findings)
    else:
        show(views.check_up(findings, verbose=verbose))
    failed = [f for f in findings if not f.well]
    if failed:
        tell(f"{len(failed)} of {len(findings)} checks failed")
    return NO if failed else 0
