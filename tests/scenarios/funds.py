"""Funds for whole-cycle tests: the paper template in a folder, changed as a case needs, and commands run on it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from trimtab import api
from trimtab.cli.app import app


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


def make_fund(folder: Path, *, world: dict[str, str] | None = None, fund: dict[str, str] | None = None) -> Path:
    """The paper template with a clock that is stepped and venues that decide at once, and texts replaced."""
    api.write_template("paper", folder)
    stepped = {"speed = 30": "speed = 0", "accept_window_s = 5": "accept_window_s = 0"}
    change(folder / "paper.toml", {**stepped, **(world or {})})
    change(folder / "fund.toml", fund or {})
    return folder / "fund.toml"


def change(file: Path, texts: dict[str, str]) -> None:
    """Replace texts in a file; each must be there."""
    text = file.read_text()
    for old, new in texts.items():
        assert old in text, f"{file.name} has no {old!r}"
        text = text.replace(old, new)
    file.write_text(text)


@contextmanager
def at_desk(fund: Path) -> Iterator[api.Desk]:
    """A fund's desk, connected, for a test that awaits what it wants in loops of its own."""
    with asyncio.Runner() as runner:
        entered = api.connect(api.load_settings(fund))
        desk = runner.run(entered.__aenter__())
        try:
            yield desk
        finally:
            runner.run(entered.__aexit__(None, None, None))


def trimtab(*arguments: object) -> Said:
    """Run a command in this process, as the command line would."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "120", "NO_COLOR": "1"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)


def on(fund: Path, command: str, *arguments: object) -> Said:
    """Run a command on one fund."""
    return trimtab(command, *arguments, "--fund", fund)
