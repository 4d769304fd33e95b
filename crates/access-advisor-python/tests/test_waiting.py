"""While a trail is read: other threads run, progress is reported, Ctrl-C stops it."""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import NOW, ROOT

from access_advisor import AccountData, Activity, Advisor, Catalog, InvalidInputError, Store

# Objects enough that reading them takes seconds on any machine.
LONG = ["testdata/trail"] * 20_000


def test_progress_is_told_on_this_thread():
    told = []

    def tell(progress):
        assert threading.current_thread() is threading.main_thread()
        told.append(progress)

    activity = Activity.from_trail(["testdata/trail"] * 200, progress=tell)
    last = told[-1]
    assert [progress.done for progress in told] == [False] * (len(told) - 1) + [True]
    assert (last.objects, last.total) == (89 * 200, 89 * 200)
    assert last.records == activity.reconciliation.records_read
    assert last.bytes == activity.reconciliation.bytes
    counts = [progress.objects for progress in told]
    assert counts == sorted(counts)


def test_tqdm_shows_a_bar(capsys):
    Activity.from_trail("testdata/trail", progress=True)
    assert "89/89" in capsys.readouterr().err


def test_no_tqdm_is_no_failure(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.warns(UserWarning, match="pip install tqdm"):
        Activity.from_trail("testdata/trail", progress=True)
    assert capsys.readouterr().err == ""


def test_progress_is_a_callable():
    assert len(Activity.from_trail("testdata/trail", progress=False)) > 0
    with pytest.raises(InvalidInputError, match="callable"):
        Activity.from_trail("testdata/trail", progress="yes")


@pytest.fixture(scope="module")
def seconds_of_long():
    """How long reading it to its end takes."""
    part = [str(ROOT / LONG[0])] * (len(LONG) // 40)
    start = time.monotonic()
    Activity.from_trail(part)
    return (time.monotonic() - start) * 40


def test_what_the_callback_raises_stops_the_reading(seconds_of_long):
    class Enough(Exception):
        pass

    told = []

    def stop(progress):
        told.append(progress)
        raise Enough

    start = time.monotonic()
    with pytest.raises(Enough):
        Activity.from_trail(LONG, progress=stop)
    assert time.monotonic() - start < seconds_of_long / 4
    [only] = told
    assert not only.done


@pytest.fixture
def interrupt():
    """Ctrl-C, a moment from now, without anyone pressing it."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.3)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_ctrl_c_stops_the_reading(interrupt, seconds_of_long):
    told = []
    start = time.monotonic()
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        Activity.from_trail(LONG, progress=told.append)
    assert time.monotonic() - start < 0.3 + seconds_of_long / 4
    assert not any(progress.done for progress in told)


def test_ctrl_c_leaves_a_store_that_the_next_import_completes(tmp_path):
    objects = tmp_path / "trail"
    objects.mkdir()
    source = next(Path("testdata/trail").rglob("*_CloudTrail_us-east-1_*.json.gz")).read_bytes()
    for number in range(5_000):
        (objects / f"{number}.json.gz").write_bytes(source)
    store = Store(tmp_path / "advisor.db")

    def press(progress):
        if progress.objects:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        store.import_trail(objects, progress=press)
    rest = store.import_trail(objects)
    assert rest.known + rest.reconciliation.objects_read == 5_000
    assert rest.reconciliation.objects_read > 0
    assert store.import_trail(objects).known == 5_000


def test_ctrl_c_does_not_wait_for_an_answer_of_s3(interrupt, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            Activity.from_trail("s3://bucket/AWSLogs/")
        # Without Ctrl-C it would be minutes.
        assert time.monotonic() - start < 30


@pytest.fixture(scope="module")
def large(tmp_path_factory, activity):
    """An advisor whose reports take seconds: administrators, with every action."""
    administrator = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    roles = [
        {
            "Path": "/",
            "RoleName": f"role-{number}",
            "RoleId": f"AROA{number:017}",
            "Arn": f"arn:aws:iam::111122223333:role/role-{number}",
            "CreateDate": "2024-03-01T09:00:00+00:00",
            "AssumeRolePolicyDocument": {},
            "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": administrator}],
            "AttachedManagedPolicies": [],
            "InstanceProfileList": [],
            "Tags": [],
        }
        for number in range(10_000)
    ]
    export = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": False}
    path = tmp_path_factory.mktemp("large") / "account.json"
    path.write_text(json.dumps(export))
    return Advisor(AccountData.load(path), activity, "full", now=NOW)


def test_ctrl_c_stops_reports(interrupt, large, tmp_path):
    for make in (
        lambda: large.reports("action"),
        lambda: large.reports_to_parquet(tmp_path / "reports.parquet", "action"),
        lambda: large.to_html(tmp_path / "reports.html", "action"),
    ):
        start = time.monotonic()
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            make()
        # A second, and time for a busy machine.
        assert time.monotonic() - start < 0.3 + 3
    # What was written is removed when the work has noticed.
    for _ in range(600):
        if not list(tmp_path.iterdir()):
            break
        time.sleep(0.1)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted")
def test_ctrl_c_ends_the_search_for_findings(interrupt, large, tmp_path):
    threads = len(os.listdir("/proc/self/task"))
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        large.to_html(tmp_path / "reports.html", "action")
    # Nothing goes on in the background, such as findings that nobody waits for.
    deadline = time.monotonic() + 60
    while len(os.listdir("/proc/self/task")) > threads and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(os.listdir("/proc/self/task")) <= threads
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_ctrl_c_does_not_wait_for_a_file(interrupt, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for load in (AccountData.load, Catalog.load, Activity.from_parquet):
        start = time.monotonic()
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            load(pipe)
        assert time.monotonic() - start < 0.3 + 3


def test_other_threads_run_meanwhile():
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.monotonic())

    ticker = threading.Thread(target=tick)
    ticker.start()
    start = time.monotonic()
    Activity.from_trail(["testdata/trail"] * 200)
    end = time.monotonic()
    done.set()
    ticker.join()
    # Slices before and after are no proof; these are well inside the call.
    quarter = (end - start) / 4
    inside = [when for when in ticks if start + quarter < when < end - quarter]
    assert len(inside) > 5
