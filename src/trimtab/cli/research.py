"""Commands that research: the planner by itself."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.frame import DONE, NO, AsJson, Verbose, command, show_json, tell, write, write_file


@command
def solve(
    file: Annotated[str, typer.Argument(help="A problem in JSON; - is stdin.", metavar="FILE")],
    check: Annotated[bool, typer.Option("--check", help="FILE is a plan: check it, without a solver.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Also draw the plan.", metavar="FILE.svg")] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Find the cheapest plan of a problem in JSON, with its proof; the plan is JSON too."""
    from trimtab import api

    name = "stdin" if file == "-" else file
    text = _text(file)
    if check:
        found = api.check_plan(text, name)
        if as_json:
            show_json(found)
        else:
            write("".join(f"{fault}\n" for fault in found.faults) or "the plan holds\n")
        return DONE if found.holds else NO
    answer = api.solve(text, name)
    if picture is not None:
        if isinstance(answer, api.Shipped):
            raise ValueError("--picture draws what happens in accounts; a transport problem has none")
        write_file(picture, api.picture(answer))
    show_json(answer)
    if verbose:
        tell(*answer.because)
    return NO if answer.status is api.Status.INFEASIBLE else DONE


def _text(file: str) -> str:
    """What is in a file or comes from stdin. Raises ValueError, naming it, if it cannot be read."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not text in UTF-8"
        raise ValueError(f"{file}: cannot be read: {why}") from None
