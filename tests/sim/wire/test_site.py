"""What the simulator makes beside its world, and says when it cannot."""

import stat
from pathlib import Path

import pytest

from tests.contracts.sites import write
from trimtab.sim.wire import site


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_once_for_each_account_and_are_their_owners_alone(tmp_path: Path) -> None:
    path = write(tmp_path)
    first, again = site.prepared(path), site.prepared(path)

    assert sorted(key.id for key in first.keys) == ["main", "main-money", "other", "other-money", "sub", "sub-money"]
    assert [key.secret for key in first.keys] == [key.secret for key in again.keys]
    assert mode(tmp_path / "paper-keys.toml") == 0o600
    assert mode(tmp_path / "paper-keys" / "main.secret") == 0o600
    assert mode(tmp_path / "paper-keys") == 0o700
    assert (tmp_path / "paper-keys" / "main.key").read_text() == next(k.key for k in first.keys if k.id == "main")


def test_venues_get_ports_in_a_row_or_any(tmp_path: Path) -> None:
    path = write(tmp_path)

    assert site.prepared(path, first_port=9000).ports == {"here": 9000, "there": 9001}
    assert site.prepared(path).ports == {"here": 0, "there": 0}


def test_a_world_that_nobody_can_reach_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace('wire = "binance"\n', ""))
    with pytest.raises(ValueError, match="give one a protocol"):
        site.prepared(path)


def test_faults_are_read_for_every_venue_and_their_mistakes_are_named(tmp_path: Path) -> None:
    path, plan = write(tmp_path), tmp_path / "faults.toml"
    plan.write_text('[[faults]]\nfault = "html"\ncall = "GET *"\non = [1]\n')
    assert {name: len(p.faults) for name, p in site.prepared(path, plan=plan).plans.items()} == {"here": 1, "there": 1}

    plan.write_text('[[faults]]\nfault = "hmtl"\n')
    with pytest.raises(ValueError, match='did you mean "html"'):
        site.prepared(path, plan=plan)
    with pytest.raises(ValueError, match="cannot be read"):
        site.prepared(path, plan=tmp_path / "none.toml")


def test_keys_that_were_spoilt_are_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    site.prepared(path)
    kept = tmp_path / "paper-keys.toml"
    kept.write_text(kept.read_text().replace('account = "sub"', 'account = "suv"'))
    with pytest.raises(ValueError, match="the world serves no account suv"):
        site.prepared(path)
