"""Begins a fund: writes a commented `fund.toml` and the world it lives in from a template."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from trimtab.reading import meant
from trimtab.settings import schema

TAPES: Final = {
    "candles": ("candles.parquet",),
    "exchange": (),
    "l2": ("btcusdt.jsonl.gz",),
    "paper": (),
}
"""The templates, each with the recordings it expects beside it until it is told others."""

WORLDS: Final = {"exchange": "sim.toml"}
"""The file of a template's simulated world, where it is not paper.toml."""


def kind_for(tape: Path) -> str:
    """The template that fits a recording: `l2` for a stream of JSON lines, `candles` for a table."""
    return "l2" if ".jsonl" in tape.suffixes else "candles"


def write_template(kind: str, folder: Path, tapes: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Write a template's files into a folder, which is made if need be; say which were written.

    `tapes` are the recordings that a simulated world plays. Raises ValueError for an unknown template, for
    recordings where none are played, and, before anything is written, if a file is there already.
    """
    if kind not in TAPES:
        raise ValueError(f'--template: unknown template "{kind}"{meant(kind, TAPES)}')
    if tapes and not TAPES[kind]:
        raise ValueError(f"--template: {kind} generates its prices and plays no recording; candles and l2 do")
    missing = [tape for tape in tapes if not tape.is_file()]
    if missing:
        raise ValueError(f"--tape: there is no file {missing[0]}")
    texts = {name: _filled(kind, name, tapes) for name in ("fund.toml", WORLDS.get(kind, "paper.toml"))} | {
        "fund.schema.json": schema.text()
    }
    there = [folder / name for name in texts if (folder / name).exists()]
    if there:
        raise ValueError(f"{there[0]} is there already and is not overwritten; choose another folder")
    return tuple(_written(folder / name, text) for name, text in texts.items())


def _filled(kind: str, name: str, tapes: Sequence[Path]) -> str:
    text = (resources.files("trimtab.settings") / "templates" / kind / name).read_text(encoding="utf-8")
    files = [str(tape.resolve()) for tape in tapes] or list(TAPES[kind])
    return text.replace("@TAPES@", ", ".join(json.dumps(file, ensure_ascii=False) for file in files))


def _written(path: Path, text: str) -> Path:
    """Refuse to overwrite even what appeared since the question."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}") from None
    return path
