"""A database of any earlier version is brought up to date, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from app.store import Store, StoreNewerError
from app.store.codec import columns
from app.store.database import FILE_NAME, MIGRATIONS, Database, migration_scripts
from app.store.records import RECORDS

SCRIPTS = migration_scripts(MIGRATIONS)


def database_of_version(home: Path, version: int) -> Path:
    """The file as that version left it, built with a plain connection."""
    path = home / FILE_NAME
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE schema_version (version BIGINT, applied_at TIMESTAMP)")
        for number, script in enumerate(SCRIPTS[:version], start=1):
            connection.execute(script)
            connection.execute(f"INSERT INTO schema_version VALUES ({number}, '2026-01-01')")
        if version:
            connection.execute(
                "INSERT INTO events (id, happened_at, kind, subject) "
                "VALUES (uuid(), '2026-01-01', 'old', 'kept')"
            )
    return path


def copy_of_migrations(folder: Path) -> Path:
    folder.mkdir()
    for number, script in enumerate(SCRIPTS, start=1):
        (folder / f"{number:04}_copy.sql").write_text(script)
    return folder


@pytest.mark.parametrize("version", range(len(SCRIPTS) + 1))
def test_every_earlier_version_is_brought_up_to_date_with_its_rows(
    whetstone_home: Path, version: int
):
    database_of_version(whetstone_home, version)
    with Store.open() as store:
        assert [event.subject for event in store.events("old")] == ["kept"] * bool(version)
        store.record_event("new")
        assert len(store.events("new")) == 1
        assert store.inventory().schema == len(SCRIPTS)


def test_the_tables_have_the_columns_and_types_that_the_records_have(whetstone_home: Path):
    with Store.open() as store:
        path = store.inventory().path
    with duckdb.connect(str(path)) as connection:
        for record in RECORDS:
            rows = connection.execute(f"DESCRIBE {record.TABLE}").fetchall()
            found = {name: (kind, nullable == "YES") for name, kind, nullable, *_ in rows}
            assert found == {
                name: (column.sql, column.may_be_empty) for name, column in columns(record).items()
            }


def test_a_later_migration_is_applied_and_then_an_older_whetstone_refuses(
    whetstone_home: Path, tmp_path: Path
):
    with Store.open() as store:
        store.record_event("old")
        assert len(store.events("old")) == 1
    newer = copy_of_migrations(tmp_path / "newer")
    number = len(SCRIPTS) + 1
    (newer / f"{number:04}_dreams.sql").write_text(
        "CREATE TABLE dreams (i INT); INSERT INTO dreams SELECT count(*) FROM events"
    )
    with Database(whetstone_home, migrations=newer).session() as connection:
        assert connection.execute("SELECT i FROM dreams").fetchall() == [(1,)]
    with Store.open() as store, pytest.raises(StoreNewerError, match=f"version {number}"):
        store.events("old")


def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    whetstone_home: Path, tmp_path: Path
):
    with Store.open() as store:
        store.record_event("old")
        assert len(store.events("old")) == 1
    broken = copy_of_migrations(tmp_path / "broken")
    (broken / f"{len(SCRIPTS) + 1:04}_broken.sql").write_text(
        "CREATE TABLE half (i INT); DROP TABLE events; INSERT INTO half VALUES ('no number')"
    )
    with pytest.raises(duckdb.Error), Database(whetstone_home, migrations=broken).session():
        pass
    with Store.open() as store:
        assert len(store.events("old")) == 1
        assert store.inventory().schema == len(SCRIPTS)


def test_a_missing_number_is_noticed(tmp_path: Path):
    (tmp_path / "0001_first.sql").touch()
    (tmp_path / "0003_third.sql").touch()
    with pytest.raises(ValueError, match="migration 0002 is missing"):
        migration_scripts(tmp_path)
