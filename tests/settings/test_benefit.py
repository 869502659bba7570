"""What being nearer to the target is worth, as the file says it."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.fundfile import GOOD, load, mistakes
from trimtab.model.policy import BenefitPolicy, Volatility

BENEFIT = """
[costs.benefit]
risk_aversion = 5
horizon_days = 30
correlation = 0.5

[costs.benefit.volatility]
BTC = "0.60"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fund's folder with a world in it."""
    (tmp_path / "paper.toml").write_text("")
    return tmp_path


def test_a_fund_that_says_nothing_weighs_no_benefit(folder: Path) -> None:
    assert load(folder, GOOD).policy.costs.benefit is None


def test_the_base_currency_needs_no_volatility(folder: Path) -> None:
    assert load(folder, GOOD + BENEFIT).policy.costs.benefit == BenefitPolicy(
        risk_aversion=Decimal(5),
        horizon_days=Decimal(30),
        correlation=Decimal("0.5"),
        volatility=(Volatility(asset="BTC", yearly=Decimal("0.6")),),
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('BTC = "0.60"', "USDT = 0", "costs.benefit.volatility.BTC: missing; BTC is a target"),
        ('BTC = "0.60"', 'BTC = "0.6"\nBTX = "0.6"', 'costs.benefit.volatility.BTX: unknown asset "BTX"; did you mean'),
        ("correlation = 0.5", "correlation = 1.5", "costs.benefit.correlation: must be at most 1, got 1.5"),
        ("horizon_days = 30", "horizon_days = 0", "costs.benefit.horizon_days: must be above 0, got 0"),
        ("risk_aversion = 5", "", "costs.benefit.risk_aversion: missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(old: str, new: str, said: str, folder: Path) -> None:
    assert old in BENEFIT

    told = mistakes(folder, GOOD + BENEFIT.replace(old, new))
    assert any(one.startswith(said) for one in told), told
