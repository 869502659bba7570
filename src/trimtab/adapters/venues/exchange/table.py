"""What differs from venue to venue, one row each: codes, windows, limits. What is in no row is not known.

An error is a refusal only if its code is in `refusals`; one in `idle` says that nothing happened and the call may be
made again; after any other, what was sent may have happened.
"""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Row:
    """One venue. Codes are as the venue writes them, as text.

    `window_s` is the longest time that a signed request may wait at the venue, `accept_s` what it waits where it does
    not say (D25); `retention_s` is how long an ended order can be asked about. `weight` is the header that tells what
    was used of `budget` in `budget_s`.
    """

    id: str
    code: str
    words: str
    refusals: frozenset[str]
    idle: frozenset[str]
    unknown_order: frozenset[str]
    skewed: frozenset[str] = frozenset()
    duplicates: tuple[str, ...] = ()
    window_s: int = 60
    accept_s: int = 5
    retention_s: int = 7 * 86_400
    weight: str = ""
    budget: int = 0
    budget_s: int = 60
    options: dict[str, object] = field(default_factory=dict)


BINANCE: Final = Row(
    id="binance",
    code="code",
    words="msg",
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
    options={"maxRetriesOnFailure": 0, "recvWindow": 5000, "adjustForTimeDifference": False},
)
"""-2010 is one code for many refusals; where its words say duplicate, an order with our id is there, and we ask."""

ROWS: Final = {row.id: row for row in (BINANCE,)}
