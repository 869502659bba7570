"""Binance's error codes with their statuses and messages, and which of them stands for which refusal of the venue."""

from typing import Final

from trimtab.quant.filters import Rule
from trimtab.sim.refusals import Ground
from trimtab.sim.wire.calls import Reply, told

ERRORS: Final[dict[int, tuple[int, str]]] = {
    1: (503, "System is under maintenance."),
    -1000: (503, "An unknown error occurred while processing the request."),
    -1001: (500, "Internal error; unable to process your request. Please try again."),
    -1003: (429, "Too much request weight used; current limit is {0} request weight per {1} seconds."),
    -1006: (500, "An unexpected response was received from the message bus. Execution status unknown."),
    -1007: (504, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."),
    -1008: (503, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    -1015: (429, "Too many new orders; current limit is {0} orders per {1} seconds."),
    -1021: (400, "Timestamp for this request {0}"),
    -1022: (400, "Signature for this request is not valid."),
    -1100: (400, "Illegal characters found in parameter '{0}'; legal range is '{1}'."),
    -1101: (400, "Duplicate values for parameter '{0}' detected."),
    -1102: (400, "Mandatory parameter '{0}' was not sent, was empty/null, or malformed."),
    -1106: (400, "Parameter '{0}' sent when not required."),
    -1111: (400, "Parameter '{0}' has too much precision."),
    -1115: (400, "Invalid timeInForce."),
    -1116: (400, "Invalid orderType."),
    -1117: (400, "Invalid side."),
    -1121: (400, "Invalid symbol."),
    -1127: (400, "More than 24 hours between startTime and endTime."),
    -1128: (400, "Combination of optional parameters invalid."),
    -1130: (400, "Data sent for parameter '{0}' is not valid."),
    -1131: (400, "recvWindow must be less than 60000"),
    -1013: (400, "{0}"),
    -2008: (401, "Invalid Api-Key ID."),
    -2010: (400, "{0}"),
    -2011: (400, "Unknown order sent."),
    -2013: (400, "Order does not exist."),
    -2014: (401, "API-key format invalid."),
    -2015: (401, "Invalid API-key, IP, or permissions for action."),
    -4003: (400, "Your input email is invalid."),
    -4015: (400, "Withdraw is limited."),
    -4018: (400, "We don't have this asset."),
    -4019: (400, "Current asset is not open for withdrawal."),
    -4022: (400, "Not less than the minimum pick-up quantity {0}."),
    -4026: (400, "You have insufficient balance."),
    -4033: (400, "Illegal address."),
    -4047: (400, "Time interval must be within 0-90 days"),
}

ORDERS: Final[dict[Rule | Ground, tuple[int, str]]] = {
    Rule.PRICE: (-1013, "Filter failure: PRICE_FILTER"),
    Rule.LOT: (-1013, "Filter failure: LOT_SIZE"),
    Rule.MARKET_LOT: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    Rule.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    Rule.PERCENT: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Rule.ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Rule.POSITION: (-1013, "Filter failure: MAX_POSITION"),
    Ground.CLOSED: (-1013, "Market is closed."),
    Ground.LATE: (-1021, "is outside of the recvWindow."),
    Ground.REPEATED: (-2010, "Duplicate order sent."),
    Ground.CROSSES: (-2010, "Order would immediately match and take."),
    Ground.FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Ground.RIGHT: (-2010, "This action is disabled on this account."),
    Ground.LISTING: (-1121, ""),
}
"""What is said of an order that the venue refuses."""

MOVES: Final[dict[Rule | Ground, tuple[int, str]]] = {
    Ground.FUNDS: (-4026, ""),
    Ground.MINIMUM: (-4022, ""),
    Ground.NETWORK: (-4019, ""),
    Ground.ADDRESS: (-4033, ""),
    Ground.RIGHT: (-4015, ""),
    Ground.ACCOUNT: (-4003, ""),
}
"""What is said of a withdrawal or a transfer that the venue refuses."""


class Rejected(Exception):
    """The venue says no, by a code. `words` are the blanks of its message."""

    def __init__(self, code: int, *words: object) -> None:
        status, message = ERRORS[code]
        super().__init__(message.format(*words))
        self.code = code
        self.status = status

    def reply(self) -> Reply:
        """The answer that says so."""
        return told({"code": self.code, "msg": str(self)}, self.status)
