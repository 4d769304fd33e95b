"""Policy documents."""

import json
from urllib.parse import quote


def document(*statements, version="2012-10-17"):
    return {"Version": version, "Statement": list(statements)}


def allow(action, resource="*", condition=None, **also):
    return statement("Allow", {"Action": action, "Resource": resource}, condition, also)


def deny(action, resource="*", condition=None, **also):
    return statement("Deny", {"Action": action, "Resource": resource}, condition, also)


def statement(effect, parts, condition, also):
    """A statement. `also` replaces elements: NotAction=... replaces Action, NotResource=... replaces Resource."""
    for key, value in also.items():
        if key.startswith("Not"):
            parts.pop(key[3:])
        parts[key] = value
    if condition:
        parts["Condition"] = condition
    return {"Effect": effect, **parts}


def url_encoded(doc):
    """The document URL-encoded, as the raw IAM API returns it."""
    return quote(json.dumps(doc), safe="")


def trust(principal, action="sts:AssumeRole", condition=None):
    s = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        s["Condition"] = condition
    return document(s)
