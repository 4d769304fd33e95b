"""The reader on Spark, on a cluster of processes of its own: a master, two workers, two executors of one core."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import signal
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pyarrow
import pyspark
import pytest
from access_advisor import Activity, Catalog, InvalidInputError, TrailError
from access_advisor import spark as advisor_spark
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from pyspark.sql import SparkSession
from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = Path(__file__).resolve().parents[3]
TESTDATA_TRAIL = ROOT / "testdata/trail"
BUCKET = "trail-of-the-spark-tests"

# Options for a fast start of Java.
QUICK_START = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


@pytest.fixture(scope="module")
def java():
    """Spark needs Java 17, which `cargo xtask test` installs on Debian."""
    if shutil.which("java") is None:
        pytest.fail("java is not on the search path: Spark needs Java 17")


@pytest.fixture(scope="module")
def s3():
    """An S3 server on loopback."""
    server = S3()
    yield server
    server.close()


@pytest.fixture(scope="module")
def spark(java, s3, tmp_path_factory):
    """Two executors, processes of their own, which know the S3 server."""
    # The workers keep their logs below Spark's home.
    home = tmp_path_factory.mktemp("spark")
    for part in Path(pyspark.__file__).parent.iterdir():
        (home / part.name).symlink_to(part)
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": s3.url,
    }
    driver = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, **driver}.items():
            patch.setenv(name, value)
        builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("tests of access-advisor")
        settings = {
            "spark.driver.extraJavaOptions": QUICK_START,
            "spark.driver.host": "127.0.0.1",
            "spark.executor.extraJavaOptions": QUICK_START,
            "spark.local.dir": str(home / "local"),
            "spark.log.level": "OFF",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "10min",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(home / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            **{f"spark.executorEnv.{name}": value for name, value in environment.items()},
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


@pytest.fixture(scope="module")
def trail(tmp_path_factory):
    """A trail with faults in it."""
    return write_trail(tmp_path_factory.mktemp("trail"))


class S3:
    """moto's S3, which records requests."""

    def __init__(self):
        class Quiet(WSGIRequestHandler):
            def log_request(self, *_):
                pass

        moto = DomainDispatcherApplication(create_backend_app)

        def application(environ, start_response):
            if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(".json.gz"):
                with self.lock:
                    self.read.append(environ["PATH_INFO"])
                    self.on_read(len(self.read))
            return moto(environ, start_response)

        self.lock = threading.Lock()
        self.read = []
        self.on_read = lambda count: None
        self.server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def client(self):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client("s3", endpoint_url=self.url, region_name="eu-west-1", **keys)

    def put(self, folder):
        client = self.client()
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        objects = [path for path in folder.rglob("*.json.gz") if path.is_file()]
        for path in objects:
            client.put_object(Bucket=BUCKET, Key=str(path.relative_to(folder)), Body=path.read_bytes())
        return len(objects)

    def close(self):
        self.server.shutdown()
        self.thread.join()


def write_trail(folder):
    """Sixty good objects in three days' folders, and others."""
    chance = random.Random(5)
    start = datetime(2026, 10, 1, tzinfo=timezone.utc)
    days = [folder / "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10" / f"{day:02}" for day in (1, 2, 3)]
    for day in days:
        day.mkdir(parents=True)
    for number in range(60):
        records = [record(chance, start + timedelta(hours=number)) for _ in range(150 if number % 10 == 9 else 50)]
        if number % 20 == 0:
            records[7]["eventTime"] = "yesterday"
        records.append(rare(record(chance, start + timedelta(hours=number)), number))
        name = f"111122223333_CloudTrail_eu-west-1_202610{number % 3 + 1:02}T{number // 3:02}00Z_{number:016}.json.gz"
        (days[number % 3] / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    good = min(days[0].iterdir())
    (days[0] / "damaged.json.gz").write_bytes(good.read_bytes()[:-200])
    (days[1] / "empty.json.gz").write_bytes(b"")
    (days[2] / "not a trail é%20.json.gz").write_bytes(b'{"name": "no trail"}')
    return folder


def record(chance, time):
    """A call by one of a few users. Some were renamed meanwhile; some calls are of the same second."""
    user = chance.randrange(12)
    name = f"renamed-{user}" if user % 4 == 0 and time.day > 1 else f"user-{user}"
    account = "111122223333" if user % 5 else chance.choice(["111122223333", "444455556666"])
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": f"AIDAEXAMPLE{user:010}",
            "arn": f"arn:aws:iam::{account}:user/{name}",
            "accountId": account,
            "userName": name,
        },
        "eventTime": (time + timedelta(seconds=chance.randrange(20))).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": chance.choice(["s3.amazonaws.com", "ec2.amazonaws.com", "nothing-known.amazonaws.com"]),
        "eventName": chance.choice(["ListBuckets", "DescribeInstances", "GetObject"]),
        "awsRegion": chance.choice(["eu-west-1", "us-east-1"]),
        "errorCode": chance.choice([None, None, "AccessDenied"]),
        "eventID": f"{chance.getrandbits(32):08x}-0000-4000-8000-000000000000",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
    }


