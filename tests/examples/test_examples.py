"""Every folder of examples/ but `solve` is a fund that runs; templates are just what `trimtab init` writes."""

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scenarios.funds import on
from trimtab import api
from trimtab.model.decision import Rebalance

EXAMPLES = ROOT / "examples"
TEMPLATES = {"candles": "paper.toml", "exchange": "sim.toml", "l2": "paper.toml", "paper": "paper.toml"}
TAPES = {
    "candles": ("candles.parquet", "ohlcv_5m_2024H1_10pairs.parquet"),
    "l2": ("btcusdt.jsonl.gz", "l2_raw_binance_spot_btcusdt_20240808.jsonl.gz"),
}


def copied(name: str, folder: Path) -> Path:
    """An example in a folder of its own, with a clock that is stepped."""
    for file in ("fund.toml", "paper.toml"):
        shutil.copy(EXAMPLES / name / file, folder)
    world = folder / "paper.toml"
    stepped, found = re.subn(r"(?m)^speed = \d+", "speed = 0", world.read_text())
    assert found == 1
    world.write_text(stepped)
    return folder / "fund.toml"


def ran(fund: Path) -> api.Facts:
    """What a fund's first cycle did; it traded, and is proved."""
    said = on(fund, "run", "--yes")
    assert said.code == 0, said.out + said.err
    assert on(fund, "replay", "last").code == 0
    with api.records(api.load_settings(fund)) as store:
        facts = api.facts(store, "last")
    assert facts.fills
    return facts


def test_every_example_is_run_by_a_test() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == [
        "candles",
        "edge",
        "exchange",
        "l2",
        "paper",
        "solve",
    ]


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_example_of_a_template_is_what_init_writes(name: str, tmp_path: Path) -> None:
    api.write_template(name, tmp_path)
    for file in ("fund.toml", TEMPLATES[name]):
        assert (EXAMPLES / name / file).read_text() == (tmp_path / file).read_text()


def test_the_paper_example_ends_inside_its_bands(tmp_path: Path) -> None:
    facts = ran(copied("paper", tmp_path))

    assert all((w.low or 0) <= (w.after or 0) <= (w.high or 0) for w in facts.weights)


def test_the_edge_example_stops_at_the_edge_and_pays_its_fees_in_bnb(tmp_path: Path) -> None:
    facts = ran(copied("edge", tmp_path))

    bitcoin = next(weight for weight in facts.weights if weight.asset == "BTC")
    assert bitcoin.before is not None
    assert bitcoin.high is not None
    assert bitcoin.after is not None
    assert bitcoin.before > bitcoin.high
    assert abs(bitcoin.after - bitcoin.high) < Decimal("0.0001")
    assert {paid.asset for trade in facts.trades for paid in trade.fees} == {"BNB"}
    assert isinstance(facts.decision, Rebalance)
    assert [reason.trigger for reason in facts.decision.reasons] == ["noon"]


@pytest.mark.parametrize("name", sorted(TAPES))
def test_an_example_on_a_recording_ends_inside_its_bands(name: str, shared: Path, tmp_path: Path) -> None:
    beside, recording = TAPES[name]
    (tmp_path / beside).symlink_to((shared / "data" / recording).resolve())

    facts = ran(copied(name, tmp_path))

    assert all((w.low or 0) <= (w.after or 0) <= (w.high or 0) for w in facts.weights)
