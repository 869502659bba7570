"""The next commands that are printed work as typed, however the program was reached."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.funds import make_fund
from trimtab.cli.frame import program

OURS = Path(sys.executable).parent / "trimtab"


def typed(*arguments: str, folder: Path, path: str) -> str:
    """What a command printed, typed in a folder by someone with this PATH."""
    env = {**os.environ, "PATH": path, "COLUMNS": "120"}
    done = subprocess.run(arguments, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the program in its own `.venv`, as a clone has after `make install`."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "trimtab").symlink_to(OURS)
    return tmp_path


def test_commands_after_init_work_as_typed_from_a_clone(clone: Path) -> None:
    out = typed(".venv/bin/trimtab", "init", "alpha", folder=clone, path="/usr/bin:/bin")
    (following,) = re.findall(r"^Next: (.*)$", out, re.MULTILINE)
    assert following == ".venv/bin/trimtab plan --fund alpha/fund.toml"
    assert "Rebalance" in typed("sh", "-c", following, folder=clone, path="/usr/bin:/bin")


def test_commands_after_init_are_short_where_the_program_is_on_the_path(clone: Path) -> None:
    path = f"{clone / '.venv' / 'bin'}:/usr/bin:/bin"
    out = typed("trimtab", "init", "alpha", folder=clone, path=path)
    (following,) = re.findall(r"^Next: (.*)$", out, re.MULTILINE)
    assert following == "cd alpha && trimtab plan"
    assert "Rebalance" in typed("sh", "-c", following, folder=clone, path=path)


def test_the_demonstration_ends_with_commands_that_work_as_typed(clone: Path) -> None:
    (clone / "my fund").mkdir()
    make_fund(clone / "my fund")
    out = typed(".venv/bin/trimtab", "demo", "--dir", "my fund", folder=clone, path="/usr/bin:/bin")
    following = out.partition("\nNext: ")[2].splitlines()
    assert len(following) == 2
    assert "temporary folder" not in out
    answers = [typed("sh", "-c", line.strip(), folder=clone, path="/usr/bin:/bin") for line in following]
    assert "done" in answers[0]
    assert "a second look" in answers[1]
    assert "Next: trimtab" not in out, "nothing on the way is promised to work as typed"


@pytest.mark.parametrize(
    ("reached", "name"),
    [
        (".venv/bin/trimtab", ".venv/bin/trimtab"),
        ("{clone}/.venv/bin/trimtab", ".venv/bin/trimtab"),
        ("/opt/tools/trimtab", "/opt/tools/trimtab"),
        ("/usr/lib/python3/trimtab/__main__.py", "trimtab"),
        ("-c", "trimtab"),
    ],
)
def test_a_program_that_is_not_on_the_path_is_named_as_it_was_reached(reached: str, name: str, clone: Path) -> None:
    assert program(reached.format(clone=clone), clone, "/usr/bin:/bin") == name
