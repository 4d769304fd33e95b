"""What could be lost without a word: the cases of `testdata/silent-losses.json`, which the command line's tests run too.

What the command line refuses raises here; what it names on stderr, with exit status 3, is a warning or a field of the result.
"""

import json
import warnings
from datetime import datetime, timedelta, timezone

import pytest
from conftest import ROOT
from test_catalog import TABLE as SMALL_CATALOG

from access_advisor import (
    AccountData,
    AccountError,
    Activity,
    Advisor,
    Catalog,
    IncompleteWarning,
    InvalidInputError,
    NoSuchEntityError,
    Store,
    StoreError,
    Tracking,
    TrailError,
)

USER = "arn:aws:iam::111122223333:user/u"
TABLE = json.loads((ROOT / "testdata/silent-losses.json").read_text())
NOW = datetime.now(timezone.utc).replace(microsecond=0)


def day(days):
    return (NOW + timedelta(days=days)).isoformat()


def with_records(value):
    """The same JSON with the record in place of `@name`, and with its text in place of `@text name`."""
    if isinstance(value, list):
        return [with_records(item) for item in value]
    if isinstance(value, dict):
        return {name: with_records(item) for name, item in value.items()}
    if isinstance(value, str) and value.startswith("@text "):
        return json.dumps(TABLE["records"][value.removeprefix("@text ")])
    if isinstance(value, str) and value.startswith("@"):
        return TABLE["records"].get(value[1:], value)
    return value


def text_of(content):
    """The text of a file: its JSON, cut where `@cut` says, with times in place of `@day-9@`."""
    cut = content.get("@cut")
    text = json.dumps(with_records(content["of"] if cut else content), separators=(",", ":"))
    return with_times(text)[:cut]


def with_times(text):
    for days in (-30, -20, -9, -8, -5, 30):
        text = text.replace(f"@day{days:+}@", day(days))
    return text


def user(name="u", **more):
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
    }
    return {
        "Path": "/",
        "UserName": name,
        "UserId": "AIDA00000000000000001",
        "Arn": USER,
        "CreateDate": "2020-01-01T00:00:00+00:00",
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
        **more,
    }


