"""HTML files, notebooks and plots."""

import base64
import copy
import gzip
import json
import pickle
import re

import matplotlib
import matplotlib.pyplot
import pytest

from access_advisor import AccountData, Advisor, TrailError, plot

from conftest import NOW

matplotlib.use("Agg")


def index(path):
    """What the page reads first."""
    [packed] = re.findall(r'<script type="text/plain" id="index">([^<]*)</script>', path.read_text())
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_html_has_every_report(advisor, tmp_path):
    path = tmp_path / "access.html"
    advisor.to_html(path, granularity="action", title="<Larkfield>")
    html = path.read_text()
    assert html.startswith("<!doctype html>") and "<title>&lt;Larkfield&gt;</title>" in html
    found = index(path)
    table = advisor.reports().to_pyarrow().to_pylist()
    assert found["entities"]["arn"] == [row["arn"] for row in table if row["granularity"] == "ENTITY"]
    assert found["granularity"] == "ACTION_LEVEL"


def test_a_file_that_cannot_be_written(advisor, tmp_path):
    with pytest.raises(TrailError):
        advisor.to_html(tmp_path / "missing" / "access.html")


def test_limit(advisor, tmp_path):
    path = tmp_path / "access.html"
    advisor.to_html(path, limit=1)
    assert set(index(path)["entities"]["kept"]) == {2}


def load(folder, *roles):
    """An account of roles."""
    path = folder / "account.json"
    path.write_text(json.dumps({"RoleDetailList": roles}))
    return AccountData.load(path)


def test_notebooks_show_text_only(advisor, account, tmp_path):
    assert "111122223333" in advisor._repr_html_()
    shown = account.permissions()._repr_html_()
    assert re.match("<table><caption [^>]*>Table of 109 rows, the first 20</caption>", shown)
    assert shown.count("<tr>") < 30 and "..." in shown
    role = {
        "Path": "/",
        "RoleName": "<img src=x>",
        "RoleId": "AROAEXAMPLE",
        "Arn": "arn:aws:iam::111122223333:role/<img src=x>",
        "CreateDate": "2024-03-01T09:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "RolePolicyList": [
            {"PolicyName": "p\u202e", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}
        ],
    }
    hostile = load(tmp_path, role).permissions()._repr_html_()
    assert "<img" not in hostile and "\u202e" not in hostile and "&lt;img" in hostile


ERIN = "arn:aws:iam::111122223333:user/erin"


def test_notebooks_show_reports(advisor, account, activity):
    report = advisor.report(ERIN)
    shown = report._repr_html_()
    assert f">{ERIN}: 5 of 7 services accessed, as of 2026-11-01 00:00:00</caption>" in shown
    cells = [re.findall("<td[^>]*>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", shown)][1:]
    times = [row[1] for row in cells]
    assert times == sorted(times, reverse=True) and times[0] == "2026-10-02 09:20:00"
    assert ["AWS Config", "", ""] in cells and ["Amazon S3", "2026-10-02 09:15:00", "user/erin"] in cells
    full = Advisor(account, activity, tracking="full", now=NOW).report(ERIN, granularity="action")
    assert ">State</th>" in full._repr_html_() and ">Actions accessed</th>" in full._repr_html_()


def test_reports_are_dicts(advisor):
    report = advisor.report(ERIN)
    assert isinstance(report, dict) and report == dict(report) and repr(report).startswith("{'JobStatus'")
    assert json.loads(json.dumps(report, default=str))["Arn"] == ERIN
    assert pickle.loads(pickle.dumps(report)) == report == copy.deepcopy(report)


@pytest.mark.filterwarnings("ignore")
def test_notebooks_show_text_of_reports_only(activity, tmp_path):
    name = "<img src=x>\u202e"
    role = {
        "Path": "/",
        "RoleName": name,
        "RoleId": "AROAEXAMPLE",
        "Arn": f"arn:aws:iam::111122223333:role/{name}",
        "CreateDate": "2024-03-01T09:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "RolePolicyList": [],
    }
    hostile = Advisor(load(tmp_path, role), activity, now=NOW).report(role["Arn"])._repr_html_()
    assert "<img" not in hostile and "\u202e" not in hostile and "&lt;img" in hostile


def test_last_use(advisor):
    ax = plot.last_use(advisor)
    assert [label.get_text() for label in ax.get_xticklabels()][-1] == "no use known"
    assert sum(bar.get_height() for bar in ax.patches) == 17


@pytest.mark.filterwarnings("ignore")
def test_who_has_nothing_granted_is_not_without_a_known_use(activity, tmp_path):
    roles = [
        {
            "Path": "/",
            "RoleName": name,
            "RoleId": f"AROA{name.upper()}",
            "Arn": f"arn:aws:iam::111122223333:role/{name}",
            "CreateDate": "2024-03-01T09:00:00+00:00",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "RolePolicyList": [
                {"PolicyName": "p", "PolicyDocument": {"Statement": {"Effect": effect, "Action": "sqs:*", "Resource": "*"}}}
            ],
        }
        for name, effect in [("idle", "Allow"), ("denied", "Deny")]
    ]
    ax = plot.last_use(Advisor(load(tmp_path, *roles), activity, now=NOW))
    counts = {label.get_text(): bar.get_height() for label, bar in zip(ax.get_xticklabels(), ax.patches, strict=True)}
    assert (counts["no use known"], counts["nothing granted"]) == (1, 1)


def test_over_privilege(advisor):
    ax = plot.over_privilege(advisor, top=3)
    granted, used = ax.containers
    assert len(granted) == len(used) == 3
    assert all(whole.get_width() > part.get_width() for whole, part in zip(granted, used, strict=True))


def test_over_privilege_leaves_out_who_uses_all(advisor):
    ax = plot.over_privilege(advisor, top=1000)
    granted, used = ax.containers
    assert 0 < len(granted) < 17
    assert all(whole.get_width() > part.get_width() for whole, part in zip(granted, used, strict=True))


def test_coverage(advisor):
    ax = plot.coverage(advisor)
    [label] = [label.get_text() for label in ax.get_yticklabels()]
    assert label.startswith("111122223333\n")


@pytest.mark.filterwarnings("ignore")
def test_plots_of_nothing(activity, tmp_path):
    advisor = Advisor(load(tmp_path), activity, now=NOW)
    for draw in (plot.last_use, plot.over_privilege, plot.coverage):
        draw(advisor).figure.savefig(tmp_path / "plot.png")


def test_plots_draw_on_given_axes(advisor):
    _, ax = matplotlib.pyplot.subplots()
    assert plot.last_use(advisor, ax=ax) is ax
