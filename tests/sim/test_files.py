from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.adapters.venues.papers import dump, order, run
from trimtab.adapters.venues import paper
from trimtab.model.orders import OrderStatus, Side
from trimtab.model.prices import Ladder
from trimtab.ports import Refused
from trimtab.sim import files
from trimtab.sim.clockwork import open_clock

D = Decimal
HEAD = """
start = {start}
speed = 0
[tape]
kind = "{kind}"
files = [{files}]
[assets]
USDT = {{ decimals = 8 }}
BTC = {{ decimals = 8 }}
ETH = {{ decimals = 8 }}
[venues.north.accounts.main]
balances = {{ BTC = 2, USDT = 1000000 }}
[venues.north.instruments]
"BTC/USDT" = {{ filters = {{ step = 0.00001, tick = 0.01 }} }}
"ETH/USDT" = {{ filters = {{ step = 0.0001, tick = 0.01 }} }}
{more}
[[venues.north.fees]]
maker_bps = 8
taker_bps = 10
"""
CANDLES = ("ohlcv_5m_2024H1_10pairs.parquet",)
BOOKS = (
    "l2_raw_binance_spot_btcusdt_20240808.jsonl.gz",
    "l2_raw_binance_spot_btcusdt_20240809.jsonl.gz",
    "l2_raw_binance_spot_ethusdt_20240808.jsonl.gz",
)
CROSS = '"ETH/BTC" = { filters = { step = 0.001, tick = 0.00001 } }'


def world(folder: Path, kind: str, start: str, *files: object, more: str = "") -> Path:
    path = folder / "paper.toml"
    path.write_text(HEAD.format(kind=kind, start=start, files=", ".join(f'"{file}"' for file in files), more=more))
    return path


def candles(folder: Path, shared: Path) -> Path:
    pytest.importorskip("pyarrow")
    return world(folder, "candles", "2024-03-05T15:00:00Z", *(shared / "data" / name for name in CANDLES), more=CROSS)


def books(folder: Path, shared: Path) -> Path:
    return world(folder, "l2", "2024-08-08T23:55:00Z", *(shared / "data" / name for name in BOOKS))


def spread_bps(book: Ladder) -> float:
    return float((book.asks[0].price - book.bids[0].price) / book.asks[0].price) * 10_000


def test_a_world_on_recorded_candles_quotes_sensible_books(tmp_path: Path, shared: Path) -> None:
    venue = paper.connect(candles(tmp_path, shared), "north")
    names = [instrument.id for instrument in run(venue.instruments())]
    found = {book.instrument: book for book in run(venue.ladders(names, 50))}
    assert sorted(found) == ["north:BTC/USDT", "north:ETH/BTC", "north:ETH/USDT"]
    assert 66_000 < found["north:BTC/USDT"].bids[0].price < 69_500
    assert all(0 < spread_bps(book) < 5 and len(book.bids) == len(book.asks) == 12 for book in found.values())
    through = found["north:ETH/USDT"].bids[0].price / found["north:BTC/USDT"].bids[0].price
    assert float(found["north:ETH/BTC"].bids[0].price) == pytest.approx(float(through), rel=1e-3)
    venue.close()


def test_the_middle_at_the_start_of_a_candle_is_its_open(tmp_path: Path, shared: Path) -> None:
    import pyarrow.parquet as pq

    path = candles(tmp_path, shared)
    start = datetime(2024, 3, 5, 15, tzinfo=UTC)
    rows = pq.read_table(shared / "data" / CANDLES[0], filters=[("symbol", "=", "BTC/USDT"), ("ts", "=", start)])
    venue = paper.connect(path, "north")
    quote = run(venue.quotes(["north:BTC/USDT"]))[0]
    assert quote.bid is not None
    assert quote.ask is not None
    assert float(quote.bid + quote.ask) / 2 == pytest.approx(rows["open"][0].as_py(), abs=0.02)
    venue.close()


