"""Serve a world in a process of its own: says its ports and authority on one line, and works until it is killed."""

import asyncio
import sys
from pathlib import Path

import msgspec

from trimtab.sim.wire import certs
from trimtab.sim.wire.keys import Key
from trimtab.sim.wire.server import Told, serving


async def serve(world: Path, opened: tuple[Key, ...]) -> None:
    settings = Told(keys=opened, certificates=certs.ready(world.parent / "certificates"))
    async with serving(world, settings) as sim:
        sys.stdout.write(msgspec.json.encode({"ports": sim.ports, "ca": str(settings.certificates.ca)}).decode() + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=tuple[Key, ...])))
