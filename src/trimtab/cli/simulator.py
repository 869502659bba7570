"""The simulated venues as servers."""

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.cli.frame import AsJson, command, finish, show, tell, write

if TYPE_CHECKING:
    from trimtab.sim.wire.server import Running, Told

FIRST_PORT = 8443


@command
def sim(
    world: Annotated[Path, typer.Option(help="The simulated world.", metavar="FILE")] = Path("sim.toml"),
    port: Annotated[int, typer.Option(help="The first venue's port; 0 for any.", metavar="PORT")] = FIRST_PORT,
    faults: Annotated[Path | None, typer.Option(help="What is to go wrong, and when.", metavar="FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the simulated venues as their real counterparts speak, until Ctrl-C."""
    if not world.exists():
        raise ValueError(f"{world}: there is no such file; `trimtab init --template exchange` writes a sim.toml")
    try:
        from trimtab.sim.wire import site
    except ImportError as error:
        raise ValueError(f"serving needs {error.name}: pip install 'trimtab[sim]'") from error
    try:
        finish(_serve(site.prepared(world, first_port=port, plan=faults), world, as_json=as_json))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        right = "give another with --port, and write it in fund.toml, in connect"
        raise ValueError(f"--port: one of the ports from {port} on is taken; {right}") from error


async def _serve(told: "Told", world: Path, *, as_json: bool) -> None:
    import asyncio

    from trimtab.sim.wire.server import serving

    async with serving(world, told) as running:
        _announce(running, world, as_json=as_json)
        await asyncio.Event().wait()


def _announce(running: "Running", world: Path, *, as_json: bool) -> None:
    """Where each venue is, said once it answers."""
    import json

    from trimtab.cli.screen import table
    from trimtab.sim.wire import site

    certificates, keys = running.told.certificates.ca, site.keys_file(world)
    if as_json:
        told = {"ports": running.ports, "ca": str(certificates), "keys": str(keys)}
        write(json.dumps(told, sort_keys=True) + "\n")
        return
    shown = table(("venue", "left"), ("speaks", "left"), ("connect", "left"))
    for name, wire in running.venues.items():
        shown.add_row(name, wire.sim.told.wire, f"127.0.0.1:{wire.port}")
    show(shown)
    tell(f"Trust {certificates}; keys are in {keys}. Ctrl-C ends.")
