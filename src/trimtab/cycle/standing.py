"""How a fund stands besides its figures: what whoever looks at it should know before acting."""

from collections.abc import Iterator

from trimtab.cycle.cycle import unsealed
from trimtab.cycle.recover import unfinished
from trimtab.model.ledger import Entry, Lever, noun
from trimtab.ports import Desk, Store


def standing(desk: Desk) -> Iterator[str]:
    """One sentence each for a ledger that is not the sealed one, a cycle that is not finished, and a halt."""
    if wrong := unsealed(desk):
        yield wrong[:1].upper() + wrong[1:]
    if left := unfinished(desk.store):
        yield (
            f"Cycle {left[0].cycle} is not finished: another process is at work on it, or it was cut off and "
            "`trimtab run` goes on with it"
        )
    if halt := halted(desk.store):
        yield f"The fund is halted {halt}: `trimtab resume --because WHY` lets it act again"


def halted(store: Store) -> str:
    """By whom, since when (wall time) and why the fund is halted; empty where it is not."""
    resumed = store.last("resumed")
    halts = store.entries(after=resumed.seq if resumed else 0, kinds=("halted",))
    return ", ".join(_told(entry, noun(entry)) for entry in halts)


def _told(entry: Entry, lever: Lever) -> str:
    return f"by {lever.by} since {entry.at:%Y-%m-%d %H:%M:%S} UTC ({lever.because})"
