"""Books and touches as the wire tells them, against the venue's own."""

from decimal import Decimal

from tests.sim.wire.wired import Wired


def test_the_book_is_as_deep_as_asked_for_and_touches_are_its_best(site: Wired) -> None:
    truth = site.here.sim.ladder("here:BTC/USDT")
    assert truth is not None
    book = site.ask("GET /api/v3/depth", symbol="BTCUSDT", limit=3).json
    touch = site.ask("GET /api/v3/ticker/bookTicker", symbol="BTCUSDT").json
    several = site.ask("GET /api/v3/ticker/bookTicker", symbols='["ETHUSDT","BTCUSDT"]').json

    assert [[Decimal(n) for n in row] for row in book["bids"]] == [[x.price, x.amount] for x in truth.bids[:3]]
    assert (Decimal(touch["bidPrice"]), Decimal(touch["askPrice"])) == (truth.bids[0].price, truth.asks[0].price)
    assert [one["symbol"] for one in several] == ["ETHUSDT", "BTCUSDT"]
    assert len(site.ask("GET /api/v3/ticker/bookTicker").json) == 2
    assert site.ask("GET /api/v3/ticker/bookTicker", symbols='["XRPUSDT"]').code == -1121
    assert site.ask("GET /api/v3/ticker/bookTicker", symbols="{").code == -1130
    assert touch["bidPrice"] < site.ask("GET /api/v3/avgPrice", symbol="BTCUSDT").json["price"] < touch["askPrice"]
