"""The source obeys each law, and each law finds what breaks it."""

from collections.abc import Callable, Iterator

import pytest

from tests.house import laws
from tests.house.source import Module, module, modules

Law = Callable[[Module], Iterator[str]]

FORM = (
    laws.too_long,
    laws.long_bodies,
    laws.deep_nesting,
    laws.unsaying_names,
    laws.boolean_parameters,
    laws.unsaid,
)
PURITY = (laws.impurities, laws.floats, laws.awaits, laws.clearances)

NESTED = "def f(x):\n if x:\n  for y in x:\n   with y:\n    while y:\n     y()\n"
BROKEN = [
    (laws.too_long, "plan.sizing", "\n" * 501),
    (laws.long_bodies, "plan.sizing", "def size():\n" + "    print()\n" * 61),
    (laws.deep_nesting, "plan.sizing", NESTED),
    (laws.unsaying_names, "plan.utils", ""),
    (laws.unsaying_names, "plan.sizing", "class OrderManager: ..."),
    (laws.unsaying_names, "plan.sizing", "def process_data(): ..."),
    (laws.boolean_parameters, "plan.sizing", "def size(lots, up: bool): ..."),
    (laws.unsaid, "plan.sizing", "'''Sizes.'''\ndef size(): ..."),
    (laws.unsaid, "plan.sizing", "def _size(): ..."),
    (laws.impurities, "decide.triggers", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
    (laws.impurities, "decide.triggers", "import datetime as d\nnow = d.datetime.utcnow()"),
    (laws.impurities, "decide.triggers", "import time\nnow = time.monotonic()"),
    (laws.impurities, "value.marks", "text = open('marks.json').read()"),
    (laws.impurities, "value.marks", "def read(path): return path.read_text()"),
    (laws.impurities, "execute.orders", "import uuid\nid = uuid.uuid4()"),
    (laws.impurities, "execute.orders", "import os\nid = os.urandom(8)"),
    (laws.floats, "value.marks", "half = 0.5"),
    (laws.floats, "model.prices", "class Mark:\n    price: float"),
    (laws.awaits, "check.verdict", "async def check(): ..."),
    (laws.awaits, "ports", "async def wait(port): return await port.read()"),
    (laws.clearances, "execute.run", "from trimtab.model.plans import Cleared\nplan = Cleared(plan=1)"),
    (laws.clearances, "cycle.recover", "from trimtab.model import plans\nplan = plans.Cleared(plan=1)"),
    (laws.clearances, "cycle.recover", "plan = msgspec.json.decode(body, type=Cleared)"),
    (laws.clearances, "cycle.recover", "plan = msgspec.convert(body, Waiting | plans.Cleared)"),
    (laws.clearances, "cycle.recover", "from trimtab.model.plans import Cleared as Free"),
    (laws.clearances, "model.runs", "class Run:\n    plan: Cleared | None"),
    (laws.reexports, "plan.sizing", "from trimtab.model.plans import Plan as Plan"),
    (laws.reexports, "plan.sizing", "__all__ = ['size']"),
]
KEPT = [
    (laws.deep_nesting, "plan.sizing", NESTED.replace("    while y:\n ", "")),
    (laws.deep_nesting, "plan.sizing", "def f(x):\n    if x: ...\n" + "    elif x: ...\n" * 9),
    (laws.boolean_parameters, "cli.act", "def run(yes: bool): ..."),
    (laws.impurities, "adapters.clock", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
    (laws.floats, "quant.impact", "half = 0.5"),
    (laws.awaits, "ports", "async def read(): ..."),
    (laws.awaits, "cycle.observe", "async def observe(port): return await port.read()"),
    (laws.clearances, "check.verdict", "plan = Cleared(plan=1)"),
    (
        laws.clearances,
        "cycle.cycle",
        "def go(x):\n    match x:\n        case Cleared(): ...\n    assert isinstance(x, Cleared)",
    ),
]


def name(law: object) -> str:
    return getattr(law, "__name__", "")


@pytest.mark.parametrize("law", FORM, ids=name)
def test_every_module_keeps_the_form(law: Law) -> None:
    assert [finding for found in modules() for finding in law(found)] == []


@pytest.mark.parametrize("law", PURITY, ids=name)
def test_the_core_is_pure(law: Law) -> None:
    assert [finding for found in modules() for finding in law(found)] == []


def test_only_the_public_face_passes_names_on() -> None:
    others = [found for found in modules() if found.name != "trimtab.api"]
    assert [finding for found in others for finding in laws.reexports(found)] == []


@pytest.mark.parametrize(("law", "where", "text"), BROKEN)
def test_a_broken_law_is_found(law: Law, where: str, text: str) -> None:
    assert list(law(module(f"trimtab.{where}", text))) != []


@pytest.mark.parametrize(("law", "where", "text"), KEPT)
def test_a_kept_law_finds_nothing(law: Law, where: str, text: str) -> None:
    assert list(law(module(f"trimtab.{where}", text))) == []
