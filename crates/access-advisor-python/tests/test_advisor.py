"""Reports, entities, policies."""

import datetime as datetime_module
import json
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet
import pytest
from conftest import ERIN, NOW

from access_advisor import (
    AccountData,
    AccountError,
    Activity,
    Advisor,
    InvalidInputError,
    NoSuchEntityError,
    Store,
    Tracking,
    TrailError,
)

BRUNO = "arn:aws:iam::111122223333:user/engineering/bruno"


def test_all_reports_as_parquet(advisor, tmp_path):
    path = tmp_path / "reports.parquet"
    for level in ("service", "action"):
        advisor.reports_to_parquet(path, level, threads=1)
        table = pyarrow.parquet.read_table(path)
        assert table.num_rows == len(advisor.reports(level))
        assert table.column_names == advisor.reports(level).column_names
    with pytest.raises(TrailError, match="nowhere"):
        advisor.reports_to_parquet(tmp_path / "nowhere/reports.parquet")


def test_reports_have_the_expected_facts(advisor):
    """The same facts as for the command line's reports."""
    facts = json.loads(Path("testdata/expected/facts.json").read_text())
    for arn, fact in facts.items():
        report = advisor.report(arn, granularity="action")
        assert report["Arn"] == arn
        used = {
            row["ServiceNamespace"]: {
                "last": row["LastAuthenticated"].isoformat(),
                "entity": row["LastAuthenticatedEntity"],
                "region": row["LastAuthenticatedRegion"],
                "total": row["TotalAuthenticatedEntities"],
            }
            for row in report["ServicesLastAccessed"]
            if "LastAuthenticated" in row
        }
        assert used == fact["used"], arn
        ungranted = [row["ServiceNamespace"] for row in report.get("UngrantedServicesUsed", [])]
        assert ungranted == fact.get("ungranted_used", []), arn
        unknown = [row["ServiceNamespace"] for row in report.get("UnknownEventSources", [])]
        assert unknown == list(fact.get("unknown_sources", {})), arn


def test_a_report_has_the_shape_of_boto3(advisor):
    """botocore's parser returns the same for IAM's response."""
    model = pytest.importorskip("botocore.session").get_session().get_service_model("iam")
    shape = model.operation_model("GetServiceLastAccessedDetails").output_shape
    report = advisor.report(ERIN, granularity="action")
    beyond = {"Arn", "UngrantedServicesUsed", "UngrantedActionsUsed", "UnknownEventSources", "NotEvaluated"}
    check(report, shape, beyond)
    details = {"EntityDetailsList": advisor.entities(ERIN, "s3")}
    with_entities = model.operation_model("GetServiceLastAccessedDetailsWithEntities").output_shape
    check(details, with_entities, set(), partial=True)
    granting = {"PoliciesGrantingServiceAccess": advisor.policies_granting(ERIN, ["s3", "ec2"])}
    check(granting, model.operation_model("ListPoliciesGrantingServiceAccess").output_shape, set(), partial=True)


def check(value, shape, beyond, partial=False):
    """Checks a value against a shape of botocore's model, except for some members."""
    if shape.type_name == "structure":
        assert set(value) - beyond <= set(shape.members), set(value) - set(shape.members)
        assert partial or set(shape.required_members) <= set(value)
        for name in set(value) - beyond:
            check(value[name], shape.members[name], set())
    elif shape.type_name == "list":
        for item in value:
            check(item, shape.member, set())
    else:
        kinds = {"string": str, "timestamp": datetime, "integer": int, "boolean": bool}
        assert type(value) is kinds[shape.type_name], (shape.name, value)
        if shape.type_name == "timestamp":
            assert value.utcoffset() == timedelta(0)
        if getattr(shape, "enum", None):
            assert value in shape.enum


def test_granularities(advisor):
    services = advisor.report(ERIN)
    assert services["JobType"] == "SERVICE_LEVEL"
    assert services == advisor.report(ERIN, granularity="service")
    assert not any("TrackedActionsLastAccessed" in row for row in services["ServicesLastAccessed"])
    actions = advisor.report(ERIN, "action")
    assert actions["JobType"] == "ACTION_LEVEL"
    assert any("TrackedActionsLastAccessed" in row for row in actions["ServicesLastAccessed"])
    # boto3's spellings are the store's.
    for unknown in ("resource", "SERVICE_LEVEL"):
        with pytest.raises(InvalidInputError, match="granularity"):
            advisor.report(ERIN, unknown)


