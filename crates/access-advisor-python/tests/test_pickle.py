"""Results can be pickled."""

import copy
import json
import multiprocessing
import pickle
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import NOW

from access_advisor import AccountData, Activity, ExportIssue, FailedObject, InvalidInputError, MalformedRecord, Reconciliation, _native


def again(value):
    return pickle.loads(pickle.dumps(value))


def test_parts_are_read_by_a_pool(activity):
    parts = sorted(Path("testdata/trail").iterdir())
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        read = pool.map(Activity.from_trail, parts)
    merged = Activity.merge(*read)
    assert merged == activity
    assert merged.reconciliation == activity.reconciliation


@pytest.fixture
def faulty(activity, tmp_path):
    """An activity with every kind of failure and set-aside."""
    activity.to_parquet(tmp_path / "activity.parquet")
    (tmp_path / "cut.json.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    identities = [
        {"type": "Root"},
        {"type": "AWSService"},
        {"type": "Unknown"},
        {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"},
        {"type": "WebIdentityUser"},
    ]
    record = {"eventVersion": "1.08", "eventTime": "2026-10-01T00:00:00Z", "eventType": "AwsApiCall"}
    record |= {"eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": "eu-west-1"}
    records = [{**record, "userIdentity": identity} for identity in identities] + [{"eventVersion": "1.08"}]
    (tmp_path / "odd.json").write_text(json.dumps({"Records": records}))
    days = timedelta(days=60), timedelta(days=30)
    since, until = (NOW - ago for ago in days)
    return Activity.from_trail(["testdata/trail", tmp_path], since=since, until=until)


def test_an_activity(faulty):
    found = again(faulty)
    assert found == faulty
    assert found.reconciliation == faulty.reconciliation
    assert str(found.reconciliation) == str(faulty.reconciliation)
    assert found.newest == faulty.newest
    assert copy.deepcopy(faulty) == faulty


def test_a_reconciliation(faulty):
    told = faulty.reconciliation
    assert told.objects_failed and told.examples and told.objects_skipped
    assert told.activity_rows_set_aside and len(told.set_aside_by_reason) > 6
    assert again(told) == told
    assert again(told).set_aside_by_reason == told.set_aside_by_reason
    assert again(told).examples == told.examples


def test_reconciliations_add_up(faulty, activity):
    both = faulty.reconciliation + activity.reconciliation
    assert both.records_read == faulty.reconciliation.records_read + activity.reconciliation.records_read
    assert both == activity.reconciliation + faulty.reconciliation
    assert sum([faulty.reconciliation, activity.reconciliation], Reconciliation()) == both
    failed = Reconciliation(objects_failed=[FailedObject("a", "gone")])
    assert (failed + activity.reconciliation).objects_failed == [FailedObject("a", "gone")]
    assert failed.has_faults and not activity.reconciliation.has_faults


def test_single_faults(faulty):
    told = faulty.reconciliation
    [issue] = AccountData.load("testdata/account.json").issues
    for value in (issue, told.objects_failed[0], told.examples[0]):
        assert again(value) == value
        assert {value, again(value)} == {value}
    assert FailedObject("a", "b") == FailedObject(path="a", reason="b") != FailedObject("a", "c")
    assert again(FailedObject("a", "b", "damaged")).kind == "damaged" != FailedObject("a", "b").kind
    with pytest.raises(InvalidInputError, match="kind"):
        FailedObject("a", "b", "broken")
    assert MalformedRecord("a", 1, "b", "time").record == 1
    assert ExportIssue("a", "b", "c", "repeated").json_path == "b"


def test_equal_but_not_hashable(activity):
    for value in (activity, activity.reconciliation):
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)


def test_other_bytes_are_rejected(activity):
    with pytest.raises(InvalidInputError, match="not the JSON of a Reconciliation"):
        Reconciliation.from_json("{}")
    with pytest.raises(Exception, match="the pickled activity"):
        _native.restore_activity(b"PAR1", activity.reconciliation)
