"""The locks pin everything by hash and name no registry and no machine."""

import re

import pytest

from tests.house.source import ROOT


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_a_lock_names_no_registry_and_no_machine(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    assert re.findall(r".*(?:://|--index|--find-links|--extra|(?<!\w)/\w+/).*", text) == []


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_a_lock_pins_every_requirement_by_hash(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text().replace("\\\n", " ")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert requirements
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []


def test_what_a_user_runs_is_what_its_developers_tested() -> None:
    assert pins("run.txt") <= pins("dev.txt")


def pins(lock: str) -> set[str]:
    """The pinned versions of a lock, with their markers."""
    return set(re.findall(r"^[\w.-]+==[^\\\n]+", (ROOT / "requirements" / lock).read_text(), re.MULTILINE))
