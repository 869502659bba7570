"""Drift and bands, at the edge and just past it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.small import D, target, valuation
from trimtab import units
from trimtab.decide.drift import drifts, outside
from trimtab.model.decision import Drift
from trimtab.model.policy import Target, TargetWeight


def banded(weight: str, **bands: str) -> Target:
    widths = {name: D(width) for name, width in bands.items()}
    return Target(weights=(replace(TargetWeight(asset="BTC", weight=D(weight)), **widths),))


def only(found: tuple[Drift, ...]) -> Drift:
    (drift,) = found
    return drift


def test_drifts_are_sorted_widest_first_then_by_id() -> None:
    found = drifts(valuation(BTC="0.57", ETH="0.43"), target(BTC="0.6", ETH="0.35", SOL="0.03", ADA="0.02"))
    assert [(d.asset, str(d.drift)) for d in found] == [
        ("ETH", "0.08"),
        ("BTC", "-0.03"),
        ("SOL", "-0.03"),
        ("ADA", "-0.02"),
    ]


def test_what_is_held_without_a_target_has_target_zero_and_no_band() -> None:
    found = drifts(valuation(BTC="0.99", DOGE="0.01"), target(BTC="1"))
    assert [(d.asset, d.target, d.low, d.high) for d in outside(found)] == [("DOGE", D(0), D(0), D(0))]


def test_what_has_no_price_has_no_drift() -> None:
    found = drifts(valuation(BTC="1", XYZ=None), target(BTC="1"))  # type: ignore[arg-type]
    assert [d.asset for d in found] == ["BTC"]


def test_the_edges_belong_to_the_band() -> None:
    assert outside(drifts(valuation(BTC="0.64", ETH="0.36"), target(BTC="0.6", ETH="0.4"))) == ()
    just_past = outside(drifts(valuation(BTC="0.640000000001", ETH="0.36"), target(BTC="0.6", ETH="0.4")))
    assert [d.asset for d in just_past] == ["BTC"]


@pytest.mark.parametrize(
    ("bands", "low", "high"),
    [
        ({"band": "0.04"}, "0.36", "0.44"),
        ({"relative_band": "0.05"}, "0.38", "0.42"),
        ({"band": "0.04", "relative_band": "0.05"}, "0.38", "0.42"),
        ({"band": "0.01", "relative_band": "0.05"}, "0.39", "0.41"),
        ({}, "0.4", "0.4"),
        ({"band": "0.7"}, "0", "1"),
    ],
)
def test_the_narrower_band_binds(bands: dict[str, str], low: str, high: str) -> None:
    found = only(drifts(valuation(BTC="0.4"), banded("0.4", **bands)))
    assert (found.low, found.high) == (D(low), D(high))


def cases(shared: Path, kind: str) -> list[dict[str, Any]]:
    vectors = json.loads((shared / "vectors" / "06_rebalancing_policy.json").read_text(), parse_float=Decimal)
    found = [case for case in vectors["cases"] if case["kind"] == kind]
    assert found
    return found


def test_bands_agree_with_the_reference_cases(shared: Path) -> None:
    for case in cases(shared, "threshold_band"):
        given = {name: Decimal(value) for name, value in case["inputs"].items()}
        width = str(given["upper"] - given["target"])
        held = valuation(BTC=f"{units.canon(given['weight']):f}")
        found = outside(drifts(held, banded(f"{units.canon(given['target']):f}", band=width)))
        assert bool(found) is case["expected"]["rebalance"], case["id"]


def test_drifts_agree_with_the_reference_cases(shared: Path) -> None:
    for case in cases(shared, "drift_metrics"):
        names = [f"A{n}" for n in range(len(case["inputs"]["current"]))]
        now = {name: f"{weight:f}" for name, weight in zip(names, case["inputs"]["current"], strict=True)}
        wanted = {name: f"{weight:f}" for name, weight in zip(names, case["inputs"]["target"], strict=True)}
        found = drifts(valuation(**now), target(**wanted))
        total = sum(abs(d.drift) for d in found)
        assert float(abs(found[0].drift)) == pytest.approx(float(case["expected"]["max_abs"]), rel=1e-12)
        assert float(total) == pytest.approx(float(case["expected"]["sum_abs"]), rel=1e-12)
        assert float(total / 2) == pytest.approx(float(case["expected"]["one_way_turnover"]), rel=1e-12)
