"""The last words of a cycle that acted."""

import pytest
from msgspec.structs import replace

from tests import told
from trimtab.cycle.close import closing
from trimtab.cycle.fold import Told
from trimtab.model.breaks import Reconciled
from trimtab.model.ledger import CycleOutcome, Entry, noun
from trimtab.model.runs import Ended


def facts(entries: tuple[Entry, ...], kind: str) -> list[object]:
    return [noun(entry) for entry in entries if entry.kind == kind]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(1, "1 fill, 1 leg left a residual, 1 break"), (2, "2 fills, 2 legs left a residual, 2 breaks")],
)
def test_one_is_not_counted_as_many(number: int, sentence: str) -> None:
    entries = told.done()
    [ended], [found], [opened] = (facts(entries, kind) for kind in ("ended", "reconciled", "opened"))
    assert isinstance(ended, Ended)
    assert isinstance(found, Reconciled)
    ended = replace(ended, fills=ended.fills[:number], residuals=ended.residuals * number)
    found = replace(found, breaks=(told.unexplained(),) * number)
    cycle = Told(terms=told.terms(), genesis="", opened=opened, decision=told.rebalance(), ended=ended)  # type: ignore[arg-type]
    assert closing(cycle, found, CycleOutcome.DONE, ()).because == sentence
