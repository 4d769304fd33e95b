"""Reading trails, merging, files."""

import json
import os
import pickle
import re
import subprocess
import sys
import threading
from datetime import date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas
import polars
import pytest
from conftest import NOW, ROOT

from access_advisor import (
    Activity,
    Advisor,
    Coverage,
    Intake,
    InvalidInputError,
    Reconciliation,
    Store,
    TrailError,
    _native,
)


def test_the_command_line_and_the_package_agree(activity):
    """The numbers that the project's README shows."""
    read = activity.reconciliation
    assert (read.objects_read, read.records_read) == (87, 385)
    assert (read.records_attributed, read.records_set_aside) == (322, 63)
    assert (read.digests_read, read.objects_skipped) == (1, {"insight": 1})
    assert sum(read.set_aside_by_reason.values()) == 63
    assert read.adds_up and not read.has_faults


def test_a_reconciliation_has_the_names_of_rust():
    api = Path("crates/access-advisor/public-api.txt").read_text()
    names = set(re.findall(r"^pub (?:fn )?access_advisor::trail::Reconciliation::(\w+)", api, re.M))
    # Python adds with `+`, has the counts of rows one by one, and leaves out two sums.
    names -= {"fmt", "merge", "activity_rows", "unusable", "unnamed_malformed"}
    assert len(names) > 15
    assert names <= set(dir(Reconciliation))


def test_truncated_objects(tmp_path, account):
    page = {"Events": [{"CloudTrailEvent": "{}"}], "NextToken": "more"}
    (tmp_path / "page.json").write_text(json.dumps(page))
    activity = Activity.from_trail([tmp_path, "testdata/trail"])
    [truncated] = activity.reconciliation.objects_truncated
    assert (truncated.path, truncated.kind) == (str(tmp_path / "page.json"), "next_page")
    assert "NextToken" in truncated.reason and "page.json" in repr(truncated)
    assert pickle.loads(pickle.dumps(truncated)) == truncated
    missing = Advisor(account, activity, now=NOW).missing_input
    assert missing["objects_truncated"] == 1 and set(missing) <= {"objects_truncated", "records_malformed"}


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_any_number_of_threads_gives_the_same_result(activity, threads):
    assert Activity.from_trail("testdata/trail", threads=threads) == activity


def test_parts_merge_into_the_whole(activity):
    paths = sorted(path for path in Path("testdata/trail").rglob("*") if path.is_file())
    parts = [Activity.from_trail(paths[start::3]) for start in range(3)]
    merged = Activity.merge(*parts)
    assert merged == activity
    assert merged.reconciliation == activity.reconciliation
    assert Activity.merge(parts[2], parts[0], parts[1]) == activity
    assert len(Activity.merge()) == 0 and Activity.merge(activity) == activity


def test_times_bound_what_is_read(activity):
    since, until = NOW - timedelta(days=60), NOW - timedelta(days=30)
    part = Activity.from_trail("testdata/trail", since=since, until=until)
    frame = part.table().to_polars()
    assert 0 < len(part) < len(activity)
    assert frame["first_accessed"].min() >= since
    assert frame["last_accessed"].max() <= until
    assert part.newest == frame["last_accessed"].max()
    assert part.newest.utcoffset() == timedelta(0)


def test_time_zones_are_converted():
    zone = ZoneInfo("Asia/Kathmandu")
    utc = datetime(2026, 9, 1, 0, 0, tzinfo=timezone.utc)
    [here, there] = [
        Activity.from_trail("testdata/trail", since=since) for since in (utc, utc.astimezone(zone))
    ]
    assert here == there


def test_a_datetime_without_a_time_zone_is_rejected():
    with pytest.raises(InvalidInputError, match="time zone"):
        Activity.from_trail("testdata/trail", since=datetime(2026, 9, 1))
    with pytest.raises(TypeError, match="datetime"):
        Activity.from_trail("testdata/trail", since="2026-09-01")


