"""Commands as a person runs them: on a screen of some width in this process, or as a process of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from tests.scenarios.funds import Said
from trimtab.cli.app import app

ROOT = Path(__file__).parents[2]


def shown(*arguments: object, width: int = 80) -> Said:
    """What a command shows on a screen of this width."""
    env = {"COLUMNS": str(width), "NO_COLOR": "1"}
    done = CliRunner().invoke(app, [str(a) for a in arguments], env=env, prog_name="trimtab")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)


def started(fund: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A command on a fund in a process of its own, whose answers are kept."""
    return python("from trimtab.cli import main; main()", *arguments, "--fund", str(fund))


def python(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """A Python process, with its words on pipes."""
    command = [sys.executable, "-c", program, *arguments]
    env = {**os.environ, "COLUMNS": "100"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=env)


def until(happened: Callable[[], bool], running: "subprocess.Popen[str]") -> None:
    """Look until something has happened, as long as the process lives and no longer than half a minute."""
    for _ in range(3000):
        if happened():
            return
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def read(terminal: int) -> bytes:
    """What came next on a terminal; nothing once its last writer has gone."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
