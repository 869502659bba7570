"""Commands that act, and people's levers."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.cli.frame import (
    FUND,
    WAITS,
    AsJson,
    Fund,
    Verbose,
    command,
    finish,
    settings_of,
    show,
    show_json,
    tell,
)
from trimtab.cli.see import HALTED, Because

if TYPE_CHECKING:
    from trimtab.api import Facts, Result, Settings, Thought

Why = Annotated[str, typer.Option("--because", help="The reason; it is recorded.", metavar="WHY", show_default=False)]
Who = Annotated[str | None, typer.Option("--by", help="Who acts; the login name unless said.", metavar="NAME")]


@command
def run(
    fund: Fund = FUND,
    because: Because = None,
    plan: Annotated[Path | None, typer.Option(help="Execute a saved plan if it still holds.", metavar="FILE")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, where the verdict allows it.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """One cycle, with live progress: observe, decide, plan, check, execute, reconcile, record."""
    from trimtab import api

    if not yes and not sys.stdin.isatty():
        raise ValueError("`run` asks before it trades, and there is no terminal to ask on: add --yes")
    settings = settings_of(fund, verbose=verbose)
    recall = api.load_plan(plan) if plan is not None else None
    asked = _Asked(because=because, recall=recall, yes=yes, as_json=as_json, verbose=verbose)
    return finish(_run(settings, asked))


@dataclass(frozen=True)
class _Asked:
    """What the person asked `run` for."""

    because: str | None
    recall: "Thought | None"
    yes: bool
    as_json: bool
    verbose: bool


async def _run(settings: "Settings", asked: _Asked) -> int:
    import asyncio

    from trimtab import api
    from trimtab.cli import progress

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for received in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(received, stopping.set)
    quiet, verbose = asked.as_json, asked.verbose
    confirm = progress.agree(quiet=quiet, verbose=verbose) if asked.yes else progress.ask(stopping, verbose=verbose)
    with progress.shown(quiet=quiet) as watch:
        wishes = api.Wishes(
            holder=api.holder(),
            cause=api.cause(asked.because),
            recall=asked.recall,
            confirm=confirm,
            watching=api.Watching(progress=watch.update, stopping=stopping),
        )
        async with api.connect(settings) as desk:
            result = await api.run_cycle(desk, wishes)
            facts = api.facts(desk.store, result.closed.cycle) if result is not None else None
    if result is None or facts is None:
        tell(HALTED)
        return WAITS
    return _report(facts, result, as_json=asked.as_json)


def _report(facts: "Facts", result: "Result", *, as_json: bool) -> int:
    from trimtab.cli import codes, history

    if result.resumed:
        tell(f"Cycle {result.closed.cycle} had been cut off; it was finished, and nothing was sent twice")
    if as_json:
        show_json(facts)
    else:
        show(history.ending(facts, result.seal))
    return codes.of_facts(facts)


@command
def halt(because: Why, by: Who = None, fund: Fund = FUND) -> None:
    """Stop everything: cancel what rests, start nothing. Works beside a running cycle."""
    from trimtab import api

    with api.levers(api.load_settings(fund)) as store:
        api.pull(store, "halted", by, because)
    show("Halted: nothing starts until `trimtab resume --because WHY`")


@command
def resume(because: Why, by: Who = None, fund: Fund = FUND) -> None:
    """Let a halted fund act again."""
    from trimtab import api

    with api.levers(api.load_settings(fund)) as store:
        api.pull(store, "resumed", by, because)
    show("Resumed: `trimtab run` acts again")