def test_reports_agree_with_report(advisor, account):
    frame = advisor.reports().to_polars()
    for arn in account.arns():
        rows = frame.filter(frame["arn"].cast(str) == arn)
        services = rows.filter(rows["granularity"].cast(str) == "SERVICE").filter("granted")
        report = advisor.report(arn)
        last = {row["ServiceNamespace"]: row.get("LastAuthenticated") for row in report["ServicesLastAccessed"]}
        assert dict(zip(services["service_namespace"].cast(str), services["last_accessed"], strict=True)) == last


def test_tracking(account, activity, advisor):
    full = Advisor(account, activity, "full", now=NOW)
    assert len(full.reports("action")) > len(advisor.reports("action"))
    with pytest.raises(InvalidInputError, match="tracking"):
        Advisor(account, activity, tracking="some", now=NOW)
    for name, preset in (("aws", Tracking.aws()), ("full", Tracking.full())):
        named = Advisor(account, activity, name, now=NOW).reports("action").to_polars()
        assert named.equals(Advisor(account, activity, preset, now=NOW).reports("action").to_polars())
    week = Advisor(account, activity, Tracking(period_days=7, actions="all", regions="all"), now=NOW)
    assert not any("LastAuthenticated" in row for row in week.report(ERIN)["ServicesLastAccessed"])


def test_tracking_settings():
    assert Tracking() == Tracking.aws() != Tracking.full()
    full = Tracking.full()
    assert (full.period_days, full.publication_delay, full.actions, full.regions) == (None, timedelta(0), "all", "all")
    own = Tracking(period_days=90, publication_delay=timedelta(hours=4), regions="all")
    assert pickle.loads(pickle.dumps(own)) == own
    assert eval(repr(own), {"Tracking": Tracking, "datetime": datetime_module}) == own
    for wrong in ({"actions": "some"}, {"regions": "eu"}, {"publication_delay": timedelta(days=-1)}):
        with pytest.raises(InvalidInputError, match=next(iter(wrong))):
            Tracking(**wrong)


def test_now(account, activity, advisor):
    with pytest.raises(InvalidInputError, match="time zone"):
        Advisor(account, activity, now=datetime(2026, 11, 1))
    before = datetime.now(timezone.utc)
    present = Advisor(account, activity).now
    assert before <= present <= datetime.now(timezone.utc)
    later = Advisor(account, activity, now=NOW + timedelta(days=4000))
    assert not any("LastAuthenticated" in row for row in later.report(ERIN)["ServicesLastAccessed"])
    assert later.report(ERIN)["JobCreationDate"] == NOW + timedelta(days=4000)


def test_errors_are_those_of_iam(advisor):
    with pytest.raises(NoSuchEntityError) as raised:
        advisor.report(ERIN + "a")
    assert raised.value.code == "NoSuchEntity"
    assert isinstance(raised.value, LookupError)
    with pytest.raises(InvalidInputError) as raised:
        advisor.report("erin")
    assert raised.value.code == "ValidationError"
    assert isinstance(raised.value, ValueError)
    with pytest.raises(InvalidInputError):
        advisor.entities(ERIN, "no such service")
    with pytest.raises(InvalidInputError):
        advisor.policies_granting(ERIN, [])


def test_unknown_principals(advisor):
    assert advisor.unmatched_principals == 3


def test_credential_report(tmp_path):
    account = AccountData.load("testdata/account.json")
    activity = Activity.from_trail("testdata/trail")
    assert "UnseenUses" not in Advisor(account, activity, now=NOW).coverage()
    report = Path("testdata/credential-report.csv")
    unseen = Advisor(account, activity, now=NOW, credential_report=report).coverage()["UnseenUses"]
    assert [use["Source"] for use in unseen] == ["access_key_2_last_used_date", "password_last_used"]
    broken = tmp_path / "broken.csv"
    broken.write_text(report.read_text().replace("2026-10-21T09:00:00+00:00", "yesterday"))
    with pytest.raises(AccountError) as raised:
        Advisor(account, activity, now=NOW, credential_report=[broken])
    assert (raised.value.path, raised.value.line) == (str(broken), 7)


