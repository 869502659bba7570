"""Tables fit their screen: sentences wrap, figures never do, and columns go on below."""

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from trimtab.cli.screen import Screen, Table, table, wrapped


def lines(shown: Table, width: int) -> list[str]:
    out = StringIO()
    Screen(file=out, width=width, color_system=None).print(shown)
    return out.getvalue().splitlines()


def test_figures_stand_right_and_words_left() -> None:
    shown = table(("asset", "left"), ("amount", "right"))
    shown.add_row("BTC", "1.5")
    shown.add_row("DOGE", "150,000")
    assert lines(shown, 80) == ["asset   amount", "──────────────", "BTC        1.5", "DOGE   150,000"]


def test_a_unit_stands_close_behind_its_figure() -> None:
    shown = table(("leg", "left"), ("amount", "right"), ("", "unit"))
    shown.add_row("l1", "1.5", "BTC")
    assert lines(shown, 80)[2] == "l1      1.5 BTC"


def test_columns_that_do_not_fit_go_on_below_with_the_first_one_again() -> None:
    shown = table(("asset", "left"), ("opening", "right"), ("closing", "right"))
    shown.add_row("BTC", "1.00000001", "2.00000002")
    assert lines(shown, 20) == [
        "asset     opening",
        "─────────────────",
        "BTC    1.00000001",
        "",
        "asset     closing",
        "─────────────────",
        "BTC    2.00000002",
    ]


def test_a_note_wraps_beside_its_row_where_there_is_room() -> None:
    shown = table(("cycle", "right"), ("why", "note"))
    shown.add_row("1", "everything reconciles, and nothing was left undone")
    assert lines(shown, 36)[2:] == ["    1  everything reconciles, and", "       nothing was left undone"]


def test_a_note_goes_under_its_row_where_there_is_none() -> None:
    shown = table(("cycle", "right"), ("outcome", "left"), ("why", "note"))
    shown.add_row("1", "done", "everything reconciles and nothing is left")
    assert lines(shown, 30)[2:] == ["    1  done", "    everything reconciles and", "    nothing is left"]


def test_a_note_goes_under_its_row_where_a_long_word_would_be_broken() -> None:
    shown = table(("cycle", "right"), ("outcome", "left"), ("why", "note"))
    shown.add_row("1", "done", "seal 30:0123456789abcdef0123456789abcdef")
    assert lines(shown, 50)[2:] == ["    1  done", "    seal 30:0123456789abcdef0123456789abcdef"]


def test_a_sentence_goes_on_two_columns_further_in() -> None:
    assert wrapped("  one two three four", 12) == "  one two\n    three\n    four"


@given(
    st.lists(st.tuples(*[st.text("abc 0123456789.,", max_size=30)] * 4), max_size=5),
    st.integers(min_value=40, max_value=120),
)
def test_no_line_is_ever_wider_than_the_screen(rows: list[tuple[str, str, str, str]], width: int) -> None:
    shown = table(("first", "left"), ("second", "right"), ("third", "right"), ("why", "note"))
    for row in rows:
        shown.add_row(row[0][:6], *row[1:])
    assert all(len(line) <= width and line == line.rstrip() for line in lines(shown, width))
