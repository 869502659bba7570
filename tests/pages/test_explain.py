"""The story of a cycle, compared with golden files.

To accept a new wording: TRIMTAB_GOLDEN=write pytest tests/pages.
"""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests import told
from trimtab.model.holdings import Unknown
from trimtab.model.ledger import Closed, CycleOutcome
from trimtab.model.mandate import Severity
from trimtab.pages.explain import ENDINGS, explain
from trimtab.record.facts import Facts, gather

GOLDEN = Path(__file__).parent / "golden"
WARNED = replace(told.MAX_BTC, severity=Severity.ASK)
STORIES = {
    "done": told.done(),
    "done_with_break": told.done(told.unexplained()),
    "held": told.held(),
    "blocked": told.blocked(),
    "asked": told.blocked(WARNED),
    "unfinished": tuple(e for e in told.done() if e.kind not in ("ended", "reconciled", "closed")),
}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_the_story_reads_as_its_golden_file(name: str) -> None:
    told_now = explain(gather(STORIES[name]))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("TRIMTAB_GOLDEN") == "write":
        golden.write_text(told_now)

    assert told_now == golden.read_text()


def test_a_refusal_names_the_clause_and_its_words() -> None:
    story = explain(gather(told.blocked()))

    assert 'Refused by clause max-btc ("No asset is more than half of the fund.")' in story


def test_a_check_that_is_no_clause_is_not_called_one() -> None:
    facts = replace(gather(told.blocked()), clauses=())

    assert "Refused by check max-btc, after wave 1:" in explain(facts)


def test_what_stayed_undone_names_the_amount_and_the_place() -> None:
    assert "4 ETH on south:ETH/USDT from second: the deadline passed." in explain(gather(told.done()))


@pytest.mark.parametrize("outcome", list(CycleOutcome))
def test_every_outcome_has_its_words(outcome: CycleOutcome) -> None:
    facts = ending(outcome)

    assert f"{ENDINGS[outcome]}: because it is so." in explain(facts)


def test_no_ending_has_a_colon_of_its_own_before_its_reason() -> None:
    assert [words for words in ENDINGS.values() if ":" in words] == []


def test_a_frozen_account_is_named_with_its_reason() -> None:
    facts = ending(
        CycleOutcome.DONE, Unknown(account="main", because="frozen by an unexplained break of BTC in cycle 7")
    )

    assert "Account main does not trade until a person accepts it: frozen by" in explain(facts)


def test_the_same_facts_tell_the_same_story() -> None:
    assert explain(gather(told.done())) == explain(gather(tuple(told.done())))


def ending(outcome: CycleOutcome, *frozen: Unknown) -> Facts:
    """A cycle that ended so."""
    facts = gather(told.held())
    assert facts.closed is not None
    closed: Closed = replace(facts.closed, outcome=outcome, because="because it is so", frozen=frozen)
    return replace(facts, closed=closed)
