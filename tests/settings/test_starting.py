"""Templates: each is a whole fund whose file and world agree."""

import asyncio
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab import settings
from trimtab.adapters.venues import paper
from trimtab.settings.schema import text
from trimtab.settings.starting import TAPES, kind_for, write_template
from trimtab.sim import world

PAPER = sorted(set(TAPES) - {"exchange"})


def started(kind: str, folder: Path) -> tuple[settings.Settings, world.World]:
    """A template's fund and its world."""
    write_template(kind, folder)
    with (folder / "paper.toml").open("rb") as file:
        found = world.decode(tomllib.load(file, parse_float=Decimal), "paper.toml")
    return settings.load(folder / "fund.toml"), found


@pytest.mark.parametrize("kind", PAPER)
def test_the_fund_and_its_world_agree(tmp_path: Path, kind: str) -> None:
    fund, lived = started(kind, tmp_path)
    homes = {account.id: place.id for place in lived.venues for account in place.accounts}
    decimals = {asset.id: asset.decimals for asset in lived.assets}

    assert {a.id: a.venue for a in fund.policy.accounts} == homes
    assert {a.id: a.decimals for a in fund.policy.assets} == decimals
    assert {v.id for v in fund.venues} == {place.id for place in lived.venues}


@pytest.mark.parametrize("kind", PAPER)
def test_every_target_can_be_traded_against_the_base_currency(tmp_path: Path, kind: str) -> None:
    fund, lived = started(kind, tmp_path)
    pairs = {pair.id for place in lived.venues for pair in place.instruments}
    wanted = {w.asset for w in fund.policy.target.weights} - {fund.policy.base}

    assert {f"{asset}/{fund.policy.base}" for asset in wanted} <= pairs


def test_the_paper_fund_is_eight_assets_over_three_accounts_on_two_venues(tmp_path: Path) -> None:
    law = started("paper", tmp_path)[0].policy

    assert (len(law.target.weights), len(law.accounts)) == (8, 3)
    assert {account.venue for account in law.accounts} == {"north", "south"}


def test_the_paper_fund_begins_outside_of_its_bands(tmp_path: Path) -> None:
    fund, lived = started("paper", tmp_path)
    prices = {asset.id: asset.price for asset in lived.assets}
    held = [(o.asset, prices[o.asset] * o.amount) for v in lived.venues for a in v.accounts for o in a.balances]
    nav = sum((value for _, value in held), Decimal(0))
    weights = {asset: sum((v for a, v in held if a == asset), Decimal(0)) / nav for asset in prices}
    banded = [w for w in fund.policy.target.weights if w.band is not None]
    outside = {w.asset for w in banded if w.band is not None and abs(weights[w.asset] - w.weight) > w.band}

    assert outside == {"BTC", "ETH"}


@pytest.mark.parametrize("kind", PAPER)
def test_nothing_is_overwritten(tmp_path: Path, kind: str) -> None:
    (tmp_path / "paper.toml").write_text("mine")

    with pytest.raises(ValueError, match=r"paper\.toml is there already and is not overwritten"):
        write_template(kind, tmp_path)

    assert (tmp_path / "paper.toml").read_text() == "mine"
    assert not (tmp_path / "fund.toml").exists()


def test_the_folder_is_made_and_the_schema_lies_beside_the_fund(tmp_path: Path) -> None:
    written = write_template("paper", tmp_path / "new" / "fund")

    assert [path.name for path in written] == ["fund.toml", "paper.toml", "fund.schema.json"]
    assert (tmp_path / "new" / "fund" / "fund.schema.json").read_text() == text()


def test_an_unknown_template_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='unknown template "papr"; did you mean "paper"'):
        write_template("papr", tmp_path)


def test_a_recording_is_named_in_the_world(tmp_path: Path) -> None:
    tape = tmp_path / 'my "tape".parquet'
    tape.write_bytes(b"")

    write_template(kind_for(tape), tmp_path / "fund", (tape,))

    lived = tomllib.loads((tmp_path / "fund" / "paper.toml").read_text())
    assert lived["tape"]["files"] == [str(tape)]


def test_a_recording_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--tape: there is no file"):
        write_template("candles", tmp_path, (tmp_path / "no.parquet",))


def test_the_generated_market_plays_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="paper generates its prices and plays no recording"):
        write_template("paper", tmp_path, (tmp_path / "x.parquet",))


@pytest.mark.parametrize(
    ("name", "kind"), [("x.jsonl.gz", "l2"), ("x.jsonl", "l2"), ("x.parquet", "candles"), ("ohlcv_5m.csv", "candles")]
)
def test_a_recordings_name_says_which_template_fits(name: str, kind: str) -> None:
    assert kind_for(Path(name)) == kind


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("candles", ("ohlcv_5m_2024H1_10pairs.parquet",)),
        ("l2", ("l2_raw_binance_spot_btcusdt_20240808.jsonl.gz",)),
        ("l2", ("l2_raw_binance_spot_btcusdt_20240808.jsonl.gz", "l2_raw_binance_spot_btcusdt_20240809.jsonl.gz")),
    ],
)
def test_a_recorded_world_quotes_every_pair_at_its_start(
    tmp_path: Path, shared: Path, kind: str, names: tuple[str, ...]
) -> None:
    write_template(kind, tmp_path, [shared / "data" / name for name in names])
    for place in settings.load(tmp_path / "fund.toml").venues:
        venue = paper.connect(place.world, place.id)
        listed = [instrument.id for instrument in asyncio.run(venue.instruments())]
        quoted = asyncio.run(venue.quotes(listed))
        venue.close()

        assert [quote.instrument for quote in quoted if quote.bid and quote.ask] == listed
