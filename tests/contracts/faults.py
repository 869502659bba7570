"""What must come of each fault at each method of the ports: the table of docs/faults.md, and the calls behind it.

unavailable: nothing happened. refused: it will not. uncertain: it may have happened, ask. late: no answer in time,
which the shell takes as uncertain. right: the answer is what it should be. none: the venue does not know the order.
"""

from typing import Final

from trimtab.sim.faults import Fault

CALLS: Final = {
    "read": "GET /api/v3/account",
    "transfers": "GET /sapi/v1/capital/withdraw/history",
    "instruments": "GET /api/v3/exchangeInfo",
    "quotes": "GET /api/v3/depth",
    "ladders": "GET /api/v3/depth",
    "fees": "GET /sapi/v1/asset/tradeFee",
    "place": "POST /api/v3/order",
    "query": "GET /api/v3/order",
    "cancel": "DELETE /api/v3/order",
    "address": "GET /sapi/v1/capital/deposit/address",
    "withdraw": "POST /sapi/v1/capital/withdraw/apply",
}
"""The call behind each method that a fault strikes."""

ACTING: Final = ("place", "cancel", "withdraw")
PUBLIC: Final = ("instruments", "quotes", "ladders")

DOUBTFUL: Final = (
    Fault.RESET_BEFORE,
    Fault.RESET_AFTER,
    Fault.SHORT,
    Fault.HTML,
    Fault.TRUNCATED,
    Fault.WRONG,
    Fault.BROKEN,
    Fault.UNKNOWN,
    Fault.MAINTENANCE,
)
IDLE: Final = (Fault.REFUSED, Fault.LIMITED, Fault.BANNED)

ONLY: Final = {
    Fault.LATE: ("only an order can be accepted late", {"place": "uncertain"}),
    Fault.DUPLICATE: ("only an order has an id that repeats", {"place": "uncertain"}),
    Fault.PARTIAL: ("only an order meets a book", {"place": "right"}),
    Fault.UNLISTED: ("only orders are looked up", {"place": "right", "query": "none", "cancel": "none"}),
    Fault.STALE: ("only balances grow stale; what they hide is found when the cycle reconciles", {"read": "right"}),
    Fault.WILD: (
        "only books have prices; sources that disagree leave an asset unpriced",
        {"quotes": "right", "ladders": "right"},
    ),
    Fault.VANISHED: (
        "only listings vanish; the order that rests there has ended",
        {"instruments": "right", "quotes": "right", "ladders": "right", "place": "refused"},
    ),
}


def expected(method: str, fault: Fault) -> str:
    """What must come of a fault, or `n/a`."""
    if fault in ONLY:
        return ONLY[fault][1].get(method, "n/a")
    if fault in DOUBTFUL:
        return "uncertain" if method in ACTING else "unavailable"
    if fault in IDLE:
        return "unavailable"
    if fault is Fault.SLOW:
        return "late"
    if method in PUBLIC:
        return {Fault.REVOKED: "n/a", Fault.SKEWED: "right"}[fault]
    return {Fault.REVOKED: "refused", Fault.SKEWED: "unavailable"}[fault]


def page() -> str:
    """The table as docs/faults.md has it."""
    methods = list(CALLS)
    lines = ["| fault | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    lines += [f"| `{f}` | " + " | ".join(expected(m, f) for m in methods) + " |" for f in Fault]
    reasons = [f"- `{fault}`: {reason}." for fault, (reason, _) in ONLY.items()]
    reasons.append("- `revoked`: a public question has no key.")
    return "\n".join([*lines, "", "Where it says n/a:", "", *reasons, ""])
