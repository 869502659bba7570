"""What differs between the venues that are reached by ccxt's uniform methods alone: one row and one Manner each.

Written from the venues' documentation and ccxt's own tables; nothing here has been run against these venues or against
a simulated one. An answer is believed only inside the envelope in which the venue sends all of its answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from trimtab.adapters.venues.exchange import answers
from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.adapters.venues.exchange.table import Row
from trimtab.model.accounts import Access
from trimtab.model.assets import TakenFrom

STRANGE: Final = ""
"""The code of an answer that is not in the venue's envelope: a page, half an answer, something else."""


@dataclass(frozen=True)
class Manner:
    """How one venue is asked by uniform methods.

    `balances` finds the list or table of balances in a raw answer, so that none is told from no answer. `named` is the
    field of a raw order that holds our id, and `asked_by` the parameter that asks for it; `finds` are the methods that
    may know an order by it, in turn. `dated`: the parameter of the instant after which an order is taken no more.
    `access` is the raw method that tells what a key may do, and `reads` its answer. With a `phrase`, a secret has a
    second line: the pass phrase.
    """

    row: Row
    balances: Callable[[Any], Any]
    named: str
    asked_by: str
    finds: tuple[str, ...]
    taken_from: TakenFrom
    access: str
    reads: Callable[[str, Any], Access]
    order: Mapping[str, str] = field(default_factory=dict)
    dated: str = ""
    phrase: bool = False


def _kraken(status: int, answer: Any) -> tuple[str, str] | None:
    """`{error: [words], result}`; the words are the code, those that begin with W are only warnings."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), list):
        return STRANGE, _strange(status)
    wrong = [str(word) for word in answer["error"] if not str(word).startswith("W")]
    if wrong:
        return wrong[0], wrong[0]
    return None if "result" in answer and status < HTTPStatus.BAD_REQUEST else (STRANGE, _strange(status))


def _okx(status: int, answer: Any) -> tuple[str, str] | None:
    """`{code, msg, data: []}`; an order's own code is in its row."""
    if not isinstance(answer, dict) or "code" not in answer:
        return STRANGE, _strange(status)
    told = answer.get("data")
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    row = next((row for row in rows if str(row.get("sCode", "0")) != "0"), {})
    code, words = str(row.get("sCode", answer["code"])), str(row.get("sMsg") or answer.get("msg") or "")
    if code != "0":
        return code, words
    return None if isinstance(told, list) and status < HTTPStatus.BAD_REQUEST else (STRANGE, _strange(status))


def _bybit(status: int, answer: Any) -> tuple[str, str] | None:
    """`{retCode, retMsg, result: {}}`."""
    if not isinstance(answer, dict) or "retCode" not in answer:
        return STRANGE, _strange(status)
    if str(answer["retCode"]) != "0":
        return str(answer["retCode"]), str(answer.get("retMsg", ""))
    whole = isinstance(answer.get("result"), dict) and status < HTTPStatus.BAD_REQUEST
    return None if whole else (STRANGE, _strange(status))


def _strange(status: int) -> str:
    return f"an answer with status {status} that is none of the venue's"


def _first(answer: Any, *path: str) -> Mapping[str, Any]:
    """The first row of a list that lies at a path."""
    for name in path:
        answer = answers.within(answers.record(answer, name), name)
    rows = answers.rows(answer, path[-1])
    if not rows:
        raise Garbled(f"{path[-1]} is empty")
    return rows[0]


def _kraken_access(account: str, answer: Any) -> Access:
    told = answers.record(answers.within(answers.record(answer, "key"), "result"), "result")
    may = answers.within(told, "permissions")
    if not isinstance(may, list):
        raise Garbled("permissions is no list")
    return Access(
        account=account,
        trade="modify-trades" in may,
        withdraw="withdraw-funds" in may,
        listed=bool(told["ip_allowlist"]) if "ip_allowlist" in told else None,
    )


def _okx_access(account: str, answer: Any) -> Access:
    row = _first(answer, "data")
    may = answers.text(row, "perm").split(",")
    return Access(account=account, trade="trade" in may, withdraw="withdraw" in may, listed=bool(row.get("ip")))


def _bybit_access(account: str, answer: Any) -> Access:
    told = answers.record(answers.within(answers.record(answer, "key"), "result"), "result")
    may = answers.record(answers.within(told, "permissions"), "permissions")
    writes = answers.whole(told, "readOnly") == 0
    spot, wallet = may.get("Spot") or [], may.get("Wallet") or []
    ips = told.get("ips") or []
    return Access(
        account=account,
        trade=writes and "SpotTrade" in spot,
        transfer=writes and "AccountTransfer" in wallet,
        withdraw=writes and "Withdraw" in wallet,
        listed=bool(ips) and "*" not in ips,
    )


