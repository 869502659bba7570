"""Migrations: they end at the schema, count what the version says, and never lose a trigger."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.ledgers import lever, seqs
from trimtab.adapters.stores import files, migrate, schema
from trimtab.adapters.stores.sqlite import open_store

VERSIONS = Path(migrate.__file__).with_name("migrations") / "versions"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(files.connect(tmp_path / "alpha.db")) as made:
        yield made


def nothing() -> None:
    """Nothing to do after the migrations."""


def test_the_version_of_a_file_counts_its_migrations() -> None:
    assert len(migrate.revisions()) == files.SCHEMA


def test_all_migrations_together_make_the_schema(db: sqlite3.Connection) -> None:
    migrate.upgrade(db, nothing)

    with schema.transaction(db) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []


@pytest.mark.parametrize("revision", migrate.revisions())
def test_every_revision_leaves_the_ledgers_triggers_as_they_are(db: sqlite3.Connection, revision: str) -> None:
    migrate.upgrade(db, nothing, revision)

    assert migrate.triggers(db) == schema.TRIGGERS


def test_no_migration_alters_in_batch_mode() -> None:
    assert [path.name for path in VERSIONS.glob("r*.py") if "batch_alter_table" in path.read_text()] == []
    assert len(list(VERSIONS.glob("r*.py"))) == files.SCHEMA


def test_batch_mode_would_lose_the_triggers_and_the_comparison_finds_it(db: sqlite3.Connection) -> None:
    migrate.upgrade(db, nothing)
    with schema.transaction(db) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("entries", recreate="always") as batch:
            batch.add_column(sa.Column("note", sa.Text))

    assert migrate.triggers(db) != schema.TRIGGERS


def test_an_upgrade_that_loses_a_trigger_is_a_defect(db: sqlite3.Connection) -> None:
    migrate.upgrade(db, nothing)

    with pytest.raises(AssertionError, match="lost or changed triggers"), migrate.keeping_triggers(db):
        db.execute("DROP TRIGGER entries_stay")


def test_an_upgrade_that_fails_at_its_end_leaves_an_empty_file(db: sqlite3.Connection) -> None:
    def fail() -> None:
        raise sqlite3.OperationalError("disk full")

    with pytest.raises(sqlite3.OperationalError):
        migrate.upgrade(db, fail)

    assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_migrating_what_is_up_to_date_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alpha.db"
    with closing(open_store(path, "alpha")) as store:
        store.append([lever()], None)
    with closing(files.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 0")

    with closing(open_store(path, "alpha")) as store:
        assert seqs(store.entries()) == [1, 2]
    with closing(files.connect(path)) as raw:
        assert files.version(raw, path) == files.SCHEMA
