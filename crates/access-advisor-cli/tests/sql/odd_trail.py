"""Writes CloudTrail objects with everything that is odd in records: odd_trail.py FOLDER

Every field is drawn from what CloudTrail writes and what it should not; the same records each time.
Texts are texts, nulls or missing: what the engines make of a number there is their own affair.
"""

import gzip
import json
import pathlib
import random
import sys

chosen = random.Random(20261101)
MISSING = object()

IDS = [
    "AIDAADA0000000000001",
    "AIDABRUNO00000000002",
    "AROAPIPELINE00000003:session-1",
    "AROAPIPELINE00000003:session-2",
    "AROAFUNCTION00000004:i-0abc",
    "AROA0123456789012",
    "AIDA01234567890",  # too short
    "AROA012345678901\n",
    "aida0000000000000005",
    "AIDAÄÖÜ0000000000006",
    "111122223333",
    "111122223333:federated",
    "ASIAEXAMPLE000000007",
    "AIDA" + "X" * 124,
    "AROA" + "X" * 125,
    "",
    None,
    MISSING,
]
ARNS = [
    "arn:aws:iam::111122223333:user/ada",
    "arn:aws:iam::111122223333:user/renamed/ada",
    "arn:aws:iam::111122223333:role/path/pipeline",
    "arn:aws-cn:iam::111122223333:role/zürich",
    "arn:aws:sts::111122223333:assumed-role/pipeline/session-1",
    "arn:aws-us-gov:sts::444455556666:assumed-role/pipeline",
    "arn:aws:sts::111122223333:assumed-role//nameless",
    "arn:aws:sts::111122223333:federated-user/eve",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/" + "x" * 2017,  # 2,048 bytes
    "arn:aws:sts::111122223333:assumed-role/" + "x" * 2010,  # 2,049 bytes
    "no arn",
    "ARN:aws:iam::111122223333:user/ada",
    "",
    None,
    MISSING,
]
ACCOUNTS = ["111122223333", "444455556666", "", "9" * 257, "ANONYMOUS_PRINCIPAL", None, MISSING]
NAMES = ["ada", "o'brien", "Zoë", "x" * 256, "é" * 129, "", None, MISSING]
TYPES = [
    "IAMUser",
    "IAMUser",
    "AssumedRole",
    "AssumedRole",
    "Role",
    "FederatedUser",
    "AWSAccount",
    "Root",
    "AWSService",
    "SAMLUser",
    "WebIdentityUser",
    "iamuser",
    "Unknown",
    "",
    None,
    MISSING,
]
EVENTS = [
    # (source, name); the label of X.amazonaws.com
    ("s3.amazonaws.com", "GetObject"),
    ("s3.amazonaws.com", "HEADOBJECT"),
    ("s3.amazonaws.com", "PutBucketCors"),
    ("s3.amazonaws.com.cn", "ListBuckets"),
    ("s3.amazonaws.com.cn.cn", "ListBuckets"),
    ("s3.cn", "ListBuckets"),
    ("S3.amazonaws.com", "GetObject"),
    ("monitoring.amazonaws.com", "PutMetricAlarm"),
    ("monitoring.amazonaws.com", "NoSuchThing"),
    ("autoscaling.amazonaws.com", "RegisterScalableTarget"),
    ("autoscaling.amazonaws.com", "PutScalingPolicy"),
    ("autoscaling.amazonaws.com", "NoSuchThing"),
    ("cloudcontrolapi.amazonaws.com", "CreateResource"),
    ("apigateway.amazonaws.com", "GetRestApis"),
    ("bedrock-runtime.amazonaws.com", "InvokeModel"),
    ("servicecatalog-appregistry.amazonaws.com", "ListApplications"),
    ("lambda.amazonaws.com", "CreateFunction20150331"),
    ("lambda.amazonaws.com", "GetFunction20150331v2"),
    ("lambda.amazonaws.com", "getfunction20150331v2"),
    ("lambda.amazonaws.com", "GetFunction20150331V2"),
    ("lambda.amazonaws.com", "GetFunctionv20150331"),
    ("lambda.amazonaws.com", "Invoke"),
    ("lambda.amazonaws.com", "20150331"),
    ("lambda.amazonaws.com", "CreateFunction2015"),
    ("lambda.amazonaws.com", "Invoke20150331v"),
    ("lambda.amazonaws.com", "Invoke\u202820150331"),
    ("lambda.amazonaws.com", "Invo\u212ae"),
    ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31"),
    ("cloudfront.amazonaws.com", "CreateDistributionWithTags2020_05_31"),
    ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31v1"),
    ("signin.amazonaws.com", "ConsoleLogin"),
    ("no-such-service.amazonaws.com", "GetObject"),
    ("no-such-service.amazonaws.com", "getObject"),
    ("example.org", "Do"),
    (".amazonaws.com", "Do"),
    ("amazonaws.com", "Do"),
    ("plain", "Do%_\\"),
    ("s3.amazonaws.com\n", "GetObject"),
    ("s3.amazonaws.com", "Get\u0085Object"),
    ("s3.amazonaws.com", "GetObject\t"),
    ("s3.amazonaws.com", "é" * 128),
    ("s3.amazonaws.com", "é" * 128 + "x"),
    ("x" * 256, "Do"),
    ("x" * 257, "Do"),
    ("", "Do"),
    ("s3.amazonaws.com", ""),
    (None, "Do"),
    ("s3.amazonaws.com", None),
    (MISSING, "Do"),
    ("s3.amazonaws.com", MISSING),
]
# The first half are sound, and close together so that they tie.
TIMES = [
    "2026-10-01T12:00:00Z",
    "2026-10-01T12:00:00Z",
    "2026-10-01T12:00:01Z",
    "2026-10-01T12:00:01.001Z",
    "2026-10-01T12:00:01.0019999Z",
    "2026-10-01 12:00:00",
    "2026-10-01T14:30:00.5+02:30",
    "2026-10-01 07:00:02-05:00",
    "2013-11-01T00:00:00Z",
    "2099-12-31T23:59:59.999Z",
    "2013-10-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    "2026-10-01T12:00:00Z\n",
    "2026-02-30T12:00:00Z",
    "2026-10-01T25:00:00Z",
    "2026-10-01",
    "1767225600",
    "now",
    "",
    None,
    MISSING,
]
REGIONS = ["us-east-1", "eu-west-1", "a" * 64, "a" * 65, "us-east-1\n", "Mars", "*", "", None, MISSING]
EVENT_IDS = ["0001", "0002", "0003", "é", "x" * 256, "x" * 257, "", None, MISSING]
ERRORS = [
    "AccessDenied",
    "AccessDeniedException",
    "Client.UnauthorizedOperation",
    "NotAuthorized",
    "AuthorizationError",
    "accessdenied",
    "Throttling",
    "",
    None,
    MISSING,
]
EVENT_TYPES = ["AwsApiCall", "AwsConsoleAction", "AwsServiceEvent", "AwsConsoleSignIn", "", None, MISSING]
CATEGORIES = ["Management", "Data", "Insight", "", None, MISSING]


