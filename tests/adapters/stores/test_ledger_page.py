"""The page on the ledger: its program verifies a ledger with nothing of trimtab."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.ledgers import lever, tick
from trimtab.adapters.stores.sqlite import open_store

PAGE = Path(__file__).parents[3] / "docs" / "ledger.md"


def said(program: str, path: Path) -> list[str]:
    """What the program prints of a ledger, line by line."""
    command = [sys.executable, "-I", "-S", "-c", program, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_program_on_the_page_verifies_a_ledger_and_names_a_change(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "alpha.db"
    with closing(open_store(path, "alpha")) as store:
        store.append([tick(0, "ü"), lever(), tick(1)], store.acquire("cycle", "one", 30))
    sound = said(program, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER entries_stay")
        db.execute("UPDATE entries SET epoch = 0 WHERE seq = 3")
        db.commit()

    assert sound == ["1 genesis ok", "2 happened ok", "3 halted ok", "4 happened ok"]
    assert said(program, path) == ["1 genesis ok", "2 happened ok", "3 halted CHANGED", "4 happened ok"]
