"""Commands that look and change nothing."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.frame import FUND, AsJson, CycleId, Fund, command, finish, show, show_json, tell, wrapped

Because = Annotated[str | None, typer.Option("--because", help="Rebalance now whatever the triggers say, and why.")]


@command
def state(fund: Fund = FUND, as_json: AsJson = False) -> int:
    """Holdings by account, weights, drift, the age and trust of every number, what is unknown or in transit."""
    from trimtab import api
    from trimtab.cli import codes, views

    with api.reading(api.load_settings(fund)) as desk:
        seen = finish(api.look(desk))
    show_json(seen) if as_json else show(views.state(seen))
    return codes.of_state(seen)


@command
def plan(
    fund: Fund = FUND,
    because: Because = None,
    save: Annotated[Path | None, typer.Option(help="Keep the plan for `run --plan`.", metavar="FILE")] = None,
    as_json: AsJson = False,
) -> int:
    """A dry run: what would be done now, what it would cost, and whether it may."""
    from trimtab import api
    from trimtab.cli import codes, views

    with api.reading(api.load_settings(fund)) as desk:
        thought = finish(api.preview(desk, api.cause(because)))
    if save is not None:
        api.save_plan(thought, save)
        tell(f"saved to {save}; execute it with: trimtab run --plan {save}")
    show_json(thought) if as_json else show(views.thought(thought, saved=save))
    return codes.of_thought(thought)


@command
def cycles(
    fund: Fund = FUND,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """The history of cycles, newest first."""
    from trimtab import api
    from trimtab.cli import history

    with api.records(api.load_settings(fund)) as store:
        past = api.history(store, limit)
    show_json(past) if as_json else show(history.cycles(past))


@command
def show_one(cycle: CycleId, fund: Fund = FUND, as_json: AsJson = False) -> None:
    """One cycle's entries, as they are stored."""
    from trimtab import api
    from trimtab.cli import history

    with api.records(api.load_settings(fund)) as store:
        entries = api.entries_of(store, cycle)
    show_json(api.readable(entries)) if as_json else show(history.entries(entries))


@command
def explain(cycle: CycleId = "last", fund: Fund = FUND, as_json: AsJson = False) -> None:
    """Why, in plain sentences: trigger, drift, cost, what was refused and by which clause."""
    from trimtab import api

    with api.records(api.load_settings(fund)) as store:
        facts = api.facts(store, cycle)
    if as_json:
        show_json(facts)
    else:
        show(wrapped(api.explain(facts)))
