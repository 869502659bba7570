"""What every command shares: its options, its two consoles, and the exit code that its outcome becomes.

0 done    1 done, and the answer is no    2 bad input    3 the outside world failed, safe to repeat
4 waits for a person    130 interrupted, state kept
"""

import os
import sys
import textwrap
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

P = ParamSpec("P")
T = TypeVar("T")

DONE, NO, BAD_INPUT, OUTSIDE, WAITS, INTERRUPTED = 0, 1, 2, 3, 4, 130

Fund = Annotated[Path, typer.Option("--fund", help="The fund's file.", metavar="FILE", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; everything else on stderr.")]
CycleId = Annotated[str, typer.Argument(help="A cycle's id, or `last`.", metavar="ID")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
FUND = Path("fund.toml")


def command(function: Callable[P, int | None]) -> Callable[P, None]:
    """Run a command and leave with the exit code that its result or its failure stands for."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = function(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:  # The reader of a pipe left; nobody is there to be told.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = DONE
        except KeyboardInterrupt:
            tell("interrupted; state kept")
            code = INTERRUPTED
        except Exception as error:
            known = _code(error)
            if known is None:
                raise
            code = known
        raise typer.Exit(code or DONE)

    return run


def _code(error: Exception) -> int | None:
    """The exit code of a failure that a person can act on, told on stderr; None for a defect."""
    from trimtab import api

    if isinstance(error, api.Interrupted):
        tell("interrupted; state kept; `trimtab run` goes on from here")
        return INTERRUPTED
    if isinstance(error, api.NoLongerHolds):
        tell("the saved plan no longer holds:", *(f"  {reason}" for reason in error.args))
        return NO
    if isinstance(error, api.EdgeError):
        tell(str(error))
        return OUTSIDE
    if isinstance(error, ValueError):
        tell(str(error))
        return BAD_INPUT
    return None


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Wait for what the shell does. The event loop is imported only here: `--help` needs none."""
    import asyncio

    return asyncio.run(work)


def tell(*lines: str) -> None:
    """Say something to the person on stderr."""
    shown = console(sys.stderr)
    for line in lines:
        shown.print(line, markup=False, highlight=False, soft_wrap=False)


def show(*parts: "RenderableType") -> None:
    """Show something on stdout."""
    shown = console(sys.stdout)
    for part in parts:
        shown.print(part, highlight=False)


def wrapped(text: str) -> str:
    """Sentences broken at the width of the screen, each keeping its indentation."""
    width = console(sys.stdout).width
    return "\n".join(_wrapped(line, width) for line in text.splitlines())


def _wrapped(line: str, width: int) -> str:
    start = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(line, width, subsequent_indent=f"{start}  ", break_long_words=False) if line.strip() else ""


def show_json(document: Any) -> None:  # any noun
    """Write one noun as canonical JSON on stdout."""
    from trimtab.model.canonical import encode

    sys.stdout.write(encode(document).decode() + "\n")


def console(stream: Any) -> "Console":  # a text stream
    """A console as wide as the terminal; off a terminal, as wide as COLUMNS says or 100."""
    from rich.console import Console

    width = None if stream.isatty() or "COLUMNS" in os.environ else 100
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
