"""Commands that research: the planner by itself."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.frame import DONE, NO, Verbose, command, show_json, tell, write


@command
def solve(
    file: Annotated[str, typer.Argument(help="A problem in JSON; - is stdin.", metavar="FILE")],
    check: Annotated[bool, typer.Option("--check", help="FILE is a plan: check it, without a solver.")] = False,
    verbose: Verbose = False,
) -> int:
    """Find the cheapest plan of a problem in JSON, with its proof; no fund, no store, no network."""
    from trimtab import api

    name = "stdin" if file == "-" else file
    text = _text(file)
    if check:
        return _checked(api.check_plan(text, name))
    answer = api.solve(text, name)
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


def _checked(faults: tuple[str, ...]) -> int:
    write("".join(f"{fault}\n" for fault in faults) or "the plan holds\n")
    return NO if faults else DONE
