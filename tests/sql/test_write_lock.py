"""Several processes write to one SQLite file without ever being turned away."""

import multiprocessing
import threading

import pytest
from sqlalchemy import func, insert, select

from services.accounts.models import Tenant
from services.kit.db import Database
from tests.support import writer

ROWS = 2_000


def test_two_processes_write_two_thousand_rows_each_and_none_is_refused(
    sqlite_database: Database,
) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [
        spawn.Process(target=writer.write, args=(sqlite_database.url, name, ROWS))
        for name in ("satu", "dua")
    ]
    for one in writers:
        one.start()
    while any(one.is_alive() for one in writers):  # a reader is never in the way
        count_by_name(sqlite_database)
        writers[0].join(0.05)
    for one in writers:
        one.join()

    assert [one.exitcode for one in writers] == [0, 0]
    assert count_by_name(sqlite_database) == {"satu": ROWS, "dua": ROWS}


def test_threads_of_one_process_take_turns_too(sqlite_database: Database) -> None:
    failures: list[Exception] = []

    def work(name: str) -> None:
        try:
            for _ in range(50):
                with sqlite_database.write() as connection:
                    connection.execute(
                        insert(Tenant), {"name": name, "created_at": writer.MOMENT, "profile": {}}
                    )
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert count_by_name(sqlite_database) == {str(number): 50 for number in range(6)}


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(
    sqlite_database: Database,
) -> None:
    with (
        sqlite_database.write(),
        pytest.raises(RuntimeError, match="second one"),
        sqlite_database.write(),
    ):
        pass


def test_a_commit_survives_a_power_cut(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def count_by_name(database: Database) -> dict[str, int]:
    with database.read() as connection:
        rows = connection.execute(
            select(Tenant.name, func.count().label("rows")).group_by(Tenant.name)
        ).all()
    return {row.name: row.rows for row in rows}
