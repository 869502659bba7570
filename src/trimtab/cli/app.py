"""The commands by group, in the order of a day's work."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from trimtab.cli import act, prove, research, see, simulator, start

PROMISE = "Keeps a crypto fund on its targets, and proves every move."
GROUPS: dict[str, tuple[Callable[..., None] | tuple[str, Callable[..., None]], ...]] = {
    "Start": (start.demo, start.init, start.doctor),
    "See": (see.state, see.plan, see.cycles, ("show", see.show_one), see.explain),
    "Act": (act.run, act.halt, act.resume),
    "Prove": (prove.replay, prove.verify, prove.reconcile, prove.report),
    "Research": (research.solve,),
    "Run": (simulator.sim,),
}
WIDEST_HELP = 100


class Grouped(TyperGroup):
    """Lists the commands under their groups, in plain text: nothing heavy is imported for it."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """One section for each group, one whole line for each command."""
        for title, commands in GROUPS.items():
            rows = [
                (name.ljust(9), self.commands[name].get_short_help_str(WIDEST_HELP)) for name in map(_name, commands)
            ]
            with formatter.section(title):
                formatter.write_dl(rows, col_max=12)


class Spoken(TyperCommand):
    """Lists arguments and options by the words for their values (FILE, ID), without their types in Python."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """One section for the arguments, one for the options."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            found = [p.get_help_record(ctx) for p in self.get_params(ctx) if p.param_type_name == kind]
            rows = [(name.partition(" <")[0], text) for name, text in filter(None, found)]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _name(entry: Callable[..., None] | tuple[str, Callable[..., None]]) -> str:
    return entry[0] if isinstance(entry, tuple) else entry.__name__


app = typer.Typer(
    name="trimtab",
    cls=Grouped,
    help=PROMISE,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_HELP},
)

for _commands in GROUPS.values():
    for _entry in _commands:
        app.command(_name(_entry), cls=Spoken)(_entry[1] if isinstance(_entry, tuple) else _entry)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Keeps a crypto fund on its targets, and proves every move."""
    if version:
        from trimtab import __version__

        typer.echo(f"trimtab {__version__}")
        raise typer.Exit
