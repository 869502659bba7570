"""A planted key is nowhere in what is written or said, whatever goes wrong; and the scanner does find it when it is."""

import base64
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from tests.scenarios.funds import change, make_fund
from trimtab.sim.world import hash_key

SECRET = "s3cr3t/Kq+7vZ=plant-9f41"
TABLE = "[venues.south.accounts.reserve.balances]"


def forms(secret: str) -> dict[str, bytes]:
    """The shapes in which a secret may leak."""
    raw = secret.encode()
    return {
        "plain": raw,
        "hex": raw.hex().encode(),
        "base64": base64.b64encode(raw).rstrip(b"="),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "reversed": raw[::-1],
    }


def leaks(folder: Path, *said: bytes) -> list[str]:
    """Where a secret is found: files of a folder (the key files aside) and texts."""
    texts = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"}
    texts |= {f"output {number}": text for number, text in enumerate(said)}
    return [f"{form} in {name}" for name, text in texts.items() for form, leak in forms(SECRET).items() if leak in text]


@pytest.mark.parametrize("form", forms(SECRET))
def test_the_scanner_finds_a_secret_that_is_logged_on_purpose(form: str, tmp_path: Path) -> None:
    (tmp_path / "trimtab.log").write_bytes(b"connecting with " + forms(SECRET)[form] + b"\n")
    assert leaks(tmp_path) == [f"{form} in {tmp_path / 'trimtab.log'}"]
    assert leaks(tmp_path / "none", forms(SECRET)[form]) == [f"{form} in output 0"]


def keyed_fund(folder: Path, reference: str) -> Path:
    """A fund whose account `reserve` is only served with the planted key."""
    asks = f'[venues.south.accounts.reserve]\nkey_hash = "{hash_key(SECRET, "salt")}"\n'
    fund = make_fund(folder, world={TABLE: asks + TABLE})
    change(fund, {'venue = "south"': f'venue = "south"\nkey = "{reference}"'})
    return fund


def say(fund: Path, *arguments: str, key: str = SECRET) -> tuple[int, bytes]:
    """A command of the real program, with everything it says."""
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", *arguments, "--fund", str(fund)]
    environment = {"PATH": "/usr/bin:/bin", "RESERVE_KEY": key, "COLUMNS": "100"}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=fund.parent, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("reference", ["env:RESERVE_KEY", "file:reserve.key"])
def test_a_key_is_nowhere_in_what_a_whole_cycle_writes_and_says(reference: str, tmp_path: Path) -> None:
    (tmp_path / "reserve.key").write_text(f"{SECRET}\n")
    (tmp_path / "reserve.key").chmod(0o600)
    fund = keyed_fund(tmp_path, reference)
    said = [
        say(fund, "doctor"),
        say(fund, "state", "--json"),
        say(fund, "plan", "--save", "plan.json"),
        say(fund, "run", "--yes"),
        say(fund, "show", "last", "--json"),
        say(fund, "explain", "last"),
        say(fund, "replay", "last"),
        say(fund, "report", "--out", "report.html"),
        say(fund, "verify"),
    ]
    assert [code for code, _ in said] == [0] * len(said), said
    assert leaks(tmp_path, *(text for _, text in said)) == []


def test_a_key_is_nowhere_in_what_a_failure_writes_and_says(tmp_path: Path) -> None:
    (tmp_path / "reserve.key").write_text(SECRET)
    (tmp_path / "reserve.key").chmod(0o644)
    fund = keyed_fund(tmp_path, "file:reserve.key")
    loose = say(fund, "run", "--yes")
    assert loose[0] == 2
    assert b"0600" in loose[1]
    change(fund, {"file:reserve.key": "env:RESERVE_KEY"})
    wrong = say(fund, "run", "--yes", key=SECRET[::-1] + "x")
    assert wrong[0] == 3
    change(fund, {"env:RESERVE_KEY": SECRET})
    pasted = say(fund, "plan")
    assert pasted[0] == 2
    assert leaks(tmp_path, loose[1], pasted[1]) == [f"plain in {fund}"]
    assert SECRET[::-1].encode() not in wrong[1]
