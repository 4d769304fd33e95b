"""Another catalog than the one built in."""

import pickle
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from conftest import ERIN, NOW

from access_advisor import Activity, Advisor, Catalog, CatalogError, Intake, InvalidInputError, Store, TrailError
from access_advisor._native import read_objects

# Small: S3 under another name, with two actions.
TABLE = """\
service-reference\t2026-01-01
service-names\t2026-01-01
botocore\t1
service\ts3\tBuckets
type\tobject\tarn:${Partition}:s3:::${BucketName}/${ObjectName}
R+\tGetObject\tobject
L+\tListAllMyBuckets
event\tListBuckets\tListAllMyBuckets
"""


@pytest.fixture
def catalog(tmp_path):
    (tmp_path / "catalog.txt").write_text(TABLE)
    return Catalog.load(tmp_path / "catalog.txt")


def names(report):
    return [(row["ServiceNamespace"], row["ServiceName"]) for row in report["ServicesLastAccessed"]]


def test_a_trail_is_read_with_it(catalog, activity):
    other = Activity.from_trail("testdata/trail", catalog=catalog)
    assert other != activity
    assert other.reconciliation == activity.reconciliation


def test_single_objects_are_read_with_it(catalog):
    intake = Intake(catalog=catalog)
    paths = [path for path in Path("testdata/trail").rglob("*") if path.is_file()]
    for path in paths:
        intake.take_file(path)
    expected = Activity.from_trail("testdata/trail", catalog=catalog)
    assert intake.finish() == expected
    objects = [(str(path), path.stat().st_size) for path in paths]
    assert read_objects(objects, catalog=catalog) == expected


def test_it_can_be_pickled(catalog):
    copy = pickle.loads(pickle.dumps(catalog))
    assert repr(copy) == repr(catalog) == "<Catalog of 1 services, 2 actions>"
    assert Activity.from_trail("testdata/trail", catalog=copy) == Activity.from_trail("testdata/trail", catalog=catalog)


def test_tables_by_event_are_resolved_with_it(catalog, tmp_path):
    """The catalog has no action for HeadBucket, unlike the built-in one."""
    rows = Activity.from_trail("testdata/trail").table().to_polars()
    rows = rows.with_columns(event_name=pl.lit("HeadBucket"), event_source=pl.lit("s3.amazonaws.com"))
    table = rows.drop("service_namespace", "action_name").to_arrow()
    pq.write_table(table, tmp_path / "by_event.parquet")
    for read in (
        lambda **other: Activity.from_arrow(table, **other),
        lambda **other: Activity.from_parquet(tmp_path / "by_event.parquet", **other),
    ):
        built_in, other = (set(part.table().to_polars()["action_name"]) for part in (read(), read(catalog=catalog)))
        assert built_in == {"ListBucket"}
        assert other == {None}


def test_two_catalogs_do_not_mix(catalog, account, activity, tmp_path):
    other = Activity.from_trail("testdata/trail", catalog=catalog)
    with pytest.raises(InvalidInputError, match="was credited by the catalog"):
        Advisor(account, activity, now=NOW, catalog=catalog)
    with pytest.raises(InvalidInputError, match="was credited by the catalog"):
        Activity.merge(activity, other)
    other.to_parquet(tmp_path / "other.parquet")
    with pytest.raises(TrailError, match="was credited by the catalog"):
        Activity.from_parquet(tmp_path / "other.parquet")
    assert Activity.from_parquet(tmp_path / "other.parquet", catalog=catalog) == other


def test_reports_are_made_with_it(catalog, account):
    activity = Activity.from_trail("testdata/trail", catalog=catalog)
    advisor = Advisor(account, activity, now=NOW, catalog=catalog)
    assert names(advisor.report(ERIN)) == [("s3", "Buckets")]
    assert set(advisor.reports().to_polars()["service_name"].cast(str).drop_nulls()) >= {"Buckets"}


def test_a_store_uses_it(catalog, tmp_path):
    store = Store(tmp_path / "advisor.db", catalog=catalog)
    store.import_account("testdata/account.json")
    store.import_trail("testdata/trail")
    job = store.generate_service_last_accessed_details(Arn=ERIN, now=NOW)["JobId"]
    assert names(store.get_service_last_accessed_details(JobId=job)) == [("s3", "Buckets")]


def test_files_that_are_not_catalogs(tmp_path):
    path = tmp_path / "catalog.txt"
    with pytest.raises(CatalogError) as raised:
        Catalog.load(path)
    assert (raised.value.path, raised.value.line) == (str(path), None)
    assert isinstance(raised.value.__cause__, FileNotFoundError)
    path.write_text("")
    with pytest.raises(CatalogError, match="header") as raised:
        Catalog.load(path)
    assert (raised.value.path, raised.value.line) == (str(path), None)
    path.write_text(TABLE + "nonsense\n")
    with pytest.raises(CatalogError, match="line 9") as raised:
        Catalog.load(path)
    assert (raised.value.path, raised.value.line) == (str(path), 9)
    with pytest.raises(CatalogError, match="^line 9") as raised:
        Catalog.parse(TABLE + "nonsense\n")
    assert (raised.value.path, raised.value.line) == (None, 9)


def test_other_types_are_not_catalogs(account, activity):
    with pytest.raises(TypeError):
        Advisor(account, activity, catalog="catalog.txt")
