"""One call to a venue's server and its reply, as bytes: what a protocol is given and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from trimtab.sim.faults import Planned


@dataclass(frozen=True)
class Call:
    """One request. `query` and `body` are as they came; `at` is the server's wall time, with any skew in it."""

    method: str
    host: str
    path: str
    query: bytes
    body: bytes
    headers: Mapping[str, str]
    peer: str
    at: datetime

    @property
    def name(self) -> str:
        """What faults and logs call it: `POST /api/v3/order`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


def told(content: Any, status: int = 200) -> Reply:
    """A reply in JSON."""
    return Reply(msgspec.json.encode(content), status)


class Lost(Exception):
    """It happened, or will, and nobody is to answer: the connection drops."""


class Speaker(Protocol):
    """A venue's protocol over one simulated venue."""

    @property
    def hosts(self) -> frozenset[str]:
        """The host names under which the real venue is reached."""

    def answer(self, call: Call, fault: Planned | None) -> Reply:
        """Do what is asked; the effect is committed before this returns. Raises Lost.

        `fault` is one that only the protocol can play; those of the connection and of garbled answers never come here.
        """
