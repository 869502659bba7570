"""A fund's law as tests need it: whatever a test says nothing about is usual."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trimtab.model.mandate import Mandate
from trimtab.model.policy import CostPolicy, ExecutionPolicy, LimitPolicy, Policy, PricePolicy, Schedule, Target

D = Decimal

PRICES = PricePolicy(
    sources=("north", "south"),
    max_age_s=60,
    max_spread_bps=D(100),
    max_disagreement_bps=D(100),
    max_unpriced_weight=D(0),
)
"""A touch may be a minute old, a percent wide and a percent apart."""

EXECUTION = ExecutionPolicy(
    schedule=Schedule.IMMEDIATE,
    order_kind="limit",
    duration_s=0,
    slices=1,
    price_tolerance_bps=D(100),
    slice_rest_s=30,
    deadline_s=60,
    max_attempts=3,
    valid_s=5,
    ask_every_s=2,
    cooldown_s=0,
)
"""At once, by limit orders a percent from the mark."""

LIMITS = LimitPolicy(
    max_balance_age_s=60,
    max_read_rounds=3,
    lease_wait_s=1,
    lease_ttl_s=30,
    plan_max_age_s=600,
    read_timeout_s=5,
)


def policy(**more: Any) -> Policy:
    """A law with nothing in it but what is usual."""
    usual = Policy(
        fund="small",
        base="USDT",
        assets=(),
        accounts=(),
        prices=PRICES,
        target=Target(weights=()),
        triggers=(),
        costs=CostPolicy(max_cost_bps=D(50)),
        mandate=Mandate(),
        execution=EXECUTION,
        limits=LIMITS,
    )
    return replace(usual, **more)
