"""The models hold everything of the specification's tables, or say why not."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from migrations.tables import metadata
from tests.architecture.spec_ddl import DDL, Difference, SpecTable, differences, parse

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def spec() -> dict[str, SpecTable]:
    return parse(DDL.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def departures() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = yaml.safe_load(
        (ROOT / "migrations" / "departures.yaml").read_text(encoding="utf-8")
    )
    return rows


def test_the_specification_is_read_whole(spec: dict[str, SpecTable]) -> None:
    assert len(spec) == 15
    assert sum(len(table.columns) for table in spec.values()) == 149
    assert spec["blacklist"].columns["reason"].words == (
        "UNSUBSCRIBE",
        "SPAM_REPORT",
        "MANUAL",
        "BOUNCE",
    )


def test_every_difference_is_listed_and_every_listed_one_exists(
    spec: dict[str, SpecTable], departures: list[dict[str, str]]
) -> None:
    found = differences(spec, metadata())
    listed = {Difference(row["table"], row["column"], row["what"]) for row in departures}

    assert sorted(found - listed) == [], (
        "differences without a reason in migrations/departures.yaml"
    )
    assert sorted(listed - found) == [], "departures that no longer exist"


def test_each_departure_has_a_reason_and_stands_in_its_place(
    departures: list[dict[str, str]],
) -> None:
    keys = [(row["table"], row["column"], row["what"]) for row in departures]

    assert keys == sorted(set(keys))
    assert all(row["why"].strip() for row in departures)


def test_the_page_of_departures_is_up_to_date() -> None:
    script = ROOT / "scripts" / "make_departures_page.py"

    assert subprocess.run([sys.executable, script, "--check"], check=False).returncode == 0, (
        "run make docs"
    )


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([sa.Column("phone", sa.String(20), nullable=False)], set()),
        ([], {"no such column", "not UNIQUE (phone)"}),
        ([sa.Column("phone", sa.String(10), nullable=False)], {"VARCHAR(20) -> VARCHAR(10)"}),
        ([sa.Column("phone", sa.Text, nullable=False)], {"VARCHAR -> TEXT"}),
        ([sa.Column("phone", sa.String(20))], {"may be NULL"}),
    ],
)
def test_a_difference_is_found(ours: list[sa.Column[str]], expected: set[str]) -> None:
    made = parse("CREATE TABLE t (\n  phone VARCHAR(20) UNIQUE NOT NULL\n);")
    models = sa.MetaData()
    keys = [sa.UniqueConstraint(column.name) for column in ours]
    sa.Table("t", models, *ours, *keys)

    assert {one.what for one in differences(made, models)} == expected
