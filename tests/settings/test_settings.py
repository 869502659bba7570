"""The fund's file: what it means, and every mistake at once with its path and what would be right."""

import contextlib
import decimal
from decimal import Decimal
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fundfile import GOOD, load, mistakes
from trimtab import settings
from trimtab.check import limits
from trimtab.model.accounts import Keep, Managed
from trimtab.model.canonical import digest
from trimtab.model.mandate import Basis, Moment, Severity
from trimtab.model.policy import Aim, Calendar, Periodic, Schedule, TargetWeight, Threshold
from trimtab.reading import Mistakes
from trimtab.settings import law
from trimtab.settings.schema import schema
from trimtab.settings.shape import ClockSource, FundFile

D = Decimal

CLAUSE = """
[[mandate.clause]]
id = "max-btc"
kind = "max_weight"
words = "Not more than half in one asset."
limit = "0.5"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fund's folder with a world in it."""
    (tmp_path / "paper.toml").write_text("")
    return tmp_path


def changed(old: str, new: str) -> str:
    """The good file with one thing changed."""
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_short_file_is_a_whole_fund(folder: Path) -> None:
    found = load(folder, GOOD)

    assert found.policy.fund == "alpha"
    assert found.policy.base == "USDT"
    assert found.store == folder / "alpha.db"
    assert found.seals == folder / "seals.txt"
    assert found.clock is ClockSource.WALL
    assert found.keys == ()
    assert [(v.id, v.world) for v in found.venues] == [("north", folder / "paper.toml")]


def test_prices_come_from_every_venue_unless_some_are_named(folder: Path) -> None:
    assert load(folder, GOOD).policy.prices.sources == ("north",)


def test_sources_keep_their_order_of_trust(folder: Path) -> None:
    text = GOOD + '[venues.south]\nkind = "paper"\n[prices]\nsources = ["south", "north"]\n'

    assert load(folder, text).policy.prices.sources == ("south", "north")


def test_a_float_is_taken_by_its_text(folder: Path) -> None:
    weights = load(folder, GOOD).policy.target.weights

    assert [(w.asset, str(w.weight)) for w in weights] == [("BTC", "0.6"), ("USDT", "0.4")]


def test_ten_tenths_are_one(folder: Path) -> None:
    names = [f"A{n}" for n in range(10)]
    text = changed("BTC = 8", "\n".join(f"{n} = 8" for n in names))
    text = text.replace('BTC = "0.6"\nUSDT = 0.4', "\n".join(f"{n} = 0.1" for n in names))

    assert len(load(folder, text).policy.target.weights) == 10


def test_the_callers_decimal_context_changes_nothing(folder: Path) -> None:
    expected = load(folder, GOOD).policy
    with decimal.localcontext(prec=1):
        assert load(folder, GOOD).policy == expected


def test_order_in_the_file_does_not_change_the_law(folder: Path) -> None:
    swapped = changed('BTC = "0.6"\nUSDT = 0.4', 'USDT = "0.40"\nBTC = 0.60')

    assert digest(load(folder, swapped).policy) == digest(load(folder, GOOD).policy)


def test_any_number_of_the_law_changes_its_hash(folder: Path) -> None:
    other = GOOD + "[costs]\nmax_cost_bps = 49\n"

    assert digest(load(folder, other).policy) != digest(load(folder, GOOD).policy)


def test_a_band_of_all_targets_holds_for_weights_that_name_none(folder: Path) -> None:
    text = changed("[targets.weights]", "[targets]\nband = 0.03\n[targets.weights]")
    text = text.replace('BTC = "0.6"', 'BTC = { weight = "0.6", relative_band = "0.1" }')

    assert load(folder, text).policy.target.weights == (
        TargetWeight(asset="BTC", weight=D("0.6"), relative_band=D("0.1")),
        TargetWeight(asset="USDT", weight=D("0.4"), band=D("0.03")),
    )


def test_an_account_says_who_else_trades_there_and_what_it_keeps(folder: Path) -> None:
    text = changed('venue = "north"', 'venue = "north"\nmanaged = "shared"\nkeep = { USDT = "100.50", BTC = 1 }')
    account = load(folder, text).policy.accounts[0]

    assert account.managed is Managed.SHARED
    assert account.keep == (Keep(asset="BTC", amount=D(1)), Keep(asset="USDT", amount=D("100.5")))


