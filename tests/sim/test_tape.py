from decimal import Decimal

import pytest

from trimtab.sim import l2, tape
from trimtab.sim.candles import Candles, Series
from trimtab.sim.depth import Shape
from trimtab.sim.generator import Generator, Motion
from trimtab.sim.tape import Recordings

D = Decimal
T = 1_704_067_200
SHAPE = Shape(D("0.01"), D("0.001"), D(1), D(1))


def flat(price: float, start: int = T, count: int = 2) -> Series:
    return Series([start + 300 * n for n in range(count)], *([price] * count for _ in range(4)))


CANDLES = Candles(unit="USDT", length_s=300, series={"BTC": flat(60000.0), "ETH": flat(3000.0, T + 300)})
GENERATOR = Generator(
    seed="1",
    start=T,
    end=T + 600,
    motions={"BTC": Motion(D(60000), D(0)), "ETH": Motion(D(3000), D(0)), "USDT": Motion(D(1), D(0))},
)


def recorded() -> Recordings:
    lines = [
        f"{T}000000000 ".encode() + b'{"lastUpdateId":1,"bids":[["99","1"]],"asks":[["101","2"]]}',
        f"{T + 5}000000000 ".encode() + b'{"data":{"e":"depthUpdate","U":2,"u":2,"b":[],"a":[["100","1"]]}}',
    ]
    return Recordings(unit="USDT", reels={"BTC/USDT": l2.Reel(l2.read(lines))})


@pytest.mark.parametrize("of", [CANDLES, GENERATOR])
def test_a_pair_of_two_assets_is_priced_through_the_unit(of: tape.Tape) -> None:
    assert tape.mid(of, "ETH", "BTC", T + 300) == 0.05


@pytest.mark.parametrize("of", [CANDLES, GENERATOR])
def test_a_modelled_book_stands_around_the_middle(of: tape.Tape) -> None:
    book = tape.rungs(of, ("BTC", "USDT"), SHAPE, T)
    assert book is not None
    assert (book.bids[0].price, book.asks[0].price) == (D(59994), D(60006))


def test_a_recorded_book_is_the_recording() -> None:
    book = tape.rungs(recorded(), ("BTC", "USDT"), SHAPE, T + 1)
    assert book is not None
    assert [(rung.price, rung.amount) for rung in (*book.bids, *book.asks)] == [(D(99), D(1)), (D(101), D(2))]
    assert tape.price(recorded(), "BTC", T + 1) == 100.0


def test_a_pair_lives_while_both_of_its_assets_have_candles() -> None:
    assert tape.span(CANDLES, "ETH", "BTC") == (T + 300, T + 600)
    assert tape.mid(CANDLES, "ETH", "BTC", T + 299) is None


@pytest.mark.parametrize(
    ("of", "second", "told"),
    [
        (GENERATOR, T + 600, "has ended at 2024-01-01T00:10:00Z; it runs from 2024-01-01T00:00:00Z until"),
        (GENERATOR, T - 1, "its tape has not begun at 2023-12-31T23:59:59Z"),
        (CANDLES, T + 600, "until 2024-01-01T00:10:00Z"),
        (recorded(), T + 6, "until 2024-01-01T00:00:06Z"),
    ],
)  # fmt: skip
def test_a_closed_market_says_from_when_to_when_its_tape_runs(of: tape.Tape, second: int, told: str) -> None:
    assert tape.rungs(of, ("BTC", "USDT"), SHAPE, second) is None
    assert told in tape.closed(of, "BTC", "USDT", second)


def test_a_pair_that_the_tape_does_not_have_is_closed() -> None:
    assert tape.rungs(recorded(), ("ETH", "USDT"), SHAPE, T + 1) is None
    assert "does not have it" in tape.closed(recorded(), "ETH", "USDT", T + 1)
