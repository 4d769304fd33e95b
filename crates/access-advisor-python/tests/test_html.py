"""HTML files, notebooks and plots."""

import base64
import gzip
import json
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
    assert shown.startswith("<table><caption>Table of 109 rows</caption>")
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


def test_last_use(advisor):
    ax = plot.last_use(advisor)
    assert [label.get_text() for label in ax.get_xticklabels()][-1] == "no use known"
    assert sum(bar.get_height() for bar in ax.patches) == 17


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