def test_malformed_input_is_set_aside_and_reported(tmp_path):
    (tmp_path / "cut.json.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    (tmp_path / "odd.json").write_text('{"Records": [{"eventVersion": "1.08"}]}')
    read = Activity.from_trail(["testdata/trail", tmp_path]).reconciliation
    assert read.has_faults
    [failed] = read.objects_failed
    assert failed.path == str(tmp_path / "cut.json.gz")
    [example] = read.examples
    assert (example.path, example.record, example.kind) == (str(tmp_path / "odd.json"), 1, "missing")
    assert read.records_malformed == 1


def test_objects_have_a_limit(activity):
    read = Activity.from_trail("testdata/trail", object_limit=4000).reconciliation
    assert 0 < len(read.objects_failed) < 89
    assert 0 < read.objects_read < activity.reconciliation.objects_read


@pytest.mark.parametrize(
    "arguments",
    [
        {"threads": -1},
        {"threads": 0},
        {"threads": 1 << 70},
        {"object_limit": -1},
        {"object_limit": 1 << 70},
        {"since": pandas.NaT},
        {"until": datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))},
        {"since": NOW, "until": NOW - timedelta(microseconds=1)},
    ],
    ids=str,
)
def test_invalid_arguments(arguments):
    with pytest.raises(InvalidInputError):
        Activity.from_trail("testdata/trail", **arguments)


def test_arguments_of_another_type():
    for arguments in ({"threads": "2"}, {"threads": 1.5}, {"object_limit": "1 GiB"}):
        with pytest.raises(TypeError):
            Activity.from_trail("testdata/trail", **arguments)


def test_one_instant_can_be_asked_for(activity):
    found = Activity.from_trail("testdata/trail", since=activity.newest, until=activity.newest)
    assert 0 < len(found) < len(activity)
    with pytest.raises(InvalidInputError, match="later"):
        Intake(since=NOW, until=NOW - timedelta(days=1))
    with pytest.raises(InvalidInputError):
        Intake(object_limit=-1)


def test_exceptions_of_a_path_object_are_raised():
    class Gone:
        def __fspath__(self):
            raise LookupError("no such path")

        def __iter__(self):
            return iter(["testdata/trail"])

    for paths in (Gone(), [Gone()]):
        with pytest.raises(LookupError, match="no such path"):
            Activity.from_trail(paths)


def test_the_error_for_a_missing_path_has_it(tmp_path):
    with pytest.raises(TrailError) as raised:
        Activity.from_trail(["testdata/trail", tmp_path / "gone"])
    assert raised.value.path == str(tmp_path / "gone")
    assert isinstance(raised.value.__cause__, FileNotFoundError)
    with pytest.raises(TrailError, match="no file") as raised:
        Activity.from_trail(tmp_path)
    assert raised.value.path == str(tmp_path)


