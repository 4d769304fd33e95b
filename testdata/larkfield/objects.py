"""The trail's objects and files."""

import base64
import gzip
import hashlib
import io
import json
import shutil
from collections import defaultdict
from pathlib import Path

from .events import EVENTS
from .ids import ACCOUNT, uuid

TRAIL = Path(__file__).resolve().parent.parent / "trail"


def object_path(account, region, day, label, minute, kind="CloudTrail"):
    token = base64.b32encode(hashlib.sha256(label.encode()).digest()).decode()
    token = "".join(c.lower() if i % 3 else c for i, c in enumerate(token))[:16]
    return f"AWSLogs/{account}/{kind}/{region}/{day.replace('-', '/')}/{account}_{kind}_{region}_{day.replace('-', '')}T{minute}Z_{token}.json"


def lookup_events(records):
    events = []
    for r in sorted(records, key=lambda r: r["eventTime"], reverse=True):
        events.append(
            {
                "EventId": r["eventID"],
                "EventName": r["eventName"],
                "ReadOnly": json.dumps(r["readOnly"]),
                "AccessKeyId": r["userIdentity"]["accessKeyId"],
                "EventTime": r["eventTime"].replace("Z", "+00:00"),
                "EventSource": r["eventSource"],
                "Username": r["userIdentity"].get("userName", "root"),
                "Resources": [],
                "CloudTrailEvent": json.dumps(r, separators=(",", ":")),
            }
        )
    return {"Events": events}


def write(name, text):
    path = TRAIL / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if name.endswith(".gz"):
        out = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as f:
            f.write(data)
        data = out.getvalue()
    path.write_bytes(data)


def write_trail():
    shutil.rmtree(TRAIL, ignore_errors=True)
    one_line = lambda value: json.dumps(value, separators=(",", ":"))
    objects, named = defaultdict(list), defaultdict(list)
    for hint, record in EVENTS:
        if hint and "/" in hint:
            named[hint].append(record)
        else:
            objects[record["recipientAccountId"], record["awsRegion"], record["eventTime"][:10], hint or ""].append(record)
    for (account, region, day, hint), records in objects.items():
        # delivery is unordered: not by time inside an object either
        records = records[1::2] + records[0::2]
        minute = max(r["eventTime"] for r in records)[11:16].replace(":", "")
        name = object_path(account, region, day, f"{account} {region} {day} {hint}", minute)
        # the oldest lie there unpacked
        write(name if day < "2025-08" else name + ".gz", one_line({"Records": records}))
    for name, records in named.items():
        if name.endswith(".jsonl"):
            write(name, "".join(one_line(r) + "\n" for r in records))
        else:
            write(name, json.dumps(lookup_events(records), indent=4) + "\n")
    # beside the events: a digest and an insight object. They hold no API calls.
    digest_path = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/10/12/{ACCOUNT}_CloudTrail-Digest_us-east-1_larkfield-trail_us-east-1_20261012T091500Z.json.gz"
    delivered = (TRAIL / f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/10/12").glob("*_20261012T0907Z_*")
    delivered = [str(path.relative_to(TRAIL)) for path in delivered]
    digest = {
        "awsAccountId": ACCOUNT,
        "digestStartTime": "2026-10-12T08:15:00Z",
        "digestEndTime": "2026-10-12T09:15:00Z",
        "digestS3Bucket": "larkfield-trail",
        "digestS3Object": digest_path,
        "newestEventTime": "2026-10-12T09:07:40Z",
        "oldestEventTime": "2026-10-12T09:04:00Z",
        "previousDigestS3Bucket": None,
        "previousDigestS3Object": None,
        "digestPublicKeyFingerprint": "0" * 32,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "logFiles": [
            {"s3Bucket": "larkfield-trail", "s3Object": path, "hashValue": "0" * 64, "hashAlgorithm": "SHA-256"} for path in delivered
        ],
    }
    write(digest_path, one_line(digest))
    insight = {
        "eventVersion": "1.11",
        "eventTime": "2026-10-12T09:10:00Z",
        "awsRegion": "us-east-1",
        "eventID": uuid("insight"),
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT,
        "sharedEventID": uuid("shared insight"),
        "insightDetails": {
            "state": "Start",
            "eventSource": "iam.amazonaws.com",
            "eventName": "ListUsers",
            "insightType": "ApiCallRateInsight",
            "insightContext": {"statistics": {"baseline": {"average": 0.0005}, "insight": {"average": 3.2}, "insightDuration": 1, "baselineDuration": 10080}},
        },
        "eventCategory": "Insight",
    }
    write(object_path(ACCOUNT, "us-east-1", "2026-10-12", "insight", "0920", "CloudTrail-Insight") + ".gz", one_line({"Records": [insight]}))
