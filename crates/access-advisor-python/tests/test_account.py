"""Account data."""

import pickle
import shutil

import pytest

from access_advisor import AccessAdvisorError, AccountData, InvalidInputError, AccountError


def test_issues_have_a_path_and_a_kind(account):
    [issue] = account.issues
    assert issue.path.endswith("account.json")
    assert issue.json_path == "GroupDetailList[2].AttachedManagedPolicies[0]"
    assert issue.kind == "policy_not_evaluated"
    assert "SecurityAudit" in issue.reason


def test_the_error_for_a_missing_file_has_its_path_and_cause(tmp_path):
    with pytest.raises(AccountError, match="No such file") as raised:
        AccountData.load([tmp_path / "account.json"])
    assert raised.value.path == str(tmp_path / "account.json")
    assert isinstance(raised.value.__cause__, FileNotFoundError)
    assert isinstance(raised.value, AccessAdvisorError)


def test_a_folder_stands_for_the_exports_in_it(tmp_path, account):
    shutil.copy("testdata/account.json", tmp_path / "account.json")
    assert len(AccountData.load(tmp_path)) == len(account)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(AccountError, match=r"\*\.json") as raised:
        AccountData.load(empty)
    assert raised.value.path == str(empty)


def test_the_error_for_one_of_several_files_has_its_path(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text('{"UserDetailList": [\n{]}')
    with pytest.raises(AccountError, match="line 2") as raised:
        AccountData.load(["testdata/account.json", broken])
    assert (raised.value.path, raised.value.line, raised.value.column) == (str(broken), 2, 2)


def test_the_error_for_another_json_file_has_no_line(tmp_path):
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    with pytest.raises(AccountError) as raised:
        AccountData.load(empty)
    assert (raised.value.path, raised.value.line, raised.value.column) == (str(empty), None, None)


def test_exceptions_can_be_pickled(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("[\n")
    with pytest.raises(AccountError) as raised:
        AccountData.load(broken)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), str(again), again.path) == (AccountError, str(raised.value), str(broken))
    assert again.line == raised.value.line is not None


def test_no_path_is_an_error():
    with pytest.raises(InvalidInputError):
        AccountData.load([])
    with pytest.raises(TypeError, match="path"):
        AccountData.load(3)


def test_permissions_have_every_entity(account):
    frame = account.permissions().to_polars()
    assert set(frame["arn"].cast(str)) <= set(account.arns())
    assert frame["effect"].cast(str).drop_nulls().unique().sort().to_list() == ["Allow", "Deny"]