def test_a_trail_without_a_record_is_an_error(tmp_path):
    """As on the command line: everything would look unused."""
    (tmp_path / "a.json.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(TrailError, match="unused") as raised:
        Activity.from_trail(tmp_path)
    assert raised.value.path == str(tmp_path / "a.json.gz")
    assert str(raised.value).startswith(f"{tmp_path / 'a.json.gz'}: ")
    (tmp_path / "none.json").write_text('{"Records": []}')
    with pytest.raises(TrailError, match="there is no CloudTrail record") as raised:
        Activity.from_trail(tmp_path / "none.json")
    assert raised.value.path is None
    # All records set aside are records read.
    assert len(Activity.from_trail("testdata/trail", since=NOW)) == 0


def test_rows_of_activity_files_are_accounted_for(activity, tmp_path):
    path = tmp_path / "activity.parquet"
    activity.to_parquet(path)
    whole = Activity.from_trail(path).reconciliation
    assert whole.records_read == 0
    assert whole.activity_rows_read == whole.activity_rows_taken == len(activity)
    assert whole.activity_rows_attempts == activity.table().to_polars()["attempts"].sum()
    assert whole.activity_rows_set_aside_by_reason == {}

    part = Activity.from_trail(path, until=NOW - timedelta(days=60)).reconciliation
    assert part.activity_rows_read == len(activity)
    assert 0 < part.activity_rows_taken < len(activity)
    assert part.activity_rows_read == part.activity_rows_taken + part.activity_rows_set_aside
    reasons = part.activity_rows_set_aside_by_reason
    assert sum(reasons.values()) == part.activity_rows_set_aside
    # Rows that span the end are cut.
    assert set(reasons) == {"after_until"}
    assert (part.records_set_aside, part.records_malformed) == (0, 0)

    frame = activity.table().to_polars()
    blank = frame.with_columns(polars.lit("").alias("service_namespace"))
    polars.concat([blank.head(-1), frame.tail(1)]).write_parquet(path)
    broken = Activity.from_trail(path).reconciliation
    assert broken.records_malformed == broken.activity_rows_set_aside == len(activity) - 1
    assert len(broken.examples) == 20
    assert {example.kind for example in broken.examples} == {"missing"}
    assert not broken.is_empty

    blank.write_parquet(path)
    with pytest.raises(TrailError, match="there is no CloudTrail record"):
        Activity.from_trail(path)


def test_files_give_back_what_was_written(activity, tmp_path):
    path = tmp_path / "activity.parquet"
    activity.to_parquet(path)
    again = Activity.from_parquet(path)
    assert again == activity
    assert again.reconciliation.records_read == 0
    assert Activity.from_trail(path) == activity
    assert [found.name for found in tmp_path.iterdir()] == ["activity.parquet"]


def test_activity_files_are_those_of_the_command_line(activity, tmp_path):
    """Polars reads what was written, and what it writes is read."""
    activity.to_parquet(tmp_path / "ours.parquet")
    polars.read_parquet(tmp_path / "ours.parquet").write_parquet(tmp_path / "theirs.parquet")
    theirs = Activity.from_parquet(tmp_path / "theirs.parquet")
    assert theirs.coverage.has_unknown_sources
    assert theirs.with_coverage(activity.coverage) == activity


def test_coverage_travels(activity, tmp_path):
    coverage = activity.coverage
    # The exports of the test trail may have been filtered.
    assert "111122223333" in coverage.accounts and coverage.has_unknown_sources
    days = coverage.covered_days("111122223333")
    assert days == sorted(set(days)) and date(2026, 10, 1) in days
    shown = coverage.to_dict()
    assert [account["Account"] for account in shown["Accounts"]] == coverage.accounts
    assert shown["MissingLogFiles"] == coverage.missing_log_files
    for copy in (
        pickle.loads(pickle.dumps(coverage)),
        pickle.loads(pickle.dumps(activity)).coverage,
        Coverage.from_json(coverage.to_json()),
        Activity.from_arrow(activity.table()).coverage,
        sum([coverage, coverage], Coverage()),
    ):
        assert copy == coverage
    with pytest.raises(InvalidInputError, match="not a coverage"):
        Coverage.from_json("{")


def test_files_that_are_not_activity_files(tmp_path):
    path = tmp_path / "activity.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(TrailError) as raised:
        Activity.from_parquet([path])
    assert raised.value.path == str(path)
    with pytest.raises(TrailError) as raised:
        Activity.from_trail("testdata/trail").to_parquet(tmp_path / "no" / "folder.parquet")
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_folders_of_activity_files(activity, tmp_path):
    """As engines write them: parts, and other files beside them."""
    folder = tmp_path / "written"
    parts = sorted(Path("testdata/trail").iterdir())
    for number, part in enumerate(parts):
        below = folder / f"part={number}"
        below.mkdir(parents=True)
        Activity.from_trail(part).to_parquet(below / "part.snappy.parquet")
    for other in ("_SUCCESS", ".part.parquet.crc", "_part.parquet", ".part.parquet", "readme.txt"):
        (folder / other).write_text("no Parquet")
    for other in ("_temporary", ".hidden"):
        (folder / other).mkdir()
        (folder / other / "part.parquet").write_text("no Parquet")
    assert Activity.from_parquet(folder) == activity
    assert Activity.from_parquet([folder]) == activity
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "_SUCCESS").touch()
    with pytest.raises(TrailError, match="no file") as raised:
        Activity.from_parquet([folder, empty])
    assert raised.value.path == str(empty)
    (folder / "broken.parquet").write_text("no Parquet")
    with pytest.raises(TrailError) as raised:
        Activity.from_parquet(folder)
    assert raised.value.path == str(folder / "broken.parquet")
    with pytest.raises(TrailError) as raised:
        Activity.from_parquet(tmp_path / "gone")
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_merge_takes_activities_not_a_list(activity):
    with pytest.raises(TypeError, match="list"):
        Activity.merge([activity, activity])
    with pytest.raises(TypeError, match="list"):
        activity.merge([activity])


def test_tables_without_a_column_are_rejected(activity):
    frame = activity.table().to_polars().drop("attempts")
    with pytest.raises(TrailError, match="attempts") as raised:
        Activity.from_arrow(frame)
    assert raised.value.column_name == "attempts"


def test_an_intake_gives_the_same_activity_as_a_trail(activity):
    intake = Intake()
    paths = [path for path in Path("testdata/trail").rglob("*") if path.is_file()]
    for number, path in enumerate(paths):
        if number % 2:
            intake.take_object(str(path), path.read_bytes())
        else:
            intake.take_file(path)
    taken = intake.finish()
    assert taken == activity
    assert taken.reconciliation == activity.reconciliation
    for again in (intake.finish, lambda: intake.take_object("a", b"{}")):
        with pytest.raises(InvalidInputError, match="finished"):
            again()


