"""The store, with boto3's names."""

import functools
import inspect
from datetime import timedelta

import boto3
import pytest
from conftest import ERIN, NOW

from access_advisor import (
    AccessDeniedError,
    Advisor,
    InvalidInputError,
    NoSuchEntityError,
    AccountError,
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


def test_code_for_boto3_runs_on_a_store(store, advisor):
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
    granting = iam.list_policies_granting_service_access(Arn=ERIN, ServiceNamespaces=["s3"])
    assert granting["PoliciesGrantingServiceAccess"] == advisor.policies_granting(ERIN, ["s3"])


def test_errors_have_boto3s_names(store):
    with pytest.raises(store.exceptions.NoSuchEntityException) as raised:
        store.generate_service_last_accessed_details(Arn=ERIN + "a")
    assert isinstance(raised.value, store.exceptions.ClientError)
    assert type(raised.value) is NoSuchEntityError
    with pytest.raises(store.exceptions.InvalidInputException):
        store.list_policies_granting_service_access(Arn=ERIN, ServiceNamespaces=["S3"])
    client = boto3.client("iam", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    ours = {name for name in vars(store.exceptions) if not name.startswith("_")}
    assert ours <= set(dir(client.exceptions))


def test_operations_take_what_boto3s_take(store):
    """All parameters of botocore's model."""
    client = boto3.client("iam", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    for operation in (
        "generate_service_last_accessed_details",
        "get_service_last_accessed_details",
        "get_service_last_accessed_details_with_entities",
        "list_policies_granting_service_access",
    ):
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        ours = set(inspect.signature(getattr(store, operation)).parameters)
        assert ours - {"now"} == set(model.input_shape.members)


def test_markers_of_an_operation_with_one_page(store):
    list_policies = functools.partial(
        store.list_policies_granting_service_access, Arn=ERIN, ServiceNamespaces=["s3"]
    )
    assert list_policies(Marker=None) == list_policies()
    job = store.generate_service_last_accessed_details(Arn=ERIN)["JobId"]
    marker = store.get_service_last_accessed_details(JobId=job, MaxItems=1)["Marker"]
    not_ascii = "The specified value for marker is invalid. It must contain only printable ASCII characters."
    for given, code, message in (
        ("", "ValidationError", not_ascii),
        ("x", "ValidationError", "Invalid Marker."),
        (marker, "InvalidInput", "The marker passed in the request was invalid."),
    ):
        with pytest.raises(InvalidInputError) as raised:
            list_policies(Marker=given)
        assert (raised.value.code, str(raised.value)) == (code, message)


def test_namespaces_are_any_iterable(store, advisor):
    listed = store.list_policies_granting_service_access(Arn=ERIN, ServiceNamespaces=("s3", "iam"))
    assert listed == store.list_policies_granting_service_access(
        Arn=ERIN, ServiceNamespaces=(name for name in ("s3", "iam"))
    )
    assert advisor.policies_granting(ERIN, {"s3": 1}) == advisor.policies_granting(ERIN, ["s3"])
    for wrong in ("s3", 3, [3]):
        with pytest.raises(TypeError):
            advisor.policies_granting(ERIN, wrong)


def test_a_second_import_reads_nothing_twice(store):
    again = store.import_trail("testdata/trail")
    assert (again.known, again.reconciliation.objects_read, again.changed) == (89, 0, [])


def test_findings_come_from_a_store_too(store, account, activity, tmp_path):
    from_files = Advisor(account, activity, now=NOW).findings(min_coverage_days=10)
    stored = Advisor(store.account_data(), store.activity(), now=NOW).findings(min_coverage_days=10)
    assert stored.to_pyarrow() == from_files.to_pyarrow()
    empty = Store(tmp_path / "empty.db")
    assert len(empty.account_data()) == 0
    with pytest.raises(TrailError, match="this store has no activity"):
        empty.activity()


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
    # IAM has no operation that deletes jobs: everyone who can open the file may.
    erin.delete_job(job)
    assert store.jobs() == []
    with pytest.raises(InvalidInputError, match="not the ARN of a user"):
        Store(tmp_path / "advisor.db", caller="arn:aws:iam::111122223333:group/admins")


def test_refusals(store):
    job = store.generate_service_last_accessed_details(Arn=ERIN)["JobId"]
    with pytest.raises(NoSuchEntityError):
        store.generate_service_last_accessed_details(Arn=ERIN + "a")
    for number in (0, -1, 1001, 1 << 70, -1 << 70):
        with pytest.raises(InvalidInputError, match="Value at 'maxItems'") as raised:
            store.get_service_last_accessed_details(JobId=job, MaxItems=number)
        assert raised.value.code == "ValidationError"
    with pytest.raises(InvalidInputError) as raised:
        store.generate_service_last_accessed_details(Arn=ERIN, Granularity="FOO")
    assert raised.value.code == "ValidationError"
    assert str(raised.value) == (
        "1 validation error detected: Value at 'granularity' failed to satisfy constraint: "
        "Member must satisfy enum value set: [SERVICE_LEVEL, ACTION_LEVEL]"
    )
    with pytest.raises(InvalidInputError):
        store.get_service_last_accessed_details(JobId=job, Marker="x")
    with pytest.raises(InvalidInputError):
        store.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="no such")
    with pytest.raises(TypeError):
        store.get_service_last_accessed_details(job)


def test_a_trail_of_unreadable_objects(store, tmp_path):
    objects = tmp_path / "trail"
    objects.mkdir()
    (objects / "broken.json").write_text("{")
    with pytest.raises(TrailError, match="none of the trail could be read") as raised:
        store.import_trail(objects)
    assert raised.value.path == str(objects / "broken.json")
    # Beside what is known, and without a record, nothing is amiss.
    assert len(store.import_trail(["testdata/trail", objects]).reconciliation.objects_failed) == 1
    (objects / "none.json").write_text('{"Records": []}')
    assert store.import_trail(objects).reconciliation.objects_read == 1
    with pytest.raises(InvalidInputError):
        store.import_trail("testdata/trail", threads=-1)


def test_an_account_without_activity_has_no_report(tmp_path):
    store = Store(tmp_path / "advisor.db")
    store.import_account("testdata/account.json")
    malformed = tmp_path / "malformed.json"
    malformed.write_text('{"Records": [{"eventTime": 1}]}')
    with pytest.raises(TrailError, match="none of the trail could be read"):
        store.import_trail(malformed)
    with pytest.raises(TrailError, match="no CloudTrail activity was imported for account 111122223333"):
        store.generate_service_last_accessed_details(Arn=ERIN)
    allowed = Store(tmp_path / "advisor.db", allow_empty_activity=True)
    job = allowed.generate_service_last_accessed_details(Arn=ERIN)["JobId"]
    assert allowed.get_service_last_accessed_details(JobId=job)["JobStatus"] == "COMPLETED"


def test_files_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(StoreError) as raised:
        Store(tmp_path / "advisor.db", create=False)
    assert raised.value.path == str(tmp_path / "advisor.db")
    (tmp_path / "text.db").write_text("no database" * 1000)
    with pytest.raises(StoreError) as raised:
        Store(tmp_path / "text.db")
    assert raised.value.path == str(tmp_path / "text.db")
    store = Store(tmp_path / "advisor.db")
    with pytest.raises(AccountError) as raised:
        store.import_account([tmp_path / "gone.json"])
    assert raised.value.path == str(tmp_path / "gone.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{"UserDetailList":\n [{]}')
    with pytest.raises(AccountError) as raised:
        store.import_account(broken)
    assert (raised.value.path, raised.value.line, raised.value.column) == (str(broken), 2, 4)
    with pytest.raises(TrailError) as raised:
        store.import_trail(tmp_path / "gone")
    assert raised.value.path == str(tmp_path / "gone")
    assert store.accounts() == []


def test_old_jobs_are_deleted(tmp_path):
    store = Store(tmp_path / "advisor.db", allow_empty_activity=True)
    store.import_account("testdata/account.json")
    store.generate_service_last_accessed_details(Arn=ERIN)
    [job] = store.jobs()
    assert job["JobStatus"] == "COMPLETED"
    assert 0 < job["ReportSize"] < 100_000
    assert store.delete_jobs(older_than=timedelta(days=1)) == 0
    assert store.delete_jobs(older_than=timedelta(0)) == 1
    assert store.jobs() == []
    with pytest.raises(InvalidInputError):
        store.delete_jobs(older_than=timedelta(days=-1))


def test_a_replaced_store_is_noticed(tmp_path):
    store = Store(tmp_path / "advisor.db")
    (tmp_path / "advisor.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError, match="removed or replaced") as raised:
        store.accounts()
    assert raised.value.path == str(tmp_path / "advisor.db")


@pytest.mark.parametrize("path", ["", ":memory:", "file:advisor.db", "/", "advisor.db/"])
def test_paths_that_are_no_files_are_rejected(path):
    with pytest.raises(StoreError) as raised:
        Store(path)
    assert raised.value.path == path
