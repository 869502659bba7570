"""What the import contracts and the linter catch: each test breaks one rule in a copy of the source."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.source import CORE, ROOT, SOURCE

FLOORS = "Imports go down the floors, and every package has a floor"
PURE = "The core knows no clock, no chance, no file, no network, no client"
NUMBERS = "Numerical libraries are imported in quant, sim and rehearse only"
ADAPTERS = "Adapters do not know each other, except for http"
VENUES = "Venues do not know each other"
ACYCLIC = "No import goes round in a circle, type-only ones included"

TYPE_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the source with its rules, to be broken."""
    shutil.copytree(SOURCE, tmp_path / "src" / "trimtab", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def write(house: Path, where: str, line: str) -> None:
    """Add a line to a module, or make the module of it."""
    path = house / "src" / "trimtab" / where
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(f"\n{line}\n")


def broken_contracts(house: Path) -> set[str]:
    """The names of the import contracts that the copy breaks."""
    said = run(house, "lint-imports", "--no-cache")
    verdicts = re.findall(r"^(.+) (KEPT|BROKEN)", said.stdout, re.MULTILINE)
    assert len(verdicts) == 6, said.stdout + said.stderr
    return {name for name, verdict in verdicts if verdict == "BROKEN"}


def test_the_source_as_it_stands_breaks_no_contract(house: Path) -> None:
    assert broken_contracts(house) == set()


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        ("plan/broken.py", "from trimtab import decide", FLOORS),
        ("check/broken.py", "import asyncio", PURE),
        ("execute/broken.py", "from trimtab.cycle import cycle", FLOORS),
        ("cycle/broken.py", "from trimtab.adapters.venues import paper", FLOORS),
        ("pages/broken.py", "from trimtab.adapters.venues import paper", FLOORS),
        ("attic/__init__.py", '"""A package without a floor."""', FLOORS),
        ("decide/broken.py", "import time", PURE),
        ("value/broken.py", "from pathlib import Path", PURE),
        ("plan/broken.py", "import numpy", NUMBERS),
    ],
)
def test_an_import_against_the_floors_is_caught(house: Path, where: str, line: str, contract: str) -> None:
    write(house, where, line)
    assert contract in broken_contracts(house)


def test_one_venue_importing_another_is_caught(house: Path) -> None:
    write(house, "adapters/venues/north.py", "")
    write(house, "adapters/venues/south.py", "from trimtab.adapters.venues import north")
    assert broken_contracts(house) == {VENUES}


def test_one_adapter_importing_another_is_caught_but_for_http(house: Path) -> None:
    write(house, "adapters/http.py", "")
    write(house, "adapters/pager.py", "from trimtab.adapters import http")
    assert broken_contracts(house) == set()

    write(house, "adapters/pager.py", "from trimtab.adapters import clock")
    assert broken_contracts(house) == {ADAPTERS}


def test_a_circle_in_the_model_is_caught_even_when_it_is_made_of_types_alone(house: Path) -> None:
    write(house, "model/hen.py", TYPE_ONLY + "from trimtab.model import egg")
    write(house, "model/egg.py", TYPE_ONLY + "from trimtab.model import hen")
    assert broken_contracts(house) == {ACYCLIC}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("from datetime import datetime\nNOW = datetime.now()", "datetime.datetime.now"),
        ("from datetime import date\nTODAY = date.today()", "datetime.date.today"),
        ("import time\nNOW = time.time()", "time"),
        ("from uuid import uuid4\nID = uuid4()", "uuid.uuid4"),
        ("import numpy as np\nDRAWN = np.random.rand()", "numpy.random"),
        ("from pathlib import Path\nTEXT = Path('x').read_text()", "pathlib"),
    ],
)
def test_a_clock_a_chance_or_a_file_in_the_core_is_banned_by_name(house: Path, line: str, name: str) -> None:
    write(house, "decide/broken.py", line)
    write(house, "adapters/fine.py", line)
    said = banned(house)
    assert f"`{name}` is banned" in said
    assert "adapters/fine.py" not in said


def banned(house: Path) -> str:
    """What ruff says of banned names in the copy."""
    return run(house, "ruff", "check", "--no-cache", "--select", "TID251", "--output-format", "concise", "src").stdout


def run(house: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment on the copy."""
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    environment = {"PYTHONPATH": str(house / "src")}
    return subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)


def test_every_package_of_the_core_that_exists_is_held_to_purity() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = next(rule["source_modules"] for rule in rules if rule["name"] == PURE)
    exist = {f"trimtab.{path.stem}" for path in SOURCE.iterdir() if path.stem in CORE}
    assert sorted(held) == sorted(exist)


def test_every_folder_of_modules_is_a_package_so_that_the_contracts_see_it() -> None:
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    unseen = {folder for folder in folders if not (folder / "__init__.py").exists()}
    assert {folder.relative_to(SOURCE).as_posix() for folder in unseen if "migrations" not in folder.parts} == set()
