"""Commands that look and change nothing."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.frame import (
    FUND,
    NO,
    AsJson,
    CycleId,
    Fund,
    Verbose,
    command,
    finish,
    ledger,
    lost,
    settings_of,
    show,
    show_json,
    show_sentences,
    tell,
    write_file,
)

Because = Annotated[
    str | None, typer.Option("--because", help="Rebalance now whatever the triggers say, and why.", metavar="WHY")
]


@command
def state(fund: Fund = FUND, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """What the fund holds and is worth, how far it has drifted, and what is unknown."""
    from trimtab import api
    from trimtab.cli import codes, views

    settings = settings_of(fund, verbose=verbose)

    async def look() -> tuple[api.Thought, tuple[str, ...]]:
        async with api.reading(settings) as desk:
            return await api.look(desk), tuple(api.standing(desk))

    seen, notes = finish(look())
    show_json(seen) if as_json else show(views.state(seen, verbose=verbose))
    gone = lost(settings)
    tell(*([gone[:1].upper() + gone[1:]] if gone else notes))
    return codes.of_state(seen)


@command
def plan(
    fund: Fund = FUND,
    because: Because = None,
    save: Annotated[Path | None, typer.Option(help="Keep the plan for `run --plan`.", metavar="FILE")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Beside it what simpler planners would do.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Also draw the plan.", metavar="FILE.svg")] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """A dry run: what would be done now, what it would cost, and whether it may."""
    from trimtab import api
    from trimtab.cli import codes, views

    settings = settings_of(fund, verbose=verbose)
    api.require_ledger(settings)

    async def think() -> tuple[api.Thought, tuple[str, ...]]:
        async with api.reading(settings) as desk:
            return await api.preview(desk, api.cause(because)), tuple(api.standing(desk))

    thought, notes = finish(think())
    saved = save if save is not None and thought.verdict is not None else None
    if saved is not None:
        api.save_plan(thought, saved)
    if compare:
        thought = api.compared(thought)
    if picture is not None and thought.plan is not None:
        write_file(picture, api.picture(thought.plan))
    show_json(thought) if as_json else show(views.thought(thought, saved=saved, verbose=verbose))
    if picture is not None:
        tell(f"Drawn in {picture}" if thought.plan else f"Nothing was drawn in {picture}: there is no plan")
    if save is not None:
        tell(f"Saved to {save}" if saved else f"Nothing was saved to {save}: there is no plan to execute")
    tell(*notes)
    return codes.of_thought(thought) or (NO if save and not saved else 0)


@command
def cycles(
    fund: Fund = FUND,
    limit: Annotated[int, typer.Option(help="How many.", min=1, metavar="N")] = 20,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """The history of cycles, newest first."""
    from trimtab import api
    from trimtab.cli import history

    with ledger(fund, verbose=verbose) as store:
        past = api.history(store, limit)
    show_json(past) if as_json else show(history.cycles(past, verbose=verbose))


@command
def show_one(cycle: CycleId = "last", fund: Fund = FUND, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """One cycle's entries, as they are stored."""
    from trimtab import api
    from trimtab.cli import history

    with ledger(fund, verbose=verbose) as store:
        entries = api.entries_of(store, cycle)
    show_json(api.readable(entries)) if as_json else show(history.entries(entries, verbose=verbose))


@command
def explain(cycle: CycleId = "last", fund: Fund = FUND, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Why, in plain sentences: trigger, drift, cost, what was refused and by which clause."""
    from trimtab import api

    with ledger(fund, verbose=verbose) as store:
        facts = api.facts(store, cycle)
    if as_json:
        show_json(facts)
    else:
        show_sentences(api.explain(facts))
