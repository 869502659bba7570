"""Whole cycles on recorded markets: five-minute candles of eight assets, and Binance's L2 stream."""

import re
from pathlib import Path

import pytest

from tests.scenarios.funds import on
from trimtab import api


def tape_fund(folder: Path, kind: str, tapes: tuple[Path, ...]) -> Path:
    """A template that plays recordings, with a clock that is stepped."""
    api.write_template(kind, folder, tapes)
    world = folder / "paper.toml"
    stepped, found = re.subn(r"(?m)^speed = \d+", "speed = 0", world.read_text())
    assert found == 1
    world.write_text(re.sub(r"accept_window_s = \d+", "accept_window_s = 0", stepped))
    return folder / "fund.toml"


@pytest.mark.parametrize(
    ("kind", "tapes", "assets"),
    [
        ("candles", ("ohlcv_5m_2024H1_10pairs.parquet",), 8),
        ("candles", ("ohlcv_1h_2024H1_pairs.parquet",), 8),
        ("l2", ("l2_raw_binance_spot_btcusdt_20240808.jsonl.gz",), 2),
    ],
)
def test_a_cycle_on_a_recorded_market_ends_on_target_and_is_proved(
    kind: str, tapes: tuple[str, ...], assets: int, shared: Path, tmp_path: Path
) -> None:
    fund = tape_fund(tmp_path, kind, tuple(shared / "data" / name for name in tapes))

    ran = on(fund, "run", "--yes")

    assert ran.code == 0, ran.out + ran.err
    assert on(fund, "replay", "last").code == 0
    assert on(fund, "verify").code == 0
    with api.records(api.load_settings(fund)) as store:
        facts = api.facts(store, "last")
    assert len(facts.weights) == assets
    assert facts.fills
    assert all(s.after is not None and s.low is not None and s.high is not None for s in facts.weights)
    assert all((s.low or 0) <= (s.after or 0) <= (s.high or 0) for s in facts.weights)
