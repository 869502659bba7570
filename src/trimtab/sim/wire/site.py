"""What the simulator keeps beside its world: certificates, the keys that open its accounts, and what is to go wrong.

sim.toml              the world
sim-keys.toml         every key, with its secret: the server's side (mode 0600)
sim-keys/NAME.key     the same for a client, one value in each file, to be named in fund.toml as file:PATH
sim-ca.pem            whom to trust
"""

import os
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from trimtab.reading import Mistakes
from trimtab.sim import faults, files
from trimtab.sim.faults import Plan
from trimtab.sim.wire import certs, keys
from trimtab.sim.wire.keys import Key
from trimtab.sim.wire.server import Told
from trimtab.sim.world import World

PRIVATE: Final = 0o600


def prepared(path: Path, *, first_port: int = 0, plan: Path | None = None) -> Told:
    """What a server is told to serve the world at `path`; keys and certificates are made on first use.

    The venues get consecutive ports from `first_port`, in the order of their names; 0 is any free ones. `plan` is a
    file of faults, for every venue. Raises ValueError for what is wrong in any of the files.
    """
    world = files.load_world(path)
    served = [venue.id for venue in world.venues if venue.wire]
    if not served:
        raise ValueError(f'{path}: no venue says how it is reached; give one a protocol, such as wire = "binance"')
    faulty = {} if plan is None else dict.fromkeys(served, _plan(plan))
    ports = {name: first_port + n if first_port else 0 for n, name in enumerate(served)}
    return Told(keys=_keys(path, world), certificates=certs.ready(path.parent), ports=ports, plans=faulty)


def keys_file(path: Path) -> Path:
    """Where the keys of a world are: `sim-keys.toml` beside `sim.toml`."""
    return path.with_name(f"{path.stem}-keys.toml")


def _plan(path: Path) -> Plan:
    return faults.decode(_table(path), path.name)


def _keys(path: Path, world: World) -> tuple[Key, ...]:
    kept = keys_file(path)
    if not kept.exists():
        made = keys.made_for(world)
        for key in made:
            _write(kept.with_suffix("") / f"{key.id}.key", key.key)
            _write(kept.with_suffix("") / f"{key.id}.secret", key.secret)
        _write(kept, keys.encode(made))
    accounts = [account.id for venue in world.venues if venue.wire for account in venue.accounts]
    return keys.decode(_table(kept), kept.name, accounts)


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise Mistakes(str(path), [f"cannot be read: {error.strerror}"]) from None
    except ValueError as error:
        raise Mistakes(str(path), [f"not TOML: {error}"]) from None


def _write(path: Path, text: str) -> None:
    """A file for its owner's eyes only, from its first moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
