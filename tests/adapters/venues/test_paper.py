import multiprocessing
import sqlite3
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.adapters.venues.papers import BTC, NOON, WORLD, Opened, dump, order, run, sent, write
from trimtab.adapters.clock import SimulatedClock
from trimtab.adapters.venues import paper
from trimtab.model.assets import Listing
from trimtab.model.orders import Order, OrderStatus, Side, TimeInForce
from trimtab.ports import Refused, Unavailable, Uncertain
from trimtab.sim import files, world

D = Decimal


def test_an_account_opens_with_what_its_world_says(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        read = run(opened.north.read("main"))
        assert (read.as_of, [(b.asset, b.total, b.free) for b in read.balances]) == (
            NOON,
            [("BTC", D(2), D(2)), ("USDT", D(2_000_000), D(2_000_000))],
        )


def test_a_market_buy_pays_the_book_and_the_fee_from_what_it_received(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        state = run(opened.north.place(order(1, Side.BUY, "1", None)))
        assert [(f.amount, f.price, f.fee, f.fee_asset) for f in state.fills] == [
            (D(1), D(60006), D("0.001"), "BTC"),
        ]
        assert opened.total(opened.north, "main", "BTC") == D("2.999")


def test_what_was_placed_is_there_for_the_next_process(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Opened(path) as first:
        run(first.north.place(order(1, Side.BUY, "1", "50000")))
    with Opened(path) as second:
        state = run(second.north.query(order(1, Side.BUY, "1", "50000")))
        assert state is not None
        assert state.status is OrderStatus.OPEN


def test_an_order_that_nobody_sent_is_unknown(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        assert run(opened.north.query(order(9, Side.BUY, "1", "1"))) is None
        assert run(opened.north.cancel(order(9, Side.BUY, "1", "1"))) is None


def test_a_cancelled_order_gives_back_what_it_locked(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        resting = order(1, Side.BUY, "1", "50000")
        run(opened.north.place(resting))
        ended = run(opened.north.cancel(resting))
        assert ended is not None
        assert ended.status is OrderStatus.CANCELLED
        assert all(balance.free == balance.total for balance in run(opened.north.read("main")).balances)


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        (order(1, Side.SELL, "3", "60000"), "it needs 3 BTC and 2 are free"),
        (order(1, Side.BUY, "0.00001", "60000"), "below the smallest allowed, 5"),
        (order(1, Side.BUY, "1", "60000", account="nobody"), "no account nobody"),
        (order(1, Side.BUY, "1", "60000", instrument="north:DOGE/USDT"), "north:DOGE/USDT is not listed"),
        (order(1, Side.BUY, "1", "60000", valid_until=NOON - timedelta(seconds=1)), "was valid until"),
    ],
)  # fmt: skip
def test_a_refused_order_leaves_nothing_behind(tmp_path: Path, asked: Order, because: str) -> None:
    path = write(tmp_path)
    with Opened(path) as opened:
        before = dump(path)
        with pytest.raises(Refused, match=because):
            run(opened.north.place(asked))
        assert dump(path) == before
        assert opened.north.log() == ()


def test_depth_that_was_taken_comes_back_by_its_half_life(tmp_path: Path) -> None:
    path = write(tmp_path, calm="volatility = 0.6 => volatility = 0")
    with Opened(path) as opened:
        whole = run(opened.north.ladders([BTC], 50))[0].asks[0]
        run(opened.north.place(order(1, Side.BUY, str(whole.amount), str(whole.price), time_in_force=TimeInForce.IOC)))
        best = [run(opened.north.ladders([BTC], 1))[0].asks[0]]
        for minutes in (1, 2, 100):
            opened.after(60 * minutes)
            best.append(run(opened.north.ladders([BTC], 1))[0].asks[0])
        assert best[0].price > whole.price
        assert [level.price for level in best[1:]] == [whole.price] * 3
        assert [float(level.amount / whole.amount) for level in best[1:]] == pytest.approx([0.5, 0.75, 1], abs=1e-4)


def test_the_two_accounts_of_a_venue_share_one_book(tmp_path: Path) -> None:
    path = write(tmp_path, calm="volatility = 0.6 => volatility = 0", rich="USDT = 500 => USDT = 500000")
    with Opened(path) as opened:
        first = run(opened.north.place(order(1, Side.BUY, "2", None)))
        second = run(opened.north.place(order(2, Side.BUY, "2", None, account="sub")))
        assert second.fills[-1].price > first.fills[-1].price


def test_each_venue_has_its_own_book(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        before = run(opened.south.ladders(["south:BTC/USDT"], 50))[0].asks
        run(opened.north.place(order(1, Side.BUY, "2", None)))
        assert run(opened.south.ladders(["south:BTC/USDT"], 50))[0].asks == before


def test_looking_changes_no_row_whatever_has_come_due(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Opened(path) as opened:
        near = f"{(run(opened.north.quotes([BTC]))[0].ask or D(0)):f}"
        resting = order(1, Side.SELL, "1", near)
        run(opened.north.place(resting))
        run(opened.north.place(order(2, Side.BUY, "1", "100", expires_at=NOON + timedelta(seconds=30))))
        target = run(opened.south.address("other", "USDT", "chain"))
        run(sent(opened.north, "main", D(1000), target))
        opened.after(3600)
        before = dump(path)
        looked = [
            run(opened.north.read("main")),
            run(opened.south.read("other")),
            run(opened.north.transfers("main", NOON)),
            run(opened.north.query(resting)),
            run(opened.north.query(order(2, Side.BUY, "1", "100"))),
            run(opened.north.ladders([BTC], 50)),
            run(opened.north.instruments()),
            run(opened.north.fees("main")),
            opened.north.log(),
        ]
        assert dump(path) == before
        assert [placed.status for placed in opened.north.log()] == [OrderStatus.FILLED, OrderStatus.EXPIRED]
        assert len(looked) == 9


def test_what_one_has_seen_is_what_the_next_writer_keeps(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        near = f"{(run(opened.north.quotes([BTC]))[0].ask or D(0)):f}"
        resting = order(1, Side.SELL, "1", near)
        run(opened.north.place(resting))
        opened.after(3600)
        seen = run(opened.north.query(resting))
        opened.after(7200)
        run(opened.north.place(order(2, Side.BUY, "1", "100")))
        kept = run(opened.north.query(resting))
        assert seen is not None
        assert kept is not None
        assert seen.status is OrderStatus.FILLED
        assert kept.fills == seen.fills


def test_looking_again_and_again_sees_what_looking_once_sees(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as often, Opened(often.path) as once:
        near = f"{(run(often.north.quotes([BTC]))[0].ask or D(0)):f}"
        run(often.north.place(order(1, Side.SELL, "1.9", near)))
        run(often.north.place(order(2, Side.SELL, "0.1", "90000", expires_at=NOON + timedelta(seconds=77))))
        for seconds in range(0, 900, 7):
            often.after(seconds)
            run(often.north.read("main"))
        assert run(often.north.read("main")) == run(once.north.read("main"))
        assert often.north.log() == once.north.log()
        assert often.north.log()[0].filled > 0


def test_an_ended_order_in_the_log_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Opened(path) as opened:
        run(opened.north.place(order(1, Side.BUY, "1", None)))
    connection = sqlite3.connect(path.with_suffix(files.SUFFIX))
    with pytest.raises(sqlite3.IntegrityError, match="the order log is kept"):
        connection.execute("DELETE FROM placed")
    with pytest.raises(sqlite3.IntegrityError, match="does not change"):
        connection.execute("UPDATE placed SET live = 1")
    connection.close()


def test_a_lost_reply_is_uncertain_and_the_order_is_there(tmp_path: Path) -> None:
    path = write(tmp_path, fault="accept_window_s = 5 => faults = { lose_reply_every = 2 }")
    with Opened(path) as opened:
        run(opened.north.place(order(1, Side.BUY, "1", "50000")))
        with pytest.raises(Uncertain, match="no answer"):
            run(opened.north.place(order(2, Side.BUY, "1", "50000")))
        run(opened.north.place(order(3, Side.BUY, "1", "50000")))
        found = run(opened.north.query(order(2, Side.BUY, "1", "50000")))
        assert found is not None
        assert found.status is OrderStatus.OPEN
        assert len(opened.north.log()) == 3


DELAYED = {"fault": "accept_window_s = 5 => accept_window_s = 5\nfaults = { delay_every = 1, delay_s = 4.2 }"}


def test_a_late_order_is_unknown_until_it_is_accepted_and_then_has_one_fill(tmp_path: Path) -> None:
    """T4: sent at 0, accepted at 4.2 s; asked at 3 s it is unknown, asked past its window there is one fill."""
    with Opened(write(tmp_path, **DELAYED)) as opened:
        sent = order(1, Side.BUY, "1", None, valid_until=NOON + timedelta(seconds=5))
        with pytest.raises(Uncertain):
            run(opened.north.place(sent))
        opened.after(3)
        assert run(opened.north.query(sent)) is None
        opened.after(6)
        found = run(opened.north.query(sent))
        assert found is not None
        assert (found.status, found.filled) == (OrderStatus.FILLED, D(1))
        assert found.fills[0].at == NOON + timedelta(seconds=4.2)
        assert [placed.order.id for placed in opened.north.log()] == [sent.id]


def test_whoever_sends_again_too_early_buys_twice(tmp_path: Path) -> None:
    """T4, the mistake itself: the simulator does not protect anyone from it."""
    with Opened(write(tmp_path, **DELAYED)) as opened:
        for number, second in ((1, 0), (2, 3)):
            opened.after(second)
            with pytest.raises(Uncertain):
                run(opened.north.place(order(number, Side.BUY, "1", None)))
        opened.after(10)
        assert opened.total(opened.north, "main", "BTC") == D("3.998")


def test_a_late_order_that_comes_after_its_window_never_exists(tmp_path: Path) -> None:
    with Opened(write(tmp_path, **DELAYED)) as opened:
        sent = order(1, Side.BUY, "1", None, valid_until=NOON + timedelta(seconds=4))
        with pytest.raises(Uncertain):
            run(opened.north.place(sent))
        opened.after(60)
        found = run(opened.north.query(sent))
        assert found is None or found.status is OrderStatus.REJECTED
        assert opened.total(opened.north, "main", "BTC") == 2


def test_money_on_its_way_is_counted_once_at_every_instant(tmp_path: Path) -> None:
    """T5: debited 12:00, on chain 12:04, tradable 12:10, withdrawable 12:30; one USDT is gone at every instant."""
    with Opened(write(tmp_path)) as opened:
        target = run(opened.south.address("other", "USDT", "chain"))
        run(sent(opened.north, "main", D(1_000_000), target))
        told = []
        for minute in (0, 4, 10, 30):
            at = opened.after(60 * minute)
            there = next(iter(run(opened.south.read("other")).balances), None)
            stages = [t.stage.value for t in run(opened.south.transfers("other", at))]
            gone = [t.stage.value for t in run(opened.north.transfers("main", at))]
            told.append(
                (
                    opened.total(opened.north, "main"),
                    there and (there.total, there.free, there.withdrawable),
                    gone,
                    stages,
                )
            )
        assert told == [
            (D(1_000_000), None, ["requested"], []),
            (D(1_000_000), None, ["sent"], ["seen"]),
            (D(1_000_000), (D(999_999), D(999_999), D(0)), [], ["tradable"]),
            (D(1_000_000), (D(999_999), D(999_999), D(999_999)), [], ["withdrawable"]),
        ]


def test_what_has_not_matured_cannot_go_on(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        run(sent(opened.north, "main", D(1000), run(opened.south.address("other", "USDT", "chain"))))
        back = run(opened.north.address("main", "USDT", "chain"))
        opened.after(1799)
        with pytest.raises(Refused, match="USDT"):
            run(sent(opened.south, "other", D(100), back))
        opened.after(1800)
        assert run(sent(opened.south, "other", D(100), back)).amount == 100


def test_a_sub_account_without_the_right_can_neither_withdraw_nor_move(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        target = run(opened.south.address("other", "USDT", "chain"))
        with pytest.raises(Refused, match="sub may not withdraw"):
            run(sent(opened.north, "sub", D(100), target))
        with pytest.raises(Refused, match="may not move money"):
            run(opened.north.transfer("sub", "sub", "main", "USDT", D(100)))
        run(opened.north.transfer("main", "sub", "main", "USDT", D(100)))
        assert opened.total(opened.north, "sub") == 400


def test_an_address_of_nobody_is_refused(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened, pytest.raises(Refused, match="no address"):
        run(sent(opened.north, "main", D(100), run(opened.south.address("other", "BTC", "chain"))))


def test_a_listing_that_vanished_is_neither_quoted_nor_traded(tmp_path: Path) -> None:
    path = write(tmp_path, gone="min_notional = 5 } => min_notional = 5 }\nvanishes_at = 2026-01-01T12:01:00Z")
    with Opened(path) as opened:
        opened.after(59)
        assert len(run(opened.north.quotes([BTC]))) == 1
        opened.after(60)
        assert run(opened.north.instruments()) == ()
        assert run(opened.north.quotes([BTC])) == ()
        with pytest.raises(Refused, match="not listed"):
            run(opened.north.place(order(1, Side.BUY, "1", None)))


def test_a_halted_listing_says_so_and_takes_no_order(tmp_path: Path) -> None:
    path = write(tmp_path, halt="min_notional = 5 } => min_notional = 5 }\nhalted_from = 2026-01-01T12:01:00Z")
    with Opened(path) as opened:
        opened.after(60)
        assert [i.listing for i in run(opened.north.instruments())] == [Listing.HALTED]
        with pytest.raises(Refused, match="halted"):
            run(opened.north.place(order(1, Side.BUY, "1", None)))


def test_at_the_end_of_the_tape_the_market_is_closed_and_says_since_when(tmp_path: Path) -> None:
    with Opened(write(tmp_path, short='seed = "7" => seed = "7"\ndays = 1')) as opened:
        resting = order(1, Side.BUY, "1", "100")
        run(opened.north.place(resting))
        opened.after(86_400)
        assert run(opened.north.quotes([BTC])) == ()
        assert run(opened.north.ladders([BTC], 5)) == ()
        assert [i.listing for i in run(opened.north.instruments())] == [Listing.HALTED]
        with pytest.raises(Refused, match=r"its tape has ended at 2026-01-02T12:00:00Z; it runs from .* until"):
            run(opened.north.place(order(2, Side.BUY, "1", None)))
        assert run(opened.north.cancel(resting)) is not None
        assert [line[:39] for line in opened.north.closed()] == ["the market of BTC/USDT is closed: its t"]


def test_an_account_that_cannot_be_read_is_unavailable_for_its_time(tmp_path: Path) -> None:
    dark = "unreadable_from = 2026-01-01T12:01:00Z\nunreadable_until = 2026-01-01T12:02:00Z"
    with Opened(write(tmp_path, dark=f"BTC = 2, USDT = 2000000 }} => BTC = 2, USDT = 2000000 }}\n{dark}")) as opened:
        opened.after(60)
        with pytest.raises(Unavailable, match="main cannot be read"):
            run(opened.north.read("main"))
        assert run(opened.north.read("sub")).account == "sub"
        opened.after(120)
        assert run(opened.north.read("main")).account == "main"


SECRET = "planted-4f1c"


def locked(folder: Path) -> Path:
    return write(
        folder,
        lock=f'main]\nbalances => main]\nkey_hash = "{world.hash_key(SECRET, "salt")}"\nbalances',
    )


def test_an_account_with_a_key_answers_only_to_it_and_never_repeats_it(tmp_path: Path) -> None:
    path = locked(tmp_path)
    with Opened(path) as opened, pytest.raises(Refused, match="asks for a key"):
        run(opened.north.read("main"))
    with Opened(path, main="wrong-77aa") as opened, pytest.raises(Refused, match="is wrong") as caught:
        run(opened.north.place(order(1, Side.BUY, "1", None)))
    assert "wrong-77aa" not in str(caught.value)
    with Opened(path, main=SECRET) as opened:
        assert run(opened.north.read("main")).account == "main"
        run(opened.north.place(order(1, Side.BUY, "1", None)))
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert SECRET.encode() not in written


def test_a_world_that_changed_under_its_state_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with Opened(write(tmp_path)):
        pass
    write(tmp_path, more="BTC = 2 => BTC = 20")
    with pytest.raises(ValueError, match=r"was made from another world.*move paper.sqlite away"):
        paper.connect(tmp_path / "paper.toml", "north")


def test_a_file_that_is_no_world_is_bad_input_and_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.with_suffix(files.SUFFIX).write_bytes(b"somebody's notes " * 99)
    with pytest.raises(ValueError, match="is not the state of a paper world"):
        paper.connect(path, "north")
    assert path.with_suffix(files.SUFFIX).read_bytes().startswith(b"somebody's notes")


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.with_suffix(files.SUFFIX).symlink_to(tmp_path / "no" / "such" / "folder")
    with pytest.raises(Unavailable, match=r"paper\.sqlite"):
        paper.connect(path, "north")


def test_a_comment_in_the_worlds_file_is_no_change(tmp_path: Path) -> None:
    with Opened(write(tmp_path)):
        pass
    with Opened(write(tmp_path, WORLD + "\n# the same\n")):
        pass


def test_a_venue_that_the_world_does_not_have_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"venues.east: the world has no such venue; it has north, south"):
        paper.connect(write(tmp_path), "east")


def test_a_missing_world_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        paper.connect(tmp_path / "paper.toml", "north")


def test_a_file_that_cannot_be_written_is_unavailable_and_nothing_happened(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Opened(path) as opened:
        with sqlite3.connect(path.with_suffix(files.SUFFIX)) as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON placed BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        connection.close()
        before = dump(path)
        with pytest.raises(Unavailable, match="disk full"):
            run(opened.north.place(order(1, Side.BUY, "1", None)))
        assert dump(path) == before
        assert opened.total(opened.north, "main", "BTC") == 2


def test_a_stepped_clock_moves_every_process_and_never_back(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Opened(path) as one, Opened(path) as two:
        run(SimulatedClock(one.clock).sleep_until(NOON + timedelta(seconds=90)))
        assert two.clock.now() == NOON + timedelta(seconds=90)
        run(SimulatedClock(two.clock).sleep_until(NOON + timedelta(seconds=10)))
        assert run(one.north.read("main")).as_of == NOON + timedelta(seconds=90)


def test_a_running_clock_cannot_be_stepped(tmp_path: Path) -> None:
    with Opened(write(tmp_path, fast="speed = 0 => speed = 100000")) as opened:
        with pytest.raises(ValueError, match="speed is 100000"):
            opened.after(5)
        run(SimulatedClock(opened.clock).sleep_until(NOON + timedelta(seconds=60)))
        assert opened.clock.now() >= NOON + timedelta(seconds=60)


def buy(path: str, first: int, count: int) -> None:
    """In a process of its own: buy a little, again and again."""
    venue = paper.connect(Path(path), "north")
    for number in range(first, first + count):
        run(venue.place(order(number, Side.BUY, "0.001", None)))
    venue.close()


def test_two_processes_that_trade_at_once_lose_nothing(tmp_path: Path) -> None:
    path = write(tmp_path)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=buy, args=(str(path), 1 + 100 * n, 20)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with Opened(path) as opened:
        log = opened.north.log()
        fills = [fill for placed in log for fill in placed.fills]
        assert [placed.seq for placed in log] == list(range(1, 41))
        assert len({fill.id for fill in fills}) == len(fills)
        assert opened.total(opened.north, "main", "BTC") == 2 + sum((f.amount - f.fee for f in fills), D(0))
        paid = sum((f.amount * f.price for f in fills), D(0))
        assert opened.total(opened.north, "main", "USDT") == 2_000_000 - paid


def test_the_log_tells_every_order_with_its_client_id_and_fills(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        run(opened.north.place(order(1, Side.BUY, "1", None)))
        run(opened.north.place(order(2, Side.BUY, "1", "100")))
        told = [(placed.order.id, placed.status, len(placed.fills)) for placed in opened.north.log()]
        assert told == [(f"{1:032x}", OrderStatus.FILLED, 1), (f"{2:032x}", OrderStatus.OPEN, 0)]


def test_fees_are_those_of_the_account(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        assert [(t.account, t.taker_bps) for t in run(opened.north.fees("sub"))] == [("sub", D(10))]


def test_the_terms_are_what_the_world_promises(tmp_path: Path) -> None:
    with Opened(write(tmp_path)) as opened:
        assert (opened.north.terms.accept_window_s, opened.north.terms.retention_s) == (5, 86_400)