def test_findings_are_a_table(account, activity, tmp_path):
    advisor = Advisor(account, activity, now=NOW)
    # Too few days of the trail were read for anything to be called unused.
    kinds = set(advisor.findings().to_pyarrow()["kind"].to_pylist())
    assert kinds and not any(kind.startswith("Unused") for kind in kinds)
    table = advisor.findings(min_coverage_days=10).to_pyarrow()
    rows = table.to_pylist()
    severities = ["critical", "high", "medium", "low", "informational"]
    ranks = [severities.index(row["severity"]) for row in rows]
    assert ranks == sorted(ranks)
    [ada] = [row for row in rows if row["resource"].endswith("/ada") and row["kind"] == "UnusedPermission"]
    assert ada["state"] == "unused" and "no attempt on" in ada["state_reason"]
    assert len(ada["services"]) == ada["unused_services"] and "batch" in ada["services"]
    assert ada["last_used"].tzinfo is not None and ada["granted_by"][0].startswith("group/admins > ")

    settings = tmp_path / "findings.toml"
    rule = '[[archive]]\nowner = "ada"\nreason = "known"\nkinds = ["UnusedPermission"]'
    settings.write_text(f"min_coverage_days = 10\n{rule}")
    active = advisor.findings(settings)
    everything = advisor.findings(settings, archived=True)
    assert len(everything) == len(rows) > len(active)
    archived = [row for row in everything.to_pyarrow().to_pylist() if row["status"] == "ARCHIVED"]
    assert {row["archive_owner"] for row in archived} == {"ada"}

    settings.write_text(f'min_coverage_days = 10\n{rule}\n[[archive]]\nowner = "bo"\nreason = "typo"\narns = ["*:role/nobody"]')
    with pytest.warns(UserWarning, match=r"^archive\[1\] \(bo: typo\) is for no finding") as warned:
        advisor.findings(settings)
    assert len(warned) == 1
    with pytest.warns(UserWarning, match="bo: typo"):
        advisor.findings_to_file(tmp_path / "findings.json", settings=settings)

    settings.write_text("unused = 3")
    with pytest.raises(InvalidInputError, match="unknown field"):
        advisor.findings(settings)
    with pytest.raises(InvalidInputError, match="unused_days must be at least 1"):
        advisor.findings(unused_days=0)


def test_findings_are_compared_with_earlier_ones(account, activity, tmp_path):
    advisor = Advisor(account, activity, now=NOW)
    known, sarif, ocsf = tmp_path / "known.json", tmp_path / "findings.sarif", tmp_path / "findings.ocsf"
    advisor.findings_to_file(known, min_coverage_days=10)
    found = json.loads(known.read_text())
    everything = advisor.findings(min_coverage_days=10)
    assert [one["id"] for one in found["findings"]] == everything.to_pyarrow()["finding_id"].to_pylist()
    assert found["accessAdvisor"]["judged"] > 0 and found["accessAdvisor"]["privileges"][0]["source"]
    assert len(advisor.findings(min_coverage_days=10, baseline=known)) == 0
    # What the earlier result lacks is new.
    [gone] = [one for one in found["findings"] if one["findingType"] == "UngrantedUse"]
    found["findings"].remove(gone)
    known.write_text(json.dumps(found))
    new = advisor.findings(min_coverage_days=10, baseline=known)
    assert new.to_pyarrow()["finding_id"].to_pylist() == [gone["id"]]
    advisor.findings_to_file(ocsf, "ocsf", min_coverage_days=10, baseline=known)
    assert [json.loads(line)["finding_info"]["uid"] for line in ocsf.read_text().splitlines()] == [gone["id"]]

    # Archived findings are suppressed ones in SARIF, and left out elsewhere.
    settings = tmp_path / "findings.toml"
    settings.write_text('[[archive]]\nowner = "ada"\nreason = "known"\nkinds = ["UngrantedUse"]')
    advisor.findings_to_file(sarif, "sarif", settings, min_coverage_days=10)
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    assert len(results) == len(everything) and sum("suppressions" in one for one in results) == 1
    advisor.findings_to_file(known, "json", settings, min_coverage_days=10)
    assert len(json.loads(known.read_text())["findings"]) == len(results) - 1

    with pytest.raises(InvalidInputError, match="not the JSON of findings"):
        advisor.findings(baseline=settings)
    with pytest.raises(InvalidInputError, match='format must be "json"'):
        advisor.findings_to_file(known, "csv")
    with pytest.raises(TrailError):
        advisor.findings_to_file(tmp_path / "no" / "folder.json")