KRAKEN: Final = Manner(
    row=Row(
        id="kraken",
        said=_kraken,
        clock="public_get_time",
        told_ms=lambda a: 1000 * answers.whole(answers.record(answers.within(a, "result"), "result"), "unixtime") + 500,
        refusals=frozenset(
            (
                "EAPI:Invalid key",
                "EAPI:Invalid signature",
                "EGeneral:Permission denied",
                "EGeneral:Invalid arguments",
                "EGeneral:Invalid arguments:price",
                "EGeneral:Invalid arguments:volume",
                "EQuery:Unknown asset pair",
                "EOrder:Insufficient funds",
                "EOrder:Invalid price",
                "EOrder:Order minimum not met",
                "EOrder:Cost minimum not met",
                "EOrder:Tick size check failed",
                "EOrder:Unknown order",
                "EOrder:Orders limit exceeded",
                "EOrder:Post only order",
                "EOrder:Trading agreement required",
                "EService:Market in cancel_only mode",
                "EService:Market in post_only mode",
            )
        ),
        idle=frozenset(
            (
                "EAPI:Rate limit exceeded",
                "EAPI:Invalid nonce",
                "EOrder:Rate limit exceeded",
                "EGeneral:Too many requests",
                "EGeneral:Temporary lockout",
            )
        ),
        unknown_order=frozenset(("EOrder:Unknown order",)),
        accept_s=60,
        budget=15,
        public_budget=30,
        budget_s=30,
        rising=True,
        options={"maxRetriesOnFailure": 0},
    ),
    balances=lambda info: answers.record(answers.within(info, "result"), "result"),
    named="cl_ord_id",
    asked_by="clientOrderId",
    finds=("fetch_open_orders", "fetch_closed_orders"),
    taken_from=TakenFrom.QUOTE,
    access="private_post_getapikeyinfo",
    reads=_kraken_access,
    order={"oflags": "fciq"},
    dated="deadline",
)
"""Its nonces must rise, so that one call at a time is made with a key. `fciq` asks for fees in quote."""

OKX: Final = Manner(
    row=Row(
        id="okx",
        said=_okx,
        clock="public_get_public_time",
        told_ms=lambda a: answers.whole(_first(a, "data"), "ts"),
        refusals=frozenset(
            """50014 50027 50030 50100 50101 50103 50104 50105 50106 50107 50110 50111 50113 50114 50119 50120
            51000 51001 51002 51004 51005 51006 51008 51010 51015 51020 51021 51022 51024 51025 51027 51031 51100 51116
            51118 51119 51120 51121 51122 51127 51131 51136 51137 51138 51174 51185 51203 51204 51400 51401 51402 51410
            51603""".split()
        ),
        idle=frozenset({"50011", "50061", "50102", "50112"}),
        unknown_order=frozenset({"51400", "51401", "51402", "51410", "51603"}),
        skewed=frozenset({"50102", "50112"}),
        accept_s=30,
        retention_s=7200,
        budget=10,
        public_budget=20,
        budget_s=1,
        options={"maxRetriesOnFailure": 0, "brokerId": "", "fetchMarkets": {"types": ["spot"]}},
    ),
    balances=lambda info: answers.rows(answers.within(_first(info, "data"), "details"), "details"),
    named="clOrdId",
    asked_by="clientOrderId",
    finds=("fetch_order",),
    taken_from=TakenFrom.RECEIVED,
    access="private_get_account_config",
    reads=_okx_access,
    order={"tdMode": "cash"},
    phrase=True,
)
"""An order that ended without fills can be asked about for two hours. 51016, an id that repeats, is no refusal."""

BYBIT: Final = Manner(
    row=Row(
        id="bybit",
        said=_bybit,
        clock="public_get_v5_market_time",
        told_ms=lambda a: answers.whole(answers.record(a, "time"), "time"),
        refusals=frozenset(
            """10001 10003 10004 10005 10007 10008 10009 10010 10017 10024 10027 10029 170105 170115 170116 170117
            170121 170124 170130 170131 170132 170133 170134 170135 170136 170137 170139 170140 170142 170143 170151
            170157 170190 170193 170194 170201 170209 170213 170217 170218""".split()
        ),
        idle=frozenset({"10002", "10006", "10018", "170005", "170222"}),
        unknown_order=frozenset({"170139", "170142", "170143", "170190", "170213"}),
        skewed=frozenset({"10002"}),
        accept_s=6,
        retention_s=86_400,
        budget=10,
        public_budget=50,
        budget_s=1,
        options={
            "maxRetriesOnFailure": 0,
            "recvWindow": 5000,
            "fetchMarkets": {"types": ["spot"]},
            "enableUnifiedMargin": False,
            "enableUnifiedAccount": True,
            "unifiedMarginStatus": 6,
        },
    ),
    balances=lambda info: answers.rows(answers.within(_first(info, "result", "list"), "coin"), "coin"),
    named="orderLinkId",
    asked_by="orderLinkId",
    finds=("fetch_open_orders", "fetch_canceled_and_closed_orders"),
    taken_from=TakenFrom.RECEIVED,
    access="private_get_v5_user_query_api",
    reads=_bybit_access,
)
"""Unified trading accounts only. 170141, an id that repeats, is no refusal."""

MANNERS: Final = {manner.row.id: manner for manner in (BYBIT, KRAKEN, OKX)}
