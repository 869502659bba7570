"""One line to an exchange: a request goes out once, and how it ended is told truly."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.adapters.venues.exchange.scripted import KEYS, Script, said, scripted
from trimtab.adapters.venues.exchange import answers
from trimtab.adapters.venues.exchange.line import URGENT, Budget, Denied, Line, Target
from trimtab.adapters.venues.exchange.lines import Lines
from trimtab.adapters.venues.exchange.table import BINANCE
from trimtab.ports import EdgeError, Refused, Unavailable, Uncertain

T = TypeVar("T")
Asking = Callable[[Script, Line], Coroutine[Any, Any, T]]

ORDER = "/api/v3/order"
CALLS = {"GET": "private_get_order", "POST": "private_post_order", "DELETE": "private_delete_order"}


@asynccontextmanager
async def opened(folder: Path, **more: Any) -> AsyncIterator[tuple[Script, Line]]:
    async with scripted(folder) as script:
        line = Line(BINANCE, Budget(6000, 60), KEYS, script.target, **more)
        try:
            yield script, line
        finally:
            await line.close()


def play(folder: Path, asking: Asking[T], **more: Any) -> T:
    """What comes of asking a scripted server."""

    async def work() -> T:
        async with opened(folder, **more) as (script, line):
            return await asking(script, line)

    return asyncio.run(work())


def failure(folder: Path, *answers: bytes | None, act: str = "POST", **more: Any) -> EdgeError:
    """How an instruction ends at a server that says this."""

    async def asking(script: Script, line: Line) -> EdgeError:
        script.says(ORDER, *answers)
        with pytest.raises(EdgeError) as raised:
            await line.act(CALLS[act], {"symbol": "BTCUSDT"}, answers_of)
        assert len(script.heard(ORDER)) == 1
        return raised.value

    return play(folder, asking, **more)


def answers_of(answer: Any) -> str:
    return answers.text(answers.record(answer, "order"), "clientOrderId")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_request_whose_kept_connection_drops_is_never_sent_again(method: str, tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> list[str]:
        script.says(ORDER, said({}), None)
        await line.ask(CALLS[method], {"symbol": "BTCUSDT"}, lambda _: None)
        with pytest.raises(Uncertain):
            await line.act(CALLS[method], {"symbol": "BTCUSDT"}, lambda _: None)
        return [one.method for one in script.heard(ORDER)]

    assert play(tmp_path, asking) == [method, method]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("nothing", None),
        ("a page", said("<html>maintenance</html>")),
        ("a gateway's page", said("<html>bad gateway</html>", 502)),
        ("a page of a firewall", said("<html>denied</html>", 403)),
        ("half an answer", said({"clientOrderId": "x"}, length=4000)),
        ("an answer of another kind", said([])),
        ("an answer without what it must have", said({"orderId": 1})),
        ("a code that means it may have happened", said({"code": -1007, "msg": "Timeout"}, 504)),
        ("a code that nobody knows", said({"code": -9999, "msg": "New"}, 400)),
        ("a code without an error's status", said({"code": -1000, "msg": "Unknown"})),
        ("a duplicate", said({"code": -2010, "msg": "Duplicate order sent."}, 400)),
    ],
)
def test_what_is_no_known_refusal_is_in_doubt_for_an_instruction(
    name: str, answer: bytes | None, tmp_path: Path
) -> None:
    assert isinstance(failure(tmp_path, answer), Uncertain), name


def test_a_known_refusal_is_one_and_says_the_venues_words(tmp_path: Path) -> None:
    told = failure(tmp_path, said({"code": -2010, "msg": "Account has insufficient balance."}, 400))

    assert isinstance(told, Refused)
    assert "insufficient balance" in str(told)


def test_a_question_that_fails_has_changed_nothing(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> None:
        for answer in (None, said("<html></html>"), said({"code": -1007, "msg": "?"}, 504), said([])):
            script.says(ORDER, answer)
            with pytest.raises(Unavailable):
                await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, answers_of)

    play(tmp_path, asking)


def test_where_no_connection_is_made_nothing_was_sent(tmp_path: Path) -> None:
    async def work() -> None:
        async with scripted(tmp_path) as script:
            nobody = Target(1, script.target.ca)
            line = Line(BINANCE, Budget(6000, 60), KEYS, nobody)
            with pytest.raises(Unavailable):
                await line.act(CALLS["POST"], {"symbol": "BTCUSDT"}, lambda _: None)
            await line.close()

    asyncio.run(work())


def test_a_key_that_was_revoked_is_a_refusal_also_after_it_has_worked(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> None:
        script.says(ORDER, said({}), said({"code": -2015, "msg": "Invalid API-key, IP, or permissions"}, 401))
        await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: None)
        with pytest.raises(Denied) as raised:
            await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: None)
        assert raised.value.code == "-2015"

    play(tmp_path, asking)


def test_the_venues_count_of_the_rate_limit_is_believed_and_the_last_of_it_is_for_cancels(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> None:
        script.says(ORDER, said({}, X_MBX_USED_WEIGHT_1M="5800"))
        await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: None)
        with pytest.raises(Unavailable, match=r"the rate limit is used up for \d+ s"):
            await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: None)
        with pytest.raises(Unavailable):
            await line.act(CALLS["POST"], {"symbol": "BTCUSDT"}, lambda _: None)
        await line.act(CALLS["DELETE"], {"symbol": "BTCUSDT"}, lambda _: None, share=URGENT)
        assert [one.method for one in script.heard(ORDER)] == ["GET", "DELETE"]

    play(tmp_path, asking, longest_wait_s=-1)


@pytest.mark.parametrize("status", [418, 429])
def test_a_line_that_is_barred_is_silent_for_as_long_as_the_venue_says(status: int, tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> None:
        script.says(ORDER, said({"code": -1003, "msg": "Too many requests"}, status, Retry_After="60"))
        for _ in range(3):
            with pytest.raises(Unavailable):
                await line.act(CALLS["POST"], {"symbol": "BTCUSDT"}, lambda _: None)
        assert len(script.heard(ORDER)) == 1

    play(tmp_path, asking)


def test_calls_beyond_the_bound_do_not_wait(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> list[Any]:
        script.says(ORDER, said({}))
        asked = (line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: "told") for _ in range(5))
        return await asyncio.gather(*asked, return_exceptions=True)

    told = play(tmp_path, asking, most=3)

    assert told[:3] == ["told"] * 3
    assert all(isinstance(one, Unavailable) and "3 calls are waiting" in str(one) for one in told[3:])


def test_numbers_of_an_answer_keep_every_digit(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> Any:
        script.says(
            ORDER,
            said({}).replace(b"Content-Length: 2", b"Content-Length: 33")[:-2] + b'{"price":0.123456789012345678901}',
        )
        return await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda a: answers.number(a, "price"))

    assert str(play(tmp_path, asking)) == "0.123456789012345678901"


@pytest.mark.parametrize("answer", [None, said("<html>"), said({"code": -1022, "msg": "Signature"}, 400), said([])])
def test_no_failure_tells_a_key_a_secret_or_a_signature(answer: bytes | None, tmp_path: Path) -> None:
    told = failure(tmp_path, answer)
    chain = "".join(traceback.format_exception_only(told)) + repr(told) + repr(KEYS)

    assert KEYS.key not in chain
    assert KEYS.secret not in chain
    assert "signature=" not in chain


def test_a_clock_that_moved_is_measured_again_and_the_next_request_is_signed_by_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with scripted(tmp_path) as script:
            lines = Lines("here", BINANCE, {"main": KEYS}, script.target)
            line = (await lines.of("main")).acting
            script.ahead_s = 60
            script.says(ORDER, said({"code": -1021, "msg": "Timestamp"}, 400), said({}))
            with pytest.raises(Unavailable, match="measured anew"):
                await line.act(CALLS["POST"], {"symbol": "BTCUSDT"}, lambda _: None)
            await line.act(CALLS["POST"], {"symbol": "BTCUSDT"}, lambda _: None)
            first, second = (
                next(int(part[10:]) for part in one.body.split("&") if part.startswith("timestamp="))
                for one in script.heard(ORDER)
            )
            assert 55_000 < second - first < 65_000
            await lines.close()

    asyncio.run(work())


def test_closing_lets_go_of_every_connection(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> None:
        script.says(ORDER, said({}))
        await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: None)
        session = line._session
        await line.close()
        assert session is not None
        assert session.closed

    play(tmp_path, asking)


def test_the_wallets_calls_have_a_budget_of_their_own(tmp_path: Path) -> None:
    burn = "/sapi/v1/bnbBurn"

    async def asking(script: Script, line: Line) -> tuple[int, int]:
        script.says(ORDER, said({}, X_MBX_USED_WEIGHT_1M="700"))
        script.says(burn, said({}, X_SAPI_USED_IP_WEIGHT_1M="300"))
        await line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: None)
        await line.ask("sapi_get_bnbburn", {}, lambda _: None)
        assert line.wallet is not None
        return line.budget.used, line.wallet.used

    assert play(tmp_path, asking, wallet=Budget(12000, 60)) == (700, 300)


def test_a_clock_is_measured_once_however_many_accounts_wait_for_it(tmp_path: Path) -> None:
    async def work() -> int:
        async with scripted(tmp_path) as script:
            lines = Lines("here", BINANCE, {f"a{n}": KEYS for n in range(20)}, script.target)
            await asyncio.gather(*(lines.of(f"a{n}") for n in range(20)))
            await lines.close()
            return len(script.heard("/api/v3/time"))

    assert asyncio.run(work()) == 1


def test_no_more_questions_are_signed_than_may_be_under_way(tmp_path: Path) -> None:
    async def asking(script: Script, line: Line) -> None:
        script.says(ORDER, said({}))
        flight = line.flight
        assert flight is not None
        await flight.acquire()
        waiting = asyncio.ensure_future(line.ask(CALLS["GET"], {"symbol": "BTCUSDT"}, lambda _: "told"))
        await asyncio.sleep(0)
        assert line.budget.used == 0
        flight.release()
        assert await waiting == "told"
        assert line.budget.used == 1

    play(tmp_path, asking, flight=asyncio.Semaphore(1))