def rare(record, number):
    """A user's only call but one, of another operation, under another name and in another account: which of them it has now
    is in a row of another partial table."""
    user, is_later = number % 30, number >= 30
    account, name = ("444455556666", f"after-{user}") if is_later else ("111122223333", f"before-{user}")
    identity = {
        "type": "IAMUser",
        "principalId": f"AIDARARE{user:013}",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "userName": name,
    }
    return {**record, "userIdentity": identity, "eventName": f"Rare{number}"}


def in_order(table, like):
    """The rows of a table, sorted."""
    table = pyarrow.table(table).select(like.column_names).cast(like.schema)
    # Lists have no order; a row is known without them.
    return table.sort_by([(name, "ascending") for name in table.column_names if name != "days"]).combine_chunks()


def assert_same(read, expected, *, only_named=()):
    """Asserts that Spark read the same as one process: rows, failures and counts."""
    table = pyarrow.table(expected.table())
    assert read.activity.columns == table.column_names
    assert in_order(read.activity.toArrow(), table).equals(in_order(table, table))

    def held(coverage):
        # Spark names objects by other paths, and ignores some.
        return {**json.loads(coverage.to_json()), "MissingLogFiles": None}

    assert held(read.coverage) == held(expected.coverage)

    told, counts = expected.reconciliation, read.reconciliation
    failures = {row.path: (row.kind, row.reason) for row in read.failures.collect()}
    expected_failures = {failed.path: (failed.kind, failed.reason) for failed in told.objects_failed}
    for path in only_named:
        assert failures.pop(path) and expected_failures.pop(path)
    assert failures == expected_failures
    if not only_named:
        assert counts == told
    assert len(counts.objects_failed) == len(told.objects_failed)
    assert sorted(str(counts).splitlines()) == sorted(str(told).splitlines())

    assert counts.records_read == counts.records_attributed + counts.records_set_aside
    assert counts.activity_rows_read == counts.activity_rows_taken + counts.activity_rows_set_aside


def executors(spark):
    """The processes of the executors."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if spark.sparkContext.applicationId in command and any("CoarseGrainedExecutor" in part for part in command):
                found.append(int(process.name))
    return found


@pytest.mark.parametrize(("path", "by"), [(TESTDATA_TRAIL, "binary"), ("testdata/trail", "path")])
def test_the_test_account_s_trail(spark, path, by):
    """Executors run elsewhere: a relative path is the driver's."""
    with advisor_spark.activity(spark, path, read=by) as read:
        assert_same(read, Activity.from_trail(TESTDATA_TRAIL))


@pytest.mark.parametrize("by", ["path", "binary"])
def test_a_trail_with_faults(spark, trail, by):
    expected = Activity.from_trail(trail)
    reasons = [failed.path.rpartition("/")[2] for failed in expected.reconciliation.objects_failed]
    assert reasons == ["damaged.json.gz", "empty.json.gz", "not a trail é%20.json.gz"]
    assert expected.reconciliation.records_malformed == 3
    with advisor_spark.activity(spark, [f"file://{trail}/AWSLogs"], read=by) as read:
        # Spark ignores empty files.
        empty = [failed.path for failed in expected.reconciliation.objects_failed if "/empty" in failed.path]
        assert_same(read, expected, only_named=empty if by == "binary" else ())


