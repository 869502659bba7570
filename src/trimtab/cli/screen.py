"""The one style that all screens share."""

from rich import box
from rich.table import Table


def table(*columns: tuple[str, str], title: str | None = None) -> Table:
    """A table in the one style that all screens share; figures are aligned right and never broken."""
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for name, justify in columns:
        number = justify == "right"
        made.add_column(name, justify=justify, no_wrap=number, overflow="fold")  # type: ignore[arg-type]
    return made