def known(**fields):
    return {name: value for name, value in fields.items() if value is not MISSING}


def mostly(pool, sound):
    """The first ones are sound: most records should get as far as being counted."""
    return chosen.choice(pool[:sound] if chosen.random() < 0.85 else pool)


def identity(kinds, sound):
    return known(
        type=mostly(kinds, sound),
        principalId=mostly(IDS, 6),
        arn=mostly(ARNS, 6),
        accountId=mostly(ACCOUNTS, 2),
        userName=mostly(NAMES, 3),
    )


def user_identity():
    issuer = chosen.choice(
        [MISSING, None, {}]
        + [identity(["Role", "IAMUser", "Root", "", None, MISSING], 2) for _ in range(5)]
    )
    context = chosen.choice([MISSING, None, {}] + [known(sessionIssuer=issuer) for _ in range(7)])
    user = identity(TYPES, 7)
    if context is not MISSING:
        user["sessionContext"] = context
    if "type" not in user and chosen.random() < 0.5:
        user["invokedBy"] = "config.amazonaws.com"
    return user


def record():
    source, name = chosen.choice(EVENTS)
    return known(
        eventVersion="1.11",
        userIdentity=user_identity() if chosen.random() < 0.98 else chosen.choice([None, MISSING]),
        eventTime=mostly(TIMES, 8),
        eventSource=source,
        eventName=name,
        awsRegion=mostly(REGIONS, 2),
        # Not the fields of the record.
        requestParameters={"eventName": "Nested", "userIdentity": {"type": "IAMUser"}},
        responseElements=None,
        eventID=mostly(EVENT_IDS, 4),
        eventType=mostly(EVENT_TYPES, 2),
        eventCategory=mostly(CATEGORIES, 2),
        errorCode=chosen.choice(ERRORS),
    )


folder = pathlib.Path(sys.argv[1])
folder.mkdir()
for number in range(6):
    text = json.dumps({"Records": [record() for _ in range(1000)]}, ensure_ascii=number % 2 == 0)
    if number < 3:
        (folder / f"{number}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        (folder / f"{number}.json").write_text(text, encoding="utf-8")
# Objects that are none, between sound records.
others = [{**record(), "userIdentity": other} for other in ("ada", 5, True, ["IAMUser"])]
others += [{**record(), "userIdentity": {**identity(TYPES, 7), "sessionContext": "none"}}]
others += [None, 5, "record", []]
records = [sound for other in others for sound in (record(), other, record())]
(folder / "types.json").write_text(json.dumps({"Records": records}), encoding="utf-8")
(folder / "empty.json").write_text('{"Records": []}', encoding="utf-8")
