"""What differs from venue to venue, one row each: codes, windows, limits. What is in no row is not known.

An error is a refusal only if its code is in `refusals`; one in `idle` says that nothing happened and the call may be
made again; after any other, what was sent may have happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from trimtab.adapters.venues.exchange import answers


@dataclass(frozen=True)
class Row:
    """One venue. Codes are as `said` reads them from an answer's status and content; None where it is no error.

    `clock` asks for the venue's time and `told_ms` reads it, in milliseconds. `window_s` is the longest time that a
    signed request may wait at the venue, `accept_s` what it waits where it does not say (D25), `token_s` how long a
    token is good; `retention_s` is how long an ended order can be asked about. `weight` is the header that tells what
    was used of `budget` in `budget_s`, or what is left of it; with a `public_budget`, keys are counted apart from
    whoever asks without one. Where the wallet's calls (sapi) are counted apart, `wallet_weight` and `wallet_budget` are
    theirs. Where it is `rising`, a key's requests must arrive in the order in which they were signed.
    """

    id: str
    said: Callable[[int, Any], tuple[str, str] | None]
    clock: str
    told_ms: Callable[[Any], int]
    refusals: frozenset[str]
    idle: frozenset[str]
    unknown_order: frozenset[str]
    skewed: frozenset[str] = frozenset()
    duplicates: tuple[str, ...] = ()
    window_s: int = 60
    accept_s: int = 5
    token_s: int = 0
    retention_s: int = 7 * 86_400
    weight: str = ""
    weight_left: bool = False
    budget: int = 0
    public_budget: int = 0
    budget_s: int = 60
    wallet_weight: str = ""
    wallet_budget: int = 0
    rising: bool = False
    options: dict[str, object] = field(default_factory=dict)


def _binance(status: int, answer: Any) -> tuple[str, str] | None:
    """`{code, msg}`: codes of errors are below zero; some answers without an error have a code, too."""
    if not isinstance(answer, dict) or "code" not in answer:
        return None
    code = str(answer["code"])
    return (code, str(answer.get("msg", ""))) if status >= HTTPStatus.BAD_REQUEST or code.startswith("-") else None


def _coinbase(status: int, answer: Any) -> tuple[str, str] | None:
    """`{error, message}` of v3, `{errors: [{id, message}]}` of v2; a refused order is `{success: false}` with 200.

    A status that says it all is the code. A token that is not good is answered in plain text.
    """
    if status == HTTPStatus.UNAUTHORIZED and str(answer).strip() == "Unauthorized":
        return str(status), "Unauthorized"
    if not isinstance(answer, dict):
        return None
    if answer.get("success") is False and isinstance(answer.get("error_response"), dict):
        return _unplaced(answer["error_response"])
    old = answer.get("errors")
    first = old[0] if isinstance(old, list) and old and isinstance(old[0], dict) else {}
    word, message = str(answer.get("error") or first.get("id", "")), answer.get("message") or first.get("message", "")
    if status < HTTPStatus.BAD_REQUEST or not word:
        return None
    return (word if status == HTTPStatus.BAD_REQUEST or status >= 500 else str(status)), str(message)


def _unplaced(why: dict[str, Any]) -> tuple[str, str]:
    """The most telling of three words for why an order was not taken."""
    words = (why.get(name) for name in ("preview_failure_reason", "new_order_failure_reason", "error"))
    return next((str(word) for word in words if word), ""), str(why.get("message") or why.get("error_details") or "")


BINANCE: Final = Row(
    id="binance",
    said=_binance,
    clock="public_get_time",
    told_ms=lambda answer: answers.whole(answers.record(answer, "time"), "serverTime"),
    refusals=frozenset(
        """-1002 -1013 -1014 -1016 -1022 -1100 -1101 -1102 -1103 -1104 -1105 -1106 -1108 -1111 -1112 -1114 -1115
        -1116 -1117 -1118 -1119 -1120 -1121 -1122 -1128 -1130 -1131 -1134 -1135 -1145 -2008 -2010 -2011 -2013 -2014
        -2015 -2026 -3041 -4001 -4003 -4015 -4018 -4019 -4022 -4026 -4033 -4035""".split()
    ),
    idle=frozenset({"-1003", "-1015", "-1021"}),
    unknown_order=frozenset({"-2011", "-2013"}),
    skewed=frozenset({"-1021"}),
    duplicates=("Duplicate order sent.",),
    window_s=60,
    retention_s=90 * 86_400,
    weight="X-MBX-USED-WEIGHT-1M",
    budget=6000,
    wallet_weight="X-SAPI-USED-IP-WEIGHT-1M",
    wallet_budget=12000,
    options={"maxRetriesOnFailure": 0, "recvWindow": 5000, "adjustForTimeDifference": False},
)
"""-2010 is one code for many refusals; where its words say duplicate, an order with our id is there, and we ask."""

COINBASE: Final = Row(
    id="coinbase",
    said=_coinbase,
    clock="v3_public_get_brokerage_time",
    told_ms=lambda answer: answers.whole(answers.record(answer, "time"), "epochMillis"),
    refusals=frozenset(
        """401 403 404 INVALID_ARGUMENT validation_error invalid_request param_required
        INSUFFICIENT_FUND INVALID_LIMIT_PRICE INVALID_LIMIT_PRICE_POST_ONLY INVALID_NO_LIQUIDITY INVALID_PRODUCT_ID
        INVALID_SIDE INVALID_SIZE_PRECISION INVALID_PRICE_PRECISION UNSUPPORTED_ORDER_CONFIGURATION
        ORDER_ENTRY_DISABLED INELIGIBLE_PAIR COMMANDER_REJECTED_NEW_ORDER
        PREVIEW_INSUFFICIENT_FUND PREVIEW_INVALID_PRODUCT_ID PREVIEW_INVALID_SIDE PREVIEW_INVALID_ORDER_CONFIG
        PREVIEW_INVALID_LIMIT_PRICE PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY PREVIEW_INVALID_NO_LIQUIDITY
        PREVIEW_LIMIT_PRICE_TOO_FAR_FROM_MARKET PREVIEW_INVALID_PRICE_PRECISION PREVIEW_INVALID_SIZE_PRECISION
        PREVIEW_INVALID_BASE_SIZE_TOO_SMALL PREVIEW_INVALID_BASE_SIZE_TOO_LARGE
        PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE
        PREVIEW_INVALID_QUOTE_SIZE_PRECISION PREVIEW_INVALID_BASE_SIZE_PRECISION""".split()
    ),
    idle=frozenset({"429"}),
    unknown_order=frozenset({"404"}),
    skewed=frozenset({"401"}),
    accept_s=15,
    token_s=120,
    weight="x-ratelimit-remaining",
    weight_left=True,
    budget=30,
    public_budget=10,
    budget_s=1,
    options={"maxRetriesOnFailure": 0},
)
"""INVALID_REQUEST and words that say nothing are no refusals: a client id that was used has an order behind it."""

ROWS: Final = {row.id: row for row in (BINANCE, COINBASE)}
