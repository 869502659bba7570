"""The demonstration: a whole fund on simulated venues, from state to report, as a user would type it."""

import asyncio
import shlex
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.rule import Rule
from rich.text import Text

from trimtab import api
from trimtab.cli import codes, history, progress, views
from trimtab.cli.frame import NO, again, show, show_sentences, tell, write
from trimtab.cli.screen import Sentence


def show_all(tape: Path | None, folder: Path | None) -> int:
    """Run the demonstration in `folder` (a temporary one unless said); 0 if the fund ended on its targets."""
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trimtab-")))
        fund = _fund(home, tape)
        code = asyncio.run(_walk(fund))
        kept = f"--fund {shlex.quote(str(fund))}" if folder else ""
    _farewell(folder, kept)
    return code


def _fund(home: Path, tape: Path | None) -> Path:
    """The fund's file; a folder that has one already is used as it is."""
    if not (home / "fund.toml").exists():
        _say("trimtab init --template paper")
        for path in api.write_demo(home, tape):
            show(f"wrote {path.name}")
    return home / "fund.toml"


async def _walk(fund: Path) -> int:
    settings = api.load_settings(fund)
    async with api.connect(settings) as desk:
        _say("trimtab state", "what the fund holds, and how far it is from its targets")
        show(views.state(await api.look(desk)))
        _say("trimtab plan", "the cheapest way back, with its proof and its checks; nothing is sent yet")
        thought = await api.preview(desk, None)
        show(views.plan(thought))
        _say("trimtab run --yes", "looks and plans once more, then works the plan in slices; some seconds")
        result = await _run(desk)
        if result is None:
            tell("the fund is halted")
            return NO
        facts = api.facts(desk.store, result.closed.cycle)
        show(history.ending(facts, result.seal))
        _say(f"trimtab explain {facts.cycle}", "why, in sentences")
        show_sentences(api.explain(facts))
        _say(f"trimtab replay {facts.cycle}", "everything recomputed from the ledger, byte for byte")
        replayed = api.replay(desk.store, facts.cycle)
        show(history.replayed(replayed))
        _say("trimtab verify", "the ledger's chain")
        verified = api.verify(settings, result.seal)
        show(history.verified(verified))
        _report(desk, settings)
        proved = replayed.holds and not verified.faults
        return codes.of_facts(facts) if proved else NO


async def _run(desk: api.Desk) -> api.Result | None:
    with progress.shown(quiet=False) as watch:
        wishes = api.Wishes(holder=api.holder(), watching=api.Watching(progress=watch.update))
        return await api.run_cycle(desk, wishes)


def _report(desk: api.Desk, settings: api.Settings) -> None:
    path = settings.folder / "report.html"
    _say(f"trimtab report --out {path.name}", "for auditors")
    path.write_text(api.report(desk.store, "html", api.Wanted()), encoding="utf-8")
    show(f"wrote {path.name}, {path.stat().st_size:,} bytes")


def _say(typed: str, meant: str = "") -> None:
    said = Text.assemble((f"$ {typed}", "bold cyan"), f"  {meant}" if meant else "")
    show("", Rule(said, align="left", style="dim"))


def _farewell(folder: Path | None, kept: str) -> None:
    show("", Rule(style="dim"))
    if folder is None:
        show(Sentence("This fund lived in a temporary folder and is gone with its report; --dir DIR keeps it", "dim"))
        following = again("init myfund"), again("plan", Path("myfund"))
    else:
        following = again(f"cycles {kept}"), again(f"plan {kept} --because 'a second look'")
    write("Next: {}\n      {}\n".format(*following))