def test_explanations(advisor):
    explanation = advisor.explain(ERIN, "s3:GetObject")
    assert explanation["Arn"] == ERIN
    assert (explanation["Service"], explanation["Action"], explanation["Granted"]) == ("s3", "GetObject", True)
    allow = explanation["Allows"][0]
    assert allow["Statement"] == {"Path": [ERIN], "PolicyName": "variables", "Index": 0}
    # The deny on the user's own object, by ${aws:username}, takes a part away.
    assert [resource["Outcome"] for resource in allow["Resources"]] == ["narrowed"]
    other = advisor.explain(ERIN, "s3:GetObject", resource="arn:aws:s3:::other/key")
    assert (other["Granted"], other["NotGranted"]) == (False, "only-other-resources")
    assert "GetObject" in advisor.explain(ERIN, "s3")["GrantedActions"]
    used = [advisor.explain(row_arn, "s3")["LastUses"] for row_arn in (BRUNO, ERIN)]
    for last in (last for uses in used for last in uses):
        assert isinstance(last["LastAccessedTime"], datetime)
        assert last["LastAccessedEntity"] in (BRUNO, ERIN)
        assert 0 <= last["DeniedAttempts"] <= last["Attempts"]
        assert last.get("LastAttemptDenied", False) == (0 < last["DeniedAttempts"] == last["Attempts"])
    assert any(used)


def test_what_cannot_be_explained(advisor):
    with pytest.raises(NoSuchEntityError):
        advisor.explain(ERIN + "a", "s3")
    for action, resource in (("nosuch", None), ("s3:NoSuch", None), ("s3:*", None), ("s3:GetObject", "key")):
        with pytest.raises(InvalidInputError):
            advisor.explain(ERIN, action, resource=resource)


def test_rightsize(advisor, account, activity):
    """Smaller policies of a group, as the command line has them."""
    arn = "arn:aws:iam::111122223333:group/auditors"
    assert "full tracking" in advisor.rightsize(arn)["Refused"]
    assert advisor.rightsize_files(arn) == {}
    tracking = Tracking.full(min_coverage_days=1)
    advisor = Advisor(account, activity, tracking, now=NOW)
    sized = advisor.rightsize(arn, wildcards="safe", keep=["guardduty:GetDetector"])
    [new] = sized["NewPolicies"]
    [statement] = new["PolicyDocument"]["Statement"]
    assert "rds:DescribeDBInstances" in statement["Action"]
    assert "guardduty:GetDetector" in statement["Action"]
    assert sized["Kept"]["Marked"] == 1 and sized["RemovedActions"] > 40
    assert sized["Proof"]["NewWithinOld"] == 1
    with pytest.raises(InvalidInputError, match="wildcards must be"):
        advisor.rightsize(arn, wildcards="all")
    with pytest.raises(InvalidInputError, match="keep: line 1: an action starts with"):
        advisor.rightsize(arn, keep=["GetObject"])
    with pytest.raises(NoSuchEntityError):
        advisor.rightsize("arn:aws:iam::111122223333:user/nobody")
    sized = advisor.rightsize(arn, limits={"managed-policy": 6_000, "inline-group": 0})
    assert [policy["PolicyType"] for policy in sized["NewPolicies"]] == ["MANAGED"]
    with pytest.raises(InvalidInputError, match='no limit "inline"; there are managed-policy,'):
        advisor.rightsize(arn, limits={"inline": 1})

    sized = advisor.rightsize_all(wildcards="safe", threads=2)
    arns = [entity["Arn"] for entity in sized]
    assert arns == sorted(arns) and arn in arns and len(arns) == 20
    assert sized[arns.index(arn)] == advisor.rightsize(arn, wildcards="safe")

    files = advisor.rightsize_files(arn)
    folder = "111122223333/group-auditors/"
    names = {path.removeprefix(folder) for path in files}
    assert {"apply.sh", "rollback.sh", "changes.diff", "main.tf", "rightsized.json"} < names
    assert json.loads(files[folder + "rightsized.json"]) == advisor.rightsize(arn)
    assert files[folder + "apply.sh"].startswith("#!/bin/sh\n")


def test_rightsize_of_a_store(tmp_path, account, activity):
    """A store's accounts and activity are those that were imported."""
    store = Store(tmp_path / "advisor.db")
    store.import_account("testdata/account.json")
    store.import_trail("testdata/trail")
    tracking = Tracking.full(min_coverage_days=1)
    stored = Advisor(store.account_data(), store.activity(), tracking, now=NOW)
    expected = Advisor(account, activity, tracking, now=NOW)
    assert stored.rightsize_all() == expected.rightsize_all()
