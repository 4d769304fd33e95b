"""While a trail is read: other threads run, progress is told, Ctrl-C stops it."""

import signal
import sys
import threading
from pathlib import Path

import pytest

from access_advisor import Activity, InvalidInputError, Store

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


def test_what_the_callback_raises_stops_the_reading():
    class Enough(Exception):
        pass

    told = []

    def stop(progress):
        told.append(progress)
        raise Enough

    with pytest.raises(Enough):
        Activity.from_trail(LONG, progress=stop)
    [only] = told
    assert not only.done


@pytest.fixture
def interrupt():
    """Ctrl-C, a moment from now, without anyone pressing it."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.3)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_ctrl_c_stops_the_reading(interrupt):
    told = []
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        Activity.from_trail(LONG, progress=told.append)
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


def test_other_threads_run_meanwhile():
    ticks, done = 0, threading.Event()

    def tick():
        nonlocal ticks
        while not done.is_set():
            ticks += 1

    ticker = threading.Thread(target=tick)
    ticker.start()
    before = ticks
    Activity.from_trail(["testdata/trail"] * 100)
    during = ticks - before
    done.set()
    ticker.join()
    assert during > 1_000