def write_account(path, *users):
    lists = {"UserDetailList": list(users), "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    path.write_text(json.dumps(lists))
    return path


@pytest.fixture
def account_file(tmp_path):
    return write_account(tmp_path / "account.json", user())


def said(call):
    """What a call returns, and the messages of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    assert all(issubclass(warning.category, IncompleteWarning) for warning in caught)
    return result, [str(warning.message) for warning in caught]


def size(value):
    return value if isinstance(value, int) else len(value)


def is_used(services):
    [row] = services
    return "LastAuthenticated" in row


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_nothing_that_was_not_read_looks_unused(case, tmp_path, account_file):
    folder = tmp_path / "trail"
    folder.mkdir()

    def write(files):
        for name, content in files.items():
            (folder / name).write_text(text_of(content))

    write(case["trail"])
    change = case.get("account", {})
    text = json.dumps({**json.loads(account_file.read_text()), **change})
    if "@cut" in change:
        text = account_file.read_text()[: change["@cut"]]
    account_file.write_text(text)
    times = {name: datetime.fromisoformat(with_times(case[name])) for name in ("since", "until") if name in case}
    of_account = case.get("import_account", {"status": 0})["status"]

    status = case["report"]["status"]
    if of_account == 1:
        with pytest.raises(AccountError, match=case["report"]["says"]):
            AccountData.load(account_file)
    elif status == 1:
        with pytest.raises(TrailError):
            Activity.from_trail(folder)
    else:
        activity = Activity.from_trail(folder, **times)
        reconciliation = activity.reconciliation
        for name, number in case["fields"].items():
            assert size(getattr(reconciliation, name)) == number, name
        account = AccountData.load(account_file)
        advisor, warned = said(lambda: Advisor(account, activity))
        assert (status == 3) == bool(advisor.missing_input) == bool(warned)
        if case["has_reports"]:
            assert is_used(advisor.report(USER)["ServicesLastAccessed"])
            [covered] = advisor.coverage()["Accounts"]
            assert covered["Account"] == "111122223333"
        else:
            assert advisor.missing_input["accounts_without_activity"] == 1
            assert "1 accounts have no record in the trail" in warned[0]

    store = Store(tmp_path / "advisor.db")
    if of_account == 1:
        with pytest.raises(AccountError, match=case["import_account"]["says"]):
            store.import_account(account_file)
    else:
        accounts, warned = said(lambda: store.import_account(account_file))
        assert accounts == ["111122223333"]
        assert (of_account == 3) == bool(warned)
    if case["import"]["status"] == 1:
        # What could not be used is not remembered: the next import says it again.
        for _ in range(2):
            with pytest.raises(TrailError):
                store.import_trail(folder)
    else:
        imported = store.import_trail(folder)
        assert (case["import"]["status"] == 3) == imported.reconciliation.has_faults
        for name, number in case["fields"].items():
            assert size(getattr(imported.reconciliation, name)) == number, name
    if "then" in case:
        write(case["then"])
        [changed] = store.import_trail(folder).changed
        assert changed.endswith("a.json")
    if case["has_reports"]:
        job = store.generate_service_last_accessed_details(Arn=USER)["JobId"]
        assert is_used(store.get_service_last_accessed_details(JobId=job)["ServicesLastAccessed"])
    else:
        refusal = case.get("refusal", "no CloudTrail activity was imported for account 111122223333")
        with pytest.raises((TrailError, NoSuchEntityError), match=refusal):
            store.generate_service_last_accessed_details(Arn=USER)


@pytest.mark.parametrize("other", [{"UserName": "v"}, 7], ids=["incomplete", "no object"])
def test_incomplete_account_exports_are_said(other, tmp_path):
    path = write_account(tmp_path / "account.json", user(), other)
    issue = AccountData.load(path).issues[0]
    assert issue.json_path.startswith("UserDetailList[1]")
    store = Store(tmp_path / "advisor.db")
    accounts, [warned] = said(lambda: store.import_account(path))
    assert accounts == ["111122223333"]
    assert warned.startswith("parts of the account data are missing: ")
    assert "UserDetailList[1]" in warned


def test_changed_objects_are_named(tmp_path, account_file):
    store = Store(tmp_path / "advisor.db")
    store.import_account(account_file)
    path = tmp_path / "calls.jsonl"
    call = {"Records": ["@good"]}
    line = text_of(call)[len('{"Records":[') : -2] + "\n"
    path.write_text(line)
    assert store.import_trail(path).changed == []
    path.write_text(line * 2)
    [changed] = store.import_trail(path).changed
    assert "calls.jsonl" in changed


def test_a_trail_before_the_tracking_period_is_said(tmp_path, account_file):
    path = tmp_path / "trail.json"
    path.write_text(text_of({"Records": ["@good"]}))
    account, activity = AccountData.load(account_file), Activity.from_trail(path)
    later = NOW + timedelta(days=500)
    _, warned = said(lambda: Advisor(account, activity, now=later))
    assert ["before the tracking period" in message for message in warned] == [True]
    _, warned = said(lambda: Advisor(account, activity, "full", now=later))
    assert warned == []


def test_few_days_are_uncovered_unless_fewer_are_asked_for(tmp_path):
    path = tmp_path / "trail.json"
    # The last day may have been read in part.
    later = TABLE["records"]["good"] | {"eventTime": "@day-8@"}
    path.write_text(text_of({"Records": ["@good", later]}))
    idle = write_account(tmp_path / "account.json", user(UserId="AIDA00000000000000002"))
    account, activity = AccountData.load(idle), Activity.from_trail(path)

    def state(tracking):
        [row] = Advisor(account, activity, tracking).report(USER)["ServicesLastAccessed"]
        return row["State"]

    assert state("full") == state(Tracking.full()) == "uncovered"
    assert state(Tracking.full(min_coverage_days=1)) == "unused"
    with pytest.raises(InvalidInputError):
        Tracking(min_coverage_days=0)


def test_two_catalogs_never_mix(tmp_path):
    path = tmp_path / "trail.json"
    path.write_text(text_of({"Records": ["@good"]}))
    other = Catalog.parse(SMALL_CATALOG)
    for name, catalog in (("ours", None), ("theirs", other)):
        Activity.from_trail(path, catalog=catalog).to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(TrailError, match="catalog"):
        Activity.from_parquet([tmp_path / "ours.parquet", tmp_path / "theirs.parquet"])
    with pytest.raises(TrailError, match="given twice"):
        Activity.from_parquet([tmp_path / "ours.parquet"] * 2)
    Store(tmp_path / "advisor.db").import_trail(path)
    with pytest.raises(StoreError, match="catalog"):
        Store(tmp_path / "advisor.db", catalog=other)
