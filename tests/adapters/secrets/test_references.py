"""References to secrets: resolved where they may be, refused in words that never hold the secret."""

import os
import traceback
from pathlib import Path

import pytest

from trimtab.adapters.secrets.references import check, resolve

SECRET = "hunter2-planted-secret"


def key_file(folder: Path, text: bytes = SECRET.encode(), mode: int = 0o600) -> Path:
    """A key file of this mode."""
    path = folder / "main.key"
    path.write_bytes(text)
    path.chmod(mode)
    return path


def refusal(reference: str, folder: Path) -> str:
    """What a refusal says, with its whole traceback and everything it hangs on."""
    with pytest.raises(ValueError) as caught:
        resolve(reference, folder)
    assert caught.value.__context__ is None or SECRET not in repr(caught.value.__context__.args)
    return "".join(traceback.format_exception(caught.value))


def test_a_file_is_relative_to_the_folder_and_loses_one_newline(tmp_path: Path) -> None:
    key_file(tmp_path, b"a secret \n")

    assert resolve("file:main.key", tmp_path) == "a secret "


def test_a_file_may_be_absolute(tmp_path: Path) -> None:
    assert resolve(f"file:{key_file(tmp_path)}", Path("/nowhere")) == SECRET


def test_a_variable_is_read_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_TEST_KEY", SECRET)

    assert resolve("env:TRIMTAB_TEST_KEY", tmp_path) == SECRET


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    assert "the environment variable TRIMTAB_TEST_NONE is not set" in refusal("env:TRIMTAB_TEST_NONE", tmp_path)


@pytest.mark.parametrize("mode", [0o400, 0o601, 0o610, 0o640, 0o644, 0o660, 0o700])
def test_any_mode_but_0600_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, mode=mode)

    said = refusal("file:main.key", tmp_path)

    assert f"has mode {mode:04o}, must be 0600; run: chmod 600 {path}" in said
    assert SECRET not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    os.chown(key_file(tmp_path), 65534, 65534)

    assert "belongs to user 65534" in refusal("file:main.key", tmp_path)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"\n", "is empty"), (SECRET.encode() + b"\xff", "is not UTF-8 text")]
)
def test_a_file_without_a_secret_is_refused_without_showing_it(tmp_path: Path, content: bytes, said: str) -> None:
    key_file(tmp_path, content)

    told = refusal("file:main.key", tmp_path)

    assert said in told
    assert SECRET not in told


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert "there is no key file" in refusal("file:no.key", tmp_path)
    assert "is not a regular file" in refusal("file:.", tmp_path)
    assert "is not a regular file" in refusal("file:pipe", tmp_path)


@pytest.mark.parametrize("reference", [SECRET, f"vault:{SECRET}", f"env:{SECRET}", "env:", "file:", ""])
def test_what_is_no_reference_is_refused_and_not_repeated(tmp_path: Path, reference: str) -> None:
    said = refusal(reference, tmp_path)

    assert 'write "env:NAME" or "file:PATH"' in said
    assert SECRET not in said


def test_checking_gives_nothing_back(tmp_path: Path) -> None:
    key_file(tmp_path)

    assert check("file:main.key", tmp_path) is None  # type: ignore[func-returns-value]
