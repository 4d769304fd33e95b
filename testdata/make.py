#!/usr/bin/env python3
"""Writes account.json, credential-report.csv and trail/: the account of a small invented company, and its CloudTrail records.

    python3 testdata/make.py

Needs the standard library only. The output is the same each time: ids are hashes of labels, and gzip headers have no time. In
larkfield/, a comment at each identity and each group of events names the rule that it tests. expected/facts.md says what a report as of
2026-11-01T00:00:00Z must contain. Account ids, names, unique ids and addresses are invented.
"""

import json
from pathlib import Path

from larkfield.credentials import credential_report
from larkfield.entities import groups, policies, roles, users
from larkfield.events import ada, developers, exports, nobody_of_iam, other_users, role_sessions, routine
from larkfield.objects import write_trail

HERE = Path(__file__).resolve().parent


def write_account():
    account = {"UserDetailList": users(), "GroupDetailList": groups(), "RoleDetailList": roles(), "Policies": policies()}
    (HERE / "account.json").write_text(json.dumps(account, indent=4) + "\n", encoding="utf-8")
    (HERE / "credential-report.csv").write_text(credential_report(), encoding="utf-8")


def main():
    write_account()
    for events in (routine, ada, developers, other_users, role_sessions, nobody_of_iam, exports):
        events()
    write_trail()


if __name__ == "__main__":
    main()
