#!/usr/bin/env python3
"""Writes account.json and trail/: the account of a small invented company, and its CloudTrail records.

    python3 testdata/make.py

Needs the standard library only. The output is the same each time: ids are hashes of labels, and gzip headers have no time. A
comment at each identity and each group of events names the rule that it tests. expected/facts.md says what a report as of
2026-11-01T00:00:00Z must contain. Account ids, names, unique ids and addresses are invented.
"""

import base64
import gzip
import hashlib
import io
import json
import shutil
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
ACCOUNT = "111122223333"  # Larkfield, the company
PARTNER = "444455556666"  # its partner's account: has the data lake, and an auditor who assumes a role here


# --- ids -------------------------------------------------------------------------------------------------------------------------


def unique_id(prefix, label):
    """An IAM unique id: a prefix of 4 letters for its kind, and 17 characters of A-Z and 2-7."""
    return prefix + base64.b32encode(hashlib.sha256(label.encode()).digest()).decode()[:17]


def access_key(prefix, label):
    """An access key id of 20 characters. It ends in EXAMPLE, so that secret scanners ignore it."""
    return prefix + base64.b32encode(hashlib.sha256(b"key " + label.encode()).digest()).decode()[:9] + "EXAMPLE"


def uuid(label):
    h = hashlib.sha256(label.encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


def iam_arn(kind, name, path="/", account=ACCOUNT):
    return f"arn:aws:iam::{account}:{kind}{path}{name}"


def aws_arn(name, path="/"):
    return f"arn:aws:iam::aws:policy{path}{name}"


# --- policy documents ------------------------------------------------------------------------------------------------------------


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


# --- the account -----------------------------------------------------------------------------------------------------------------

# the paths of all users and roles; the trail needs them too
USERS = {
    "ada": "/",
    "bruno": "/engineering/",
    "chiara": "/engineering/",
    "deniz": "/engineering/",
    "erin": "/",
    "ci-deployer": "/automation/",
    "legacy-backup": "/legacy/",
    "flora": "/",
}
ROLES = {
    "pipeline-runner": "/data/",
    "github-actions-deploy": "/ci/",
    "order-intake": "/service-role/",
    "AWSReservedSSO_Administrator_3f9c2a7d51e8b640": "/aws-reserved/sso.amazonaws.com/eu-west-1/",
    "OrganizationAuditor": "/",
    "AWSServiceRoleForConfig": "/aws-service-role/config.amazonaws.com/",
    "edge-firewall": "/network/",
    "BreakGlass": "/",
    "idle-worker": "/",
}
SSO_ADMIN = "AWSReservedSSO_Administrator_3f9c2a7d51e8b640"
USER_ID = {name: unique_id("AIDA", "user " + name) for name in USERS}
ROLE_ID = {name: unique_id("AROA", "role " + name) for name in ROLES}
# deniz left in February 2026 and was hired again in March: the same name and ARN, another UserId. Calls of the first do not count for the second.
OLD_DENIZ_ID = unique_id("AIDA", "user deniz, the first")
# gustav was deleted: his records name a user who is not in the export.
GUSTAV_ID = unique_id("AIDA", "user gustav")
PARTNER_AUDITOR_ID = unique_id("AIDA", "partner user ines")

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/6b1f9d02-7c55-4c0e-9a55-2d1f3c8e7a10"

# Attached managed policies, by the name used below.
MANAGED = {
    "DeveloperAccess": iam_arn("policy", "DeveloperAccess", "/engineering/"),
    "GuardRails": iam_arn("policy", "GuardRails"),
    "PipelineAccess": iam_arn("policy", "PipelineAccess", "/data/"),
    "human-boundary": iam_arn("policy", "human-boundary", "/boundaries/"),
    "OldReporting": iam_arn("policy", "OldReporting", "/archive/"),
    "AdministratorAccess": aws_arn("AdministratorAccess"),
    "ReadOnlyAccess": aws_arn("ReadOnlyAccess"),
    "PowerUserAccess": aws_arn("PowerUserAccess"),
    "AWSLambdaBasicExecutionRole": aws_arn("AWSLambdaBasicExecutionRole", "/service-role/"),
    "AWSConfigServiceRolePolicy": aws_arn("AWSConfigServiceRolePolicy", "/aws-service-role/"),
    # SecurityAudit is attached to auditors but has no entry under Policies: an export can lack documents.
    "SecurityAudit": aws_arn("SecurityAudit"),
}


def attached(*names):
    return [{"PolicyName": n, "PolicyArn": MANAGED[n]} for n in names]


def inline(**documents):
    return [{"PolicyName": n.replace("_", "-"), "PolicyDocument": d} for n, d in documents.items()]


def boundary(name):
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": MANAGED[name]}


def tags(**pairs):
    return [{"Key": k, "Value": v} for k, v in pairs.items()]


def user(name, created, groups=(), policies=(), managed=(), limit=None, tagged=None):
    out = {"Path": USERS[name], "UserName": name, "UserId": USER_ID[name], "Arn": iam_arn("user", name, USERS[name]), "CreateDate": created}
    if policies:  # the CLI leaves the key out when there are none
        out["UserPolicyList"] = policies
    out["GroupList"] = list(groups)
    out["AttachedManagedPolicies"] = attached(*managed)
    if limit:
        out["PermissionsBoundary"] = boundary(limit)
    out["Tags"] = tagged or []
    return out


def group(name, path, created, policies=(), managed=()):
    return {
        "Path": path,
        "GroupName": name,
        "GroupId": unique_id("AGPA", "group " + name),
        "Arn": iam_arn("group", name, path),
        "CreateDate": created,
        "GroupPolicyList": list(policies),
        "AttachedManagedPolicies": attached(*managed),
    }


def role(name, created, trusted, policies=(), managed=(), limit=None, last_used=None, profile=False):
    out = {
        "Path": ROLES[name],
        "RoleName": name,
        "RoleId": ROLE_ID[name],
        "Arn": iam_arn("role", name, ROLES[name]),
        "CreateDate": created,
        "AssumeRolePolicyDocument": trusted,
        "InstanceProfileList": [],
        "RolePolicyList": list(policies),
        "AttachedManagedPolicies": attached(*managed),
    }
    if limit:
        out["PermissionsBoundary"] = boundary(limit)
    out["Tags"] = []
    out["RoleLastUsed"] = {"LastUsedDate": last_used[0], "Region": last_used[1]} if last_used else {}
    if profile:
        bare = {k: out[k] for k in ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument")}
        out["InstanceProfileList"] = [
            {
                "Path": ROLES[name],
                "InstanceProfileName": name,
                "InstanceProfileId": unique_id("AIPA", "profile " + name),
                "Arn": iam_arn("instance-profile", name, ROLES[name]),
                "CreateDate": created,
                "Roles": [bare],
            }
        ]
    return out


def policy(name, versions, default, attachments, as_boundary=0):
    """versions: (id, created, document), newest first, as in the output of the AWS CLI."""
    arn = MANAGED[name]
    return {
        "PolicyName": name,
        "PolicyId": unique_id("ANPA", "policy " + arn),
        "Arn": arn,
        "Path": arn.split(":policy", 1)[1][: -len(name)],
        "DefaultVersionId": default,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": as_boundary,
        "IsAttachable": True,
        "CreateDate": versions[-1][1],
        "UpdateDate": versions[0][1],
        "PolicyVersionList": [
            {"Document": doc, "VersionId": v, "IsDefaultVersion": v == default, "CreateDate": created} for v, created, doc in versions
        ],
    }


def users():
    return [
        # Allowed everything by AdministratorAccess through admins, minus the group's whole-service denies, minus her own.
        # The boundary would leave three services; reports never look at boundaries.
        user(
            "ada",
            "2019-11-04T08:12:30+00:00",
            groups=["admins"],
            limit="human-boundary",
            tagged=tags(team="platform", onCall="true"),
            policies=inline(
                limits=document(
                    # deny of a whole service in upper case: action patterns ignore case -> no sns
                    deny("SNS:*"),
                    # scoped deny of a few buckets: s3 stays
                    deny("s3:*", ["arn:aws:s3:::larkfield-payroll", "arn:aws:s3:::larkfield-payroll/*"]),
                    # conditional deny of a whole service: removes nothing, ec2 stays
                    deny("ec2:*", condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
                )
            ),
        ),
        # A developer with denies of his own.
        user(
            "bruno",
            "2021-02-15T09:30:00+00:00",
            groups=["developers"],
            tagged=tags(team="storefront"),
            policies=inline(
                # his deny overrides the group's allow -> no sqs
                no_queues=document(deny("sqs:*", Sid="QueuesAreForDeniz")),
                # a deny of every key ARN leaves the actions that have no resource type (ListKeys, ListAliases) -> kms stays
                no_keys=document(deny("kms:*", "arn:aws:kms:*:*:*")),
            ),
        ),
        # In two groups, and holds ReadOnlyAccess twice: directly and through developers. It counts once.
        user("chiara", "2022-06-01T07:45:12+00:00", groups=["developers", "auditors"], managed=["ReadOnlyAccess"], tagged=tags(team="security")),
        # The second deniz: this UserId has existed since March 2026.
        user(
            "deniz",
            "2026-03-02T08:00:41+00:00",
            groups=["developers"],
            policies=inline(
                # condition on an allow: ignored. Conditional deny of the whole service: removes nothing. -> secretsmanager
                secrets=document(
                    allow(
                        "secretsmanager:GetSecretValue",
                        f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:storefront/*",
                        condition={"StringEquals": {"aws:ResourceTag/team": "storefront"}},
                    ),
                    deny("secretsmanager:*", condition={"IpAddress": {"aws:SourceIp": "203.0.113.128/25"}}),
                )
            ),
        ),
        # Policy variables.
        user(
            "erin",
            "2023-01-09T10:00:00+00:00",
            groups=["auditors"],
            policies=inline(
                variables=document(
                    # a deny whose resource has a variable removes nothing, although it would cover the allow if the variable were any string -> s3
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-home/*"),
                    deny("s3:*", "arn:aws:s3:::larkfield-home/${aws:username}"),
                    # a variable in an allow is any string, so the deny of names that begin with a dollar sign does not cover it -> sqs
                    allow("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:${{aws:username}}-inbox"),
                    deny("sqs:*", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:$*"),
                )
            ),
        ),
        # Statements that name actions but grant nothing. Only ecs, iam and lambda remain.
        user(
            "ci-deployer",
            "2022-10-20T16:21:05+00:00",
            policies=inline(
                can=document(
                    # upper case, and ? for exactly one character -> lambda
                    allow(["LAMBDA:UPDATEFUNCTIONCODE", "lambda:GetFunctio?"], f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*"),
                    allow("ecs:ListCluster?"),
                    # PassRole alone: iam, without a tracked action
                    allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ci/github-actions-deploy"),
                ),
                cannot=document(
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-artifacts"),  # a bucket's ARN; the action applies to objects
                    allow(["sns:NoSuchThing", "sns:Publish?"]),  # no such actions
                    allow("homegrown:Deploy"),  # no such service
                    allow("sqs:SendMessage", "arn:aws:s3:::larkfield-artifacts"),  # another service's resource
                    # no resource type, and not named in full: only a pattern that matches the string * covers it
                    allow("dynamodb:ListTable?", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"),
                    # allowed and denied on the same resource
                    allow("kms:Encrypt", KEY),
                    deny("kms:Enc*", KEY),
                    # Deny NotResource covers the allow: billing is not alerts
                    allow("sns:Publish", f"arn:aws:sns:eu-west-1:{ACCOUNT}:billing"),
                    deny("sns:*", NotResource=f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"),
                ),
            ),
        ),
        # Before 2012-10-17 there were no policy variables: ${aws:username} is literal text, so the deny covers the allow. ec2 remains.
        user(
            "legacy-backup",
            "2014-05-07T12:00:00+00:00",
            policies=inline(
                backup=document(
                    allow(["ec2:CreateSnapshot", "ec2:DescribeVolumes"]),
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-home/${aws:username}/*"),
                    deny("s3:*", "arn:aws:s3:::larkfield-home/$*"),
                    version="2008-10-17",
                )
            ),
        ),
        # No permissions at all: an empty report.
        user("flora", "2026-09-28T06:55:00+00:00"),
    ]


def groups():
    return [
        # The group's denies of whole services apply to its members.
        group(
            "admins",
            "/",
            "2019-11-04T08:05:00+00:00",
            managed=["AdministratorAccess"],
            policies=inline(not_the_organization=document(deny(["organizations:*", "account:*"]))),
        ),
        # Two managed policies, a managed policy with denies only, and an inline policy.
        group(
            "developers",
            "/engineering/",
            "2020-03-30T11:20:00+00:00",
            managed=["DeveloperAccess", "ReadOnlyAccess", "GuardRails"],
            policies=inline(
                guard_rails=document(
                    # Deny NotResource: dynamodb remains on the orders tables only (DescribeTable yes, ListTables no)
                    deny("dynamodb:*", NotResource=f"arn:aws:dynamodb:*:{ACCOUNT}:table/orders*"),
                    # conditional: removes nothing
                    deny(["iam:Get*", "iam:List*"], condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}),
                )
            ),
        ),
        # One attached policy's document is not in the export. rds is allowed here and denied in developers: erin has it, chiara has not.
        group(
            "auditors",
            "/",
            "2022-06-01T07:30:00+00:00",
            managed=["SecurityAudit"],
            policies=inline(
                audit_reads=document(
                    allow(
                        [
                            "access-analyzer:List*",
                            "config:Describe*",
                            "guardduty:Get*",
                            "iam:GenerateServiceLastAccessedDetails",
                            "iam:GetServiceLastAccessedDetails",
                            "rds:DescribeDBInstances",
                        ]
                    )
                )
            ),
        ),
    ]


def roles():
    github = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    saml = f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_5d1c0b7a9e24f683_DO_NOT_DELETE"
    return [
        # The nightly pipeline: customer-managed policy with another default than v1, scoped denies.
        role(
            "pipeline-runner",
            "2021-08-19T13:02:44+00:00",
            trust({"Service": "glue.amazonaws.com"}),
            managed=["PipelineAccess"],
            last_used=("2026-10-12T02:32:00+00:00", "eu-west-1"),
            policies=inline(
                extras=document(
                    # deny equal to the allow; PipelineAccess still reaches another bucket -> s3 stays
                    allow("s3:GetObject", "arn:aws:s3:::larkfield-scratch/*"),
                    deny("s3:*", "arn:aws:s3:::larkfield-scratch/*"),
                    # deny equal to the allow, and nothing else grants it -> no sqs
                    allow("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:ingest"),
                    deny("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:ingest"),
                    allow("sts:AssumeRole", f"arn:aws:iam::{PARTNER}:role/lake-reader"),
                )
            ),
        ),
        # CI. Its document is URL-encoded. NotAction on one bucket reaches s3 and also ssm, because SendCommand has buckets among its resource types.
        role(
            "github-actions-deploy",
            "2023-03-14T15:09:26+00:00",
            trust({"Federated": github}, "sts:AssumeRoleWithWebIdentity"),
            limit="PowerUserAccess",
            last_used=("2026-10-12T10:10:00+00:00", "eu-west-1"),
            policies=[
                {
                    "PolicyName": "deploy",
                    "PolicyDocument": url_encoded(
                        document(
                            allow("cloudformation:*"),
                            allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/service-role/order-intake"),
                            allow(None, "arn:aws:s3:::larkfield-artifacts", NotAction=["s3:Put*", "s3:Delete*"]),
                        )
                    ),
                }
            ],
        ),
        # A Lambda function's role: AWS-managed policy with a path, allows with NotResource, a deny of one action.
        role(
            "order-intake",
            "2022-04-02T09:00:10+00:00",
            trust({"Service": "lambda.amazonaws.com"}),
            managed=["AWSLambdaBasicExecutionRole"],
            last_used=("2026-10-12T06:01:00+00:00", "eu-west-1"),
            policies=inline(
                orders=document(
                    allow(["dynamodb:PutItem", "dynamodb:GetItem"], NotResource="arn:aws:dynamodb:*:*:table/audit*"),
                    allow("sqs:SendMessage", NotResource="*"),  # nothing is outside * -> no sqs
                    deny("logs:CreateLogGroup"),  # one action; logs stays
                )
            ),
        ),
        # A role of IAM Identity Center: long path, everything allowed, all 456 services.
        role(
            SSO_ADMIN,
            "2024-01-22T10:30:00+00:00",
            trust({"Federated": saml}, ["sts:AssumeRoleWithSAML", "sts:TagSession"]),
            managed=["AdministratorAccess"],
            last_used=("2026-10-21T10:03:00+00:00", "us-east-1"),
        ),
        # The partner's auditor. Deny NotAction leaves what it names; ec2 with one action. The conditional one removes nothing.
        role(
            "OrganizationAuditor",
            "2023-09-05T08:08:08+00:00",
            trust({"AWS": f"arn:aws:iam::{PARTNER}:root"}, condition={"StringEquals": {"sts:ExternalId": "larkfield-2023"}}),
            managed=["ReadOnlyAccess"],
            last_used=("2026-10-03T09:08:00+00:00", "eu-west-1"),
            policies=inline(
                only_these=document(
                    deny(None, NotAction=["s3:*", "iam:*", "cloudtrail:*", "ec2:DescribeRegions"]),
                    deny(None, NotAction=["iam:*"], condition={"Bool": {"aws:SecureTransport": "false"}}),
                )
            ),
        ),
        # A service-linked role.
        role(
            "AWSServiceRoleForConfig",
            "2020-01-15T14:00:00+00:00",
            trust({"Service": "config.amazonaws.com"}),
            managed=["AWSConfigServiceRolePolicy"],
            last_used=("2026-09-12T07:00:09+00:00", "us-east-1"),
        ),
        # network-security-manager has no known actions: an allow that names the namespace reaches it.
        role(
            "edge-firewall",
            "2024-11-11T11:11:11+00:00",
            trust({"Service": "ec2.amazonaws.com"}),
            last_used=("2026-10-18T20:01:00+00:00", "us-east-1"),
            policies=inline(firewall=document(allow(["network-firewall:Describe*", "network-firewall:List*", "network-security-manager:*", "wafv2:Get*", "wafv2:List*"]))),
        ),
        # NotAction on *: all services except the three that it names. Never used.
        role(
            "BreakGlass",
            "2019-11-05T08:00:00+00:00",
            trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            policies=inline(emergency=document(allow(None, NotAction=["iam:*", "sts:*", "network-security-manager:*"]))),
        ),
        # Has a policy that grants nothing: an action without resource types, not named in full, on an ARN; and an unknown action.
        role(
            "idle-worker",
            "2025-02-03T17:40:00+00:00",
            trust({"Service": "ec2.amazonaws.com"}),
            last_used=("2026-10-19T03:00:00+00:00", "eu-west-1"),
            profile=True,
            policies=inline(nothing=document(allow("ec2:DescribeInstance?", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*"), allow("sns:NoSuchThing"))),
        ),
    ]


def policies():
    everything = document(allow("*"))
    return [
        # Only v3 counts: v1 allowed everything, v4 is newer but was rolled back. kms is conditional, s3 is one bucket.
        policy(
            "DeveloperAccess",
            [
                ("v4", "2026-05-20T09:00:00+00:00", document(allow(["lambda:*", "bedrock:*"]))),
                (
                    "v3",
                    "2025-03-09T10:41:45+00:00",
                    document(
                        allow(["lambda:*", "logs:*", "cloudformation:*", "sqs:*"]),
                        allow("s3:*", ["arn:aws:s3:::larkfield-dev", "arn:aws:s3:::larkfield-dev/*"]),
                        allow("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*", condition={"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),
                        allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/service-role/*"),
                    ),
                ),
                ("v1", "2020-03-30T11:18:00+00:00", everything),
            ],
            "v3",
            1,
        ),
        # Only denies: an empty report. It denies rds to all developers.
        policy("GuardRails", [("v1", "2020-04-01T08:00:00+00:00", document(deny("rds:*")))], "v1", 1),
        policy(
            "PipelineAccess",
            [
                (
                    "v2",
                    "2024-06-11T12:30:00+00:00",
                    document(
                        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"], ["arn:aws:s3:::larkfield-raw", "arn:aws:s3:::larkfield-raw/*"]),
                        allow(["glue:*", "athena:StartQueryExecution", "athena:GetQueryResults"]),
                        allow("kms:GenerateDataKey", KEY),
                    ),
                ),
                ("v1", "2021-08-19T13:00:00+00:00", document(allow(["redshift:*", "s3:*"]))),
            ],
            "v2",
            1,
        ),
        # Used as a boundary only: it has a report without entities.
        policy("human-boundary", [("v1", "2020-02-02T02:02:02+00:00", document(allow(["ec2:*", "iam:*", "s3:*"])))], "v1", 0, 1),
        # Unattached, still reported. URL-encoded. Its own deny covers redshift.
        policy(
            "OldReporting",
            [("v1", "2019-12-12T12:12:12+00:00", url_encoded(document(allow(["quicksight:Describe*", "redshift:DescribeClusters", "ses:SendEmail"]), deny("redshift:*"))))],
            "v1",
            0,
        ),
        # AWS-managed policies: AWS's names, with documents written for this file.
        policy("AdministratorAccess", [("v1", "2015-03-01T10:00:00+00:00", everything)], "v1", 2),
        policy(
            "ReadOnlyAccess",
            [
                (
                    "v2",
                    "2025-10-10T16:00:00+00:00",
                    document(
                        allow(
                            [
                                "cloudtrail:Get*",
                                "cloudtrail:LookupEvents",
                                "cloudwatch:Describe*",
                                "cloudwatch:Get*",
                                "cloudwatch:List*",
                                "dynamodb:Describe*",
                                "dynamodb:List*",
                                "ec2:Describe*",
                                "iam:Get*",
                                "iam:List*",
                                "kms:Describe*",
                                "kms:List*",
                                "lambda:Get*",
                                "lambda:List*",
                                "logs:Describe*",
                                "logs:Get*",
                                "rds:Describe*",
                                "s3:Get*",
                                "s3:List*",
                                "sns:List*",
                                "sqs:Get*",
                                "sqs:List*",
                                "tag:GetResources",
                            ]
                        )
                    ),
                )
            ],
            "v2",
            3,
        ),
        # Used as a boundary only, never attached: no report.
        policy("PowerUserAccess", [("v1", "2015-03-01T10:00:01+00:00", document(allow(None, NotAction=["iam:*", "organizations:*"])))], "v1", 0, 1),
        policy(
            "AWSLambdaBasicExecutionRole",
            [("v1", "2015-05-01T10:00:00+00:00", document(allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])))],
            "v1",
            1,
        ),
        policy(
            "AWSConfigServiceRolePolicy",
            [("v3", "2025-12-01T20:00:00+00:00", document(allow(["config:Put*", "ec2:Describe*", "iam:List*", "s3:GetBucket*", "sns:Publish"])))],
            "v3",
            1,
        ),
    ]


# --- who: userIdentity -----------------------------------------------------------------------------------------------------------


def as_user(name, unique=None, account=ACCOUNT, path=None):
    return {
        "type": "IAMUser",
        "principalId": unique or USER_ID[name],
        "arn": iam_arn("user", name, USERS.get(name, "/") if path is None else path, account),
        "accountId": account,
        "accessKeyId": access_key("AKIA", name + (unique or "")),
        "userName": name,
    }


def as_console_user(name):
    """A user in the console: temporary key, session attributes, no issuer."""
    out = as_user(name)
    out["accessKeyId"] = access_key("ASIA", name)
    out["sessionContext"] = {"attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "true"}}
    return out


def as_role(name, session, **context):
    """A session of a role. The session's ARN has no path, the role's ARN has."""
    return {
        "type": "AssumedRole",
        "principalId": f"{ROLE_ID[name]}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": access_key("ASIA", name + session),
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": ROLE_ID[name], "arn": iam_arn("role", name, ROLES[name]), "accountId": ACCOUNT, "userName": name},
            **context,
            "attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "false"},
        },
    }


def as_federated(name, label):
    """A session of GetFederationToken: it counts for the user who issued it."""
    return {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT}:{label}",
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/{label}",
        "accountId": ACCOUNT,
        "accessKeyId": access_key("ASIA", label),
        "sessionContext": {
            "sessionIssuer": {"type": "IAMUser", "principalId": USER_ID[name], "arn": iam_arn("user", name, USERS[name]), "accountId": ACCOUNT, "userName": name},
            "attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "false"},
        },
    }


def as_other_account(principal, account):
    """A caller of another account, as recorded in the called account: by id only."""
    return {"type": "AWSAccount", "principalId": principal, "accountId": account}


def as_service(host):
    return {"type": "AWSService", "invokedBy": host}


ROOT = {
    "type": "Root",
    "principalId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "accountId": ACCOUNT,
    "accessKeyId": access_key("ASIA", "root"),
    "sessionContext": {"attributes": {"creationDate": "$TIME-1h", "mfaAuthenticated": "true"}},
}
ANONYMOUS = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
GITHUB_RUN = {
    "type": "WebIdentityUser",
    "principalId": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:larkfield/storefront:ref:refs/heads/main",
    "userName": "repo:larkfield/storefront:ref:refs/heads/main",
    "identityProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
}
SAML_SIGN_IN = {
    "type": "SAMLUser",
    "principalId": "Zm9yIHRoaXMgcHJvamVjdA==:ada@larkfield.example",
    "userName": "ada@larkfield.example",
    "identityProvider": "Zm9yIHRoaXMgcHJvamVjdA==",
}
IDENTITY_CENTER = {
    "type": "IdentityCenterUser",
    "accountId": ACCOUNT,
    "onBehalfOf": {"userId": "7f1d2c3b-90a1-4e5f-8b6c-1a2b3c4d5e6f", "identityStoreArn": f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-9367f1c2ab"},
    "credentialId": "kXq0b1n5T2v8c4Zy7mWd",
}
UNKNOWN = {"type": "Unknown", "principalId": "", "accountId": ACCOUNT, "userName": ""}
# the userIdentity of records without a type
TYPELESS = {"accountId": ACCOUNT, "invokedBy": "cloudformation.amazonaws.com"}

ADA, BRUNO, CHIARA, DENIZ, ERIN = (as_user(n) for n in ("ada", "bruno", "chiara", "deniz", "erin"))
ADA_CONSOLE = as_console_user("ada")
CI, BACKUP, FLORA = (as_user(n) for n in ("ci-deployer", "legacy-backup", "flora"))
OLD_DENIZ = as_user("deniz", OLD_DENIZ_ID)
GUSTAV = as_user("gustav", GUSTAV_ID, path="/engineering/")
PIPELINE = as_role("pipeline-runner", "GlueJobRunnerSession")
DEPLOY = as_role(
    "github-actions-deploy",
    "storefront-run-8841",
    webIdFederationData={"federatedProvider": GITHUB_RUN["identityProvider"], "attributes": {}},
)
INTAKE = as_role("order-intake", "order-intake")
SSO_ONE = as_role(SSO_ADMIN, "ada@larkfield.example")
SSO_TWO = as_role(SSO_ADMIN, "bruno@larkfield.example")
AUDITOR = as_role("OrganizationAuditor", "ines")
CONFIG = {**as_role("AWSServiceRoleForConfig", "AWSConfig-Describe"), "invokedBy": "config.amazonaws.com"}
FIREWALL = as_role("edge-firewall", "i-0c4f7d2e9b1a63580")
IDLE = as_role("idle-worker", "i-08d1e5b7a2c94f306", ec2RoleDelivery="2.0")


# --- events ----------------------------------------------------------------------------------------------------------------------

EVENTS = []  # (object name hint or None, record), in the order written here
DENIED = ("AccessDenied", "User is not authorized to perform this action with an explicit deny in an identity-based policy")
EC2_DENIED = ("Client.UnauthorizedOperation", "You are not authorized to perform this operation.")
READ_PREFIXES = ("Get", "List", "Describe", "Head", "Lookup")
AGENTS = {
    "AIDA": "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13 md/command#invented",
    "AROA": "Boto3/1.40.41 md/Botocore#1.40.41 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.12",
}


def at(who, when, source, name, region, *, params=None, response=None, error=None, file=None, account=ACCOUNT, event_id=None, **more):
    """Adds one record. `source` is eventSource without .amazonaws.com. `more` replaces or adds fields."""
    time = when if when.endswith("Z") else when + "Z"
    host = f"{source}.amazonaws.com"
    label = json.dumps([time, who, source, name, region, account], sort_keys=True)
    identity = fill_times(who, time)
    service = who.get("invokedBy")
    data = more.pop("data", False)
    record = {
        # roughly the version in use at the time
        "eventVersion": "1.11" if time >= "2025-08" else "1.10" if time >= "2024" else "1.09" if time >= "2023" else "1.08",
        "userIdentity": identity,
        "eventTime": time,
        "eventSource": host,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": service or f"203.0.113.{1 + int(hashlib.sha256(json.dumps(who).encode()).hexdigest(), 16) % 120}",
        "userAgent": service or AGENTS.get(who.get("principalId", "")[:4], "Mozilla/5.0 (X11; Linux x86_64) Invented/1.0"),
    }
    if error:
        record["errorCode"], record["errorMessage"] = error
    record["requestParameters"] = params
    record["responseElements"] = response
    record["requestID"] = uuid("request " + label)
    record["eventID"] = event_id or uuid("event " + label)
    record["readOnly"] = name.startswith(READ_PREFIXES)
    if data:
        record["resources"] = data
    record["eventType"] = "AwsApiCall"
    record["managementEvent"] = not data
    record["recipientAccountId"] = account
    record["eventCategory"] = "Data" if data else "Management"
    if not service and time >= "2023":
        record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{source}.{region}.amazonaws.com"}
    record.update(more)
    EVENTS.append((file, record))
    return record


def fill_times(identity, time):
    """The start of the session: an hour before the call."""
    began = (datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ") - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.loads(json.dumps(identity).replace("$TIME-1h", began))


def months():
    """The months from 2025-06 to 2026-09. The records of October 2026 are written one by one below."""
    return [f"{y}-{m:02}" for y in (2025, 2026) for m in range(1, 13) if "2025-06" <= f"{y}-{m:02}" <= "2026-09"]


def routine():
    """The calls on the 12th of each month. Those of the first four months are older than 400 days."""
    for month in months():
        day = month + "-12T"
        # the pipeline: first the service that starts it, then the role
        at(as_service("glue.amazonaws.com"), day + "02:15:00", "sts", "AssumeRole", "eu-west-1",
           params={"roleArn": iam_arn("role", "pipeline-runner", "/data/"), "roleSessionName": "GlueJobRunnerSession"})
        at(PIPELINE, day + "02:15:01", "glue", "StartJobRun", "eu-west-1", params={"jobName": "orders-nightly"})
        at(PIPELINE, day + "02:15:03", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "larkfield-raw", "location": ""},
           additionalEventData={"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0, "bytesTransferredOut": 137})
        at(PIPELINE, day + "02:15:07", "kms", "GenerateDataKey", "eu-west-1", params={"keyId": KEY, "keySpec": "AES_256"})
        at(PIPELINE, day + "02:20:30", "athena", "StartQueryExecution", "eu-west-1",
           # text and keys inside the parameters that look like fields of a record
           params={"queryString": "SELECT \"eventName\", \"eventSource\" FROM trail WHERE \"userIdentity\" LIKE '%{\"type\":\"Root\"}%'",
                   "workGroup": "nightly", "eventName": "DeleteWorkGroup", "eventSource": "organizations.amazonaws.com"})
        # the function
        at(INTAKE, day + "06:00:00", "logs", "CreateLogStream", "eu-west-1",
           params={"logGroupName": "/aws/lambda/order-intake", "logStreamName": f"{month.replace('-', '/')}/12/[$LATEST]"})
        # AWS Config through its service-linked role
        at(CONFIG, day + "07:00:00", "config", "PutEvaluations", "eu-west-1", params={"evaluations": [{"complianceType": "COMPLIANT"}]})
        at(CONFIG, day + "07:00:05", "ec2", "DescribeVpcs", "eu-west-1", params={"vpcSet": {}, "filterSet": {}})
        at(CONFIG, day + "07:00:09", "s3", "GetBucketAcl", "us-east-1", params={"bucketName": "larkfield-raw", "acl": ""})
        # ada; signing in is not an API call
        at({k: v for k, v in ADA.items() if k != "accessKeyId"}, day + "08:25:00", "signin", "ConsoleLogin", "us-east-1", response={"ConsoleLogin": "Success"},
           additionalEventData={"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "Yes"},
           eventType="AwsConsoleSignIn", readOnly=False)
        at(ADA_CONSOLE, day + "08:30:00", "iam", "ListUsers", "us-east-1", params={"maxItems": 100})
        at(ADA_CONSOLE, day + "08:31:00", "ec2", "DescribeInstances", "eu-west-1", params={"instancesSet": {}, "filterSet": {}})
        # bruno's
        at(BRUNO, day + "09:10:00", "lambda", "ListFunctions20150331", "eu-west-1")
        at(BRUNO, day + "09:12:00", "cloudformation", "DescribeStacks", "eu-west-1", params={"stackName": "storefront"})
        # CI: a GitHub run has no IAM identity until it has assumed the role
        at(GITHUB_RUN, day + "09:59:58", "sts", "AssumeRoleWithWebIdentity", "eu-west-1",
           params={"roleArn": iam_arn("role", "github-actions-deploy", "/ci/"), "roleSessionName": "storefront-run-8841"})
        at(DEPLOY, day + "10:00:00", "cloudformation", "CreateChangeSet", "eu-west-1", params={"stackName": "storefront", "changeSetName": "run"})
        # chiara's dashboard
        at(CHIARA, day + "11:00:00", "monitoring", "GetMetricData", "eu-west-1", params={"maxDatapoints": 100})


def ada():
    at(ADA, "2026-10-12T09:04:00", "sts", "GetCallerIdentity", "us-east-1")
    at(ADA, "2026-10-12T09:05:13", "iam", "GetAccountAuthorizationDetails", "us-east-1", params={"filter": ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]})
    # the operation has another name than its action: ListBuckets is s3:ListAllMyBuckets
    at(ADA, "2026-10-12T09:07:40", "s3", "ListBuckets", "us-east-1", params={"Host": "s3.amazonaws.com"})
    # a tie: same second, two Regions. The greater event id is the later one -> eu-west-1
    at(ADA, "2026-10-14T16:00:00", "s3", "GetBucketLocation", "us-east-1", params={"bucketName": "larkfield-artifacts"}, event_id="0f6b1a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
    at(ADA, "2026-10-14T16:00:00", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "larkfield-raw"}, event_id="f06b1a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
    # used although no policy grants it: denied by the group, denied by herself, and an unknown source
    at(ADA, "2026-10-13T10:00:00", "organizations", "ListAccounts", "us-east-1", error=DENIED)
    at(ADA, "2026-10-13T10:05:00", "sns", "ListTopics", "eu-west-1", error=("AuthorizationError", DENIED[1]))
    at(ADA, "2026-10-13T10:10:00", "frobnicator", "ListFrobs", "us-east-1", params={"maxResults": 5})
    # an operation that the catalog does not know, of a service that it knows
    at(ADA, "2026-10-13T10:12:00", "lambda", "ReticulateFunction20260101", "eu-west-1", params={"functionName": "order-intake"})
    # a Region that AWS does not track: neither of these counts (ec2's last is the routine one, ecs was never used)
    at(ADA, "2026-10-20T12:00:00", "ec2", "DescribeVpcs", "ca-west-1", params={"vpcSet": {}})
    at(ADA, "2026-10-20T12:01:00", "ecs", "ListClusters", "ca-west-1", params={"maxResults": 10})
    # an attempt in the console that is not an API call but counts
    at(ADA_CONSOLE, "2026-10-15T11:00:00", "guardduty", "ListDetectors", "eu-west-1", eventType="AwsConsoleAction", sessionCredentialFromConsole="true")
    # a federated session: belongs to the user who issued it
    at(ADA, "2026-10-16T11:58:00", "sts", "GetFederationToken", "us-east-1", params={"name": "wall-display", "durationSeconds": 3600})
    at(as_federated("ada", "wall-display"), "2026-10-16T12:00:00", "monitoring", "DescribeAlarms", "eu-west-1", params={"stateValue": "ALARM"})
    # 400 days before 2026-11-01T00:00:00Z: that instant counts, a second earlier does not (actions look further back)
    at(ADA, "2025-09-27T00:00:00", "kms", "ListKeys", "eu-west-1")
    at(ADA, "2025-09-26T23:59:59", "rds", "DescribeDBInstances", "eu-west-1")
    # the start dates of the tracking of actions: S3 2020-04-12, EC2 and Lambda 2021-04-07, others 2023-05-23
    at(ADA, "2020-04-11T23:59:59", "s3", "CreateBucket", "us-east-1", params={"bucketName": "larkfield-first"})
    at(ADA, "2020-04-12T00:00:00", "s3", "DeleteBucket", "us-east-1", params={"bucketName": "larkfield-first"})
    at(ADA, "2021-04-06T12:00:00", "ec2", "StartInstances", "us-east-1", params={"instancesSet": {"items": [{"instanceId": "i-0a1b2c3d4e5f60718"}]}})
    at(ADA, "2021-04-07T09:00:00", "ec2", "RunInstances", "us-east-1", params={"instanceType": "t3.micro"})
    at(ADA, "2023-05-22T23:00:00", "sqs", "CreateQueue", "us-east-1", params={"queueName": "orders"})
    at(ADA, "2023-05-23T08:00:00", "dynamodb", "CreateTable", "us-east-1", params={"tableName": "orders"})
    # a Region counts from its own start date: il-central-1 2023-08-01, me-central-1 2022-08-30
    at(ADA, "2023-07-15T10:00:00", "lambda", "GetFunction20150331v2", "il-central-1", params={"functionName": "early"})
    at(ADA, "2023-09-10T10:00:00", "lambda", "DeleteFunction20150331", "il-central-1", params={"functionName": "early"})
    at(ADA, "2022-08-15T10:00:00", "s3", "GetBucketPolicy", "me-central-1", params={"bucketName": "larkfield-gulf"})


def developers():
    # bruno. Names with versions; a denied call is an attempt
    at(BRUNO, "2026-10-08T14:20:00", "lambda", "CreateFunction20150331", "eu-west-1",
       params={"functionName": "order-intake", "runtime": "python3.13", "role": iam_arn("role", "order-intake", "/service-role/"), "publish": False})
    at(BRUNO, "2026-10-09T15:00:00", "lambda", "UpdateFunctionCode20150331v2", "eu-west-1", params={"functionName": "order-intake", "dryRun": False})
    # a data event: Invoke is lambda:InvokeFunction, which is not tracked
    at(BRUNO, "2026-10-09T15:05:00", "lambda", "Invoke", "eu-west-1", params={"functionName": "order-intake"}, readOnly=False,
       data=[{"accountId": ACCOUNT, "type": "AWS::Lambda::Function", "ARN": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:order-intake"}])
    at(BRUNO, "2026-10-09T15:06:00", "lambda", "UpdateFunctionConfiguration20150331v2", "eu-west-1", params={"functionName": "order-intake", "timeout": 30})
    at(BRUNO, "2026-10-07T10:00:00", "s3", "PutBucketPolicy", "eu-west-1", error=DENIED,
       # a policy inside the parameters, with keys like a record's
       params={"bucketName": "larkfield-payroll", "bucketPolicy": {"Version": "2012-10-17", "Statement": [{"eventName": "GetObject", "eventTime": "2099-01-01T00:00:00Z",
               "userIdentity": {"type": "Root", "principalId": ACCOUNT}}]}})
    at(BRUNO, "2026-10-07T10:10:00", "rds", "DescribeDBInstances", "eu-west-1", error=DENIED)  # denied in the group
    at(BRUNO, "2026-10-07T10:15:00", "sqs", "ListQueues", "eu-west-1", error=DENIED)  # denied by himself
    at(BRUNO, "2026-10-07T10:20:00", "dynamodb", "ListTables", "eu-west-1", error=DENIED)  # the service is granted, this action is not
    at(BRUNO, "2026-10-07T10:25:00", "kms", "ListKeys", "eu-west-1")
    at(BRUNO, "2026-10-07T10:30:00", "ec2", "TerminateInstances", "us-west-2", error=EC2_DENIED, params={"instancesSet": {"items": [{"instanceId": "i-0f1e2d3c4b5a69788"}]}})
    # older than 400 days: the action shows it, the service does not
    at(BRUNO, "2025-07-01T09:00:00", "s3", "ListBuckets", "us-east-1", params={"Host": "s3.amazonaws.com"})
    # chiara
    at(CHIARA, "2026-10-05T08:00:00", "access-analyzer", "ListAnalyzers", "eu-west-1", params={"type": "ACCOUNT"})
    at(CHIARA, "2026-10-05T08:05:00", "config", "DescribeConfigRules", "eu-west-1")
    at(CHIARA, "2026-10-05T08:10:00", "iam", "GenerateServiceLastAccessedDetails", "us-east-1", params={"arn": iam_arn("user", "erin"), "granularity": "ACTION_LEVEL"},
       response={"jobId": "3d1b6a7e-2f5c-4a90-8d4e-6c7b8a9f0e1d"})
    at(CHIARA, "2026-10-05T08:15:00", "secretsmanager", "GetSecretValue", "eu-west-1", error=DENIED, params={"secretId": "storefront/db"})
    # the same event in two objects: CloudTrail delivers at least once. The source `tagging` is the service `tag`
    twice = at(CHIARA, "2026-10-05T08:20:00", "tagging", "GetResources", "us-east-1", params={"resourcesPerPage": 50})
    EVENTS.append(("again", twice))
    # the first deniz: the same ARN, another id, so it counts for no one in this export
    at(OLD_DENIZ, "2026-02-20T09:00:00", "sns", "ListTopics", "eu-west-1")
    at(OLD_DENIZ, "2026-02-20T09:05:00", "cloudtrail", "LookupEvents", "eu-west-1", params={"maxResults": 50})
    at(OLD_DENIZ, "2026-02-20T09:10:00", "lambda", "ListFunctions20150331", "eu-west-1")
    # the second
    at(DENIZ, "2026-10-06T13:00:00", "logs", "StartQuery", "eu-west-1", params={"logGroupName": "/aws/lambda/order-intake", "queryString": "fields @timestamp, eventName | limit 20"})
    at(DENIZ, "2026-10-06T13:05:00", "secretsmanager", "GetSecretValue", "eu-west-1", error=DENIED, params={"secretId": "storefront/db"})
    at(DENIZ, "2026-10-06T13:10:00", "lambda", "GetFunction20150331v2", "eu-west-1", params={"functionName": "order-intake"})


def other_users():
    # erin
    at(ERIN, "2026-10-02T09:00:00", "access-analyzer", "ListFindings", "eu-central-1", params={"analyzerArn": f"arn:aws:access-analyzer:eu-central-1:{ACCOUNT}:analyzer/account"})
    at(ERIN, "2026-10-02T09:05:00", "guardduty", "GetFindings", "eu-central-1", params={"detectorId": "c6bdf1c2d3e4f5061728394a5b6c7d8e"})
    at(ERIN, "2026-10-02T09:10:00", "rds", "DescribeDBInstances", "eu-west-1")
    # a data event: HeadObject is s3:GetObject. Her only use of s3
    at(ERIN, "2026-10-02T09:15:00", "s3", "HeadObject", "eu-west-1", params={"bucketName": "larkfield-home", "key": "erin/notes.txt"},
       data=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::larkfield-home/erin/notes.txt"}, {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::larkfield-home"}],
       additionalEventData={"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0, "bytesTransferredOut": 0})
    at(ERIN, "2026-10-02T09:20:00", "iam", "GetUser", "us-east-1", error=DENIED, params={"userName": "ada"})  # iam is granted, GetUser is not
    # ci-deployer
    at(CI, "2026-10-11T17:58:00", "sts", "GetCallerIdentity", "us-east-1")  # needs no permission
    at(CI, "2026-10-11T17:59:00", "s3", "GetBucketLocation", "eu-west-1", error=DENIED, params={"bucketName": "larkfield-artifacts"})
    at(CI, "2026-10-11T18:00:00", "lambda", "UpdateFunctionCode20150331v2", "eu-west-1", params={"functionName": "order-intake"})
    at(CI, "2026-10-11T18:01:00", "lambda", "GetFunction20150331v2", "eu-west-1", params={"functionName": "order-intake"})
    at(CI, "2026-10-11T18:02:00", "ecs", "ListClusters", "eu-west-1")
    at(CI, "2026-10-11T18:05:00", "dynamodb", "ListTables", "eu-west-1", error=DENIED)
    # legacy-backup: ec2 long ago, s3 without a grant
    at(BACKUP, "2025-08-01T01:00:00", "ec2", "DescribeVolumes", "us-east-1", params={"volumeSet": {}})
    at(BACKUP, "2025-08-01T01:00:05", "ec2", "CreateSnapshot", "us-east-1", params={"volumeId": "vol-0123456789abcdef0"})
    at(BACKUP, "2025-12-24T18:00:00", "s3", "ListBuckets", "us-east-1")
    # flora has no permissions and tries
    at(FLORA, "2026-10-01T07:00:00", "sts", "GetCallerIdentity", "us-east-1")
    at(FLORA, "2026-10-01T07:01:00", "s3", "ListBuckets", "us-east-1", error=DENIED)
    # gustav is deleted
    at(GUSTAV, "2026-01-15T10:00:00", "iam", "ListUsers", "us-east-1")
    at(GUSTAV, "2026-01-15T10:02:00", "lambda", "ListFunctions20150331", "eu-west-1")


def role_sessions():
    # the pipeline, into the partner's account: one call, an event in both accounts, one sharedEventID
    at(PIPELINE, "2026-10-12T02:15:01", "glue", "GetTable", "eu-west-1", params={"databaseName": "orders", "name": "nightly"})
    shared = uuid("shared lake-reader")
    as_seen_there = as_other_account(PIPELINE["principalId"], ACCOUNT)
    lake = {"roleArn": iam_arn("role", "lake-reader", account=PARTNER), "roleSessionName": "nightly"}
    at(PIPELINE, "2026-10-12T02:30:00", "sts", "AssumeRole", "eu-west-1", params=lake, sharedEventID=shared)
    at(as_seen_there, "2026-10-12T02:30:00", "sts", "AssumeRole", "eu-west-1", params=lake, account=PARTNER, sharedEventID=shared)
    shared = uuid("shared bucket location")
    at(PIPELINE, "2026-10-12T02:31:00", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "partner-lake"}, sharedEventID=shared)
    at(as_seen_there, "2026-10-12T02:31:00", "s3", "GetBucketLocation", "eu-west-1", params={"bucketName": "partner-lake"}, account=PARTNER, sharedEventID=shared)
    # delivered to the partner only, known by principalId: the unique id decides, so it is the role's
    at(as_seen_there, "2026-10-12T02:32:00", "kms", "Decrypt", "eu-west-1", params={"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, account=PARTNER, sharedEventID=uuid("shared decrypt"))
    # a network activity event at a VPC endpoint: no attempt
    at(PIPELINE, "2026-10-12T02:33:00", "secretsmanager", "GetSecretValue", "eu-west-1", error=("VpceAccessDenied", "The request was denied due to a VPC endpoint policy"),
       eventType="AwsVpceEvent", eventCategory="NetworkActivity", managementEvent=False, vpcEndpointId="vpce-0e1d2c3b4a5968778", vpcEndpointAccountId=ACCOUNT)
    # CI
    at(DEPLOY, "2026-10-12T10:05:00", "cloudformation", "ExecuteChangeSet", "eu-west-1", params={"changeSetName": "run", "stackName": "storefront"})
    at(DEPLOY, "2026-10-12T10:10:00", "ssm", "SendCommand", "eu-west-1", error=DENIED, params={"documentName": "AWS-RunShellScript", "outputS3BucketName": "larkfield-artifacts"})
    # the function; an action outside its policies, of a service inside them
    at(INTAKE, "2026-10-12T06:00:00", "logs", "CreateLogStream", "eu-west-1", params={"logGroupName": "/aws/lambda/order-intake"})
    at(INTAKE, "2026-10-12T06:00:30", "logs", "CreateLogGroup", "eu-west-1", error=DENIED, params={"logGroupName": "/aws/lambda/order-intake"})
    at(INTAKE, "2026-10-12T06:01:00", "dynamodb", "DescribeTable", "eu-west-1", error=DENIED, params={"tableName": "orders"})
    # Identity Center: two people, one role
    at(SSO_ONE, "2026-10-21T10:00:00", "ec2", "DescribeRegions", "us-east-1", params={"regionSet": {}})
    at(SSO_ONE, "2026-10-21T10:01:00", "organizations", "DescribeOrganization", "us-east-1")
    at(SSO_TWO, "2026-10-21T10:02:00", "redshift", "DescribeClusters", "ap-southeast-3")
    at(SSO_TWO, "2026-10-21T10:03:00", "iam", "ListRoles", "us-east-1")
    # the partner's auditor comes in (a caller of another account, by id) and looks around
    at(as_other_account(PARTNER_AUDITOR_ID, PARTNER), "2026-10-03T09:00:00", "sts", "AssumeRole", "us-east-1",
       params={"roleArn": iam_arn("role", "OrganizationAuditor"), "roleSessionName": "ines", "externalId": "larkfield-2023"}, sharedEventID=uuid("shared auditor"))
    at(AUDITOR, "2026-10-03T09:02:00", "iam", "ListRoles", "us-east-1")
    at(AUDITOR, "2026-10-03T09:03:00", "s3", "ListBuckets", "us-east-1")
    at(AUDITOR, "2026-10-03T09:04:00", "cloudtrail", "LookupEvents", "us-east-1", params={"lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "ConsoleLogin"}]})
    at(AUDITOR, "2026-10-03T09:05:00", "ec2", "DescribeRegions", "us-east-1", params={"regionSet": {}})
    at(AUDITOR, "2026-10-03T09:06:00", "ec2", "DescribeVpcs", "us-east-1", error=EC2_DENIED)
    at(AUDITOR, "2026-10-03T09:07:00", "rds", "DescribeDBInstances", "eu-west-1", error=DENIED)
    at(AUDITOR, "2026-10-03T09:08:00", "lambda", "ListFunctions20150331", "eu-west-1", error=DENIED)
    # the firewall, in two Regions
    at(FIREWALL, "2026-10-18T20:00:00", "network-firewall", "DescribeFirewall", "eu-north-1", params={"firewallName": "edge"})
    at(FIREWALL, "2026-10-18T20:01:00", "wafv2", "ListWebACLs", "us-east-1", params={"scope": "CLOUDFRONT"})
    # the instance that may do nothing
    at(IDLE, "2026-10-19T03:00:00", "ec2", "DescribeInstances", "eu-west-1", error=EC2_DENIED)


def nobody_of_iam():
    """Records that belong to no IAM identity, or are no call at all."""
    # the account root
    at(ROOT, "2026-09-29T08:00:00", "signin", "ConsoleLogin", "us-east-1", response={"ConsoleLogin": "Success"}, eventType="AwsConsoleSignIn", readOnly=False,
       additionalEventData={"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": "Yes"})
    at(ROOT, "2026-09-29T08:01:00", "iam", "GetAccountSummary", "us-east-1")
    at(ROOT, "2026-09-29T08:02:00", "s3", "ListBuckets", "us-east-1")
    # AWS services acting by themselves
    at(as_service("cloudtrail.amazonaws.com"), "2026-10-12T09:00:00", "s3", "GetBucketAcl", "us-east-1", params={"bucketName": "larkfield-trail"}, sharedEventID=uuid("shared trail acl"))
    at(as_service("config.amazonaws.com"), "2026-10-12T06:59:59", "sts", "AssumeRole", "eu-west-1",
       params={"roleArn": iam_arn("role", "AWSServiceRoleForConfig", ROLES["AWSServiceRoleForConfig"]), "roleSessionName": "AWSConfig-Describe"})
    at(TYPELESS, "2026-10-12T10:06:00", "lambda", "GetFunction20150331v2", "eu-west-1", params={"functionName": "order-intake"})
    # service events: with a type, and without one
    at(as_service("eks.amazonaws.com"), "2026-10-12T13:00:00", "eks", "UpgradeNotice", "eu-west-1", eventType="AwsServiceEvent", readOnly=False,
       serviceEventDetails={"eventName": "DeleteCluster"})
    at({"accountId": ACCOUNT, "invokedBy": "AWS Internal"}, "2026-10-12T14:00:00", "kms", "RotateKey", "eu-west-1", eventType="AwsServiceEvent", readOnly=False,
       serviceEventDetails={"keyId": KEY.rsplit("/", 1)[1]})
    # people who are no IAM identity
    at(IDENTITY_CENTER, "2026-10-21T09:55:00", "sso", "ListApplications", "eu-west-1")
    at(IDENTITY_CENTER, "2026-10-21T09:56:00", "signin", "UserAuthentication", "eu-west-1", eventType="AwsServiceEvent", readOnly=False,
       serviceEventDetails={"CredentialChallenge": "Success"})
    at(SAML_SIGN_IN, "2026-10-21T09:58:00", "sts", "AssumeRoleWithSAML", "us-east-1", params={"roleArn": iam_arn("role", SSO_ADMIN, ROLES[SSO_ADMIN])})
    at(UNKNOWN, "2026-10-22T04:00:00", "ses", "SendEmail", "eu-west-1", error=("AccessDenied", "The caller could not be identified"))
    # anonymous: a public object, read and refused
    for n, error in (("1", None), ("2", DENIED)):
        at(ANONYMOUS, f"2026-10-04T05:00:0{n}", "s3", "GetObject", "eu-west-1", error=error, params={"bucketName": "larkfield-public", "key": "logo.svg"},
           data=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::larkfield-public/logo.svg"}], userAgent="[curl/8.14.1]")


def exports():
    """The same trail as other tools hand it out."""
    # JSON lines: one record a line. The partner's own user, in the partner's trail
    partner_user = as_user("ines", PARTNER_AUDITOR_ID, PARTNER)
    at(partner_user, "2026-10-03T08:59:00", "sts", "GetCallerIdentity", "us-east-1", account=PARTNER, file="exports/partner-2026-10-03.jsonl")
    at(partner_user, "2026-10-03T09:00:00", "sts", "AssumeRole", "us-east-1", account=PARTNER, file="exports/partner-2026-10-03.jsonl",
       params={"roleArn": iam_arn("role", "OrganizationAuditor"), "roleSessionName": "ines"}, sharedEventID=uuid("shared auditor"))
    at(partner_user, "2026-10-03T09:30:00", "s3", "ListBuckets", "us-east-1", account=PARTNER, file="exports/partner-2026-10-03.jsonl")
    # `aws cloudtrail lookup-events`: the record is a string inside
    at(ADA, "2026-10-12T09:30:00", "cloudtrail", "LookupEvents", "us-east-1", file="exports/lookup-events.json", params={"maxResults": 50})
    at(ADA, "2026-10-12T09:29:00", "iam", "ListUsers", "us-east-1", file="exports/lookup-events.json", params={"maxItems": 100})
    at(ROOT, "2026-10-12T09:28:00", "iam", "GetAccountSummary", "us-east-1", file="exports/lookup-events.json")


# --- the trail's objects ---------------------------------------------------------------------------------------------------------


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
    path = HERE / "trail" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if name.endswith(".gz"):
        out = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as f:
            f.write(data)
        data = out.getvalue()
    path.write_bytes(data)


def write_trail():
    shutil.rmtree(HERE / "trail", ignore_errors=True)
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
    delivered = (HERE / "trail" / f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/10/12").glob("*_20261012T0907Z_*")
    delivered = [str(path.relative_to(HERE / "trail")) for path in delivered]
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


def write_account():
    account = {"UserDetailList": users(), "GroupDetailList": groups(), "RoleDetailList": roles(), "Policies": policies()}
    (HERE / "account.json").write_text(json.dumps(account, indent=4) + "\n", encoding="utf-8")


def main():
    write_account()
    for events in (routine, ada, developers, other_users, role_sessions, nobody_of_iam, exports):
        events()
    write_trail()


if __name__ == "__main__":
    main()
