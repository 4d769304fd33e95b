"""Shared by the tests, which run in the root of the repository, on its test data."""

from datetime import datetime, timezone
from pathlib import Path

import pytest

from access_advisor import AccountData, Activity, Advisor

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
ERIN = "arn:aws:iam::111122223333:user/erin"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="session")
def account():
    return AccountData.load(ROOT / "testdata/account.json")


@pytest.fixture(scope="session")
def activity():
    return Activity.from_trail(ROOT / "testdata/trail")


@pytest.fixture(scope="session")
def advisor(account, activity):
    return Advisor(account, activity, now=NOW)