def test_objects_that_executors_cannot_open(spark, trail, tmp_path):
    """A dangling link."""
    shutil.copytree(trail / "AWSLogs", tmp_path / "AWSLogs")
    dead = tmp_path / "AWSLogs" / "dead.json.gz"
    dead.symlink_to(tmp_path / "nowhere")
    with advisor_spark.activity(spark, tmp_path) as read:
        assert_same(read, Activity.from_trail(tmp_path))
        assert len(read.reconciliation.objects_failed) == 4


@pytest.mark.parametrize("by", ["path", "binary"])
def test_times_and_limits(spark, trail, by):
    limits = {
        "since": datetime(2026, 10, 2, tzinfo=timezone.utc),
        "until": datetime(2026, 10, 3, 1, tzinfo=timezone(timedelta(hours=2))),
        "object_limit": 50_000,
    }
    expected = Activity.from_trail(trail, **limits)
    assert 0 < expected.reconciliation.objects_read < 60
    assert len(expected.reconciliation.set_aside_by_reason) == 3
    with advisor_spark.activity(spark, trail, read=by, **limits) as read:
        empty = [failed.path for failed in expected.reconciliation.objects_failed if "/empty" in failed.path]
        assert_same(read, expected, only_named=empty if by == "binary" else ())


def test_an_executor_killed_during_the_job_and_one_after_it(spark, s3, trail):
    objects = s3.put(trail)
    location = f"s3://{BUCKET}/AWSLogs"
    expected = Activity.from_trail(location)
    assert expected.reconciliation.objects_read == 60
    before = executors(spark)
    assert len(before) == 2

    def kill(count):
        if count == objects // 2:
            os.kill(before[0], signal.SIGKILL)

    s3.read.clear()
    s3.on_read = kill
    with advisor_spark.activity(spark, location.replace("s3:", "s3a:"), read="path", partitions=6) as read:
        assert before[0] not in executors(spark)
        # Its tasks run again.
        assert len(s3.read) > objects
        os.kill(before[1], signal.SIGKILL)
        assert_same(read, expected)
    s3.on_read = lambda count: None


@pytest.mark.parametrize("by", ["path", "binary"])
def test_another_catalog(spark, by):
    """S3 with two actions, and no other service."""
    text = "service-reference\t1\nservice-names\t1\nbotocore\t1\nservice\ts3\tBuckets\nR+\tGetObject\nL+\tListAllMyBuckets\n"
    catalog = Catalog.parse(text)
    expected = Activity.from_trail(TESTDATA_TRAIL, catalog=catalog)
    assert expected != Activity.from_trail(TESTDATA_TRAIL)
    with advisor_spark.activity(spark, TESTDATA_TRAIL, read=by, catalog=catalog) as read:
        assert_same(read, expected)


def test_a_folder_that_spark_writes_is_an_activity_file(spark, trail, tmp_path):
    with advisor_spark.activity(spark, trail, partitions=3) as read:
        read.activity.write.parquet(str(tmp_path / "activity"))
    expected = Activity.from_trail(trail)
    for paths in (tmp_path / "activity", (tmp_path / "activity").glob("*.parquet")):
        assert Activity.from_parquet(paths).with_coverage(read.coverage) == expected


def test_times_are_instants_in_any_session(spark, trail, tmp_path):
    expected = Activity.from_trail(trail)
    settings = {"spark.sql.timestampType": "TIMESTAMP_NTZ", "spark.sql.session.timeZone": "Asia/Kathmandu"}
    before = {name: spark.conf.get(name) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        with advisor_spark.activity(spark, trail) as read:
            types = dict(read.activity.dtypes)
            assert {types[name] for name in ("principal_arn_seen", "last_accessed", "first_accessed")} == {"timestamp"}
            assert_same(read, expected)
            read.activity.write.parquet(str(tmp_path / "activity"))
        assert Activity.from_parquet(tmp_path / "activity").with_coverage(read.coverage) == expected
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)


