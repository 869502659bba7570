"""Bring a ledger file to this version's schema with Alembic, all or nothing. Imported only when the version differs."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from trimtab.adapters.stores import schema


def upgrade(db: sqlite3.Connection, then: Callable[[], None], revision: str = "head") -> None:
    """Run the missing migrations up to a revision, then `then`, in one transaction.

    Raises AssertionError if a trigger of the ledger is not as it was before, and changes nothing then: Alembic's
    batch mode rebuilds a table on SQLite and drops its triggers without a word.
    """
    with schema.transaction(db) as connection:
        with keeping_triggers(db):
            _migrate(connection, revision)
        then()


@contextmanager
def keeping_triggers(db: sqlite3.Connection) -> Iterator[None]:
    """Assert that whatever is done here leaves every trigger as it was; new ones are welcome."""
    before = triggers(db)
    yield
    after = triggers(db)
    assert before.items() <= after.items(), f"a migration lost or changed triggers: {before} became {after}"


def triggers(db: sqlite3.Connection) -> dict[str, str]:
    """The triggers of a file, by name."""
    return dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"))


def revisions() -> tuple[str, ...]:
    """All revisions, oldest first."""
    walked = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(reversed([script.revision for script in walked]))


def _migrate(connection: Connection, revision: str) -> None:
    config = _config()
    script = ScriptDirectory.from_config(config)

    def steps(current: Any, _: Any) -> Any:  # Alembic's own types
        return script._upgrade_revs(revision, current)  # noqa: SLF001  # what alembic.command.upgrade itself calls

    with EnvironmentContext(config, script, fn=steps, destination_rev=revision) as context:
        context.configure(connection=connection, target_metadata=schema.METADATA)
        context.run_migrations()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config
