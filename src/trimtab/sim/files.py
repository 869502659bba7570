"""The files of a simulated world: its TOML, recorded candles (Parquet), recorded books (Binance streams), its state."""

import gzip
import sqlite3
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from trimtab.model.canonical import digest
from trimtab.sim import gates, kept, l2, world
from trimtab.sim.candles import Candles, Series
from trimtab.sim.clock import second
from trimtab.sim.generator import Generator, Motion
from trimtab.sim.tape import Recordings, Tape
from trimtab.sim.world import TapeKind, World

COLUMNS: Final = ("symbol", "ts", "open", "high", "low", "close")

SUFFIX: Final = ".sqlite"
"""The state of `paper.toml` is kept in `paper.sqlite`."""


def open_world(path: Path) -> tuple[World, sqlite3.Connection]:
    """A world and its state, which is made on first use.

    Raises ValueError for a bad world, and for one that has changed since its state was made.
    """
    whole = load_world(path)
    return whole, kept.open_file(path.with_suffix(SUFFIX), whole, fingerprint(whole, path.parent))


def load_world(path: Path) -> World:
    """Read a world's file. Raises ValueError with everything that is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path}: the world's file cannot be read ({error.strerror})") from error
    return _world(text, path.name)


@lru_cache(maxsize=4)
def _world(text: str, name: str) -> World:
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: not TOML: {error}") from error
    return world.decode(table, name)


def fingerprint(whole: World, folder: Path) -> str:
    """The hash of everything that decides what a world does: its file's content and its tape's. Limits do not."""
    files = "".join(_file_hash(path, path.stat().st_mtime_ns) for path in _paths(whole, folder))
    venues = tuple(replace(venue, limits=gates.USUAL) for venue in whole.venues)
    return sha256(f"{digest(replace(whole, venues=venues))}{files}".encode()).hexdigest()


def load_tape(whole: World, folder: Path) -> Tape:
    """The tape of a world; files are relative to the world's. Raises ValueError for what cannot be played."""
    return _tape(fingerprint(whole, folder), whole, _paths(whole, folder))


@lru_cache(maxsize=4)
def _tape(_: str, whole: World, paths: tuple[Path, ...]) -> Tape:
    match whole.tape.kind:
        case TapeKind.GENERATOR:
            return _generator(whole)
        case TapeKind.CANDLES:
            return _candles(whole, paths)
        case TapeKind.L2:
            return _recordings(whole, paths)


def _paths(whole: World, folder: Path) -> tuple[Path, ...]:
    paths = tuple(folder / name for name in whole.tape.files)
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise ValueError(f"tape.files: no such file: {', '.join(missing)}")
    return paths


@lru_cache(maxsize=64)
def _file_hash(path: Path, _: int) -> str:
    with path.open("rb") as file:
        found = sha256()
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _generator(whole: World) -> Generator:
    start = second(whole.start)
    return Generator(
        seed=whole.tape.seed,
        start=start,
        end=start + whole.tape.days * 86_400,
        motions={asset.id: Motion(price=asset.price, volatility=asset.volatility) for asset in whole.assets},
        correlation=whole.tape.correlation,
    )


def _candles(whole: World, paths: Sequence[Path]) -> Candles:
    unit = whole.tape.unit
    found: dict[str, Series] = {}
    for path in paths:
        for symbol, series in _parquet(path, [f"{asset.id}/{unit}" for asset in whole.assets]):
            found[symbol] = _joined(found.get(symbol), series, path)
    lengths = {after - before for s in found.values() for before, after in pairwise(s.starts)}
    if not lengths:
        raise ValueError(f"tape.files: no two candles of any of the assets against {unit} in {_names(paths)}")
    return Candles(
        unit=unit, length_s=min(lengths), series={symbol.partition("/")[0]: s for symbol, s in found.items()}
    )


def _joined(before: Series | None, after: Series, path: Path) -> Series:
    if before is None:
        return after
    if after.starts[0] <= before.starts[-1]:
        raise ValueError(f"tape.files: {path.name} does not follow the file before it; give them in order of time")
    names = ("starts", "open", "high", "low", "close")
    return Series(*((*getattr(before, name), *getattr(after, name)) for name in names))


def _parquet(path: Path, symbols: Sequence[str]) -> Iterator[tuple[str, Series]]:
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra, and slow to import
        import pyarrow.compute as pc  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise ValueError(f"{path.name}: reading candles needs pyarrow: pip install 'trimtab[data]'") from error
    try:
        table = pq.read_table(path, columns=list(COLUMNS), filters=[("symbol", "in", list(symbols))])
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        raise ValueError(f"{path.name}: not a Parquet file of candles ({', '.join(COLUMNS)}): {error}") from error
    for symbol in sorted(set(table["symbol"].to_pylist())):
        rows = table.filter(pc.equal(table["symbol"], symbol)).sort_by("ts")
        yield symbol, _series(rows, f"{path.name}: {symbol}")


def _series(rows: Any, where: str) -> Series:  # a pyarrow table
    starts = [at.value // 1_000_000_000 for at in rows["ts"].cast("timestamp[ns]").combine_chunks()]
    prices = [rows[name].to_pylist() for name in COLUMNS[2:]]
    if any(not price or price <= 0 for column in prices for price in column):
        raise ValueError(f"{where}: a candle has a price that is missing or not above zero")
    if any(after <= before for before, after in pairwise(starts)):
        raise ValueError(f"{where}: two candles have one time")
    return Series(starts, *prices)


def _recordings(whole: World, paths: Sequence[Path]) -> Recordings:
    """Files of one symbol continue each other in the order given; the symbol is written in the stream itself."""
    pairs = {pair.id.replace("/", ""): pair.id for place in whole.venues for pair in place.instruments}
    streams: dict[str, list[Path]] = {}
    for path in paths:
        streams.setdefault(_symbol(path, pairs), []).append(path)
    reels = {symbol: l2.Reel(_recording(files)) for symbol, files in streams.items()}
    return Recordings(unit=whole.tape.unit, reels=reels)


def _symbol(path: Path, pairs: dict[str, str]) -> str:
    for line in _lines([path]):
        if b'"depthUpdate"' in line:
            name = line.partition(b'"s":"')[2].partition(b'"')[0].decode()
            if name in pairs:
                return pairs[name]
            raise ValueError(
                f"{path.name}: holds {name}, which no venue lists; listed: {', '.join(sorted(pairs.values()))}"
            )
    raise ValueError(f"{path.name}: no depth updates in it; this is not a Binance depth stream")


def _recording(paths: Sequence[Path]) -> l2.Recording:
    try:
        return l2.read(_lines(paths))
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(f"{_names(paths)}: {error}") from error


def _lines(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        try:
            with gzip.open(path, "rb") as file:
                yield from file
        except (gzip.BadGzipFile, EOFError) as error:
            raise ValueError(f"{path.name}: not a whole gzip file: {error}") from error


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)
