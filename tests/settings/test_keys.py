"""Keys by reference: where they are is checked with the file, what they are never leaves it."""

from pathlib import Path

import pytest

from tests.fundfile import GOOD, load, mistakes
from trimtab.model.canonical import encode

SECRET = "hunter2-planted-secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fund's folder with a world and a key in it."""
    (tmp_path / "paper.toml").write_text("")
    (tmp_path / "main.key").write_text(SECRET)
    (tmp_path / "main.key").chmod(0o600)
    return tmp_path


def with_key(reference: str) -> str:
    """The good file with a key."""
    return GOOD.replace('venue = "north"', f'venue = "north"\nkey = "{reference}"')


def test_a_reference_is_kept_and_the_secret_is_not(folder: Path) -> None:
    found = load(folder, with_key("file:main.key"))

    assert [(k.account, k.reference) for k in found.keys] == [("main", "file:main.key")]
    assert SECRET not in repr(found)
    assert SECRET.encode() not in encode(found.policy)


def test_a_missing_key_file_is_a_mistake(folder: Path) -> None:
    said = f"accounts.main.key: there is no key file {folder / 'no.key'}; create it with mode 0600"

    assert mistakes(folder, with_key("file:no.key")) == (said,)


def test_a_key_file_that_others_may_read_is_a_mistake(folder: Path) -> None:
    (folder / "main.key").chmod(0o640)

    assert "has mode 0640, must be 0600; run: chmod 600" in mistakes(folder, with_key("file:main.key"))[0]


def test_a_pasted_secret_is_not_repeated(folder: Path) -> None:
    found = mistakes(folder, with_key(SECRET) + f"[accounts.other]\nvenue = 'north'\nkey = ['{SECRET}']\n")

    assert len(found) == 2
    assert all(SECRET not in line for line in found)


def test_two_mistakes_about_keys_are_told_with_the_others(folder: Path) -> None:
    text = with_key("file:no.key").replace("BTC = 8", "BTC = 99")

    assert [line.split(":")[0] for line in mistakes(folder, text)] == ["assets.BTC", "accounts.main.key"]
