"""The report for auditors: what it totals, and that nothing in it can act on its reader."""

import csv
import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from io import StringIO

import pytest
from msgspec.structs import replace

from tests import told
from trimtab.model.canonical import decode
from trimtab.model.decision import Cause
from trimtab.model.valuation import Doubt, Kind
from trimtab.pages.report import Period, Report, compose, report_csv, report_html, report_json
from trimtab.record.facts import Facts, gather

ALWAYS = Period()


def cycle(number: int, entries: tuple[object, ...]) -> Facts:
    """A cycle that opened so many hours after the first."""
    facts = gather(entries)  # type: ignore[arg-type]
    at = facts.opened.at + timedelta(hours=number)
    return replace(facts, cycle=str(number), opened=replace(facts.opened, at=at, cycle=str(number)))


def rows(text: str, record: str) -> list[dict[str, str]]:
    """The rows of one kind."""
    return [row for row in csv.DictReader(StringIO(text)) if row["record"] == record]


class Tags(HTMLParser):
    """Collects the tags of a page, and everything it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.loads += [f"{name}={value}" for name, value in attrs if name in ("src", "srcset", "data", "action")]
        self.loads += [f"href={value}" for name, value in attrs if name == "href" and not str(value).startswith("#")]
        if tag not in ("meta", "br", "line", "rect", "circle", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect", "circle", "polyline"):
            assert self.open.pop() == tag


def test_totals_add_up_what_the_cycles_did() -> None:
    report = compose([cycle(1, told.held()), cycle(2, told.done(told.unexplained())), cycle(3, told.blocked())], ALWAYS)

    assert (report.fund, report.base) == ("alpha", "USDT")
    assert (report.totals.traded, report.totals.acted) == (told.D(108000), 1)
    assert (report.totals.breaches, report.totals.breaks) == (1, 1)


def test_predicted_cost_counts_only_plans_that_were_executed() -> None:
    report = compose([cycle(1, told.blocked()), cycle(2, told.done())], ALWAYS)

    assert str(report.totals.predicted) == "134.25"
    assert str(report.totals.paid) == "121.49"


def test_a_period_includes_its_first_instant_and_not_its_last() -> None:
    cycles = [cycle(n, told.held()) for n in (1, 2, 3)]
    period = Period(since=cycles[0].opened.at, until=cycles[2].opened.at)

    assert [f.cycle for f in compose(cycles, period).cycles] == ["1", "2"]


def test_cycles_come_by_time_whatever_order_they_are_given_in() -> None:
    cycles = [cycle(n, told.held()) for n in (1, 2, 3)]

    assert report_json(reversed(cycles), ALWAYS) == report_json(cycles, ALWAYS)
    assert report_html(reversed(cycles), ALWAYS) == report_html(cycles, ALWAYS)
    assert report_csv(reversed(cycles), ALWAYS) == report_csv(cycles, ALWAYS)


def test_cycles_of_two_funds_are_refused() -> None:
    with pytest.raises(ValueError, match="a report is about one fund, got cycles of alpha, beta"):
        compose([cycle(1, told.held()), replace(cycle(2, told.held()), fund="beta")], ALWAYS)


def test_an_empty_period_says_so() -> None:
    assert "No cycle was opened in this period." in report_html([], ALWAYS)


def test_json_is_canonical_and_reads_back() -> None:
    raw = report_json([cycle(1, told.done())], ALWAYS)

    assert decode(raw, Report).totals.traded == 108000
    assert json.loads(raw)["cycles"][0]["cycle"] == "1"


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    tags = Tags(report_html([cycle(1, told.done(told.unexplained())), cycle(2, told.blocked())], ALWAYS))

    assert tags.loads == []
    assert "script" not in tags.names
    assert tags.open == []


def test_styles_ask_for_no_outside_resource() -> None:
    assert not re.search(r"url\(|@import|https?:", report_html([cycle(1, told.done())], ALWAYS))


def test_markup_in_a_clause_is_shown_and_not_run() -> None:
    clause = replace(told.MAX_BTC, words="Half at most. <script>alert(1)</script>")
    page = report_html([cycle(1, told.blocked(clause))], ALWAYS)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "script" not in Tags(page).names


def test_markup_in_a_persons_reason_is_shown_and_not_run() -> None:
    facts = cycle(1, told.held())
    cause = Cause(by='"><img src=x onerror=alert(1)>', because="<b>now</b>")
    page = report_html([replace(facts, opened=replace(facts.opened, cause=cause))], ALWAYS)

    assert "<img" not in page
    assert "&lt;b&gt;now&lt;/b&gt;" in page


@pytest.mark.parametrize("entries", [told.done(), told.held(), told.blocked(), told.done()[:7], told.done()[:2]])
def test_every_stage_of_a_cycle_renders(entries: tuple[object, ...]) -> None:
    page = report_html([cycle(1, entries)], ALWAYS)

    assert "Cycle 1" in page
    assert "None" not in page


def test_a_plan_that_was_not_sent_says_so() -> None:
    assert "Planned trades, none of which was sent" in report_html([cycle(1, told.blocked())], ALWAYS)


def test_the_page_shows_the_seal_and_how_to_check_it() -> None:
    facts = cycle(1, told.done())

    assert f"trimtab verify --head {facts.seal}" in report_html([facts], ALWAYS)


def test_csv_has_a_row_for_each_fill_with_plain_numbers() -> None:
    fills = rows(report_csv([cycle(1, told.done())], ALWAYS), "fill")

    assert len(fills) == 4
    assert [fills[0][name] for name in ("subject", "amount", "price", "fee")] == [
        "north:BTC/USDT",
        "0.5",
        "59990",
        "29.995",
    ]


def test_csv_keeps_a_satoshi_plain() -> None:
    facts = cycle(1, told.done())
    tiny = replace(facts.fills[0], amount=told.D("1E-8"))

    assert rows(report_csv([replace(facts, fills=(tiny,))], ALWAYS), "fill")[0]["amount"] == "0.00000001"


def test_csv_text_cannot_be_a_formula() -> None:
    facts = cycle(1, told.held())
    assert facts.closed is not None
    evil = replace(facts, closed=replace(facts.closed, because='=HYPERLINK("http://x")'))

    assert rows(report_csv([evil], ALWAYS), "cycle")[0]["because"].startswith("'=")


def narrow(page: str) -> list[str]:
    """The cells of tables that are laid out one under the other on a narrow screen."""
    tables = re.findall(r'<table class="stack.*?</table>', page, re.DOTALL)
    return [cell for table in tables for cell in re.findall(r"<td[^>]*>", table.partition("<tbody>")[2])]


@pytest.mark.parametrize("entries", [told.done(), told.blocked(), told.done(told.unexplained())])
def test_each_cell_names_its_column_for_narrow_screens(entries: tuple[object, ...]) -> None:
    cells = narrow(report_html([cycle(1, entries), cycle(2, entries)], ALWAYS))
    assert len(cells) > 20
    assert [cell for cell in cells if cell != "<td>" and "data-label" not in cell and "said" not in cell] == []


def test_a_value_that_not_every_price_is_known_for_is_no_net_asset_value() -> None:
    facts = cycle(1, told.held())
    assert facts.before is not None
    unpriced = Doubt(kind=Kind.UNPRICED, subject="XYZ", because="nobody quotes it", blocks=True)
    counted = replace(facts, before=replace(facts.before, doubts=(unpriced,)))
    small = replace(facts, before=replace(facts.before, doubts=(replace(unpriced, blocks=False),)))
    assert compose([counted], ALWAYS).totals.nav_last is None
    assert compose([small], ALWAYS).totals.nav_last == facts.before.nav
    assert "Net asset value, as far as seen" in report_html([counted], ALWAYS)
    assert "as far as seen" not in report_html([facts], ALWAYS)