def test_rows_of_activity_files_are_accounted_for(spark, trail, tmp_path):
    Activity.from_trail(trail).to_parquet(tmp_path / "activity.parquet")
    until = datetime(2026, 10, 2, tzinfo=timezone.utc)
    expected = Activity.from_trail(tmp_path, until=until)
    assert expected.reconciliation.activity_rows_set_aside > 0
    assert expected.reconciliation.activity_rows_taken > 0
    for paths in (tmp_path, [tmp_path, TESTDATA_TRAIL]):
        with advisor_spark.activity(spark, paths, until=until) as read:
            assert_same(read, Activity.from_trail(paths, until=until))


@pytest.mark.parametrize("by", ["path", "binary"])
def test_a_trail_of_unreadable_objects(spark, tmp_path, by):
    for name in ("b.json", "a.json"):
        (tmp_path / name).write_text("{")
    with pytest.raises(TrailError, match="there is no CloudTrail record to read") as raised:
        advisor_spark.activity(spark, tmp_path, read=by)
    assert raised.value.path == str(tmp_path / "a.json")
    (tmp_path / "none").mkdir()
    for records in ("[]", '[{"eventVersion": "1.08"}]'):
        (tmp_path / "none" / "none.json").write_text(f'{{"Records": {records}}}')
        with pytest.raises(TrailError, match="there is no CloudTrail record to read") as raised:
            advisor_spark.activity(spark, tmp_path / "none", read=by)
        assert raised.value.path is None


def test_an_empty_prefix_and_a_missing_bucket(spark, s3):
    client = s3.client()
    client.create_bucket(Bucket="empty", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for path in ("s3://empty/typo/", "s3://nowhere/"):
        with pytest.raises(TrailError, match="there is no CloudTrail record to read") as raised:
            advisor_spark.activity(spark, path)
        assert raised.value.path == path
        assert str(raised.value).count(path) == 1


@pytest.mark.parametrize("by", ["auto", "path", "binary"])
def test_a_missing_trail(spark, tmp_path, by):
    missing = str(tmp_path / "missing")
    with pytest.raises(TrailError) as raised:
        advisor_spark.activity(spark, missing, read=by)
    assert raised.value.path == missing
    with pytest.raises(TrailError, match="there is no file in this folder"):
        advisor_spark.activity(spark, tmp_path, read=by)


def test_invalid_arguments(spark):
    with pytest.raises(InvalidInputError, match="time zone"):
        advisor_spark.activity(spark, TESTDATA_TRAIL, since=datetime(2026, 10, 1))
    with pytest.raises(InvalidInputError, match="later"):
        day = datetime(2026, 10, 1, tzinfo=timezone.utc)
        advisor_spark.activity(spark, TESTDATA_TRAIL, since=day, until=day - timedelta(days=1))
    with pytest.raises(InvalidInputError, match="partitions"):
        advisor_spark.activity(spark, TESTDATA_TRAIL, partitions=0)
    with pytest.raises(InvalidInputError, match="read must be"):
        advisor_spark.activity(spark, TESTDATA_TRAIL, read="fast")
    with pytest.raises(InvalidInputError, match="binary"):
        advisor_spark.activity(spark, "hdfs://nowhere/trail", read="path")
    with pytest.raises(InvalidInputError, match="no path"):
        advisor_spark.activity(spark, [])


def test_page(spark, capsys):
    """The blocks of Spark's page print what the page shows."""
    page = (ROOT / "docs/spark.md").read_text()
    [script] = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    [printed] = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    names = {"spark": spark}
    exec(script, names)
    assert capsys.readouterr().out.strip() == printed.strip()
    names["read"].unpersist()


def test_with_a_checkpoint_nothing_is_read_twice(spark, trail, tmp_path):
    """Runs last, because the checkpoint directory stays set."""
    shutil.copytree(trail / "AWSLogs", tmp_path / "AWSLogs")
    expected = Activity.from_trail(tmp_path / "AWSLogs")
    spark.sparkContext.setCheckpointDir(str(tmp_path / "checkpoints"))
    read = advisor_spark.activity(spark, tmp_path / "AWSLogs")
    shutil.rmtree(tmp_path / "AWSLogs")
    assert_same(read, expected)
