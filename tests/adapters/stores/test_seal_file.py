"""Seals in a file: one a line, never lost, never glued to a line that a crash cut short."""

from pathlib import Path

import pytest

from trimtab.adapters.stores.seals import SealFile
from trimtab.ports import Unavailable, Witness

ONE, TWO = "12:" + "a" * 64, "40:" + "b" * 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seals.txt"


def test_seals_are_kept_one_a_line_in_order(path: Path) -> None:
    witness: Witness = SealFile(path)
    witness.keep(ONE)
    SealFile(path).keep(TWO)

    assert path.read_text() == f"{ONE}\n{TWO}\n"
    assert SealFile(path).kept() == (ONE, TWO)


def test_no_file_keeps_no_seals_and_is_not_made_by_asking(path: Path) -> None:
    assert SealFile(path).kept() == ()
    assert not path.exists()


def test_a_line_that_a_crash_cut_short_stays_and_the_next_seal_stands_alone(path: Path) -> None:
    path.write_text(f"{ONE}\n40:bb")

    SealFile(path).keep(TWO)

    assert SealFile(path).kept() == (ONE, "40:bb", TWO)


def test_a_seal_that_a_later_one_covers_is_not_written_after_it(path: Path) -> None:
    SealFile(path).keep(TWO)
    SealFile(path).keep(ONE)
    SealFile(path).keep(TWO)

    assert SealFile(path).kept() == (TWO,)


def test_what_is_no_seal_is_not_written(path: Path) -> None:
    with pytest.raises(ValueError, match="NUMBER:HASH"):
        SealFile(path).keep("12:ab")
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "seals.txt"

    with pytest.raises(Unavailable, match=str(path)):
        SealFile(path).keep(ONE)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=str(tmp_path)):
        SealFile(tmp_path).kept()
