"""The commands by group, in the order of a day's work."""

from collections.abc import Callable

import typer

from trimtab.cli import act, prove, see, start

app = typer.Typer(
    name="trimtab",
    help="Keeps a crypto fund on its targets, and proves every move.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

GROUPS: dict[str, tuple[Callable[..., None] | tuple[str, Callable[..., None]], ...]] = {
    "Start": (start.demo, start.init, start.doctor),
    "See": (see.state, see.plan, see.cycles, ("show", see.show_one), see.explain),
    "Act": (act.run, act.halt, act.resume),
    "Prove": (prove.replay, prove.verify, prove.reconcile, prove.report),
}

for _panel, _commands in GROUPS.items():
    for _entry in _commands:
        _name, _command = _entry if isinstance(_entry, tuple) else (None, _entry)
        app.command(_name, rich_help_panel=_panel)(_command)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Keeps a crypto fund on its targets, and proves every move."""
    if version:
        from trimtab import __version__

        typer.echo(f"trimtab {__version__}")
        raise typer.Exit
