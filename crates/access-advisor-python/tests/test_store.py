"""The store, with boto3's names."""

import pytest
from conftest import ERIN, NOW

from access_advisor import (
    AccessDeniedError,
    InvalidInputError,
    NoSuchEntityError,
    PolicyError,
    Store,
    StoreError,
    TrailError,
)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "advisor.db")
    assert store.import_account("testdata/account.json") == ["111122223333"]
    store.import_trail("testdata/trail")
    return store


def test_code_written_for_boto3_runs_on_it(store, advisor):
    """The loop of AWS's documentation: generate, wait, page."""
    iam = store
    job = iam.generate_service_last_accessed_details(Arn=ERIN, Granularity="ACTION_LEVEL", now=NOW)["JobId"]
    page = iam.get_service_last_accessed_details(JobId=job, MaxItems=3)
    rows = page["ServicesLastAccessed"]
    while page["IsTruncated"]:
        page = iam.get_service_last_accessed_details(JobId=job, MaxItems=3, Marker=page["Marker"])
        rows += page["ServicesLastAccessed"]
    assert (page["JobStatus"], page["JobType"], page["JobCreationDate"]) == ("COMPLETED", "ACTION_LEVEL", NOW)
    assert rows == advisor.report(ERIN, "action")["ServicesLastAccessed"]

    found = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="s3")
    assert found["EntityDetailsList"] == advisor.entities(ERIN, "s3")
    assert iam.list_policies_granting_service_access(
        Arn=ERIN, ServiceNamespaces=["s3"]
    ) == advisor.list_policies_granting_service_access(Arn=ERIN, ServiceNamespaces=["s3"])


def test_a_second_import_reads_nothing_twice(store):
    again = store.import_trail("testdata/trail")
    assert (again.known, again.reconciliation.objects_read, again.changed) == (89, 0, [])


def test_jobs(store):
    job = store.generate_service_last_accessed_details(Arn=ERIN)["JobId"]
    [listed] = store.jobs()
    assert (listed["JobId"], listed["Arn"], listed["JobStatus"]) == (job, ERIN, "COMPLETED")
    store.delete_job(job)
    assert store.jobs() == []
    for gone in (store.delete_job, lambda job: store.get_service_last_accessed_details(JobId=job)):
        with pytest.raises(NoSuchEntityError):
            gone(job)


def test_jobs_belong_to_their_caller(store, tmp_path):
    job = store.generate_service_last_accessed_details(Arn=ERIN)["JobId"]
    erin = Store(tmp_path / "advisor.db", caller=ERIN)
    with pytest.raises(NoSuchEntityError):
        erin.get_service_last_accessed_details(JobId=job)
    with pytest.raises(AccessDeniedError):
        erin.generate_service_last_accessed_details(Arn="arn:aws:iam::444455556666:user/gustav")
    with pytest.raises(InvalidInputError, match="neither a user"):
        Store(tmp_path / "advisor.db", caller="arn:aws:iam::111122223333:group/admins")


def test_refusals(store):
    job = store.generate_service_last_accessed_details(Arn=ERIN)["JobId"]
    with pytest.raises(NoSuchEntityError):
        store.generate_service_last_accessed_details(Arn=ERIN + "a")
    with pytest.raises(InvalidInputError):
        store.get_service_last_accessed_details(JobId=job, MaxItems=0)
    with pytest.raises(InvalidInputError):
        store.get_service_last_accessed_details(JobId=job, Marker="x")
    with pytest.raises(InvalidInputError):
        store.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="no such")
    with pytest.raises(TypeError):
        store.get_service_last_accessed_details(job)


def test_files_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(StoreError) as raised:
        Store(tmp_path / "advisor.db", create=False)
    assert raised.value.path == str(tmp_path / "advisor.db")
    (tmp_path / "text.db").write_text("no database" * 1000)
    with pytest.raises(StoreError) as raised:
        Store(tmp_path / "text.db")
    assert raised.value.path == str(tmp_path / "text.db")
    store = Store(tmp_path / "advisor.db")
    with pytest.raises(PolicyError) as raised:
        store.import_account([tmp_path / "gone.json"])
    assert raised.value.path == str(tmp_path / "gone.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{"UserDetailList":\n [{]}')
    with pytest.raises(PolicyError) as raised:
        store.import_account(broken)
    assert (raised.value.path, raised.value.line, raised.value.column) == (str(broken), 2, 4)
    with pytest.raises(TrailError) as raised:
        store.import_trail(tmp_path / "gone")
    assert raised.value.path == str(tmp_path / "gone")
    assert store.accounts() == []
