"""Every engine takes tables."""

import sys

import duckdb
import pandas
import polars
import pyarrow
import pytest

from access_advisor import AccountData, Activity


@pytest.fixture(params=["activity", "reports", "actions", "permissions"])
def table(request, account, activity, advisor):
    return {
        "activity": activity.table,
        "reports": advisor.reports,
        "actions": lambda: advisor.reports(granularity="action"),
        "permissions": account.permissions,
    }[request.param]()


def test_every_engine_takes_it(table):
    arrow = pyarrow.table(table)
    assert arrow.column_names == table.column_names
    assert arrow.num_rows == len(table) == table.num_rows > 0
    assert pyarrow.schema(table) == arrow.schema
    assert polars.DataFrame(table).shape == (len(table), len(table.column_names))
    assert pandas.DataFrame.from_arrow(table).shape == table.to_pandas().shape == arrow.shape
    rows = table
    assert duckdb.sql("SELECT count(*) FROM rows").fetchall() == [(len(table),)]


def test_duckdb_finds_it_by_name(activity):
    calls = activity.table()
    rows = duckdb.sql("SELECT sum(attempts), count(DISTINCT principal_arn) FROM calls").fetchall()
    frame = calls.to_polars()
    assert rows == [(frame["attempts"].sum(), frame["principal_arn"].n_unique())]


def test_it_can_be_taken_more_than_once(table):
    assert pyarrow.table(table).equals(pyarrow.table(table))


def test_the_asked_for_types_are_given(activity):
    table = activity.table()
    fields = [
        field.with_type(pyarrow.large_string()) if field.name == "aws_region" else field
        for field in pyarrow.schema(table)
    ]
    asked = pyarrow.RecordBatchReader.from_stream(table, schema=pyarrow.schema(fields)).read_all()
    assert asked.schema.field("aws_region").type == pyarrow.large_string()
    assert asked["aws_region"].to_pylist() == pyarrow.table(table)["aws_region"].to_pylist()


def test_pyarrow_copies_nothing(activity):
    """Two views of one table share its buffers."""
    table = activity.table()
    [left, right] = [pyarrow.table(table)["attempts"].chunk(0).buffers()[1].address for _ in range(2)]
    assert left == right


def test_a_table_outlives_what_made_it():
    table = Activity.from_trail("testdata/trail").table().to_pyarrow()
    assert table["attempts"].to_pylist()


def test_versions_are_told(activity):
    metadata = pyarrow.schema(activity.table()).metadata
    assert metadata.pop(b"access_advisor.coverage").decode() == activity.coverage.to_json()
    assert metadata.pop(b"access_advisor.rows").startswith(b"106:")
    assert metadata == {b"access_advisor.schema": b"1"}


def test_activity_comes_back_from_every_engine(activity):
    rows = table = activity.table()
    for engine in (
        table,
        table.to_pyarrow(),
        table.to_polars(),
        table.to_pandas(),
        duckdb.sql("FROM rows ORDER BY attempts"),
    ):
        # Most engines do not keep the metadata, and with it the coverage.
        assert Activity.from_arrow(engine).with_coverage(activity.coverage) == activity
    for engine in (table, table.to_pyarrow()):
        assert Activity.from_arrow(engine) == activity


def test_a_missing_engine_is_named(activity, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="pip install polars"):
        activity.table().to_polars()


def test_an_account_without_anything_is_an_empty_table(tmp_path):
    path = tmp_path / "account.json"
    path.write_text('{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}')
    table = AccountData.load(path).permissions()
    assert len(table) == 0
    assert table.to_pyarrow().num_rows == 0
    assert "arn" in table.column_names