def test_triggers_are_read_by_kind(folder: Path) -> None:
    periodic = 'kind = "periodic"\ncalendar = "weekly"\nanchor = 2026-01-05T09:00:00+01:00\nzone = "Europe/Zurich"\n'
    text = GOOD + f'[triggers.drift]\nkind = "threshold"\n[triggers.calendar]\n{periodic}'
    calendar, drift = load(folder, text).policy.triggers

    assert drift == Threshold(id="drift")
    assert isinstance(calendar, Periodic)
    assert (calendar.calendar, calendar.zone) == (Calendar.WEEKLY, "Europe/Zurich")
    assert calendar.anchor.isoformat() == "2026-01-05T08:00:00+00:00"


def test_a_clause_takes_what_its_kind_is_usually_about(folder: Path) -> None:
    clause = load(folder, GOOD + CLAUSE).policy.mandate.clauses[0]

    assert (clause.basis, clause.moment, clause.severity) == (Basis.NAV, Moment.AT_TRADE, Severity.BLOCK)


def test_a_limit_in_money_may_be_above_one(folder: Path) -> None:
    money = CLAUSE.replace('"0.5"', "250000") + "basis = 'value'\n"

    assert load(folder, GOOD + money).policy.mandate.clauses[0].limit == D(250000)


def test_a_file_may_name_exactly_the_clauses_that_can_be_judged() -> None:
    assert sorted(law.RULES) == sorted(limits.CHECKS)


def test_aim_execution_and_limits_are_read(folder: Path) -> None:
    text = changed("[targets.weights]", '[targets]\naim = "edge"\n[targets.weights]')
    law = load(folder, text + '[execution]\nschedule = "immediate"\n[limits]\nlease_wait_s = 0\n').policy

    assert (law.target.aim, law.execution.schedule, law.limits.lease_wait_s) == (Aim.EDGE, Schedule.IMMEDIATE, 0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "alpha"', 'id = "alpha"\nbsae = "USDT"', 'fund.bsae: unknown key; did you mean "base"?'),
        ("[fund]", "[mandat]\n[fund]", 'mandat: unknown key; did you mean "mandate"?'),
        ('id = "alpha"', "", "fund.id: missing (The fund's name in its ledger. Changing it means another fund.)"),
        ('id = "alpha"', 'id = "al pha"', "fund.id: must be a name of letters, digits, dots, dashes and underscores"),
        ('venue = "north"', 'venue = "nort"', 'accounts.main.venue: unknown venue "nort"; did you mean "north"?'),
        ('kind = "paper"', 'kind = "papr"', 'venues.north.kind: unknown value "papr"; did you mean "paper"?'),
        ("BTC = 8", 'BTC = "8"', 'assets.BTC: must be a whole number, got "8"'),
        ("BTC = 8", "BTC = -1", "assets.BTC: must be at least 0, got -1"),
        ("BTC = 8", "BTC = true", "assets.BTC: must be a whole number, got true"),
        ('BTC = "0.6"', 'BTC = "0.61"', "targets.weights: sum to 1.01, must sum to 1; they are 0.01 over"),
        ('BTC = "0.6"', "", "targets.weights: sum to 0.4, must sum to 1; they are 0.6 short"),
        ('BTC = "0.6"', 'BTC = "-0.6"', "targets.weights.BTC: must be at least 0, got -0.6"),
        ('BTC = "0.6"', "BTC = nan", 'targets.weights.BTC: must be a finite number such as "0.4", got NaN'),
        ('BTC = "0.6"', "BTC = inf", 'targets.weights.BTC: must be a finite number such as "0.4", got Infinity'),
        ('BTC = "0.6"', 'BTC = "many"', 'targets.weights.BTC: must be a finite number such as "0.4", got "many"'),
        ('BTC = "0.6"', 'btc = "0.6"', 'targets.weights.btc: unknown asset "btc"; did you mean "BTC"?'),
        (
            "[targets.weights]",
            "[targets]\nband = -0.01\n[targets.weights]",
            "targets.band: must be at least 0, got -0.01",
        ),
        ("[accounts.main]\n", "[accounts.main]\nkey = 1\n", "accounts.main.key: must be text"),
        ("[accounts.main]", '[accounts."a/b"]', 'accounts."a/b": must be a name of letters, digits, dots, dashes'),
        ('venue = "north"', 'venue = "north"\nkeep = { SOL = 1 }', 'accounts.main.keep.SOL: unknown asset "SOL"'),
        ('kind = "paper"', 'kind = "paper"\nworld = "no.toml"', "venues.north.world: there is no file"),
        ('id = "alpha"', 'id = "alpha"\nbase = "USD"', 'fund.base: nothing prices "USD"; did you mean "USDT"?'),
    ],
)
def test_a_mistake_names_its_path_and_what_would_be_right(folder: Path, old: str, new: str, said: str) -> None:
    assert any(line.startswith(said) for line in mistakes(folder, changed(old, new)))


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("[prices]\nsources = ['nrth']\n", 'prices.sources: unknown venue "nrth"; did you mean "north"?'),
        ("[prices]\nsources = ['north', 'north']\n", 'prices.sources: "north" is named twice'),
        ("[prices.fixed.BTC]\nprice = 0\nbecause = 'x'\n", "prices.fixed.BTC.price: must be above 0, got 0"),
        (
            "[prices.fixed.USDT]\nprice = 1\nbecause = 'x'\n",
            "prices.fixed.USDT: is the base currency, whose price is 1",
        ),
        ("[prices.fixed.BTC]\nprice = 1\n", "prices.fixed.BTC.because: missing"),
        ("[triggers.x]\nkind = 'treshold'\n", 'triggers.x.kind: unknown kind "treshold"; did you mean "threshold"?'),
        ("[triggers.x]\n", "triggers.x.kind: missing; one of threshold, periodic, hybrid"),
        ("[triggers.x]\nkind = 'hybrid'\n", "triggers.x.spacing_s: missing"),
        (
            "[triggers.x]\nkind = 'periodic'\nanchor = 2026-01-01T00:00:00Z\n",
            "triggers.x: give either interval_s or calendar",
        ),
        (
            "[triggers.x]\nkind = 'periodic'\nanchor = 2026-01-01T00:00:00\ninterval_s = 60\n",
            "triggers.x.anchor: must be an instant with its zone",
        ),
        (
            "[triggers.x]\nkind = 'periodic'\nanchor = 2026-01-01T00:00:00Z\ninterval_s = 60\nzone = 'Mars/Base'\n",
            'triggers.x.zone: unknown zone "Mars/Base"',
        ),
        ("[execution]\ndeadline_s = 599\n", "execution.deadline_s: 599 ends a leg before its last slice"),
        ("[execution]\nslices = 0\n", "execution.slices: must be at least 1, got 0"),
        ("[execution]\nschedule = 'twop'\n", 'execution.schedule: unknown value "twop"; did you mean "twap"?'),
        ("[limits]\nlease_wait = 1\n", 'limits.lease_wait: unknown key; did you mean "lease_wait_s"?'),
        ("[costs]\nmax_cost_bps = '-1'\n", "costs.max_cost_bps: must be at least 0, got -1"),
        ("[mandate]\nclause = 3\n", "mandate.clause: must be a list, got 3"),
        (CLAUSE + CLAUSE, 'mandate.clause.max-btc: two clauses have the id "max-btc"'),
        (CLAUSE.replace("max_weight", "max_wait"), 'mandate.clause.max-btc.kind: unknown kind of clause "max_wait"'),
        (CLAUSE + "scope = ['btc']\n", 'mandate.clause.max-btc.scope: unknown asset "btc"; did you mean "BTC"?'),
        (CLAUSE.replace('"0.5"', "50"), "mandate.clause.max-btc.limit: must be a share of NAV of at most 1, got 50"),
        (CLAUSE.replace('limit = "0.5"', ""), "mandate.clause.max-btc.limit: missing"),
        (CLAUSE.replace("max_weight", "banned"), "mandate.clause.max-btc.scope: missing; name the assets it is about"),
        (
            CLAUSE.replace("max_weight", "max_turnover") + "scope = ['BTC']\n",
            "mandate.clause.max-btc.scope: max_turnover",
        ),
    ],
)
def test_a_mistake_in_an_optional_table_is_found_too(folder: Path, added: str, said: str) -> None:
    assert any(line.startswith(said) for line in mistakes(folder, GOOD + added))


