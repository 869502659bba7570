"""Help: grouped, complete, plain, and light."""

import re
import subprocess
import sys

import pytest

from tests.cli.screens import shown
from trimtab.cli.app import GROUPS, app

COMMANDS = [command.name or "" for command in app.registered_commands]
HEAVY = (
    "ccxt numpy highspy sqlalchemy alembic jinja2 pyarrow asyncio rich.table rich.console rich.progress msgspec".split()
)


def test_help_lists_every_command_once_under_its_group() -> None:
    out = shown("--help", width=100).out
    places = [out.index(f"\n{title}:") for title in GROUPS]
    assert places == sorted(places)
    for command in COMMANDS:
        assert len(re.findall(rf"^  {command} ", out, re.MULTILINE)) == 1, command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_explains_each_option(command: str) -> None:
    said = shown(command, "--help", width=100)
    assert said.code == 0
    assert re.search(r"^  [A-Z][^.]+\.", said.out, re.MULTILINE)
    assert "<" not in said.out
    bare = [line for line in said.out.splitlines() if re.fullmatch(r"  --[\w-]+( [A-Z]+)?", line)]
    wrapped = [line for line in bare if not re.search(rf"{re.escape(line)}\n {{10,}}\S", said.out)]
    assert wrapped == []


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("demo", "init", "halt", "resume", "sim")])
def test_every_command_that_shows_something_can_say_it_in_json_and_say_more(command: str) -> None:
    out = shown(command, "--help", width=100).out
    for option in ("--json", "--verbose", *(() if command == "solve" else ("--fund",))):
        assert option in out


def test_help_imports_nothing_heavy() -> None:
    program = f"""
import sys
from trimtab.cli import main
sys.argv = ['trimtab', '--help']
try:
    main()
except SystemExit as leaving:
    assert not leaving.code
print(sorted({set(HEAVY)!r} & set(sys.modules)), file=sys.stderr)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stderr.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_script_for_completion(shell: str) -> None:
    said = shown("--show-completion", shell)
    assert said.code == 0
    assert "_TRIMTAB_COMPLETE" in said.out


def test_the_version_is_printed() -> None:
    assert re.fullmatch(r"trimtab \d+\.\d+\.\d+\n", shown("--version").out)
