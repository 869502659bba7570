"""What every command shares: its options, its two consoles, and the exit code that its outcome becomes.

0 done    1 done, and the answer is no    2 bad input    3 the outside world failed, safe to repeat
4 waits for a person    130 interrupted, state kept
"""

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from trimtab.api import Settings
    from trimtab.ports import Store

P = ParamSpec("P")
T = TypeVar("T")

DONE, NO, BAD_INPUT, OUTSIDE, WAITS, INTERRUPTED = 0, 1, 2, 3, 4, 130
NAME = "trimtab"
OFF_A_TERMINAL = 100
"""How wide text is where nobody says: in a pipe or a file."""

Fund = Annotated[Path, typer.Option("--fund", help="The fund's file.", metavar="FILE", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; everything else on stderr.")]
CycleId = Annotated[
    str, typer.Argument(help="A cycle's id; the last one unless said.", metavar="ID", show_default=False)
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more: files, and what is left out otherwise.")]
FUND = Path("fund.toml")


def command(function: Callable[P, int | None]) -> Callable[P, None]:
    """Run a command and leave with the exit code that its result or its failure stands for."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with _terminated_as_interrupted():
                code = function(*args, **kwargs) or DONE
        except KeyboardInterrupt:
            tell("Interrupted; state kept")
            code = INTERRUPTED
        except Exception as error:
            known = _code(error)
            if known is None:
                raise
            code = known
        raise typer.Exit(code)

    return run


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: in order, with what was opened closed."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _code(error: Exception) -> int | None:
    """The exit code of a failure that a person can act on, told on stderr; None for a defect."""
    from trimtab import api

    if isinstance(error, api.Interrupted):
        tell("Interrupted; state kept: `trimtab run` goes on from here")
        return INTERRUPTED
    if isinstance(error, api.NoLongerHolds):
        tell("The saved plan no longer holds:", *(f"  {reason}" for reason in error.args))
        return NO
    if isinstance(error, api.EdgeError):
        tell(f"Error: {error}")
        return OUTSIDE
    if isinstance(error, OSError):
        tell(f"Error: {error.filename}: {error.strerror}" if error.filename else f"Error: {error}")
        return OUTSIDE
    if isinstance(error, ValueError):
        tell(f"Error: {error}")
        return BAD_INPUT
    return None


def settings_of(fund: Path, *, verbose: bool) -> "Settings":
    """The fund's file, read and checked; `-v` says on stderr what is being looked at."""
    from trimtab import api

    return _told(api.load_settings(fund), verbose=verbose)


def record_of(fund: Path, *, verbose: bool) -> "Settings":
    """The fund's file for commands that need neither its keys nor its venues."""
    from trimtab import api

    return _told(api.load_record(fund), verbose=verbose)


def _told(settings: "Settings", *, verbose: bool) -> "Settings":
    from trimtab import __version__

    if verbose:
        tell(f"trimtab {__version__}, fund {settings.policy.fund}", f"  file    {settings.path}")
        tell(f"  ledger  {settings.store}", f"  seals   {settings.seals}")
    return settings


@contextmanager
def ledger(fund: Path, *, verbose: bool) -> Iterator["Store"]:
    """The ledger alone, for commands that only read it. One that was sealed and is gone is no fund without a past."""
    from trimtab import api

    settings = record_of(fund, verbose=verbose)
    api.require_ledger(settings)
    with api.records(settings) as store:
        yield store


def lost(settings: "Settings") -> str:
    """What is to be said of a ledger that was sealed and is gone, for who goes on without it; else nothing."""
    from trimtab import api

    try:
        api.require_ledger(settings)
    except ValueError as error:
        return str(error)
    return ""


def again(command: str, folder: Path = Path()) -> str:
    """A command on the fund in a folder, as this person can type it from where they are."""
    name = program(sys.argv[0], Path.cwd(), os.environ.get("PATH", os.defpath))
    if folder == Path():
        return f"{name} {command}"
    if name == NAME:
        return f"cd {shlex.quote(str(folder))} && {name} {command}"
    return f"{name} {command} --fund {shlex.quote(str(folder / FUND))}"


def program(reached: str, folder: Path, path: str) -> str:
    """How a program that was `reached` like this is typed in a folder: by its name alone where the path leads to it."""
    place = Path(os.path.normpath(folder / reached))
    if place.name != NAME or shutil.which(NAME, path=path) == str(place):
        return NAME
    inside = place.is_relative_to(folder) and place.parent != folder
    return str(place.relative_to(folder)) if inside else str(place)


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Wait for what the shell does. The event loop is imported only here: `--help` needs none."""
    import asyncio

    return asyncio.run(work)


def tell(*lines: str) -> None:
    """Say something to the person on stderr."""
    from trimtab.cli.screen import Sentence

    shown = console(sys.stderr)
    for line in lines:
        for sentence in line.splitlines():
            shown.print(Sentence(sentence), crop=False)


def show(*parts: "RenderableType") -> None:
    """Show something on stdout."""
    shown = console(sys.stdout)
    with _perhaps_unread():
        for part in parts:
            shown.print(part, crop=False)
        sys.stdout.flush()


def show_sentences(text: str) -> None:
    """Show a text of sentences on stdout, broken at the width of the screen."""
    from trimtab.cli.screen import wrapped

    write(wrapped(text, console(sys.stdout).width) + "\n")


def show_json(document: Any) -> None:  # any noun
    """Write one noun as canonical JSON on stdout."""
    from trimtab.model.canonical import encode

    write(encode(document).decode() + "\n")


def write_file(path: Path, text: str) -> None:
    """Write a file that the person asked for. Raises ValueError, naming it, if it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path}: cannot be written: {error.strerror}") from None


def write(text: str) -> None:
    """Write a text on stdout as it is."""
    with _perhaps_unread():
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def _perhaps_unread() -> Iterator[None]:
    """The reader of a pipe may have left (`| head`): nobody is there to be told, and the exit code stays true."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console(stream: Any) -> "Console":  # a text stream
    """A console as wide as the terminal, or as COLUMNS says; off a terminal, 100. NO_COLOR takes all styles away."""
    from trimtab.cli.screen import Screen

    width = None if stream.isatty() or "COLUMNS" in os.environ else OFF_A_TERMINAL
    system: Any = None if os.environ.get("NO_COLOR") else "auto"
    return Screen(file=stream, width=width, color_system=system, highlight=False, emoji=False, markup=False)