def test_a_band_of_zero_and_a_deadline_at_the_last_slice_are_right(folder: Path) -> None:
    text = changed("[targets.weights]", "[targets]\nband = 0\n[targets.weights]")

    assert load(folder, text + "[execution]\nduration_s = 60\ndeadline_s = 60\n").policy.execution.deadline_s == 60


def test_every_mistake_is_told_at_once(folder: Path) -> None:
    text = (
        changed('venue = "north"', 'venue = "nort"').replace('BTC = "0.6"', "BTC = -1").replace("BTC = 8", "BTC = 99")
    )

    assert mistakes(folder, text + "[limits]\nlease_wait = 1\n") == (
        "assets.BTC: must be at most 30, got 99",
        "targets.weights.BTC: must be at least 0, got -1",
        'limits.lease_wait: unknown key; did you mean "lease_wait_s"?',
        'accounts.main.venue: unknown venue "nort"; did you mean "north"?',
    )


def test_the_message_has_one_line_for_each_mistake_under_the_files_name(folder: Path) -> None:
    (folder / "fund.toml").write_text(changed("BTC = 8", "BTC = 99") + "[limits]\nlease_wait = 1\n")

    with pytest.raises(ValueError) as caught:
        settings.load(folder / "fund.toml")

    head, *lines = str(caught.value).splitlines()
    assert head == f"{folder / 'fund.toml'}: 2 mistakes"
    assert [line.split(":")[0] for line in lines] == ["  assets.BTC", "  limits.lease_wait"]


