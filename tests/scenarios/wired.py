"""Funds on served venues: the exchange template against a simulator in a process of its own."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.scenarios.funds import change
from trimtab import api

PROGRAM = "from trimtab.cli import main; main()"


@contextmanager
def simulator(world: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """`trimtab sim` on free ports; what it said about itself, and its process."""
    command = [sys.executable, "-c", PROGRAM, "sim", "--world", str(world), "--port", "0", "--json", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield {**json.loads(line), "process": process}
    finally:
        process.kill()
        process.communicate()


def exchange_fund(folder: Path, *, world: dict[str, str] | None = None, fund: dict[str, str] | None = None) -> Path:
    """The exchange template with a clock that is stepped, and texts replaced."""
    api.write_template("exchange", folder)
    change(folder / "sim.toml", {"speed = 1 ": "speed = 0 ", **(world or {})})
    change(folder / "fund.toml", fund or {})
    return folder / "fund.toml"


def connected(fund: Path, ports: dict[str, int]) -> None:
    """Point the fund at the simulator's ports."""
    told = {"127.0.0.1:8443": f"127.0.0.1:{ports['binance']}", "127.0.0.1:8444": f"127.0.0.1:{ports['coinbase']}"}
    change(fund, told)


def on_paper(fund: Path) -> None:
    """Turn the fund's venues into paper ones of the same world: no wire, no keys."""
    text = fund.read_text()
    text = re.sub(r"(?m)^\[accounts\.\w+\.wire\]\n(?:.+\n)+", "", text)
    text = re.sub(r"(?m)^(?:key|secret) = .*\n", "", text)
    fund.write_text(re.sub(r'kind = "(?:binance|coinbase)"', 'kind = "paper"\nworld = "sim.toml"', text))
