"""Plans of faults: by schedule, by seed, and read from a file with every mistake named."""

import re
import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.reading import Mistakes
from trimtab.sim import faults
from trimtab.sim.faults import Fault, Plan, Planned

ORDER = "POST /api/v3/order"


def strikes(plan: Plan, *calls: str) -> list[Fault | None]:
    seen: Counter[int] = Counter()
    found = [faults.struck(plan, seen, call) for call in calls]
    return [None if one is None else one.fault for one in found]


def test_a_schedule_counts_only_the_calls_that_match() -> None:
    plan = Plan(faults=(Planned(fault=Fault.SHORT, call="POST *", on=(2,)),))

    assert strikes(plan, ORDER, "GET /api/v3/time", ORDER, ORDER) == [None, None, Fault.SHORT, None]


def test_of_several_that_strike_the_first_is_it_and_all_go_on_counting() -> None:
    both = Planned(fault=Fault.SHORT, on=(1,)), Planned(fault=Fault.HTML, on=(1, 2))

    assert strikes(Plan(faults=both), ORDER, ORDER, ORDER) == [Fault.SHORT, Fault.HTML, None]


def test_a_share_is_drawn_by_the_seed_and_is_about_so_many() -> None:
    def drawn(seed: str) -> list[Fault | None]:
        plan = Plan(seed=seed, faults=(Planned(fault=Fault.RESET_AFTER, share=Decimal("0.25")),))
        return strikes(plan, *[ORDER] * 1000)

    assert drawn("1") == drawn("1")
    assert drawn("1") != drawn("2")
    assert 200 < drawn("1").count(Fault.RESET_AFTER) < 300


def test_nothing_planned_is_nothing_struck() -> None:
    assert strikes(faults.NOTHING, ORDER) == [None]


def test_a_fault_has_a_usual_number_and_may_be_given_another() -> None:
    assert Planned(fault=Fault.SKEWED).number == 60
    assert Planned(fault=Fault.SKEWED, amount=Decimal(0)).number == 0


def test_a_file_is_read_and_its_mistakes_are_named() -> None:
    text = 'seed = "7"\n[[faults]]\nfault = "reset_after"\ncall = "POST /api/v3/order"\non = [1, 3]\n'
    plan = faults.decode(tomllib.loads(text, parse_float=Decimal), "faults.toml")

    assert plan == Plan(seed="7", faults=(Planned(fault=Fault.RESET_AFTER, call=ORDER, on=(1, 3)),))
    with pytest.raises(Mistakes, match=r'faults\[1\]\.fault: unknown value "resets"') as error:
        faults.decode({"faults": [{"fault": "resets", "nth": 1}]}, "faults.toml")
    assert len(error.value.found) == 2


def test_every_fault_is_in_the_manual() -> None:
    manual = Path(__file__).parents[2] / "docs" / "wire.md"
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", manual.read_text(), re.MULTILINE))))

    assert set(Fault) <= named
