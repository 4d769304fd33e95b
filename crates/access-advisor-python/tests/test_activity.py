"""Reading trails, merging, files."""

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import NOW, ROOT

from access_advisor import Activity, Intake, InvalidInputError, TrailError


def test_the_command_line_and_the_package_agree(activity):
    """The numbers that the project's README shows."""
    read = activity.reconciliation
    assert (read.objects_read, read.records_read) == (87, 385)
    assert (read.records_attributed, read.records_set_aside) == (321, 64)
    assert read.objects_skipped == {"digest": 1, "insight": 1}
    assert sum(read.set_aside_by_reason.values()) == 64
    assert not read.has_faults


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_do_not_matter(activity, threads):
    assert Activity.from_trail("testdata/trail", threads=threads) == activity


def test_parts_merge_into_the_whole(activity):
    paths = sorted(path for path in Path("testdata/trail").rglob("*") if path.is_file())
    parts = [Activity.from_trail(paths[start::3]) for start in range(3)]
    merged = Activity.merge(*parts)
    assert merged == activity
    assert merged.reconciliation == activity.reconciliation
    assert parts[2].merge(parts[0], parts[1]) == activity


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


def test_a_datetime_without_a_time_zone_is_refused():
    with pytest.raises(InvalidInputError, match="time zone"):
        Activity.from_trail("testdata/trail", since=datetime(2026, 9, 1))
    with pytest.raises(TypeError, match="datetime"):
        Activity.from_trail("testdata/trail", since="2026-09-01")


def test_what_is_wrong_is_set_aside_and_named(tmp_path):
    (tmp_path / "cut.json.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    (tmp_path / "odd.json").write_text('{"Records": [{"eventVersion": "1.08"}]}')
    read = Activity.from_trail(tmp_path).reconciliation
    assert read.has_faults
    [failed] = read.objects_failed
    assert failed.path == str(tmp_path / "cut.json.gz")
    [example] = read.examples
    assert (example.path, example.record) == (str(tmp_path / "odd.json"), 1)
    assert read.records_malformed == 1


def test_objects_have_a_limit():
    read = Activity.from_trail("testdata/trail", object_limit=100).reconciliation
    assert len(read.objects_failed) > 80


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(TrailError) as raised:
        Activity.from_trail(["testdata/trail", tmp_path / "gone"])
    assert raised.value.path == str(tmp_path / "gone")
    with pytest.raises(TrailError, match="no file") as raised:
        Activity.from_trail(tmp_path)
    assert raised.value.path == str(tmp_path)


def test_files_give_back_what_was_written(activity, tmp_path):
    path = tmp_path / "activity.parquet"
    activity.to_parquet(path)
    again = Activity.from_parquet(path)
    assert again == activity
    assert again.reconciliation.records_read == 0
    assert Activity.from_trail(path) == activity
    assert [found.name for found in tmp_path.iterdir()] == ["activity.parquet"]


def test_activity_files_are_the_command_lines(activity, tmp_path):
    """Polars reads what was written, and what it writes is read."""
    import polars

    activity.to_parquet(tmp_path / "ours.parquet")
    polars.read_parquet(tmp_path / "ours.parquet").write_parquet(tmp_path / "theirs.parquet")
    assert Activity.from_parquet(tmp_path / "theirs.parquet") == activity


def test_files_that_are_none_are_named(tmp_path):
    path = tmp_path / "activity.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(TrailError) as raised:
        Activity.from_parquet([path])
    assert raised.value.path == str(path)
    with pytest.raises(TrailError) as raised:
        Activity.from_trail("testdata/trail").to_parquet(tmp_path / "no" / "folder.parquet")
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_tables_without_a_column_are_refused(activity):
    frame = activity.table().to_polars().drop("attempts")
    with pytest.raises(TrailError, match="attempts") as raised:
        Activity.from_arrow(frame)
    assert raised.value.column_name == "attempts"


def test_an_intake_takes_what_a_reader_takes(activity):
    intake = Intake()
    paths = [path for path in Path("testdata/trail").rglob("*") if path.is_file()]
    for number, path in enumerate(paths):
        if number % 2:
            intake.take(str(path), path.read_bytes())
        else:
            intake.take_file(path)
    taken = intake.finish()
    assert taken == activity
    assert taken.reconciliation == activity.reconciliation
    for again in (intake.finish, lambda: intake.take("a", b"{}")):
        with pytest.raises(InvalidInputError, match="finished"):
            again()


def test_an_intake_names_what_it_cannot_read():
    intake = Intake(since=NOW)
    assert intake.take("s3://bucket/cut.json.gz", b"\x1f\x8b\x08\x00broken") == 0
    assert intake.take_file("gone.json") == 0
    failed = intake.finish().reconciliation.objects_failed
    assert sorted(object.path for object in failed) == ["gone.json", "s3://bucket/cut.json.gz"]


def test_s3(activity, monkeypatch):
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
        missing = Activity.from_trail("s3://nowhere/").reconciliation
        assert [failed.path for failed in missing.objects_failed] == ["s3://nowhere/"]
    finally:
        server.stop()


def test_a_process_can_be_forked_after_use(activity):
    """No thread pool outlives its call: a child would wait for threads that it does not have."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    script = """
import os
from access_advisor import Account, Activity, Advisor
account = Account.load("testdata/account.json")
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
