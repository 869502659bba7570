"""Errors in Coinbase's two shapes: `{error, error_details, message}` of v3 and `{errors: [{id, message}]}` of v2."""

from collections.abc import Mapping
from typing import Final

from trimtab.sim.wire.calls import Reply, told

OLD: Final = "/v2/"
NEW: Final = "/api/v3/brokerage/"

ERRORS: Final[dict[str, tuple[int, str]]] = {
    "unauthorized": (401, "authentication_error"),
    "PERMISSION_DENIED": (403, "invalid_scope"),
    "INVALID_ARGUMENT": (400, "validation_error"),
    "NOT_FOUND": (404, "not_found"),
    "unknown": (404, "not_found"),
    "rate_limit_exceeded": (429, "rate_limit_exceeded"),
    "INTERNAL": (500, "internal_server_error"),
    "UNAVAILABLE": (503, "internal_server_error"),
    "DEADLINE_EXCEEDED": (504, "internal_server_error"),
}
"""What v3 calls an error, with its status and what v2 calls it."""


class Failure(Exception):
    """A request that is answered with an error. `error` is a key of ERRORS; `headers` go with the reply."""

    def __init__(self, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.headers = headers or {}

    def reply(self, path: str) -> Reply:
        """The error in the shape of the interface that was asked.

        A token that is not good gets plain text from v3, and no reason from either.
        """
        status, old = ERRORS[self.error]
        if path.startswith(OLD):
            message = "invalid token" if status == 401 else self.message
            return told({"errors": [{"id": old, "message": message}]}, status)
        if status == 401:
            return Reply(b"Unauthorized\n", status, content_type="text/plain")
        return told({"error": self.error, "error_details": self.message, "message": self.message}, status)


def wrong(message: str) -> Failure:
    """The caller's mistake."""
    return Failure("INVALID_ARGUMENT", message)