def test_an_intake_reports_what_it_cannot_read():
    intake = Intake(since=NOW)
    cut = intake.take_object("s3://bucket/cut.json.gz", b"\x1f\x8b\x08\x00broken")
    gone = intake.take_file("gone.json")
    assert (cut.bytes, cut.records, gone.bytes, gone.records) == (10, 0, 0, 0)
    assert repr(cut) == "<Taken 10 bytes, 0 records>"
    failed = intake.finish().reconciliation.objects_failed
    assert sorted(object.path for object in failed) == ["gone.json", "s3://bucket/cut.json.gz"]


def test_s3(activity, monkeypatch, tmp_path):
    """A bucket holds the same trail; credentials, Region and endpoint come from the environment."""
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        for path in Path("testdata/trail").rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), "trail", f"logs/{path.relative_to('testdata/trail')}")
        found = Activity.from_trail("s3://trail/logs/")
        assert found == activity
        assert found.reconciliation.objects_read == activity.reconciliation.objects_read
        store = Store(tmp_path / "advisor.db")
        for read in (Activity.from_trail, store.import_trail):
            with pytest.raises(TrailError, match="NoSuchBucket|404") as raised:
                read("s3://nowhere/")
            assert raised.value.path == "s3://nowhere/"
            assert str(raised.value).count("s3://nowhere/") == 1
            assert raised.value.__cause__ is None
            with pytest.raises(TrailError, match="there is no object to read") as raised:
                read("s3://trail/typo/")
            assert raised.value.path == "s3://trail/typo/"
        # One bucket has objects, the other does not exist.
        part = Activity.from_trail(["s3://trail/logs/", "s3://nowhere/"])
        assert part.table().to_polars().equals(activity.table().to_polars())
        assert part.coverage.missing_log_files == ["s3://nowhere/"]
        assert [failed.path for failed in part.reconciliation.objects_failed] == ["s3://nowhere/"]
        # The first import reads all objects, the second finds them imported.
        assert store.import_trail("s3://trail/logs/").known == 0
        read = activity.reconciliation
        assert store.import_trail("s3://trail/logs/").known == read.objects_read + read.digests_read
    finally:
        server.stop()


def test_a_bucket_without_access(monkeypatch, tmp_path):
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(403)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": "eu-west-1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for read in (Activity.from_trail, Store(tmp_path / "advisor.db").import_trail):
            with pytest.raises(TrailError, match="403") as raised:
                read("s3://trail/logs/")
            assert raised.value.path == "s3://trail/logs/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_part_of_a_trail_may_be_empty():
    """As Spark's executors read parts."""
    nothing = _native.read_objects([])
    assert (len(nothing), nothing.reconciliation.has_faults) == (0, False)
    [failed] = _native.read_objects([("gone.json", 7)]).reconciliation.objects_failed
    assert failed.path == "gone.json"
    turned = {"since": NOW, "until": NOW - timedelta(days=1)}
    with pytest.raises(InvalidInputError, match="later"):
        _native.read_objects([], **turned)
    with pytest.raises(InvalidInputError, match="later"):
        _native.list_objects("testdata/trail", **turned)
    assert len(Intake().finish()) == 0


def test_an_intake_fails_in_a_forked_process():
    """The child does not have its thread."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    script = """
import os
from access_advisor import Intake, InvalidInputError
intake = Intake()
intake.take_object("a.json", b'{"Records": []}')
child = os.fork()
if child == 0:
    for use in (lambda: intake.take_object("a", b"{}"), lambda: intake.take_file("a"), intake.finish):
        try:
            use()
        except InvalidInputError as error:
            assert str(os.getppid()) in str(error), error
        else:
            os._exit(1)
    del use, intake
    assert len(Intake().finish()) == 0
    os._exit(0)
assert intake.finish().reconciliation.objects_read == 1
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "0\n", done.stderr


def test_a_process_can_be_forked_after_use(activity):
    """Thread pools end with the call: otherwise a child would wait for threads that it does not have."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    script = """
import os
from access_advisor import AccountData, Activity, Advisor
account = AccountData.load("testdata/account.json")
activity = Activity.from_trail("testdata/trail", threads=2)
child = os.fork()
if child == 0:
    assert Activity.from_trail("testdata/trail", threads=2) == activity
    assert len(Advisor(account, activity).reports()) > 1000
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "0\n", done.stderr