def test_a_world_on_recorded_books_quotes_the_recording_and_trades_in_it(tmp_path: Path, shared: Path) -> None:
    path = books(tmp_path, shared)
    venue = paper.connect(path, "north")
    first, second = run(venue.ladders(["north:BTC/USDT", "north:ETH/USDT"], 50))
    assert [float(book.bids[0].price) for book in (first, second)] == pytest.approx([61_800, 2_680], rel=0.01)
    assert all(spread_bps(book) < 0.1 and len(book.bids) == 50 for book in (first, second))
    state = run(venue.place(order(1, Side.BUY, str(first.asks[0].amount), str(first.asks[0].price))))
    after = run(venue.ladders(["north:BTC/USDT"], 50))[0]
    assert state.status is OrderStatus.FILLED
    assert after.asks == (*first.asks[1:], after.asks[-1])
    venue.close()


def test_a_recording_in_two_files_goes_on_after_midnight_and_each_pair_ends_by_itself(
    tmp_path: Path, shared: Path
) -> None:
    path = books(tmp_path, shared)
    clock, venue = open_clock(path), paper.connect(path, "north")
    clock.step(datetime(2024, 8, 9, 0, 1, tzinfo=UTC))
    assert [quote.instrument for quote in run(venue.quotes(["north:BTC/USDT", "north:ETH/USDT"]))] == ["north:BTC/USDT"]
    with pytest.raises(Refused, match=r"its tape has ended at 2024-08-09T00:01:00Z; it runs from 2024-08-08T23:54"):
        run(venue.place(order(1, Side.BUY, "1", "2000", instrument="north:ETH/USDT")))
    clock.step(datetime(2024, 8, 9, 0, 6, tzinfo=UTC))
    assert run(venue.quotes(["north:BTC/USDT"])) == ()
    clock.close()
    venue.close()


def test_an_order_that_rests_in_a_recorded_book_is_filled_when_the_book_comes_to_it(
    tmp_path: Path, shared: Path
) -> None:
    path = books(tmp_path, shared)
    clock, venue = open_clock(path), paper.connect(path, "north")
    resting = order(1, Side.BUY, "0.1", "61750")
    assert run(venue.place(resting)).status is OrderStatus.OPEN
    clock.step(clock.now() + timedelta(minutes=4))
    before = dump(path)
    found = run(venue.query(resting))
    assert found is not None
    assert (found.status, {fill.price for fill in found.fills}) == (OrderStatus.FILLED, {D(61750)})
    assert dump(path) == before
    clock.close()
    venue.close()


def test_a_missing_tape_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tape.files: no such file: .*nowhere.parquet"):
        paper.connect(world(tmp_path, "candles", "2024-03-05T15:00:00Z", "nowhere.parquet"), "north")


def test_a_file_that_is_no_parquet_is_bad_input(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"not at all")
    with pytest.raises(ValueError, match=r"a.parquet: not a Parquet file of candles"):
        paper.connect(world(tmp_path, "candles", "2024-03-05T15:00:00Z", "a.parquet"), "north")


def test_a_file_that_is_no_stream_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(ValueError, match=r"a.jsonl.gz: not a whole gzip file"):
        paper.connect(world(tmp_path, "l2", "2024-03-05T15:00:00Z", "a.jsonl.gz"), "north")


def test_a_stream_of_a_pair_that_nobody_lists_is_bad_input(tmp_path: Path, shared: Path) -> None:
    path = world(tmp_path, "l2", "2024-08-08T23:55:00Z", shared / "data" / BOOKS[2])
    path.write_text(path.read_text().replace('"ETH/USDT" =', '"BTC/ETH" ='))
    with pytest.raises(ValueError, match="holds ETHUSDT, which no venue lists; listed: BTC/ETH, BTC/USDT"):
        paper.connect(path, "north")


def test_files_of_candles_out_of_order_are_refused(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for name, day in (("a", 1), ("b", 2)):
        at = [datetime(2024, 1, day, 0, 5 * n, tzinfo=UTC) for n in range(3)]
        prices = {column: [1.0] * 3 for column in ("open", "high", "low", "close", "volume")}
        table = pa.table({"symbol": ["BTC/USDT"] * 3, "ts": pa.array(at, pa.timestamp("ns", "UTC")), **prices})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    whole = files.load_world(world(tmp_path, "candles", "2024-01-01T00:00:00Z", "b.parquet", "a.parquet"))
    with pytest.raises(ValueError, match=r"a.parquet does not follow the file before it"):
        files.load_tape(whole, tmp_path)
