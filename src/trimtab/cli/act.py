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
    again,
    command,
    finish,
    lost,
    record_of,
    settings_of,
    show,
    show_json,
    tell,
)
from trimtab.cli.see import Because

if TYPE_CHECKING:
    from collections.abc import Callable

    from trimtab.api import Facts, LeaseHeld, Result, Settings, Thought
    from trimtab.model.ledger import Entry

HALTED = "Halted: nothing starts until `trimtab resume --because WHY`"
RESUMED = "Resumed: `trimtab run` acts again"
NOT_HALTED = "The fund is not halted: there is nothing to resume, and nothing was recorded"
STILL = (
    "Nothing was recorded, and no halt is needed: no command starts anything without its ledger. A run that is still "
    "at work is stopped by Ctrl-C, or by SIGTERM to its process"
)
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

    settings = settings_of(fund, verbose=verbose)
    api.require_ledger(settings)
    if not yes and not sys.stdin.isatty():
        raise ValueError("`run` asks before it trades, and there is no terminal to ask on: add --yes")
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
            watching=api.Watching(progress=watch.update, waiting=_wait(settings), stopping=stopping),
        )
        async with api.connect(settings) as desk:
            result = await api.run_cycle(desk, wishes)
            if result is None:
                tell(*api.standing(desk))
                return WAITS
            facts = api.facts(desk.store, result.closed.cycle)
    return _report(facts, result, as_json=asked.as_json)


def _wait(settings: "Settings") -> "Callable[[LeaseHeld], None]":
    return lambda other: tell(f"Waiting up to {settings.policy.limits.lease_wait_s} s: {other}")


def _report(facts: "Facts", result: "Result", *, as_json: bool) -> int:
    from trimtab.cli import codes, history
    from trimtab.cli.screen import Sentence

    if result.resumed:
        tell(f"Cycle {result.closed.cycle} had been cut off; it was finished, and nothing was sent twice")
    if as_json:
        show_json(facts)
    else:
        show(history.ending(facts, result.seal), Sentence(again(history.following(facts)), lead="Next: "))
    return codes.of_facts(facts)


@command
def halt(because: Why, by: Who = None, fund: Fund = FUND, as_json: AsJson = False) -> None:
    """Stop everything: cancel what rests, start nothing. Works beside a running cycle."""
    from trimtab import api
    from trimtab.cli.screen import Sentence

    settings = record_of(fund, verbose=False)
    if gone := lost(settings):
        raise ValueError(f"{gone}. {STILL}")
    with api.levers(settings) as store:
        before = api.halted(store)
        api.pull(store, settings, "halted", by, because)
        pulled = store.last("halted")
    if as_json:
        _show_pulled(pulled)
    else:
        show(Sentence(f"Halted already {before}; this reason is recorded too" if before else HALTED))


@command
def resume(because: Why, by: Who = None, fund: Fund = FUND, as_json: AsJson = False) -> None:
    """Let a halted fund act again. One that is not halted is left as it is."""
    from trimtab import api
    from trimtab.cli.screen import Sentence

    settings = record_of(fund, verbose=False)
    api.require_ledger(settings)
    with api.levers(settings) as store:
        halted = bool(api.halted(store))
        if halted:
            api.pull(store, settings, "resumed", by, because)
        pulled = store.last("resumed") if halted else None
    if as_json:
        _show_pulled(pulled)
    else:
        show(Sentence(RESUMED if halted else NOT_HALTED))


def _show_pulled(pulled: "Entry | None") -> None:
    """A lever as its entry in the ledger; null where none was pulled."""
    from trimtab import api

    show_json(api.readable([pulled])[0] if pulled is not None else None)