def test_a_broken_section_does_not_hide_what_else_is_wrong(folder: Path) -> None:
    text = changed('id = "alpha"', "id = 3").replace('venue = "north"', 'venue = "nort"')

    assert [line.split(":")[0] for line in mistakes(folder, text)] == ["fund.id", "accounts.main.venue"]


def test_a_venue_with_a_mistake_is_still_a_known_venue(folder: Path) -> None:
    found = mistakes(folder, changed('kind = "paper"', 'kind = "papr"'))

    assert [line.split(":")[0] for line in found] == ["venues.north.kind"]


@pytest.mark.parametrize("table", ["venues", "accounts", "assets"])
def test_a_fund_needs_one_of_each(folder: Path, table: str) -> None:
    assert any(line.startswith(f"{table}: ") for line in mistakes(folder, f'[fund]\nid = "x"\n[{table}]\n'))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[accounts.a]\n[accounts.a]\n", "line 2: accounts.a is declared twice; give the second one its own name"),
        ("[fund]\nid = 'a'\nid = 'b'\n", "line 3: a key is declared twice"),
        ("[fund\n", "line 1: not TOML: "),
        ("[fund]\nid = \n", "line 2: not TOML: its value is missing"),
    ],
)
def test_what_toml_refuses_is_said_with_its_line(folder: Path, text: str, said: str) -> None:
    assert mistakes(folder, text)[0].startswith(said)


def test_a_missing_file_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such file; `trimtab init` writes one"):
        settings.load(tmp_path / "fund.toml")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder; name the file in it"):
        settings.load(tmp_path)


def test_the_sim_clock_follows_one_world(folder: Path) -> None:
    (folder / "other.toml").write_text("")
    text = GOOD + '[clock]\nsource = "sim"\n'
    two = text + '[venues.south]\nkind = "paper"\nworld = "other.toml"\n'

    assert load(folder, text).clock is ClockSource.SIM
    assert mistakes(folder, two) == (
        "clock.source: sim follows one world, but the venues live in other.toml and paper.toml; name one",
    )


@pytest.mark.parametrize(
    ("store", "path"), [("sqlite:///ledger.db", "ledger.db"), ("sqlite:////var/tmp/ledger.db", "/var/tmp/ledger.db")]
)
def test_the_ledger_is_relative_to_the_file_unless_absolute(folder: Path, store: str, path: str) -> None:
    assert load(folder, changed('id = "alpha"', f'id = "alpha"\nstore = "{store}"')).store == folder / path


def test_a_ledger_in_a_folder_that_is_not_there_is_refused(folder: Path) -> None:
    text = changed('id = "alpha"', 'id = "alpha"\nstore = "sqlite:///no/ledger.db"')

    assert mistakes(folder, text) == (f"fund.store: there is no folder {folder / 'no'}",)


def test_a_stores_url_is_not_repeated_because_it_may_hold_a_password(folder: Path) -> None:
    text = changed('id = "alpha"', 'id = "alpha"\nstore = "postgresql://u:hunter2@db/x"')

    assert mistakes(folder, text) == ('fund.store: must be a file such as "sqlite:///fund.db"',)


NUMBERS = ("0", "-1", "1.5", "1e400", "nan", "-inf", "9" * 5000, "true")
INSTANTS = ("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "07:30:00")
LITERALS = (*NUMBERS, *INSTANTS, '""', '"x"', "[]", "[1]", "{}", "{x=1}", "[[{}]]", '[{id="a"}]')
SECTIONS = FundFile.__struct_fields__


@given(data=st.data())
@hypothesis.settings(max_examples=300, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_no_value_anywhere_breaks_the_reader(folder: Path, data: st.DataObject) -> None:
    section = data.draw(st.sampled_from(SECTIONS))
    keys = sorted({key for d in schema()["$defs"].values() for key in d.get("properties", {})} | {"BTC", "main"})
    path = [section, *data.draw(st.lists(st.sampled_from(keys), max_size=2))]
    line = f"{'.'.join(path)} = {data.draw(st.sampled_from(LITERALS))}\n"

    with contextlib.suppress(Mistakes):
        load(folder, line + GOOD)
    with contextlib.suppress(Mistakes):
        load(folder, line)


def test_a_file_that_is_not_text_is_said_so(folder: Path) -> None:
    (folder / "fund.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(Mistakes, match="not TOML: 'utf-8' codec"):
        settings.load(folder / "fund.toml")
